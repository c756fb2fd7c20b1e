"""A card that a paused process sends when it wakes shows what was true before it slept: somebody must draw it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.usecases.cards import Cards
from bot.usecases.delivering import Posted
from bot.usecases.request_ports import CARD

if TYPE_CHECKING:
    from bot.domain.request import Request
    from tests.usecases.reset_house import House

APPROVALS = "C0APPROVALS"


def asked_again(house: House, request: Request) -> int:
    """Count how often the card of a request is still to be drawn."""
    return [each.payload for each in house.store.outbox.pending(APPROVALS)].count({CARD: request.id})


@pytest.mark.parametrize(("holds", "more"), [(True, 0), (False, 1)], ids=["nobody else delivers", "taken for dead"])
def test_a_card_that_was_sent_by_a_process_taken_for_dead_is_drawn_again(house: House, holds: bool, more: int) -> None:  # noqa: FBT001 - a parameter
    request = house.approved()
    cards = Cards(
        house.requests,
        house.freezing,
        lambda drawn, _freeze: {"text": drawn.stage},
        lambda drawn, _card: {"text": drawn.id},
        lambda _posted: "",
        lambda: holds,
    )
    letter = cards.letter({CARD: request.id})
    assert letter.replaces == Posted(APPROVALS, request.id)
    house.applying.work_off()
    before = asked_again(house, request)

    letter.sent(letter.replaces)

    assert asked_again(house, request) == before + more
    assert cards.letter({CARD: request.id}).payload == {"text": "applied"}
