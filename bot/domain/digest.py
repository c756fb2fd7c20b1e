"""What is known about drift over time, and what a digest says of it: values that use cases make and views draw.

Nothing here is more than what scans saw: a day without a scan has no counts, a site that could not be read keeps what
it last said together with the moment when it said so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.drift_classes import DriftClass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime, timedelta

    from bot.domain.ledger_entry import Head
    from bot.domain.package import PackageId, Row, SiteCode
    from bot.domain.request import Freeze, Request
    from bot.domain.site_error_kind import SiteErrorKind

DRIFTED = frozenset(DriftClass) - {
    DriftClass.IN_SYNC,
    DriftClass.EXEMPT,
    DriftClass.IN_FLIGHT,
    DriftClass.REMOVING,
    DriftClass.NOT_SERVED,
}
"""The classes that count as drift; what is on its way, being removed, needed nowhere or has no content does not."""

DAYS_SHOWN = 14


@dataclass(frozen=True, slots=True)
class DriftedRow:
    """A row that is not in sync; `first_seen_at` is when a scan first saw it so at this source version.

    What the first scan of a site saw counts from the moment that the site itself gives: drift_history.py.
    """

    site: SiteCode
    package_id: PackageId
    package_name: str
    row: Row
    drift_class: DriftClass
    expected_version: int | None
    first_seen_at: datetime
    healed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RowList:
    """Some rows of many: how many there are, and the first of them."""

    count: int
    rows: tuple[DriftedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class TopEntry:
    """A package of a site, or a server, and how many drifted rows it has."""

    name: str
    count: int
    package_id: PackageId | None = None
    site: SiteCode | None = None


@dataclass(frozen=True, slots=True)
class SiteSeen:
    """When a site was last read through; `trouble` and `tried_at` tell of a newer attempt that failed.

    `first_at` is when it was read through for the first time; None also when that was before this was kept.
    """

    site: SiteCode
    scanned_at: datetime | None
    trouble: SiteErrorKind | None = None
    tried_at: datetime | None = None
    first_at: datetime | None = None

    @property
    def is_first_look(self) -> bool:
        """Whether it was read through only once, so that there is nothing to compare with."""
        return self.first_at is not None and self.first_at == self.scanned_at


@dataclass(frozen=True, slots=True)
class Day:
    """Drifted rows per class in the last scan of a day (UTC); `counts` is None for a day without a scan."""

    day: date
    counts: Mapping[DriftClass, int] | None


@dataclass(frozen=True, slots=True)
class DriftSummary:
    """Drift as it is known at one moment: for a digest, for `/pkgstatus drift` and for App Home.

    `newly` and `healed` count from `since` (the last digest), None when there was none, or from the first look if that
    is later: what was found then is not new. `still` lists what was open
    then and is open now, oldest first. `counts` covers every class that a scan keeps, drift or not. Rows whose package
    or server was taken away are not healed but `gone`.
    """

    at: datetime
    since: datetime | None
    sites: tuple[SiteSeen, ...]
    counts: Mapping[DriftClass, int]
    newly: RowList
    healed: RowList
    still: RowList
    top_packages: tuple[TopEntry, ...] = ()
    top_servers: tuple[TopEntry, ...] = ()
    days: tuple[Day, ...] = ()
    gone: RowList = RowList(0)

    @property
    def drifted(self) -> int:
        """How many rows are drifted now."""
        return sum(self.counts.get(kind, 0) for kind in DRIFTED)


@dataclass(frozen=True, slots=True)
class AuditStatus:
    """How the audit channel stands: the ledger's head, what has not been told yet, and when it was told something."""

    head: Head
    unsent: int
    oldest_unsent_at: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """One digest: `due_at` is when it was due (aware, in its own zone), `sent_at` when it goes, once that is known.

    `lost` are the ids of requests whose entries cannot be read any more.
    """

    name: str
    due_at: datetime
    summary: DriftSummary
    waiting: tuple[Request, ...]
    resets: tuple[Request, ...]
    freeze: Freeze | None
    trail: AuditStatus
    lost: tuple[str, ...] = ()
    sent_at: datetime | None = None

    @property
    def lateness(self) -> timedelta:
        """How long after it was due it comes."""
        return (self.sent_at or self.summary.at) - self.due_at
