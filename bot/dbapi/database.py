"""A database and its connections: each serves one piece of work at a time and is kept for the next one.

Nothing is connected before the first statement, and nothing is retried that could change data. A connection that was
lost, or whose file was replaced, gives way to a new one.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from bot.dbapi import engines
from bot.dbapi.connection import Connection
from bot.dbapi.errors import DatabaseError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class Database:
    """A database named by `sqlite:///path` or an ODBC connection string, with as many connections as are used at once.

    `owned` marks the bot's own database: a SQLite file is then made when missing and commits are synced to disk.
    """

    def __init__(self, address: str, patience: engines.Timeouts | None = None, *, owned: bool = False) -> None:
        self._address = address
        self._owned = owned
        self._patience = patience or engines.Timeouts()
        self._resting: list[Connection] = []

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run a piece of reading; once more on a fresh connection if the link or a lock was lost under it.

        Raises DatabaseError.
        """
        place = self._resting
        connection = _taken(place) or self._fresh()
        try:
            return self._attempt(place, connection, work)
        except DatabaseError as error:
            if error.fault not in {ErrorKind.UNREACHABLE, ErrorKind.DAMAGED, ErrorKind.DEADLOCK}:
                raise
        _close_all(place)
        return self._attempt(place, self._fresh(), work)

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run a piece of writing in one transaction; never retried here. Raises DatabaseError."""
        place = self._resting
        return self._attempt(place, _taken(place) or self._fresh(), work, in_transaction=True)

    def close(self) -> None:
        """Close all connections that rest now, and each of the others when its work is done."""
        # A new place first: a connection that comes back to the old one from now on is closed by who brings it.
        left, self._resting = self._resting, []
        _close_all(left)

    def _fresh(self) -> Connection:
        return Connection(self._address, self._patience, owned=self._owned)

    def _attempt(
        self,
        place: list[Connection],
        connection: Connection,
        work: Callable[[Connection], Result],
        *,
        in_transaction: bool = False,
    ) -> Result:
        try:
            result = connection.transaction(work) if in_transaction else work(connection)
        except BaseException:
            # Whatever state it is in now, the next statement deserves a connection without a past.
            connection.close()
            raise
        place.append(connection)
        if place is not self._resting:
            _close_all(place)
        return result


def _taken(place: list[Connection]) -> Connection | None:
    """Take the connection that was used last: it is the likeliest to be alive, and the others may rest.

    A doubtful one is tried: after a failover every connection is dead, and a writing would only find out.
    """
    try:
        connection = place.pop()
    except IndexError:
        return None
    if connection.is_doubtful and not connection.proves_itself():
        connection.close()
        _close_all(place)
        return None
    return connection


def _close_all(place: list[Connection]) -> None:
    """Close what rests in a place; whoever cut one link has likely cut them all."""
    while place:
        with suppress(IndexError):  # somebody else may take the last one at any moment
            place.pop().close()
