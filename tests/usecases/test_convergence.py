"""What watching costs and when it ends: judged by what is read of the ledger, never by a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.request import Request, Stage
from bot.usecases.resets.convergence import ConvergenceWatcher
from tests.fakes import ADA, GRACE
from tests.usecases.reset_harness import BACK, PS1

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from bot.domain.ledger_entry import Entry
    from tests.usecases.reset_harness import ResetHarness


@dataclass
class CountingLedger:
    """A real ledger that counts how often each stream is read."""

    real: Any
    read: Counter[str] = field(default_factory=Counter)

    def stream(self, name: str) -> Sequence[Entry]:
        """Read one stream."""
        self.read[name] += 1
        found: Sequence[Entry] = self.real.stream(name)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@pytest.fixture
def ledger(harness: ResetHarness) -> CountingLedger:
    return CountingLedger(harness.store.ledger)


def watcher_over(harness: ResetHarness, ledger: Any, **changes: timedelta) -> ConvergenceWatcher:
    """Return what watches the requests of a house, reading by this ledger."""
    known = harness.watcher
    times: dict[str, Any] = {
        "first_look": known.first_look,
        "stall_after": known.stall_after,
        "give_up_after": known.give_up_after,
    }
    return ConvergenceWatcher(
        known.readers, replace(harness.requests, ledger=ledger), harness.clock, **(times | changes)
    )


def stalled(harness: ResetHarness, *hosts: str) -> Request:
    """Reset rows that never come back."""
    done = harness.reset(*hosts)
    harness.watcher.look()
    harness.clock.move(hours=25)
    harness.watcher.look()
    assert harness.now(done).stage is Stage.STALLED
    return harness.now(done)


def every_second(harness: ResetHarness, watcher: ConvergenceWatcher, seconds: int) -> None:
    """Do what the schedule does."""
    for _ in range(seconds):
        watcher.tick()
        watcher.look()
        watcher.close_undone()
        harness.clock.move(seconds=1)


def test_open_requests_are_read_again_when_they_change_and_not_every_second(
    harness: ResetHarness, ledger: CountingLedger
) -> None:
    done = stalled(harness, "NYC-DP03")
    waiting = harness.ask("NYC-DP04")
    watcher = watcher_over(harness, ledger)
    every_second(harness, watcher, 1)
    ledger.read.clear()

    every_second(harness, watcher, 50)
    assert ledger.read == {}

    harness.vote(waiting, GRACE)
    every_second(harness, watcher, 5)
    assert ledger.read == {f"request {waiting.id}": 1}
    assert harness.now(done).stage is Stage.STALLED


def test_an_undo_is_closed_once_and_costs_nothing_afterwards(harness: ResetHarness, ledger: CountingLedger) -> None:
    done = harness.reset("NYC-DP03")
    harness.undone(done)
    watcher = watcher_over(harness, ledger)
    every_second(harness, watcher, 3)
    assert harness.now(done).stage is Stage.UNDONE
    ledger.read.clear()

    every_second(harness, watcher, 20)

    assert ledger.read == {}


def test_what_another_process_did_is_seen_in_the_next_second(harness: ResetHarness, ledger: CountingLedger) -> None:
    watcher = watcher_over(harness, ledger)
    every_second(harness, watcher, 1)

    done = harness.reset("NYC-DP03")
    harness.put("NYC-DP03", BACK)
    every_second(harness, watcher, 1)

    assert harness.now(done).stage is Stage.CONVERGED


def test_a_store_that_was_put_back_under_a_watcher_is_read_anew(harness: ResetHarness) -> None:
    waiting = harness.ask("NYC-DP04")
    harness.remember()
    ledger = CountingLedger(harness.store.ledger)
    watcher = watcher_over(harness, ledger)
    harness.requests.change(waiting.id, harness.withdrawal(ADA))
    every_second(harness, watcher, 1)

    harness.put_back()
    ledger.real = harness.store.ledger
    watcher.requests = replace(harness.requests, ledger=ledger)
    harness.requests.change(harness.ask("NYC-DP03").id, harness.withdrawal(ADA))
    every_second(harness, watcher, 1)
    harness.clock.move(hours=5)
    every_second(harness, watcher, 1)

    assert harness.now(waiting).stage is Stage.EXPIRED


def test_a_request_that_was_altered_after_it_was_kept_in_memory_holds_up_no_other(harness: ResetHarness) -> None:
    altered, other = harness.ask("NYC-DP03"), harness.ask("NYC-DP04")
    watcher = watcher_over(harness, harness.store.ledger)
    every_second(harness, watcher, 1)
    harness.sql("UPDATE ledger_entry SET facts = '[]' WHERE stream = ?", f"request {altered.id}", database="store.db")
    harness.clock.move(hours=5)

    every_second(harness, watcher, 1)

    assert harness.now(other).stage is Stage.EXPIRED


def test_a_stalled_request_is_abandoned_after_the_time_of_the_settings_and_says_what_can_be_done(
    harness: ResetHarness,
) -> None:
    done = stalled(harness, "NYC-DP03")
    harness.clock.move(days=12)
    harness.watcher.look()
    assert harness.now(done).stage is Stage.STALLED

    harness.clock.move(days=2)
    harness.watcher.look()

    found = harness.now(done)
    assert found.stage is Stage.ABANDONED
    assert found.note.startswith("Not all seen back within 14 days; I look no more. Nothing moved:")
    harness.put("NYC-DP03", BACK)
    harness.clock.move(days=1)
    harness.watcher.look()
    assert harness.now(done).stage is Stage.ABANDONED


def test_rows_that_are_back_at_the_last_look_end_well(harness: ResetHarness) -> None:
    done = stalled(harness, "NYC-DP03")
    harness.put("NYC-DP03", BACK)
    harness.clock.move(days=15)

    harness.watcher.look()

    assert harness.now(done).stage is Stage.CONVERGED


def test_a_reset_at_a_site_that_is_no_longer_in_the_settings_is_abandoned_too(harness: ResetHarness) -> None:
    done = harness.reset("NYC-DP03")
    harness.clock.move(days=15)
    watcher = watcher_over(harness, harness.store.ledger)
    watcher.readers = {code: reader for code, reader in watcher.readers.items() if code != PS1}

    watcher.look()

    assert harness.now(done).stage is Stage.ABANDONED


@pytest.mark.parametrize("restarted", [False, True], ids=["seen by who watched all along", "seen after a restart"])
def test_an_abandoned_reset_can_be_undone_and_is_closed_by_it(harness: ResetHarness, restarted: bool) -> None:  # noqa: FBT001
    done = stalled(harness, "NYC-DP03")
    harness.clock.move(days=15)
    harness.watcher.look()
    assert harness.now(done).stage is Stage.ABANDONED
    harness.watcher.close_undone()

    harness.undone(done)
    (watcher_over(harness, harness.store.ledger) if restarted else harness.watcher).close_undone()

    assert harness.now(done).stage is Stage.UNDONE
