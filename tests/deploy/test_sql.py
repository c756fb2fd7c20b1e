"""What the DBA runs: parsed as its engine's dialect, run where it can be, equal to what the bot was tested on."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlglot

from bot.demo.sample.schema import PKG_STATUS, PKG_STATUS_BACKUP

FOLDER = Path(__file__).parents[2] / "deploy" / "sql"


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.sqlserver.sql")), ids=lambda file: file.name)
def test_every_script_for_sql_server_parses_as_tsql(file: Path) -> None:
    statements = sqlglot.parse(file.read_text(encoding="utf-8"), dialect="tsql", error_level=sqlglot.ErrorLevel.RAISE)

    assert statements
    assert not any(isinstance(statement, sqlglot.exp.Command) for statement in statements)


def test_the_backup_table_on_sqlite_takes_every_column_of_pkgstatus_and_can_be_made_twice() -> None:
    script = (FOLDER / "backup_table.sqlite.sql").read_text(encoding="utf-8")

    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script)
        connection.executescript(script)
        columns = {row[1] for row in connection.execute("PRAGMA table_info(PkgStatus_BU)")}
        key = [row[1] for row in connection.execute("PRAGMA table_info(PkgStatus_BU)") if row[5]]

    assert columns == set(PKG_STATUS_BACKUP.columns)
    assert columns >= set(PKG_STATUS.columns)
    assert key == ["RequestId", "RowNumber"]


@pytest.mark.skipif("PKGSTATUS_TEST_SITE_ODBC" not in os.environ, reason="needs PostgreSQL: PKGSTATUS_TEST_SITE_ODBC")
def test_the_backup_table_on_postgresql_can_be_made_twice() -> None:
    import pyodbc  # noqa: PLC0415 - needs the system's unixODBC

    script = (FOLDER / "backup_table.postgresql.sql").read_text(encoding="utf-8").replace("dbo.", "backup_trial.")
    with closing(pyodbc.connect(os.environ["PKGSTATUS_TEST_SITE_ODBC"], autocommit=True)) as connection:
        connection.execute("CREATE SCHEMA backup_trial")
        try:
            connection.execute(script)
            connection.execute(script)
            columns = {
                column[0] for column in connection.execute("SELECT * FROM backup_trial.PkgStatus_BU").description
            }
        finally:
            connection.execute("DROP SCHEMA backup_trial CASCADE")

    assert columns == {name.lower() for name in PKG_STATUS_BACKUP.columns}


def test_all_engines_get_the_same_columns_in_the_same_order() -> None:
    def columns(file: Path) -> list[str]:
        body = file.read_text(encoding="utf-8").partition("PkgStatus_BU (")[2].partition("CONSTRAINT")[0]
        return [line.split()[0] for line in body.splitlines() if line.strip()]

    first, *others = [columns(file) for file in sorted(FOLDER.glob("backup_table.*.sql"))]

    assert first
    assert all(other == first for other in others)
