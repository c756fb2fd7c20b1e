"""A site that goes away and comes back is told once each, even when the store cannot be written just then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.domain.package import PackageId
from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.audit.recorder import AuditLog, WatchedSite
from bot.usecases.ports.site import SiteError
from bot.usecases.ports.store import StoreError, StoreErrorKind
from tests.builders import story
from tests.fakes import FakeSite

if TYPE_CHECKING:
    from bot.domain.ledger_entry import Draft
    from bot.usecases.ports.store import Ledger

STORY = PackageId("PS100112")


class Notebook:
    """A ledger that keeps drafts, unless it is away."""

    def __init__(self) -> None:
        self.is_away = False
        self.kinds: list[str] = []

    def append(self, draft: Draft, *_: Any) -> None:
        if self.is_away:
            raise StoreError(StoreErrorKind.UNREACHABLE, "a fault that the test wants")
        self.kinds.append(draft.kind)


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def site() -> FakeSite:
    return FakeSite(story())


@pytest.fixture
def watched(site: FakeSite, notebook: Notebook) -> WatchedSite:
    return WatchedSite(site, AuditLog(cast("Ledger", notebook)))


def test_each_change_is_noted_once(watched: WatchedSite, site: FakeSite, notebook: Notebook) -> None:
    watched.package(STORY)
    for trouble in (SiteErrorKind.UNREACHABLE, SiteErrorKind.TIMEOUT):
        site.trouble = trouble
        with pytest.raises(SiteError):
            watched.package(STORY)
    site.trouble = None
    watched.package(STORY)
    watched.packages()

    assert notebook.kinds == ["site database failed", "site database back"]


def test_what_could_not_be_noted_is_noted_in_order_when_the_store_is_back(
    watched: WatchedSite, site: FakeSite, notebook: Notebook
) -> None:
    notebook.is_away, site.trouble = True, SiteErrorKind.UNREACHABLE
    with pytest.raises(StoreError):
        watched.package(STORY)
    site.trouble = None
    with pytest.raises(StoreError):
        watched.package(STORY)

    notebook.is_away = False
    watched.package(STORY)
    watched.package(STORY)

    assert notebook.kinds == ["site database failed", "site database back"]
