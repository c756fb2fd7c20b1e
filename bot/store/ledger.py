"""The ledger's table: appends in exactly one order, reads, and proves that nothing was changed.

Only INSERT and SELECT ever touch an entry. An entry, its audit line, its notices and the steps of other tables commit
together or not at all.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import takewhile
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from bot.dbapi import Product
from bot.domain.chain import Break, Tampering, verify
from bot.domain.ledger import GENESIS, Draft, Entry, Head, moment_read, moment_text, seal, storable
from bot.events import REFERENCE, reference
from bot.failpoints import reach
from bot.store.walking import walk
from bot.usecases.store_ports import StaleStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.dbapi import Connection
    from bot.store.database import StoreDatabase
    from bot.store.outbox import OutboxTable
    from bot.usecases.ports import Clock
    from bot.usecases.store_ports import Notice, Step

_columns = attrgetter(*(field.name for field in fields(Entry)))
_AFTER_ALL = "~"
"""Sorts behind every moment."""


class _Tip(NamedTuple):
    """What the next entry follows: the newest entry, and the newest version in its stream."""

    sequence: int
    at: str
    hash: str
    version: int


_BEFORE_ALL = _Tip(GENESIS.sequence, moment_text(datetime.min.replace(tzinfo=UTC)), GENESIS.hash, 0)


class LedgerTable:
    """Fills the port `Ledger`."""

    def __init__(self, database: StoreDatabase, outbox: OutboxTable, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock

    def append(self, draft: Draft, notices: Iterable[Notice] = (), also: Iterable[Step] = ()) -> Entry:
        """Record one draft with its audit line, its notices and the steps of other ports. Raises StaleStream."""
        return self.append_all([draft], notices, also)[0]

    def append_all(
        self, drafts: Sequence[Draft], notices: Iterable[Notice] = (), also: Iterable[Step] = ()
    ) -> Sequence[Entry]:
        """Record several drafts together or not at all; notices and steps belong to the last. Raises StaleStream."""

        def work(connection: Connection) -> Sequence[Entry]:
            entries = self._record(connection, drafts)
            self._outbox.enclose(connection, entries, notices)
            for step in also:
                step(connection, entries[-1])
            reach("append: before commit")
            return entries

        entries = self._database.write(work)
        reach("append: committed")
        return entries

    def head(self) -> Head:
        """Return number and hash of the newest entry."""
        tip = self._database.read(_read_tip)
        return Head(tip.sequence, tip.hash)

    def stream(self, name: str) -> Sequence[Entry]:
        """Read all entries of one stream, oldest first."""
        rows = self._database.read(
            lambda connection: connection.query(
                "SELECT sequence, at, stream, version, kind, actor_user, actor_team, facts, previous_hash, hash"
                " FROM dbo.ledger_entry WHERE stream = ? ORDER BY version",
                (storable(name),),
            )
        )
        return [Entry(*row) for row in rows]

    def entry(self, sequence: int) -> Entry | None:
        """Read one entry; None when there is none with this sequence."""
        return next(self._walk(sequence, sequence), None)

    def entries(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[Entry]:
        """Read entries as they come, oldest first, recorded at or after `since` and before `until`."""
        span = (moment_text(since) if since else "", moment_text(until) if until else _AFTER_ALL)
        # Moments never go back along the chain, so everything between the first and the last is within the span.
        first, last = self._database.read(
            lambda connection: connection.query(
                "SELECT MIN(sequence), MAX(sequence) FROM dbo.ledger_entry WHERE at >= ? AND at < ?", span
            )
        )[0]
        return iter(()) if first is None else self._walk(first, last)

    def verify(self, *heads: Head) -> Break | None:
        """Check the whole chain against itself, the outbox and the heads that were kept elsewhere."""
        first, last = self._database.read(
            lambda connection: connection.query("SELECT MIN(sequence), MAX(sequence) FROM dbo.ledger_entry")
        )[0]
        # Others may append meanwhile, so the order matters: an honest outbox is never behind what was read before it.
        promised = self._outbox.newest()
        newest = self.head().sequence
        found = verify(self._walk(first or 1, last or 0), *heads)
        if found is None and (last or 0) > promised:
            return Break(promised + 1, Tampering.INSERTED)
        if found is None and newest < promised:
            return Break(newest + 1, Tampering.TRUNCATED)
        return found

    def _walk(self, first: int, last: int) -> Iterator[Entry]:
        rows = walk(
            self._database,
            "SELECT MIN(sequence) FROM dbo.ledger_entry WHERE sequence >= ?",
            "SELECT sequence, at, stream, version, kind, actor_user, actor_team, facts, previous_hash, hash"
            " FROM dbo.ledger_entry WHERE sequence >= ? AND sequence < ? ORDER BY sequence",
            start=first,
        )
        return (Entry(*row) for row in takewhile(lambda row: row[0] <= last, rows))

    def _record(self, connection: Connection, drafts: Sequence[Draft]) -> Sequence[Entry]:
        _lock(connection)
        return [self._follow(connection, draft) for draft in drafts]

    def _follow(self, connection: Connection, draft: Draft) -> Entry:
        tip = _read_tip(connection, draft.stream)
        if draft.version not in {None, tip.version + 1}:
            raise StaleStream(draft.stream, decided_on=(draft.version or 0) - 1, current=tip.version)
        # A clock that was set back must not make a later entry look older: the order is what people will rely on.
        at = max(self._clock(), moment_read(tip.at))
        entry = seal(_traced(draft), tip.sequence + 1, at, tip.version + 1, tip.hash)
        _insert(connection, entry)
        return entry


def _traced(draft: Draft) -> Draft:
    """Every entry names the click that caused it, so that nobody who records something can forget to."""
    ref = reference()
    return replace(draft, facts={REFERENCE: ref, **draft.facts}) if ref else draft


def _lock(connection: Connection) -> None:
    """Make everyone else who appends wait for this transaction; on SQLite its very beginning did."""
    if connection.product != Product.SQLITE:
        connection.execute("UPDATE dbo.ledger_lock SET id = id WHERE id = 1")


def _read_tip(connection: Connection, stream: str = "") -> _Tip:
    rows = connection.query(
        "SELECT sequence, at, hash, (SELECT MAX(version) FROM dbo.ledger_entry WHERE stream = ?)"
        " FROM dbo.ledger_entry WHERE sequence = (SELECT MAX(sequence) FROM dbo.ledger_entry)",
        (storable(stream),),
    )
    if not rows:
        return _BEFORE_ALL
    sequence, at, hash_, version = rows[0]
    return _Tip(sequence, at, hash_, version or 0)


def _insert(connection: Connection, entry: Entry) -> None:
    connection.execute(
        "INSERT INTO dbo.ledger_entry"
        " (sequence, at, stream, version, kind, actor_user, actor_team, facts, previous_hash, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        _columns(entry),
    )
