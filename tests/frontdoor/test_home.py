"""App Home through a real bot: what waits for whom, published anew when it changes, and a polite no for guests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.frontdoor.message_content import visible_text
from tests.frontdoor.resets import ask_for, entries, press, refusals

if TYPE_CHECKING:
    from tests.harness import Harness


def home(harness: Harness, user: str) -> str:
    """Return what somebody's Home says now; nothing before it was published."""
    view = harness.query("home", user=user)["view"]
    return visible_text({"blocks": view["blocks"]}) if view else ""


def shows(harness: Harness, user: str, said: str) -> str:
    """Wait until somebody's Home says something, and return all it says."""

    def seen() -> str | None:
        now = home(harness, user)
        return now if said in now else None

    return harness.wait_for(seen)


def test_a_home_shows_whose_turn_it_is_and_follows_what_happens(fresh_harness: Harness) -> None:
    harness = fresh_harness
    harness.start_bot()
    harness.do("open_home", user="grace")
    shows(harness, "grace", "Nothing waits for your vote.")

    card = ask_for(harness, "PS100112 dp:NYC-DP03")

    waiting = shows(harness, "grace", "Waiting for your vote (1)")
    assert "Reset of PS100112 (1 row at PS1) by" in waiting
    link = harness.wait_for(lambda: entries(harness, "card posted"))[0].facts["link"]
    shows(harness, "grace", f"<{link}|card>")

    harness.do("open_home", user="ada")
    mine = shows(harness, "ada", "Your open requests (1)")
    assert "Nothing waits for your vote." in mine
    assert "🟡 waiting for votes" in mine

    press(harness, "grace", card)

    assert "You have no open requests." in shows(harness, "grace", "Nothing waits for your vote.")


def test_a_guest_gets_a_polite_no_that_is_recorded(harness: Harness) -> None:
    harness.do("open_home", user="gus")

    said = shows(harness, "gus", "Guests cannot use this; ask a full member")
    assert "drifted" not in said
    assert ("U000000GUS", "guest") in refusals(harness)
