"""Looks at a site's two logins for an installer: where they landed, and what they may do beyond what they need.

It changes nothing: what a reset needs is tried on no row and rolled back, as before every request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from bot.dbapi import Database, DatabaseError
from bot.dbapi.catalogue import column_types, table_name
from bot.dbapi.rights import Right, has_logins, may, server_facts
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
    """Fills the port `SiteInspector`."""

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
        """Look with the login that reads. Raises SiteError."""
        return self._ask(
            self._reader,
            lambda connection: self._facts(connection, probe(connection).unread, _more_than_reading(connection)),
        )

    def writer(self) -> LoginFacts:
        """Try all that a reset needs, then look with the login that writes. Raises SiteError."""
        reader = SiteDatabase(self.code, self._reader) if self.has_own_writer else None
        SiteWriter(self.code, self._writer, self._backup, reader).dry_run()
        return self._ask(
            self._writer, lambda connection: self._facts(connection, (), self._more_than_resetting(connection))
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

    def _facts(self, connection: Connection, unread: tuple[str, ...], too_much: Iterator[str]) -> LoginFacts:
        landed, types = identify(connection), column_types(connection, STATUS)
        before = self._clock()
        found = server_facts(connection)
        middle = before + (self._clock() - before) / 2
        return LoginFacts(
            product=connection.product,
            database=landed.database,
            owner=landed.owner,
            unread=unread,
            too_much=tuple(too_much) if has_logins(connection.product) else None,
            is_mighty=found.is_mighty,
            is_updatable=found.is_updatable,
            collation=found.collation,
            key_types=key_types(types),
            is_case_sensitive="_CS_" in found.collation or "_BIN" in found.collation,
            clock_ahead=found.moment - middle if found.moment else None,
        )

    def _more_than_resetting(self, connection: Connection) -> Iterator[str]:
        yield from _rights(connection, STATUS, Right.INSERT, Right.DELETE)
        others = [
            name
            for name in sorted(connection.columns(STATUS) - RESET_COLUMNS)
            if may(connection, Right.UPDATE, STATUS, name)
        ]
        if others:
            yield f"UPDATE {', '.join(others)} of PkgStatus"
        backup = table_name(connection.product, self._backup)
        yield from _rights(connection, backup, Right.UPDATE, Right.DELETE, called=self._backup)


def _more_than_reading(connection: Connection) -> Iterator[str]:
    yield from _rights(connection, STATUS, Right.INSERT, Right.DELETE)
    if any(may(connection, Right.UPDATE, STATUS, name) for name in connection.columns(STATUS)):
        yield "UPDATE PkgStatus"


def _rights(connection: Connection, table: str, *rights: Right, called: str = "") -> Iterator[str]:
    name = (called or table).removeprefix("dbo.")
    yield from (f"{right} {name}" for right in rights if may(connection, right, table))
