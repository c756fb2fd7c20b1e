"""The auditor's questions: whether the chain holds, and whether the audit channel says the same.

Reads only. The claim is that changes are detectable as long as one copy survives, never that they are impossible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.domain.ledger_entry import Entry
    from bot.usecases.ports.store import Ledger, Outbox

AUDIT_LINE = 0
"""The number under which the outbox keeps an entry's own line."""

TOMBSTONE = "tombstone"
"""What Slack leaves in the place of a deleted message that had a thread."""

Messages = Mapping[str, Mapping[str, Any]]
"""The channel's messages by their `ts`, as an export holds them."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One place where the channel does not say what the ledger says."""

    sequence: int
    what: str


@dataclass(frozen=True, slots=True)
class _Line:
    """An entry, and the message that told it, if any did."""

    entry: Entry
    ts: str
    is_gap: bool


@dataclass(frozen=True, slots=True)
class ChannelComparison:
    """Compares an export of the audit channel with the ledger."""

    ledger: Ledger
    outbox: Outbox
    entries_missing_from: Callable[[Sequence[Entry], Mapping[str, Any]], Sequence[Entry]]
    """Says which of the entries that one message told are not in it as they were posted."""

    def findings(self, channel: str, messages: Messages) -> Iterator[Discrepancy]:
        """Return every line that was edited, deleted, or is missing, in ledger order. Raises StoreError."""
        together: list[_Line] = []
        for line in self._lines(channel):
            if together and line.ts != together[0].ts:
                yield from self._compare(together, messages)
                together = []
            together.append(line)
        yield from self._compare(together, messages)

    def _lines(self, channel: str) -> Iterator[_Line]:
        """Pair every entry with the post that told it; both are read in ledger order."""
        posts = (post for post in self.outbox.posts(channel) if post.number == AUDIT_LINE)
        post = next(posts, None)
        for entry in self.ledger.entries():
            while post and post.sequence < entry.sequence:
                post = next(posts, None)
            told = post if post and post.sequence == entry.sequence else None
            yield _Line(entry, told.ts if told else "", is_gap=bool(told and told.is_gap))

    def _compare(self, lines: Sequence[_Line], messages: Messages) -> Iterator[Discrepancy]:
        """Compare the lines of one message."""
        if not lines:
            return
        ts, entries = lines[0].ts, [line.entry for line in lines]
        message = messages.get(ts)
        if not ts:
            yield from (Discrepancy(entry.sequence, "is missing: not told yet") for entry in entries)
        elif message is None or message.get("subtype") == TOMBSTONE:
            what = f"was deleted from the channel{_unless_beyond(ts, messages)} (posted at {ts})"
            yield from (Discrepancy(entry.sequence, what) for entry in entries)
        else:
            what = f"was edited in the channel (posted at {ts})"
            yield from (Discrepancy(entry.sequence, what) for entry in self._edited(lines, message))

    def _edited(self, lines: Sequence[_Line], message: Mapping[str, Any]) -> Sequence[Entry]:
        entries = [line.entry for line in lines]
        if "edited" in message:
            return entries
        if lines[0].is_gap:
            text = str(message.get("text", ""))
            return [entry for entry in entries if f"#{entry.sequence} {entry.short_hash}" not in text]
        return self.entries_missing_from(entries, message)


def _unless_beyond(ts: str, messages: Messages) -> str:
    """An export can be of some days only, and what was posted outside them is not gone for that."""
    if ts < min(messages, default=ts):
        return ", or the export begins later"
    return ", or the export ends earlier" if ts > max(messages, default=ts) else ""
