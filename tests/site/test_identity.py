"""No reset in the database of another site: refused before anybody votes, and in the transaction that would do it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from bot.dbapi import Database
from bot.domain.package import SiteCode
from bot.domain.site_error_kind import SiteErrorKind
from bot.site.identity import DatabaseIdentity, wrong_database
from bot.site.reader import SiteDatabase
from bot.site.writer import SiteWriter
from bot.usecases.ports.site import SiteError
from tests import engines
from tests.builders import dp_row, site_row, table
from tests.requests import plan, plan_row
from tests.site.makers import SiteMaker, SqliteSite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.dbapi import Connection

PS1, BACKUP = SiteCode("PS1"), "dbo.PkgStatus_BU"
PLAN = plan(plan_row("NYC-DP03"))
ANOTHER = "UPDATE dbo.SMSData SET ThisSiteCode = 'CAS'"
SYSTEM = {"postgresql": "postgres", "sqlserver": "tempdb"}
"""A database that every server has beside ours."""


@pytest.fixture
def site(maker: SiteMaker) -> SiteMaker:
    """Return a site with the row of the plan."""
    maker.add(table(site_row(), dp_row("NYC-DP03", held_version=7)))
    return maker


@pytest.fixture
def writer(site: SiteMaker) -> Iterator[SiteWriter]:
    """Yield its writer."""
    with closing(SiteWriter(PS1, Database(site.address), BACKUP)) as writer:
        yield writer


def look(site: SiteMaker) -> list[tuple[object, ...]]:
    """Return how the row reads, and every backup."""
    row = "SELECT SourceVersion, Status FROM dbo.PkgStatus WHERE Type = 2"
    backups = "SELECT RequestId, RowNumber FROM dbo.PkgStatus_BU"
    with closing(Database(site.address)) as database:
        return [tuple(found) for sql in (row, backups) for found in _read(database, sql)]


def _read(database: Database, sql: str) -> list[Any]:
    return database.read(lambda connection: connection.query(sql))


def refusals(writer: SiteWriter) -> Iterator[str]:
    """Try everything that changes something, and yield why it was refused."""
    for action in (writer.dry_run, lambda: writer.apply("R1", PLAN), lambda: writer.forbid("R1")):
        with pytest.raises(SiteError) as caught:
            action()
        assert caught.value.kind is SiteErrorKind.WRONG_DATABASE
        yield caught.value.detail


def test_nothing_is_changed_in_the_database_of_another_site(site: SiteMaker, writer: SiteWriter) -> None:
    before = look(site)
    site.run(ANOTHER)

    for why in refusals(writer):
        assert why.endswith("is the database of site CAS; let PKGSTATUS_SITES__PS1__DATABASE name that of PS1")
    assert look(site) == before


@pytest.mark.parametrize(
    "statement",
    [
        "DROP VIEW dbo.v_Identification",
        "DELETE FROM dbo.SMSData",
        "INSERT INTO dbo.SMSData VALUES ('P02', 'Contoso Europe')",
        "UPDATE dbo.SMSData SET ThisSiteCode = ''",
        "UPDATE dbo.SMSData SET ThisSiteCode = 'ps1'",
    ],
    ids=["no view", "no row", "several rows", "no code", "another case"],
)
def test_a_database_that_does_not_say_that_it_is_another_s_takes_resets(
    site: SiteMaker, writer: SiteWriter, statement: str
) -> None:
    site.run(statement)

    writer.dry_run()
    writer.apply("R1", PLAN)

    assert look(site) == [(0, 2), ("R1", 1)]


class Moving(Database):
    """A database that becomes another site's behind the last look at it."""

    def __init__(self, site: SiteMaker) -> None:
        super().__init__(site.address)
        self._site = site

    def write(self, work: Callable[[Connection], Any]) -> Any:
        self._site.run(ANOTHER)
        return super().write(work)


def test_the_owner_is_asked_for_in_the_transaction_itself(site: SiteMaker) -> None:
    before = look(site)
    with closing(SiteWriter(PS1, Moving(site), BACKUP)) as writer, pytest.raises(SiteError) as caught:
        writer.apply("R1", PLAN)

    assert caught.value.kind is SiteErrorKind.WRONG_DATABASE
    assert look(site) == before


@pytest.fixture
def elsewhere(site: SiteMaker, tmp_path: Path) -> Iterator[SiteDatabase]:
    """Yield a reader of another database on the same engine."""
    is_file = site.engine == "sqlite"
    address = SqliteSite(tmp_path / "other.db").address if is_file else engines.site_odbc_of(SYSTEM[site.engine])
    with closing(SiteDatabase(PS1, Database(address))) as reader:
        yield reader


def test_nothing_is_changed_in_another_database_than_the_one_that_is_read(
    site: SiteMaker, elsewhere: SiteDatabase
) -> None:
    before = look(site)
    read, written = elsewhere.identity().database, site.reader().identity().database

    with closing(SiteWriter(PS1, Database(site.address), BACKUP, elsewhere)) as writer:
        for why in refusals(writer):
            assert f"rows are read in {read} and would be changed in {written}" in why
            assert why.endswith(f"let PKGSTATUS_SITES__PS1__WRITER name {read}")
    assert look(site) == before


def test_two_logins_on_one_database_are_in_the_same(site: SiteMaker) -> None:
    with closing(SiteWriter(PS1, Database(site.address), BACKUP, site.reader())) as writer:
        writer.apply("R1", PLAN)

    assert look(site) == [(0, 2), ("R1", 1)]


def test_a_file_is_the_same_by_whatever_path(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "site.db")
    with closing(SqliteSite(tmp_path / "site.db")) as site:
        paths = [f"{tmp_path}/{path}" for path in ("site.db", "link.db", "./site.db", f"../{tmp_path.name}/site.db")]
        places = {site.reader(f"sqlite:///{path}").identity() for path in paths}

    assert places == {DatabaseIdentity(str(tmp_path.resolve() / "site.db"), PS1)}


def test_a_reader_in_the_database_of_another_site_is_as_wrong_as_a_writer() -> None:
    unknown, own, other = (
        DatabaseIdentity("CM_PS1", None),
        DatabaseIdentity("CM_PS1", PS1),
        DatabaseIdentity("CM_PS1", SiteCode("CAS")),
    )

    assert (
        wrong_database(PS1, unknown, own)
        == wrong_database(PS1, own, unknown)
        == wrong_database(PS1, None, unknown)
        == ""
    )
    assert "PKGSTATUS_SITES__PS1__DATABASE" in wrong_database(PS1, other, own)
    assert "PKGSTATUS_SITES__PS1__WRITER" in wrong_database(PS1, own, other)
