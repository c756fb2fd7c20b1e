"""Block Kit in our own hands: the few blocks we use, cut to Slack's limits, with every foreign text made harmless.

Limits: docs.slack.dev/reference/block-kit. Text from a database never reaches `mrkdwn` unescaped, so it can neither
mention anybody nor dress itself up as ours.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

Block = dict[str, Any]

HEADER_TEXT = 150
SECTION_TEXT = 3000
BUTTON_TEXT = 75
BUTTON_VALUE = 2000
MESSAGE_BLOCKS = 50
MESSAGE_TEXT = 3500
CODE_CHARACTERS = 2900

NOTHING = "–"
"""Shown for what is not known; a cell must not be empty."""

_MARKUP = str.maketrans({"*": "∗", "_": "＿", "~": "∼", "`": "ˋ"})
_HARMFUL = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}
"""Invisible, but needed to write Persian, Hindi and some emoji."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: blocks for people who see them, `text` for notifications and screen readers."""

    text: str
    blocks: tuple[Block, ...] = ()


class Style(StrEnum):
    """How a message is drawn: with everything it has, or in plain text for a Slack that refuses that."""

    FULL = "blocks"
    PLAIN = "plain text"


def plain(value: object, limit: int = SECTION_TEXT) -> str:
    """Make a foreign text fit for `plain_text` and table cells: one line, nothing invisible, never empty."""
    text = str(value).strip()
    if not text.isprintable():
        text = "".join(_shown(char) for char in " ".join(text.splitlines()))
    return truncate(text, limit) or NOTHING


def escape(value: object, limit: int = SECTION_TEXT) -> str:
    """Make a foreign text fit for `mrkdwn`: no mention, no link, no formatting of its own."""
    text = plain(value, limit).translate(_MARKUP)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def truncate(text: str, limit: int) -> str:
    """Shorten to `limit` characters, saying so with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shown(char: str) -> str:
    if char in _JOINERS or unicodedata.category(char) not in _HARMFUL:
        return char
    return " " if char.isspace() else "�"


def header(text: str) -> Block:
    """Return a header; it takes foreign text as it is."""
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": plain(text, HEADER_TEXT), "emoji": False},
    }


def section(mrkdwn: str, accessory: Block | None = None) -> Block:
    """Return a section of our own words."""
    block: Block = {"type": "section", "text": _mrkdwn(mrkdwn)}
    return block | {"accessory": accessory} if accessory else block


def code(lines: Sequence[str]) -> list[Block]:
    """Return lines of code exactly as they are, nothing interpreted, in as few blocks as their length takes."""
    chunks: list[list[str]] = [[]]
    for line in lines:
        whole = truncate(line, CODE_CHARACTERS)
        if chunks[-1] and sum(map(len, chunks[-1])) + len(chunks[-1]) + len(whole) > CODE_CHARACTERS:
            chunks.append([])
        chunks[-1].append(whole)
    return [preformatted("\n".join(chunk)) for chunk in chunks if chunk]


def preformatted(text: str) -> Block:
    """Return a text exactly as it is, in type of equal width."""
    inner = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [inner]}


def paragraph(text: str) -> Block:
    """Return a section in which nothing is interpreted; it takes foreign text as it is."""
    return {"type": "section", "text": {"type": "plain_text", "text": truncate(text, SECTION_TEXT), "emoji": False}}


def context(mrkdwn: str) -> Block:
    """Return a line of small print."""
    return {"type": "context", "elements": [_mrkdwn(mrkdwn)]}


def _mrkdwn(text: str) -> Block:
    """Without `verbatim` Slack would turn `@here`, `#channel` and addresses inside foreign text into live ones."""
    return {"type": "mrkdwn", "text": truncate(text, SECTION_TEXT), "verbatim": True}


def actions(*buttons: Block) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def button(text: str, action_id: str, value: str, *, label: str | None = None) -> Block:
    """Return a button; `label` is what a screen reader says instead of a short text."""
    block: Block = {
        "type": "button",
        "action_id": action_id,
        "value": value,
        "text": {"type": "plain_text", "text": truncate(text, BUTTON_TEXT), "emoji": True},
    }
    return block | {"accessibility_label": truncate(label, BUTTON_TEXT)} if label else block


def age(delta: timedelta) -> str:
    """Say how long, in one unit: `5 min`, `3 h`, `22 d`."""
    minutes = max(int(delta.total_seconds() // 60), 0)
    for size, unit in ((60 * 24, "d"), (60, "h")):
        if minutes >= 2 * size:
            return f"{minutes // size} {unit}"
    return f"{minutes} min"


def moment(value: datetime) -> str:
    """Say when, to the minute, without a zone: for a clock whose zone is named beside it."""
    return f"{value:%Y-%m-%d %H:%M}"
