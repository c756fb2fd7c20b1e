"""Whose values an undo may write back: those that the row had before this reset, and only if nobody came after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.domain.request import Request, Stage
from bot.usecases.audit.recorder import AuditLog
from bot.usecases.resets.submission import NothingToUndo
from tests.fakes import ADA, GRACE, LINUS
from tests.usecases.reset_house import BACK, BEHIND, RESET

if TYPE_CHECKING:
    from tests.usecases.reset_house import House


def _left_alone(outcome: object) -> str:
    """Return why nothing is undone."""
    assert isinstance(outcome, NothingToUndo), outcome
    return "; ".join(outcome.rows)


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
    assert _left_alone(house.undo(first)).endswith(" changed it afterwards")

    for _ in range(21):
        later = house.ask("NYC-DP04")
        house.requests.change(later.id, house.withdrawal(ADA))

    assert isinstance(house.undo(first), NothingToUndo)


def test_a_reset_recorded_at_the_same_moment_counts_as_later(house: House) -> None:
    house.clock.move(days=1)
    AuditLog(house.store.ledger).note("started")
    house.clock.move(days=-1)

    assert isinstance(house.undo(_reset_twice(house)), NothingToUndo)


def test_a_reset_behind_one_by_a_clock_that_was_ahead_counts_as_later(house: House) -> None:
    house.clock.move(days=365)
    first = house.reset("NYC-DP03")
    house.clock.move(days=-365)
    house.put("NYC-DP03", (9, 3))
    second = house.reset("NYC-DP03")

    assert _left_alone(house.undo(first)) == f"NYC-DP03.contoso.com: request {second.id} changed it afterwards"


def test_a_row_that_came_back_and_was_reset_by_hand_is_left_alone(house: House) -> None:
    done = house.reset("NYC-DP03")
    house.put("NYC-DP03", BACK)
    house.clock.move(hours=1)
    house.watcher.look()
    assert house.now(done).stage is Stage.CONVERGED
    house.put("NYC-DP03", RESET)

    assert isinstance(house.undo(done), NothingToUndo)


def _comes_back_and_is_reset_by_hand(house: House) -> None:
    house.bring_back("NYC-DP03")
    house.put("NYC-DP03", RESET)


def test_a_row_that_came_back_unseen_and_was_reset_by_hand_is_left_alone(house: House) -> None:
    done = house.reset("NYC-DP03")
    _comes_back_and_is_reset_by_hand(house)

    assert "NYC-DP03.contoso.com: its UpdateTime reads " in _left_alone(house.undo(done))


def test_a_row_that_came_back_and_was_reset_by_hand_before_an_undo_is_applied_is_left_alone(house: House) -> None:
    undo = house.placed(house.undo(house.reset("NYC-DP03")))
    house.vote(undo, GRACE, LINUS)
    _comes_back_and_is_reset_by_hand(house)

    house.executor.work_off()

    assert house.now(undo).stage is Stage.STALE
    assert house.now(undo).note.startswith("NYC-DP03.contoso.com: its UpdateTime reads ")
    assert house.reads()["NYC-DP03"] == RESET


def test_a_row_that_was_once_seen_back_is_left_alone_although_it_reads_as_reset_again(house: House) -> None:
    done = house.reset()
    house.put("NYC-DP03", BACK)
    house.watcher.look()
    house.put("NYC-DP03", RESET)

    undo = house.placed(house.undo(done))

    assert [row.server for row in undo.plan.rows] == ["NYC-DP04.contoso.com"]
    assert "NYC-DP03.contoso.com: it was seen back" in undo.reason


def test_a_row_that_is_seen_back_before_an_undo_of_it_is_applied_is_left_alone(house: House) -> None:
    undo = house.placed(house.undo(house.reset()))
    house.vote(undo, GRACE, LINUS)
    house.put("NYC-DP03", BACK)
    house.watcher.look()
    house.put("NYC-DP03", RESET)

    house.executor.work_off()

    assert house.now(undo).stage is Stage.STALE
    assert house.now(undo).note.startswith("NYC-DP03.contoso.com: it was seen back")
    assert set(house.reads().values()) == {RESET}


def test_every_row_that_was_seen_back_is_remembered_also_when_as_many_are_back_as_before(house: House) -> None:
    done = house.reset()
    for host in ("NYC-DP03", "NYC-DP04"):
        house.put(host, BACK)
        house.clock.move(hours=3)
        house.watcher.look()
        house.put(host, RESET)

    assert house.now(done).seen_back == frozenset({1, 2})
    assert _left_alone(house.undo(done)).count("it was seen back") == 2


def test_an_abandoned_reset_remembers_which_rows_were_seen_back(house: House) -> None:
    done = house.reset()
    house.put("NYC-DP03", BACK)
    house.clock.move(days=15)
    house.watcher.look()
    assert house.now(done).stage is Stage.ABANDONED
    house.put("NYC-DP03", RESET)

    undo = house.undone(done)

    assert [row.server for row in undo.plan.rows] == ["NYC-DP04.contoso.com"]


def test_rows_of_a_request_of_which_only_a_count_was_recorded_are_left_alone(house: House) -> None:
    done = house.reset()
    house.put("NYC-DP03", BACK)
    house.watcher.look()
    house.put("NYC-DP03", RESET)
    house.sql(
        "UPDATE ledger_entry SET facts = replace(facts, ?, '') WHERE kind = 'progressed'",
        ',"rows_back":[1]',
        database="store.db",
    )
    assert house.now(done).back == 1
    assert house.now(done).seen_back is None

    assert _left_alone(house.undo(done)).count("only how many rows were seen back") == 2


def test_a_later_reset_that_a_restored_store_does_not_know_is_found_at_the_site(house: House) -> None:
    first = house.reset("NYC-DP03")
    house.remember()
    house.put("NYC-DP03", BACK)
    house.put("NYC-DP03", (9, 3))
    second = house.reset("NYC-DP03")
    house.put_back()

    assert f"by request {second.id}" in _left_alone(house.undo(first))


def test_a_later_reset_that_a_restored_store_does_not_know_is_found_before_an_undo_is_applied(house: House) -> None:
    first = house.reset("NYC-DP03")
    undo = house.placed(house.undo(first))
    house.vote(undo, GRACE, LINUS)
    house.copy_backup(first, "another bot's", "2999-01-01 00:00:00")

    house.executor.work_off()

    assert house.now(undo).stage is Stage.STALE
    assert "by request another bot's" in house.now(undo).note
    assert house.reads()["NYC-DP03"] == RESET


def test_a_copy_of_another_request_that_is_older_speaks_against_no_undo(house: House) -> None:
    first = house.reset("NYC-DP03")
    house.copy_backup(first, "another bot's", "1999-01-01 00:00:00")

    house.undone(first)

    assert house.reads()["NYC-DP03"] == BEHIND


@pytest.mark.parametrize("at", ["2999-01-01 00:00:00", None, ""])
def test_a_copy_of_another_request_that_is_not_known_to_be_older_speaks_against_an_undo(
    house: House, at: str | None
) -> None:
    first = house.reset("NYC-DP03")
    house.copy_backup(first, "another bot's", at)

    assert "by request another bot's" in _left_alone(house.undo(first))


def test_a_reset_can_be_undone_behind_an_earlier_reset_and_its_undo(house: House) -> None:
    house.undone(house.reset("NYC-DP03"))
    house.watcher.close_undone()
    house.clock.move(minutes=1)

    house.undone(house.reset("NYC-DP03"))

    assert house.reads()["NYC-DP03"] == BEHIND


def test_an_undo_that_was_asked_for_before_its_reset_converged_is_not_applied_afterwards(house: House) -> None:
    done = house.reset("NYC-DP03")
    undo = house.placed(house.undo(done))
    house.put("NYC-DP03", BACK)
    house.watcher.look()
    assert house.now(done).stage is Stage.CONVERGED
    house.put("NYC-DP03", RESET)
    house.vote(undo, GRACE, LINUS)

    house.executor.work_off()

    assert house.now(undo).stage is Stage.STALE
    assert house.now(undo).note.startswith(f"request {done.id} is converged: every row was seen back")
    assert house.reads()["NYC-DP03"] == RESET


def test_an_undo_that_is_not_the_reverse_of_its_reset_is_not_applied(house: House) -> None:
    done = house.reset("NYC-DP03")
    undo = house.placed(house.undo(done))
    house.vote(undo, GRACE, LINUS)
    forged = replace(undo.plan, rows=(replace(undo.plan.rows[0], version_after=9),))

    assert house.preconditions.objections(replace(undo, plan=forged)) == (
        f"NYC-DP03.contoso.com: request {done.id} did not change it so",
    )
    assert house.preconditions.objections(replace(undo, undoes="")) == (
        "the ledger does not know the reset that it takes back",
    )
    assert house.preconditions.objections(undo) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE PkgStatus SET ShareName = 'elsewhere'", "its ShareName reads elsewhere"),
        ("UPDATE PkgStatus SET UpdateTime = NULL", "its UpdateTime reads nothing"),
        ("UPDATE PkgStatus SET PKID = PKID + 1000", "its PKID reads"),
        ("UPDATE PkgStatus_BU SET SourceVersion = 8", "version 8, status 3, and not version 7, status 3"),
        ("DELETE FROM PkgStatus_BU", "no copy of it by request"),
    ],
)
def test_a_row_that_is_not_as_its_reset_left_it_is_left_alone(house: House, change: str, said: str) -> None:
    done = house.reset("NYC-DP03")
    house.sql(change)

    assert said in _left_alone(house.undo(done))


def test_a_reset_is_closed_by_an_undo_of_all_its_rows(house: House) -> None:
    done = house.reset()
    house.undone(done)

    house.watcher.close_undone()

    assert house.now(done).stage is Stage.UNDONE
    assert set(house.reads().values()) == {BEHIND}


def test_what_an_undo_left_alone_is_watched_on(house: House) -> None:
    done = house.reset()
    house.put("NYC-DP03", (9, 2))
    house.undone(done)

    house.watcher.close_undone()
    house.watcher.look()
    assert house.now(done).stage is Stage.APPLIED
    assert house.reads() == {"NYC-DP03": (9, 2), "NYC-DP04": BEHIND}

    house.put("NYC-DP03", BACK)
    house.clock.move(hours=2)
    house.watcher.look()
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

    house.watcher.tick()

    assert house.now(request).stage is Stage.EXPIRED
