"""Whose values an undo may write back: those that the row had before this reset, and only if nobody came after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.request import Request, Stage
from bot.usecases.recording import Diary
from bot.usecases.requesting import MovedOn
from tests.fakes import ADA
from tests.usecases.reset_house import BACK, BEHIND, RESET

if TYPE_CHECKING:
    from tests.usecases.reset_house import House


def _reset_twice(house: House) -> Request:
    """Reset a DP, let it come back, and reset it again for the next source version; return the first."""
    first = house.reset("NYC-DP03")
    house.put("NYC-DP03", BACK)
    house.clock.move(hours=6)
    house.sql("UPDATE SMSPackages SET SourceVersion = 14, StoredPkgVersion = 14")
    house.sql("UPDATE PkgStatus SET SourceVersion = 14 WHERE Type = 1")
    house.clock.move(hours=6)
    house.reset("NYC-DP03")
    assert house.reads()["NYC-DP03"] == RESET
    return first


def test_a_row_that_was_reset_again_keeps_what_that_reset_left_however_many_requests_came_since(house: House) -> None:
    first = _reset_twice(house)
    assert isinstance(house.undo(first), MovedOn)

    for _ in range(21):
        later = house.ask("NYC-DP04")
        house.requests.change(later.id, house.withdrawal(ADA))

    assert isinstance(house.undo(first), MovedOn)


def test_a_reset_recorded_at_the_same_moment_counts_as_later(house: House) -> None:
    house.clock.move(days=1)
    Diary(house.store.ledger).note("started")
    house.clock.move(days=-1)

    assert isinstance(house.undo(_reset_twice(house)), MovedOn)


def test_a_row_that_came_back_and_was_reset_by_hand_is_left_alone(house: House) -> None:
    done = house.reset("NYC-DP03")
    house.put("NYC-DP03", BACK)
    house.clock.move(hours=1)
    house.watching.look()
    assert house.now(done).stage is Stage.CONVERGED
    house.put("NYC-DP03", RESET)

    assert isinstance(house.undo(done), MovedOn)


def test_a_reset_is_closed_by_an_undo_of_all_its_rows(house: House) -> None:
    done = house.reset()
    house.undone(done)

    house.watching.close_undone()

    assert house.now(done).stage is Stage.UNDONE
    assert set(house.reads().values()) == {BEHIND}


def test_what_an_undo_left_alone_is_watched_on(house: House) -> None:
    done = house.reset()
    house.put("NYC-DP03", (9, 2))
    house.undone(done)

    house.watching.close_undone()
    house.watching.look()
    assert house.now(done).stage is Stage.APPLIED
    assert house.reads() == {"NYC-DP03": (9, 2), "NYC-DP04": BEHIND}

    house.put("NYC-DP03", BACK)
    house.clock.move(hours=2)
    house.watching.look()
    assert house.now(done).stage is Stage.UNDONE


def test_a_request_expires_however_many_came_after_it(house: House) -> None:
    request = house.ask("NYC-DP03")
    later = [(f"later {number}", "pending", "PS1", f"PS1{number:05}", ADA.id, "9999") for number in range(201)]
    for row in later:
        house.sql(
            "INSERT INTO request (id, stage, site, package, requester, created_at, card_channel, card_ts, card_link)"
            " VALUES (?, ?, ?, ?, ?, ?, '', '', '')",
            *row,
            database="store.db",
        )
    house.clock.move(hours=5)

    house.watching.tick()

    assert house.now(request).stage is Stage.EXPIRED
