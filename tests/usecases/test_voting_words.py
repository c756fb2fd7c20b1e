"""Votes count on the words that people saw: a card as it is drawn now, or was just before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.ledger_entry import Draft
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Request, Stage, opening
from bot.usecases.ports.store import CARD
from bot.usecases.resets.freeze import FROZE, STREAM
from bot.usecases.resets.voting import REDRAW_GRACE, CardClick, Reading, VoteService
from tests.fakes import ADA, GRACE, LINUS, TEAM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.request import Freeze
    from bot.usecases.ports.slack import Person
    from tests.usecases.reset_harness import ResetHarness


def face(request: Request, freeze: Freeze | None = None) -> Mapping[str, Any]:
    """Draw a card in this test's own way."""
    return {"text": f"{request.id} {len(request.votes)} {freeze.why if freeze else ''}"}


def bare(request: Request, freeze: Freeze | None = None) -> Mapping[str, Any]:
    """Draw the same as a Slack gives it back that keeps tables to itself."""
    return {**face(request, freeze), "rows": None}


def dispatcher(harness: ResetHarness) -> VoteService:
    def read(shown: Mapping[str, Any], request: Request, freeze: Freeze | None) -> Reading:
        if shown == face(request, freeze):
            return Reading.SAME
        return Reading.WITHOUT_ROWS if shown == bare(request, freeze) else Reading.OTHER

    return VoteService(harness.requests, harness.eligibility, read)


def press(harness: ResetHarness, request: Request, who: Person, shown: Mapping[str, Any] | None) -> CardClick:
    plan = request.plan.fingerprint
    return CardClick(harness.actor(who), request.id, plan, "C0APPROVALS", request.id, harness.click(), shown)


def redraws(harness: ResetHarness, request: Request) -> int:
    """Count how often the card is still to be drawn."""
    return [each.payload for each in harness.store.outbox.pending("C0APPROVALS")].count({CARD: request.id})


def test_a_vote_on_other_words_is_no_vote_and_the_card_is_drawn_anew(harness: ResetHarness) -> None:
    request = harness.ask()
    before = redraws(harness, request)

    for who in (GRACE, LINUS):
        assert dispatcher(harness).approve(press(harness, request, who, {"text": "1 row"})) == Refusal(
            Reason.CARD_ALTERED
        )

    assert harness.now(request).votes == ()
    assert redraws(harness, request) == before + 2


def test_two_who_press_on_the_same_drawing_both_count(harness: ResetHarness) -> None:
    request = harness.ask()
    shown = face(request)

    for who in (GRACE, LINUS):
        assert isinstance(dispatcher(harness).approve(press(harness, request, who, shown)), Request)


def test_a_drawing_of_a_while_ago_is_to_be_looked_at_again(harness: ResetHarness) -> None:
    request = harness.ask()
    shown = face(request)
    harness.vote(request, GRACE)
    harness.clock.move(seconds=REDRAW_GRACE.total_seconds() + 1)

    assert dispatcher(harness).approve(press(harness, request, LINUS, shown)) == Refusal(Reason.CARD_CHANGED)
    assert isinstance(dispatcher(harness).approve(press(harness, request, LINUS, face(harness.now(request)))), Request)


def test_a_card_that_still_shows_a_freeze_just_lifted_takes_votes(harness: ResetHarness) -> None:
    request = harness.ask()
    harness.freeze_service.freeze(harness.actor(GRACE), "look first", "1")
    shown = face(request, harness.freeze_service.now())
    harness.freeze_service.unfreeze(harness.actor(GRACE), "2")

    assert isinstance(dispatcher(harness).approve(press(harness, request, GRACE, shown)), Request)
    harness.clock.move(seconds=REDRAW_GRACE.total_seconds() + 1)
    assert dispatcher(harness).approve(press(harness, request, LINUS, shown)) == Refusal(Reason.CARD_CHANGED)


def test_the_lifted_freeze_of_somebody_else_is_no_drawing(harness: ResetHarness) -> None:
    """Its reason is what somebody wrote into the store, and stands on the card."""
    request = harness.ask()
    words = {"reason_given": "only a rehearsal, press when it is over"}
    harness.store.ledger.append(Draft(STREAM, None, FROZE, GRACE.id, TEAM, words))
    shown = face(request, harness.freeze_service.now())
    harness.freeze_service.unfreeze(harness.actor(GRACE), "1")

    assert dispatcher(harness).approve(press(harness, request, GRACE, shown)) == Refusal(Reason.CARD_ALTERED)


@pytest.mark.parametrize("who", [GRACE, ADA])
def test_a_press_of_which_slack_does_not_say_what_was_seen_counts_nowhere(harness: ResetHarness, who: Person) -> None:
    request = harness.ask()
    pressed = press(harness, request, who, None)

    for action in (
        (dispatcher(harness).withdraw,)
        if who is ADA
        else (dispatcher(harness).approve, dispatcher(harness).check_words)
    ):
        assert action(pressed) == Refusal(Reason.CARD_NOT_SENT)
    assert harness.now(request).votes == ()
    assert harness.now(request).stage is Stage.PENDING


def test_a_vote_on_a_card_whose_rows_did_not_come_back_is_no_vote_and_the_card_is_drawn_with_others(
    harness: ResetHarness,
) -> None:
    request = harness.ask()
    before = redraws(harness, request)
    assert not harness.requests.are_rows_withheld(request.id)

    assert dispatcher(harness).approve(press(harness, request, GRACE, bare(request))) == Refusal(Reason.ROWS_WITHHELD)

    assert harness.now(request).votes == ()
    assert redraws(harness, request) == before + 1
    assert harness.requests.are_rows_withheld(request.id)


def test_nothing_that_happens_to_an_open_request_changes_what_is_decided(harness: ResetHarness) -> None:
    """So of an earlier drawing only the votes can be out of date."""
    request = harness.ask()
    harness.clock.move(seconds=2 * 3600 + 1)
    harness.watcher.tick()
    harness.vote(request, GRACE)
    now = harness.now(request)
    assert now.reminded
    assert len(now.votes) == 1

    earlier = [before for before, _ in harness.requests.before(request.id)]

    assert len(earlier) == 2
    assert {opening(before) == opening(now) for before in earlier} == {True}
    assert [
        replace(before, votes=now.votes, reminded=True, version=now.version, cause=now.cause) for before in earlier
    ] == [
        now,
        now,
    ]


def test_a_withdrawal_on_other_words_is_refused(harness: ResetHarness) -> None:
    request = harness.ask()

    assert dispatcher(harness).withdraw(press(harness, request, ADA, {"text": "1 row"})) == Refusal(Reason.CARD_ALTERED)
    assert dispatcher(harness).check_words(press(harness, request, GRACE, {"text": "1 row"})) == Refusal(
        Reason.CARD_ALTERED
    )


def test_a_decided_request_says_so_whatever_its_card_says(harness: ResetHarness) -> None:
    request = harness.approved()

    said = dispatcher(harness).approve(press(harness, request, LINUS, {"text": "1 row"}))

    assert said == Refusal(Reason.DECIDED_ALREADY)
