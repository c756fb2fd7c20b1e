"""What is proved again between the last vote and the apply: each of these rules alone stops a reset."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.domain.ledger_entry import Draft
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Event, Kind, Request, Stage, advance
from bot.usecases.resets.voting import CardClick, VoteService
from tests.builders import SIGNER
from tests.fakes import ADA, APPROVERS, GRACE, LINUS, MARGARET, TEAM
from tests.usecases.reset_harness import BEHIND, RESET

if TYPE_CHECKING:
    from bot.domain.ledger_entry import JSON
    from bot.usecases.ports.slack import Person
    from tests.usecases.reset_harness import ResetHarness


def record(harness: ResetHarness, request: Request, kind: Kind, who: str = "", **facts: JSON) -> None:
    """Append an entry to a request's stream, rightly sealed and with its index, as who writes the store can."""
    now, team = harness.now(request), TEAM if who else ""
    draft = Draft(f"request {request.id}", now.version + 1, str(kind), who, team, facts)
    then = advance(now, [Event(kind, who, team, facts)], harness.clock())
    harness.store.ledger.append(draft, (), [harness.requests.index.follow(then)])


def is_refused(harness: ResetHarness, request: Request, note: str) -> bool:
    """Let the bot try to apply a request; return whether it ended as failed with this note and changed nothing."""
    harness.executor.run_pending()
    now = harness.now(request)
    return (now.stage, now.note) == (Stage.FAILED, note) and set(harness.reads().values()) == {BEHIND}


def press(harness: ResetHarness, request: Request, who: Person, fingerprint: str = "", card: str = "") -> CardClick:
    return CardClick(
        harness.actor(who), request.id, fingerprint or request.plan.fingerprint, "C0APPROVALS", card or request.id,
        harness.click(), {},
    )  # fmt: skip


def test_a_quorum_that_only_the_record_speaks_of_applies_nothing(harness: ResetHarness) -> None:
    request = harness.ask()
    harness.vote(request, GRACE)
    record(harness, request, Kind.QUORUM)

    assert is_refused(harness, request, "two different approvers are missing")


