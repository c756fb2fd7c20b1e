"""What is proved again between the last vote and the apply: each of these rules alone stops a reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.domain.ledger_entry import Draft
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Event, Kind, Request, Stage, advance
from bot.usecases.resets.preconditions import APPLY_WITHIN
from bot.usecases.resets.voting import CardClick, VoteService
from tests.builders import SIGNET
from tests.fakes import ADA, APPROVERS, GRACE, LINUS, MARGARET, TEAM
from tests.usecases.reset_house import BEHIND, RESET

if TYPE_CHECKING:
    from bot.domain.ledger_entry import JSON
    from bot.usecases.ports.slack import Person
    from tests.usecases.reset_house import House


def record(house: House, request: Request, kind: Kind, who: str = "", **facts: JSON) -> None:
    """Append an entry to a request's stream, rightly sealed and with its index, as who writes the store can."""
    now, team = house.now(request), TEAM if who else ""
    draft = Draft(f"request {request.id}", now.version + 1, str(kind), who, team, facts)
    then = advance(now, [Event(kind, who, team, facts)], house.clock())
    house.store.ledger.append(draft, (), [house.requests.index.follow(then)])


def is_refused(house: House, request: Request, note: str) -> bool:
    """Let the bot try to apply a request; return whether it ended as failed with this note and changed nothing."""
    house.executor.work_off()
    now = house.now(request)
    return (now.stage, now.note) == (Stage.FAILED, note) and set(house.reads().values()) == {BEHIND}


def press(house: House, request: Request, who: Person, fingerprint: str = "", card: str = "") -> CardClick:
    return CardClick(
        house.actor(who), request.id, fingerprint or request.plan.fingerprint, "C0APPROVALS", card or request.id,
        house.click(), {},
    )  # fmt: skip


def test_a_quorum_that_only_the_record_speaks_of_applies_nothing(house: House) -> None:
    request = house.ask()
    house.vote(request, GRACE)
    record(house, request, Kind.QUORUM)

    assert is_refused(house, request, "two different approvers are missing")


def test_a_rule_of_three_that_came_after_two_votes_applies_nothing(house: House) -> None:
    request = house.approved()
    house.reopen(quorum=3)

    house.executor.work_off()

    assert house.now(request).note == "three different approvers are missing"
    assert set(house.reads().values()) == {BEHIND}


def test_a_quorum_without_any_vote_applies_nothing(house: House) -> None:
    request = house.ask()
    record(house, request, Kind.QUORUM)

    assert is_refused(house, request, "two different approvers are missing")


def test_a_vote_that_this_bot_did_not_take_applies_nothing(house: House) -> None:
    request = house.ask()
    house.vote(request, GRACE)
    record(house, request, Kind.VOTED, LINUS.id, fingerprint=request.plan.fingerprint, votes=2, click="forged")
    record(house, request, Kind.QUORUM)

    assert is_refused(
        house,
        request,
        "a vote in its record was not taken by this bot, or its app-level token is a new one: please ask again",
    )


def test_what_was_approved_a_while_ago_is_not_applied_any_more(house: House) -> None:
    request = house.approved()
    house.clock.move(seconds=APPLY_WITHIN.total_seconds() + 1)

    assert is_refused(house, request, "it was approved too long ago")


def test_what_was_approved_just_before_that_is_applied(house: House) -> None:
    request = house.approved()
    house.clock.move(seconds=APPLY_WITHIN.total_seconds() - 1)

    house.executor.work_off()

    assert house.now(request).stage is Stage.APPLIED
    assert set(house.reads().values()) == {RESET}


def test_an_entry_that_was_changed_after_it_was_sealed_stops_the_apply(house: House) -> None:
    request = house.approved()
    change = "UPDATE ledger_entry SET facts = replace(facts, 'stuck since Monday', 'stuck since Friday')"
    house.sql(f"{change} WHERE stream = ? AND version = 1", f"request {request.id}", database="store.db")
    assert house.now(request).reason == "stuck since Friday"

    assert is_refused(house, request, "its ledger entries are not as they were recorded")


