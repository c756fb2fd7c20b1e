"""The backup table of each engine: safe to make again, alike on all, and what an apply needs."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from bot.dbapi import Database
from bot.demo.sample import schema
from bot.domain.package import SiteCode
from bot.site.writer import SiteWriter
from tests.engines import needs_postgresql
from tests.grants import SCRIPTS
from tests.site.makers import PostgresqlSite, SqliteSite

if TYPE_CHECKING:
    from pathlib import Path

    from tests.site.makers import SiteMaker

OTHERS = ("postgresql", "sqlite")


def test_a_backup_table_made_twice_on_sqlite_is_what_an_apply_needs(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    with closing(SqliteSite(path)) as site:
        with closing(sqlite3.connect(path)) as raw:
            raw.executescript(f"DROP TABLE PkgStatus_BU; {script('sqlite')} {script('sqlite')}")

        dry_run(site)


@needs_postgresql
def test_a_backup_table_made_twice_on_postgresql_is_what_an_apply_needs() -> None:
    with closing(PostgresqlSite()) as site:
        site.run("DROP TABLE dbo.PkgStatus_BU", script("postgresql"), script("postgresql"))

        dry_run(site)


def script(engine: str) -> str:
    """Read what makes the table on an engine."""
    return (SCRIPTS / f"backup_table.{engine}.sql").read_text(encoding="utf-8")


def dry_run(site: SiteMaker) -> None:
    """Try everything that an apply needs; raises SiteError."""
    with closing(SiteWriter(SiteCode("PS1"), Database(site.address), "dbo.PkgStatus_BU")) as writer:
        writer.dry_run()


def test_all_engines_get_the_same_columns_in_the_same_order() -> None:
    def columns(file: Path) -> list[str]:
        body = file.read_text(encoding="utf-8").partition("PkgStatus_BU (")[2].partition("CONSTRAINT")[0]
        return [line.split()[0] for line in body.splitlines() if line.strip()]

    first, *others = [columns(file) for file in sorted(SCRIPTS.glob("backup_table.*.sql"))]

    assert len(first) > len(OTHERS)
    assert others == [first] * len(OTHERS)


def test_all_engines_get_the_index_by_which_an_undo_finds_all_copies_of_a_row() -> None:
    ((name, columns),) = [(name, columns) for name, table, columns in schema.INDEXES if table == "PkgStatus_BU"]

    for file in SCRIPTS.glob("backup_table.*.sql"):
        assert re.search(
            rf"CREATE INDEX .*\b{name} ON \S*PkgStatus_BU \({columns}\);", file.read_text(encoding="utf-8")
        )
