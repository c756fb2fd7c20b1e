"""The columns that statements on a site name, in one order, and what a line of them says.

What a site does not let us read stands in a statement as NULL. Nothing here runs a statement.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.domain.package import Package, PackageId, Row, RowType, SiteCode
from bot.site.probing import PACKAGES, POINTS, STATUS, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

OPEN_JOB_STATES = (0, 1, 2, 3, 4, 8)
"""`DistributionJobs.State`: pending, ready, started, in progress, pending restart, suspended."""
LEAVING = 3
"""`DistributionPoints.Action` of a DP that is being removed."""

PACKAGE_COLUMNS = (
    "PackageID", "Name", "SourceSite", "SourceVersion", "Version", "Manufacturer", "PackageType", "SourceDate",
    "PkgSourceFlag", "PkgFlags",
)  # fmt: skip
ROW_COLUMNS = ("ID", "Type", "SiteCode", "PkgServer", "SourceVersion", "Status", "UpdateTime")


def point_join(shape: Shape) -> str:
    """Join what the site says of a DP row's server; empty where the list of DPs cannot be read."""
    if not shape.has_points:
        return ""
    leaving = f"MAX(CASE WHEN Action = {LEAVING} THEN 1 ELSE 0 END)" if shape.has(POINTS, "Action") else "0"
    return (
        f" LEFT JOIN (SELECT NALPath, COUNT(*) AS Points, {leaving} AS Leaving FROM {POINTS} GROUP BY NALPath) d"
        f" ON d.NALPath = s.PkgServer AND s.Type = {RowType.DP.value}"
    )


def package_list(shape: Shape) -> str:
    """List the columns of a package."""
    return ", ".join(f"p.{name}" if shape.has(PACKAGES, name) else "NULL" for name in PACKAGE_COLUMNS)


def row_list(shape: Shape) -> str:
    """List the columns of a row, its package's id first."""
    return ", ".join(f"s.{name}" if shape.has(STATUS, name) else "NULL" for name in ROW_COLUMNS)


def package(line: Sequence[Any]) -> Package:
    """Read the columns of `package_list`."""
    package_id, name, site, source_version, version, maker, kind, changed, flag, flags = line
    return Package(
        id=PackageId(text(package_id)),
        name=text(name),
        source_site=SiteCode(text(site)) or None,
        source_version=_number(source_version),
        version=text(version) or None,
        manufacturer=text(maker) or None,
        type_number=_number(kind),
        changed_at=_moment(changed),
        source_flag=_number(flag),
        flags=_number(flags),
    )


def row(line: Sequence[Any]) -> Row:
    """Read the columns of `row_list` without the id, then points, leaving and open jobs."""
    kind, site, server, held, status, updated, points, leaving, jobs = line
    type_number = _number(kind)
    return Row(
        type_number=type_number,
        site_code=SiteCode(text(site)),
        server_path=text(server),
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


def text(value: object) -> str:
    """Read a text; fixed-width columns come padded."""
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
