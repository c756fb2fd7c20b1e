"""What the DBA runs: Transact-SQL, safe to run again, with a way back, and exactly the rights that the bot uses."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import sqlglot

from bot.dbapi import Connection, Database, DatabaseError, ErrorKind
from bot.demo.sample.schema import PKG_STATUS, PKG_STATUS_BACKUP
from bot.domain.package import PackageId, SiteCode
from bot.site.login_inspector import SiteLoginInspector
from bot.site.reader import SiteDatabase
from bot.site.writer import SiteWriter
from tests import engines
from tests.builders import story
from tests.engines import needs_postgresql
from tests.grants import SCRIPTS, Right, batches, for_account, grants, rights, roles, script, sqlserver_without, undo
from tests.requests import plan, site_plan_row
from tests.site.makers import PostgresqlSite, SqliteSite
from tests.store.test_statements import FOUND
from tests.transact_sql import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Result = TypeVar("Result")

NAMES = ["backup_table", "reader", "store", "writer"]
BACKUP = "dbo.PkgStatus_BU"
ROOT = SCRIPTS.parents[1]
PLAN = plan(site_plan_row())
VERBS = {
    sqlite3.SQLITE_READ: "SELECT",
    sqlite3.SQLITE_INSERT: "INSERT",
    sqlite3.SQLITE_UPDATE: "UPDATE",
    sqlite3.SQLITE_DELETE: "DELETE",
}


def test_these_are_the_scripts() -> None:
    assert sorted(file.name for file in SCRIPTS.glob("*.sqlserver.sql")) == [f"{name}.sqlserver.sql" for name in NAMES]


def test_what_is_no_transact_sql_is_noticed() -> None:
    with pytest.raises(AssertionError):
        parsed("GRANT SELECT ON dbo.PkgStatus TO;")


@pytest.mark.parametrize("name", NAMES)
def test_a_script_and_its_way_back_are_transact_sql(name: str) -> None:
    assert undo(name)
    for sql in (script(name), undo(name)):
        assert list(parsed(sql).recursive_crawl("statement"))


@pytest.mark.parametrize("name", NAMES)
def test_what_the_suites_run_of_a_script_on_a_server_is_transact_sql(name: str) -> None:
    said = [for_account(batch, "trial") for batch in batches(name)]

    assert said
    for sql in (*said, *sqlserver_without("trial", roles(name))[:-1]):  # the parser does not know DROP LOGIN
        parsed(sql)
        assert "CONTOSO" not in sql.split("-- Undo")[0]
        assert "FROM WINDOWS" not in sql


@pytest.mark.parametrize("name", NAMES)
def test_a_script_makes_only_what_is_not_there_yet(name: str) -> None:
    tree = parsed(script(name))
    made = [part for part in tree.recursive_crawl("statement") if part.raw.upper().startswith("CREATE")]
    guarded = [
        part
        for guard in tree.recursive_crawl("if_then_statement")
        for part in guard.recursive_crawl("statement")
        if part.raw.upper().startswith("CREATE")
    ]

    assert made
    assert {part.raw for part in made} == {part.raw for part in guarded}


MADE = re.compile(r"CREATE (ROLE|USER|TABLE|DATABASE) ([^\s;(]+)|ROLE (\w+) ADD (MEMBER) ([^\s;]+)")


@pytest.mark.parametrize(
    ("name", "ways_back"),
    [
        ("reader", ["reader"]),
        ("writer", ["writer"]),
        ("store", ["store"]),
        ("backup_table", ["backup_table", "writer"]),
    ],
)
def test_the_way_back_takes_back_all_that_was_made(name: str, ways_back: list[str]) -> None:
    back = "\n".join(undo(each) for each in ways_back)
    made = {" ".join(filter(None, found)) for found in MADE.findall(script(name))}
    taken = {f"{kind} {what}" for kind, what in re.findall(r"DROP (ROLE|USER|TABLE|DATABASE) ([^\s;]+)", back)}
    taken |= {f"{role} MEMBER {who}" for role, who in re.findall(r"ROLE (\w+) DROP MEMBER ([^\s;]+)", back)}

    # With a database goes all that is in it.
    assert made <= taken or taken == {"DATABASE pkgstatus"}


class Watched(Database):
    """A database that notes what each statement needs of which table, as SQLite itself sees it."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.needed: set[Right] = set()

    def read(self, work: Callable[[Connection], Result]) -> Result:
        return super().read(lambda connection: work(self._watched(connection)))

    def write(self, work: Callable[[Connection], Result]) -> Result:
        return super().write(lambda connection: work(self._watched(connection)))

    def _watched(self, connection: Connection) -> Connection:
        connection._raw.set_authorizer(self._note)
        return connection

    def _note(self, action: int, table: str | None, column: str | None, _database: str | None, view: str | None) -> int:
        if action in VERBS and table and not table.startswith(("sqlite_", "pragma_")):
            named = column if VERBS[action] == "UPDATE" else ""
            self.needed.add(Right(VERBS[action], f"dbo.{view or table}", named or ""))
        return sqlite3.SQLITE_OK


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SqliteSite]:
    maker = SqliteSite(tmp_path / "site.db")
    maker.add(story())
    yield maker
    maker.close()


