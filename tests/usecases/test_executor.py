"""What an apply proves again, and what it finds out when the record and the site disagree."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Never

import pytest

from bot.dbapi import Database, Timeouts
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Kind, Stage
from bot.domain.site_error_kind import SiteErrorKind
from bot.site.schema_probe import STATUS
from bot.site.writer import SiteWriter
from bot.usecases.access import Actor
from bot.usecases.ports.site import SiteError
from bot.usecases.ports.slack import PeopleError
from bot.usecases.resets.executor import LEASE
from tests.fakes import ADA, GRACE, LINUS, TEAM
from tests.usecases.reset_harness import BACK, BACKUPS, BEHIND, PS1, RESET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.domain.package import PackageId
    from bot.domain.plan import Plan, PlanRow
    from bot.domain.undo import Undoing
    from tests.usecases.reset_harness import ResetHarness


class Silent:
    """A site that falls silent once a reset has been tried out; it remembers who asked what became of an apply."""

    def __init__(self, asked: list[str]) -> None:
        self._asked = asked

    def using(self, _backup_table: str) -> Silent:
        return self

    def dry_run(self) -> None:
        pass

    def apply(self, request_id: str, plan: Plan, undoing: Undoing | None = None) -> None:
        raise SiteError(PS1, SiteErrorKind.LOGIN, f"{request_id} {plan.site} {undoing}")

    def undo_violations(self, undoing: Undoing, package_id: PackageId, rows: Sequence[PlanRow]) -> Never:
        raise SiteError(PS1, SiteErrorKind.LOGIN, f"{undoing} {package_id} {rows}")

    def was_applied(self, request_id: str) -> bool:
        return not request_id

    def readings(self, plan: Plan) -> Never:
        raise SiteError(PS1, SiteErrorKind.LOGIN, str(plan.site))

    def forbid(self, request_id: str) -> bool:
        self._asked.append(request_id)
        raise SiteError(PS1, SiteErrorKind.LOGIN, "a fault that the test wants")


class PowerCut(BaseException):
    """The process ends here."""


class Away:
    """The writer of a site that does not answer."""

    def using(self, _backup_table: str) -> Any:
        return self

    def __getattr__(self, _name: str) -> Any:
        def unanswered(*_: object) -> Never:
            raise SiteError(PS1, SiteErrorKind.UNREACHABLE, "a fault that the test wants")

        return unanswered


class Dying:
    """A writer in a process that dies right behind the commit."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def using(self, backup_table: str) -> Any:
        return Dying(self._writer.using(backup_table))

    def apply(self, request_id: str, plan: Plan, undoing: Undoing | None = None) -> None:
        self._writer.apply(request_id, plan, undoing)
        raise PowerCut

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


