"""The outbox's table: what must still be told to Slack, and where it was told.

Rows are written in the transaction of their entry and never removed; the order per destination is the ledger's. In a
row that is not told yet, `told_at` is the moment of a post whose outcome nobody knows.

The payload of a notice bears the bot's own mark before its JSON. Of one that somebody else wrote here, changed or
moved, nothing is handed out but that it is there.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.domain.ledger_entry import Entry, moment_read, moment_text
from bot.domain.signing import notice_parts
from bot.store.keyset import BEFORE_ALL, LAST_OF_ALL, walk
from bot.usecases.ports.store import Backlog, Delivery, PostRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bot.dbapi import Connection
    from bot.domain.signing import Signer
    from bot.store.database import StoreDatabase
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.store import Notification

NO_ENTRY = "the ledger has no such entry"
PEEK = 50
_BEFORE_ALL_TIME = datetime.min.replace(tzinfo=UTC)
_TYPES = (int, str, str, int, str, str, str, str, str, str)
NOT_OURS = "not written by this bot, or before its app-level token was changed"
AUDIT_LINE = 0
"""The number of the row that is an entry's own line in the audit channel."""

_SELECT = (
    "SELECT o.sequence, o.number, o.destination, o.payload, o.told_at, e.sequence, e.at, e.stream, e.version, e.kind,"
    " e.actor_user, e.actor_team, e.facts, e.previous_hash, e.hash"
    " FROM dbo.outbox o LEFT JOIN dbo.ledger_entry e ON e.sequence = o.sequence"
)

# A NULL is written out: for one that comes as a parameter, drivers first ask the server which type it would have.
_INSERT_LINE = (
    "INSERT INTO dbo.outbox (sequence, number, destination, payload, told, gap, told_at, channel, ts)"
    " VALUES (?, ?, ?, NULL, 0, 0, '', '', '')"
)
_INSERT_NOTICE = (
    "INSERT INTO dbo.outbox (sequence, number, destination, payload, told, gap, told_at, channel, ts)"
    " VALUES (?, ?, ?, ?, 0, 0, '', '', '')"
)