def test_the_reader_gets_what_the_bot_reads_and_nothing_else(site: SqliteSite) -> None:
    with closing(Watched(site.address)) as database:
        reader = SiteDatabase(SiteCode("PS1"), database)
        reader.probe()
        reader.package(PackageId("PS100112"))
        reader.packages()
        reader.identity()

        assert rights("reader") == database.needed


def test_the_writer_gets_what_a_reset_needs_and_nothing_else(site: SqliteSite) -> None:
    with closing(Watched(site.address)) as database:
        writer = SiteWriter(SiteCode("PS1"), database, BACKUP)
        writer.dry_run()
        writer.apply("R1", PLAN)
        writer.was_applied("R1")
        writer.forbid("R2")

        assert rights("writer", "backup_table") == database.needed


def test_a_check_asks_each_login_only_for_what_its_scripts_grant(site: SqliteSite) -> None:
    with closing(Watched(site.address)) as reading, closing(Watched(site.address)) as writing:
        inspector = SiteLoginInspector(
            SiteCode("PS1"), reading, writing, BACKUP, lambda: datetime.now(UTC), is_same=False
        )
        inspector.reader()
        inspector.writer()

        assert reading.needed <= rights("reader")
        assert writing.needed <= rights("writer", "backup_table")


def test_the_store_gets_the_verbs_of_its_statements_and_what_makes_tables() -> None:
    verbs = {sql.split()[0] for _, sql in FOUND}
    words = {right.verb for right in rights("store")}

    assert words == {*verbs, "ALTER"}
    assert {right.table for right in rights("store")} == {"SCHEMA::dbo"}
    assert "GRANT CREATE TABLE TO pkgstatus_store;" in script("store")


def test_the_backup_table_has_every_column_of_pkgstatus_and_the_key_that_stops_a_second_apply() -> None:
    (table,) = parsed(script("backup_table")).recursive_crawl("create_table_statement")
    columns = [part.raw.split()[0] for part in table.recursive_crawl("column_definition")]

    assert set(columns) == set(PKG_STATUS_BACKUP.columns)
    assert set(columns) >= set(PKG_STATUS.columns)
    assert "PRIMARY KEY (RequestId, RowNumber)" in table.raw
    assert {part.raw for part in table.recursive_crawl("column_definition") if "NOT NULL" in part.raw} == {
        part.raw
        for part in table.recursive_crawl("column_definition")
        if part.raw.split()[0] in {"RequestId", "RowNumber", "BackedUpAt"}
    }


def test_every_script_that_is_named_anywhere_is_there() -> None:
    texts = [*(ROOT / "bot").rglob("*.py"), ROOT / "README.md", *(ROOT / "deploy").rglob("*.md"), *SCRIPTS.iterdir()]
    named = {name for text in texts for name in re.findall(r"\b\w+\.\w+\.sql\b", text.read_text(encoding="utf-8"))}

    assert named == {file.name for file in SCRIPTS.iterdir()}


ROLE = f"pkgstatus_trial_{os.getpid()}"


def as_postgresql(sql: str) -> str:
    """Return what makes the backup table, without its guard, in PostgreSQL's words."""
    (table,) = [each.raw for each in parsed(sql).recursive_crawl("create_table_statement")]
    translated = sqlglot.transpile(table, read="tsql", write="postgres")[0]
    return translated.replace(" NULLS FIRST", "").replace("SYSUTCDATETIME()", "CURRENT_TIMESTAMP")


