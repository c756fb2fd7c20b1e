"""The leases' table: who does what only one may do, without comparing the clocks of two hosts.

The holder raises a beat. Who sees the same beat for a whole lease length by its own clock takes the lease, by
compare-and-set. The holder counts the same length from before its last beat, so it stops before anyone may take over.
"""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.dbapi import Connection
    from bot.store.database import StoreDatabase


class _Beat(NamedTuple):
    """Two columns of a row of dbo.lease; no beat of a holder ever comes twice."""

    holder: str
    number: int


class LeaseTable:
    """Implements `Leases`. `holder` names this process and must never have named another one."""

    def __init__(
        self, database: StoreDatabase, holder: str, length: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._holder = holder
        self._length = length
        self._clock = clock
        self._numbers = count(1)
        self._held_since: dict[str, float] = {}
        self._seen: dict[str, tuple[_Beat, float]] = {}

    def hold(self, name: str) -> bool:
        """Take, keep or watch a lease; call it every third of the lease's length. True while it is ours."""
        began = self._clock()
        found = self._database.read(lambda connection: _read(connection, name))
        if self._may_take(name, found) and self._take(name, found):
            self._held_since[name] = began
            return True
        self._held_since.pop(name, None)
        return False

    def holds(self, name: str) -> bool:
        """Whether the lease is certainly still ours, without asking the database: look before each effect."""
        since = self._held_since.get(name)
        return since is not None and self._clock() - since < self._length

    def alive(self, prefix: str) -> frozenset[str]:
        """Return the leases with this prefix that somebody keeps; those that nobody keeps any more are removed.

        One that is seen for the first time counts as kept. The prefix must hold no wildcard of LIKE.
        """
        now = self._clock()
        sql = "SELECT name, holder, beat FROM dbo.lease WHERE name LIKE ?"
        found = self._database.read(lambda connection: connection.query(sql, (f"{prefix}%",)))
        leases = {name: _Beat(*beat) for name, *beat in found}
        dead = {n: beat for n, beat in leases.items() if now - self._unchanged_since(n, beat, now) >= self._length}

        def remove(connection: Connection) -> None:
            for name, beat in dead.items():
                connection.execute("DELETE FROM dbo.lease WHERE name = ? AND holder = ? AND beat = ?", (name, *beat))

        if dead:
            self._database.write(remove)
        return frozenset(leases.keys() - dead.keys())

    def release(self, name: str) -> None:
        """Give a lease up, so that another can take it at once."""
        self._held_since.pop(name, None)

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM dbo.lease WHERE name = ? AND holder = ?", (name, self._holder))

        self._database.write(work)

    def _may_take(self, name: str, found: _Beat | None) -> bool:
        if found is None or found.holder == self._holder:
            return True
        now = self._clock()
        return now - self._unchanged_since(name, found, now) >= self._length

    def _unchanged_since(self, name: str, found: _Beat, now: float) -> float:
        beat, since = self._seen.get(name, (None, now))
        if beat != found:
            self._seen[name] = (found, now)
            return now
        return since

    def _take(self, name: str, found: _Beat | None) -> bool:
        beat = _Beat(self._holder, next(self._numbers))
        if found is None:
            return self._database.write_new(lambda connection: _insert(connection, name, beat))
        return self._database.write(lambda connection: _exchange(connection, name, found, beat))


def _read(connection: Connection, name: str) -> _Beat | None:
    rows = connection.query("SELECT holder, beat FROM dbo.lease WHERE name = ?", (name,))
    return _Beat(*rows[0]) if rows else None


def _insert(connection: Connection, name: str, beat: _Beat) -> None:
    connection.execute("INSERT INTO dbo.lease (name, holder, beat) VALUES (?, ?, ?)", (name, *beat))


def _exchange(connection: Connection, name: str, found: _Beat, beat: _Beat) -> bool:
    connection.execute(
        "UPDATE dbo.lease SET holder = ?, beat = ? WHERE name = ? AND holder = ? AND beat = ?", (*beat, name, *found)
    )
    # Asked again instead of counting changed rows: SQL Server does not count under NOCOUNT.
    return _read(connection, name) == beat
