"""The same statements on every engine: SQLite runs them here, the others differ only in their type names."""

import sqlite3
from contextlib import closing

import pytest

from bot.demo.sample.schema import PKG_STATUS, TABLES, statements


def test_the_statements_run_unqualified_on_sqlite() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements("sqlite", schema=""):
            connection.execute(statement)

        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type <> 'index'")}

    assert names == {"v_Package", "v_Identification", *(table.name for table in TABLES)}


def test_the_statements_run_qualified_on_an_attached_file() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("ATTACH DATABASE ':memory:' AS dbo")
        for statement in statements("sqlite"):
            connection.execute(statement)
        connection.execute(PKG_STATUS.insert(), (1, "PS100112", 2, "PS1", *([None] * 11)))

        assert connection.execute("SELECT count(*) FROM dbo.v_Package").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM main.sqlite_master").fetchone() == (0,)


def test_a_backup_of_the_same_row_for_the_same_request_is_refused() -> None:
    row = ("request", 1, *([None] * 16))
    insert = next(table for table in TABLES if table.name == "PkgStatus_BU").insert(schema="")
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements("sqlite", schema=""):
            connection.execute(statement)
        filled = [0 if value is None else value for value in row]
        connection.execute(insert, filled)

        with pytest.raises(sqlite3.IntegrityError, match="RequestId"):
            connection.execute(insert, filled)


def test_each_engine_gets_its_own_names_of_types() -> None:
    server, postgres = "\n".join(statements("sqlserver")), "\n".join(statements("postgresql"))

    assert "CREATE TABLE dbo.PkgStatus (PKID bigint NOT NULL, ID nvarchar(8)" in server
    assert "CREATE TABLE dbo.PkgStatus (PKID bigint NOT NULL, ID varchar(8)" in postgres
    assert "UpdateTime datetime" in server
    assert "UpdateTime timestamp" in postgres
    assert not {"nvarchar", "datetime"} & set(postgres.replace("(", " ").split())
    assert "FROM dbo.SMSPackages" in server
    assert "ON dbo.PkgStatus (ID, Type, SiteCode)" in postgres
