"""App Home through a real bot: what waits for whom, published anew when it changes, and a polite no for guests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.frontdoor.resets import PATIENCE, ask_for, entries, press, refusals
from tests.frontdoor.seen import words

if TYPE_CHECKING:
    from tests.stage import Stage


def home(stage: Stage, user: str) -> str:
    """Return what somebody's Home says now; nothing before it was published."""
    view = stage.look("home", user=user)["view"]
    return words({"blocks": view["blocks"]}) if view else ""


def shows(stage: Stage, user: str, said: str) -> str:
    """Wait until somebody's Home says something, and return all it says."""

    def seen() -> str | None:
        now = home(stage, user)
        return now if said in now else None

    return stage.wait_for(seen, PATIENCE)


def test_a_home_shows_whose_turn_it_is_and_follows_what_happens(fresh_stage: Stage) -> None:
    stage = fresh_stage
    stage.start_bot()
    stage.do("open_home", user="grace")
    shows(stage, "grace", "Nothing waits for your vote.")

    card = ask_for(stage, "PS100112 dp:NYC-DP03")

    waiting = shows(stage, "grace", "Waiting for your vote (1)")
    assert "Reset of PS100112 (1 row at PS1) by" in waiting
    link = stage.wait_for(lambda: entries(stage, "card posted"))[0].facts["link"]
    shows(stage, "grace", f"<{link}|card>")

    stage.do("open_home", user="ada")
    mine = shows(stage, "ada", "Your open requests (1)")
    assert "Nothing waits for your vote." in mine
    assert "🟡 waiting for votes" in mine

    press(stage, "grace", card)

    assert "You have no open requests." in shows(stage, "grace", "Nothing waits for your vote.")


def test_a_guest_gets_a_polite_no_that_is_recorded(stage: Stage) -> None:
    stage.do("open_home", user="gus")

    said = shows(stage, "gus", "Guests cannot use this; ask a full member")
    assert "drifted" not in said
    assert ("U000000GUS", "guest") in refusals(stage)
