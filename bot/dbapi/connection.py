"""Connections that serve one piece of work at a time, are kept for the next one, and are replaced when they were lost.

Nothing is connected before the first statement, and nothing is retried that could change data.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from bot.dbapi import engines, faults
from bot.dbapi.faults import DatabaseError, Fault
from bot.events import events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Result = TypeVar("Result")
log = events(__name__)

_ROWS_PER_FETCH = 1000


class Connection:
    """One connection. Statements take `?` parameters; rows come back as tuples."""

    def __init__(self, address: str, patience: engines.Patience, *, owned: bool) -> None:
        self._patience = patience
        self._raw = engines.connect(address, patience, owned=owned)
        self._errors = engines.driver_errors(self._raw)
        self._named = _Named(self._errors)
        self.product = engines.product(self._raw)
        self._used_at = time.monotonic()
        self._deadline = self._used_at
        engines.bound(self._raw, lambda: time.monotonic() > self._deadline)

    @property
    def is_doubtful(self) -> bool:
        """Whether the link was quiet for so long that somebody may have cut it unseen; a file has no link."""
        is_quiet = time.monotonic() - self._used_at >= self._patience.quiet
        return is_quiet and self.product != engines.Product.SQLITE

    @property
    def database(self) -> str:
        """The database at the other end: its name, or the true path of a SQLite file."""
        with _Named(engines.driver_errors(self._raw)):
            return engines.database(self._raw)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """Run a statement that returns rows and read them all."""
        with self._named, closing(self._run(sql, parameters)) as cursor:
            return list(cursor.fetchall())

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Any]:
        """Run a statement that returns rows and hand them over as they come."""
        # Closed even when the reader goes away early: SQL Server runs one statement at a time on a connection.
        with self._named, closing(self._run(sql, parameters)) as cursor:
            while batch := cursor.fetchmany(_ROWS_PER_FETCH):
                yield from batch

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run a statement that changes something; return the driver's row count, which triggers can falsify."""
        with self._named:
            cursor = self._run(sql, parameters)
            count = int(cursor.rowcount)
            engines.finish(cursor)
            return count

    def transaction(self, work: Callable[[Connection], Result]) -> Result:
        """Make everything in a piece of work happen together or not at all."""
        with self._named:
            engines.begin(self._raw)
        try:
            result = work(self)
        except BaseException:
            with suppress(self._errors):
                engines.end(self._raw, commit=False)
            raise
        with self._named:
            engines.end(self._raw, commit=True)
        return result

    def columns(self, table: str) -> frozenset[str]:
        """Return the lower-case column names of a table or view, which this login must be able to read."""
        with self._named, closing(self._run(f"SELECT * FROM {table} WHERE 1 = 0", ())) as cursor:
            return frozenset(column[0].lower() for column in cursor.description)

    def close(self) -> None:
        """Give the connection back; one that is already dead is simply forgotten."""
        with suppress(self._errors):
            self._raw.close()

    def _run(self, sql: str, parameters: Sequence[object]) -> Any:
        self._deadline = time.monotonic() + self._patience.query
        if log.isEnabledFor(logging.DEBUG):  # a statement is far quicker than an event that nobody reads
            log.debug("statement", sql=sql)
        cursor = self._raw.cursor()
        cursor.execute(sql, tuple(parameters))
        self._used_at = time.monotonic()
        return cursor


class _Named:
    """Lets a driver's errors out under our names; a class, because it is entered for each statement."""

    def __init__(self, errors: type[Exception]) -> None:
        self._errors = errors

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, self._errors):
            raise faults.name(error) from error


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
        """Close all connections."""
        with self._guard:
            closing, self._open = self._open, set()
            self._idle.clear()
        for connection in closing:
            connection.close()

    def _attempt(self, connection: Connection, work: Callable[[Connection], Result]) -> Result:
        try:
            result = work(connection)
        except BaseException:
            # Whatever state it is in now, the next statement deserves a connection without a past.
            self._drop(connection)
            raise
        with self._guard:
            if connection in self._open:
                self._idle.append(connection)
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
            return self._idle.pop() if self._idle else None

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
