"""Read everything of a site that is not in sync, in one statement, package by package.

The database leaves out what is in sync by the rules of domain/drift.py; how bad the rest is, is judged there. Keys are
compared as the site's database compares them.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from bot.domain.package import PackageId, PackageTable, RowType, SiteCode, Status
from bot.site.lines import OPEN_JOB_STATES, PACKAGE_COLUMNS, package, package_list, point_join, row, row_list
from bot.site.probing import JOBS, PACKAGES, POINTS, STATUS
from bot.site.reading import SiteDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from bot.dbapi import Connection
    from bot.domain.history import Key
    from bot.site.probing import Shape

Result = TypeVar("Result")

PACKAGES_PER_STATEMENT = 500
_UNASKED = (None,) * 6
_SPLIT = len(PACKAGE_COLUMNS)
_SITE, _DP = RowType.SITE.value, RowType.DP.value
_RECEIVED, _INSTALLED = Status.RECEIVED.value, Status.INSTALLED.value


class SiteScanner(SiteDatabase):
    """One site's database, read through as a whole; fills the port `SiteScanner`."""

    def scan(self, elsewhere: Collection[SiteCode], work: Callable[[Iterator[PackageTable]], Result]) -> Result:
        """Hand over the rows that are not in sync, package by package. Raises SiteError."""

        def read(connection: Connection) -> Result:
            shape = self._known_shape(connection)
            lines = connection.stream(not_in_sync(shape, len(elsewhere)), ("", *elsewhere))
            return work(_tables(lines, shape))

        return self._ask(read)

    def present(self, packages: Collection[PackageId], work: Callable[[Iterator[Key]], Result]) -> Result:
        """Hand over the keys of all rows of these packages. Raises SiteError."""
        wanted = sorted(packages)
        return self._ask(lambda connection: work(_keys(connection, self._known_shape(connection), wanted)))


def not_in_sync(shape: Shape, elsewhere: int) -> str:
    """Return the statement; parameters: an empty text, then the sites whose packages are left out."""
    points = "d.Points, d.Leaving" if shape.has_points else "NULL, 0"
    jobs = "CASE WHEN j.OpenJobs IS NULL THEN 0 ELSE j.OpenJobs END" if shape.has_jobs else "NULL"
    sites = ", ".join([shape.mark(PACKAGES, "SourceSite")] * elsewhere)
    owned = f" AND CASE WHEN p.SourceSite IN ({sites}) THEN 1 ELSE 0 END = 0" if elsewhere else ""
    return (
        f"SELECT {package_list(shape)}, {row_list(shape)}, {points}, {jobs}, c.Copies"
        f" FROM {STATUS} s INNER JOIN {PACKAGES} p ON p.PackageID = s.ID"
        f"{point_join(shape)}{_COPY_JOIN}{_TWIN_JOIN}{_job_join(shape)}"
        f" WHERE CASE WHEN {_in_sync(shape)} THEN 1 ELSE 0 END = 0{owned} ORDER BY s.ID"
    )


_COPY_JOIN = (
    f" LEFT JOIN (SELECT ID, SiteCode, COUNT(*) AS Copies FROM {STATUS} WHERE Type = {_SITE} GROUP BY ID, SiteCode) c"
    " ON c.ID = s.ID AND c.SiteCode = s.SiteCode"
)
"""How many copies the row's own site has: a DP cannot be judged without knowing."""
_TWIN_JOIN = (
    f" LEFT JOIN (SELECT ID, SiteCode, PkgServer FROM {STATUS} WHERE Type = {_DP}"
    " GROUP BY ID, SiteCode, PkgServer HAVING COUNT(*) > 1) t"
    f" ON t.ID = s.ID AND t.SiteCode = s.SiteCode AND t.PkgServer = s.PkgServer AND s.Type = {_DP}"
)
"""DPs that have two rows are ambiguous, whatever these say."""


def _in_sync(shape: Shape) -> str:
    """Say when a row is in sync; where anything in it is NULL the row is not."""
    point = " AND d.Points > 0 AND d.Leaving = 0" if shape.has_points else ""
    return (
        "s.SourceVersion = p.SourceVersion AND s.SourceVersion >= 0"
        f" AND s.PkgServer <> {shape.mark(STATUS, 'PkgServer')}"
        f" AND ((s.Type = {_SITE} AND s.Status IN ({_RECEIVED}, {_INSTALLED}) AND c.Copies = 1)"
        f" OR (s.Type = {_DP} AND s.Status = {_INSTALLED} AND c.Copies > 0 AND t.ID IS NULL{point}))"
    )


def _job_join(shape: Shape) -> str:
    if not shape.has_jobs:
        return ""
    states = ", ".join(str(state) for state in OPEN_JOB_STATES)
    return (
        f" LEFT JOIN (SELECT job.PkgID, dp.NALPath, COUNT(*) AS OpenJobs FROM {JOBS} job"
        f" INNER JOIN {POINTS} dp ON dp.DPID = job.DPID WHERE job.State IN ({states})"
        f" GROUP BY job.PkgID, dp.NALPath) j ON j.PkgID = s.ID AND j.NALPath = s.PkgServer AND s.Type = {_DP}"
    )


def _tables(lines: Iterable[Sequence[Any]], shape: Shape) -> Iterator[PackageTable]:
    for _, group in groupby(lines, key=itemgetter(_SPLIT)):
        of_package = list(group)
        rows = tuple(row(line[_SPLIT + 1 : -1]) for line in of_package)
        has_copy = {each.site_code for each, line in zip(rows, of_package, strict=True) if line[-1]}
        drifted = {each.site_code for each in rows if each.is_site}
        yield PackageTable(package(of_package[0][:_SPLIT]), rows, shape.unread, frozenset(has_copy - drifted))


def _keys(connection: Connection, shape: Shape, packages: Sequence[PackageId]) -> Iterator[Key]:
    for start in range(0, len(packages), PACKAGES_PER_STATEMENT):
        piece = packages[start : start + PACKAGES_PER_STATEMENT]
        ids = ", ".join([shape.mark(STATUS, "ID")] * len(piece))
        statement = f"SELECT s.ID, s.Type, s.SiteCode, s.PkgServer FROM {STATUS} s WHERE s.ID IN ({ids})"
        for package_id, *line in connection.stream(statement, piece):
            yield (str(package_id), *row((*line, None, None, None, None, None, None)).key)
