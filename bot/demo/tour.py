"""The story of the README, played by itself at a readable pace, every step checked.

Each step says in the channel what it does, acts as one of the people, and fails the tour when the answer is not what
the README promises.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.error import HTTPError

from bot.demo.control import Hands, Message, StepFailed, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

OPS = "#sccm-ops"
PACE_SECONDS = 1.5


def guide(url: str, pace: float = PACE_SECONDS) -> int:
    """Play all steps; return 0, or 1 after saying which step was not as it should be."""
    hands = Hands(url)
    for number, step in enumerate(STEPS, start=1):
        title = (step.__doc__ or "").strip()
        _tell(f"{number}. {title}")
        try:
            hands.say("margaret", OPS, f"Tour, step {number}: {title}")
            step(hands)
        except (StepFailed, HTTPError) as error:
            _tell(f"   not as it should be: {error}")
            return 1
        time.sleep(pace)
    _tell("The tour is over; every step was as it should be.")
    return 0


def version_table(hands: Hands) -> None:
    """Ada asks which version of the boot image every distribution point holds."""
    table = _ask(hands, "ada", "ps100112", "17 site behind")
    _check("holds *7*, 6 behind" in text_of(table), "the stuck site P02 is shown at 7")


def filtered(hands: Hands) -> None:
    """Grace looks only at what is behind in New York."""
    table = _ask(hands, "grace", "PS100112 behind dp:NYC*", "filter `behind dp:NYC∗`")
    _check("NYC-DP03" in text_of(table), "NYC-DP03 is behind")


def found_by_name(hands: Hands) -> None:
    """Linus does not know the ID and searches by name."""
    hits = _ask(hands, "linus", "find boot image", "with “boot image”")
    hands.click("linus", OPS, hits, "status_show")


def csv(hands: Hands) -> None:
    """Ada wants all rows in a spreadsheet and gets them by direct message."""
    table = hands.wait("ada", OPS, "a version table", lambda message: "CSV of all 41 rows" in text_of(message))
    hands.click("ada", OPS, table, "status_csv")
    hands.wait("ada", "@ada", "the CSV", lambda message: bool(message.get("files")))


def slip(hands: Hands) -> None:
    """Ada types the letter O for a zero and is told so."""
    _ask(hands, "ada", "PS1O0112", "Did you mean `PS100112`?")


def guest(hands: Hands) -> None:
    """Gus is a guest and is refused, politely and for his eyes only."""
    refusal = _ask(hands, "gus", "PS100112", "Guests cannot read")
    seen = [message["ts"] for message in hands.messages("ada", OPS)]
    _check(refusal["ts"] not in seen, "nobody else sees the refusal")


STEPS: tuple[Callable[[Hands], None], ...] = (version_table, filtered, found_by_name, csv, slip, guest)


def _ask(hands: Hands, user: str, text: str, expected: str) -> Message:
    acknowledged = hands.command(user, OPS, text)
    _check(bool(acknowledged["acked"]), "the command is acknowledged")
    return hands.wait(user, OPS, f"“{expected}”", lambda message: expected in text_of(message))


def _check(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise StepFailed(f"expected that {what}")


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the tour's own voice
