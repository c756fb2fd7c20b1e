"""Databases that a stage has for itself: a PostgreSQL one for its store or its site, and every change of a site's rows.

PKGSTATUS_TEST_STORE_ODBC names an ODBC connection string to a PostgreSQL on which this login may create databases.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.dbapi import Database
from bot.demo.sample import schema
from bot.demo.sample.rows import rows as sample_rows
from tests.engines import postgresql_in
from tests.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POSTGRESQL = "PKGSTATUS_TEST_STORE_ODBC"
_OWN = re.compile(r"(?i)Database=\W*(\w+)")
needs_postgresql = postgresql_in(POSTGRESQL)
ENGINES = ["sqlite", pytest.param("postgresql", marks=needs_postgresql)]

COLUMNS = """(ID varchar(8), Type integer, SiteCode varchar(3), PkgServer varchar(255), version_before integer,
    status_before integer, version_after integer, status_after integer)"""
NOTE = """INSERT INTO {schema}changes (ID, Type, SiteCode, PkgServer, version_before, status_before, version_after,
    status_after) VALUES (OLD.ID, OLD.Type, OLD.SiteCode, OLD.PkgServer, OLD.SourceVersion, OLD.Status,
    NEW.SourceVersion, NEW.Status);"""
FUNCTION = f"""CREATE FUNCTION dbo.note() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN {NOTE.format(schema="dbo.")} RETURN NEW; END $$"""
NOTE_EVERY_CHANGE = {
    "sqlite": (
        f"CREATE TABLE dbo.changes {COLUMNS}",
        f"CREATE TRIGGER dbo.note_change AFTER UPDATE ON PkgStatus BEGIN {NOTE.format(schema='')} END",
    ),
    "postgresql": (
        f"CREATE TABLE dbo.changes {COLUMNS}",
        FUNCTION,
        "CREATE TRIGGER note_change AFTER UPDATE ON dbo.PkgStatus FOR EACH ROW EXECUTE FUNCTION dbo.note()",
    ),
}
"""A row that is changed twice may look as if it was changed once, so the database itself keeps book."""


@contextmanager
def stage_on(engine: str, folder: Path, name: str, **more: Any) -> Iterator[Stage]:
    """Yield a stage whose store and site are on an engine, and whose site notes every change of a row."""
    if engine == "sqlite":
        with Stage(folder, **more) as stage:
            run(site_of(stage), *NOTE_EVERY_CHANGE[engine])
            yield stage
        return
    with own_database(f"pkgstatus_{name}_store") as store, own_database(f"pkgstatus_{name}_site") as site:
        fill(site)
        with Stage(folder, sites={"PS1": {"database": site}}, **more) as stage:
            stage.settings["PKGSTATUS_STORE"] = store
            yield stage


def site_of(stage: Stage) -> str:
    """Return the address of a stage's site database."""
    return str(json.loads(stage.settings["PKGSTATUS_SITES"])["PS1"]["database"])


def run(address: str, *statements: str) -> None:
    """Run statements together, as somebody beside the bot."""
    with closing(Database(address)) as database:
        database.write(lambda connection: [connection.execute(statement) for statement in statements])


def read(address: str, sql: str) -> list[tuple[Any, ...]]:
    """Read rows, as somebody beside the bot."""
    with closing(Database(address)) as database:
        return [tuple(row) for row in database.read(lambda connection: connection.query(sql))]


def fill(site: str) -> None:
    """Make the sample site in an empty PostgreSQL database."""
    contents = sample_rows(datetime.now(UTC), None)
    run(site, *schema.tables("postgresql"), *NOTE_EVERY_CHANGE["postgresql"])
    with closing(_connected(site)) as connection:
        connection.autocommit = False
        for table in schema.TABLES:
            lines = list(contents.get(table.name, ()))
            if lines:
                connection.cursor().executemany(table.insert(), lines)
        connection.commit()


@contextmanager
def own_database(name: str) -> Iterator[str]:
    """Make a PostgreSQL database that nobody else uses, also not who runs the tests on another one of this server."""
    name = f"{name}_{_OWN.findall(os.environ[POSTGRESQL])[0].lower()}"
    _run_outside(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    options = [option for option in os.environ[POSTGRESQL].split(";") if not option.lower().startswith("database=")]
    yield ";".join([*filter(None, options), f"Database={name}"])
    _run_outside(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def closed(address: str) -> Iterator[None]:
    """Let nobody into a PostgreSQL database of our own for as long as the block lasts."""
    name = address.rpartition("Database=")[2]
    out = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    _run_outside(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", out)
    yield
    _run_outside(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def _run_outside(*statements: str) -> None:
    with closing(_connected(os.environ[POSTGRESQL])) as connection:
        for statement in statements:
            connection.execute(statement)


def _connected(odbc: str) -> Any:
    import pyodbc  # noqa: PLC0415 - needs the system's unixODBC

    pyodbc.pooling = False
    return pyodbc.connect(odbc, autocommit=True)
