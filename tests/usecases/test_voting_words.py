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
from bot.usecases.resets.voting import JUST_NOW, CardClick, Reading, VoteService
from tests.fakes import ADA, GRACE, LINUS, TEAM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.request import Freeze
    from bot.usecases.ports.slack import Person
    from tests.usecases.reset_house import House


def face(request: Request, freeze: Freeze | None = None) -> Mapping[str, Any]:
    """Draw a card in this test's own way."""
    return {"text": f"{request.id} {len(request.votes)} {freeze.why if freeze else ''}"}


def bare(request: Request, freeze: Freeze | None = None) -> Mapping[str, Any]:
    """Draw the same as a Slack gives it back that keeps tables to itself."""
    return {**face(request, freeze), "rows": None}


def dispatcher(house: House) -> VoteService:
    def read(shown: Mapping[str, Any], request: Request, freeze: Freeze | None) -> Reading:
        if shown == face(request, freeze):
            return Reading.SAME
        return Reading.WITHOUT_ROWS if shown == bare(request, freeze) else Reading.OTHER

    return VoteService(house.requests, house.eligibility, read)


def press(house: House, request: Request, who: Person, shown: Mapping[str, Any] | None) -> CardClick:
    plan = request.plan.fingerprint
    return CardClick(house.actor(who), request.id, plan, "C0APPROVALS", request.id, house.click(), shown)


def redraws(house: House, request: Request) -> int:
    """Count how often the card is still to be drawn."""
    return [each.payload for each in house.store.outbox.pending("C0APPROVALS")].count({CARD: request.id})


def test_a_vote_on_other_words_is_no_vote_and_the_card_is_drawn_anew(house: House) -> None:
    request = house.ask()
    before = redraws(house, request)

    for who in (GRACE, LINUS):
        assert dispatcher(house).approve(press(house, request, who, {"text": "1 row"})) == Refusal(Reason.CARD_ALTERED)

    assert house.now(request).votes == ()
    assert redraws(house, request) == before + 2


def test_two_who_press_on_the_same_drawing_both_count(house: House) -> None:
    request = house.ask()
    shown = face(request)

    for who in (GRACE, LINUS):
        assert isinstance(dispatcher(house).approve(press(house, request, who, shown)), Request)


def test_a_drawing_of_a_while_ago_is_to_be_looked_at_again(house: House) -> None:
    request = house.ask()
    shown = face(request)
    house.vote(request, GRACE)
    house.clock.move(seconds=JUST_NOW.total_seconds() + 1)

    assert dispatcher(house).approve(press(house, request, LINUS, shown)) == Refusal(Reason.CARD_CHANGED)
    assert isinstance(dispatcher(house).approve(press(house, request, LINUS, face(house.now(request)))), Request)


def test_a_card_that_still_shows_a_freeze_just_lifted_takes_votes(house: House) -> None:
    request = house.ask()
    house.freeze_service.freeze(house.actor(GRACE), "look first", "1")
    shown = face(request, house.freeze_service.now())
    house.freeze_service.unfreeze(house.actor(GRACE), "2")

    assert isinstance(dispatcher(house).approve(press(house, request, GRACE, shown)), Request)
    house.clock.move(seconds=JUST_NOW.total_seconds() + 1)
    assert dispatcher(house).approve(press(house, request, LINUS, shown)) == Refusal(Reason.CARD_CHANGED)


def test_the_lifted_freeze_of_somebody_else_is_no_drawing(house: House) -> None:
    """Its reason is what somebody wrote into the store, and stands on the card."""
    request = house.ask()
    words = {"reason_given": "only a rehearsal, press when it is over"}
    house.store.ledger.append(Draft(STREAM, None, FROZE, GRACE.id, TEAM, words))
    shown = face(request, house.freeze_service.now())
    house.freeze_service.unfreeze(house.actor(GRACE), "1")

    assert dispatcher(house).approve(press(house, request, GRACE, shown)) == Refusal(Reason.CARD_ALTERED)


@pytest.mark.parametrize("who", [GRACE, ADA])
def test_a_press_of_which_slack_does_not_say_what_was_seen_counts_nowhere(house: House, who: Person) -> None:
    request = house.ask()
    pressed = press(house, request, who, None)

    for action in (
        (dispatcher(house).withdraw,) if who is ADA else (dispatcher(house).approve, dispatcher(house).check_words)
    ):
        assert action(pressed) == Refusal(Reason.CARD_NOT_SENT)
    assert house.now(request).votes == ()
    assert house.now(request).stage is Stage.PENDING


def test_a_vote_on_a_card_whose_rows_did_not_come_back_is_no_vote_and_the_card_is_drawn_with_others(
    house: House,
) -> None:
    request = house.ask()
    before = redraws(house, request)
    assert not house.requests.are_rows_withheld(request.id)

    assert dispatcher(house).approve(press(house, request, GRACE, bare(request))) == Refusal(Reason.ROWS_WITHHELD)

    assert house.now(request).votes == ()
    assert redraws(house, request) == before + 1
    assert house.requests.are_rows_withheld(request.id)


def test_nothing_that_happens_to_an_open_request_changes_what_is_decided(house: House) -> None:
    """So of an earlier drawing only the votes can be out of date."""
    request = house.ask()
    house.clock.move(seconds=2 * 3600 + 1)
    house.watcher.tick()
    house.vote(request, GRACE)
    now = house.now(request)
    assert now.reminded
    assert len(now.votes) == 1

    earlier = [before for before, _ in house.requests.before(request.id)]

    assert len(earlier) == 2
    assert {opening(before) == opening(now) for before in earlier} == {True}
    assert [
        replace(before, votes=now.votes, reminded=True, version=now.version, cause=now.cause) for before in earlier
    ] == [
        now,
        now,
    ]


def test_a_withdrawal_on_other_words_is_refused(house: House) -> None:
    request = house.ask()

    assert dispatcher(house).withdraw(press(house, request, ADA, {"text": "1 row"})) == Refusal(Reason.CARD_ALTERED)
    assert dispatcher(house).check_words(press(house, request, GRACE, {"text": "1 row"})) == Refusal(
        Reason.CARD_ALTERED
    )


def test_a_decided_request_says_so_whatever_its_card_says(house: House) -> None:
    request = house.approved()

    said = dispatcher(house).approve(press(house, request, LINUS, {"text": "1 row"}))

    assert said == Refusal(Reason.DECIDED_ALREADY)
