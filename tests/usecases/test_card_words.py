"""Votes count on the words that people saw: a card as it is drawn now, or was just before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Request
from bot.usecases.approving import JUST_NOW, Approving, Click
from bot.usecases.request_ports import CARD
from tests.fakes import ADA, GRACE, LINUS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.request import Freeze
    from bot.usecases.ports import Person
    from tests.usecases.reset_house import House


def face(request: Request, freeze: Freeze | None = None) -> Mapping[str, Any]:
    """Draw a card in this test's own way."""
    return {"text": f"{request.id} {len(request.votes)} {freeze.why if freeze else ''}"}


def desk(house: House) -> Approving:
    return Approving(house.requests, house.standing, lambda shown, request, freeze: shown == face(request, freeze))


def press(house: House, request: Request, who: Person, shown: Mapping[str, Any] | None) -> Click:
    plan = request.plan.fingerprint
    return Click(house.actor(who), request.id, plan, "C0APPROVALS", request.id, house.click(), shown)


def redraws(house: House, request: Request) -> int:
    """Count how often the card is still to be drawn."""
    return [each.payload for each in house.store.outbox.pending("C0APPROVALS")].count({CARD: request.id})


def test_a_vote_on_other_words_is_no_vote_and_the_card_is_drawn_anew(house: House) -> None:
    request = house.ask()
    before = redraws(house, request)

    for who in (GRACE, LINUS):
        assert desk(house).approve(press(house, request, who, {"text": "1 row"})) == Refusal(Reason.CARD_ALTERED)

    assert house.now(request).votes == ()
    assert redraws(house, request) == before + 2


def test_two_who_press_on_the_same_drawing_both_count(house: House) -> None:
    request = house.ask()
    shown = face(request)

    for who in (GRACE, LINUS):
        assert isinstance(desk(house).approve(press(house, request, who, shown)), Request)


def test_a_drawing_of_a_while_ago_is_to_be_looked_at_again(house: House) -> None:
    request = house.ask()
    shown = face(request)
    house.vote(request, GRACE)
    house.clock.move(seconds=JUST_NOW.total_seconds() + 1)

    assert desk(house).approve(press(house, request, LINUS, shown)) == Refusal(Reason.CARD_CHANGED)
    assert isinstance(desk(house).approve(press(house, request, LINUS, face(house.now(request)))), Request)


def test_a_card_that_still_shows_a_freeze_just_lifted_takes_votes(house: House) -> None:
    request = house.ask()
    house.freezing.freeze(house.actor(GRACE), "look first", "1")
    shown = face(request, house.freezing.now())
    house.freezing.unfreeze(house.actor(GRACE), "2")

    assert isinstance(desk(house).approve(press(house, request, GRACE, shown)), Request)
    house.clock.move(seconds=JUST_NOW.total_seconds() + 1)
    assert desk(house).approve(press(house, request, LINUS, shown)) == Refusal(Reason.CARD_CHANGED)


def test_a_withdrawal_on_other_words_is_refused(house: House) -> None:
    request = house.ask()

    assert desk(house).withdraw(press(house, request, ADA, {"text": "1 row"})) == Refusal(Reason.CARD_ALTERED)
    assert desk(house).check_words(press(house, request, GRACE, {"text": "1 row"})) == Refusal(Reason.CARD_ALTERED)


def test_a_decided_request_says_so_whatever_its_card_says(house: House) -> None:
    request = house.approved()

    said = desk(house).approve(press(house, request, LINUS, {"text": "1 row"}))

    assert said == Refusal(Reason.DECIDED_ALREADY)
