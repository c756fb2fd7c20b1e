"""The brake: whoever lets resets go on lifts what they knew of, and nothing that came after they asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.usecases.resets.freeze import moves
from tests.fakes import GRACE, LINUS

if TYPE_CHECKING:
    from tests.usecases.reset_house import House


def test_an_unfreeze_lifts_no_freeze_that_came_after_it_was_asked_for(house: House) -> None:
    house.freeze_service.freeze(house.actor(GRACE), "first", "1")
    known = moves(house.store.ledger)
    house.freeze_service.freeze(house.actor(LINUS), "second", "2")

    later = house.freeze_service.unfreeze(house.actor(GRACE), "3", known)

    assert later
    assert (later.user_id, later.why) == (LINUS.id, "second")
    assert house.freeze_service.now() == later


def test_an_unfreeze_lifts_every_freeze_that_was_there_when_it_was_asked_for(house: House) -> None:
    for number in (1, 2):
        house.freeze_service.freeze(house.actor(GRACE), "look first", f"{number}")
    known = moves(house.store.ledger)

    assert house.freeze_service.unfreeze(house.actor(GRACE), "3", known) is None
    assert house.freeze_service.now() is None


def test_of_two_unfreezes_the_second_finds_nothing_to_keep(house: House) -> None:
    house.freeze_service.freeze(house.actor(GRACE), "look first", "1")
    known = moves(house.store.ledger)

    assert house.freeze_service.unfreeze(house.actor(GRACE), "2", known) is None
    assert house.freeze_service.unfreeze(house.actor(LINUS), "3", known) is None
    assert house.freeze_service.now() is None


def test_an_unfreeze_that_was_done_stays_done_when_it_comes_again_behind_a_freeze(house: House) -> None:
    house.freeze_service.freeze(house.actor(GRACE), "first", "1")
    known = moves(house.store.ledger)
    house.freeze_service.unfreeze(house.actor(GRACE), "2", known)
    house.freeze_service.freeze(house.actor(LINUS), "second", "3")

    assert house.freeze_service.unfreeze(house.actor(GRACE), "2", known) is None
    assert house.freeze_service.now()
