"""Compares a message of an exported audit channel with the ledger entries that it was drawn from.

Both texts are normalized first (text_normalization.py), so Slack's own changes do not count; emoji are ignored.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from bot.views import audit_lines
from bot.views.text_normalization import plain_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.domain.ledger_entry import Entry


def entries_missing_from(entries: Sequence[Entry], message: Mapping[str, Any]) -> Sequence[Entry]:
    """Return those of the entries told by one message whose lines are not in it as they were posted."""
    posted = audit_lines.draw(entries)
    wrong = _differing(posted.text, str(message.get("text") or ""), len(entries))
    if message.get("blocks"):
        wrong |= _differing(_said_in(posted.blocks), _said_in(message["blocks"]), len(entries))
    return [entry for number, entry in enumerate(entries) if number in wrong]


def _line(text: str) -> str:
    """Return what a line says, the same however often it was posted."""
    return plain_words(text.replace(audit_lines.REPEAT_MARK, ""))


def _differing(posted: str, found: str, count: int) -> set[int]:
    """Return the numbers of the lines that differ; all of them when lines came or went."""
    pairs = [*zip_longest(posted.split("\n"), found.strip().split("\n"))]
    if len(pairs) != count or None in pairs[-1]:
        return set(range(count))
    return {number for number, (old, new) in enumerate(pairs) if _line(old) != _line(new)}


def _said_in(blocks: Iterable[Any]) -> str:
    """Return what blocks say, a line for each of theirs; the words on a section's button are no line."""
    return "\n".join(text for block in blocks for text in _texts(_without_button(block)))


def _without_button(block: Any) -> Any:
    return {name: part for name, part in block.items() if name != "accessory"} if isinstance(block, dict) else block


def _texts(value: Any) -> Iterator[str]:
    match value:
        case {"text": str(text)}:
            yield text
        case dict():
            yield from (text for inner in value.values() for text in _texts(inner))
        case list():
            yield from (text for inner in value for text in _texts(inner))