def test_a_vote_for_another_plan_stops_the_apply_even_under_the_mark_of_this_one(house: House) -> None:
    request = house.ask()
    house.vote(request, GRACE)
    mark = SIGNET.mark(request.id, request.plan.fingerprint, LINUS.id, TEAM, "click 99")
    record(house, request, Kind.VOTED, LINUS.id, fingerprint="0" * 64, votes=2, click="click 99", mark=mark)
    record(house, request, Kind.QUORUM)

    assert is_refused(house, request, "its ledger entries are not as they were recorded")


@pytest.mark.parametrize("gone", [GRACE, LINUS], ids=lambda person: person.id)
def test_an_approver_who_left_the_list_after_voting_stops_the_apply(house: House, gone: Person) -> None:
    request = house.approved()
    house.people.leave(APPROVERS, gone)

    assert is_refused(house, request, f"an approver no longer may decide ({Reason.NOT_AN_APPROVER})")


def test_a_freeze_between_the_last_vote_and_the_apply_stops_it(house: House) -> None:
    request = house.approved()
    house.freeze_service.freeze(house.actor(MARGARET), "site update", "K1")

    assert is_refused(house, request, str(Reason.FROZEN))
    assert Kind.CLAIMED not in {entry.kind for entry in house.store.ledger.stream(f"request {request.id}")}


def test_a_freeze_that_is_recorded_after_everything_was_proved_stops_the_apply_all_the_same(house: House) -> None:
    request = house.approved()

    def freeze() -> None:
        house.meanwhile = lambda: None
        house.freeze_service.freeze(house.actor(MARGARET), "site update", "K1")

    house.meanwhile = freeze  # the look at what stops resets asks for a freeze first, and for this after it

    assert is_refused(house, request, str(Reason.FROZEN))


class TestAnApproverWhoIsRemovedWhileTheirFormIsOpen:
    """The form was opened by an approver; when it is sent, its sender is none any more."""

    def test_does_not_reject(self, house: House) -> None:
        request = house.ask()
        house.people.leave(APPROVERS, LINUS)

        said = VoteService(house.requests, house.eligibility).reject(
            press(house, request, LINUS), "not during the rollout"
        )

        assert said == Refusal(Reason.NOT_AN_APPROVER)
        assert house.now(request).stage is Stage.PENDING

    def test_does_not_approve(self, house: House) -> None:
        request = house.ask()
        house.people.leave(APPROVERS, LINUS)

        assert VoteService(house.requests, house.eligibility).approve(press(house, request, LINUS)) == Refusal(
            Reason.NOT_AN_APPROVER
        )


class TestAClick:
    """Checked on the server, whatever the button says."""

    def test_on_another_message_counts_nothing(self, house: House) -> None:
        request = house.ask()
        vote_service = VoteService(house.requests, house.eligibility)

        for said in (
            vote_service.approve(press(house, request, GRACE, card="1.0")),
            vote_service.reject(press(house, request, GRACE, card="1.0"), "not during the rollout"),
            vote_service.withdraw(press(house, request, ADA, card="1.0")),
        ):
            assert isinstance(said, Refusal)
            assert said.reason is Reason.FOREIGN_CARD
        assert house.now(request).votes == ()

    def test_for_another_plan_counts_nothing(self, house: House) -> None:
        request = house.ask()

        said = VoteService(house.requests, house.eligibility).approve(press(house, request, GRACE, "0" * 64))

        assert said == Refusal(Reason.OTHER_PLAN)

    def test_while_resets_are_frozen_counts_nothing(self, house: House) -> None:
        request = house.ask()
        house.freeze_service.freeze(house.actor(MARGARET), "site update", "K1")

        assert VoteService(house.requests, house.eligibility).approve(press(house, request, GRACE)) == Refusal(
            Reason.FROZEN
        )

    def test_that_is_delivered_again_counts_once(self, house: House) -> None:
        request = house.ask()
        click = press(house, request, GRACE)
        vote_service = VoteService(house.requests, house.eligibility)
        vote_service.approve(click)

        assert isinstance(vote_service.approve(click), Request)
        assert [vote.user_id for vote in house.now(request).votes] == [GRACE.id]
