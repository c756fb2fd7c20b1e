"""One connection to a database: statements and transactions. Driver errors become DatabaseError; nothing is retried."""

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

    def __init__(self, address: str, timeouts: engines.Timeouts, *, owned: bool) -> None:
        self._timeouts = timeouts
        self._raw = engines.connect(address, timeouts, owned=owned)
        self._address = address
        self._file = engines.file_of(address)
        self._errors = engines.driver_errors(self._raw)
        self._run_at_once = engines.runner(self._raw)
        self._logs_statements = logging.getLogger(__name__).isEnabledFor(logging.DEBUG)
        self.engine = engines.engine_name(self._raw)
        self.begins_locked = self.engine == engines.Engine.SQLITE
        self._is_server = not self.begins_locked
        self._started_at = self._checked_at = time.monotonic()
        engines.bound(self._raw, lambda: time.monotonic() - self._started_at > timeouts.query)

    @property
    def is_stale(self) -> bool:
        """Whether the link or the file was last checked so long ago that it must be checked again before use."""
        if self._is_server:
            return time.monotonic() - self._started_at >= self._timeouts.quiet
        return time.monotonic() - self._checked_at >= self._timeouts.look

    @property
    def database(self) -> str:
        """The database at the other end: its name, or the true path of a SQLite file."""
        try:
            return engines.database(self._raw)
        except self._errors as error:
            raise errors.from_driver(error) from error

    def is_alive(self) -> bool:
        """Return whether the server still answers, or the SQLite file is still the one with this name.

        Writes to a file that was replaced would be lost.
        """
        if not self._is_server:
            self._checked_at = time.monotonic()
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
            if self._is_server:
                engines.finish(cursor)
        except self._errors as error:
            raise errors.from_driver(error) from error
        return rows

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Any]:
        """Run a statement and yield its rows as they are fetched."""
        # Closed even when the reader goes away early: SQL Server runs one statement at a time on a connection.
        cursor = self._run(self._raw.execute, sql, parameters)
        try:
            while batch := cursor.fetchmany(_ROWS_PER_FETCH):
                yield from batch
        except self._errors as error:
            raise errors.from_driver(error) from error
        finally:
            with suppress(self._errors):  # it may outlive its connection
                cursor.close()

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run a statement that changes something; return the driver's row count, which triggers can falsify."""
        cursor = self._run(self._run_at_once, sql, parameters)
        try:
            count = int(cursor.rowcount)
            if self._is_server:
                engines.finish(cursor)
        except self._errors as error:
            raise errors.from_driver(error) from error
        return count

    def transaction(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in one transaction: committed when it returns, rolled back when it raises."""
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
                raise errors.from_driver(error) from error
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
        """Close the connection; errors of one that is already dead are ignored."""
        with suppress(self._errors):
            self._raw.close()

    def _run(self, execute: Callable[[str, tuple[object, ...]], Any], sql: str, parameters: Sequence[object]) -> Any:
        self._started_at = time.monotonic()
        if self._logs_statements:
            log.debug("statement", sql=sql)
        try:
            return execute(sql, tuple(parameters))
        except self._errors as error:
            raise errors.from_driver(error) from error
