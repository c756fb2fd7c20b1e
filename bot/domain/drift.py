"""Judge every row of a package: the drift classes, decided from one read, a moment and the grace time.

Pure: the same table, moment and grace always give the same verdicts. Unknown values stay unknown; nothing that
cannot be proved is called in sync.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.package import Package, PackageTable, Row, RowType, SiteCode, Status

ZONE_DOUBT = timedelta(hours=14)
"""The site's clocks have no documented zone; no zone is further than this from UTC."""
SENT_TOO_LONG = timedelta(days=1)
"""Distribution Manager waits this long for a copy it has marked as sent."""

_REMOVING = {Status.REMOVED, Status.PENDING_REMOVE, Status.RETRY_REMOVE}
_FAILED = {Status.FAILED, Status.REMOVE_FAILED}
"""Final only while no distribution job is open: with one, the row is on its way again."""
_SITE_HAS_IT = {Status.RECEIVED, Status.INSTALLED}
_KNOWN_STATUSES = frozenset(Status)
_KNOWN_TYPES = frozenset(RowType)


class DriftClass(StrEnum):
    """What is wrong with a row, in the order in which people want to see it."""

    SOURCE_BEHIND = "source behind"
    FAILED = "failed"
    SITE_BEHIND = "site behind"
    DP_BEHIND = "DP behind"
    NEVER_RECEIVED = "never received"
    AHEAD = "ahead"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    ORPHAN = "orphan"
    RESET = "reset"
    IN_FLIGHT = "in flight"
    REMOVING = "removing"
    NOT_SERVED = "not served"
    EXEMPT = "no content"
    IN_SYNC = "in sync"


class Hop(StrEnum):
    """The step of the journey that is behind: source site to site, or site to DP."""

    SITE = "site"
    DP = "DP"


RESETTABLE = frozenset({DriftClass.FAILED, DriftClass.SITE_BEHIND, DriftClass.DP_BEHIND, DriftClass.NEVER_RECEIVED})


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row with its class. `row.status_number` None and `missing` True stand for a site row that is not there."""

    row: Row
    drift_class: DriftClass
    hop: Hop | None
    expected_version: int | None
    missing: bool = False

    @property
    def versions_behind(self) -> int | None:
        """Expected minus held; None where either is unknown."""
        if self.row.held_version is None or self.expected_version is None:
            return None
        return self.expected_version - self.row.held_version


@dataclass(frozen=True, slots=True)
class Drift:
    """Every verdict of one package: site rows apart from DP rows, problem rows first in each."""

    package: Package
    sites: tuple[Verdict, ...]
    dps: tuple[Verdict, ...]
    unread: tuple[str, ...] = ()
    changed_lately: bool = False

    @property
    def counts(self) -> Counter[DriftClass]:
        """How many rows are in each class, site and DP rows together."""
        return Counter(verdict.drift_class for verdict in (*self.sites, *self.dps))


def judge(table: PackageTable, now: datetime, grace: timedelta) -> Drift:
    """Classify all rows of a package as of `now` (aware, UTC); of a scan's table, those that it has."""
    judgement = _Judge(table, now, grace)
    site_rows = [row for row in table.rows if row.is_site]
    verdicts = [judgement.site_verdict(row) for row in site_rows]
    verdicts += [judgement.missing_site(code) for code in judgement.sites_without_row]
    dps = [judgement.dp_verdict(row) for row in table.rows if not row.is_site]
    return Drift(
        table.package,
        tuple(sorted(verdicts, key=_order)),
        tuple(sorted(dps, key=_order)),
        table.unread,
        judgement.changed_lately,
    )


def settled_age(moment: datetime | None, now: datetime) -> timedelta | None:
    """How long ago a moment of the site's own clock was, at the very least; None when that cannot be said."""
    if moment is None or moment - now > ZONE_DOUBT:
        return None
    return now - moment - ZONE_DOUBT


_RANK = {drift_class: rank for rank, drift_class in enumerate(DriftClass)}


def _order(verdict: Verdict) -> tuple[int, int, str, str]:
    behind = verdict.versions_behind or 0
    return (_RANK[verdict.drift_class], -behind, verdict.row.site_code, verdict.row.server)


