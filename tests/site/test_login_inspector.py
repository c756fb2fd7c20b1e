"""What a look at a site's logins finds on every engine; rights that are too wide where an engine has logins."""

from __future__ import annotations

from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from bot.dbapi import Database, DatabaseError, ErrorKind
from bot.domain.check_finding import Severity
from bot.domain.package import SiteCode
from bot.domain.site_error_kind import SiteErrorKind
from bot.site.login_inspector import SiteLoginInspector
from bot.usecases.checks.sites import SiteCheck
from bot.usecases.ports.site import SiteError
from tests.builders import site_row, table
from tests.engines import ODBC, server_in, with_options
from tests.grants import Login, login, rights
from tests.site.makers import SiteMaker, make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BACKUP = "dbo.PkgStatus_BU"
SCRIPTS_OF_LOGINS = [("reader",), ("writer", "backup_table")]
PASSWORD = "hunter2-and-a-half"  # noqa: S105 - it only has to stay out of what is printed


@contextmanager
def logins(reader: str, writer: str, ahead: timedelta = timedelta(0)) -> Iterator[SiteLoginInspector]:
    """Yield the real inspector of a site, on a machine whose clock may be wrong."""
    found = SiteLoginInspector(
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

    assert findings["PS1 clock"].mark is Severity.WARNING
    assert findings["PS1 clock"].sentence == "7 min ahead of this machine"


def test_a_site_without_a_backup_table_has_a_reader_and_no_writer(maker: SiteMaker) -> None:
    maker.run(f"DROP TABLE {BACKUP}")

    with logins(maker.address, maker.address) as site:
        site.reader()
        with pytest.raises(SiteError) as caught:
            site.writer()

    assert caught.value.kind is SiteErrorKind.SCHEMA


def said_of(maker: SiteMaker) -> dict[str, list[tuple[Severity, str]]]:
    """Return what a check says of a site with one login."""
    found: dict[str, list[tuple[Severity, str]]] = {}
    with logins(maker.address, maker.address) as site:
        for finding in SiteCheck(site).findings():
            found.setdefault(finding.subject, []).append((finding.mark, finding.sentence))
    return found


def test_the_database_of_another_site_is_wrong_and_takes_no_resets(maker: SiteMaker) -> None:
    maker.run("UPDATE dbo.SMSData SET ThisSiteCode = 'CAS'")

    found = said_of(maker)

    mark, sentence = found["PS1 reader"][0]
    assert mark is Severity.WRONG
    assert sentence.endswith(" is the database of site CAS")
    assert found["PS1 writer"][0][1].startswith("no resets here: wrong database: ")


def test_a_database_that_does_not_say_whose_it_is_is_neither_right_nor_wrong(maker: SiteMaker) -> None:
    maker.run("DROP VIEW dbo.v_Identification")

    found = said_of(maker)

    mark, sentence = found["PS1 reader"][0]
    assert mark is Severity.UNKNOWN
    assert sentence.startswith("it is not proved that this is the database of PS1")
    assert found["PS1 writer"][0][1].startswith("may reset rows")


class Granted(NamedTuple):
    """A site with logins that have exactly what the scripts for the DBA grant."""

    maker: SiteMaker
    reader: Login
    writer: Login
    both: Login


@pytest.fixture(params=[server_in(ODBC)])
def granted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Granted]:
    for maker in make(request.param, tmp_path):
        maker.add(table(site_row()))
        with (
            login(maker.address, "reader") as reader,
            login(maker.address, "writer", "backup_table") as writer,
            login(maker.address, "writer", "reader", "backup_table") as both,
        ):
            yield Granted(maker, reader, writer, both)


def said(reader: str, writer: str) -> dict[str, list[tuple[Severity, str]]]:
    """Return what a check says of each login."""
    found: dict[str, list[tuple[Severity, str]]] = {}
    with logins(reader, writer) as site:
        for finding in SiteCheck(site).findings():
            found.setdefault(finding.subject, []).append((finding.mark, finding.sentence))
    return found


def readable(address: str, tables: set[str]) -> set[str]:
    """Return those of the tables that a login may read."""
    found = set()
    with closing(Database(address)) as database:
        for table_name in tables:
            try:
                database.read(lambda connection, name=table_name: connection.columns(name))  # type: ignore[misc]
            except DatabaseError as error:
                if error.kind is not ErrorKind.PERMISSION:
                    raise
            else:
                found.add(table_name)
    return found


