"""A message and its two faces: as a person sees it (control API) and as Slack's payloads show it.

A message only holds what was accepted; whether it is acceptable is decided before it is made.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from bot.demo.workspace import people
from bot.demo.workspace.failure import Json

UNSHOWABLE = "This content can't be displayed."


@dataclass
class Message:
    """One message in one channel; with a `reader` it is ephemeral."""

    ts: str
    channel: str
    author: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    is_broadcast: bool = False
    reader: str | None = None
    edited_ts: str | None = None
    files: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    inputs: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """What each person has chosen in this message: user -> block -> action -> value."""

    @property
    def is_ephemeral(self) -> bool:
        """Tell whether one person alone sees it."""
        return self.reader is not None

    @property
    def is_from_bot(self) -> bool:
        """Tell whether the app wrote it."""
        return self.author == people.BOT_USER_ID

    def is_shown_to(self, user: str | None) -> bool:
        """Tell whether this person sees it; nobody in particular sees what is not ephemeral."""
        return self.reader in (None, user)


def as_payload(message: Message, hidden_types: Collection[str] = ()) -> Json:
    """Return the message object of Web API answers and interaction payloads, without blocks of hidden types."""
    payload: Json = {"type": "message", "user": message.author, "ts": message.ts, "text": message.text}
    if message.is_from_bot:
        payload |= {"bot_id": people.BOT_ID, "app_id": people.APP_ID, "team": people.TEAM_ID}
    if message.blocks:
        payload["blocks"] = [block for block in message.blocks if block["type"] not in hidden_types]
    if message.thread_ts:
        payload["thread_ts"] = message.thread_ts
    if message.edited_ts:
        payload["edited"] = {"user": message.author, "ts": message.edited_ts}
    if message.metadata:
        payload["metadata"] = message.metadata
    if message.files:
        payload["files"] = message.files
    return payload


def as_seen(message: Message, username: str, reply_count: int) -> Json:
    """Return the message as the control API shows it."""
    seen: Json = {"ts": message.ts, "channel": message.channel, "username": username, "text": message.text}
    seen |= {"bot_id": people.BOT_ID} if message.is_from_bot else {"user": message.author}
    seen["ephemeral"] = message.is_ephemeral
    optional = {
        "blocks": message.blocks,
        "thread_ts": message.thread_ts,
        "reply_count": reply_count,
        "edited": message.edited_ts is not None,
        "files": message.files,
        "metadata": message.metadata,
    }
    return seen | {name: value for name, value in optional.items() if value}