class _Judge:
    """The facts that verdicts share: the expected version and each site's own copy."""

    def __init__(self, table: PackageTable, now: datetime, grace: timedelta) -> None:
        self.expected = table.package.source_version
        self.exempt = not table.package.needs_content
        self.now = now
        self.grace = grace
        self.changed_lately = self._is_recent(table.package.changed_at)
        self.keys = Counter(self._key(row) for row in table.rows)
        site_rows = [row for row in table.rows if row.is_site]
        self.copies = dict.fromkeys((code.casefold() for code in table.copies_in_sync), DriftClass.IN_SYNC)
        self.copies.update({row.site_code.casefold(): self._judge_site(row) for row in site_rows})
        served = {code.casefold(): code for code in sorted(row.site_code for row in table.rows if _is_served(row))}
        self.sites_without_row = [] if self.exempt else [code for key, code in served.items() if key not in self.copies]

    def site_verdict(self, row: Row) -> Verdict:
        drift_class = self._judge_site(row)
        return Verdict(row, drift_class, _hop(drift_class, Hop.SITE), self.expected)

    def missing_site(self, code: SiteCode) -> Verdict:
        row = Row(RowType.SITE, code, "", None, None, None)
        drift_class = self._judge_missing()
        return Verdict(row, drift_class, _hop(drift_class, Hop.SITE), self.expected, missing=True)

    def dp_verdict(self, row: Row) -> Verdict:
        site = self.copies.get(row.site_code.casefold()) or self._judge_missing()
        drift_class = self._judge_dp(row, site)
        is_own = site is DriftClass.IN_SYNC or drift_class in {DriftClass.FAILED, DriftClass.DP_BEHIND}
        hop = Hop.DP if is_own else Hop.SITE
        return Verdict(row, drift_class, _hop(drift_class, hop), self.expected)

    def _judge_site(self, row: Row) -> DriftClass:
        settled = self._settled(row)
        if settled is not None:
            return settled
        if row.held_version == self.expected and row.status_number in _SITE_HAS_IT:
            return DriftClass.IN_SYNC
        if row.status_number == Status.SENT and row.held_version == self.expected:
            return self._late(row, SENT_TOO_LONG, DriftClass.SITE_BEHIND)
        return self._late(row, self.grace, DriftClass.SITE_BEHIND)

    def _judge_missing(self) -> DriftClass:
        if self.expected is None:
            return DriftClass.UNKNOWN
        return DriftClass.IN_FLIGHT if self.changed_lately else DriftClass.SITE_BEHIND

    def _judge_dp(self, row: Row, site: DriftClass) -> DriftClass:
        settled = self._settled(row)
        if settled is not None:
            return settled
        if row.held_version == self.expected and row.status_number == Status.INSTALLED:
            return DriftClass.IN_SYNC
        late = self._late(row, self.grace, DriftClass.DP_BEHIND)
        if late is DriftClass.IN_FLIGHT or row.held_version == self.expected:
            return late
        return _FROM_SITE.get(site, DriftClass.SITE_BEHIND)

    def _settled(self, row: Row) -> DriftClass | None:
        """The classes that do not depend on time or on the other hop, strongest first; None if none holds."""
        held, expected, status = row.held_version, self.expected, row.status_number
        known = held is not None and expected is not None and status in _KNOWN_STATUSES
        checks = (
            (self.exempt, DriftClass.EXEMPT),
            (self.keys[self._key(row)] > 1, DriftClass.AMBIGUOUS),
            (row.type_number not in _KNOWN_TYPES or not row.server_path.strip(), DriftClass.UNKNOWN),
            (status in _REMOVING or row.dp_leaving, DriftClass.REMOVING),
            (row.dp_known is False, DriftClass.ORPHAN),
            (not known or (held or 0) < 0, DriftClass.UNKNOWN),
            ((held or 0) > (expected or 0), DriftClass.AHEAD),
            (status in _FAILED and not row.open_jobs, DriftClass.FAILED),
            (held == 0 != expected, DriftClass.RESET),
        )
        return next((drift_class for holds, drift_class in checks if holds), None)

    def _late(self, row: Row, patience: timedelta, otherwise: DriftClass) -> DriftClass:
        moving = self.changed_lately or bool(row.open_jobs) or self._is_recent(row.updated_at, patience)
        return DriftClass.IN_FLIGHT if moving else otherwise

    def _is_recent(self, moment: datetime | None, patience: timedelta | None = None) -> bool:
        age = settled_age(moment, self.now)
        return age is not None and age < (patience or self.grace)

    @staticmethod
    def _key(row: Row) -> tuple[object, ...]:
        """A site has one copy whatever the server is called, so two site rows of one site are one key."""
        return (RowType.SITE, row.site_code.casefold()) if row.is_site else row.key


_FROM_SITE = {
    DriftClass.IN_SYNC: DriftClass.DP_BEHIND,
    DriftClass.IN_FLIGHT: DriftClass.IN_FLIGHT,
    DriftClass.AHEAD: DriftClass.AHEAD,
    DriftClass.AMBIGUOUS: DriftClass.AMBIGUOUS,
    DriftClass.UNKNOWN: DriftClass.UNKNOWN,
}
"""A DP below the expected version is judged by the copy of its own site; what is not listed is a site behind."""


def _is_served(row: Row) -> bool:
    """A site needs a copy of its own only for DPs that are there to stay."""
    is_going = row.status_number in _REMOVING or row.dp_leaving or row.dp_known is False
    return row.type_number == RowType.DP and not is_going


def _hop(drift_class: DriftClass, hop: Hop) -> Hop | None:
    return hop if drift_class in RESETTABLE or drift_class in {DriftClass.IN_FLIGHT, DriftClass.RESET} else None
