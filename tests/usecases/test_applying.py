"""What an apply proves again, and what it finds out when the record and the site disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from bot.domain.request import Stage
from bot.domain.trouble import SiteTrouble
from bot.usecases.access import Actor
from bot.usecases.ports import SiteError
from tests.fakes import GRACE, LINUS, TEAM
from tests.usecases.reset_house import BEHIND, PS1, RESET

if TYPE_CHECKING:
    from bot.domain.plan import Plan
    from tests.usecases.reset_house import House


class Silent:
    """A site that falls silent once a reset has been tried out; it remembers who asked what became of an apply."""

    def __init__(self, asked: list[str]) -> None:
        self._asked = asked

    def rehearse(self) -> None:
        pass

    def apply(self, request_id: str, plan: Plan) -> None:
        raise SiteError(PS1, SiteTrouble.LOGIN, f"{request_id} {plan.site}")

    def was_applied(self, request_id: str) -> bool:
        return not request_id

    def readings(self, plan: Plan) -> Never:
        raise SiteError(PS1, SiteTrouble.LOGIN, str(plan.site))

    def forbid(self, request_id: str) -> bool:
        self._asked.append(request_id)
        raise SiteError(PS1, SiteTrouble.LOGIN, "a fault that the test wants")


def test_an_apply_that_a_restored_store_does_not_know_is_found_at_the_site(house: House) -> None:
    request = house.approved()
    house.remember()
    house.applying.work_off()
    house.put_back()
    assert house.now(request).stage is Stage.APPROVED

    house.applying.work_off()

    assert house.now(request).stage is Stage.APPLIED
    assert set(house.reads().values()) == {RESET}


def test_an_apply_that_a_store_restored_too_late_does_not_know_is_found_all_the_same(house: House) -> None:
    request = house.approved()
    house.remember()
    house.applying.work_off()
    house.put_back()
    house.clock.move(hours=1)

    house.applying.work_off()

    assert house.now(request).stage is Stage.APPLIED


def test_a_vote_of_the_requester_ends_with_the_rule_that_allowed_it(house: House) -> None:
    house.reopen(requester_counts=True)
    request = house.ask(who=GRACE)
    house.vote(request, GRACE)
    house.reopen(requester_counts=False)
    house.vote(request, LINUS)

    house.applying.work_off()

    assert house.now(request).note == "the requester's own approval no longer counts"
    assert set(house.reads().values()) == {BEHIND}


def test_a_request_with_more_rows_than_are_allowed_now_is_not_applied(house: House) -> None:
    request = house.approved()
    house.reopen(max_rows=1)

    house.applying.work_off()

    assert house.now(request).note == "it has 2 rows, and 1 is allowed now"
    assert set(house.reads().values()) == {BEHIND}


def test_what_was_approved_by_a_clock_that_was_ahead_is_not_applied(house: House) -> None:
    house.clock.move(days=365)
    request = house.approved()
    house.clock.move(days=-365)

    house.applying.work_off()

    assert house.now(request).note == "the clock was set back since it was approved: please ask again"
    assert set(house.reads().values()) == {BEHIND}


def test_one_entry_by_a_clock_that_was_ahead_holds_up_no_later_request(house: House) -> None:
    house.clock.move(days=365)
    house.freezing.freeze(Actor(GRACE.id, TEAM), "a clock is wrong", "K0")
    house.clock.move(days=-365)
    house.freezing.unfreeze(Actor(GRACE.id, TEAM), "K1")

    request = house.approved()
    house.applying.work_off()

    assert house.now(request).stage is Stage.APPLIED
    assert house.now(request).applied_at == house.clock()


def test_a_request_asked_for_by_a_clock_that_was_ahead_has_expired(house: House) -> None:
    house.clock.move(days=365)
    request = house.ask()
    house.clock.move(days=-365)

    house.watching.tick()

    assert house.now(request).stage is Stage.EXPIRED


def test_a_new_source_version_that_comes_behind_the_claim_outdates_the_plan(house: House) -> None:
    request = house.approved()

    def publish() -> None:
        if house.now(request).stage is Stage.APPLYING:
            house.sql("UPDATE SMSPackages SET SourceVersion = 14, StoredPkgVersion = 14")
            house.sql("UPDATE PkgStatus SET SourceVersion = 14 WHERE Type = 1")

    house.meanwhile = publish
    house.applying.work_off()

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

    house.applying.work_off()
    house.watching.tick()

    assert house.now(other).stage is Stage.APPLIED
    assert house.reads() == {"NYC-DP03": BEHIND, "NYC-DP04": RESET}


def test_an_approver_who_cannot_be_looked_up_is_not_called_one_who_may_not(house: House) -> None:
    request = house.approved()
    house.people.is_down = True

    house.applying.work_off()

    assert house.now(request).note.startswith("it could not be looked up whether an approver still may decide")


def test_a_writer_that_is_gone_is_named(house: House) -> None:
    request = house.approved()
    house.writers.pop(PS1)

    house.applying.work_off()

    assert house.now(request).note == "site PS1 is no longer in the settings"


def test_a_site_that_does_not_say_what_became_of_an_apply_is_asked_with_growing_pauses(house: House) -> None:
    request = house.approved()
    asked: list[str] = []
    house.writers[PS1] = Silent(asked)

    for _ in range(60):
        house.clock.move(seconds=1)
        house.applying.work_off()

    assert house.now(request).stage is Stage.APPLYING
    assert len(asked) == 6
