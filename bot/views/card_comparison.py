"""Whether a message, as Slack shows it with a click, is a card as the bot draws it.

A click proves which button was pressed, not which words stood around it: whoever has the bot's token, or the address
that came with an earlier click, can change those. So everything is compared that can carry a lie: every block in its
order, its words, numbers and rows, the names and actions of its buttons and the words of their dialogs, and that
nothing was added: no block, no picture, no file, no attachment. What cannot is left out: ids of blocks, the order of
keys, and what Slack does to spelling (text_normalization.py).

Slack's documents do not say that it gives back every kind of block. A message whose table did not come back with a
click proves no rows: it is told apart from a lie, and the card is then drawn with its rows as text, which do come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.views.text_normalization import is_same_text, normalize_mrkdwn, normalize_plain_text

TABLES = frozenset({"data_table", "table"})
_COMPARED_KEYS = (
    "text", "title", "subtitle", "body", "description", "caption", "alt_text", "label", "placeholder", "hint",
    "action_id", "url", "image_url", "confirm", "deny", "options", "option_groups", "fields", "elements", "accessory",
    "style",
)  # fmt: skip
"""The parts of a block that people see or that decide what a press does, but a button's value, which is looked up."""
_INVISIBLE_ATTACHMENT_KEYS = frozenset({"id", "fallback", "blocks", "color", "mrkdwn_in", "ts"})
_TEXTS = frozenset({"plain_text", "mrkdwn"})
_IDS = ("user_id", "channel_id", "usergroup_id", "range")
_TABLE_SETTINGS = ("caption", "page_size")
"""What of a table, beside its cells, decides what of it is in view."""

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Table:
    kind: str
    settings: tuple[tuple[str, str], ...]
    rows: Rows

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> _Table:
        settings = tuple((name, normalize_plain_text(str(block[name]))) for name in _TABLE_SETTINGS if name in block)
        return cls(str(block["type"]), settings, _rows(block))

    def matches(self, seen: _Table) -> bool:
        """Whether it is this table; of its settings, Slack may keep some to itself."""
        theirs = dict(seen.settings)
        is_alike = seen.kind == self.kind and all(theirs.get(name, said) == said for name, said in self.settings)
        return is_alike and _is_equal(self.rows, seen.rows)


@dataclass(frozen=True, slots=True)
class MessageContent:
    """What a message shows: its blocks in order, beside them its tables, and whether there is anything else."""

    text: str
    blocks: tuple[tuple[str, ...], ...]
    tables: tuple[_Table, ...]
    has_extra_content: bool

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> MessageContent:
        """Read a message's payload."""
        attachments = [each for each in message.get("attachments") or () if isinstance(each, Mapping)]
        groups = [message.get("blocks") or (), *(each.get("blocks") or () for each in attachments)]
        blocks = [block for group in groups for block in group if isinstance(block, Mapping)]
        return cls(
            normalize_mrkdwn(str(message.get("text") or "")),
            tuple(_block_texts(block) for block in blocks if block.get("type") not in TABLES),
            tuple(_Table.of(block) for block in blocks if block.get("type") in TABLES),
            bool(message.get("files")) or any(_has_extra_content(each) for each in attachments),
        )

    def matches(self, seen: MessageContent) -> bool:
        """Whether what was seen is this, with every row of every table."""
        if len(seen.tables) != len(self.tables):
            return False
        tables = zip(self.tables, seen.tables, strict=True)
        return self._matches_around_tables(seen) and all(ours.matches(theirs) for ours, theirs in tables)

    def matches_without_rows(self, seen: MessageContent) -> bool:
        """Whether what was seen is this but for tables whose rows did not come back."""
        return bool(self.tables) and self._matches_around_tables(seen) and not any(table.rows for table in seen.tables)

    def _matches_around_tables(self, seen: MessageContent) -> bool:
        is_said = not seen.text or is_same_text(self.text, seen.text)
        return is_said and not seen.has_extra_content and _is_equal(self.blocks, seen.blocks)


def tables_in(message: Mapping[str, Any]) -> set[str]:
    """Return the kinds of tables in a message that have rows."""
    return {table.kind for table in MessageContent.of(message).tables if table.rows}


def _has_extra_content(attachment: Mapping[str, Any]) -> bool:
    return any(value for name, value in attachment.items() if name not in _INVISIBLE_ATTACHMENT_KEYS)


def _is_equal(ours: Sequence[Any], theirs: Sequence[Any]) -> bool:
    """Compare texts in their order, at any depth."""
    if isinstance(ours, str) and isinstance(theirs, str):
        return is_same_text(ours, theirs)
    return len(ours) == len(theirs) and all(map(_is_equal, ours, theirs))


def _block_texts(block: Mapping[str, Any]) -> tuple[str, ...]:
    return (str(block.get("type")), *(said for said in _texts(block) if said))


def _texts(value: object) -> Iterator[str]:
    """Yield what a part of a block says, whatever the order of its keys."""
    if isinstance(value, Mapping):
        kind = str(value.get("type", ""))
        if kind in _TEXTS:
            yield _text_object(value)
        elif kind.startswith("rich_text"):
            yield normalize_mrkdwn(_rich_text(value))
        else:
            for name in _COMPARED_KEYS:
                if name in value:
                    yield from _keyed_texts(name, value[name])
    elif isinstance(value, list | tuple):
        yield from (said for each in value for said in _element_texts(each))
    else:
        yield normalize_plain_text(str(value))


def _element_texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping) and value.get("type", "plain_text") not in _TEXTS:
        yield str(value["type"])
    yield from _texts(value)


def _keyed_texts(name: str, value: object) -> Iterator[str]:
    if name == "accessory" and isinstance(value, Mapping):
        yield f"accessory {value.get('type')}"
    yield from _texts(value)


def _text_object(text: Mapping[str, Any]) -> str:
    """Return a text's kind and words: what Slack formats looks otherwise than what it does not."""
    said = str(text.get("text") or "")
    return f"{text['type']} {normalize_mrkdwn(said) if text['type'] == 'mrkdwn' else normalize_plain_text(said)}"


def _rich_text(value: object) -> str:
    """Join a rich text, which Slack cuts into other pieces than it was sent in."""
    if isinstance(value, Mapping):
        match value.get("type"):
            case "text":
                return str(value.get("text", ""))
            case "emoji":
                return f":{value.get('name')}:"
            case "link":
                return f"<{value.get('url')}|{value.get('text') or value.get('url')}>"
            case "user" | "channel" | "usergroup" | "broadcast":
                return f"<@{next((str(value[name]) for name in _IDS if name in value), '')}>"
            case _:
                return f"{_rich_text(value.get('elements') or value.get('text') or '')}\n"
    if isinstance(value, str):
        return value
    return "".join(map(_rich_text, value)) if isinstance(value, Iterable) else ""


def _rows(table: Mapping[str, Any]) -> Rows:
    """Return the cells of a table; nothing when Slack keeps them to itself."""
    return tuple(tuple(_cell(cell) for cell in row) for row in table.get("rows") or () if isinstance(row, Iterable))


def _cell(cell: object) -> str:
    if not isinstance(cell, Mapping):
        return normalize_plain_text(str(cell))
    if str(cell.get("type", "")).startswith("rich_text"):
        return normalize_plain_text(_rich_text(cell))
    return normalize_plain_text(str(cell.get("text", cell.get("value", ""))))
