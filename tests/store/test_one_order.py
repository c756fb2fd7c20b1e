"""Many threads and processes append, some die while they do: there is one order without a gap, on every engine."""

import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise

from bot.domain.chain import verify
from bot.store import Store
from bot.usecases.ports.store import StaleStream
from tests.store.conftest import AUDIT, Opener
from tests.store.drafts import draft


def in_threads(count: int, work: Callable[[int], None]) -> None:
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as failure:  # noqa: BLE001 - shown by the thread that asked
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def appender(address: str, name: str, count: int, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.store.appender", address, name, str(count), *more])


def test_eight_threads_and_three_processes_make_one_order(store: Store, address: str) -> None:
    processes = [appender(address, f"process {number}", 25) for number in range(3)]
    in_threads(8, lambda thread: append_some(store, f"thread {thread}", 12))
    assert [process.wait() for process in processes] == [0, 0, 0]

    total = 3 * 25 + 8 * 12
    entries = list(store.ledger.entries())
    assert verify(entries, store.ledger.head()) is None
    assert [entry.sequence for entry in entries] == list(range(1, total + 1))
    assert [entry.version for entry in store.ledger.stream("shared")] == list(range(1, total + 1))
    assert all(earlier.moment <= later.moment for earlier, later in pairwise(entries))
    assert store.outbox.backlog(AUDIT).count == total
    by_writer = defaultdict(list)
    for entry in entries:
        by_writer[entry.facts["by"]].append(entry.facts["number"])
    assert all(numbers == list(range(len(numbers))) for numbers in by_writer.values())
    assert sorted(map(len, by_writer.values())) == [12] * 8 + [25] * 3


def append_some(store: Store, name: str, count: int) -> None:
    for number in range(count):
        store.ledger.append(draft("shared", facts={"by": name, "number": number}))


def test_of_many_decisions_on_one_state_exactly_one_wins(store: Store, opened: Opener) -> None:
    store.ledger.append(draft("request R1"))
    other, outcomes = opened("two"), []

    def decide(number: int) -> None:
        try:
            outcomes.append((store, other)[number % 2].ledger.append(draft("request R1", 2)).version)
        except StaleStream as stale:
            outcomes.append(-stale.current)

    in_threads(8, decide)

    assert sorted(outcomes) == [-2] * 7 + [2]
    assert store.ledger.head().sequence == 2


def test_a_process_killed_before_its_commit_leaves_nothing_behind(store: Store, address: str) -> None:
    dying = [appender(address, f"process {number}", number, "dies") for number in range(3)]
    assert [process.wait() for process in dying] == [9, 9, 9]

    entry = store.ledger.append(draft())

    assert entry.sequence == 0 + 1 + 2 + 1
    assert store.outbox.backlog(AUDIT).count == entry.sequence
    assert store.ledger.verify() is None
