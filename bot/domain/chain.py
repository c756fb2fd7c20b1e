"""Walk the ledger's chain and name the first place where it is broken, and how.

Constant memory: entries are looked at as they come. Honest limits: whoever can rewrite the table can also seal it
anew from the changed place to the end; only a head that was kept elsewhere shows that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.domain.ledger_entry import GENESIS, Entry, Head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_SHIFT = 1_000
"""How many removed or inserted entries are still recognised when those behind them were numbered anew; beyond that,
the first of these counts as altered."""


class Tampering(StrEnum):
    """What was done to the ledger."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"


_SENTENCES = {
    Tampering.ALTERED: "Entry {} was altered: it is not what was sealed at its place.",
    Tampering.REMOVED: "Entry {} was removed: what stands there now was sealed further on.",
    Tampering.INSERTED: "Entry {} was inserted: the true one was sealed without it.",
    Tampering.REORDERED: "Entry {} was moved: the one that belongs there stands further on.",
    Tampering.TRUNCATED: "Entry {} is the first one missing: the ledger was longer when its head was noted.",
}


@dataclass(frozen=True, slots=True)
class Break:
    """The first bad sequence number, and what is wrong there."""

    sequence: int
    what: Tampering

    @property
    def sentence(self) -> str:
        """Say it to a person."""
        return _SENTENCES[self.what].format(self.sequence)


def verify(entries: Iterable[Entry], *heads: Head) -> Break | None:
    """Return the first break of a whole ledger, or None; every head given must lie on the chain."""
    last, rest = GENESIS, iter(entries)
    for entry in rest:
        if not _follows(entry, last):
            return _name(last, entry, _look_behind(last, entry, rest))
        last = Head(entry.sequence, entry.hash)
        if any(head.sequence == last.sequence and head != last for head in heads):
            return Break(last.sequence, Tampering.ALTERED)
    missing = any(head.sequence > last.sequence for head in heads)
    return Break(last.sequence + 1, Tampering.TRUNCATED) if missing else None


def _follows(entry: Entry, last: Head) -> bool:
    return entry.sequence == last.sequence + 1 and entry.previous_hash == last.hash and entry.is_sealed()


@dataclass(slots=True)
class _Behind:
    """What stands behind the first bad entry: the traces by which the ways of tampering differ."""

    successor: bool = False
    """An entry that was sealed right after the last good one."""
    predecessor: bool = False
    """The entry that the bad one was sealed after."""
    twin: bool = False
    """The bad one once more."""
    disowned: bool = False
    """The next entry was sealed after something else than the bad one."""


def _look_behind(last: Head, bad: Entry, rest: Iterator[Entry]) -> _Behind:
    behind = _Behind()
    for distance, entry in enumerate(rest):
        behind.successor |= entry.previous_hash == last.hash
        behind.predecessor |= entry.hash == bad.previous_hash
        behind.twin |= entry.hash == bad.hash
        behind.disowned |= distance == 0 and entry.previous_hash != bad.hash
    return behind


def _name(last: Head, bad: Entry, behind: _Behind) -> Break:
    place = last.sequence + 1
    if bad.sequence < place:
        return Break(bad.sequence, Tampering.INSERTED)
    if bad.sequence > place:
        return Break(place, Tampering.REORDERED if behind.successor else Tampering.REMOVED)
    if bad.previous_hash == last.hash:
        return Break(place, Tampering.INSERTED if behind.successor else Tampering.ALTERED)
    if bad.is_sealed():
        # Whole in itself but sealed after something else: then the one before it was exchanged and sealed anew.
        return Break(place if behind.disowned else max(last.sequence, 1), Tampering.ALTERED)
    if behind.successor:
        moved = behind.predecessor and not behind.twin
        return Break(place, Tampering.REORDERED if moved else Tampering.INSERTED)
    return _name_by_number(bad)


def _name_by_number(bad: Entry) -> Break:
    """Tell from the number an entry was sealed under which way the entries before it were shifted."""
    for shift in range(1, LONGEST_SHIFT):
        if _was_sealed_as(bad, bad.sequence + shift):
            return Break(bad.sequence, Tampering.REMOVED)
        if _was_sealed_as(bad, bad.sequence - shift):
            return Break(bad.sequence - shift, Tampering.INSERTED)
    return Break(bad.sequence, Tampering.ALTERED)


def _was_sealed_as(entry: Entry, sequence: int) -> bool:
    return entry._replace(sequence=sequence).is_sealed()
