"""One connection to a database: statements, transactions, and errors under our own names. Nothing is retried here."""

from __future__ import annotations

import logging
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from bot.dbapi import engines, errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Result = TypeVar("Result")
log = structlog.stdlib.get_logger(__name__)

_ROWS_PER_FETCH = 1000


class Connection:
    """One connection. Statements take `?` parameters; rows come back as tuples.

    `begins_locked` says whether the very beginning of a transaction makes everyone else wait who wants to write.
    """

    def __init__(self, address: str, patience: engines.Timeouts, *, owned: bool) -> None:
        self._patience = patience
        self._raw = engines.connect(address, patience, owned=owned)
        self._address = address
        self._file = engines.file_of(address)
        self._errors = engines.driver_errors(self._raw)
        self._run_at_once = engines.runner(self._raw)
        self._is_told = logging.getLogger(__name__).isEnabledFor(logging.DEBUG)
        self.product = engines.engine(self._raw)
        self.begins_locked = self.product == engines.Engine.SQLITE
        self._is_linked = not self.begins_locked
        self._started_at = self._looked_at = time.monotonic()
        engines.bound(self._raw, lambda: time.monotonic() - self._started_at > patience.query)

    @property
    def is_doubtful(self) -> bool:
        """Whether this was last seen to lead where it should so long ago that it may not do so any more."""
        if self._is_linked:
            return time.monotonic() - self._started_at >= self._patience.quiet
        return time.monotonic() - self._looked_at >= self._patience.look

    @property
    def database(self) -> str:
        """The database at the other end: its name, or the true path of a SQLite file."""
        try:
            return engines.database(self._raw)
        except self._errors as error:
            raise errors.name(error) from error

    def proves_itself(self) -> bool:
        """Find out whether the server still answers, or the SQLite file is still the one with this name.

        What is written to a file that was replaced reaches nobody any more.
        """
        if not self._is_linked:
            self._looked_at = time.monotonic()
            return engines.file_of(self._address) == self._file
        try:
            self.query("SELECT 1")
        except errors.DatabaseError:
            return False
        return True

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """Run a statement that returns rows and read them all."""
        cursor = self._run(self._run_at_once, sql, parameters)
        try:
            rows: list[Any] = cursor.fetchall()
            if self._is_linked:
                engines.finish(cursor)
        except self._errors as error:
            raise errors.name(error) from error
        return rows

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Any]:
        """Run a statement that returns rows and hand them over as they come."""
        # Closed even when the reader goes away early: SQL Server runs one statement at a time on a connection.
        cursor = self._run(self._raw.execute, sql, parameters)
        try:
            while batch := cursor.fetchmany(_ROWS_PER_FETCH):
                yield from batch
        except self._errors as error:
            raise errors.name(error) from error
        finally:
            with suppress(self._errors):  # it may outlive its connection
                cursor.close()

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run a statement that changes something; return the driver's row count, which triggers can falsify."""
        cursor = self._run(self._run_at_once, sql, parameters)
        try:
            count = int(cursor.rowcount)
            if self._is_linked:
                engines.finish(cursor)
        except self._errors as error:
            raise errors.name(error) from error
        return count

    def transaction(self, work: Callable[[Connection], Result]) -> Result:
        """Make everything in a piece of work happen together or not at all."""
        try:
            self._started_at = time.monotonic()
            engines.begin(self._raw)
            result = work(self)
            self._started_at = time.monotonic()
            engines.end(self._raw, commit=True)
        except BaseException as error:
            with suppress(self._errors):
                engines.end(self._raw, commit=False)
            if isinstance(error, self._errors):
                raise errors.name(error) from error
            raise
        return result

    def columns(self, table: str) -> frozenset[str]:
        """Return the lower-case column names of a table or view, which this login must be able to read."""
        return frozenset(self.names(table))

    def names(self, table: str) -> dict[str, str]:
        """Return the column names as the catalogue has them, in their order, each by itself in lower case."""
        with closing(self._run(self._raw.execute, f"SELECT * FROM {table} WHERE 1 = 0", ())) as cursor:
            return {column[0].lower(): column[0] for column in cursor.description}

    def close(self) -> None:
        """Give the connection back; one that is already dead is simply forgotten."""
        with suppress(self._errors):
            self._raw.close()

    def _run(self, execute: Callable[[str, tuple[object, ...]], Any], sql: str, parameters: Sequence[object]) -> Any:
        self._started_at = time.monotonic()
        if self._is_told:
            log.debug("statement", sql=sql)
        try:
            return execute(sql, tuple(parameters))
        except self._errors as error:
            raise errors.name(error) from error
