"""What `check` says to do about each way in which a site database or the store can fail."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from bot.dbapi import Database, DatabaseError, ErrorKind
from bot.domain.check_finding import Severity
from bot.domain.package import SiteCode
from bot.domain.site_error_kind import SiteErrorKind
from bot.site.site_errors import site_error
from bot.store.database import StoreDatabase
from bot.usecases.checks.sites import SiteCheck
from bot.usecases.checks.store import StoreCheck
from bot.usecases.ports.site import SiteError
from bot.usecases.ports.store import StoreError, StoreErrorKind

if TYPE_CHECKING:
    from pathlib import Path

    from bot.dbapi import Connection
    from bot.usecases.ports.site import LoginFacts
    from bot.usecases.ports.store import StoreFacts

PS1 = SiteCode("PS1")


@dataclass
class FailingSite:
    """A site whose database always fails in one way."""

    trouble: SiteErrorKind
    detail: str = "the driver's words"
    code: SiteCode = PS1
    has_own_writer: bool = True

    def reader(self) -> LoginFacts:
        raise SiteError(self.code, self.trouble, self.detail)

    writer = reader


@dataclass
class FailingStore:
    """A store that always fails in one way."""

    trouble: StoreErrorKind

    def look(self) -> StoreFacts:
        raise StoreError(self.trouble, "the driver's words")


@pytest.mark.parametrize("trouble", SiteErrorKind)
def test_each_trouble_of_a_site_has_a_line_and_a_cure(trouble: SiteErrorKind) -> None:
    (finding,) = SiteCheck(FailingSite(trouble)).findings()

    assert (finding.mark, finding.subject) == (Severity.WRONG, "PS1 reader")
    assert finding.sentence == f"{trouble}: the driver's words"
    assert finding.cure.endswith(".")
    assert "{" not in finding.cure


def test_an_untrusted_certificate_is_cured_by_trusting_configmgrs_own() -> None:
    (finding,) = SiteCheck(FailingSite(SiteErrorKind.CERTIFICATE)).findings()

    assert "ConfigMgr SQL Server Identification Certificate" in finding.cure
    assert "update-ca-certificates" in finding.cure
    assert "TrustServerCertificate=yes in PKGSTATUS_SITES__PS1__DATABASE: it trusts anybody" in finding.cure


def test_a_refused_login_is_cured_at_the_login() -> None:
    (finding,) = SiteCheck(FailingSite(SiteErrorKind.LOGIN)).findings()

    assert "login" in finding.cure
    assert "PKGSTATUS_SITES__PS1__DATABASE" in finding.cure
    assert "Kerberos" in finding.cure


@pytest.mark.parametrize("place", ["nowhere.db", "."])
def test_a_sqlite_file_that_is_not_there_is_cured_at_its_path(tmp_path: Path, place: str) -> None:
    database = Database(f"sqlite:///{tmp_path / place}")
    with pytest.raises(DatabaseError) as failed:
        database.read(lambda connection: connection.query("SELECT 1"))

    (finding,) = SiteCheck(FailingSite(SiteErrorKind(failed.value.kind), failed.value.detail)).findings()

    assert finding.cure == (
        "Check the path in PKGSTATUS_SITES__PS1__DATABASE: an absolute one begins with four slashes, like "
        "sqlite:////srv/site.db."
    )


@pytest.mark.parametrize("trouble", StoreErrorKind)
def test_each_trouble_of_the_store_has_a_line_and_a_cure(trouble: StoreErrorKind) -> None:
    (finding,) = StoreCheck(FailingStore(trouble)).findings()

    assert (finding.mark, finding.subject) == (Severity.WRONG, "store")
    assert finding.cure.endswith(".")


OF_THE_WAY = (ErrorKind.UNREACHABLE, ErrorKind.CERTIFICATE, ErrorKind.LOGIN, ErrorKind.DRIVER)
"""What can be wrong before a statement is run; each has a cure of its own."""


@pytest.mark.parametrize("kind", sorted({*ErrorKind} - {ErrorKind.CONFLICT, ErrorKind.FULL}))
def test_a_trouble_of_a_site_keeps_its_kind_on_the_way_to_its_cure(kind: ErrorKind) -> None:
    assert site_error(PS1, DatabaseError(kind, "the driver's words")).kind.value == kind.value


@pytest.mark.parametrize("kind", sorted({*ErrorKind} - {ErrorKind.CONFLICT}))
def test_so_does_a_trouble_of_the_store(kind: ErrorKind, tmp_path: Path) -> None:
    def fail(_: Connection) -> None:
        raise DatabaseError(kind, "the driver's words")

    with closing(StoreDatabase(f"sqlite:///{tmp_path}/store.db")) as store, pytest.raises(StoreError) as failed:
        store.read(fail)

    assert failed.value.kind.name == kind.name


def test_each_trouble_on_the_way_to_a_database_has_a_cure_of_its_own() -> None:
    of_sites = [SiteCheck(FailingSite(SiteErrorKind(kind))).findings() for kind in OF_THE_WAY]
    of_the_store = [StoreCheck(FailingStore(StoreErrorKind[kind.name])).findings() for kind in OF_THE_WAY]

    for found in (of_sites, of_the_store):
        assert len({finding.cure for findings in found for finding in findings}) == len(OF_THE_WAY)


@pytest.mark.parametrize(
    ("trouble", "cure"),
    [
        (StoreErrorKind.CERTIFICATE, "Let this machine trust the certificate of the server in PKGSTATUS_STORE, "),
        (StoreErrorKind.LOGIN, "Check the login and its password in PKGSTATUS_STORE."),
        (StoreErrorKind.UNREACHABLE, "Make the folder or the database that PKGSTATUS_STORE names, or name another."),
    ],
)
def test_the_cure_of_a_store_that_lets_nobody_in_says_what_to_do(trouble: StoreErrorKind, cure: str) -> None:
    (finding,) = StoreCheck(FailingStore(trouble)).findings()

    assert finding.cure.startswith(cure)
