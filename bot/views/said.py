"""Whether a message of an export still says what was posted, whatever Slack did to its spelling.

Slack turns addresses into links, emoji into their names, and escapes signs in its own way. None of that is an edit, so
all of it is undone on both sides; emoji are left out, and a person counts by id, because names change.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from bot.views import audit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.domain.ledger import Entry

_PERSON = re.compile(r"<https?://[^<>|]*/team/(\w+)\|@[^<>]*>|<slack://user\?[^<>|]*\bid=(\w+)(?:\|[^<>]*)?>")
"""A link to a profile; older versions posted the second form. Foreign addresses that Slack made a link have no @."""
_LINK = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_EMOJI_NAME = re.compile(r":(?:[a-z][a-z0-9_+'-]*|[+-]1|100|1234|8ball):")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_EMOJI_PARTS = frozenset("\ufe0e\ufe0f\u200d‼⁉ℹ↔〰◽◾")
"""What is part of an emoji, or is one, though Unicode counts it among other signs."""


def unsaid(entries: Sequence[Entry], message: Mapping[str, Any]) -> Sequence[Entry]:
    """Return those of the entries told by one message whose lines are not in it as they were posted."""
    posted = audit.draw(entries)
    wrong = _differing(posted.text, str(message.get("text") or ""), len(entries))
    if message.get("blocks"):
        wrong |= _differing(_said_in(posted.blocks), _said_in(message["blocks"]), len(entries))
    return [entry for number, entry in enumerate(entries) if number in wrong]


def words_of(text: str) -> str:
    """Return a line of a message without the spelling that is Slack's."""
    plain = _LINK.sub(lambda link: link[2] or link[1], _PERSON.sub(lambda person: person[1] or person[2], text))
    for escaped, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        plain = plain.replace(escaped, sign)
    plain = plain.replace(audit.REPEAT, "")  # a line says the same, however often it was posted
    plain = "".join(char for char in _KEYCAP.sub("", plain) if not _is_emoji(char))
    plain = _EMOJI_NAME.sub("", plain)
    return " ".join(plain.split())


def _differing(posted: str, found: str, count: int) -> set[int]:
    """Return the numbers of the lines that differ; all of them when lines came or went."""
    pairs = [*zip_longest(posted.split("\n"), found.strip().split("\n"))]
    if len(pairs) != count or None in pairs[-1]:
        return set(range(count))
    return {number for number, (old, new) in enumerate(pairs) if words_of(old) != words_of(new)}


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


def _is_emoji(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk"} or char in _EMOJI_PARTS
