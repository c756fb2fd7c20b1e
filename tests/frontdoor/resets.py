"""What people do about resets in the workspace, and what the store and the site say of it afterwards."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from bot.dbapi import Database
from tests.frontdoor.message_content import buttons, visible_text
from tests.harness import RELAXED_TIMING

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from tests.harness import Harness, Json

APPROVALS, AUDIT = "#sccm-approvals", "#sccm-audit"
REQUEST, APPROVE, REJECT = "status_request", "request_approve", "request_reject"
WITHDRAW, PLAN, UNDO, AGAIN = "request_withdraw", "request_plan", "request_undo", "request_again"
WHY = "stuck at 7 for weeks, laptops do not boot"
PATIENCE = 90
"""Seconds; the relay sends one message a second to a channel, and the machine may be busy."""


FAST_TIMING = replace(RELAXED_TIMING, minute_s=2)
"""Slack lets the bot ask for a user group twenty times a minute; a test asks for more."""


@dataclass(frozen=True)
class Entry:
    """A line of the ledger."""

    stream: str
    kind: str
    user: str
    facts: Json


def form(harness: Harness, user: str, text: str) -> Json:
    """Open the form for a reset as somebody does, below a table, and return it once the rows are read."""
    table = harness.ask(user, text)
    open_before = {view["id"] for view in _views(harness, user)}
    harness.click(user, table, REQUEST)
    return wait_for_form(harness, user, open_before)


def wait_for_form(harness: Harness, user: str, but: Collection[str] = ()) -> Json:
    """Return somebody's top modal, but none of these, once the rows are read."""

    def shown() -> Json | None:
        top = _views(harness, user)[-1:]
        return next((v for v in top if v["id"] not in but and "Reading the rows" not in visible_text(v)), None)

    return harness.wait_for(shown)


def _views(harness: Harness, user: str) -> list[Json]:
    views: list[Json] = harness.query("views", user=user)["views"]
    return views


def options(view: Json) -> list[Json]:
    """Return the rows that a form offers."""
    found: list[Json] = _rows(view)["options"]
    return found


def chosen(view: Json) -> list[Json]:
    """Return the rows that are chosen in a form before anybody touches it."""
    found: list[Json] = _rows(view)["initial_options"]
    return found


def entered(view: Json) -> Json:
    """Return the texts with which a form begins."""
    fields = {block.get("block_id"): block.get("element", {}) for block in view["blocks"]}
    return {name: fields[name].get("initial_value", "") for name in ("reason", "ticket")}


def submit(harness: Harness, user: str, reason: str = WHY, **values: Any) -> Json:
    """Send a form off."""
    entered = {name: {"field": value} for name, value in ({"reason": reason} | values).items()}
    return harness.do("submit", user=user, values=entered)


def ask_for(harness: Harness, text: str, user: str = "ada", reason: str = WHY) -> Json:
    """Ask for a reset of all rows that a question shows and return its card."""
    known = set(ids(harness))
    form(harness, user, text)
    assert submit(harness, user, reason)["errors"] == {}
    return card_of(harness, fresh_id(harness, known))


def fresh_id(harness: Harness, known: set[str]) -> str:
    """Return the id of a request that was not known before, once it is recorded where its card is."""
    request_id = harness.wait_for(lambda: next(iter(set(ids(harness)) - known), None))
    harness.wait_for(lambda: [e for e in entries(harness, "card posted") if e.stream == f"card {request_id}"])
    return request_id


def ids(harness: Harness) -> list[str]:
    """Return the ids of all requests, oldest first."""
    asked = (entry.stream for entry in entries(harness, "requested"))
    return [stream.removeprefix("request ") for stream in asked if stream.startswith("request ")]


def card_of(harness: Harness, request_id: str, says: str = "") -> Json:
    """Return the newest card of a request once it says something."""

    def found() -> Json | None:
        cards = [
            m
            for m in harness.messages(APPROVALS, "grace")
            if not m["ephemeral"] and f"Request `{request_id}`" in visible_text(m)
        ]
        return cards[-1] if cards and says in visible_text(cards[-1]) else None

    return harness.wait_for(found)


def id_of(card: Json) -> str:
    """Return the id of the request that a card shows."""
    found = re.search(r"Request `([0-9a-f]{16})`", visible_text(card))
    assert found
    return found[1]


def _rows(view: Json) -> Json:
    element: Json = next(block for block in view["blocks"] if block.get("block_id") == "rows")["element"]
    return element


def press(harness: Harness, user: str, card: Json, action: str = APPROVE, value: str | None = None) -> str:
    """Press a button of a card and return what the presser is told, which nobody else sees."""
    harness.click(user, card, action, value)
    channel = card["channel"]
    return str(
        harness.wait_for(lambda: next((m for m in harness.answers(user, channel) if m["ephemeral"]), None))["text"]
    )


