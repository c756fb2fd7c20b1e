"""Whether a message, as Slack shows it with a click, is a card as the bot draws it.

A click proves which button was pressed, not which words stood around it: whoever has the bot's token, or the address
that came with an earlier click, can change those. So everything is compared that can carry a lie: every block in its
order, its words, numbers and rows, the names and actions of its buttons and the words of their dialogs, and that
nothing was added: no block, no picture, no file, no attachment. What cannot is left out: ids of blocks, the order of
keys, styles, and what Slack does to spelling (spelling.py).

Slack's documents do not say that it gives back every kind of block. Where a table is missing from the echo, and this
Slack was not seen to give that kind back, the rows that people saw are not proved; their number stands in the header
and in the dialog of the Approve button, and those are. Where it gives back no blocks at all, only the text is compared.
An emoji may have become another one, and the address behind a link may be another: neither is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.views.spelling import literally, words_of

if TYPE_CHECKING:
    from collections.abc import Collection

TABLES = frozenset({"data_table", "table"})
_SEEN = (
    "text", "title", "subtitle", "body", "description", "caption", "alt_text", "label", "placeholder", "hint",
    "action_id", "url", "image_url", "confirm", "deny", "options", "option_groups", "fields", "elements", "accessory",
)  # fmt: skip
"""The parts of a block that people see or that decide what a press does, but a button's value, which is looked up."""
_IN_ATTACHMENT = (
    "text", "pretext", "title", "title_link", "author_name", "footer", "image_url", "thumb_url", "fields", "actions",
)  # fmt: skip
_TEXTS = frozenset({"plain_text", "mrkdwn"})
_IDS = ("user_id", "channel_id", "usergroup_id", "range")
_EMOJI = "□"


@dataclass(frozen=True, slots=True)
class Face:
    """What a message shows: its blocks in order, beside them its tables by kind, and whatever else there is."""

    text: str
    blocks: tuple[tuple[str, ...], ...]
    tables: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    is_extended: bool

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Face:
        """Read a message's payload."""
        attachments = [each for each in message.get("attachments") or () if isinstance(each, Mapping)]
        groups = [message.get("blocks") or (), *(each.get("blocks") or () for each in attachments)]
        blocks = [block for group in groups for block in group if isinstance(block, Mapping)]
        return cls(
            words_of(str(message.get("text") or ""), _EMOJI),
            tuple(_block(block) for block in blocks if block.get("type") not in TABLES),
            tuple((str(block["type"]), _rows(block)) for block in blocks if block.get("type") in TABLES),
            bool(message.get("files")) or any(each.get(name) for each in attachments for name in _IN_ATTACHMENT),
        )

    def is_shown_by(self, seen: Face, returned: Collection[str]) -> bool:
        """Whether what was seen is this; `returned` are the kinds of tables that Slack is known to give back."""
        if seen.is_extended or (seen.text and seen.text != self.text):
            return False
        if not seen.blocks and not seen.tables:
            return True
        return seen.blocks == self.blocks and self._has_tables_of(seen, returned)

    def _has_tables_of(self, seen: Face, returned: Collection[str]) -> bool:
        if seen.tables:
            return len(seen.tables) == len(self.tables) and all(
                theirs[0] == ours[0] and theirs[1] in {ours[1], ()}
                for ours, theirs in zip(self.tables, seen.tables, strict=True)
            )
        return not {kind for kind, _ in self.tables} & set(returned)


def kinds_in(message: Mapping[str, Any]) -> set[str]:
    """Return the kinds of tables that came back with a message, rows and all."""
    return {kind for kind, rows in Face.of(message).tables if rows}


def _block(block: Mapping[str, Any]) -> tuple[str, ...]:
    return (str(block.get("type")), *(said for said in _said(block) if said))


def _said(value: object) -> Iterator[str]:
    """Yield what a part of a block says, whatever the order of its keys."""
    if isinstance(value, Mapping):
        kind = str(value.get("type", ""))
        if kind in _TEXTS:
            yield _plain(value)
        elif kind.startswith("rich_text"):
            yield words_of(_rich(value), _EMOJI)
        else:
            for name in _SEEN:
                if name in value:
                    yield from _part(name, value[name])
    elif isinstance(value, list | tuple):
        yield from (said for each in value for said in _element(each))
    else:
        yield literally(str(value), _EMOJI)


def _element(value: object) -> Iterator[str]:
    if isinstance(value, Mapping) and value.get("type", "plain_text") not in _TEXTS:
        yield str(value["type"])
    yield from _said(value)


def _part(name: str, value: object) -> Iterator[str]:
    if name == "accessory" and isinstance(value, Mapping):
        yield f"accessory {value.get('type')}"
    yield from _said(value)


def _plain(text: Mapping[str, Any]) -> str:
    read = words_of if text["type"] == "mrkdwn" else literally
    return read(str(text.get("text") or ""), _EMOJI)


def _rich(value: object) -> str:
    """Join a rich text, which Slack cuts into other pieces than it was sent in."""
    if isinstance(value, Mapping):
        match value.get("type"):
            case "text":
                return str(value.get("text", ""))
            case "emoji":
                return f":{value.get('name')}:"
            case "link":
                return str(value.get("text") or value.get("url"))
            case "user" | "channel" | "usergroup" | "broadcast":
                return f"<@{next((str(value[name]) for name in _IDS if name in value), '')}>"
            case _:
                return f"{_rich(value.get('elements') or value.get('text') or '')}\n"
    if isinstance(value, str):
        return value
    return "".join(map(_rich, value)) if isinstance(value, Iterable) else ""


def _rows(table: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Return the cells of a table; nothing when Slack keeps them to itself."""
    return tuple(tuple(_cell(cell) for cell in row) for row in table.get("rows") or () if isinstance(row, Iterable))


def _cell(cell: object) -> str:
    if not isinstance(cell, Mapping):
        return literally(str(cell), _EMOJI)
    if str(cell.get("type", "")).startswith("rich_text"):
        return literally(_rich(cell), _EMOJI)
    return literally(str(cell.get("text", cell.get("value", ""))), _EMOJI)
