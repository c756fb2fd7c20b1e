"""The bounded executor: it never loses a job that has a place, and is drained at the end."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from bot.slack.bounded_executor import BoundedExecutor

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 90.0


class Gate:
    """Holds jobs until it is opened, and counts them."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.done = 0
        self._open = threading.Event()
        self._guard = threading.Lock()

    def job(self) -> None:
        """Wait until the gate is opened."""
        self.entered.release()
        assert self._open.wait(PATIENCE)
        with self._guard:
            self.done += 1

    def wait_for(self, jobs: int) -> None:
        """Wait until that many jobs stand at the gate."""
        for _ in range(jobs):
            assert self.entered.acquire(timeout=PATIENCE)

    def open(self) -> None:
        """Let every job through."""
        self._open.set()


def take(executor: BoundedExecutor, job: Callable[[], None]) -> bool:
    """Run a job in the executor if it has a place."""
    if not executor.reserve():
        return False
    executor.submit_reserved(job)
    return True


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.005)
    return False


@pytest.mark.parametrize(("workers", "waiting"), [(1, 0), (1, 3), (4, 2)])
def test_there_are_as_many_places_as_workers_and_waiting(workers: int, waiting: int) -> None:
    executor, gate = BoundedExecutor(workers, waiting), Gate()

    taken = [take(executor, gate.job) for _ in range(workers + waiting + 3)]

    assert taken == [True] * (workers + waiting) + [False] * 3
    gate.open()
    assert executor.close(PATIENCE)
    assert gate.done == workers + waiting


def test_as_many_jobs_run_at_once_as_there_are_workers() -> None:
    executor, gate = BoundedExecutor(3, 5), Gate()

    for _ in range(5):
        take(executor, gate.job)

    gate.wait_for(3)
    assert not gate.entered.acquire(timeout=0.05)
    gate.open()
    assert executor.close(PATIENCE)


def test_a_place_is_free_again_when_its_job_is_done() -> None:
    executor, gate = BoundedExecutor(1, 0), Gate()
    assert take(executor, gate.job)
    assert not executor.reserve()

    gate.open()

    assert eventually(executor.reserve)


def test_a_place_that_is_given_back_unused_is_free_again() -> None:
    executor = BoundedExecutor(1, 0)
    assert executor.reserve()
    assert not executor.reserve()

    executor.release()

    assert executor.reserve()
    executor.release()
    assert executor.close(0)


def test_one_person_has_no_more_places_than_are_for_one() -> None:
    executor = BoundedExecutor(1, 5, per_person=2)

    assert [executor.reserve("U1") for _ in range(4)] == [True, True, False, False]
    assert [executor.reserve("U2") for _ in range(3)] == [True, True, False]
    executor.release("U1")
    assert [executor.reserve("U1") for _ in range(2)] == [True, False]
    assert executor.unfinished == 4


def test_a_place_of_one_person_is_free_again_when_its_job_is_done() -> None:
    executor, gate = BoundedExecutor(1, 5, per_person=1), Gate()
    assert executor.reserve("U1")
    executor.submit_reserved(gate.job, "U1")
    assert not executor.reserve("U1")

    gate.open()

    assert eventually(lambda: executor.reserve("U1"))


def test_submit_waits_for_a_place() -> None:
    executor, gate, done = BoundedExecutor(1, 0), Gate(), threading.Event()
    take(executor, gate.job)
    waiting = threading.Thread(target=executor.submit, args=(done.set,))
    waiting.start()
    assert not done.wait(0.05)

    gate.open()

    assert done.wait(PATIENCE)
    waiting.join()
    assert executor.close(PATIENCE)


@pytest.mark.parametrize("failure", [ValueError("x"), KeyError("y")])
def test_a_job_that_fails_takes_neither_its_worker_nor_its_place_along(failure: Exception) -> None:
    executor, done = BoundedExecutor(1, 1), threading.Event()

    def fail() -> None:
        raise failure

    assert take(executor, fail)
    assert eventually(lambda: take(executor, done.set))

    assert done.wait(PATIENCE)
    assert executor.close(PATIENCE)


def test_closing_takes_no_new_work_and_waits_for_what_has_a_place() -> None:
    executor, gate = BoundedExecutor(1, 4), Gate()
    for _ in range(3):
        take(executor, gate.job)
    outcome: list[bool] = []
    closing = threading.Thread(target=lambda: outcome.append(executor.close(PATIENCE)))
    closing.start()

    assert eventually(lambda: not executor.is_open)
    assert not executor.reserve()
    assert closing.is_alive()

    gate.open()
    closing.join(PATIENCE)
    assert (outcome, gate.done) == ([True], 3)


def test_closing_waits_for_a_place_that_was_reserved_and_not_used_yet() -> None:
    executor, done = BoundedExecutor(1, 0), threading.Event()
    assert executor.reserve()
    outcome: list[bool] = []
    closing = threading.Thread(target=lambda: outcome.append(executor.close(PATIENCE)))
    closing.start()
    assert eventually(lambda: not executor.is_open)

    executor.submit_reserved(done.set)

    closing.join(PATIENCE)
    assert outcome == [True]
    assert done.is_set()


def test_closing_gives_up_when_its_time_is_over() -> None:
    executor, gate = BoundedExecutor(1, 0), Gate()
    take(executor, gate.job)
    began = time.monotonic()

    assert not executor.close(0.1)

    assert 0.1 <= time.monotonic() - began < PATIENCE
    gate.open()


def test_an_idle_executor_closes_at_once() -> None:
    assert BoundedExecutor(2, 2).close(0)