def approve(harness: Harness, card: Json, *users: str) -> None:
    """Let people approve."""
    for user in users:
        told = press(harness, user, card)
        assert "is counted" in told, told


def apply(harness: Harness, card: Json) -> Json:
    """Let Grace and Linus approve and return the card of the applied request."""
    approve(harness, card, "grace", "linus")
    return card_of(harness, id_of(card), "changed, each with its backup")


def reject(harness: Harness, user: str, card: Json, reason: str = "not during the rollout") -> Json:
    """Reject a request with a reason."""
    harness.click(user, card, REJECT)
    wait_for_form(harness, user)
    return submit(harness, user, reason)


def direct(harness: Harness, user: str, says: str) -> Json:
    """Return the newest direct message that says something."""
    return harness.wait_for(
        lambda: next((m for m in reversed(harness.messages(f"@{user}", user)) if says in m["text"]), None)
    )


def in_thread(harness: Harness, card: Json, says: str) -> Json:
    """Return the message in a card's thread that says something."""
    return harness.wait_for(
        lambda: next((m for m in harness.messages(APPROVALS, "grace", card["ts"])[1:] if says in visible_text(m)), None)
    )


def vote_buttons(card: Json) -> set[str]:
    """Return which of the buttons that decide are on a card."""
    return {"Approve", "Reject", "Withdraw"} & set(buttons(card))


def entries(harness: Harness, kind: str | None = None) -> list[Entry]:
    """Read the ledger itself, whatever it is kept in."""
    sql = "SELECT stream, kind, actor_user, facts FROM dbo.ledger_entry ORDER BY sequence"
    with closing(Database(harness.settings["PKGSTATUS_STORE"])) as database:
        rows = database.read(lambda connection: connection.query(sql))
    found = [Entry(stream, kind, user, json.loads(facts)) for stream, kind, user, facts in rows]
    return [entry for entry in found if kind in {None, entry.kind}]


def refusals(harness: Harness) -> list[tuple[str, str]]:
    """Return who was refused and why, oldest first."""
    return [
        (entry.user, entry.facts["reason"]) for entry in entries(harness) if entry.facts.get("outcome") == "refused"
    ]


def site_rows(site: Path, package: str) -> dict[str, tuple[int, int]]:
    """Return version and status of each row: a DP's by its short name, a site's by its code."""
    sql = "SELECT Type, SiteCode, PkgServer, SourceVersion, Status FROM PkgStatus WHERE ID = ?"
    return {name_of(*row[:3]): (row[3], row[4]) for row in _read(site, sql, package)}


def backups(site: Path) -> list[tuple[Any, ...]]:
    """Return request, number, server, version and status of every backup row."""
    sql = (
        "SELECT RequestId, RowNumber, Type, SiteCode, PkgServer, SourceVersion, Status FROM PkgStatus_BU"
        " WHERE ID IS NOT NULL ORDER BY RequestId, RowNumber"
    )
    return [(request, number, name_of(*row[:3]), *row[3:]) for request, number, *row in _read(site, sql)]


def name_of(type_number: int, site_code: str, path: str) -> str:
    """Return the short name of a row."""
    return site_code if type_number == 1 else path.rstrip("\\").rpartition("\\")[2].partition(".")[0]


def _read(site: Path, sql: str, *parameters: object) -> list[Any]:
    with closing(sqlite3.connect(f"file:{site}?mode=ro", uri=True, timeout=20)) as connection:
        return connection.execute(sql, parameters).fetchall()


def post_as_the_app(harness: Harness, method: str, **arguments: Any) -> Json:
    """Call the Web API with the bot's token, as somebody who has it could."""
    headers = {
        "Authorization": f"Bearer {harness.workspace.bot_token}",
        "Content-Type": "application/json; charset=utf-8",
    }
    request = Request(f"{harness.workspace.api_url}{method}", json.dumps(arguments).encode(), headers)  # noqa: S310
    with urlopen(request, timeout=20) as response:  # noqa: S310 - our own server
        answer: Json = json.load(response)
    assert answer["ok"], answer
    return answer


def revive(harness: Harness, card: Json) -> None:
    """Make a card look as it did, buttons and all: what a client shows that missed the last change."""
    post_as_the_app(harness, "chat.update", channel="C0APPROVALS", ts=card["ts"], text="old", blocks=card["blocks"])


def forged(card: Json, **values: str) -> list[Json]:
    """Return the blocks of a card with other values on its buttons."""
    blocks: list[Json] = json.loads(json.dumps(card["blocks"]))
    for block in blocks:
        for element in block.get("elements", ()):
            if element.get("action_id") in values:
                element["value"] = values[element["action_id"]]
    return blocks
