"""What an apply proves again, and what it finds out when the record and the site disagree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Never

import pytest

from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Stage
from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.access import Actor
from bot.usecases.ports.site import SiteError
from tests.fakes import ADA, GRACE, LINUS, TEAM
from tests.usecases.reset_house import BACK, BEHIND, PS1, RESET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.domain.package import PackageId
    from bot.domain.plan import Plan, PlanRow
    from bot.domain.undo import Undoing
    from tests.usecases.reset_house import House


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

    def undo_objections(self, undoing: Undoing, package_id: PackageId, rows: Sequence[PlanRow]) -> Never:
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


def test_an_apply_that_a_restored_store_does_not_know_is_found_at_the_site(house: House) -> None:
    request = house.approved()
    house.remember()
    house.executor.work_off()
    house.put_back()
    assert house.now(request).stage is Stage.APPROVED

    house.executor.work_off()

    assert house.now(request).stage is Stage.APPLIED
    assert set(house.reads().values()) == {RESET}


def test_an_apply_that_a_store_restored_too_late_does_not_know_is_found_all_the_same(house: House) -> None:
    request = house.approved()
    house.remember()
    house.executor.work_off()
    house.put_back()
    house.clock.move(hours=1)

    house.executor.work_off()

    assert house.now(request).stage is Stage.APPLIED


def test_a_vote_of_the_requester_ends_with_the_rule_that_allowed_it(house: House) -> None:
    house.reopen(requester_counts=True)
    request = house.ask(who=GRACE)
    house.vote(request, GRACE)
    house.reopen(requester_counts=False)
    house.vote(request, LINUS)

    house.executor.work_off()

    assert house.now(request).note == "the requester's own approval no longer counts"
    assert set(house.reads().values()) == {BEHIND}


def test_a_request_with_more_rows_than_are_allowed_now_is_not_applied(house: House) -> None:
    request = house.approved()
    house.reopen(max_rows=1)

    house.executor.work_off()

    assert house.now(request).note == "it has 2 rows, and 1 is allowed now"
    assert set(house.reads().values()) == {BEHIND}


def test_what_was_approved_by_a_clock_that_was_ahead_is_not_applied(house: House) -> None:
    house.clock.move(days=365)
    request = house.approved()
    house.clock.move(days=-365)

    house.executor.work_off()

    assert house.now(request).note == "the clock was set back since it was approved: please ask again"
    assert set(house.reads().values()) == {BEHIND}


def test_one_entry_by_a_clock_that_was_ahead_holds_up_no_later_request(house: House) -> None:
    house.clock.move(days=365)
    house.freeze_service.freeze(Actor(GRACE.id, TEAM), "a clock is wrong", "K0")
    house.clock.move(days=-365)
    house.freeze_service.unfreeze(Actor(GRACE.id, TEAM), "K1")

    request = house.approved()
    house.executor.work_off()

    assert house.now(request).stage is Stage.APPLIED
    assert house.now(request).applied_at == house.clock()


def test_a_request_asked_for_by_a_clock_that_was_ahead_has_expired(house: House) -> None:
    house.clock.move(days=365)
    request = house.ask()
    house.clock.move(days=-365)

    house.watcher.tick()

    assert house.now(request).stage is Stage.EXPIRED


def test_a_new_source_version_that_comes_behind_the_claim_outdates_the_plan(house: House) -> None:
    request = house.approved()

    def publish() -> None:
        if house.now(request).stage is Stage.APPLYING:
            house.sql("UPDATE SMSPackages SET SourceVersion = 14, StoredPkgVersion = 14")
            house.sql("UPDATE PkgStatus SET SourceVersion = 14 WHERE Type = 1")

    house.meanwhile = publish
    house.executor.work_off()

    assert house.now(request).stage is Stage.STALE
    assert house.now(request).note == "the source version is 14 now, not 13"
    assert set(house.reads().values()) == {BEHIND}


def test_a_request_that_cannot_be_read_holds_up_no_other(house: House) -> None:
    broken = house.approved("NYC-DP03")
    other = house.approved("NYC-DP04")
    house.sql(
        "UPDATE ledger_entry SET facts = replace(facts, ?, ?) WHERE stream = ? AND version = 1",
        '"reset"',
        '"a later kind"',
        f"request {broken.id}",
        database="store.db",
    )

    house.executor.work_off()
    house.watcher.tick()

    assert house.now(other).stage is Stage.APPLIED
    assert house.reads() == {"NYC-DP03": BEHIND, "NYC-DP04": RESET}


def test_while_nobody_can_be_looked_up_a_request_waits_and_loses_no_vote(house: House) -> None:
    request = house.approved()
    house.people.is_down = True
    house.executor.work_off()
    waiting = house.now(request)
    house.people.is_down = False
    house.clock.move(minutes=1)

    house.executor.work_off()

    assert waiting.stage is Stage.APPROVED
    assert waiting.note.startswith("it could not be looked up whether the requester still may ask")
    assert house.now(request).stage is Stage.APPLIED


def test_a_request_waits_for_people_no_longer_than_its_approval_is_good_for(house: House) -> None:
    request = house.approved()
    house.people.is_down = True
    house.executor.work_off()
    house.clock.move(minutes=16)

    house.executor.work_off()

    assert house.now(request).stage is Stage.FAILED
    assert house.now(request).note.startswith("it was approved too long ago (it could not be looked up")
    assert set(house.reads().values()) == {BEHIND}


def test_a_site_that_cannot_be_read_just_before_the_apply_is_read_again(house: House) -> None:
    request = house.approved()
    writer = house.writers[PS1]
    house.writers[PS1] = Away()
    house.executor.work_off()
    waiting = house.now(request)
    house.writers[PS1] = writer
    house.clock.move(minutes=1)

    house.executor.work_off()

    assert (waiting.stage, waiting.note) == (Stage.APPROVED, "site PS1 does not answer")
    assert house.now(request).stage is Stage.APPLIED


class Unread:
    """A reader whose database takes too long."""

    def package(self, _package_id: object) -> Never:
        raise SiteError(PS1, SiteErrorKind.TIMEOUT, "a fault that the test wants")


def test_rows_that_cannot_be_read_just_before_the_apply_are_read_again(house: House) -> None:
    request = house.approved()
    unread: Any = Unread()
    preconditions = replace(house.preconditions, readers={PS1: unread})

    replace(house.executor, preconditions=preconditions).work_off()

    waiting = house.now(request)
    assert (waiting.stage, waiting.note) == (Stage.APPROVED, "the site database could not be read: timeout")
    house.clock.move(minutes=2)
    house.executor.work_off()
    assert house.now(request).stage is Stage.APPLIED


def test_what_a_requester_who_left_asked_for_is_not_applied(house: House) -> None:
    request = house.approved()
    house.people.deactivate(ADA.id)

    house.executor.work_off()

    assert house.now(request).note == "the requester no longer may ask (deactivated)"
    assert set(house.reads().values()) == {BEHIND}


def test_a_store_put_back_is_never_called_unchanged_while_its_site_does_not_answer(house: House) -> None:
    request = house.approved()
    house.remember()
    house.executor.work_off()
    house.put_back()
    writer = house.writers[PS1]
    house.writers[PS1] = Away()
    for _ in range(20):
        house.clock.move(minutes=1)
        house.executor.work_off()
    unknown = house.now(request)
    house.writers[PS1] = writer
    house.clock.move(hours=1)

    house.executor.work_off()

    assert (unknown.stage, unknown.note) == (Stage.APPLYING, "the site database does not say (unreachable)")
    assert house.now(request).stage is Stage.APPLIED


def test_a_site_that_left_the_settings_leaves_open_what_became_of_an_approved_request(house: House) -> None:
    request = house.approved()
    writer = house.writers.pop(PS1)
    house.clock.move(minutes=16)
    house.executor.work_off()
    unknown = house.now(request)
    house.writers[PS1] = writer
    house.clock.move(hours=1)

    house.executor.work_off()

    assert (unknown.stage, unknown.note) == (Stage.APPLYING, "site PS1 is no longer in the settings")
    assert (house.now(request).stage, house.now(request).note) == (Stage.FAILED, "the bot stopped before it happened")


def test_an_apply_is_looked_for_in_the_backup_table_under_which_it_was_asked_for(house: House) -> None:
    request = house.approved()
    house.writers[PS1] = Dying(house.writers[PS1])
    with pytest.raises(PowerCut):
        house.executor.work_off()
    for host in house.reads():
        house.put(host, BACK)
    house.sql("CREATE TABLE PkgStatus_New AS SELECT * FROM PkgStatus_BU WHERE 1 = 0")
    house.sql("CREATE UNIQUE INDEX one ON PkgStatus_New (RequestId, RowNumber)")

    house.writers[PS1] = house.writer_into("dbo.PkgStatus_New")
    house.reopen(backup_table="dbo.PkgStatus_New")
    house.clock.move(hours=1)
    house.executor.work_off()

    assert house.now(request).stage is Stage.APPLIED


def test_a_request_is_applied_into_the_backup_table_under_which_it_was_asked_for(house: House) -> None:
    request = house.approved("NYC-DP03")
    house.writers[PS1] = house.writer_into("dbo.Another")
    house.reopen(backup_table="dbo.Another")

    house.executor.work_off()

    assert house.now(request).stage is Stage.APPLIED
    assert [row[0] for row in house.sql("SELECT RequestId FROM PkgStatus_BU")] == [request.id]


def test_a_bot_whose_rules_are_not_those_of_another_applies_nothing_and_loses_no_vote(house: House) -> None:
    request = house.approved("NYC-DP03")
    eligibility = replace(house.eligibility, policy_fault=lambda: Refusal(Reason.OTHER_POLICY))
    preconditions = replace(house.preconditions, eligibility=eligibility)

    replace(house.executor, eligibility=eligibility, preconditions=preconditions).work_off()

    now = house.now(request)
    assert (now.stage, now.note) == (Stage.APPROVED, Reason.OTHER_POLICY)
    assert house.reads()["NYC-DP03"] == BEHIND
    house.clock.move(minutes=2)
    house.executor.work_off()
    assert house.now(request).stage is Stage.APPLIED


STAMPING = """CREATE TRIGGER stamping AFTER UPDATE ON PkgStatus FOR EACH ROW WHEN NEW.SourceVersion = 0
    BEGIN UPDATE PkgStatus SET UpdateTime = '2999-01-01 00:00:00' WHERE PKID = NEW.PKID; END"""


def test_a_reset_of_which_the_site_itself_makes_more_fails_and_says_what_can_be_done(house: House) -> None:
    before = house.sql("SELECT * FROM PkgStatus")
    house.sql(STAMPING)
    request = house.approved("NYC-DP03")
    house.executor.work_off()

    now = house.now(request)
    assert now.stage is Stage.FAILED
    assert now.note.startswith("NYC-DP03.contoso.com: the site database by itself also changed its UpdateTime (")
    assert "ask the DBA whether a trigger on dbo.PkgStatus does so" in now.note
    assert house.sql("SELECT * FROM PkgStatus") == before
    house.sql("DROP TRIGGER stamping")
    assert house.now(house.reset("NYC-DP03")).stage is Stage.APPLIED


def test_a_writer_that_is_gone_is_named(house: House) -> None:
    request = house.approved()
    house.writers.pop(PS1)

    house.executor.work_off()

    assert house.now(request).note == "site PS1 is no longer in the settings"


def test_a_site_that_does_not_say_what_became_of_an_apply_is_asked_with_growing_pauses(house: House) -> None:
    request = house.approved()
    asked: list[str] = []
    house.writers[PS1] = Silent(asked)

    for _ in range(60):
        house.clock.move(seconds=1)
        house.executor.work_off()

    assert house.now(request).stage is Stage.APPLYING
    assert len(asked) == 5
