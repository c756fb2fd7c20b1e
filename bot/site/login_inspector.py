"""Inspects a site's two logins for `check`: the database they reach, and rights beyond those they need.

It changes nothing: what a reset needs is tried on no row and rolled back, as before every request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from bot.dbapi import Database, DatabaseError
from bot.dbapi.catalogue import column_types, table_name
from bot.dbapi.rights import Right, has_logins, has_right, server_facts
from bot.site.identity import identify
from bot.site.reader import SiteDatabase
from bot.site.schema_probe import STATUS, key_types, probe
from bot.site.site_errors import site_error
from bot.site.writer import SiteWriter
from bot.usecases.ports.site import LoginFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.dbapi import Connection
    from bot.domain.package import SiteCode
    from bot.usecases.ports.clock import Clock

Result = TypeVar("Result")

RESET_COLUMNS = {"sourceversion", "status"}


class SiteLoginInspector:
    """Implements `SiteInspector`."""

    def __init__(
        self, code: SiteCode, reader: Database, writer: Database, backup_table: str, clock: Clock, *, is_same: bool
    ) -> None:
        self.code = code
        self.has_own_writer = not is_same
        self._reader = reader
        self._writer = writer
        self._backup = backup_table
        self._clock = clock

    def reader(self) -> LoginFacts:
        """Return the facts about the login that reads. Raises SiteError."""
        return self._ask(
            self._reader,
            lambda connection: self._facts(connection, probe(connection).unread, _excess_reader_rights(connection)),
        )

    def writer(self) -> LoginFacts:
        """Try all that a reset needs, then return the facts about the login that writes. Raises SiteError."""
        reader = SiteDatabase(self.code, self._reader) if self.has_own_writer else None
        SiteWriter(self.code, self._writer, self._backup, reader).dry_run()
        return self._ask(
            self._writer, lambda connection: self._facts(connection, (), self._excess_writer_rights(connection))
        )

    def close(self) -> None:
        """Close all connections."""
        self._reader.close()
        self._writer.close()

    def _ask(self, database: Database, work: Callable[[Connection], Result]) -> Result:
        try:
            return database.read(work)
        except DatabaseError as error:
            raise site_error(self.code, error) from error

    def _facts(self, connection: Connection, unread: tuple[str, ...], excess_rights: Iterator[str]) -> LoginFacts:
        landed, types = identify(connection), column_types(connection, STATUS)
        before = self._clock()
        found = server_facts(connection)
        middle = before + (self._clock() - before) / 2
        return LoginFacts(
            engine=connection.engine,
            database=landed.database,
            owner=landed.owner,
            unread=unread,
            excess_rights=tuple(excess_rights) if has_logins(connection.engine) else None,
            is_owner=found.is_owner,
            is_updatable=found.is_updatable,
            collation=found.collation,
            key_types=key_types(types),
            is_case_sensitive="_CS_" in found.collation or "_BIN" in found.collation,
            clock_ahead=found.moment - middle if found.moment else None,
        )

    def _excess_writer_rights(self, connection: Connection) -> Iterator[str]:
        yield from _held(connection, STATUS, Right.INSERT, Right.DELETE)
        others = [
            name
            for name in sorted(connection.columns(STATUS) - RESET_COLUMNS)
            if has_right(connection, Right.UPDATE, STATUS, name)
        ]
        if others:
            yield f"UPDATE {', '.join(others)} of PkgStatus"
        backup = table_name(connection.engine, self._backup)
        yield from _held(connection, backup, Right.UPDATE, Right.DELETE, called=self._backup)


def _excess_reader_rights(connection: Connection) -> Iterator[str]:
    yield from _held(connection, STATUS, Right.INSERT, Right.DELETE)
    if any(has_right(connection, Right.UPDATE, STATUS, name) for name in connection.columns(STATUS)):
        yield "UPDATE PkgStatus"


def _held(connection: Connection, table: str, *rights: Right, called: str = "") -> Iterator[str]:
    name = (called or table).removeprefix("dbo.")
    yield from (f"{right} {name}" for right in rights if has_right(connection, right, table))
