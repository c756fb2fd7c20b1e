"""Every statement the reader can make is plain T-SQL: one text for SQL Server, PostgreSQL and SQLite."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import sqlglot
from sqlglot import exp

from bot.app.bot import log_readability
from bot.dbapi import Connection, Database, DatabaseError, Engine, ErrorKind
from bot.domain.package import PackageId, SiteCode
from bot.domain.undo import Undoing
from bot.site.reader import SiteDatabase
from bot.site.scanner import SiteScanner
from bot.site.writer import SiteWriter
from tests.requests import plan_row
from tests.transact_sql import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Result = TypeVar("Result")

PACKAGE_NEEDS = {"packageid", "name", "sourcesite", "sourceversion"}
PACKAGE_MORE = {"version", "manufacturer", "packagetype", "sourcedate", "pkgsourceflag", "pkgflags", "storedpkgversion"}
ROW_NEEDS = {"id", "type", "sitecode", "pkgserver", "status", "sourceversion"}
PACKAGE_SHAPES = [PACKAGE_NEEDS, PACKAGE_NEEDS | PACKAGE_MORE, *(PACKAGE_NEEDS | {one} for one in PACKAGE_MORE)]
ROW_SHAPES = [ROW_NEEDS, ROW_NEEDS | {"updatetime"}]
POINT_SHAPES: list[set[str]] = [
    set(),
    {"nalpath"},
    {"nalpath", "dpid"},
    {"nalpath", "action"},
    {"nalpath", "smssitecode"},
    {"nalpath", "dpid", "action", "smssitecode"},
]
JOB_NEEDS = {"jobid", "dpid", "pkgid", "state", "packageversion", "action"}
JOB_SHAPES: list[set[str]] = [
    set(),
    {"dpid", "pkgid", "state"},
    JOB_NEEDS,
    JOB_NEEDS | {"creationtime"},
    JOB_NEEDS | {"lastupdatetime"},
    JOB_NEEDS | {"creationtime", "lastupdatetime"},
]
TARGET_NEEDS = {"pkgid", "nalpath", "sitecode"}
MESSAGE_NEEDS = {"packageid", "nalpath", "messageid", "lastupdatedate"}
MESSAGE_SHAPES: list[set[str]] = [set(), MESSAGE_NEEDS, MESSAGE_NEEDS | {"messagestate", "insstring1", "insstring10"}]
TARGET_SHAPES: list[set[str]] = [set(), TARGET_NEEDS, TARGET_NEEDS | {"action"}]


IS_A_NUMBER = {"type", "status", "sourceversion", "dpid", "state", "action", "jobid", "packageversion"}


class ShapedConnection(Connection):
    """Has tables of a given shape and no rows, on a server whose texts are of one kind; notes what it is asked."""

    def __init__(self, shapes: dict[str, set[str]], texts: str = "nvarchar") -> None:
        self._shapes = shapes
        self._texts = texts
        self.engine = Engine.SQL_SERVER
        self.asked: list[tuple[str, Sequence[object]]] = []

    @property
    def database(self) -> str:
        return "CM_PS1"

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        self.asked.append((sql, parameters))
        if "INFORMATION_SCHEMA" not in sql:
            return []
        columns = self._shapes[".".join(map(str, parameters))]
        return [(name, "int" if name in IS_A_NUMBER else self._texts) for name in columns]

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Any]:
        return iter(self.query(sql, parameters))

    def names(self, table: str) -> dict[str, str]:
        self.asked.append((f"SELECT * FROM {table} WHERE 1 = 0", ()))
        if not self._shapes[table]:
            raise DatabaseError(ErrorKind.SCHEMA, f"no {table}")
        return {name: name for name in self._shapes[table]}


class ShapedDatabase(Database):
    """Lends its one connection."""

    def __init__(self, connection: ShapedConnection) -> None:
        super().__init__("sqlite:///unused")
        self._lent = connection

    def read(self, work: Callable[[Connection], Result]) -> Result:
        return work(self._lent)


class LeftByReset(ShapedConnection):
    """Has one row of PkgStatus, as a reset leaves it, and no copy of it."""

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        found = super().query(sql, parameters)
        if "FROM dbo.PkgStatus " not in sql:
            return found
        return [[{"sourceversion": 0, "status": 2}.get(name) for name in self._shapes["dbo.PkgStatus"]]]


def undo_statements(texts: str, moment: str) -> list[tuple[str, Sequence[object]]]:
    """Return what the writer asks before an undo, where the backup table has this column, too."""
    rows = {*ROW_NEEDS, "updatetime"}
    backup = {*rows, "requestid", "rownumber", moment}
    shapes = {"dbo.PkgStatus": rows, "dbo.PkgStatus_BU": backup, "[dbo].[PkgStatus_BU]": backup}
    connection = LeftByReset(shapes, texts)
    row = plan_row().reversed()
    writer = SiteWriter(SiteCode("PS1"), ShapedDatabase(connection), "dbo.PkgStatus_BU")
    (said,) = writer.undo_violations(Undoing("R1"), PackageId("PS100112"), [row])
    assert said == "the backup table has no copy of it by request R1"
    return connection.asked


@pytest.mark.parametrize("moment", ["backedupat", "note"])
@pytest.mark.parametrize("texts", ["nvarchar", "varchar"])
def test_what_is_asked_before_an_undo_is_transact_sql_with_texts_of_the_columns_types(texts: str, moment: str) -> None:
    copies = undo_statements(texts, moment)[-1]

    parsed(copies[0].replace("?", "@name"))
    assert copies[0].startswith(f"SELECT RequestId, {'[backedupat]' if moment == 'backedupat' else 'NULL'}, ")
    assert copies[0].count("CAST(? AS varchar(8000))") == (3 if texts == "varchar" else 0)
    assert copies[1] == ("PS100112", *plan_row().key)


def statements(texts: str) -> Iterator[tuple[str, Sequence[object]]]:
    """Yield everything the reader asks of sites of every shape, whose texts are of a kind."""
    whole = product(PACKAGE_SHAPES[1:2], ROW_SHAPES[1:], POINT_SHAPES, JOB_SHAPES, TARGET_SHAPES, MESSAGE_SHAPES)
    least = product(
        PACKAGE_SHAPES, ROW_SHAPES, POINT_SHAPES[-1:], JOB_SHAPES[-1:], TARGET_SHAPES[-1:], MESSAGE_SHAPES[-1:]
    )
    for packages, rows, points, jobs, targets, messages in (*whole, *least):
        connection = ShapedConnection(
            {
                "dbo.v_Package": packages,
                "dbo.PkgStatus": rows,
                "dbo.DistributionPoints": points,
                "dbo.DistributionJobs": jobs,
                "dbo.PkgServers": targets,
                "dbo.vSMS_DistributionDPStatus": messages,
            },
            texts,
        )
        site = SiteScanner(SiteCode("PS1"), ShapedDatabase(connection))
        site.package(PackageId("PS100112"))
        site.packages()
        site.scan([], list)
        site.scan([SiteCode("P02"), SiteCode("P03")], list)
        site.present([PackageId("PS100112"), PackageId("PS100113")], list)
        site.identity()
        yield from connection.asked


OPTIONAL = ("DistributionPoints", "DistributionJobs", "PkgServers", "vSMS_DistributionDPStatus")


def shaped(texts: str) -> ShapedDatabase:
    """Return a database of which no more can be read than must be, with texts of a kind."""
    no_more: dict[str, set[str]] = {f"dbo.{name}": set() for name in OPTIONAL}
    return ShapedDatabase(
        ShapedConnection({"dbo.v_Package": PACKAGE_NEEDS, "dbo.PkgStatus": ROW_NEEDS} | no_more, texts)
    )


@pytest.mark.parametrize("texts", ["nvarchar", "varchar"])
def test_a_bot_says_at_its_start_of_which_types_the_keys_are(caplog: pytest.LogCaptureFixture, texts: str) -> None:
    with caplog.at_level("INFO"):
        log_readability(SiteDatabase(SiteCode("PS1"), shaped(texts)))

    (line,) = [record.getMessage() for record in caplog.records if "site database is readable" in record.getMessage()]
    assert f"'key_types': ['{texts}']" in line


STATEMENTS = dict(statements("nvarchar"))
PARSED = {sql: sqlglot.parse_one(sql, read="tsql") for sql in STATEMENTS}
OF_VARCHAR = [sqlglot.parse_one(sql, read="tsql") for sql in dict(statements("varchar"))]
ALLOWED = (exp.Count, exp.Max, exp.Min, exp.Exists, exp.Case, exp.If, exp.And, exp.Or)


def test_there_are_many_shapes() -> None:
    assert len(STATEMENTS) > 50


def test_every_statement_is_one_select() -> None:
    assert {type(parsed) for parsed in PARSED.values()} == {exp.Select, exp.Union}
    assert {len(sqlglot.parse(sql, read="tsql")) for sql in STATEMENTS} == {1}


@pytest.mark.parametrize(
    "kind", [exp.Limit, exp.Fetch, exp.Offset, exp.Merge, exp.Into, exp.Anonymous, exp.Window, exp.Hint]
)
def test_no_statement_has_what_engines_spell_differently(kind: type[exp.Expression]) -> None:
    assert [sql for sql, parsed in PARSED.items() if parsed.find(kind)] == []


def test_no_function_but_count_max_and_min_is_called() -> None:
    called = {function for parsed in PARSED.values() for function in parsed.find_all(exp.Func)}

    assert {type(function).__name__ for function in called if not isinstance(function, ALLOWED)} == set()


def test_every_table_is_named_with_its_schema() -> None:
    tables = {table.sql() for parsed in PARSED.values() for table in parsed.find_all(exp.Table)}

    assert {name.split(" ")[0] for name in tables} == {
        "dbo.v_Package",
        "dbo.PkgStatus",
        "dbo.DistributionPoints",
        "dbo.DistributionJobs",
        "dbo.PkgServers",
        "dbo.vSMS_DistributionDPStatus",
        "dbo.v_Identification",
        "INFORMATION_SCHEMA.COLUMNS",
    }


def test_every_place_for_a_value_gets_one() -> None:
    for sql, parameters in STATEMENTS.items():
        assert len(list(PARSED[sql].find_all(exp.Placeholder))) == len(parameters)


def test_no_value_stands_in_a_statement() -> None:
    assert [sql for sql in STATEMENTS if "PS100112" in sql or "'" in sql] == []


def places(parsed: Any) -> Iterator[tuple[str, Any]]:
    """Yield every column that is compared with a value, and what stands in the value's place."""
    for comparison in parsed.find_all(exp.EQ, exp.NEQ, exp.In):
        column = comparison.this
        values = comparison.expressions if isinstance(comparison, exp.In) else [comparison.expression]
        yield from ((column.name, value) for value in values if value.find(exp.Placeholder))


def test_a_text_of_a_varchar_column_is_compared_as_what_it_is() -> None:
    """A text that travels as nvarchar makes SQL Server convert the column instead of seeking in its index."""
    found = [
        (name, place.sql("tsql"))
        for parsed in OF_VARCHAR
        if "INFORMATION_SCHEMA" not in parsed.sql()
        for name, place in places(parsed)
    ]

    assert {name for name, _ in found} == {"PackageID", "ID", "PkgServer", "SourceSite"}
    assert {place for _, place in found} == {"CAST(? AS VARCHAR(8000))"}


def test_a_text_of_any_other_column_is_compared_as_it_comes() -> None:
    assert {place.sql("tsql") for parsed in PARSED.values() for _, place in places(parsed)} == {"?"}
