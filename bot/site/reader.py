"""Read packages and their rows from one site database, each question in one round trip.

Only SELECTs. The statements are plain SQL that SQL Server, PostgreSQL and SQLite run unchanged; what they contain
depends on the probe of the site, never on anything a person typed.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from bot.dbapi import Connection, Database, DatabaseError, ErrorKind
from bot.domain.package import Package, PackageId, PackageTable, RowType, SiteCode
from bot.site.identity import DatabaseIdentity, identify
from bot.site.row_mapping import (
    NO_ROW,
    PACKAGE_COLUMNS,
    SERVED,
    UNSERVED,
    as_row,
    is_there,
    job_join,
    listed_points,
    message_join,
    message_list,
    one_row,
    package,
    package_list,
    point_join,
    point_list,
    row_list,
    rows,
    status_join,
    target_list,
    target_of_site,
    targeted_at,
    targets,
)
from bot.site.schema_probe import PACKAGES, STATUS, SiteSchema, probe
from bot.site.site_errors import site_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.domain.package import Row

Result = TypeVar("Result")


class SiteDatabase:
    """One site's database, read through its own connections; implements `SiteReader`."""

    def __init__(self, code: SiteCode, database: Database) -> None:
        self.code = code
        self._database = database
        self._schema: SiteSchema | None = None
        self._guard = threading.Lock()

    def probe(self) -> SiteSchema:
        """Find out again what can be read, and cache it. Raises SiteError."""
        return self._ask(self._look)

    def package(self, package_id: PackageId) -> PackageTable | None:
        """Read a package and all its rows in one round trip; None when the site does not know it."""
        return self._ask(lambda connection: self._read_package(connection, package_id))

    def packages(self) -> Sequence[Package]:
        """Read every package, without rows."""
        return self._ask(self._read_packages)

    def identity(self) -> DatabaseIdentity:
        """Return the identity of this login's database. Raises SiteError."""
        return self._ask(identify)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def _ask(self, work: Callable[[Connection], Result]) -> Result:
        try:
            return self._database.read(work)
        except DatabaseError as error:
            if error.kind in {ErrorKind.SCHEMA, ErrorKind.PERMISSION}:
                self._schema = None
            raise site_error(self.code, error) from error

    def _look(self, connection: Connection) -> SiteSchema:
        self._schema = probe(connection)
        return self._schema

    def _known_schema(self, connection: Connection) -> SiteSchema:
        with self._guard:
            return self._schema or self._look(connection)

    def _read_package(self, connection: Connection, package_id: PackageId) -> PackageTable | None:
        schema = self._known_schema(connection)
        lines = connection.query(_package_with_rows(schema), (package_id,) * (3 if schema.has_targets else 1))
        if not lines:
            return None
        split = len(PACKAGE_COLUMNS)
        of_rows = [line[split:] for line in lines if line[split] is not None]
        found = rows((line for line in of_rows if line[-2] != NO_ROW), schema, with_messages=True)
        return PackageTable(
            package(lines[0][:split], self.code),
            tuple(_with_present_place(found, connection, schema)),
            schema.unread,
            served=frozenset(one_row(line).site_code for line in of_rows if line[-2] == SERVED),
            targets_known=schema.has_targets,
            targets_without_row=tuple(
                rows((as_row(line) for line in of_rows if line[-2] == NO_ROW), schema, with_messages=True)
            ),
        )

    def _read_packages(self, connection: Connection) -> Sequence[Package]:
        columns = package_list(self._known_schema(connection))
        lines = connection.query(f"SELECT {columns} FROM {PACKAGES} p ORDER BY p.PackageID")
        return [package(line, self.code) for line in lines]


def _with_present_place(found: list[Row], connection: Connection, schema: SiteSchema) -> list[Row]:
    """Say of each row whose DP is not listed where its server is listed now; asked only where there is such a row."""
    if not any(row.dp_known is False for row in found):
        return found
    listed = listed_points(connection.query(point_list(schema)))
    return [replace(row, moved_to=listed.get(row.server.casefold())) if row.dp_known is False else row for row in found]


def _package_with_rows(schema: SiteSchema) -> str:
    """One statement for a package, its rows, and what the site says of each DP, then its targets without a row.

    Its parameter is the package's id: once, and twice more where the list of targets can be read.
    """
    this = f" WHERE p.PackageID = {schema.mark(PACKAGES, 'PackageID')}"
    of_it = f" AND ID = {schema.mark(STATUS, 'ID')}"
    around = f"{point_join(schema)}{job_join(schema)}{message_join(schema)}"
    with_rows = (
        f"SELECT {package_list(schema)}, {row_list(schema)}, {message_list(schema)},"
        f" CASE WHEN s.Type <> {RowType.SITE.value} THEN {UNSERVED}"
        f" WHEN {target_of_site(schema)} THEN {SERVED} ELSE {UNSERVED} END, NULL"
        f" FROM {PACKAGES} p LEFT JOIN {STATUS} s ON s.ID = p.PackageID{around}{this}"
    )
    if not schema.has_targets:
        return with_rows
    return (
        f"{with_rows} UNION ALL SELECT {package_list(schema)}, {target_list(schema)}, {message_list(schema)},"
        f" {NO_ROW}, {targeted_at(schema)}"
        f" FROM {PACKAGES} p INNER JOIN {targets(schema)} ON s.ID = p.PackageID{around}"
        f"{status_join(of_it)}{this}{is_there(schema)} AND r.ID IS NULL"
    )
