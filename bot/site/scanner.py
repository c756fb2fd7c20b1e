"""Read everything of a site that is not in sync, in one statement, package by package.

The database leaves out what is in sync by the rules of domain/drift_classes.py, which judges the rest. Keys are
compared as the site's database compares them.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from bot.domain.package import PackageId, PackageTable, Row, RowType, SiteCode, Status
from bot.site.reader import SiteDatabase
from bot.site.row_mapping import (
    NO_ROW,
    PACKAGE_COLUMNS,
    SERVED,
    UNSERVED,
    as_row,
    in_removal,
    is_there,
    job_join,
    one_row,
    own_site,
    package,
    package_list,
    point_join,
    row_list,
    rows,
    status_join,
    target_list,
    target_of_site,
    targeted_at,
    targets,
    text,
)
from bot.site.schema_probe import PACKAGES, STATUS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from bot.dbapi import Connection
    from bot.domain.drift_history import Key
    from bot.site.schema_probe import SiteSchema

Result = TypeVar("Result")

PACKAGES_PER_STATEMENT = 500
_SPLIT = len(PACKAGE_COLUMNS)
_SITE, _DP = RowType.SITE.value, RowType.DP.value
_RECEIVED, _INSTALLED = Status.RECEIVED.value, Status.INSTALLED.value


class SiteScanner(SiteDatabase):
    """One site's database, read through as a whole; implements `SiteScanner`."""

    def scan(self, elsewhere: Collection[SiteCode], work: Callable[[Iterator[PackageTable]], Result]) -> Result:
        """Call `work` with the rows that are not in sync, package by package. Raises SiteError."""

        def read(connection: Connection) -> Result:
            schema = self._known_schema(connection)
            left_out = (*elsewhere, *elsewhere) if schema.has_targets else elsewhere
            lines = connection.stream(not_in_sync(schema, len(elsewhere)), ("", *left_out))
            return work(_tables(lines, schema, self.code))

        return self._ask(read)

    def present(self, packages: Collection[PackageId], work: Callable[[Iterator[Key]], Result]) -> Result:
        """Call `work` with the keys of all rows of these packages. Raises SiteError."""
        wanted = sorted(packages)
        return self._ask(lambda connection: work(_keys(connection, self._known_schema(connection), wanted)))


def not_in_sync(schema: SiteSchema, elsewhere: int) -> str:
    """Return the statement; parameters: an empty text, then the sites whose packages are left out.

    The sites come twice where the list of targets can be read: once more for targets without a row.
    """
    sites = ", ".join([schema.mark(PACKAGES, "SourceSite")] * elsewhere)
    owned = f" AND CASE WHEN p.SourceSite IN ({sites}) THEN 1 ELSE 0 END = 0" if elsewhere else ""
    of_package = f" INNER JOIN {PACKAGES} p ON p.PackageID = s.ID{point_join(schema)}{job_join(schema)}"
    with_copies = f"{of_package}{_COPY_JOIN} ON c.ID = s.ID AND c.SiteCode = {own_site(schema)}"
    statement = (
        f"SELECT {package_list(schema)}, {row_list(schema)}, CASE WHEN s.Type <> {_SITE} THEN {UNSERVED}"
        f" WHEN {target_of_site(schema)} OR {_row_of_site(schema)} THEN {SERVED} ELSE {UNSERVED} END,"
        f" c.Copies, NULL FROM {STATUS} s{with_copies}{_TWIN_JOIN}"
        f" WHERE CASE WHEN {_in_sync(schema)} THEN 1 ELSE 0 END = 0{owned}"
    )
    if schema.has_targets:
        statement += (
            f" UNION ALL SELECT {package_list(schema)}, {target_list(schema)}, {NO_ROW}, c.Copies,"
            f" {targeted_at(schema)} FROM {targets(schema)}{with_copies}{status_join()}"
            f" WHERE r.ID IS NULL{is_there(schema)}{owned}"
        )
    return f"{statement} ORDER BY {_SPLIT + 1}"


