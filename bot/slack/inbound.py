"""Payloads of Slack, reduced to what the use cases need; identity is user id and team id, never a name.

Shapes: docs.slack.dev/interactivity (slash command, block_actions and view_submission payloads).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from bot.usecases.access import Actor
from bot.views import request_card

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMPARED_FIELDS = ("text", "blocks", "attachments", "files")


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """A command, a click, a form or an event: who, what, and where an answer may go.

    `kind` is a command, an action id, a callback id or an event type; `text` what was typed, a button's value, a form's
    private metadata or a tab. The inbox stores it as JSON, so the names of the fields stay.
    """

    key: str
    user_id: str
    team_id: str
    kind: str
    text: str = ""
    response_url: str = ""
    channel: str = ""
    ts: str = ""
    trigger: str = ""
    form: Mapping[str, Any] = field(default_factory=dict)
    message: Mapping[str, Any] | None = None
    """For buttons that decide: the parts of their message that are compared with what the bot had drawn."""
    freezes: int | None = None
    """For `unfreeze`: how many freezes and unfreezes were recorded when it was delivered."""

    @property
    def actor(self) -> Actor:
        """Return the ids of the person who caused it."""
        return Actor(self.user_id, self.team_id)

    @property
    def reference(self) -> str:
        """Return eight hex digits that a person sees in an error message and an admin finds in the log."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:8]

    def to_body(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return asdict(self)

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> InboundRequest:
        """Return the request of a body; fields of a newer version are dropped. Raises TypeError for a missing one."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in body.items() if name in known})

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> InboundRequest | None:
        """Return the request in any payload that a person caused; None for a payload that needs no answer."""
        if "command" in body:
            return cls.command(body)
        if body.get("type") == "view_submission":
            return cls.submission(body)
        if body.get("type") == "block_actions":
            return cls.click(body)
        return cls.event(body) if isinstance((body.get("event") or {}).get("user"), str) else None

    @classmethod
    def command(cls, body: Mapping[str, Any]) -> InboundRequest:
        """Return the request in a slash command's payload."""
        return cls(
            key=idempotency_key(body),
            user_id=body["user_id"],
            team_id=body.get("team_id") or "",
            kind=body["command"],
            text=body.get("text") or "",
            response_url=body.get("response_url") or "",
            channel=body.get("channel_id") or "",
        )

    @classmethod
    def click(cls, body: Mapping[str, Any]) -> InboundRequest:
        """Return the request in a `block_actions` payload."""
        user, action = body["user"], body["actions"][0]
        return cls(
            key=idempotency_key(body),
            user_id=user["id"],
            team_id=_team_of(body),
            kind=action["action_id"],
            text=action.get("value") or "",
            response_url=body.get("response_url") or "",
            channel=(body.get("container") or {}).get("channel_id") or "",
            ts=(body.get("container") or {}).get("message_ts") or "",
            trigger=body.get("trigger_id") or "",
            message=_compared_parts(body) if action["action_id"] in request_card.DECISION_ACTIONS else None,
        )

    @classmethod
    def submission(cls, body: Mapping[str, Any]) -> InboundRequest:
        """Return the request in a `view_submission` payload."""
        user, view = body["user"], body["view"]
        return cls(
            key=idempotency_key(body),
            user_id=user["id"],
            team_id=_team_of(body),
            kind=view["callback_id"],
            text=view.get("private_metadata") or "",
            form=view["state"]["values"],
        )

    @classmethod
    def event(cls, body: Mapping[str, Any]) -> InboundRequest:
        """Return the request in an event that names a user."""
        event = body["event"]
        return cls(
            key=idempotency_key(body),
            user_id=event["user"],
            team_id=body.get("team_id") or "",
            kind=event["type"],
            text=event.get("tab") or "",
        )


def _compared_parts(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    message = body.get("message")
    return {name: message[name] for name in _COMPARED_FIELDS if name in message} if isinstance(message, dict) else None


def _team_of(body: Mapping[str, Any]) -> str:
    """Return the workspace of the user, or the one where it happened when the payload does not name theirs."""
    team = body.get("team")
    return str(body["user"].get("team_id") or (team.get("id") if isinstance(team, dict) else team) or "")


def idempotency_key(body: Mapping[str, Any]) -> str:
    """Return what stays the same when Slack delivers something again: its own id, else the payload itself."""
    key = body.get("event_id") or body.get("trigger_id")
    return str(key) if key else hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