class OutboxTable:
    """Implements `Outbox`."""

    def __init__(self, database: StoreDatabase, audit_channel: str, clock: Clock, signer: Signer | None = None) -> None:
        """Without a signer nothing is signed or verified: for those who only read."""
        self._signer = signer
        self._database = database
        self._audit_channel = audit_channel
        self._clock = clock

    def enqueue(self, connection: Connection, entries: Sequence[Entry], notices: Iterable[Notification]) -> None:
        """Add the audit line of each entry, and notices to the last, in the transaction of these entries."""
        for entry in entries:
            connection.execute(_INSERT_LINE, (entry.sequence, AUDIT_LINE, self._audit_channel))
        for number, notice in enumerate(notices, start=AUDIT_LINE + 1):
            at = (entries[-1].sequence, number, notice.destination)
            text = json.dumps(notice.payload)
            marked = f"{self._signer.sign(*notice_parts(*at, text))} {text}" if self._signer else text
            connection.execute(_INSERT_NOTICE, (*at, marked))

    def newest(self) -> int:
        """Return the newest entry that was ever put here; 0 if none was."""
        rows = self._database.read(lambda connection: connection.query("SELECT MAX(sequence) FROM dbo.outbox"))
        return rows[0][0] or 0

    def destinations(self) -> Sequence[str]:
        """Return the destinations something is pending for, the longest waiting first."""
        rows = self._database.read(
            lambda connection: connection.query(
                "SELECT destination FROM dbo.outbox WHERE told = 0"
                " GROUP BY destination ORDER BY MIN(sequence), destination"
            )
        )
        return [destination for (destination,) in rows]

    def pending(self, destination: str, limit: int = 50, since: int = BEFORE_ALL) -> Sequence[Delivery]:
        """Read the oldest pending deliveries of a destination from a sequence on; at least one if there is any."""

        def work(connection: Connection) -> Sequence[Any]:
            return _read_pending(connection, destination, limit, since)

        found = [self._delivery(row) for row in self._database.read(work)]
        if any(each.trouble == NO_ENTRY for each in found):  # perhaps both were just being written: look again
            found = [self._delivery(row) for row in self._database.read(work)]
        return found[:limit]

    def notices(self, destination: str) -> Sequence[Delivery]:
        """Read every pending notice of a destination, oldest first, without its audit lines."""
        rows = self._database.read(
            lambda connection: connection.query(
                f"{_SELECT} WHERE o.destination = ? AND o.told = 0 AND o.number > 0 ORDER BY o.sequence, o.number",
                (destination,),
            )
        )
        return [self._delivery(row) for row in rows]

    def attempt(self, deliveries: Iterable[Delivery], *, failed: bool = False) -> None:
        """Note that these are about to be posted, or that this certainly `failed`.

        One that was posted before with an unknown outcome stays one, whatever happens to a later post.
        """
        at = "" if failed else moment_text(self._clock())
        keys = [
            (delivery.destination, delivery.entry.sequence, delivery.number)
            for delivery in deliveries
            if not delivery.was_tried
        ]

        def work(connection: Connection) -> None:
            for key in keys:
                connection.execute(
                    "UPDATE dbo.outbox SET told_at = ? WHERE destination = ? AND told = 0 AND sequence = ?"
                    " AND number = ?",
                    (at, *key),
                )

        if keys:
            self._database.write(work)

    def mark_sent(self, deliveries: Iterable[Delivery], channel: str, ts: str, *, is_gap: bool = False) -> None:
        """Note that these were told by one message, or by its gap notice; what was settled before stays as it was."""
        step = self.mark_sent_step(list(deliveries), channel, ts, is_gap=is_gap)
        self._database.write(lambda connection: step(connection, None))

    def mark_sent_step(
        self, deliveries: Sequence[Delivery], channel: str, ts: str, *, is_gap: bool
    ) -> Callable[[Connection, object], None]:
        """Make the step that does what `settle` does, together with an entry."""

        def step(connection: Connection, _entry: object) -> None:
            post = (int(is_gap), moment_text(self._clock()), channel, ts)
            for delivery in deliveries:
                connection.execute(
                    "UPDATE dbo.outbox SET told = 1, gap = ?, told_at = ?, channel = ?, ts = ?"
                    " WHERE destination = ? AND told = 0 AND sequence = ? AND number = ?",
                    (*post, delivery.destination, delivery.entry.sequence, delivery.number),
                )

        return step

    def backlog(self, destination: str) -> Backlog:
        """Say how far behind a destination is."""

        def work(connection: Connection) -> Backlog:
            sql = "SELECT COUNT(*) FROM dbo.outbox WHERE destination = ? AND told = 0"
            count = connection.query(sql, (destination,))[0][0]
            # What was counted may be told by now: each statement reads what is committed when it begins.
            rows = _read_pending(connection, destination, PEEK, BEFORE_ALL) if count else []
            moments = [at for at in map(_moment_of, rows) if at]
            # Without a moment that can be read it has waited for ever: that pauses resets, and is soon put aside.
            return Backlog(count, moments[0] if moments else _BEFORE_ALL_TIME if rows else None)

        return self._database.read(work)

    def delivered_at(self, destination: str) -> datetime | None:
        """Return when the newest of what was told to a destination was told; None before anything was."""
        rows = self._database.read(
            lambda connection: connection.query(
                "SELECT MAX(told_at) FROM dbo.outbox WHERE destination = ? AND told = 1 AND sequence ="
                " (SELECT MAX(sequence) FROM dbo.outbox WHERE destination = ? AND told = 1)",
                (destination, destination),
            )
        )
        try:
            return moment_read(rows[0][0]) if rows[0][0] else None
        except (TypeError, ValueError):
            return None

    def posts(self, destination: str) -> Iterator[PostRecord]:
        """Read where things for a destination were told, in ledger order."""
        rows = walk(
            self._database,
            "SELECT MIN(sequence) FROM dbo.outbox WHERE destination = ? AND told = 1 AND sequence >= ?",
            "SELECT sequence, number, channel, ts, gap FROM dbo.outbox"
            " WHERE destination = ? AND told = 1 AND sequence >= ? AND sequence <= ? ORDER BY sequence, number",
            (destination,),
        )
        for sequence, number, channel, ts, gap in rows:
            yield PostRecord(sequence, number, channel, ts, is_gap=bool(gap))

    def _delivery(self, row: Sequence[Any]) -> Delivery:
        """Make a delivery of a row, whatever somebody may have written into it or into its entry."""
        sequence, number, destination, payload, tried_at, *fields = row
        entry = Entry(*fields) if fields[0] is not None else Entry(sequence, "", "", 0, "", "", "", "{}", "", "")
        trouble = NO_ENTRY if fields[0] is None else ""
        if not trouble and tuple(map(type, fields)) != _TYPES:
            trouble = "a field of its entry has a wrong type"
        if payload is None:
            return Delivery(number, destination, None, entry, bool(tried_at), trouble=trouble)
        mark, _, text = str(payload).partition(" ") if not str(payload).startswith("{") else ("", "", str(payload))
        verify = self._signer is None or self._signer.verify(
            mark, *notice_parts(sequence, number, str(destination), text)
        )
        if not trouble and not verify:
            return Delivery(number, destination, {}, entry, bool(tried_at), is_ours=False, trouble=NOT_OURS)
        told = _object(text)
        if told is None or not isinstance(payload, str):
            trouble = trouble or "its payload cannot be read"
        elif not trouble and _moment_of(row) is None:
            trouble = "the moment of its entry cannot be read"
        return Delivery(number, destination, {} if trouble else told, entry, bool(tried_at), verify, trouble)


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _read_pending(connection: Connection, destination: str, limit: int, since: int) -> Sequence[Any]:
    """Entries have no gaps, so as many sequence numbers from the oldest one hold up to `limit` rows or a few more."""
    first = connection.query(
        "SELECT MIN(sequence) FROM dbo.outbox WHERE destination = ? AND told = 0 AND sequence >= ?",
        (destination, since),
    )[0][0]
    if first is None:
        return []
    # What somebody else wrote here may be no number, or so great that there is none beyond it.
    last = min(first + limit - 1, LAST_OF_ALL) if isinstance(first, int) else first
    return connection.query(
        f"{_SELECT} WHERE o.destination = ? AND o.told = 0 AND o.sequence >= ? AND o.sequence <= ?"
        " ORDER BY o.sequence, o.number",
        (destination, first, last),
    )


def _moment_of(row: Sequence[Any]) -> datetime | None:
    try:
        return Entry(*row[5:]).at
    except (AttributeError, LookupError, TypeError, ValueError):
        return None
