"""Read packages and their rows from one site database, each question in one round trip.

Only SELECTs. The statements are plain SQL that SQL Server, PostgreSQL and SQLite run unchanged; what they contain
depends on the probe of the site, never on anything a person typed.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from bot.dbapi import Connection, Database, DatabaseError, Fault
from bot.domain.package import Package, PackageId, PackageTable, Row, RowType, SiteCode
from bot.site.probing import JOBS, PACKAGES, POINTS, STATUS, Shape, probe
from bot.site.troubles import site_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Result = TypeVar("Result")

OPEN_JOB_STATES = (0, 1, 2, 3, 4, 8)
"""`DistributionJobs.State`: pending, ready, started, in progress, pending restart, suspended."""
LEAVING = 3
"""`DistributionPoints.Action` of a DP that is being removed."""

_PACKAGE_COLUMNS = (
    "PackageID", "Name", "SourceSite", "SourceVersion", "Version", "Manufacturer", "PackageType", "SourceDate",
    "PkgSourceFlag", "PkgFlags",
)  # fmt: skip
_ROW_COLUMNS = ("ID", "Type", "SiteCode", "PkgServer", "SourceVersion", "Status", "UpdateTime")


class SiteDatabase:
    """One site's database, read through its own connections; fills the port `SiteReader`."""

    def __init__(self, code: SiteCode, database: Database) -> None:
        self.code = code
        self._database = database
        self._shape: Shape | None = None
        self._guard = threading.Lock()

    def probe(self) -> Shape:
        """Look again at what can be read, and remember it. Raises SiteError."""
        return self._ask(self._look)

    def package(self, package_id: PackageId) -> PackageTable | None:
        """Read a package and all its rows in one round trip; None when the site does not know it."""
        return self._ask(lambda connection: self._read_package(connection, package_id))

    def packages(self) -> Sequence[Package]:
        """Read every package, without rows."""
        return self._ask(self._read_packages)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def _ask(self, work: Callable[[Connection], Result]) -> Result:
        try:
            return self._database.read(work)
        except DatabaseError as error:
            if error.fault in {Fault.SCHEMA, Fault.PERMISSION}:
                self._shape = None
            raise site_error(self.code, error) from error

    def _look(self, connection: Connection) -> Shape:
        self._shape = probe(connection)
        return self._shape

    def _known_shape(self, connection: Connection) -> Shape:
        with self._guard:
            return self._shape or self._look(connection)

    def _read_package(self, connection: Connection, package_id: PackageId) -> PackageTable | None:
        shape = self._known_shape(connection)
        lines = connection.query(_package_with_rows(shape), _parameters(shape, package_id))
        if not lines:
            return None
        split = len(_PACKAGE_COLUMNS)
        rows = tuple(_row(line[split + 1 :]) for line in lines if line[split] is not None)
        return PackageTable(_package(lines[0][:split]), rows, shape.unread)

    def _read_packages(self, connection: Connection) -> Sequence[Package]:
        columns = _package_list(self._known_shape(connection))
        lines = connection.query(f"SELECT {columns} FROM {PACKAGES} p ORDER BY p.PackageID")
        return [_package(line) for line in lines]


def _package_with_rows(shape: Shape) -> str:
    """One statement for a package, its rows, and what the site says of each DP; parameters: see _parameters."""
    columns = ", ".join([_package_list(shape), _row_list(shape)])
    joins = _point_join(shape) + _job_join(shape)
    points = "d.Points, d.Leaving" if shape.has_points else "NULL, 0"
    jobs = "CASE WHEN j.OpenJobs IS NULL THEN 0 ELSE j.OpenJobs END" if shape.has_jobs else "NULL"
    return (
        f"SELECT {columns}, {points}, {jobs} FROM {PACKAGES} p "
        f"LEFT JOIN {STATUS} s ON s.ID = p.PackageID{joins} WHERE p.PackageID = ?"
    )


def _point_join(shape: Shape) -> str:
    if not shape.has_points:
        return ""
    leaving = f"MAX(CASE WHEN Action = {LEAVING} THEN 1 ELSE 0 END)" if shape.has(POINTS, "Action") else "0"
    return (
        f" LEFT JOIN (SELECT NALPath, COUNT(*) AS Points, {leaving} AS Leaving FROM {POINTS} GROUP BY NALPath) d"
        f" ON d.NALPath = s.PkgServer AND s.Type = {RowType.DP.value}"
    )


def _job_join(shape: Shape) -> str:
    if not shape.has_jobs:
        return ""
    states = ", ".join(str(state) for state in OPEN_JOB_STATES)
    return (
        f" LEFT JOIN (SELECT dp.NALPath, COUNT(*) AS OpenJobs FROM {JOBS} job"
        f" INNER JOIN {POINTS} dp ON dp.DPID = job.DPID WHERE job.PkgID = ? AND job.State IN ({states})"
        f" GROUP BY dp.NALPath) j ON j.NALPath = s.PkgServer AND s.Type = {RowType.DP.value}"
    )


def _parameters(shape: Shape, package_id: PackageId) -> tuple[str, ...]:
    return (package_id, package_id) if shape.has_jobs else (package_id,)


def _package_list(shape: Shape) -> str:
    return ", ".join(f"p.{name}" if shape.has(PACKAGES, name) else "NULL" for name in _PACKAGE_COLUMNS)


def _row_list(shape: Shape) -> str:
    return ", ".join(f"s.{name}" if shape.has(STATUS, name) else "NULL" for name in _ROW_COLUMNS)


def _package(line: Sequence[Any]) -> Package:
    package_id, name, site, source_version, version, maker, kind, changed, flag, flags = line
    return Package(
        id=PackageId(_text(package_id)),
        name=_text(name),
        source_site=SiteCode(_text(site)) or None,
        source_version=_number(source_version),
        version=_text(version) or None,
        manufacturer=_text(maker) or None,
        type_number=_number(kind),
        changed_at=_moment(changed),
        source_flag=_number(flag),
        flags=_number(flags),
    )


def _row(line: Sequence[Any]) -> Row:
    kind, site, server, held, status, updated, points, leaving, jobs = line
    type_number = _number(kind)
    return Row(
        type_number=type_number,
        site_code=SiteCode(_text(site)),
        server_path=_text(server),
        held_version=_number(held),
        status_number=_number(status),
        updated_at=_moment(updated),
        dp_known=_dp_known(type_number, points, leaving),
        dp_leaving=bool(leaving),
        open_jobs=_number(jobs),
    )


def _dp_known(type_number: int | None, points: object, leaving: object) -> bool | None:
    """NULL from the joined list means a DP that is gone; without that list the statement says 0 for `leaving`."""
    if type_number != RowType.DP or (points is None and leaving is not None):
        return None
    return points is not None


def _text(value: object) -> str:
    """Fixed-width columns come padded."""
    return "" if value is None else str(value).rstrip()


def _number(value: Any) -> int | None:
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _moment(value: object) -> datetime | None:
    """The site's own clock, read as UTC because its zone is not documented; SQLite keeps it as ISO text."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
