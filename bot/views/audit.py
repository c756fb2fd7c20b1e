"""Entries of the ledger as lines of the audit channel: when, who, what, how it ended, and how to prove it.

The same entries always give the same message, so an export of the channel can be compared with the ledger. The text of
a message holds every line without mentions; only the blocks mention people, quietly.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from bot.views.kit import NOTHING, Block, Message, button, cut, escape, preformatted, section

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.domain.ledger import Entry

FACTS_ACTION = "audit_facts"
OUTCOME = "outcome"
REASON = "reason"

LINES_PER_MESSAGE = 40
TEXT_CHARACTERS = 3_500
_SECTION_CHARACTERS = 2_800
_DETAIL_CHARACTERS = 160
_SHORT_FACTS = 400
FACTS_IN_MESSAGE = 2_000

MARKS = {"refused": "⛔", "failed": "⚠️", "answered": "▫️", "done": "✅"}
OWN_MARK = "⚙️"
_ADDRESS = re.compile(r"https?://[^\s|<>]+")


def draw(entries: Sequence[Entry]) -> Message:
    """Draw one message of entries in ledger order; take no more than `how_many` says."""
    text = "\n".join(plain_line(entry) for entry in entries)
    return Message(cut(text, 2 * TEXT_CHARACTERS), tuple(_blocks(entries)))


def how_many(entries: Sequence[Entry]) -> int:
    """Say how many of these entries fit into one message; at least one."""
    length = 0
    for count, entry in enumerate(entries[:LINES_PER_MESSAGE]):
        length += len(plain_line(entry)) + 1
        if count and length > TEXT_CHARACTERS:
            return count
    return min(len(entries), LINES_PER_MESSAGE)


def gap(entry: Entry, error: str) -> Message:
    """Stand in for a line that Slack will not take, so that its absence is seen and can be proved."""
    text = f"#{entry.sequence} {entry.short_hash} could not be shown here ({escape(error)}); the ledger holds it."
    return Message(text, (section(f"⚠️ {text}"),))


def plain_line(entry: Entry) -> str:
    """Return an entry's line without mentions: what an export of the channel is compared with."""
    who = entry.actor_user or "bot"
    return f"#{entry.sequence} {entry.moment[:19]}Z {who} {_deed(entry)} [{entry.short_hash}]"


def facts(entry: Entry) -> str:
    """Return everything an entry holds, for people; a tampered one may hold no JSON at all."""
    known = _known(entry)
    return json.dumps(known, ensure_ascii=False, indent=2) if known else entry.facts_text


def facts_message(entry: Entry) -> Message:
    """Show everything an entry holds; for texts up to FACTS_IN_MESSAGE."""
    title = section(f"*Entry #{entry.sequence}* `{entry.hash}`")
    return Message(f"Entry #{entry.sequence}", (title, preformatted(facts(entry) or NOTHING)))


def file_note(entry: Entry) -> Message:
    """Announce an entry that is too long for a message."""
    text = f"Everything that entry #{entry.sequence} holds."
    return Message(text, (section(text),))


def _blocks(entries: Iterable[Entry]) -> Iterator[Block]:
    lines: list[str] = []
    for entry in entries:
        line = _line(entry)
        is_long = len(entry.facts_text) > _SHORT_FACTS
        if lines and (is_long or sum(map(len, lines)) + len(line) > _SECTION_CHARACTERS):
            yield section("\n".join(lines))
            lines = []
        if is_long:
            yield section(line, button("Facts", FACTS_ACTION, str(entry.sequence)))
        else:
            lines.append(line)
    if lines:
        yield section("\n".join(lines))


def _line(entry: Entry) -> str:
    who = f"<@{entry.actor_user}>" if entry.actor_user else "pkgstatus"
    known = _known(entry)
    mark = MARKS.get(str(known.get(OUTCOME)), OWN_MARK)
    link = str(known.get("link", ""))
    card = f" · <{link}|card>" if _ADDRESS.fullmatch(link) else ""
    return f"{mark} `#{entry.sequence}` {entry.moment[11:19]} {who} {_deed(entry)}{card} · `{entry.short_hash}`"


def _deed(entry: Entry) -> str:
    """Verb, object, outcome; what is foreign in them is made harmless."""
    known = _known(entry)
    parts = [escape(entry.kind, 60)]
    if known.get("object"):
        parts.append(escape(known["object"], 80))
    if str(known.get(OUTCOME)) in {"refused", "failed"}:
        parts.append(f"→ {known[OUTCOME]}: {escape(known.get(REASON) or '', 120)}")
    elif known.get("detail"):
        parts.append(f"→ {escape(known['detail'], _DETAIL_CHARACTERS)}")
    return " ".join(parts)


def _known(entry: Entry) -> Mapping[str, Any]:
    """The facts as far as they can be read; whoever tampered with them may have left anything."""
    try:
        known = entry.facts
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}
