"""Temporary databases for a harness: its store or site on a database server, and a log of every changed row of a site.

PKGSTATUS_TEST_STORE_ODBC names an ODBC connection string to a PostgreSQL or a SQL Server on which this login may create
databases.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.dbapi import Database
from bot.demo.sample import schema
from bot.demo.sample.rows import rows as sample_rows
from tests.engines import STORE_ODBC, connected, engine_of, postgresql_in, run_on, server_in, with_options
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OWN = re.compile(r"(?i)Database=\W*(\w+)")
needs_postgresql = postgresql_in(STORE_ODBC)
ENGINES = ["sqlite", server_in(STORE_ODBC)]

COLUMNS = """ID varchar(8), Type integer, SiteCode varchar(3), PkgServer varchar(255), version_before integer,
    status_before integer, version_after integer, status_after integer"""
NOTE = """INSERT INTO {schema}changes (ID, Type, SiteCode, PkgServer, version_before, status_before, version_after,
    status_after) VALUES (OLD.ID, OLD.Type, OLD.SiteCode, OLD.PkgServer, OLD.SourceVersion, OLD.Status,
    NEW.SourceVersion, NEW.Status);"""
FUNCTION = f"""CREATE FUNCTION dbo.note() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN {NOTE.format(schema="dbo.")} RETURN NEW; END $$"""
NOTE_EVERY_CHANGE = {
    "sqlite": (
        f"CREATE TABLE dbo.changes ({COLUMNS})",
        f"CREATE TRIGGER dbo.note_change AFTER UPDATE ON PkgStatus BEGIN {NOTE.format(schema='')} END",
    ),
    "postgresql": (
        f"CREATE TABLE dbo.changes ({COLUMNS})",
        FUNCTION,
        "CREATE TRIGGER note_change AFTER UPDATE ON dbo.PkgStatus FOR EACH ROW EXECUTE FUNCTION dbo.note()",
    ),
    "sqlserver": (
        f"CREATE TABLE dbo.changes ({COLUMNS})",
        """CREATE TRIGGER dbo.note_change ON dbo.PkgStatus AFTER UPDATE AS INSERT INTO dbo.changes (ID, Type, SiteCode,
            PkgServer, version_before, status_before, version_after, status_after) SELECT d.ID, d.Type, d.SiteCode,
            d.PkgServer, d.SourceVersion, d.Status, i.SourceVersion, i.Status FROM deleted AS d JOIN inserted AS i
            ON i.PKID = d.PKID""",
    ),
}
"""A row that is changed twice may look as if it was changed once, so the database itself keeps book."""


@contextmanager
def harness_on(engine: str, folder: Path, name: str, **more: Any) -> Iterator[Harness]:
    """Yield a harness whose store and site are on an engine, and whose site notes every change of a row."""
    if engine == "sqlite":
        with Harness(folder, **more) as harness:
            run(site_of(harness), *NOTE_EVERY_CHANGE[engine])
            yield harness
        return
    with temporary_database(f"pkgstatus_{name}_store") as store, temporary_database(f"pkgstatus_{name}_site") as site:
        fill(site)
        with Harness(folder, sites={"PS1": {"database": site}}, **more) as harness:
            harness.settings["PKGSTATUS_STORE"] = store
            yield harness


def site_of(harness: Harness) -> str:
    """Return the address of a harness's site database."""
    return str(json.loads(harness.settings["PKGSTATUS_SITES"])["PS1"]["database"])


def run(address: str, *statements: str) -> None:
    """Run statements together, as somebody beside the bot."""
    with closing(Database(address)) as database:
        database.write(lambda connection: [connection.execute(statement) for statement in statements])


def read(address: str, sql: str) -> list[tuple[Any, ...]]:
    """Read rows, as somebody beside the bot."""
    with closing(Database(address)) as database:
        return [tuple(row) for row in database.read(lambda connection: connection.query(sql))]


def fill(site: str) -> None:
    """Make the sample site in an empty database on a server."""
    contents, engine = sample_rows(datetime.now(UTC), None), engine_of(site)
    run(site, *schema.tables(engine), *NOTE_EVERY_CHANGE[engine])
    with closing(connected(site)) as connection:
        connection.autocommit = False
        for table in schema.TABLES:
            lines = list(contents.get(table.name, ()))
            if lines:
                connection.cursor().executemany(table.insert(), lines)
        connection.commit()


@contextmanager
def temporary_database(name: str) -> Iterator[str]:
    """Make a database that nobody else uses, also not who runs the tests on another one of this server."""
    odbc = os.environ[STORE_ODBC]
    name = f"{name}_{_OWN.findall(odbc)[0].lower()}"
    made, dropped = DATABASES[engine_of(odbc)]
    run_on(odbc, *(statement.format(name=name) for statement in (*dropped, *made)))
    yield with_options(odbc, Database=name)
    run_on(odbc, *(statement.format(name=name) for statement in dropped))


DATABASES = {
    "postgresql": (["CREATE DATABASE {name}"], ["DROP DATABASE IF EXISTS {name} WITH (FORCE)"]),
    "sqlserver": (
        ["CREATE DATABASE {name}", "ALTER DATABASE {name} SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE"],
        [
            "IF DB_ID(N'{name}') IS NOT NULL ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE",
            "DROP DATABASE IF EXISTS {name}",
        ],
    ),
}
"""How a database is made, and how it goes although somebody is still connected."""


@contextmanager
def closed(address: str) -> Iterator[None]:
    """Let nobody into a PostgreSQL database of our own for as long as the block lasts."""
    name = address.rpartition("Database=")[2].strip("{}")
    out = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    run_on(os.environ[STORE_ODBC], f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", out)
    yield
    run_on(os.environ[STORE_ODBC], f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