_COPY_JOIN = (
    f" LEFT JOIN (SELECT ID, SiteCode, COUNT(*) AS Copies FROM {STATUS} WHERE Type = {_SITE} GROUP BY ID, SiteCode) c"
)
"""How many copies the row's own site has: a DP cannot be judged without knowing."""
_TWIN_JOIN = (
    f" LEFT JOIN (SELECT ID, PkgServer FROM {STATUS} WHERE Type = {_DP} GROUP BY ID, PkgServer HAVING COUNT(*) > 1) t"
    f" ON t.ID = s.ID AND t.PkgServer = s.PkgServer AND s.Type = {_DP}"
)
"""DPs that have two rows are ambiguous, or under two sites, whatever these say."""


def _row_of_site(schema: SiteSchema) -> str:
    """Say that the site of a row has another row, of a DP that is there to stay, as `is_target` does."""
    point = " AND e.Points > 0 AND e.Leaving = 0" if schema.has_points else ""
    return (
        f"EXISTS (SELECT 1 FROM {STATUS} x{point_join(schema, 'x', 'e')} WHERE x.ID = s.ID AND x.Type = {_DP}"
        f" AND (x.Status IS NULL OR x.Status NOT IN ({in_removal()})){point}"
        f" AND {own_site(schema, 'x', 'e')} = s.SiteCode)"
    )


def _in_sync(schema: SiteSchema) -> str:
    """Say when a row is in sync; where anything in it is NULL the row is not."""
    stored = (
        " AND (p.StoredPkgVersion IS NULL OR p.StoredPkgVersion >= p.SourceVersion OR p.SourceSite <> s.SiteCode)"
        if schema.has(PACKAGES, "StoredPkgVersion")
        else ""
    )
    return (
        "s.SourceVersion = p.SourceVersion AND s.SourceVersion >= 0"
        f" AND s.PkgServer <> {schema.mark(STATUS, 'PkgServer')}"
        f" AND ((s.Type = {_SITE} AND s.Status IN ({_RECEIVED}, {_INSTALLED}) AND c.Copies = 1{stored})"
        f" OR (s.Type = {_DP} AND s.Status = {_INSTALLED} AND c.Copies > 0 AND t.ID IS NULL{is_there(schema)}))"
    )


def _tables(lines: Iterable[Sequence[Any]], schema: SiteSchema, code: SiteCode) -> Iterator[PackageTable]:
    for _, group in groupby(lines, key=itemgetter(_SPLIT)):
        of_package = [(line[:_SPLIT], line[_SPLIT:]) for line in group]
        read = rows((line for _, line in of_package if line[-3] != NO_ROW), schema)
        without_row = rows((as_row(line) for _, line in of_package if line[-3] == NO_ROW), schema)
        each = [(one_row(line), line[-3], line[-2]) for _, line in of_package]
        drifted = {row.site_code for row in read if row.is_site}
        yield PackageTable(
            package(of_package[0][0], code),
            tuple(read),
            schema.unread,
            frozenset(row.own_site for row, _, copies in each if copies) - drifted,
            served=frozenset(row.site_code for row, kind, _ in each if kind == SERVED),
            targets_known=schema.has_targets,
            targets_without_row=tuple(without_row),
        )


def _keys(connection: Connection, schema: SiteSchema, packages: Sequence[PackageId]) -> Iterator[Key]:
    for start in range(0, len(packages), PACKAGES_PER_STATEMENT):
        piece = packages[start : start + PACKAGES_PER_STATEMENT]
        ids = ", ".join([schema.mark(STATUS, "ID")] * len(piece))
        statement = f"SELECT s.ID, s.Type, s.SiteCode, s.PkgServer FROM {STATUS} s WHERE s.ID IN ({ids})"
        for package_id, kind, site, server in connection.stream(statement, piece):
            yield (str(package_id), *Row(kind, SiteCode(text(site)), text(server), None, None, None).key)
