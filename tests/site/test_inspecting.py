"""What a look at a site's logins finds on every engine; rights that are too wide where an engine has logins."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.dbapi import Database
from bot.domain.finding import Mark
from bot.domain.package import SiteCode
from bot.domain.trouble import SiteTrouble
from bot.site.inspecting import SiteLogins
from bot.usecases.checks.sites import SiteCheck
from bot.usecases.ports import SiteError
from tests.builders import site_row, table
from tests.engines import needs_postgresql, run, site_odbc
from tests.site.makers import PostgresqlSite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.site.makers import SiteMaker

BACKUP = "dbo.PkgStatus_BU"
PASSWORD = "hunter2-and-a-half"  # noqa: S105 - it only has to stay out of what is printed
READER, WRITER = "pkgstatus_try_reader", "pkgstatus_try_writer"
READER_GRANTS = "SELECT ON dbo.PkgStatus, dbo.v_Package, dbo.DistributionPoints, dbo.DistributionJobs"
GRANTS = (
    f"GRANT USAGE ON SCHEMA dbo TO {READER}, {WRITER}",
    f"GRANT {READER_GRANTS} TO {READER}, {WRITER}",
    f"GRANT SELECT ON dbo.v_Identification TO {READER}, {WRITER}",
    f"GRANT UPDATE (SourceVersion, Status) ON dbo.PkgStatus TO {WRITER}",
    f"GRANT SELECT, INSERT ON {BACKUP} TO {WRITER}",
)


@contextmanager
def logins(reader: str, writer: str, ahead: timedelta = timedelta(0)) -> Iterator[SiteLogins]:
    """Yield the real inspector of a site, on a machine whose clock may be wrong."""
    found = SiteLogins(
        SiteCode("PS1"),
        Database(reader),
        Database(writer),
        BACKUP,
        lambda: datetime.now(UTC) - ahead,
        is_same=reader == writer,
    )
    yield found
    found.close()


def test_a_good_login_is_seen_to_be_one(maker: SiteMaker) -> None:
    maker.add(table(site_row()))

    with logins(maker.address, maker.address) as site:
        reader, writer = site.reader(), site.writer()

    assert reader.unread == ()
    assert reader.is_updatable
    assert writer.is_updatable
    assert reader.clock_ahead is not None
    assert abs(reader.clock_ahead) < timedelta(seconds=30)


def test_a_clock_that_is_ahead_is_noticed(maker: SiteMaker) -> None:
    with logins(maker.address, maker.address, ahead=timedelta(minutes=7)) as site:
        findings = {finding.subject: finding for finding in SiteCheck(site).findings()}

    assert findings["PS1 clock"].mark is Mark.WARNING
    assert findings["PS1 clock"].sentence == "7 min ahead of this machine"


def test_a_site_without_a_backup_table_has_a_reader_and_no_writer(maker: SiteMaker) -> None:
    maker.run(f"DROP TABLE {BACKUP}")

    with logins(maker.address, maker.address) as site:
        site.reader()
        with pytest.raises(SiteError) as caught:
            site.writer()

    assert caught.value.trouble is SiteTrouble.SCHEMA


def said_of(maker: SiteMaker) -> dict[str, list[tuple[Mark, str]]]:
    """Return what a check says of a site with one login."""
    found: dict[str, list[tuple[Mark, str]]] = {}
    with logins(maker.address, maker.address) as site:
        for finding in SiteCheck(site).findings():
            found.setdefault(finding.subject, []).append((finding.mark, finding.sentence))
    return found


def test_the_database_of_another_site_is_wrong_and_takes_no_resets(maker: SiteMaker) -> None:
    maker.run("UPDATE dbo.SMSData SET ThisSiteCode = 'CAS'")

    found = said_of(maker)

    mark, sentence = found["PS1 reader"][0]
    assert mark is Mark.WRONG
    assert sentence.endswith(" is the database of site CAS")
    assert found["PS1 writer"][0][1].startswith("no resets here: wrong database: ")


def test_a_database_that_does_not_say_whose_it_is_is_neither_right_nor_wrong(maker: SiteMaker) -> None:
    maker.run("DROP VIEW dbo.v_Identification")

    found = said_of(maker)

    mark, sentence = found["PS1 reader"][0]
    assert mark is Mark.UNKNOWN
    assert sentence.startswith("it is not proved that this is the database of PS1")
    assert found["PS1 writer"][0][1].startswith("may reset rows")


@pytest.fixture
def granted() -> Iterator[PostgresqlSite]:
    """Yield a site with a reader and a writer that have exactly the rights they need."""
    site = PostgresqlSite()
    drop = [f"DROP OWNED BY {name}; DROP ROLE {name}" for name in (READER, WRITER)]
    known = {row[0] for row in run("SELECT rolname FROM pg_roles")}
    run("SELECT 1", *(each for name, each in zip((READER, WRITER), drop, strict=True) if name in known))
    run(*(f"CREATE ROLE {name}" for name in (READER, WRITER)), *GRANTS)
    yield site
    run(*drop)
    site.close()


def as_role(name: str) -> str:
    return site_odbc(ConnSettings=f"SET ROLE {name}")


def said(*, reader: str = READER, writer: str = WRITER) -> dict[str, list[tuple[Mark, str]]]:
    """Return what a check says of each login."""
    found: dict[str, list[tuple[Mark, str]]] = {}
    with logins(as_role(reader), as_role(writer)) as site:
        for finding in SiteCheck(site).findings():
            found.setdefault(finding.subject, []).append((finding.mark, finding.sentence))
    return found


@needs_postgresql
@pytest.mark.usefixtures("granted")
def test_logins_with_exactly_their_rights_are_good() -> None:
    found = said()

    assert [mark for lines in found.values() for mark, _ in lines] == [Mark.GOOD] * 8
    assert found["PS1 reader"][-1] == (Mark.GOOD, "has no right that it does not need")
    assert found["PS1 writer"][-1] == (Mark.GOOD, "has no right that it does not need")


@needs_postgresql
@pytest.mark.usefixtures("granted")
@pytest.mark.parametrize(
    ("grant", "login", "sentence"),
    [
        (f"DELETE ON dbo.PkgStatus TO {READER}", "PS1 reader", "may do more than it needs: DELETE PkgStatus"),
        (f"UPDATE (Status) ON dbo.PkgStatus TO {READER}", "PS1 reader", "may do more than it needs: UPDATE PkgStatus"),
        (f"INSERT ON dbo.PkgStatus TO {WRITER}", "PS1 writer", "may do more than it needs: INSERT PkgStatus"),
        (
            f"UPDATE (PkgServer, State) ON dbo.PkgStatus TO {WRITER}",
            "PS1 writer",
            "may do more than it needs: UPDATE pkgserver, state of PkgStatus",
        ),
        (f"UPDATE, DELETE ON {BACKUP} TO {WRITER}", "PS1 writer", "UPDATE PkgStatus_BU, DELETE PkgStatus_BU"),
    ],
)
def test_rights_that_are_too_wide_are_named(grant: str, login: str, sentence: str) -> None:
    run(f"GRANT {grant}")

    mark, text = said()[login][-1]

    assert mark is Mark.WARNING
    assert text.endswith(sentence)


@needs_postgresql
@pytest.mark.usefixtures("granted")
def test_rights_that_are_missing_are_wrong() -> None:
    run(f"REVOKE INSERT ON {BACKUP} FROM {WRITER}")
    mark, text = said()["PS1 writer"][0]
    run(f"REVOKE SELECT ON dbo.PkgStatus FROM {READER}")
    found = said()

    assert mark is Mark.WRONG
    assert text.startswith("permission: ")
    assert list(found) == ["PS1 reader"]
    assert found["PS1 reader"][0][1].startswith("permission: ")


@needs_postgresql
def test_a_writer_that_may_not_ask_whose_database_it_is_is_told_of(granted: PostgresqlSite) -> None:
    granted.run(f"REVOKE SELECT ON dbo.v_Identification FROM {WRITER}")

    found = said()["PS1 writer"]

    assert [mark for mark, _ in found] == [Mark.GOOD, Mark.UNKNOWN, Mark.GOOD]
    assert found[1][1].startswith("it is not proved that this is the database of PS1")


@needs_postgresql
@pytest.mark.usefixtures("granted")
def test_one_login_for_both_and_the_owner_of_the_database_are_warned_of() -> None:
    one = said(reader=WRITER)["PS1 writer"]
    owner = said(reader="postgres", writer="postgres")["PS1 writer"]

    assert (Mark.WARNING, "the login that reads may also write") in one
    assert (Mark.WARNING, "owns the database, so it may do anything") in owner


@needs_postgresql
@pytest.mark.usefixtures("granted")
def test_a_login_that_is_refused_is_said_without_its_password() -> None:
    with logins(site_odbc(Uid="nobody at all", Pwd=PASSWORD), site_odbc()) as site:
        (finding,) = SiteCheck(site).findings()

    assert finding.mark is Mark.WRONG
    assert finding.sentence.startswith("login: ")
    assert PASSWORD not in finding.sentence
