"""Entries of the ledger as lines of the audit channel: when, who, what, how it ended, and how to prove it.

The same entries always give the same message, so an export of the channel can be compared with the ledger. Slack
notifies everybody whom an app's message mentions, in text and blocks alike (docs.slack.dev/messaging/
formatting-message-text): so people stand here as links to their profiles, which read like a mention and ping nobody.
The links are web addresses, because `slack://` opens nothing in a browser.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from bot.domain.request import Kind
from bot.views.block_kit import NOTHING, Block, Message, button, escape, preformatted, section, truncate

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from bot.domain.ledger_entry import Entry

FACTS_ACTION = "audit_facts"
OUTCOME = "outcome"
OBJECT, REASON, DETAIL = "object", "reason", "detail"

LINES_PER_MESSAGE = 40
TEXT_CHARACTERS = 3_500
BLOCK_CHARACTERS = 9_300
"""Over all blocks: Slack names no limit and refuses somewhere above 11,000 (slackapi/bolt-js issues 2509 and 2867)."""
NAME_CHARACTERS = 40
_SECTION_CHARACTERS = 2_800
_KIND_CHARACTERS = 60
_FACT_CHARACTERS = {OBJECT: 80, REASON: 120, DETAIL: 160}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NAMES = {f"{number:02}": name for number, name in enumerate(_MONTHS, start=1)}
_SHORT_FACTS = 400
FACTS_IN_MESSAGE = 2_000

MARKS = {"refused": "⛔", "failed": "⚠️", "answered": "▫️", "done": "✅"}
NOT_GOOD = {
    Kind.REJECTED: "⛔",
    Kind.FAILED: "⚠️",
    Kind.STALE: "⚠️",
    Kind.STALLED: "⚠️",
    Kind.ABANDONED: "⚠️",
    Kind.IN_DOUBT: "⚠️",
    Kind.EXPIRED: "▫️",
    Kind.WITHDRAWN: "▫️",
    Kind.REMINDED: "▫️",
    Kind.UNDONE: "▫️",
    "card drawn too late": "⚠️",
}
"""What is recorded as done though nothing is as somebody wished afterwards."""
OWN_MARK = "⚙️"
WEB = "https://app.slack.com/"
"""Where profiles are when Slack does not tell the workspace's own address."""
REPEAT_MARK = "(possible repeat)"
"""Marks a line that was posted before without an answer that told what became of it; same number, same hash."""
_ADDRESS = re.compile(r"https?://[^\s|<>]+")
_ID = re.compile(r"[A-Za-z0-9]+")


def draw(
    entries: Sequence[Entry],
    name_of: Callable[[str], str] = str,
    repeated: Collection[int] = frozenset(),
    url: str = "",
) -> Message:
    """Draw one message of entries in ledger order; take no more than `how_many` says.

    `repeated` are the sequence numbers of those that may stand in the channel already; `url` is the workspace's
    address, under which its people have their profiles.
    """
    return Message(_text(entries, repeated), tuple(_blocks(entries, name_of, repeated, url)))


def entries_that_fit(entries: Sequence[Entry], url: str = "") -> int:
    """Say how many of these entries fit into one message; at least one."""
    length = 0
    for count, entry in enumerate(entries[:LINES_PER_MESSAGE]):
        length += len(_line(entry, lambda _: NAME_CHARACTERS * "x", (), url)) + 1
        if count and length > BLOCK_CHARACTERS:
            return count
    return min(len(entries), LINES_PER_MESSAGE)


def missing_line(entry: Entry, error: str) -> Message:
    """Stand in for a line that Slack will not take, so that its absence is seen and can be proved."""
    if not entry.hash:
        text = f"#{entry.sequence} was to be told here, and the ledger holds no such entry: the bot did not write this."
        return Message(text, (section(f"⚠️ {text}"),))
    text = f"#{entry.sequence} {entry.short_hash} could not be shown here ({escape(error)}); the ledger holds it."
    return Message(text, (section(f"⚠️ {text}"),))


def _text(entries: Sequence[Entry], repeated: Collection[int]) -> str:
    """Every line with its number and hash; where all do not fit, each gets an equal share and the blocks the rest."""
    lines = [_plain_line(entry, repeated) for entry in entries]
    if sum(map(len, lines)) + len(lines) <= TEXT_CHARACTERS:
        return "\n".join(lines)
    share = TEXT_CHARACTERS // len(entries) - 1
    return "\n".join(_plain_line(entry, repeated, share) for entry in entries)


