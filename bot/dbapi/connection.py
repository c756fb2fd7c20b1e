"""Connections that belong to one thread each, and are replaced when they were lost.

Nothing is connected before the first statement, and nothing is retried that could change data.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from bot.dbapi import engines, faults
from bot.dbapi.faults import DatabaseError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Result = TypeVar("Result")

_ROWS_PER_FETCH = 1000


class Connection:
    """One connection of one thread. Statements take `?` parameters; rows come back as tuples."""

    def __init__(self, address: str, patience: engines.Patience, *, owned: bool) -> None:
        self._patience = patience
        self._raw = engines.connect(address, patience, owned=owned)
        self._errors = engines.driver_errors(self._raw)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """Run a statement that returns rows and read them all."""
        with self._cursor(sql, parameters) as cursor:
            return list(cursor.fetchall())

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Any]:
        """Run a statement that returns rows and hand them over as they come."""
        with self._cursor(sql, parameters) as cursor:
            while batch := cursor.fetchmany(_ROWS_PER_FETCH):
                yield from batch

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run a statement that changes something; return the driver's row count, which triggers can falsify."""
        with self._cursor(sql, parameters) as cursor:
            return int(cursor.rowcount)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything in the block happen together or not at all."""
        self._named(lambda: engines.begin(self._raw))
        try:
            yield
        except BaseException:
            with suppress(self._errors):
                engines.end(self._raw, commit=False)
            raise
        self._named(lambda: engines.end(self._raw, commit=True))

    def columns(self, table: str) -> frozenset[str]:
        """Return the lower-case column names of a table or view, which this login must be able to read."""
        with self._cursor(f"SELECT * FROM {table} WHERE 1 = 0", ()) as cursor:  # noqa: S608 - names of our own
            return frozenset(column[0].lower() for column in cursor.description)

    def close(self) -> None:
        """Give the connection back; one that is already dead is simply forgotten."""
        with suppress(self._errors):
            self._raw.close()

    def _named(self, step: Callable[[], None]) -> None:
        try:
            step()
        except self._errors as error:
            raise faults.name(error) from error

    @contextmanager
    def _cursor(self, sql: str, parameters: Sequence[object]) -> Iterator[Any]:
        cursor = None
        try:
            engines.start_clock(self._raw, self._patience)
            cursor = self._raw.cursor()
            cursor.execute(sql, tuple(parameters))
            yield cursor
        except self._errors as error:
            raise faults.name(error) from error
        finally:
            if cursor is not None:
                with suppress(self._errors):
                    cursor.close()


class Database:
    """A database named by `sqlite:///path` or an ODBC connection string, with one connection per thread.

    `owned` marks the bot's own database: a SQLite file is then made when missing and commits are synced to disk.
    """

    def __init__(self, address: str, patience: engines.Patience | None = None, *, owned: bool = False) -> None:
        self._address = address
        self._owned = owned
        self._patience = patience or engines.Patience()
        self._own = threading.local()
        self._open: set[Connection] = set()
        self._guard = threading.Lock()

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run a piece of reading; once more on a fresh connection if the link or a lock was lost under it.

        Raises DatabaseError.
        """
        had_link = self._own_connection() is not None
        try:
            return self._attempt(work)
        except DatabaseError as error:
            lost_link = had_link and error.fault is Fault.UNREACHABLE
            if not lost_link and error.fault is not Fault.DEADLOCK:
                raise
        return self._attempt(work)

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run a piece of writing in one transaction; never retried here. Raises DatabaseError."""

        def in_transaction(connection: Connection) -> Result:
            with connection.transaction():
                return work(connection)

        return self._attempt(in_transaction)

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._guard:
            closing, self._open = self._open, set()
        for connection in closing:
            connection.close()

    def _attempt(self, work: Callable[[Connection], Result]) -> Result:
        connection = self._connection()
        try:
            return work(connection)
        except BaseException:
            # Whatever state it is in now, the next statement deserves a connection without a past.
            with self._guard:
                self._open.discard(connection)
            connection.close()
            raise

    def _connection(self) -> Connection:
        own = self._own_connection()
        if own is not None:
            return own
        fresh = self._own.connection = Connection(self._address, self._patience, owned=self._owned)
        with self._guard:
            self._open.add(fresh)
        return fresh

    def _own_connection(self) -> Connection | None:
        own: Connection | None = getattr(self._own, "connection", None)
        return own if own in self._open else None
