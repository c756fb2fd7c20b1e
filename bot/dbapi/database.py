"""A database with a pool of connections, each used by one unit of work at a time.

Connects at the first statement. Only reads are retried. A connection that was lost, or whose file was replaced, is
replaced by a new one.
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

    def __init__(self, address: str, timeouts: engines.Timeouts | None = None, *, owned: bool = False) -> None:
        self._address = address
        self._owned = owned
        self._timeouts = timeouts or engines.Timeouts()
        self._pool: list[Connection] = []

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` outside a transaction; once more on a new connection if the link or a lock was lost under it.

        Raises DatabaseError.
        """
        pool = self._pool
        connection = _checkout(pool) or self._connect()
        try:
            return self._run(pool, connection, work)
        except DatabaseError as error:
            if error.kind not in {ErrorKind.UNREACHABLE, ErrorKind.DAMAGED, ErrorKind.DEADLOCK}:
                raise
        _close_all(pool)
        return self._run(pool, self._connect(), work)

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in one transaction; never retried. Raises DatabaseError."""
        pool = self._pool
        return self._run(pool, _checkout(pool) or self._connect(), work, in_transaction=True)

    def close(self) -> None:
        """Close all idle connections now, and each of the others when its work is done."""
        # A new pool first: a connection returned to the old one from now on is closed on its return.
        left, self._pool = self._pool, []
        _close_all(left)

    def _connect(self) -> Connection:
        return Connection(self._address, self._timeouts, owned=self._owned)

    def _run(
        self,
        pool: list[Connection],
        connection: Connection,
        work: Callable[[Connection], Result],
        *,
        in_transaction: bool = False,
    ) -> Result:
        try:
            result = connection.transaction(work) if in_transaction else work(connection)
        except BaseException:
            # Its session may be in any state: it is not reused.
            connection.close()
            raise
        pool.append(connection)
        if pool is not self._pool:
            _close_all(pool)
        return result


def _checkout(pool: list[Connection]) -> Connection | None:
    """Return the connection that was used last, which is the likeliest to be alive; None when there is none to use.

    A stale one is checked first: after a failover every connection is dead, and a write is not retried.
    """
    try:
        connection = pool.pop()
    except IndexError:
        return None
    if connection.is_stale and not connection.is_alive():
        connection.close()
        _close_all(pool)
        return None
    return connection


def _close_all(pool: list[Connection]) -> None:
    """Close all idle connections of a pool: when one link was cut, likely all were."""
    while pool:
        with suppress(IndexError):  # somebody else may take the last one at any moment
            pool.pop().close()
