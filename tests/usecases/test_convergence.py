"""What watching costs and when it ends: judged by what is read of the ledger, never by a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.request import Request, Stage
from bot.usecases.resets.convergence import ConvergenceWatcher
from tests.fakes import ADA, GRACE
from tests.usecases.reset_house import BACK, PS1

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from bot.domain.ledger_entry import Entry
    from tests.usecases.reset_house import House


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
def ledger(house: House) -> CountingLedger:
    return CountingLedger(house.store.ledger)


def watcher_over(house: House, ledger: Any, **changes: timedelta) -> ConvergenceWatcher:
    """Return what watches the requests of a house, reading by this ledger."""
    known = house.watcher
    times: dict[str, Any] = {
        "first_look": known.first_look,
        "stall_after": known.stall_after,
        "give_up_after": known.give_up_after,
    }
    return ConvergenceWatcher(known.readers, replace(house.requests, ledger=ledger), house.clock, **(times | changes))


def stalled(house: House, *hosts: str) -> Request:
    """Reset rows that never come back."""
    done = house.reset(*hosts)
    house.watcher.look()
    house.clock.move(hours=25)
    house.watcher.look()
    assert house.now(done).stage is Stage.STALLED
    return house.now(done)


def every_second(house: House, watcher: ConvergenceWatcher, seconds: int) -> None:
    """Do what the schedule does."""
    for _ in range(seconds):
        watcher.tick()
        watcher.look()
        watcher.close_undone()
        house.clock.move(seconds=1)


def test_open_requests_are_read_again_when_they_change_and_not_every_second(
    house: House, ledger: CountingLedger
) -> None:
    done = stalled(house, "NYC-DP03")
    waiting = house.ask("NYC-DP04")
    watcher = watcher_over(house, ledger)
    every_second(house, watcher, 1)
    ledger.read.clear()

    every_second(house, watcher, 50)
    assert ledger.read == {}

    house.vote(waiting, GRACE)
    every_second(house, watcher, 5)
    assert ledger.read == {f"request {waiting.id}": 1}
    assert house.now(done).stage is Stage.STALLED


def test_what_another_process_did_is_seen_in_the_next_second(house: House, ledger: CountingLedger) -> None:
    watcher = watcher_over(house, ledger)
    every_second(house, watcher, 1)

    done = house.reset("NYC-DP03")
    house.put("NYC-DP03", BACK)
    every_second(house, watcher, 1)

    assert house.now(done).stage is Stage.CONVERGED


def test_a_store_that_was_put_back_under_a_watcher_is_read_anew(house: House) -> None:
    waiting = house.ask("NYC-DP04")
    house.remember()
    ledger = CountingLedger(house.store.ledger)
    watcher = watcher_over(house, ledger)
    house.requests.change(waiting.id, house.withdrawal(ADA))
    every_second(house, watcher, 1)

    house.put_back()
    ledger.real = house.store.ledger
    watcher.requests = replace(house.requests, ledger=ledger)
    house.requests.change(house.ask("NYC-DP03").id, house.withdrawal(ADA))
    every_second(house, watcher, 1)
    house.clock.move(hours=5)
    every_second(house, watcher, 1)

    assert house.now(waiting).stage is Stage.EXPIRED


def test_a_request_that_was_altered_after_it_was_kept_in_memory_holds_up_no_other(house: House) -> None:
    altered, other = house.ask("NYC-DP03"), house.ask("NYC-DP04")
    watcher = watcher_over(house, house.store.ledger)
    every_second(house, watcher, 1)
    house.sql("UPDATE ledger_entry SET facts = '[]' WHERE stream = ?", f"request {altered.id}", database="store.db")
    house.clock.move(hours=5)

    every_second(house, watcher, 1)

    assert house.now(other).stage is Stage.EXPIRED


def test_a_stalled_request_is_abandoned_after_the_time_of_the_settings_and_says_what_can_be_done(house: House) -> None:
    done = stalled(house, "NYC-DP03")
    house.clock.move(days=12)
    house.watcher.look()
    assert house.now(done).stage is Stage.STALLED

    house.clock.move(days=2)
    house.watcher.look()

    found = house.now(done)
    assert found.stage is Stage.ABANDONED
    assert found.note.startswith("Not all seen back within 14 days; I look no more. Nothing moved:")
    house.put("NYC-DP03", BACK)
    house.clock.move(days=1)
    house.watcher.look()
    assert house.now(done).stage is Stage.ABANDONED


def test_rows_that_are_back_at_the_last_look_end_well(house: House) -> None:
    done = stalled(house, "NYC-DP03")
    house.put("NYC-DP03", BACK)
    house.clock.move(days=15)

    house.watcher.look()

    assert house.now(done).stage is Stage.CONVERGED


def test_a_reset_at_a_site_that_is_no_longer_in_the_settings_is_abandoned_too(house: House) -> None:
    done = house.reset("NYC-DP03")
    house.clock.move(days=15)
    watcher = watcher_over(house, house.store.ledger)
    watcher.readers = {code: reader for code, reader in watcher.readers.items() if code != PS1}

    watcher.look()

    assert house.now(done).stage is Stage.ABANDONED


@pytest.mark.parametrize("restarted", [False, True], ids=["seen by who watched all along", "seen after a restart"])
def test_an_abandoned_reset_can_be_undone_and_is_closed_by_it(house: House, restarted: bool) -> None:  # noqa: FBT001
    done = stalled(house, "NYC-DP03")
    house.clock.move(days=15)
    house.watcher.look()
    assert house.now(done).stage is Stage.ABANDONED
    house.watcher.close_undone()

    house.undone(done)
    (watcher_over(house, house.store.ledger) if restarted else house.watcher).close_undone()

    assert house.now(done).stage is Stage.UNDONE
