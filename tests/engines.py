"""The engines on which suites run what they promise: SQLite always, PostgreSQL where an ODBC string names one.

PKGSTATUS_TEST_SITE_ODBC names a PostgreSQL database in which the suites may create and drop the schema `dbo`.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ODBC = "PKGSTATUS_TEST_SITE_ODBC"
needs_postgresql = pytest.mark.skipif(ODBC not in os.environ, reason=f"{ODBC} names no PostgreSQL database")
SQLITE = pytest.param("sqlite", id="SQLite")
POSTGRESQL = pytest.param("postgresql", id="PostgreSQL", marks=needs_postgresql)
ENGINES = [SQLITE, POSTGRESQL]


def postgresql(**options: str) -> str:
    """Return the ODBC string of the test database, with more options of its driver."""
    return ";".join([os.environ[ODBC].rstrip(";"), *(f"{name}={{{value}}}" for name, value in options.items())])


def run(*statements: str) -> list[Any]:
    """Run statements as the owner of the PostgreSQL database; return the rows of the last one, if it has any."""
    with closing(connected()) as connection:
        for statement in statements[:-1]:
            connection.execute(statement)
        cursor = connection.execute(statements[-1])
        return list(cursor.fetchall()) if cursor.description else []


def fill(statement: str, rows: Iterable[Sequence[object]]) -> None:
    """Insert rows into the PostgreSQL database."""
    with closing(connected()) as connection:
        connection.autocommit = False
        connection.cursor().executemany(statement, list(rows))
        connection.commit()


def connected() -> Any:
    """Return a connection of the driver itself."""
    import pyodbc  # noqa: PLC0415 - needs the system's unixODBC, which the SQLite suites must not demand

    pyodbc.pooling = False
    return pyodbc.connect(postgresql(), autocommit=True)
