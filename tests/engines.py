"""The engines on which suites run what they promise: SQLite always, and the server that an ODBC string names.

PKGSTATUS_TEST_SITE_ODBC and PKGSTATUS_TEST_STORE_ODBC each name a database, of PostgreSQL or of SQL Server, in which
the suites make and drop everything in the schema `dbo`. On SQL Server its name must have "test" in it, and it should
have READ_COMMITTED_SNAPSHOT on, as a store has; deploy/compose.yaml starts a server with two such databases.
"""

from __future__ import annotations

import os
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any, Literal

import pytest

from bot.settings.odbc_strings import asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ODBC, STORE_ODBC = "PKGSTATUS_TEST_SITE_ODBC", "PKGSTATUS_TEST_STORE_ODBC"
SQL_SERVER_DRIVERS = ("sql server", "msodbcsql", "freetds", "tdsodbc")
OBJECTS = """SELECT CASE type WHEN 'V' THEN 'VIEW' ELSE 'TABLE' END, name FROM sys.objects
    WHERE schema_id = SCHEMA_ID('dbo') AND type IN ('U', 'V') AND is_ms_shipped = 0 ORDER BY type DESC"""
"""Views before the tables that they read; triggers and indexes go with their tables."""


def engine_of(odbc: str) -> Literal["postgresql", "sqlserver"]:
    """Return which engine a connection string speaks to, by its driver."""
    driver = asked(odbc).get("driver", "")
    return "sqlserver" if any(name in driver for name in SQL_SERVER_DRIVERS) else "postgresql"


def postgresql_in(variable: str) -> pytest.MarkDecorator:
    """Return the mark of what speaks PostgreSQL's own words to the server that a variable names."""
    is_one = variable in os.environ and engine_of(os.environ[variable]) == "postgresql"
    return pytest.mark.skipif(not is_one, reason=f"{variable} names no PostgreSQL database")


def server_in(variable: str) -> Any:
    """Return the parameter for a suite that runs on whatever server a variable names."""
    if engine_of(os.environ.get(variable, "")) == "sqlserver":
        return pytest.param("sqlserver", id="SQL Server")
    return pytest.param("postgresql", id="PostgreSQL", marks=postgresql_in(variable))


needs_postgresql = postgresql_in(ODBC)
SQLITE = pytest.param("sqlite", id="SQLite")
POSTGRESQL = pytest.param("postgresql", id="PostgreSQL", marks=needs_postgresql)
ENGINES = [SQLITE, server_in(ODBC)]


def site_odbc(**options: str) -> str:
    """Return the ODBC string of the test database, with other options of its driver."""
    return with_options(os.environ[ODBC], **options)


def with_options(odbc: str, **options: str) -> str:
    """Return an ODBC string with other options; of an option that stands there twice a driver takes the first."""
    names = {name.lower() for name in options}
    kept = [part for part in odbc.split(";") if part and part.partition("=")[0].strip().lower() not in names]
    # PostgreSQL's driver takes the braces round a plain name for a part of it.
    said = {name: value if re.fullmatch(r"[\w.]+", value) else f"{{{value}}}" for name, value in options.items()}
    return ";".join([*kept, *(f"{name}={value}" for name, value in said.items())])


def site_odbc_of(database: str) -> str:
    """Return the ODBC string of another database on the same server."""
    return with_options(os.environ[ODBC], Database=database)


def empty(odbc: str) -> None:
    """Drop everything in the schema dbo of a test database."""
    with closing(connected(odbc)) as connection:
        if engine_of(odbc) == "postgresql":
            connection.execute("DROP SCHEMA IF EXISTS dbo CASCADE")
            return
        (name,) = connection.execute("SELECT DB_NAME()").fetchone()
        if "test" not in name.lower():
            pytest.exit(f"{name} is not emptied: a database for these suites has `test` in its name.")
        for kind, each in connection.execute(OBJECTS).fetchall():
            connection.execute(f"DROP {kind} dbo.[{each}]")


def renamed(engine: str, table: str, name: str) -> str:
    """Return the statement that gives a table of the schema dbo another name."""
    if engine == "sqlserver":
        return f"EXEC sp_rename 'dbo.{table}', '{name}'"
    return f"ALTER TABLE dbo.{table} RENAME TO {name}"


def run(*statements: str) -> list[Any]:
    """Run statements as the owner of the site's test database; return the rows of the last one, if it has any."""
    return run_on(site_odbc(), *statements)


def run_on(odbc: str, *statements: str) -> list[Any]:
    """Run statements, or whole batches, as the owner of a test database; return the rows of the last, if it has any."""
    rows: list[Any] = []
    with closing(connected(odbc)) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
            rows = list(cursor.fetchall()) if cursor.description else []
            while cursor.nextset():  # what goes wrong later in a batch is said there
                pass
    return rows


def fill(statement: str, rows: Iterable[Sequence[object]]) -> None:
    """Insert rows into the site's test database."""
    with closing(connected()) as connection:
        connection.autocommit = False
        connection.cursor().executemany(statement, list(rows))
        connection.commit()


def connected(odbc: str | None = None) -> Any:
    """Return a connection of the driver itself."""
    import pyodbc  # noqa: PLC0415 - needs the system's unixODBC, which the SQLite suites must not demand

    pyodbc.pooling = False
    return pyodbc.connect(odbc or site_odbc(), autocommit=True)
