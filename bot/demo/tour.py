"""The story of the README, played by itself at a readable pace, every step checked.

Each step says in the channel what it does, acts as one of the people, and fails the tour when the answer is not what
the README promises.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.error import HTTPError

from bot.demo.control import ControlClient, Message, StepFailed, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

OPS = "#sccm-ops"
APPROVALS = "#sccm-approvals"
AUDIT = "#sccm-audit"
PACE_SECONDS = 1.5


def guide(url: str, pace: float = PACE_SECONDS) -> int:
    """Play all steps; return 0, or 1 after saying which step was not as it should be."""
    hands = ControlClient(url)
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


def digest(hands: ControlClient) -> None:
    """The daily digest came by itself: what drifted since yesterday, what healed, and two weeks in a chart."""
    said = text_of(_digest(hands, "ada"))
    _check(
        all(word in said for word in ("*2* newly drifted", "*5* healed", "data_visualization")), "all of it is there"
    )


def behind_a_count(hands: ControlClient) -> None:
    """Grace opens the rows that are newly drifted, for her eyes only."""
    message = _digest(hands, "grace")
    shown = next(block["accessory"] for block in message["blocks"] if "newly drifted" in str(block.get("text")))
    hands.click("grace", OPS, message, shown["action_id"], shown["value"])
    rows = hands.wait("grace", OPS, "the rows", lambda found: "2 newly drifted, worst first" in text_of(found))
    _check(rows["ts"] not in [found["ts"] for found in hands.messages("ada", OPS)], "nobody else sees the rows")


def drift_now(hands: ControlClient) -> None:
    """Linus asks what has drifted right now."""
    _ask(hands, "linus", "drift", "rows have drifted")


def version_table(hands: ControlClient) -> None:
    """Ada asks which version of the boot image every distribution point holds."""
    table = _ask(hands, "ada", "ps100112", "17 site behind")
    _check("holds *7*, 6 behind" in text_of(table), "the stuck site P02 is shown at 7")


def filtered(hands: ControlClient) -> None:
    """Grace looks only at what is behind in New York."""
    table = _ask(hands, "grace", "PS100112 behind dp:NYC*", "filter `behind dp:NYC∗`")
    _check("NYC-DP03" in text_of(table), "NYC-DP03 is behind")


def found_by_name(hands: ControlClient) -> None:
    """Linus does not know the ID and searches by name."""
    hits = _ask(hands, "linus", "find boot image", "with “boot image”")
    hands.click("linus", OPS, hits, "status_show")


def csv(hands: ControlClient) -> None:
    """Ada wants all rows in a spreadsheet and gets them by direct message."""
    table = hands.wait("ada", OPS, "a version table", lambda message: "CSV of all 41 rows" in text_of(message))
    hands.click("ada", OPS, table, "status_csv")
    hands.wait("ada", "@ada", "the CSV", lambda message: bool(message.get("files")))


def slip(hands: ControlClient) -> None:
    """Ada types the letter O for a zero and is told so."""
    _ask(hands, "ada", "PS1O0112", "Did you mean `PS100112`?")


def guest(hands: ControlClient) -> None:
    """Gus is a guest and is refused, politely and for his eyes only."""
    refusal = _ask(hands, "gus", "PS100112", "Guests cannot use")
    seen = [message["ts"] for message in hands.messages("ada", OPS)]
    _check(refusal["ts"] not in seen, "nobody else sees the refusal")


def asked(hands: ControlClient) -> None:
    """Ada requests a reset of every row that is behind or failed, with a reason."""
    table = _ask(hands, "ada", "PS100112", "Request reset")
    hands.click("ada", OPS, table, "status_request")
    form = hands.form("ada", "request_reset")
    rows = next(block["element"]["options"] for block in form["blocks"] if block.get("block_id") == "rows")
    hands.submit("ada", rows=[row["value"] for row in rows], reason="Stuck at 7 for weeks, laptops do not boot.")
    hands.wait("ada", "@ada", "where the card is", lambda message: "waits for 2 approvals" in text_of(message))


def own_refused(hands: ControlClient) -> None:
    """Ada tries to approve her own request and is refused."""
    _vote(hands, "ada", "somebody else has to decide")


def at_home(hands: ControlClient) -> None:
    """Grace finds the request at home, beside drift, the next digests and how well the bot sees and tells."""
    hands.home("grace", "what waits for her vote", lambda view: "Waiting for your vote (1)" in text_of(view))


def approved(hands: ControlClient) -> None:
    """Grace approves, then Linus: two people, neither of them the requester."""
    _vote(hands, "grace", "1 of 2")
    _vote(hands, "linus", "will be applied now")


def applied(hands: ControlClient) -> None:
    """The bot changes the rows once, with a backup, and Distribution Manager brings them back."""
    hands.wait("grace", APPROVALS, "the applied card", lambda message: "20 of 20 rows changed" in text_of(message))
    hands.wait("ada", "@ada", "that all are back", lambda message: "is done" in text_of(message))
    hands.wait("grace", APPROVALS, "the green card", lambda message: "🟢 done" in text_of(message))


def undo_refused(hands: ControlClient) -> None:
    """Margaret asks to undo it, but every row has moved on, so nothing is touched."""
    card = _card(hands, "margaret")
    hands.click("margaret", APPROVALS, card, "request_undo")
    hands.wait("margaret", APPROVALS, "that rows moved on", lambda message: "Nothing to undo" in text_of(message))


def trail(hands: ControlClient) -> None:
    """The audit channel tells all of it, in order."""
    last = hands.wait("margaret", AUDIT, "the refused undo", lambda message: "rows moved on" in text_of(message))
    told = "\n".join(message["text"] for message in hands.messages("margaret", AUDIT))
    numbers = [int(number) for number in re.findall(r"^#(\d+) ", told, re.MULTILINE)]
    _check(numbers == sorted(numbers) and bool(last), "the lines are in order")
    _check(all(word in told for word in ("requested", "approved", "applied", "converged")), "every step is there")


STEPS: tuple[Callable[[ControlClient], None], ...] = (
    digest,
    behind_a_count,
    drift_now,
    version_table,
    filtered,
    found_by_name,
    csv,
    slip,
    guest,
    asked,
    own_refused,
    at_home,
    approved,
    applied,
    undo_refused,
    trail,
)


def _digest(hands: ControlClient, user: str) -> Message:
    return hands.wait(user, OPS, "the digest", lambda message: "Digest daily" in text_of(message))


def _card(hands: ControlClient, user: str) -> Message:
    return hands.wait(user, APPROVALS, "the card", lambda message: "Reset of PS100112" in text_of(message))


def _vote(hands: ControlClient, user: str, expected: str) -> None:
    hands.click(user, APPROVALS, _card(hands, user), "request_approve")
    hands.wait(user, APPROVALS, f"“{expected}”", lambda message: expected in text_of(message))


def _ask(hands: ControlClient, user: str, text: str, expected: str) -> Message:
    before = {message["ts"] for message in hands.messages(user, OPS)}
    acknowledged = hands.command(user, OPS, text)
    _check(bool(acknowledged["acked"]), "the command is acknowledged")
    return hands.wait(user, OPS, f"“{expected}”", lambda m: m["ts"] not in before and expected in text_of(m))


def _check(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise StepFailed(f"expected that {what}")


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the tour's own voice
