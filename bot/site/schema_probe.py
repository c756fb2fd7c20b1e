"""Find out what a site database lets us read: tables, views and columns differ between versions and logins.

What must be there is stated here; what may be missing is left out of the statements and named in the answer.
Column names: Microsoft's SQL view and troubleshooting pages for Configuration Manager.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.dbapi import Connection, DatabaseError, ErrorKind
from bot.dbapi.catalogue import MARK, column_types, mark

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGES = "dbo.v_Package"
STATUS = "dbo.PkgStatus"
POINTS = "dbo.DistributionPoints"
JOBS = "dbo.DistributionJobs"
TARGETS = "dbo.PkgServers"
MESSAGES = "dbo.vSMS_DistributionDPStatus"

_REQUIRED = {
    PACKAGES: ("PackageID", "Name", "SourceSite", "SourceVersion"),
    STATUS: ("ID", "Type", "SiteCode", "PkgServer", "Status", "SourceVersion"),
}
_OPTIONAL_TABLES = {
    POINTS: ("NALPath",),
    JOBS: ("JobID", "DPID", "PkgID", "State", "PackageVersion", "Action"),
    TARGETS: ("PkgID", "NALPath", "SiteCode"),
    MESSAGES: ("PackageID", "NALPath", "MessageID", "LastUpdateDate"),
}
_INFORMATIVE = {
    PACKAGES: ("SourceDate", "StoredPkgVersion"),
    STATUS: ("UpdateTime",),
    POINTS: ("DPID", "SMSSiteCode"),
    JOBS: ("CreationTime", "LastUpdateTime"),
}
"""Columns whose absence changes what can be said; the others are decoration."""
_KEY_TEXTS = {"id", "sitecode", "pkgserver"}


@dataclass(frozen=True, slots=True)
class SiteSchema:
    """The readable columns of each table, in lower case; a table that cannot be read has none.

    `marks` holds the place for a text that is compared with a column, where that is not just `?`; `key_types` are the
    types of the texts by which rows of PkgStatus are found.
    """

    columns: dict[str, frozenset[str]]
    marks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    key_types: tuple[str, ...] = ()

    def mark(self, table: str, name: str) -> str:
        """Return the place for a text that is compared with a column."""
        return self.marks.get(table, {}).get(name.lower(), MARK)

    def has(self, table: str, *names: str) -> bool:
        """Return True when the table can be read and has all these columns."""
        return bool(self.columns[table]) and all(name.lower() in self.columns[table] for name in names)

    @property
    def has_points(self) -> bool:
        """Whether the list of distribution points can be read."""
        return self.has(POINTS, *_OPTIONAL_TABLES[POINTS])

    @property
    def has_jobs(self) -> bool:
        """Whether unfinished distribution jobs can be tied to distribution points, and their age be told."""
        has_age = any(self.has(JOBS, name) for name in _INFORMATIVE[JOBS])
        return has_age and self.has_points and self.has(POINTS, "DPID") and self.has(JOBS, *_OPTIONAL_TABLES[JOBS])

    @property
    def has_targets(self) -> bool:
        """Whether it can be read to which distribution points packages are targeted."""
        return self.has(TARGETS, *_OPTIONAL_TABLES[TARGETS])

    @property
    def has_messages(self) -> bool:
        """Whether the newest distribution message of each package on each distribution point can be read."""
        return self.has(MESSAGES, *_OPTIONAL_TABLES[MESSAGES])

    @property
    def unread(self) -> tuple[str, ...]:
        """What cannot be read, by name, where that changes what the answer can say."""
        tables = [table for table in _OPTIONAL_TABLES if not self.has(table, *_OPTIONAL_TABLES[table])]
        columns = [
            f"{table}.{name}"
            for table, names in _INFORMATIVE.items()
            for name in names
            if table not in tables and not self.has(table, name)
        ]
        return tuple(name.removeprefix("dbo.") for name in (*tables, *columns))


def probe(connection: Connection) -> SiteSchema:
    """Look at every table once. Raises DatabaseError when something needed is missing or closed to us."""
    columns = {table: connection.columns(table) for table in _REQUIRED}
    for table, names in _REQUIRED.items():
        missing = [name for name in names if name.lower() not in columns[table]]
        if missing:
            raise DatabaseError(ErrorKind.SCHEMA, f"{table} has no column {', '.join(missing)}")
    columns |= {table: _columns_if_readable(connection, table) for table in _OPTIONAL_TABLES}
    types = {table: column_types(connection, table) for table, found in columns.items() if found}
    of_columns = {table: marks(connection.engine, found) for table, found in types.items()}
    return SiteSchema(columns, of_columns, key_types(types[STATUS]))


def key_types(types: Mapping[str, str]) -> tuple[str, ...]:
    """Return the types of the key's texts, of those of all columns of PkgStatus; empty where the engine has none."""
    return tuple(sorted({kind for name, kind in types.items() if name in _KEY_TEXTS}))


def marks(engine: str, types: Mapping[str, str]) -> Mapping[str, str]:
    """Return the place for a text that is compared with each column of a table."""
    return {name: mark(engine, kind) for name, kind in types.items()}


def _columns_if_readable(connection: Connection, table: str) -> frozenset[str]:
    try:
        return connection.columns(table)
    except DatabaseError as error:
        if error.kind in {ErrorKind.SCHEMA, ErrorKind.PERMISSION}:
            return frozenset()
        raise
