"""The ledger's table: appends in exactly one order, reads, and proves that nothing was changed.

Only INSERT and SELECT ever touch an entry. An entry, its audit line, its notices and the steps of other tables commit
together or not at all.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import takewhile
from typing import TYPE_CHECKING

from structlog.contextvars import get_contextvars

from bot.domain.chain import Break, Tampering, verify
from bot.domain.ledger_entry import (
    CLOCK,
    CLOCKS_APART,
    GENESIS,
    REFERENCE,
    Draft,
    Entry,
    Head,
    moment_read,
    moment_text,
    seal,
    storable,
)
from bot.failpoints import reach
from bot.store.keyset import walk
from bot.usecases.ports.store import StaleStream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from bot.dbapi import Connection
    from bot.store.database import StoreDatabase
    from bot.store.outbox import OutboxTable
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.store import Notification, Step

_INSERT = (
    "INSERT INTO dbo.ledger_entry"
    " (sequence, at, stream, version, kind, actor_user, actor_team, facts, previous_hash, hash)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LARGEST_SEQUENCE = 2**62
"""An entry from here on was put there by somebody else; followed, it could leave no number for the next one."""
_AFTER_ALL = "~"
"""Sorts behind every moment."""


_BEFORE_ALL = GENESIS.sequence, moment_text(datetime.min.replace(tzinfo=UTC)), GENESIS.hash, None


class LedgerTable:
    """Implements `Ledger`."""

    def __init__(self, database: StoreDatabase, outbox: OutboxTable, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock

    def append(self, draft: Draft, notices: Iterable[Notification] = (), also: Iterable[Step] = ()) -> Entry:
        """Record one draft with its audit line, its notices and the steps of other ports. Raises StaleStream."""
        return self.append_all([draft], notices, also)[0]

    def append_all(
        self, drafts: Sequence[Draft], notices: Iterable[Notification] = (), also: Iterable[Step] = ()
    ) -> Sequence[Entry]:
        """Record several drafts together or not at all; notices and steps belong to the last. Raises StaleStream."""

        def work(connection: Connection) -> Sequence[Entry]:
            if not connection.begins_locked:
                connection.execute("UPDATE dbo.ledger_lock SET id = id WHERE id = 1")
            entries = [self._append(connection, draft) for draft in drafts]
            self._outbox.enqueue(connection, entries, notices)
            for step in also:
                step(connection, entries[-1])
            reach("append: before commit")
            return entries

        entries = self._database.write(work)
        reach("append: committed")
        return entries

    def head(self) -> Head:
        """Return number and hash of the newest entry."""
        sequence, _, hash_, _ = self._database.read(_read_tip)
        return Head(sequence, hash_)

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

    def changed_since(self, head: Head) -> Collection[str] | None:
        """Return the streams that have grown since a head was read; None when that head is not of this ledger."""

        def work(connection: Connection) -> Collection[str] | None:
            sql = "SELECT hash FROM dbo.ledger_entry WHERE sequence = ?"
            if head != GENESIS and [row[0] for row in connection.query(sql, (head.sequence,))] != [head.hash]:
                return None
            # Without DISTINCT: for that, SQLite would rather read the whole index of streams.
            sql = "SELECT stream FROM dbo.ledger_entry WHERE sequence > ?"
            return {stream for (stream,) in connection.query(sql, (head.sequence,))}

        return self._database.read(work)

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
        found = verify(iter(()) if first is None else self._walk(first, last), *heads)
        if (last or 0) > promised and (found is None or found.sequence > promised):
            beyond = next(self._walk(promised + 1, last))
            return Break(beyond.sequence, Tampering.INSERTED)
        if found is None and newest < promised:
            return Break(newest + 1, Tampering.TRUNCATED)
        return found

    def _walk(self, first: int, last: int) -> Iterator[Entry]:
        rows = walk(
            self._database,
            "SELECT MIN(sequence) FROM dbo.ledger_entry WHERE sequence >= ?",
            "SELECT sequence, at, stream, version, kind, actor_user, actor_team, facts, previous_hash, hash"
            " FROM dbo.ledger_entry WHERE sequence >= ? AND sequence <= ? ORDER BY sequence",
            start=first,
        )
        return (Entry(*row) for row in takewhile(lambda row: row[0] <= last, rows))

    def _append(self, connection: Connection, draft: Draft) -> Entry:
        sequence, at, hash_, newest_version = _read_tip(connection, draft.stream)
        version = (newest_version or 0) + 1
        if draft.version not in {None, version}:
            raise StaleStream(draft.stream, decided_on=(draft.version or 0) - 1, current=version - 1)
        # A clock that was set back must not make a later entry look older: the order is what people will rely on. How
        # long something took can then be told only from what the clock said, so that is recorded as well.
        now = self._clock()
        moment = moment_text(now)
        if moment < at:
            newest = moment_read(at)
            moment = moment_text(newest)
            if newest - now > CLOCKS_APART:
                draft = draft._replace(facts={**draft.facts, CLOCK: moment_text(now)})
        entry = seal(_traced(draft), sequence + 1, moment, version, hash_)
        connection.execute(_INSERT, entry)
        return entry


def _traced(draft: Draft) -> Draft:
    """Every entry names the click that caused it, so that nobody who records something can forget to."""
    ref = get_contextvars().get(REFERENCE)
    return draft._replace(facts={REFERENCE: ref, **draft.facts}) if ref else draft


def _read_tip(connection: Connection, stream: str = "") -> tuple[int, str, str, int | None]:
    """Read what the next entry follows: number, moment and hash of the newest, and the newest version in its stream."""
    rows = connection.query(
        "SELECT sequence, at, hash, (SELECT MAX(version) FROM dbo.ledger_entry WHERE stream = ?)"
        " FROM dbo.ledger_entry WHERE sequence = (SELECT MAX(sequence) FROM dbo.ledger_entry WHERE sequence < ?)",
        (storable(stream), _LARGEST_SEQUENCE),
    )
    return rows[0] if rows else _BEFORE_ALL
