"""Every statement the reader can make is plain T-SQL: one text for SQL Server, PostgreSQL and SQLite."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import sqlglot
from sqlglot import exp

from bot.dbapi import Connection, Database, DatabaseError, Fault, Product
from bot.domain.package import PackageId, SiteCode
from bot.site.scanning import SiteScanner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Result = TypeVar("Result")

PACKAGE_NEEDS = {"packageid", "name", "sourcesite", "sourceversion"}
PACKAGE_MORE = {"version", "manufacturer", "packagetype", "sourcedate", "pkgsourceflag", "pkgflags"}
ROW_NEEDS = {"id", "type", "sitecode", "pkgserver", "status", "sourceversion"}
PACKAGE_SHAPES = [PACKAGE_NEEDS, PACKAGE_NEEDS | PACKAGE_MORE, *(PACKAGE_NEEDS | {one} for one in PACKAGE_MORE)]
ROW_SHAPES = [ROW_NEEDS, ROW_NEEDS | {"updatetime"}]
POINT_SHAPES = [set(), {"nalpath"}, {"nalpath", "dpid"}, {"nalpath", "action"}, {"nalpath", "dpid", "action"}]
JOB_SHAPES = [set(), {"dpid", "pkgid"}, {"dpid", "pkgid", "state"}]


class ShapedConnection(Connection):
    """Has tables of a given shape and no rows; notes what it is asked."""

    def __init__(self, shapes: dict[str, set[str]]) -> None:
        self._shapes = shapes
        self.product = Product.SQL_SERVER
        self.asked: list[tuple[str, Sequence[object]]] = []

    @property
    def database(self) -> str:
        return "CM_PS1"

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        self.asked.append((sql, parameters))
        return []

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Any]:
        return iter(self.query(sql, parameters))

    def columns(self, table: str) -> frozenset[str]:
        self.asked.append((f"SELECT * FROM {table} WHERE 1 = 0", ()))
        if not self._shapes[table]:
            raise DatabaseError(Fault.SCHEMA, f"no {table}")
        return frozenset(self._shapes[table])


class ShapedDatabase(Database):
    """Lends its one connection."""

    def __init__(self, connection: ShapedConnection) -> None:
        super().__init__("sqlite:///unused")
        self._lent = connection

    def read(self, work: Callable[[Connection], Result]) -> Result:
        return work(self._lent)


def statements() -> Iterator[tuple[str, Sequence[object]]]:
    """Yield everything the reader asks of sites of every shape."""
    for packages, rows, points, jobs in product(PACKAGE_SHAPES, ROW_SHAPES, POINT_SHAPES, JOB_SHAPES):
        connection = ShapedConnection(
            {
                "dbo.v_Package": packages,
                "dbo.PkgStatus": rows,
                "dbo.DistributionPoints": points,
                "dbo.DistributionJobs": jobs,
            }
        )
        site = SiteScanner(SiteCode("PS1"), ShapedDatabase(connection))
        site.package(PackageId("PS100112"))
        site.packages()
        site.scan([], list)
        site.scan([SiteCode("P02"), SiteCode("P03")], list)
        site.present([PackageId("PS100112"), PackageId("PS100113")], list)
        site.place()
        yield from connection.asked


STATEMENTS = dict(statements())
PARSED = {sql: sqlglot.parse_one(sql, read="tsql") for sql in STATEMENTS}
ALLOWED = (exp.Count, exp.Max, exp.Case, exp.If, exp.And, exp.Or)


def test_there_are_many_shapes() -> None:
    assert len(STATEMENTS) > 50


def test_every_statement_is_one_select() -> None:
    assert {type(parsed) for parsed in PARSED.values()} == {exp.Select}
    assert {len(sqlglot.parse(sql, read="tsql")) for sql in STATEMENTS} == {1}


@pytest.mark.parametrize(
    "kind", [exp.Limit, exp.Fetch, exp.Offset, exp.Merge, exp.Into, exp.Anonymous, exp.Window, exp.Hint]
)
def test_no_statement_has_what_engines_spell_differently(kind: type[exp.Expression]) -> None:
    assert [sql for sql, parsed in PARSED.items() if parsed.find(kind)] == []


def test_no_function_but_count_and_max_is_called() -> None:
    called = {function for parsed in PARSED.values() for function in parsed.find_all(exp.Func)}

    assert {type(function).__name__ for function in called if not isinstance(function, ALLOWED)} == set()


def test_every_table_is_named_with_its_schema() -> None:
    tables = {table.sql() for parsed in PARSED.values() for table in parsed.find_all(exp.Table)}

    assert {name.split(" ")[0] for name in tables} == {
        "dbo.v_Package",
        "dbo.PkgStatus",
        "dbo.DistributionPoints",
        "dbo.DistributionJobs",
        "dbo.v_Identification",
    }


def test_every_place_for_a_value_gets_one() -> None:
    for sql, parameters in STATEMENTS.items():
        assert len(list(PARSED[sql].find_all(exp.Placeholder))) == len(parameters)


def test_no_value_stands_in_a_statement() -> None:
    assert [sql for sql in STATEMENTS if "PS100112" in sql or "'" in sql] == []