def test_an_apply_that_a_restored_store_does_not_know_is_found_at_the_site(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.remember()
    harness.executor.run_pending()
    harness.put_back()
    assert harness.now(request).stage is Stage.APPROVED

    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.APPLIED
    assert set(harness.reads().values()) == {RESET}


def test_an_apply_that_a_store_restored_too_late_does_not_know_is_found_all_the_same(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.remember()
    harness.executor.run_pending()
    harness.put_back()
    harness.clock.move(hours=1)

    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.APPLIED


def test_a_vote_of_the_requester_ends_with_the_rule_that_allowed_it(harness: ResetHarness) -> None:
    harness.reopen(requester_counts=True)
    request = harness.ask(who=GRACE)
    harness.vote(request, GRACE)
    harness.reopen(requester_counts=False)
    harness.vote(request, LINUS)

    harness.executor.run_pending()

    assert harness.now(request).note == "the requester's own approval no longer counts"
    assert set(harness.reads().values()) == {BEHIND}


def test_a_request_with_more_rows_than_are_allowed_now_is_not_applied(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.reopen(max_rows=1)

    harness.executor.run_pending()

    assert harness.now(request).note == "it has 2 rows, and 1 is allowed now"
    assert set(harness.reads().values()) == {BEHIND}


def test_what_was_approved_by_a_clock_that_was_ahead_is_not_applied(harness: ResetHarness) -> None:
    harness.clock.move(days=365)
    request = harness.approved()
    harness.clock.move(days=-365)

    harness.executor.run_pending()

    assert harness.now(request).note == "the clock was set back since it was approved: please ask again"
    assert set(harness.reads().values()) == {BEHIND}


def test_one_entry_by_a_clock_that_was_ahead_holds_up_no_later_request(harness: ResetHarness) -> None:
    harness.clock.move(days=365)
    harness.freeze_service.freeze(Actor(GRACE.id, TEAM), "a clock is wrong", "K0")
    harness.clock.move(days=-365)
    harness.freeze_service.unfreeze(Actor(GRACE.id, TEAM), "K1")

    request = harness.approved()
    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.APPLIED
    assert harness.now(request).applied_at == harness.clock()


def test_a_request_asked_for_by_a_clock_that_was_ahead_has_expired(harness: ResetHarness) -> None:
    harness.clock.move(days=365)
    request = harness.ask()
    harness.clock.move(days=-365)

    harness.watcher.tick()

    assert harness.now(request).stage is Stage.EXPIRED


def test_a_new_source_version_that_comes_behind_the_claim_outdates_the_plan(harness: ResetHarness) -> None:
    request = harness.approved()

    def publish() -> None:
        if harness.now(request).stage is Stage.APPLYING:
            harness.sql("UPDATE SMSPackages SET SourceVersion = 14, StoredPkgVersion = 14")
            harness.sql("UPDATE PkgStatus SET SourceVersion = 14 WHERE Type = 1")

    harness.meanwhile = publish
    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.STALE
    assert harness.now(request).note == "the source version is 14 now, not 13"
    assert set(harness.reads().values()) == {BEHIND}


def test_a_request_that_cannot_be_read_holds_up_no_other(harness: ResetHarness) -> None:
    broken = harness.approved("NYC-DP03")
    other = harness.approved("NYC-DP04")
    harness.sql(
        "UPDATE ledger_entry SET facts = replace(facts, ?, ?) WHERE stream = ? AND version = 1",
        '"reset"',
        '"a later kind"',
        f"request {broken.id}",
        database="store.db",
    )

    harness.executor.run_pending()
    harness.watcher.tick()

    assert harness.now(other).stage is Stage.APPLIED
    assert harness.reads() == {"NYC-DP03": BEHIND, "NYC-DP04": RESET}


def test_while_nobody_can_be_looked_up_a_request_waits_and_loses_no_vote(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.people.is_down = True
    harness.executor.run_pending()
    waiting = harness.now(request)
    harness.people.is_down = False
    harness.clock.move(minutes=1)

    harness.executor.run_pending()

    assert waiting.stage is Stage.APPROVED
    assert waiting.note.startswith("it could not be looked up whether the requester still may ask")
    assert harness.now(request).stage is Stage.APPLIED


def test_a_request_waits_for_people_no_longer_than_its_approval_is_good_for(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.people.is_down = True
    harness.executor.run_pending()
    harness.clock.move(minutes=16)

    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.FAILED
    assert harness.now(request).note.startswith("it was approved too long ago (it could not be looked up")
    assert set(harness.reads().values()) == {BEHIND}


def test_a_site_that_cannot_be_read_just_before_the_apply_is_read_again(harness: ResetHarness) -> None:
    request = harness.approved()
    writer = harness.writers[PS1]
    harness.writers[PS1] = Away()
    harness.executor.run_pending()
    waiting = harness.now(request)
    harness.writers[PS1] = writer
    harness.clock.move(minutes=1)

    harness.executor.run_pending()

    assert (waiting.stage, waiting.note) == (Stage.APPROVED, "site PS1 does not answer")
    assert harness.now(request).stage is Stage.APPLIED


class Unread:
    """A reader whose database takes too long."""

    def package(self, _package_id: object) -> Never:
        raise SiteError(PS1, SiteErrorKind.TIMEOUT, "a fault that the test wants")


def test_rows_that_cannot_be_read_just_before_the_apply_are_read_again(harness: ResetHarness) -> None:
    request = harness.approved()
    unread: Any = Unread()
    preconditions = replace(harness.preconditions, readers={PS1: unread})

    replace(harness.executor, preconditions=preconditions).run_pending()

    waiting = harness.now(request)
    assert (waiting.stage, waiting.note) == (Stage.APPROVED, "the site database could not be read: timeout")
    harness.clock.move(minutes=2)
    harness.executor.run_pending()
    assert harness.now(request).stage is Stage.APPLIED


def test_what_a_requester_who_left_asked_for_is_not_applied(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.people.deactivate(ADA.id)

    harness.executor.run_pending()

    assert harness.now(request).note == "the requester no longer may ask (deactivated)"
    assert set(harness.reads().values()) == {BEHIND}


def test_a_store_put_back_is_never_called_unchanged_while_its_site_does_not_answer(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.remember()
    harness.executor.run_pending()
    harness.put_back()
    writer = harness.writers[PS1]
    harness.writers[PS1] = Away()
    for _ in range(20):
        harness.clock.move(minutes=1)
        harness.executor.run_pending()
    unknown = harness.now(request)
    harness.writers[PS1] = writer
    harness.clock.move(hours=1)

    harness.executor.run_pending()

    assert (unknown.stage, unknown.note) == (Stage.APPLYING, "the site database does not say (unreachable)")
    assert harness.now(request).stage is Stage.APPLIED


def test_a_site_that_left_the_settings_leaves_open_what_became_of_an_approved_request(harness: ResetHarness) -> None:
    request = harness.approved()
    writer = harness.writers.pop(PS1)
    harness.clock.move(minutes=16)
    harness.executor.run_pending()
    unknown = harness.now(request)
    harness.writers[PS1] = writer
    harness.clock.move(hours=1)

    harness.executor.run_pending()

    assert (unknown.stage, unknown.note) == (Stage.APPLYING, "site PS1 is no longer in the settings")
    assert (harness.now(request).stage, harness.now(request).note) == (
        Stage.FAILED,
        "the bot stopped before it happened",
    )


def test_an_apply_is_looked_for_in_the_backup_table_under_which_it_was_asked_for(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.writers[PS1] = Dying(harness.writers[PS1])
    with pytest.raises(PowerCut):
        harness.executor.run_pending()
    for host in harness.reads():
        harness.put(host, BACK)
    harness.sql("CREATE TABLE PkgStatus_New AS SELECT * FROM PkgStatus_BU WHERE 1 = 0")
    harness.sql("CREATE UNIQUE INDEX one ON PkgStatus_New (RequestId, RowNumber)")

    harness.writers[PS1] = harness.writer_into("dbo.PkgStatus_New")
    harness.reopen(backup_table="dbo.PkgStatus_New")
    harness.clock.move(hours=1)
    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.APPLIED


def test_a_request_is_applied_into_the_backup_table_under_which_it_was_asked_for(harness: ResetHarness) -> None:
    request = harness.approved("NYC-DP03")
    harness.writers[PS1] = harness.writer_into("dbo.Another")
    harness.reopen(backup_table="dbo.Another")

    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.APPLIED
    assert [row[0] for row in harness.sql("SELECT RequestId FROM PkgStatus_BU")] == [request.id]


def test_a_bot_whose_rules_are_not_those_of_another_applies_nothing_and_loses_no_vote(harness: ResetHarness) -> None:
    request = harness.approved("NYC-DP03")
    eligibility = replace(harness.eligibility, policy_fault=lambda: Refusal(Reason.OTHER_POLICY))
    preconditions = replace(harness.preconditions, eligibility=eligibility)

    replace(harness.executor, eligibility=eligibility, preconditions=preconditions).run_pending()

    now = harness.now(request)
    assert (now.stage, now.note) == (Stage.APPROVED, Reason.OTHER_POLICY)
    assert harness.reads()["NYC-DP03"] == BEHIND
    harness.clock.move(minutes=2)
    harness.executor.run_pending()
    assert harness.now(request).stage is Stage.APPLIED


STAMPING = """CREATE TRIGGER stamping AFTER UPDATE ON PkgStatus FOR EACH ROW WHEN NEW.SourceVersion = 0
    BEGIN UPDATE PkgStatus SET UpdateTime = '2999-01-01 00:00:00' WHERE PKID = NEW.PKID; END"""


def test_a_reset_of_which_the_site_itself_makes_more_fails_and_says_what_can_be_done(harness: ResetHarness) -> None:
    before = harness.sql("SELECT * FROM PkgStatus")
    harness.sql(STAMPING)
    request = harness.approved("NYC-DP03")
    harness.executor.run_pending()

    now = harness.now(request)
    assert now.stage is Stage.FAILED
    assert now.note.startswith("NYC-DP03.contoso.com: the site database by itself also changed its UpdateTime (")
    assert "ask the DBA whether a trigger on dbo.PkgStatus does so" in now.note
    assert harness.sql("SELECT * FROM PkgStatus") == before
    harness.sql("DROP TRIGGER stamping")
    assert harness.now(harness.reset("NYC-DP03")).stage is Stage.APPLIED


class Closed:
    """A writer whose database refuses what an apply needs; everything else it does."""

    def __init__(self, writer: Any, kind: SiteErrorKind) -> None:
        self._writer = writer
        self._kind = kind

    def using(self, backup_table: str) -> Any:
        return Closed(self._writer.using(backup_table), self._kind)

    def dry_run(self) -> Never:
        raise SiteError(PS1, self._kind, "a fault that the test wants")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


LASTING = {SiteErrorKind.SCHEMA, SiteErrorKind.PERMISSION, SiteErrorKind.READ_ONLY, SiteErrorKind.WRONG_DATABASE}


@pytest.mark.parametrize("kind", SiteErrorKind)
def test_what_only_people_can_cure_at_a_site_ends_a_request_at_once_and_anything_else_is_tried_again(
    harness: ResetHarness, kind: SiteErrorKind
) -> None:
    request = harness.approved()
    writer: Any = harness.writers[PS1]
    closed: Any = Closed(writer, kind)
    harness.writers[PS1] = closed
    harness.executor.run_pending()
    first = harness.now(request)
    harness.writers[PS1] = writer
    harness.clock.move(minutes=1)
    harness.executor.run_pending()

    assert first.note == f"the site database could not be read: {kind}"
    assert first.stage is (Stage.FAILED if kind in LASTING else Stage.APPROVED)
    assert harness.now(request).stage is (Stage.FAILED if kind in LASTING else Stage.APPLIED)
    kinds = [entry.kind for entry in harness.store.ledger.stream(f"request {request.id}")]
    assert Kind.CLAIMED not in kinds[: kinds.index(Kind.FAILED)] if kind in LASTING else kinds.count(Kind.CLAIMED) == 1


def test_while_the_list_of_approvers_cannot_be_read_a_request_waits_and_loses_no_vote(harness: ResetHarness) -> None:
    request = harness.approved()
    people = harness.people
    members = people.members

    def unreadable(group_id: str) -> frozenset[str]:
        raise PeopleError(group_id)

    people.members = unreadable  # type: ignore[method-assign]
    harness.executor.run_pending()
    waiting = harness.now(request)
    people.members = members  # type: ignore[method-assign]
    harness.clock.move(minutes=1)
    harness.executor.run_pending()

    assert waiting.stage is Stage.APPROVED
    assert waiting.note == f"it could not be looked up whether an approver still may decide ({Reason.LIST_UNREADABLE})"
    assert harness.now(request).stage is Stage.APPLIED


def test_a_process_without_the_lease_decides_nothing(harness: ResetHarness) -> None:
    request = harness.approved("NYC-DP03")
    harness.put("NYC-DP03", BACK)
    with closing(harness.other_process()) as other:
        assert other.leases.hold(LEASE)
        harness.executor.run_pending()
        assert harness.now(request).stage is Stage.APPROVED
        other.leases.release(LEASE)

    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.STALE


def test_a_process_that_lost_the_lease_while_it_proved_a_request_does_not_claim_it(harness: ResetHarness) -> None:
    request = harness.approved("NYC-DP03")
    with closing(harness.other_process()) as other:

        def lose() -> None:
            harness.store.leases.release(LEASE)
            assert other.leases.hold(LEASE)

        harness.meanwhile = lose
        harness.executor.run_pending()

        assert harness.now(request).stage is Stage.APPROVED
        assert harness.reads()["NYC-DP03"] == BEHIND


class TypedAsOnSqlServer(SiteWriter):
    """A writer that is told the types of columns that only SQL Server's catalogue has."""

    def using(self, _backup_table: str) -> SiteWriter:
        return self

    def _load_types(self, _connection: object) -> None:
        self._types = {STATUS: {"rowver": "rowversion", "rowstamp": "timestamp"}}


@pytest.mark.parametrize(("column", "stage"), [("RowVer", "applied"), ("RowStamp", "applied"), ("Other", "failed")])
def test_only_a_value_that_the_server_itself_keeps_may_change_with_a_reset(
    harness: ResetHarness, column: str, stage: str
) -> None:
    for table in ("PkgStatus", "PkgStatus_BU"):
        harness.sql(f"ALTER TABLE {table} ADD COLUMN {column} integer")
    harness.sql(
        "CREATE TRIGGER keeping AFTER UPDATE OF SourceVersion ON PkgStatus"
        f" BEGIN UPDATE PkgStatus SET {column} = coalesce({column}, 0) + 1 WHERE rowid = NEW.rowid; END"
    )
    harness.writers[PS1] = TypedAsOnSqlServer(PS1, Database(harness.site.address, Timeouts(query=3)), BACKUPS)
    request = harness.approved("NYC-DP03")

    harness.executor.run_pending()

    assert harness.now(request).stage == stage


def test_a_writer_that_is_gone_is_named(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.writers.pop(PS1)

    harness.executor.run_pending()

    assert harness.now(request).note == "site PS1 is no longer in the settings"


def test_a_site_that_does_not_say_what_became_of_an_apply_is_asked_with_growing_pauses(harness: ResetHarness) -> None:
    request = harness.approved()
    asked: list[str] = []
    harness.writers[PS1] = Silent(asked)

    for _ in range(60):
        harness.clock.move(seconds=1)
        harness.executor.run_pending()

    assert harness.now(request).stage is Stage.APPLYING
    assert len(asked) == 5
