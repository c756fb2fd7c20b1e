"""The snapshots' table: answers kept for paging, for every process that shares the store; the oldest make room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.ledger_entry import moment_read, moment_text
from bot.usecases.ports.store import StoredSnapshot

if TYPE_CHECKING:
    from datetime import datetime

    from bot.dbapi import Connection
    from bot.store.database import StoreDatabase


class SnapshotTable:
    """Implements `SnapshotStore`."""

    def __init__(self, database: StoreDatabase) -> None:
        self._database = database

    def put(self, key: str, stored: StoredSnapshot, since: datetime, most_rows: int) -> None:
        """Keep an answer; what was kept before `since`, and the oldest beyond `most_rows`, are forgotten."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM dbo.snapshot WHERE kept_at < ?", (moment_text(since),))
            for old in _over_limit(connection, most_rows - stored.row_count):
                connection.execute("DELETE FROM dbo.snapshot WHERE id = ?", (old,))
            connection.execute(
                "INSERT INTO dbo.snapshot (id, kept_at, row_count, body) VALUES (?, ?, ?, ?)",
                (key, moment_text(stored.at), stored.row_count, stored.body),
            )

        self._database.write(work)

    def find(self, key: str) -> StoredSnapshot | None:
        """Return what is kept under a key, however old; None when there is nothing."""
        sql = "SELECT kept_at, row_count, body FROM dbo.snapshot WHERE id = ?"
        rows = self._database.read(lambda connection: connection.query(sql, (key,)))
        return StoredSnapshot(moment_read(rows[0][0]), rows[0][1], rows[0][2]) if rows else None


def _over_limit(connection: Connection, room: int) -> list[str]:
    """Return the oldest snapshots that have to go so that all others have no more rows than there is room for."""
    kept = connection.query("SELECT id, row_count FROM dbo.snapshot ORDER BY kept_at DESC, id")
    going = []
    for key, row_count in kept:
        room -= row_count
        if room < 0:
            going.append(key)
    return going
