"""Names, column types and locks in the words of each engine."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from bot.dbapi import Connection, Database, DatabaseError, Engine, ErrorKind
from bot.dbapi.catalogue import column_types, locking, mark, quoted, table_name
from tests.engines import needs_postgresql, run, site_odbc
from tests.transact_sql import parsed

ODD = ["Order", "My Col", "it's", "a]b", 'say "x"', "select", "naïve", "a;b--c", "[x]", "%s ? {0}"]


@pytest.mark.parametrize("name", ODD)
def test_a_name_is_itself_again_where_it_is_quoted(name: str) -> None:
    with closing(sqlite3.connect(":memory:")) as lite:
        assert lite.execute(f"SELECT 1 AS {quoted(Engine.SQLITE, name)}").description[0][0] == name
    (statement,) = sqlglot.parse(f"SELECT {quoted(Engine.SQL_SERVER, name)} FROM dbo.PkgStatus", dialect="tsql")
    assert statement is not None
    assert [column.name for column in statement.find_all(exp.Column)] == [name]


@needs_postgresql
def test_a_name_is_itself_again_on_postgresql() -> None:
    for name in ODD:
        run("DROP SCHEMA IF EXISTS dbo CASCADE", "CREATE SCHEMA dbo")
        run(f"CREATE TABLE dbo.Odd ({quoted(Engine.POSTGRESQL, name)} int)")
        with closing(Database(site_odbc())) as database:
            assert database.read(lambda connection: connection.names("dbo.Odd")) == {name.lower(): name}
    run("DROP SCHEMA IF EXISTS dbo CASCADE")


@pytest.mark.parametrize(
    ("name", "sqlserver", "postgresql"),
    [
        ("dbo.PkgStatus_BU", "[dbo].[PkgStatus_BU]", '"dbo"."pkgstatus_bu"'),
        ("pkgstatus.dbo.PkgStatus_BU", "[pkgstatus].[dbo].[PkgStatus_BU]", '"pkgstatus"."dbo"."pkgstatus_bu"'),
        ("[my db].dbo.[Pkg.Status BU]", "[my db].[dbo].[Pkg.Status BU]", '"my db"."dbo"."Pkg.Status BU"'),
        ("sccm-bot.dbo.Order", "[sccm-bot].[dbo].[Order]", '"sccm-bot"."dbo"."order"'),
        ("dbo.[a]]b]", "[dbo].[a]]b]", '"dbo"."a]b"'),
        ('dbo."say ""x"""', '[dbo].[say "x"]', '"dbo"."say ""x"""'),
    ],
)
def test_a_configured_name_is_quoted_part_by_part(name: str, sqlserver: str, postgresql: str) -> None:
    assert table_name(Engine.SQL_SERVER, name) == sqlserver
    assert table_name(Engine.POSTGRESQL, name) == postgresql
    (statement,) = sqlglot.parse(f"SELECT 1 FROM {sqlserver}", dialect="tsql")
    assert statement is not None
    assert statement.find(exp.Table)


class Told(Connection):
    """A server that answers one question about its columns, or refuses it."""

    def __init__(self, engine: str, answer: list[Any] | DatabaseError) -> None:
        self.engine = engine
        self.asked: list[tuple[str, Any]] = []
        self._answer = answer

    def query(self, sql: str, parameters: Any = ()) -> list[Any]:
        self.asked.append((sql, parameters))
        if isinstance(self._answer, DatabaseError):
            raise self._answer
        return self._answer


def test_types_are_asked_of_the_database_that_has_the_table() -> None:
    server = Told(Engine.SQL_SERVER, [("ID", "VARCHAR"), ("Type", "int")])

    assert column_types(server, "[my db].dbo.[Pkg Status]") == {"id": "varchar", "type": "int"}
    ((statement, parameters),) = server.asked
    assert " FROM [my db].INFORMATION_SCHEMA.COLUMNS " in statement
    assert parameters == ("dbo", "Pkg Status")
    parsed(statement.replace("?", "@name"))


@pytest.mark.parametrize("kind", [ErrorKind.SCHEMA, ErrorKind.PERMISSION, ErrorKind.OTHER])
def test_types_that_are_not_told_are_unknown(kind: ErrorKind) -> None:
    assert column_types(Told(Engine.SQL_SERVER, DatabaseError(kind, "no")), "dbo.PkgStatus") == {}


def test_a_lost_link_is_no_answer_about_types() -> None:
    with pytest.raises(DatabaseError):
        column_types(Told(Engine.SQL_SERVER, DatabaseError(ErrorKind.UNREACHABLE, "gone")), "dbo.PkgStatus")


@pytest.mark.parametrize("kind", ["varchar", "char"])
def test_only_sql_server_needs_a_text_to_be_of_the_columns_type(kind: str) -> None:
    assert mark(Engine.SQL_SERVER, kind) == "CAST(? AS varchar(8000))"
    assert [mark(Engine.SQL_SERVER, each) for each in ("nvarchar", "nchar", "int", None)] == ["?"] * 4
    assert mark(Engine.POSTGRESQL, kind) == mark(Engine.SQLITE, kind) == "?"


def test_a_row_is_locked_in_the_words_of_each_server() -> None:
    said = {each: locking(each, "Status", "dbo.PkgStatus", "PKID = 1") for each in Engine}

    assert said[Engine.SQLITE] == "SELECT Status FROM dbo.PkgStatus WHERE PKID = 1"
    assert said[Engine.POSTGRESQL] == f"{said[Engine.SQLITE]} FOR UPDATE"
    assert said[Engine.SQL_SERVER] == "SELECT Status FROM dbo.PkgStatus WITH (UPDLOCK, ROWLOCK) WHERE PKID = 1"
    parsed(said[Engine.SQL_SERVER])