def test_a_rule_of_three_that_came_after_two_votes_applies_nothing(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.reopen(quorum=3)

    harness.executor.run_pending()

    assert harness.now(request).note == "three different approvers are missing"
    assert set(harness.reads().values()) == {BEHIND}


def test_two_votes_that_turn_out_to_be_of_one_person_apply_nothing(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.people.also_known_as(LINUS.id, GRACE)

    assert is_refused(harness, request, "two different approvers are missing")


def test_a_quorum_without_any_vote_applies_nothing(harness: ResetHarness) -> None:
    request = harness.ask()
    record(harness, request, Kind.QUORUM)

    assert is_refused(harness, request, "two different approvers are missing")


def test_a_vote_that_this_bot_did_not_take_applies_nothing(harness: ResetHarness) -> None:
    request = harness.ask()
    harness.vote(request, GRACE)
    record(harness, request, Kind.VOTED, LINUS.id, fingerprint=request.plan.fingerprint, votes=2, click="forged")
    record(harness, request, Kind.QUORUM)

    assert is_refused(
        harness,
        request,
        "a vote in its record was not taken by this bot, or its app-level token is a new one: please ask again",
    )


def test_what_was_approved_more_than_fifteen_minutes_ago_is_not_applied_any_more(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.clock.move(minutes=15, seconds=1)

    assert is_refused(harness, request, "it was approved too long ago")


def test_what_was_approved_just_before_that_is_applied(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.clock.move(minutes=14, seconds=59)

    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.APPLIED
    assert set(harness.reads().values()) == {RESET}


def test_an_entry_that_was_changed_after_it_was_sealed_stops_the_apply(harness: ResetHarness) -> None:
    request = harness.approved()
    change = "UPDATE ledger_entry SET facts = replace(facts, 'stuck since Monday', 'stuck since Friday')"
    harness.sql(f"{change} WHERE stream = ? AND version = 1", f"request {request.id}", database="store.db")
    assert harness.now(request).reason == "stuck since Friday"

    assert is_refused(harness, request, "its ledger entries are not as they were recorded")


def test_a_vote_for_another_plan_stops_the_apply_even_under_the_mark_of_this_one(harness: ResetHarness) -> None:
    request = harness.ask()
    harness.vote(request, GRACE)
    mark = SIGNER.sign(request.id, request.plan.fingerprint, LINUS.id, TEAM, "click 99")
    record(harness, request, Kind.VOTED, LINUS.id, fingerprint="0" * 64, votes=2, click="click 99", mark=mark)
    record(harness, request, Kind.QUORUM)

    assert is_refused(harness, request, "its ledger entries are not as they were recorded")


@pytest.mark.parametrize("gone", [GRACE, LINUS], ids=lambda person: person.id)
def test_an_approver_who_left_the_list_after_voting_stops_the_apply(harness: ResetHarness, gone: Person) -> None:
    request = harness.approved()
    harness.people.leave(APPROVERS, gone)

    assert is_refused(harness, request, f"an approver no longer may decide ({Reason.NOT_AN_APPROVER})")


def test_a_freeze_between_the_last_vote_and_the_apply_stops_it(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.freeze_service.freeze(harness.actor(MARGARET), "site update", "K1")

    assert is_refused(harness, request, str(Reason.FROZEN))
    assert Kind.CLAIMED not in {entry.kind for entry in harness.store.ledger.stream(f"request {request.id}")}


def test_a_freeze_that_is_recorded_after_everything_was_proved_stops_the_apply_all_the_same(
    harness: ResetHarness,
) -> None:
    request = harness.approved()

    def freeze() -> None:
        harness.meanwhile = lambda: None
        harness.freeze_service.freeze(harness.actor(MARGARET), "site update", "K1")

    harness.meanwhile = freeze  # the look at what stops resets asks for a freeze first, and for this after it

    assert is_refused(harness, request, str(Reason.FROZEN))


@pytest.mark.parametrize(
    ("lag", "expected"),
    [
        pytest.param(timedelta(minutes=61), Refusal(Reason.AUDIT_BEHIND), id="behind"),
        pytest.param(timedelta(minutes=59), None, id="nearly behind"),
        pytest.param(timedelta(seconds=-30), None, id="two clocks that differ a little"),
        pytest.param(timedelta(days=-365), Refusal(Reason.AUDIT_BEHIND), id="recorded by a clock that was ahead"),
    ],
)
def test_resets_stop_while_the_audit_channel_is_behind_or_nobody_can_tell(
    harness: ResetHarness, lag: timedelta, expected: Refusal | None
) -> None:
    assert replace(harness.eligibility, audit_lag=lambda: lag).blocked_by() == expected


class TestAnApproverWhoIsRemovedWhileTheirFormIsOpen:
    """The form was opened by an approver; when it is sent, its sender is none any more."""

    def test_does_not_reject(self, harness: ResetHarness) -> None:
        request = harness.ask()
        harness.people.leave(APPROVERS, LINUS)

        said = VoteService(harness.requests, harness.eligibility).reject(
            press(harness, request, LINUS), "not during the rollout"
        )

        assert said == Refusal(Reason.NOT_AN_APPROVER)
        assert harness.now(request).stage is Stage.PENDING

    def test_does_not_approve(self, harness: ResetHarness) -> None:
        request = harness.ask()
        harness.people.leave(APPROVERS, LINUS)

        assert VoteService(harness.requests, harness.eligibility).approve(press(harness, request, LINUS)) == Refusal(
            Reason.NOT_AN_APPROVER
        )


class TestAClick:
    """Checked on the server, whatever the button says."""

    def test_on_another_message_counts_nothing(self, harness: ResetHarness) -> None:
        request = harness.ask()
        vote_service = VoteService(harness.requests, harness.eligibility)

        for said in (
            vote_service.approve(press(harness, request, GRACE, card="1.0")),
            vote_service.reject(press(harness, request, GRACE, card="1.0"), "not during the rollout"),
            vote_service.withdraw(press(harness, request, ADA, card="1.0")),
        ):
            assert isinstance(said, Refusal)
            assert said.reason is Reason.FOREIGN_CARD
        assert harness.now(request).votes == ()

    def test_for_another_plan_counts_nothing(self, harness: ResetHarness) -> None:
        request = harness.ask()

        said = VoteService(harness.requests, harness.eligibility).approve(press(harness, request, GRACE, "0" * 64))

        assert said == Refusal(Reason.OTHER_PLAN)

    def test_while_resets_are_frozen_counts_nothing(self, harness: ResetHarness) -> None:
        request = harness.ask()
        harness.freeze_service.freeze(harness.actor(MARGARET), "site update", "K1")

        assert VoteService(harness.requests, harness.eligibility).approve(press(harness, request, GRACE)) == Refusal(
            Reason.FROZEN
        )

    def test_that_is_delivered_again_counts_once(self, harness: ResetHarness) -> None:
        request = harness.ask()
        click = press(harness, request, GRACE)
        vote_service = VoteService(harness.requests, harness.eligibility)
        vote_service.approve(click)

        assert isinstance(vote_service.approve(click), Request)
        assert [vote.user_id for vote in harness.now(request).votes] == [GRACE.id]
