"""A message as lines for a terminal: the same words without Slack's signs. What can only be pressed is left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.views.block_kit import Block, Message

_PROFILE = re.compile(r"<https?://[^<>|]*/team/\w+\|(@[^<>]*)>")
_LINK = re.compile(r"<([^<>|]+)\|([^<>]*)>")
_MARKS = re.compile(r"([*`])(?=\S)([^*`\n]+?)(?<=\S)\1")


def lines(message: Message) -> Iterator[str]:
    """Yield a message line by line, an empty line between its parts."""
    for block in message.blocks or ({"type": "section", "text": {"text": message.text}},):
        if said := _block_text(block):
            yield from said.split("\n")
            yield ""


def _block_text(block: Block) -> str:
    match block:
        case {"type": "header", "text": {"text": str(text)}}:
            return f"{text}\n{'=' * len(text)}"
        case {"type": "section", "text": {"text": str(text)}}:
            return _without_markup(text)
        case {"type": "context", "elements": elements}:
            return " ".join(_without_markup(element["text"]) for element in elements)
        case {"type": "rich_text", "elements": [{"elements": [{"text": str(text)}]}]}:
            return text
    return ""


def _without_markup(mrkdwn: str) -> str:
    text = _LINK.sub(r"\2 \1", _PROFILE.sub(r"\1", mrkdwn))
    text = _MARKS.sub(r"\2", text)
    for escaped, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escaped, sign)
    return text
