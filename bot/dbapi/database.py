"""A database and its connections: each serves one piece of work at a time and is kept for the next one.

Nothing is connected before the first statement, and nothing is retried that could change data. A connection that was
lost, or whose file was replaced, gives way to a new one.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

from bot.dbapi import engines
from bot.dbapi.connection import Connection
from bot.dbapi.faults import DatabaseError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class Database:
    """A database named by `sqlite:///path` or an ODBC connection string, with as many connections as are used at once.

    `owned` marks the bot's own database: a SQLite file is then made when missing and commits are synced to disk.
    """

    def __init__(self, address: str, patience: engines.Patience | None = None, *, owned: bool = False) -> None:
        self._address = address
        self._owned = owned
        self._patience = patience or engines.Patience()
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._guard = threading.Lock()

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run a piece of reading; once more on a fresh connection if the link or a lock was lost under it.

        Raises DatabaseError.
        """
        kept = self._kept()
        try:
            return self._attempt(kept or self._fresh(), work)
        except DatabaseError as error:
            lost_link = kept is not None and error.fault is Fault.UNREACHABLE
            if not lost_link and error.fault is not Fault.DEADLOCK:
                raise
        self._forget_idle()
        return self._attempt(self._fresh(), work)

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run a piece of writing in one transaction; never retried here. Raises DatabaseError.

        A doubtful link is tried first: after a failover every connection is dead, and a writing would only find out.
        """
        kept = self._kept()
        if kept is not None and kept.is_doubtful and not self._answers(kept):
            self._forget_idle()
            kept = None
        return self._attempt(kept or self._fresh(), lambda connection: connection.transaction(work))

    def close(self) -> None:
        """Close all connections that rest now, and each of the others when its work is done."""
        with self._guard:
            resting, self._idle, self._open = self._idle, [], set()
        for connection in resting:
            connection.close()

    def _attempt(self, connection: Connection, work: Callable[[Connection], Result]) -> Result:
        try:
            result = work(connection)
        except BaseException:
            # Whatever state it is in now, the next statement deserves a connection without a past.
            self._drop(connection)
            raise
        with self._guard:
            is_open = connection in self._open
            if is_open:
                self._idle.append(connection)
        if not is_open:
            connection.close()
        return result

    def _answers(self, connection: Connection) -> bool:
        try:
            connection.query("SELECT 1")
        except DatabaseError:
            self._drop(connection)
            return False
        return True

    def _kept(self) -> Connection | None:
        """Take the connection that was used last: it is the likeliest to be alive, and the others may rest."""
        with self._guard:
            kept = self._idle.pop() if self._idle else None
        if kept is not None and kept.is_astray:
            self._drop(kept)
            return self._kept()
        return kept

    def _fresh(self) -> Connection:
        fresh = Connection(self._address, self._patience, owned=self._owned)
        with self._guard:
            self._open.add(fresh)
        return fresh

    def _drop(self, connection: Connection) -> None:
        with self._guard:
            self._open.discard(connection)
        connection.close()

    def _forget_idle(self) -> None:
        """Whoever cut one link has likely cut them all."""
        while (idle := self._kept()) is not None:
            self._drop(idle)
