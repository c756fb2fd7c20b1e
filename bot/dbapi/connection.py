"""One connection to a database: statements, transactions, and errors under our own names. Nothing is retried here."""

from __future__ import annotations

import logging
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from bot.dbapi import engines, faults
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
        self._address = address
        self._file = engines.file_of(address)
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

    @property
    def is_astray(self) -> bool:
        """Whether the SQLite file was taken away or replaced: what is read or written here reaches nobody any more."""
        return engines.file_of(self._address) != self._file

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