def _plain_line(entry: Entry, repeated: Collection[int], limit: int = TEXT_CHARACTERS) -> str:
    proof = f" [{entry.short_hash}]"
    who = escape(entry.actor_user or "bot", NAME_CHARACTERS)
    line = f"#{entry.sequence}{_repeat_mark(entry, repeated)} {escape(entry.moment[:19])}Z {who} {_action_text(entry)}"
    return truncate(line, limit - len(proof)) + proof


def _repeat_mark(entry: Entry, repeated: Collection[int]) -> str:
    return f" {REPEAT_MARK}" if entry.sequence in repeated else ""


def facts(entry: Entry) -> str:
    """Return everything an entry holds, for people; a tampered one may hold no JSON at all."""
    known = _readable_facts(entry)
    return json.dumps(known, ensure_ascii=False, indent=2) if known else entry.facts_text


def facts_message(entry: Entry) -> Message:
    """Show everything an entry holds; for texts up to FACTS_IN_MESSAGE."""
    title = section(f"*Entry #{entry.sequence}* `{entry.hash}`")
    return Message(f"Entry #{entry.sequence}", (title, preformatted(facts(entry) or NOTHING)))


def file_note(entry: Entry) -> Message:
    """Announce an entry that is too long for a message."""
    text = f"Everything that entry #{entry.sequence} holds."
    return Message(text, (section(text),))


def _blocks(
    entries: Iterable[Entry], name_of: Callable[[str], str], repeated: Collection[int], url: str
) -> Iterator[Block]:
    lines: list[str] = []
    for entry in entries:
        line = _line(entry, name_of, repeated, url)
        is_long = _is_long(entry)
        if lines and (is_long or sum(map(len, lines)) + len(line) > _SECTION_CHARACTERS):
            yield section("\n".join(lines))
            lines = []
        if is_long:
            yield section(line, button("Facts", FACTS_ACTION, str(entry.sequence)))
        else:
            lines.append(line)
    if lines:
        yield section("\n".join(lines))


def _line(entry: Entry, name_of: Callable[[str], str], repeated: Collection[int], url: str) -> str:
    who = profile_link(url, entry.actor_user, name_of) if entry.actor_user else "pkgstatus"
    known = _readable_facts(entry)
    mark = MARKS.get(str(known.get(OUTCOME)), OWN_MARK)
    mark = NOT_GOOD.get(entry.kind, mark) if mark == MARKS["done"] else mark
    link = str(known.get("link", ""))
    what = "digest" if entry.stream.startswith("digest ") else "card"
    card = f" · <{link}|{what}>" if _ADDRESS.fullmatch(link) else ""
    number = f"`#{entry.sequence}`{_repeat_mark(entry, repeated)}"
    return f"{mark} {number} {_when(entry.moment)} {who} {_action_text(entry)}{card} · `{entry.short_hash}`"


def _when(moment: str) -> str:
    """Return day and time in UTC: Slack's own stamp says when it was told, which after an outage is another day."""
    return escape(f"{moment[8:10]} {_MONTH_NAMES.get(moment[5:7], moment[5:7])} {moment[11:19]}Z")


def profile_link(url: str, user: str, name_of: Callable[[str], str]) -> str:
    """Link to a profile in the workspace at an address; a tampered entry may hold anything as an id.

    Such an address opens in a browser and in Slack's apps: slack.com/help/articles/360003827751.
    """
    if not _ID.fullmatch(user):
        return escape(user, NAME_CHARACTERS)
    return f"<{url or WEB}team/{user}|@{escape(name_of(user), NAME_CHARACTERS)}>"


def _action_text(entry: Entry) -> str:
    """Verb, object, outcome; what is foreign in them is made harmless."""
    known = _readable_facts(entry)
    parts = [escape(entry.kind, _KIND_CHARACTERS)]
    if known.get(OBJECT):
        parts.append(_fact(known, OBJECT))
    if str(known.get(OUTCOME)) in {"refused", "failed"}:
        parts.append(f"→ {known[OUTCOME]}: {_fact(known, REASON)}")
    elif known.get(DETAIL):
        parts.append(f"→ {_fact(known, DETAIL)}")
    return " ".join(parts)


def _fact(known: Mapping[str, Any], name: str) -> str:
    return escape(known.get(name) or "", _FACT_CHARACTERS[name])


def _is_long(entry: Entry) -> bool:
    """Whether a line does not say it all: what it had to cut must be readable somewhere."""
    known = _readable_facts(entry)
    return (
        len(entry.facts_text) > _SHORT_FACTS
        or len(entry.kind) > _KIND_CHARACTERS
        or any(len(str(known.get(name, ""))) > most for name, most in _FACT_CHARACTERS.items())
    )


def _readable_facts(entry: Entry) -> Mapping[str, Any]:
    """The facts as far as they can be read; whoever tampered with them may have left anything."""
    try:
        known = entry.facts
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}
