"""The pool of workers: bounded, never losing a job it took on, and drained at the end."""

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


def take(pool: BoundedExecutor, job: Callable[[], None]) -> bool:
    """Run a job in the pool if it has a place."""
    if not pool.reserve():
        return False
    pool.start(job)
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
    pool, gate = BoundedExecutor(workers, waiting), Gate()

    taken = [take(pool, gate.job) for _ in range(workers + waiting + 3)]

    assert taken == [True] * (workers + waiting) + [False] * 3
    gate.open()
    assert pool.close(PATIENCE)
    assert gate.done == workers + waiting


def test_as_many_jobs_run_at_once_as_there_are_workers() -> None:
    pool, gate = BoundedExecutor(3, 5), Gate()

    for _ in range(5):
        take(pool, gate.job)

    gate.wait_for(3)
    assert not gate.entered.acquire(timeout=0.05)
    gate.open()
    assert pool.close(PATIENCE)


def test_a_place_is_free_again_when_its_job_is_done() -> None:
    pool, gate = BoundedExecutor(1, 0), Gate()
    assert take(pool, gate.job)
    assert not pool.reserve()

    gate.open()

    assert eventually(pool.reserve)


def test_a_place_that_is_given_back_unused_is_free_again() -> None:
    pool = BoundedExecutor(1, 0)
    assert pool.reserve()
    assert not pool.reserve()

    pool.release()

    assert pool.reserve()
    pool.release()
    assert pool.close(0)


def test_a_job_of_our_own_waits_for_a_place() -> None:
    pool, gate, done = BoundedExecutor(1, 0), Gate(), threading.Event()
    take(pool, gate.job)
    waiting = threading.Thread(target=pool.run, args=(done.set,))
    waiting.start()
    assert not done.wait(0.05)

    gate.open()

    assert done.wait(PATIENCE)
    waiting.join()
    assert pool.close(PATIENCE)


@pytest.mark.parametrize("failure", [ValueError("x"), KeyError("y")])
def test_a_job_that_fails_takes_neither_its_worker_nor_its_place_along(failure: Exception) -> None:
    pool, done = BoundedExecutor(1, 1), threading.Event()

    def fail() -> None:
        raise failure

    assert take(pool, fail)
    assert eventually(lambda: take(pool, done.set))

    assert done.wait(PATIENCE)
    assert pool.close(PATIENCE)


def test_closing_takes_no_new_work_and_waits_for_what_has_a_place() -> None:
    pool, gate = BoundedExecutor(1, 4), Gate()
    for _ in range(3):
        take(pool, gate.job)
    outcome: list[bool] = []
    closing = threading.Thread(target=lambda: outcome.append(pool.close(PATIENCE)))
    closing.start()

    assert eventually(lambda: not pool.is_open)
    assert not pool.reserve()
    assert closing.is_alive()

    gate.open()
    closing.join(PATIENCE)
    assert (outcome, gate.done) == ([True], 3)


def test_closing_waits_for_a_place_that_was_reserved_and_not_used_yet() -> None:
    pool, done = BoundedExecutor(1, 0), threading.Event()
    assert pool.reserve()
    outcome: list[bool] = []
    closing = threading.Thread(target=lambda: outcome.append(pool.close(PATIENCE)))
    closing.start()
    assert eventually(lambda: not pool.is_open)

    pool.start(done.set)

    closing.join(PATIENCE)
    assert outcome == [True]
    assert done.is_set()


def test_closing_gives_up_when_its_time_is_over() -> None:
    pool, gate = BoundedExecutor(1, 0), Gate()
    take(pool, gate.job)
    began = time.monotonic()

    assert not pool.close(0.1)

    assert 0.1 <= time.monotonic() - began < PATIENCE
    gate.open()


def test_an_idle_pool_closes_at_once() -> None:
    assert BoundedExecutor(2, 2).close(0)
