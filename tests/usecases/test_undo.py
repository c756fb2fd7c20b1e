"""Whose values an undo may write back: those that the row had before this reset, and only if nobody came after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.package import PackageId, SiteCode
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Kind, Request, Stage
from bot.usecases.audit.recorder import AuditLog
from bot.usecases.resets.submission import NothingToUndo
from bot.usecases.resets.undo import stage_violation, undo_violations
from tests.fakes import ADA, GRACE, LINUS
from tests.usecases.reset_harness import BACK, BEHIND, PS1, RESET
from tests.usecases.test_store_writer import rewrite

if TYPE_CHECKING:
    from tests.usecases.reset_harness import ResetHarness


def _left_alone(outcome: object) -> str:
    """Return why nothing is undone."""
    assert isinstance(outcome, NothingToUndo), outcome
    return "; ".join(outcome.rows)


def _reset_twice(harness: ResetHarness) -> Request:
    """Reset a DP, let it come back, and reset it again for the next source version; return the first."""
    first = harness.reset("NYC-DP03")
    harness.put("NYC-DP03", BACK)
    harness.clock.move(hours=6)
    harness.sql("UPDATE SMSPackages SET SourceVersion = 14, StoredPkgVersion = 14")
    harness.sql("UPDATE PkgStatus SET SourceVersion = 14 WHERE Type = 1")
    harness.clock.move(hours=6)
    harness.reset("NYC-DP03")
    assert harness.reads()["NYC-DP03"] == RESET
    return first


def test_a_row_that_was_reset_again_keeps_what_that_reset_left_however_many_requests_came_since(
    harness: ResetHarness,
) -> None:
    first = _reset_twice(harness)
    assert _left_alone(harness.undo(first)).endswith(" changed it afterwards")

    for _ in range(21):
        later = harness.ask("NYC-DP04")
        harness.requests.change(later.id, harness.withdrawal(ADA))

    assert isinstance(harness.undo(first), NothingToUndo)


def test_a_reset_recorded_at_the_same_moment_counts_as_later(harness: ResetHarness) -> None:
    harness.clock.move(days=1)
    AuditLog(harness.store.ledger).note("started")
    harness.clock.move(days=-1)

    assert isinstance(harness.undo(_reset_twice(harness)), NothingToUndo)


def test_a_reset_behind_one_by_a_clock_that_was_ahead_counts_as_later(harness: ResetHarness) -> None:
    harness.clock.move(days=365)
    first = harness.reset("NYC-DP03")
    harness.clock.move(days=-365)
    harness.put("NYC-DP03", (9, 3))
    second = harness.reset("NYC-DP03")

    assert _left_alone(harness.undo(first)) == f"NYC-DP03.contoso.com: request {second.id} changed it afterwards"


def test_a_row_that_came_back_and_was_reset_by_hand_is_left_alone(harness: ResetHarness) -> None:
    done = harness.reset("NYC-DP03")
    harness.put("NYC-DP03", BACK)
    harness.clock.move(hours=1)
    harness.watcher.look()
    assert harness.now(done).stage is Stage.CONVERGED
    harness.put("NYC-DP03", RESET)

    assert isinstance(harness.undo(done), NothingToUndo)


def _comes_back_and_is_reset_by_hand(harness: ResetHarness) -> None:
    harness.bring_back("NYC-DP03")
    harness.put("NYC-DP03", RESET)


def test_a_row_that_came_back_unseen_and_was_reset_by_hand_is_left_alone(harness: ResetHarness) -> None:
    done = harness.reset("NYC-DP03")
    _comes_back_and_is_reset_by_hand(harness)

    assert "NYC-DP03.contoso.com: its UpdateTime reads " in _left_alone(harness.undo(done))


def test_a_row_that_came_back_and_was_reset_by_hand_before_an_undo_is_applied_is_left_alone(
    harness: ResetHarness,
) -> None:
    undo = harness.placed(harness.undo(harness.reset("NYC-DP03")))
    harness.vote(undo, GRACE, LINUS)
    _comes_back_and_is_reset_by_hand(harness)

    harness.executor.run_pending()

    assert harness.now(undo).stage is Stage.STALE
    assert harness.now(undo).note.startswith("NYC-DP03.contoso.com: its UpdateTime reads ")
    assert harness.reads()["NYC-DP03"] == RESET


def test_a_row_that_was_once_seen_back_is_left_alone_although_it_reads_as_reset_again(harness: ResetHarness) -> None:
    done = harness.reset()
    harness.put("NYC-DP03", BACK)
    harness.watcher.look()
    harness.put("NYC-DP03", RESET)

    undo = harness.placed(harness.undo(done))

    assert [row.server for row in undo.plan.rows] == ["NYC-DP04.contoso.com"]
    assert "NYC-DP03.contoso.com: it was seen back" in undo.reason


def test_a_row_that_is_seen_back_before_an_undo_of_it_is_applied_is_left_alone(harness: ResetHarness) -> None:
    undo = harness.placed(harness.undo(harness.reset()))
    harness.vote(undo, GRACE, LINUS)
    harness.put("NYC-DP03", BACK)
    harness.watcher.look()
    harness.put("NYC-DP03", RESET)

    harness.executor.run_pending()

    assert harness.now(undo).stage is Stage.STALE
    assert harness.now(undo).note.startswith("NYC-DP03.contoso.com: it was seen back")
    assert set(harness.reads().values()) == {RESET}


def test_every_row_that_was_seen_back_is_remembered_also_when_as_many_are_back_as_before(harness: ResetHarness) -> None:
    done = harness.reset()
    for host in ("NYC-DP03", "NYC-DP04"):
        harness.put(host, BACK)
        harness.clock.move(hours=3)
        harness.watcher.look()
        harness.put(host, RESET)

    assert harness.now(done).seen_back == frozenset({1, 2})
    assert _left_alone(harness.undo(done)).count("it was seen back") == 2


def test_an_abandoned_reset_remembers_which_rows_were_seen_back(harness: ResetHarness) -> None:
    done = harness.reset()
    harness.put("NYC-DP03", BACK)
    harness.clock.move(days=15)
    harness.watcher.look()
    assert harness.now(done).stage is Stage.ABANDONED
    harness.put("NYC-DP03", RESET)

    undo = harness.undone(done)

    assert [row.server for row in undo.plan.rows] == ["NYC-DP04.contoso.com"]


def test_rows_of_a_request_of_which_only_a_count_was_recorded_are_left_alone(harness: ResetHarness) -> None:
    done = harness.reset()
    harness.put("NYC-DP03", BACK)
    harness.watcher.look()
    harness.put("NYC-DP03", RESET)
    harness.sql(
        "UPDATE ledger_entry SET facts = replace(facts, ?, '') WHERE kind = 'progressed'",
        ',"rows_back":[1]',
        database="store.db",
    )
    assert harness.now(done).back == 1
    assert harness.now(done).seen_back is None

    assert _left_alone(harness.undo(done)).count("only how many rows were seen back") == 2


def test_a_later_reset_that_a_restored_store_does_not_know_is_found_at_the_site(harness: ResetHarness) -> None:
    first = harness.reset("NYC-DP03")
    harness.remember()
    harness.put("NYC-DP03", BACK)
    harness.put("NYC-DP03", (9, 3))
    second = harness.reset("NYC-DP03")
    harness.put_back()

    assert f"by request {second.id}" in _left_alone(harness.undo(first))


def test_a_later_reset_that_a_restored_store_does_not_know_is_found_before_an_undo_is_applied(
    harness: ResetHarness,
) -> None:
    first = harness.reset("NYC-DP03")
    undo = harness.placed(harness.undo(first))
    harness.vote(undo, GRACE, LINUS)
    harness.copy_backup(first, "another bot's", "2999-01-01 00:00:00")

    harness.executor.run_pending()

    assert harness.now(undo).stage is Stage.STALE
    assert "by request another bot's" in harness.now(undo).note
    assert harness.reads()["NYC-DP03"] == RESET


def test_a_copy_of_another_request_that_is_older_speaks_against_no_undo(harness: ResetHarness) -> None:
    first = harness.reset("NYC-DP03")
    harness.copy_backup(first, "another bot's", "1999-01-01 00:00:00")

    harness.undone(first)

    assert harness.reads()["NYC-DP03"] == BEHIND


@pytest.mark.parametrize("at", ["2999-01-01 00:00:00", None, ""])
def test_a_copy_of_another_request_that_is_not_known_to_be_older_speaks_against_an_undo(
    harness: ResetHarness, at: str | None
) -> None:
    first = harness.reset("NYC-DP03")
    harness.copy_backup(first, "another bot's", at)

    assert "by request another bot's" in _left_alone(harness.undo(first))


def test_a_reset_can_be_undone_behind_an_earlier_reset_and_its_undo(harness: ResetHarness) -> None:
    harness.undone(harness.reset("NYC-DP03"))
    harness.watcher.close_undone()
    harness.clock.move(minutes=1)

    harness.undone(harness.reset("NYC-DP03"))

    assert harness.reads()["NYC-DP03"] == BEHIND


def test_an_undo_that_was_asked_for_before_its_reset_converged_is_not_applied_afterwards(harness: ResetHarness) -> None:
    done = harness.reset("NYC-DP03")
    undo = harness.placed(harness.undo(done))
    harness.put("NYC-DP03", BACK)
    harness.watcher.look()
    assert harness.now(done).stage is Stage.CONVERGED
    harness.put("NYC-DP03", RESET)
    harness.vote(undo, GRACE, LINUS)

    harness.executor.run_pending()

    assert harness.now(undo).stage is Stage.STALE
    assert harness.now(undo).note.startswith(f"request {done.id} is converged: every row was seen back")
    assert harness.reads()["NYC-DP03"] == RESET


def test_what_was_not_applied_or_is_undone_already_cannot_be_undone(harness: ResetHarness) -> None:
    waiting = harness.ask("NYC-DP04")
    assert harness.undo(waiting) == Refusal(Reason.WRONG_STAGE)
    done = harness.reset("NYC-DP03")
    harness.undone(done)
    harness.watcher.close_undone()

    assert harness.now(done).stage is Stage.UNDONE
    assert harness.undo(done) == Refusal(Reason.WRONG_STAGE)
    assert stage_violation(harness.now(waiting)) == f"request {waiting.id} is pending"


def test_an_undo_cannot_be_undone(harness: ResetHarness) -> None:
    undo = harness.undone(harness.reset("NYC-DP03"))

    assert harness.undo(undo) == Refusal(Reason.WRONG_STAGE)
    assert harness.reads()["NYC-DP03"] == BEHIND


@pytest.mark.parametrize("other", [{"package_id": PackageId("PS100999")}, {"site": SiteCode("P02")}], ids=str)
def test_an_undo_of_another_package_or_site_than_its_reset_is_not_applied(
    harness: ResetHarness, other: dict[str, Any]
) -> None:
    done = harness.reset("NYC-DP03")
    undo = harness.undo(done)
    assert isinstance(undo, Request)

    found = undo_violations(harness.requests, harness.writers[PS1], replace(undo.plan, **other), done)

    assert found == (f"NYC-DP03.contoso.com: request {done.id} did not change it so",)


def test_an_undo_of_a_reset_whose_quorum_somebody_rewrote_is_not_applied(harness: ResetHarness) -> None:
    done = harness.reset()
    undo = harness.placed(harness.undo(done))
    harness.vote(undo, GRACE, LINUS)
    rewrite(harness, f"request {done.id}", Kind.QUORUM, {"mark": "0" * 64})
    assert harness.requests.forgery(harness.now(done)) == ""

    harness.executor.run_pending()

    assert harness.now(undo).stage is Stage.FAILED
    assert harness.now(undo).note == f"what it takes back, request {done.id}, was not recorded by this bot as it reads"
    assert set(harness.reads().values()) == {RESET}


def test_an_undo_that_is_not_the_reverse_of_its_reset_is_not_applied(harness: ResetHarness) -> None:
    done = harness.reset("NYC-DP03")
    undo = harness.placed(harness.undo(done))
    harness.vote(undo, GRACE, LINUS)
    forged = replace(undo.plan, rows=(replace(undo.plan.rows[0], version_after=9),))

    assert harness.preconditions.violations(replace(undo, plan=forged)) == (
        f"NYC-DP03.contoso.com: request {done.id} did not change it so",
    )
    assert harness.preconditions.violations(replace(undo, undoes="")) == (
        "the ledger does not know the reset that it takes back",
    )
    assert harness.preconditions.violations(undo) == ()


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
def test_a_row_that_is_not_as_its_reset_left_it_is_left_alone(harness: ResetHarness, change: str, said: str) -> None:
    done = harness.reset("NYC-DP03")
    harness.sql(change)

    assert said in _left_alone(harness.undo(done))


def test_a_reset_is_closed_by_an_undo_of_all_its_rows(harness: ResetHarness) -> None:
    done = harness.reset()
    harness.undone(done)

    harness.watcher.close_undone()

    assert harness.now(done).stage is Stage.UNDONE
    assert set(harness.reads().values()) == {BEHIND}


def test_what_an_undo_left_alone_is_watched_on(harness: ResetHarness) -> None:
    done = harness.reset()
    harness.put("NYC-DP03", (9, 2))
    harness.undone(done)

    harness.watcher.close_undone()
    harness.watcher.look()
    assert harness.now(done).stage is Stage.APPLIED
    assert harness.reads() == {"NYC-DP03": (9, 2), "NYC-DP04": BEHIND}

    harness.put("NYC-DP03", BACK)
    harness.clock.move(hours=2)
    harness.watcher.look()
    assert harness.now(done).stage is Stage.UNDONE


def test_a_request_expires_however_many_came_after_it(harness: ResetHarness) -> None:
    request = harness.ask("NYC-DP03")
    later = [(f"later {number}", "pending", "PS1", f"PS1{number:05}", ADA.id, "9999") for number in range(201)]
    for row in later:
        harness.sql(
            "INSERT INTO request (id, stage, site, package, requester, created_at, card_channel, card_ts, card_link)"
            " VALUES (?, ?, ?, ?, ?, ?, '', '', '')",
            *row,
            database="store.db",
        )
    harness.clock.move(hours=5)

    harness.watcher.tick()

    assert harness.now(request).stage is Stage.EXPIRED
