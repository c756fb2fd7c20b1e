"""The guided tour: the README's example, played at a readable pace, every step checked.

Each step says in the channel what it does, acts as one of the people, and fails the tour when the answer is not what
the README promises.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.error import HTTPError

from bot.demo.control_client import ControlClient, Message, StepFailed, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

OPS = "#sccm-ops"
APPROVALS = "#sccm-approvals"
AUDIT = "#sccm-audit"
PACE_SECONDS = 1.5


def run_tour(url: str, pace: float = PACE_SECONDS) -> int:
    """Play all steps; return 0, or 1 after saying which step was not as it should be."""
    client = ControlClient(url)
    for number, step in enumerate(STEPS, start=1):
        title = (step.__doc__ or "").strip()
        _print(f"{number}. {title}")
        try:
            client.say("margaret", OPS, f"Tour, step {number}: {title}")
            step(client)
        except (StepFailed, HTTPError) as error:
            _print(f"   not as it should be: {error}")
            return 1
        time.sleep(pace)
    _print("The tour is over; every step was as it should be.")
    return 0


def digest(client: ControlClient) -> None:
    """The daily digest came by itself: what drifted since yesterday, what healed, and two weeks in a chart."""
    said = text_of(_digest(client, "ada"))
    _check(
        all(word in said for word in ("*2* newly drifted", "*5* healed", "data_visualization")), "all of it is there"
    )


def behind_a_count(client: ControlClient) -> None:
    """Grace opens the rows that are newly drifted, for her eyes only."""
    message = _digest(client, "grace")
    shown = next(block["accessory"] for block in message["blocks"] if "newly drifted" in str(block.get("text")))
    client.click("grace", OPS, message, shown["action_id"], shown["value"])
    rows = client.wait("grace", OPS, "the rows", lambda found: "2 newly drifted, worst first" in text_of(found))
    _check(rows["ts"] not in [found["ts"] for found in client.messages("ada", OPS)], "nobody else sees the rows")


def drift_now(client: ControlClient) -> None:
    """Linus asks what has drifted right now."""
    _ask(client, "linus", "drift", "rows have drifted")


def version_table(client: ControlClient) -> None:
    """Ada asks which version of the boot image every distribution point holds."""
    table = _ask(client, "ada", "ps100112", "17 site behind")
    _check("holds *7*, 6 behind" in text_of(table), "the stuck site P02 is shown at 7")


def filtered(client: ControlClient) -> None:
    """Grace looks only at what is behind in New York."""
    table = _ask(client, "grace", "PS100112 behind dp:NYC*", "filter `behind dp:NYC∗`")
    _check("NYC-DP03" in text_of(table), "NYC-DP03 is behind")


def found_by_name(client: ControlClient) -> None:
    """Linus does not know the ID and searches by name."""
    hits = _ask(client, "linus", "find boot image", "with “boot image”")
    client.click("linus", OPS, hits, "status_show")


def csv(client: ControlClient) -> None:
    """Ada wants all rows in a spreadsheet and gets them by direct message."""
    table = client.wait("ada", OPS, "a version table", lambda message: "CSV of all 41 rows" in text_of(message))
    client.click("ada", OPS, table, "status_csv")
    client.wait("ada", "@ada", "the CSV", lambda message: bool(message.get("files")))


def slip(client: ControlClient) -> None:
    """Ada types the letter O for a zero and is told so."""
    _ask(client, "ada", "PS1O0112", "Did you mean `PS100112`?")


def guest(client: ControlClient) -> None:
    """Gus is a guest and is refused, politely and for his eyes only."""
    refusal = _ask(client, "gus", "PS100112", "Guests cannot use")
    seen = [message["ts"] for message in client.messages("ada", OPS)]
    _check(refusal["ts"] not in seen, "nobody else sees the refusal")


def asked(client: ControlClient) -> None:
    """Ada requests a reset of every row that is behind or failed, with a reason."""
    table = _ask(client, "ada", "PS100112", "Request reset")
    client.click("ada", OPS, table, "status_request")
    form = client.form("ada", "request_reset")
    rows = next(block["element"]["options"] for block in form["blocks"] if block.get("block_id") == "rows")
    client.submit("ada", rows=[row["value"] for row in rows], reason="Stuck at 7 for weeks, laptops do not boot.")
    client.wait("ada", "@ada", "where the card is", lambda message: "waits for 2 approvals" in text_of(message))


def own_refused(client: ControlClient) -> None:
    """Ada tries to approve her own request and is refused."""
    _vote(client, "ada", "somebody else has to decide")


def at_home(client: ControlClient) -> None:
    """Grace finds the request at home, beside drift, the next digests and how well the bot sees and tells."""
    client.home("grace", "what waits for her vote", lambda view: "Waiting for your vote (1)" in text_of(view))


def approved(client: ControlClient) -> None:
    """Grace approves, then Linus: two people, neither of them the requester."""
    _vote(client, "grace", "1 of 2")
    _vote(client, "linus", "will be applied now")


def applied(client: ControlClient) -> None:
    """The bot changes the rows once, with a backup, and Distribution Manager brings them back."""
    client.wait("grace", APPROVALS, "the applied card", lambda message: "20 of 20 rows changed" in text_of(message))
    client.wait("ada", "@ada", "that all are back", lambda message: "is done" in text_of(message))
    client.wait("grace", APPROVALS, "the green card", lambda message: "🟢 done" in text_of(message))


def undo_refused(client: ControlClient) -> None:
    """Margaret asks to undo it, but every row has moved on, so nothing is touched."""
    card = _card(client, "margaret")
    client.click("margaret", APPROVALS, card, "request_undo")
    client.wait("margaret", APPROVALS, "that rows moved on", lambda message: "Nothing to undo" in text_of(message))


def trail(client: ControlClient) -> None:
    """The audit channel tells all of it, in order."""
    last = client.wait("margaret", AUDIT, "the refused undo", lambda message: "rows moved on" in text_of(message))
    told = "\n".join(message["text"] for message in client.messages("margaret", AUDIT))
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


def _digest(client: ControlClient, user: str) -> Message:
    return client.wait(user, OPS, "the digest", lambda message: "Digest daily" in text_of(message))


def _card(client: ControlClient, user: str) -> Message:
    return client.wait(user, APPROVALS, "the card", lambda message: "Reset of PS100112" in text_of(message))


def _vote(client: ControlClient, user: str, expected: str) -> None:
    client.click(user, APPROVALS, _card(client, user), "request_approve")
    client.wait(user, APPROVALS, f"“{expected}”", lambda message: expected in text_of(message))


def _ask(client: ControlClient, user: str, text: str, expected: str) -> Message:
    before = {message["ts"] for message in client.messages(user, OPS)}
    acknowledged = client.command(user, OPS, text)
    _check(bool(acknowledged["acked"]), "the command is acknowledged")
    return client.wait(user, OPS, f"“{expected}”", lambda m: m["ts"] not in before and expected in text_of(m))


def _check(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise StepFailed(f"expected that {what}")


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the tour's own voice
