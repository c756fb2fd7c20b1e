"""What `check` says to do about each way in which a site database or the store can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from bot.domain.check_finding import Severity
from bot.domain.package import SiteCode
from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.checks.sites import SiteCheck
from bot.usecases.checks.store import StoreCheck
from bot.usecases.ports.site import SiteError
from bot.usecases.ports.store import StoreError, StoreErrorKind

if TYPE_CHECKING:
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


@pytest.mark.parametrize("trouble", StoreErrorKind)
def test_each_trouble_of_the_store_has_a_line_and_a_cure(trouble: StoreErrorKind) -> None:
    (finding,) = StoreCheck(FailingStore(trouble)).findings()

    assert (finding.mark, finding.subject) == (Severity.WRONG, "store")
    assert finding.cure.endswith(".")
