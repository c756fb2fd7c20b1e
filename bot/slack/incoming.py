"""What came in from Slack, reduced to what the stories need; identity is user id and team id, never a name.

Shapes: docs.slack.dev/interactivity (slash command and block_actions payloads).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from bot.usecases.access import Actor


@dataclass(frozen=True, slots=True)
class Incoming:
    """A command or a click: who, where an answer may go, and a reference that ties log lines to it."""

    actor: Actor
    kind: str
    text: str
    response_url: str
    reference: str

    @classmethod
    def command(cls, body: dict[str, Any]) -> Incoming:
        """Read a slash command's payload."""
        actor = Actor(body["user_id"], body["team_id"])
        return cls(actor, body["command"], body.get("text") or "", body["response_url"], _reference())

    @classmethod
    def click(cls, body: dict[str, Any]) -> Incoming:
        """Read a button's payload; the text is the button's value."""
        user, action = body["user"], body["actions"][0]
        actor = Actor(user["id"], user.get("team_id") or "")
        return cls(
            actor,
            action["action_id"],
            action.get("value") or "",
            body.get("response_url") or "",
            _reference(),
        )


def delivery_key(body: dict[str, Any]) -> str | None:
    """Return what stays the same when Slack delivers something again, or None when it carries no such id."""
    key = body.get("event_id") or body.get("trigger_id")
    return str(key) if key else None


def _reference() -> str:
    return secrets.token_hex(4)
