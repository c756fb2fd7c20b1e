"""The brake: whoever lets resets go on lifts what they knew of, and nothing that came after they asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.usecases.resets.freeze import moves
from tests.fakes import GRACE, LINUS

if TYPE_CHECKING:
    from tests.usecases.reset_harness import ResetHarness


def test_an_unfreeze_lifts_no_freeze_that_came_after_it_was_asked_for(harness: ResetHarness) -> None:
    harness.freeze_service.freeze(harness.actor(GRACE), "first", "1")
    known = moves(harness.store.ledger)
    harness.freeze_service.freeze(harness.actor(LINUS), "second", "2")

    later = harness.freeze_service.unfreeze(harness.actor(GRACE), "3", known)

    assert later
    assert (later.user_id, later.why) == (LINUS.id, "second")
    assert harness.freeze_service.now() == later


def test_an_unfreeze_lifts_every_freeze_that_was_there_when_it_was_asked_for(harness: ResetHarness) -> None:
    for number in (1, 2):
        harness.freeze_service.freeze(harness.actor(GRACE), "look first", f"{number}")
    known = moves(harness.store.ledger)

    assert harness.freeze_service.unfreeze(harness.actor(GRACE), "3", known) is None
    assert harness.freeze_service.now() is None


def test_of_two_unfreezes_the_second_finds_nothing_to_keep(harness: ResetHarness) -> None:
    harness.freeze_service.freeze(harness.actor(GRACE), "look first", "1")
    known = moves(harness.store.ledger)

    assert harness.freeze_service.unfreeze(harness.actor(GRACE), "2", known) is None
    assert harness.freeze_service.unfreeze(harness.actor(LINUS), "3", known) is None
    assert harness.freeze_service.now() is None


def test_an_unfreeze_that_was_done_stays_done_when_it_comes_again_behind_a_freeze(harness: ResetHarness) -> None:
    harness.freeze_service.freeze(harness.actor(GRACE), "first", "1")
    known = moves(harness.store.ledger)
    harness.freeze_service.unfreeze(harness.actor(GRACE), "2", known)
    harness.freeze_service.freeze(harness.actor(LINUS), "second", "3")

    assert harness.freeze_service.unfreeze(harness.actor(GRACE), "2", known) is None
    assert harness.freeze_service.now()
