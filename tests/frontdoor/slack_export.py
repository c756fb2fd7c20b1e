"""A standard Slack export of a harness's audit channel, written as Slack writes one: a folder of days beside a list."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.frontdoor.audit_trail import AUDIT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.harness import Harness, Json

CHANNEL = "C0SCCMAUDIT"
JOINED = {
    "type": "message",
    "subtype": "channel_join",
    "user": "U000000ADA",
    "text": "<@U000000ADA> has joined the channel",
    "ts": "1700000000.000100",
}


def exported(harness: Harness) -> list[Json]:
    """Return the audit channel's messages in the shape of an export."""
    return [JOINED, *(_exported(message) for message in harness.messages(AUDIT))]


def _exported(message: Json) -> Json:
    shape: Json = {"type": "message", "text": message["text"], "ts": message["ts"], "blocks": message.get("blocks", [])}
    shape |= {name: message[name] for name in ("user", "bot_id") if name in message}
    return shape | ({"edited": {"user": "U0PKGBOT", "ts": message["ts"]}} if message.get("edited") else {})


def write_export(folder: Path, messages: Iterable[Json], listed_in: str = "channels.json") -> Path:
    """Write an export of a workspace with two channels and return its folder."""
    days: dict[str, list[Any]] = defaultdict(list)
    for message in messages:
        days[f"{datetime.fromtimestamp(float(message['ts']), UTC):%Y-%m-%d}"].append(message)
    others = [{"id": "C0SCCMOPS", "name": "sccm-ops"}]
    write(folder / "channels.json", others)
    write(folder / "sccm-ops" / "2023-11-14.json", [JOINED | {"text": "#1 not the audit channel"}])
    write(
        folder / listed_in, [*(others if listed_in == "channels.json" else ()), {"id": CHANNEL, "name": "audit-trail"}]
    )
    for day, said in days.items():
        write(folder / "audit-trail" / f"{day}.json", said)
    return folder


def write(file: Path, document: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document), encoding="utf-8")