def test_a_trial_login_may_read_what_its_scripts_grant_and_nothing_else(granted: Granted) -> None:
    tables = {right.table for right in rights("reader", "writer", "backup_table")}
    selected = {names: {table for verb, table, _ in rights(*names) if verb == "SELECT"} for names in SCRIPTS_OF_LOGINS}

    assert readable(granted.reader.address, tables) == selected["reader",]
    assert readable(granted.writer.address, tables) == selected["writer", "backup_table"]


def test_logins_with_exactly_what_the_scripts_grant_are_good(granted: Granted) -> None:
    found = said(granted.reader.address, granted.writer.address)

    assert [mark for lines in found.values() for mark, _ in lines] == [Severity.GOOD] * 8
    kind = {"postgresql": "character varying", "sqlserver": "nvarchar"}[granted.maker.engine]
    assert found["PS1 collation"][0][1].endswith(f"; keys are {kind}, and are looked for as that")
    assert found["PS1 reader"][-1] == (Severity.GOOD, "has no right that it does not need")
    assert found["PS1 writer"][-1] == (Severity.GOOD, "has no right that it does not need")


@pytest.mark.parametrize(
    ("grant", "sentence"),
    [
        ("DELETE ON dbo.PkgStatus TO {reader}", "may do more than it needs: DELETE PkgStatus"),
        ("UPDATE (Status) ON dbo.PkgStatus TO {reader}", "may do more than it needs: UPDATE PkgStatus"),
        ("INSERT ON dbo.PkgStatus TO {writer}", "may do more than it needs: INSERT PkgStatus"),
        (
            "UPDATE (PkgServer, State) ON dbo.PkgStatus TO {writer}",
            "may do more than it needs: UPDATE pkgserver, state of PkgStatus",
        ),
        ("UPDATE, DELETE ON dbo.PkgStatus_BU TO {writer}", "UPDATE PkgStatus_BU, DELETE PkgStatus_BU"),
    ],
)
def test_rights_that_are_too_wide_are_named(granted: Granted, grant: str, sentence: str) -> None:
    granted.maker.run(f"GRANT {grant.format(reader=granted.reader.user, writer=granted.writer.user)}")

    found = said(granted.reader.address, granted.writer.address)
    mark, text = found["PS1 reader" if "{reader}" in grant else "PS1 writer"][-1]

    assert mark is Severity.WARNING
    assert text.endswith(sentence)


def test_rights_that_are_missing_are_wrong(granted: Granted) -> None:
    granted.maker.run(f"REVOKE INSERT ON {BACKUP} FROM {granted.writer.role}")
    mark, text = said(granted.reader.address, granted.writer.address)["PS1 writer"][0]
    granted.maker.run(f"REVOKE SELECT ON dbo.PkgStatus FROM {granted.reader.role}")
    found = said(granted.reader.address, granted.writer.address)

    assert mark is Severity.WRONG
    assert text.startswith("permission: ")
    assert list(found) == ["PS1 reader"]
    assert found["PS1 reader"][0][1].startswith("permission: ")


def test_a_writer_that_may_not_ask_whose_database_it_is_is_told_of(granted: Granted) -> None:
    granted.maker.run(f"REVOKE SELECT ON dbo.v_Identification FROM {granted.writer.role}")

    found = said(granted.reader.address, granted.writer.address)["PS1 writer"]

    assert [mark for mark, _ in found] == [Severity.GOOD, Severity.UNKNOWN, Severity.GOOD]
    assert found[1][1].startswith("it is not proved that this is the database of PS1")


def test_one_login_for_both_and_the_owner_of_the_database_are_warned_of(granted: Granted) -> None:
    one = said(granted.both.address, granted.both.address)["PS1 writer"]
    owner = said(granted.maker.address, granted.maker.address)["PS1 writer"]

    assert (Severity.WARNING, "the login that reads may also write") in one
    assert (Severity.GOOD, "has no right that it does not need") in one
    assert (Severity.WARNING, "owns the database, so it may do anything") in owner


def test_a_login_that_is_refused_is_said_without_its_password(granted: Granted) -> None:
    wrong = with_options(granted.maker.address, Uid="nobody at all", Pwd=PASSWORD, Trusted_Connection="no")
    with logins(wrong, granted.maker.address) as site:
        (finding,) = SiteCheck(site).findings()

    assert finding.mark is Severity.WRONG
    assert finding.sentence.startswith("login: ")
    assert PASSWORD not in finding.sentence
