"""A row is found by an index of its key, whatever its texts are: no statement reads a whole table for one package.

PostgreSQL and SQLite tell their plan beforehand. SQL Server counts, for each table, the plans that scanned one of its
indexes; its test site has varchar keys under an SQL collation, where a key that travels as nvarchar makes it do so.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pytest

from bot.dbapi import Connection, Database, Engine, Timeouts
from bot.domain.package import PackageId, SiteCode
from bot.domain.plan import Action
from bot.domain.undo import Undoing
from bot.site.scanner import SiteScanner
from bot.site.writer import SiteWriter
from tests.builders import nal_path
from tests.engines import ENGINES
from tests.requests import plan, plan_row
from tests.site.makers import SiteMaker, make

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Result = TypeVar("Result")

TEXTS = {
    "sqlite": "varchar({size})",
    "postgresql": "varchar({size})",
    "sqlserver": "varchar({size}) COLLATE SQL_Latin1_General_CP1_CI_AS",
}
PLAN = plan(plan_row("NYC-DP03"), plan_row("NYC-DP04"))
PACKAGES = [PLAN.package_id, *(f"PS1{number:05}" for number in range(200, 600))]
HOSTS = [f"NYC-DP{number:02}" for number in range(10)]
MUCH = "x" * 250
READ_BY_KEY = {"pkgstatus", "pkgstatus_bu", "smspackages", "pkgservers"}
"""What has a row for each package or more. The lists of DPs and of unfinished jobs are asked for without a key."""
SCANS_SO_FAR = """SELECT OBJECT_NAME(object_id), SUM(user_scans) FROM sys.dm_db_index_usage_stats
    WHERE database_id = DB_ID() GROUP BY object_id"""
CONVERTING = {
    "sqlite": "SELECT Status FROM dbo.PkgStatus WHERE CAST(ID AS varchar(8)) = ?",
    "postgresql": "SELECT Status FROM dbo.PkgStatus WHERE ID = CAST(? AS char(8))",
    "sqlserver": "SELECT Status FROM dbo.PkgStatus WHERE ID = ?",
}
"""What converts the column of every row to the type of the value."""


class Explaining(Connection):
    """A connection that notes of each statement with parameters which tables are read as a whole for it.

    A statement about no row at all, as a rehearsal has it, may have any plan.
    """

    def __init__(self, connection: Connection, scanned: dict[str, set[str]]) -> None:
        self._connection = connection
        self._scanned = scanned
        self.engine = connection.engine

    @property
    def database(self) -> str:
        return self._connection.database

    def names(self, table: str) -> dict[str, str]:
        return self._connection.names(table)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        with self._explained(sql, parameters):
            return self._connection.query(sql, parameters)

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Any]:
        return iter(self.query(sql, parameters))

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        with self._explained(sql, parameters):
            return self._connection.execute(sql, parameters)

    @contextmanager
    def _explained(self, sql: str, parameters: Sequence[object]) -> Iterator[None]:
        if not parameters or "INFORMATION_SCHEMA" in sql or "1 = 0" in sql:
            yield
        elif self.engine == Engine.SQL_SERVER:
            before = self._scans_so_far()
            yield
            after = self._scans_so_far()
            self._scanned[sql] = {table for table, count in after.items() if count > before.get(table, 0)}
        else:
            self._scanned[sql] = set(self._scans_planned(sql, parameters))
            yield

    def _scans_so_far(self) -> dict[str, int]:
        return {str(table).lower(): count for table, count in self._connection.query(SCANS_SO_FAR)}

    def _scans_planned(self, sql: str, parameters: Sequence[object]) -> list[str]:
        if self.engine == Engine.POSTGRESQL:
            lines = [line for (line,) in self._connection.query(f"EXPLAIN {sql}", parameters)]
            return [found[1] for line in lines if (found := re.search(r"Seq Scan on (\w+)", line))]
        lines = [line[3] for line in self._connection.query(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        names: dict[str, str] = {
            alias: table for table, alias in re.findall(r"(?:FROM|JOIN|UPDATE) dbo\.(\w+) (\w)\b", sql)
        }
        scanned = [found[1] for line in lines if (found := re.fullmatch(r"SCAN (?:dbo\.)?(\w+).*", line))]
        return [names.get(each, each).replace("v_Package", "SMSPackages").lower() for each in scanned]


class ExplainingDatabase(Database):
    """A real database; `scanned` holds the tables that are read as a whole, by statement."""

    def __init__(self, address: str) -> None:
        super().__init__(address, Timeouts(query=60))
        self.scanned: dict[str, set[str]] = {}

    def read(self, work: Callable[[Connection], Result]) -> Result:
        return super().read(lambda connection: work(Explaining(connection, self.scanned)))

    def write(self, work: Callable[[Connection], Result]) -> Result:
        return super().write(lambda connection: work(Explaining(connection, self.scanned)))


class Large(NamedTuple):
    """A site with varchar keys and so many rows that reading them all is never the quickest way to one of them."""

    maker: SiteMaker
    database: ExplainingDatabase


def fill(maker: SiteMaker) -> None:
    """Give the site many packages, each with a row, a target and a done job on each DP, and many a backup row."""
    paths = [nal_path(f"{host}.contoso.com") for host in HOSTS]
    maker.insert(
        "SMSPackages", *({"PkgID": each, "Name": each, "SourceVersion": 13, "Description": MUCH} for each in PACKAGES)
    )
    maker.insert(
        "DistributionPoints", *({"DPID": number, "NALPath": path, "Action": 0} for number, path in enumerate(paths))
    )
    cells = [(number, each, path) for number, each in enumerate(PACKAGES) for path in paths]
    rows = [
        {
            "PKID": key,
            "ID": package_id,
            "Type": 2,
            "SiteCode": "PS1",
            "PkgServer": path,
            "SourceVersion": 7,
            "Status": 3,
            "ShareName": MUCH,
        }
        for key, (_, package_id, path) in enumerate(cells)
    ]
    maker.insert("PkgStatus", *rows)
    maker.insert("PkgStatus_BU", *(row | {"RequestId": f"older {row['PKID']}", "RowNumber": 1} for row in rows[10:]))
    maker.insert("PkgServers", *({"PkgID": each, "NALPath": path, "SiteCode": "PS1"} for _, each, path in cells))
    jobs = (
        {"JobID": key, "DPID": key % len(HOSTS), "PkgID": each, "State": 4} for key, (_, each, _) in enumerate(cells)
    )
    maker.insert("DistributionJobs", *jobs)
    if maker.engine != "sqlserver":
        maker.run("ANALYZE" if maker.engine == "postgresql" else "ANALYZE dbo")


@pytest.fixture(params=ENGINES)
def large(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Large]:
    for maker in make(request.param, tmp_path, TEXTS[request.param]):
        fill(maker)
        database = ExplainingDatabase(maker.address)
        yield Large(maker, database)
        database.close()


def scans(large: Large) -> dict[str, set[str]]:
    """Return the statements that read a large table as a whole, with its name."""
    found = {sql: tables & READ_BY_KEY for sql, tables in large.database.scanned.items()}
    return {sql: tables for sql, tables in found.items() if tables}


def test_a_package_and_the_rows_of_some_are_read_by_their_index(large: Large) -> None:
    reader = SiteScanner(SiteCode("PS1"), large.database)
    found = reader.package(PLAN.package_id)
    keys = reader.present([PLAN.package_id, PackageId(PACKAGES[7])], list)

    assert (found and len(found.rows), len(keys)) == (10, 20)
    assert len(large.database.scanned) == 2
    assert scans(large) == {}


def test_all_that_a_reset_and_its_undo_say_finds_rows_by_their_index(large: Large) -> None:
    writer = SiteWriter(SiteCode("PS1"), large.database, "dbo.PkgStatus_BU")
    undo = plan(*(row.reversed() for row in PLAN.rows), action=Action.UNDO)
    writer.dry_run()
    assert writer.readings(PLAN) == [(7, 3)] * 2
    assert not writer.was_applied("R1")
    writer.apply("R1", PLAN)
    assert writer.was_applied("R1")
    assert writer.undo_violations(Undoing("R1"), PLAN.package_id, undo.rows) == ["", ""]
    writer.apply("R2", undo, Undoing("R1"))
    assert writer.forbid("R3")

    said = large.database.scanned
    assert {sql.split(" ", 1)[0] for sql in said} == {"SELECT", "INSERT", "UPDATE"}
    assert scans(large) == {}


def test_a_value_that_makes_the_database_convert_the_column_is_seen(large: Large) -> None:
    sql = CONVERTING[large.maker.engine]
    large.database.read(lambda connection: connection.query(sql, (PACKAGES[7],)))

    assert scans(large) == {sql: {"pkgstatus"}}