class Roles:
    """A site on PostgreSQL whose backup table and roles were made by the scripts, and what each role may do there."""

    def __init__(self, maker: PostgresqlSite) -> None:
        self.maker = maker
        maker.add(story())
        maker.run(f"DROP TABLE {BACKUP}", as_postgresql(script("backup_table")))
        for role, names in {"r": ["reader"], "w": ["writer", "backup_table"]}.items():
            statements = [statement for name in names for statement in grants(name, f"{ROLE}_{role}")]
            maker.run(f"CREATE ROLE {ROLE}_{role}", f"GRANT USAGE ON SCHEMA dbo TO {ROLE}_{role}", *statements * 2)

    def database(self, role: str) -> Database:
        return Database(engines.site_odbc(ConnSettings=f"SET ROLE {ROLE}_{role}"))

    def may(self, role: str, sql: str) -> bool:
        """Try a statement as a role, without a trace."""
        with closing(self.database(role)) as database:
            try:
                database.write(lambda connection: _try(connection, sql))
            except _TriedOut:
                return True
            except DatabaseError as error:
                if error.kind is ErrorKind.PERMISSION:
                    return False
                raise
        raise AssertionError("a try always ends in one of the two")


class _TriedOut(Exception):
    """What was tried shall leave no trace."""


def _try(connection: Connection, sql: str) -> None:
    connection.execute(sql)
    raise _TriedOut


@pytest.fixture
def scripted() -> Iterator[Roles]:
    maker = PostgresqlSite()
    try:
        yield Roles(maker)
    finally:
        maker.close()
        maker.run(f"DROP ROLE IF EXISTS {ROLE}_r, {ROLE}_w")


@needs_postgresql
def test_the_roles_of_the_scripts_read_and_reset_and_their_way_back_runs(scripted: Roles) -> None:
    with closing(scripted.database("r")) as reading, closing(scripted.database("w")) as writing:
        found = SiteDatabase(SiteCode("PS1"), reading).package(PackageId("PS100112"))
        writer = SiteWriter(SiteCode("PS1"), writing, BACKUP)
        writer.dry_run()
        writer.apply("R1", PLAN)
        assert writer.was_applied("R1")

    assert found is not None
    assert found.unread == ()
    scripted.maker.run(*undo("backup_table").replace("pkgstatus_writer", f"{ROLE}_w").splitlines())


@needs_postgresql
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE dbo.PkgStatus SET Status = 2 WHERE 1 = 0",
        "DELETE FROM dbo.PkgStatus WHERE 1 = 0",
        "INSERT INTO dbo.PkgStatus (PKID) VALUES (-1)",
        "INSERT INTO dbo.PkgStatus_BU (RequestId, RowNumber) VALUES ('x', 1)",
        "CREATE TABLE dbo.Mine (n int)",
    ],
)
def test_the_reader_changes_nothing(scripted: Roles, sql: str) -> None:
    assert not scripted.may("r", sql)


@needs_postgresql
def test_the_writer_changes_the_two_columns_and_nothing_else(scripted: Roles) -> None:
    verdicts: dict[str, Any] = {
        "UPDATE dbo.PkgStatus SET SourceVersion = 0, Status = 2 WHERE 1 = 0": True,
        **{
            f"UPDATE dbo.PkgStatus SET {column} = {column} WHERE 1 = 0": column in {"SourceVersion", "Status"}
            for column in PKG_STATUS.columns
        },
        "DELETE FROM dbo.PkgStatus WHERE 1 = 0": False,
        "INSERT INTO dbo.PkgStatus (PKID) VALUES (-1)": False,
        "UPDATE dbo.PkgStatus_BU SET Status = 2 WHERE 1 = 0": False,
        "DELETE FROM dbo.PkgStatus_BU WHERE 1 = 0": False,
        "UPDATE dbo.SMSPackages SET Name = Name WHERE 1 = 0": False,
        "CREATE TABLE dbo.Mine (n int)": False,
    }

    assert {sql: scripted.may("w", sql) for sql in verdicts} == verdicts
