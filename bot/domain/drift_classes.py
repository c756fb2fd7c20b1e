"""Judge every row of a package: the drift classes, decided from one read, a moment and two time limits.

Pure: the same table, moment and grace always give the same verdicts. Unknown values stay unknown; nothing that
cannot be proved is called in sync.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.domain.package import Job, Package, PackageTable, Row, RowType, SiteCode, Status, known_moment

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

ZONE_DOUBT = timedelta(hours=14)
"""The site's clocks have no documented zone; no zone is further than this from UTC."""
SENT_TOO_LONG = timedelta(days=1)
"""Distribution Manager waits this long for a copy it has marked as sent."""

JOB_AGE = timedelta(days=1)
"""A distribution job that has not moved for this long is no evidence of movement, unless the settings say otherwise."""

REMOVING = (Status.REMOVED, Status.PENDING_REMOVE, Status.RETRY_REMOVE)
_FAILED = {Status.FAILED, Status.REMOVE_FAILED}
"""Final only while no distribution job is moving: with one, the row is on its way again."""
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
    """The step of the journey that is behind: source to source site, source site to site, or site to DP."""

    SOURCE = "source"
    SITE = "site"
    DP = "DP"


RESETTABLE = frozenset({DriftClass.FAILED, DriftClass.SITE_BEHIND, DriftClass.DP_BEHIND, DriftClass.NEVER_RECEIVED})


class Barrier(StrEnum):
    """Why a row is not reset although its class could be."""

    SOURCE_SITE = "it is the source site's own row: a reset brings nothing there, update the distribution points"
    SOURCE_BEHIND = "the source site itself has not taken the source version: see distmgr.log and the source path there"
    OTHER_SITE = "its DP belongs to another site than the row says"
    TWO_ROWS = "its DP has another row, under another site"
    SITE_AHEAD = "the row of its site is ahead of the source version: that must be repaired first"
    RESET_ALREADY = "it reads version 0 and Received already: what is missing is a Redistribute"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row with its class. `row.status_number` None and `missing` True stand for a row that is not there.

    `idle_jobs` are those of its open distribution jobs that are no evidence of movement.
    """

    row: Row
    drift_class: DriftClass
    hop: Hop | None
    expected_version: int | None
    missing: bool = False
    barrier: Barrier | None = None
    idle_jobs: tuple[Job, ...] = ()

    @property
    def versions_behind(self) -> int | None:
        """Expected minus held; None where either is unknown."""
        if self.row.held_version is None or self.expected_version is None:
            return None
        return self.expected_version - self.row.held_version

    @property
    def is_unconfirmed(self) -> bool:
        """True for a row that names the expected version without saying that it has arrived."""
        has_it = _SITE_HAS_IT if self.row.is_site else {Status.INSTALLED}
        is_there = self.row.status_number in has_it
        return self.versions_behind == 0 and self.drift_class in _NOT_THERE and not is_there


RowKey = tuple[int | None, str, str]
"""`Row.key`."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What verdicts rest on besides what was read: the moment, the limits, and the rows that wait after our resets."""

    at: datetime
    grace: timedelta
    job_age: timedelta = JOB_AGE
    resets: AbstractSet[RowKey] = frozenset()

    def is_recent(self, moment: datetime | None, limit: timedelta | None = None) -> bool:
        """Whether a moment of the site's own clock may be less than the limit (the grace time) ago."""
        age = settled_age(known_moment(moment), self.at)
        return age is not None and age < (limit or self.grace)

    def is_moving(self, job: Job, version: int | None) -> bool:
        """Whether a job is evidence that this version is on its way: it sends it, and moved lately."""
        return job.sends(version) and self.is_recent(job.moved_at, self.job_age)


@dataclass(frozen=True, slots=True)
class Drift:
    """Every verdict of one package: site rows apart from DP rows, problem rows first in each."""

    package: Package
    sites: tuple[Verdict, ...]
    dps: tuple[Verdict, ...]
    basis: Basis
    unread: tuple[str, ...] = ()
    changed_lately: bool = False
    source_behind: bool = False
    served: frozenset[SiteCode] = frozenset()
    targets_known: bool = True

    @property
    def counts(self) -> Counter[DriftClass]:
        """How many rows are in each class, site and DP rows together."""
        return Counter(verdict.drift_class for verdict in (*self.sites, *self.dps))

    @property
    def source_unknown(self) -> bool:
        """Whether it is not known if the source site itself has the files of the source version.

        A stored version that is none, or above the source version, says nothing about it.
        """
        stored, expected = self.package.stored_version, self.package.source_version
        is_said = stored is not None and stored >= 0 and (expected is None or stored <= expected)
        return self.package.needs_content and not self.source_behind and not is_said


def judge(
    table: PackageTable,
    now: datetime,
    grace: timedelta,
    *,
    job_age: timedelta = JOB_AGE,
    resets: AbstractSet[RowKey] = frozenset(),
) -> Drift:
    """Classify all rows of a package as of `now` (aware, UTC); of a scan's table, those that it has.

    `job_age` is how long a distribution job may stand still and count as moving; `resets` are the keys of rows that
    were reset by the bot and are not back yet.
    """
    basis = Basis(now, grace, job_age, resets)
    judgement = _Judge(table, basis)
    verdicts = [judgement.site_verdict(row) for row in table.rows if row.is_site]
    verdicts += [judgement.missing_site(code) for code in judgement.sites_without_row]
    dps = [judgement.dp_verdict(row) for row in table.rows if not row.is_site]
    dps += [judgement.missing_dp(row) for row in judgement.targets_without_row]
    return Drift(
        table.package,
        tuple(sorted(verdicts, key=_order)),
        tuple(sorted(dps, key=_order)),
        basis,
        table.unread,
        judgement.changed_lately,
        judgement.source_behind,
        table.served,
        table.targets_known,
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
    """The facts that verdicts share: the expected version, the state of the source, and each site's own copy."""

    def __init__(self, table: PackageTable, basis: Basis) -> None:
        self.package = table.package
        self.expected = table.package.source_version
        self.exempt = not table.package.needs_content
        self.basis = basis
        self.changed_lately = basis.is_recent(table.package.changed_at)
        self.targets_known = table.targets_known
        self.keys = Counter(self._key(row) for row in table.rows)
        self.servers = Counter(row.server.casefold() for row in table.rows if _is_placed(row))
        site_rows = [row for row in table.rows if row.is_site]
        self.targets_without_row = self._without_row(table.targets_without_row)
        every = sorted((*table.rows, *self.targets_without_row), key=_site)
        targets = {row.own_site.casefold(): row.own_site for row in every if is_target(row)}
        self.served = targets.keys() | {code.casefold() for code in table.served}
        self.source_behind = self._is_source_behind(site_rows)
        self.copies = dict.fromkeys((code.casefold() for code in table.copies_in_sync), DriftClass.IN_SYNC)
        self.copies.update({row.site_code.casefold(): self._judge_site(row) for row in site_rows})
        self.sites_without_row = (
            [] if self.exempt else [code for key, code in targets.items() if key not in self.copies]
        )

    def site_verdict(self, row: Row) -> Verdict:
        drift_class = self._judge_site(row)
        return self._verdict(row, drift_class, Hop.SITE, self._site_barrier(row))

    def missing_site(self, code: SiteCode) -> Verdict:
        row = Row(RowType.SITE, code, "", None, None, None)
        drift_class = self._judge_missing()
        return Verdict(row, drift_class, _hop(drift_class, Hop.SITE), self.expected, missing=True)

    def dp_verdict(self, row: Row) -> Verdict:
        site = self.copies.get(row.own_site.casefold()) or self._judge_missing()
        drift_class = self._judge_dp(row, site)
        is_own = site is DriftClass.IN_SYNC or drift_class in _BEHIND_ITS_SITE
        return self._verdict(row, drift_class, Hop.DP if is_own else Hop.SITE, self._dp_barrier(row, site))

    def missing_dp(self, row: Row) -> Verdict:
        """Judge a DP that is targeted and reports nothing: it never received anything, or waits like the others."""
        site = self.copies.get(row.own_site.casefold()) or self._judge_missing()
        late = DriftClass.UNKNOWN if self.expected is None else self._late(row, DriftClass.NEVER_RECEIVED)
        drift_class = self._as_of_site(site) if late is DriftClass.NEVER_RECEIVED else late
        if drift_class is DriftClass.DP_BEHIND:
            drift_class = DriftClass.NEVER_RECEIVED
        hop = Hop.DP if drift_class in _BEHIND_ITS_SITE or site is DriftClass.IN_SYNC else Hop.SITE
        return replace(self._verdict(row, drift_class, hop, None), missing=True)

    def _without_row(self, targets: tuple[Row, ...]) -> list[Row]:
        """Leave out targets that have a row under another path after all, and all of a package without content."""
        found = {row.key: row for row in targets if row.server.casefold() not in self.servers}
        return [] if self.exempt else list(found.values())

    @staticmethod
    def _as_of_site(site: DriftClass) -> DriftClass:
        return _FROM_SITE.get(site, DriftClass.SITE_BEHIND)

    def _verdict(self, row: Row, drift_class: DriftClass, hop: Hop, barrier: Barrier | None) -> Verdict:
        idle = tuple(job for job in row.jobs or () if not self.basis.is_moving(job, self.expected))
        hop_shown = _hop(drift_class, hop)
        return Verdict(row, drift_class, hop_shown, self.expected, barrier=barrier, idle_jobs=idle)

    def _site_barrier(self, row: Row) -> Barrier | None:
        checks = (
            (self._is_source(row), Barrier.SOURCE_SITE),
            (self.source_behind, Barrier.SOURCE_BEHIND),
            (_reads_reset(row), Barrier.RESET_ALREADY),
        )
        return next((barrier for holds, barrier in checks if holds), None)

    def _dp_barrier(self, row: Row, site: DriftClass) -> Barrier | None:
        checks = (
            (self.source_behind, Barrier.SOURCE_BEHIND),
            (row.other_site is not None, Barrier.OTHER_SITE),
            (_is_placed(row) and self.servers[row.server.casefold()] > 1, Barrier.TWO_ROWS),
            (site is DriftClass.AHEAD, Barrier.SITE_AHEAD),
            (_reads_reset(row), Barrier.RESET_ALREADY),
        )
        return next((barrier for holds, barrier in checks if holds), None)

    def _is_source(self, row: Row) -> bool:
        source = self.package.source_site
        return row.is_site and source is not None and row.site_code.casefold() == source.casefold()

    def _is_source_behind(self, site_rows: list[Row]) -> bool:
        """Whether the source site has not taken its own version, by what it stores or by its own row.

        A package that changed lately may still be taken; of two rows, or one with unknown values, nobody can tell.
        """
        stored, expected = self.package.stored_version, self.expected
        if self.exempt or expected is None or self.changed_lately:
            return False
        if stored is not None and 0 <= stored < expected:
            return True
        own = [row for row in site_rows if self._is_source(row)]
        held, status = (own[0].held_version, own[0].status_number) if len(own) == 1 else (None, None)
        if held is None or held < 0 or status not in _KNOWN_STATUSES or status in REMOVING:
            return False
        lacks = held < expected or (held == expected and status not in _SITE_HAS_IT and stored is None)
        return lacks and not self._moved(own[0])

    def _moved(self, row: Row) -> bool:
        is_sent = row.status_number == Status.SENT and row.held_version == self.expected
        return self.basis.is_recent(row.updated_at, SENT_TOO_LONG if is_sent and row.is_site else None)

    def _judge_site(self, row: Row) -> DriftClass:
        if self._is_not_served(row):
            return DriftClass.NOT_SERVED
        if self.source_behind and self._is_source(row) and self.keys[self._key(row)] == 1:
            return DriftClass.SOURCE_BEHIND
        settled = self._settled(row)
        if settled is not None:
            return settled
        if self._has_it(row):
            return DriftClass.IN_SYNC
        late = self._late(row, DriftClass.SITE_BEHIND)
        is_needed = self._is_source(row) or row.site_code.casefold() in self.served
        return DriftClass.UNKNOWN if late is DriftClass.SITE_BEHIND and not is_needed else late

    def _is_not_served(self, row: Row) -> bool:
        """Whether a site's row is left over: no DP of the site is targeted, and the site is not the source.

        Where the list of targets is closed to us, a copy that is on its way says that there may be one.
        """
        code, status = row.site_code.casefold(), row.status_number
        if self.exempt or self.expected is None or self._is_source(row) or code in self.served or status in REMOVING:
            return False
        if self._has_it(row) and self.keys[self._key(row)] == 1:
            return False
        is_coming = status == Status.SENT and row.held_version == self.expected
        return self.targets_known or not (is_coming or self.changed_lately or self._moved(row))

    def _has_it(self, row: Row) -> bool:
        return self.expected is not None and row.held_version == self.expected and row.status_number in _SITE_HAS_IT

    def _judge_missing(self) -> DriftClass:
        if self.expected is None:
            return DriftClass.UNKNOWN
        if self.source_behind:
            return DriftClass.SOURCE_BEHIND
        return DriftClass.IN_FLIGHT if self.changed_lately else DriftClass.SITE_BEHIND

    def _judge_dp(self, row: Row, site: DriftClass) -> DriftClass:
        settled = self._settled(row)
        if settled is not None:
            return settled
        if row.held_version == self.expected and row.status_number == Status.INSTALLED:
            return DriftClass.IN_SYNC
        late = self._late(row, DriftClass.DP_BEHIND)
        if late is not DriftClass.DP_BEHIND or row.held_version == self.expected:
            return late
        found = self._as_of_site(site)
        return DriftClass.NEVER_RECEIVED if found is DriftClass.DP_BEHIND and row.held_version == 0 else found

    def _settled(self, row: Row) -> DriftClass | None:
        """The classes that do not depend on time or on the other hop, strongest first; None if none holds."""
        held, expected, status = row.held_version, self.expected, row.status_number
        known = held is not None and expected is not None and status in _KNOWN_STATUSES
        checks = (
            (self.exempt, DriftClass.EXEMPT),
            (self.keys[self._key(row)] > 1, DriftClass.AMBIGUOUS),
            (row.type_number not in _KNOWN_TYPES or not row.server_path.strip(), DriftClass.UNKNOWN),
            (status in REMOVING or row.dp_leaving, DriftClass.REMOVING),
            (row.dp_known is False, DriftClass.ORPHAN),
            (not known or (held or 0) < 0, DriftClass.UNKNOWN),
            ((held or 0) > (expected or 0), DriftClass.AHEAD),
            (status in _FAILED and (self.source_behind or not self._is_sent_to(row)), DriftClass.FAILED),
        )
        return next((drift_class for holds, drift_class in checks if holds), None)

    def _late(self, row: Row, otherwise: DriftClass) -> DriftClass:
        """The class of a row that is not there yet: what it waits for, what moves it, else what is behind."""
        if self.source_behind:
            return DriftClass.SOURCE_BEHIND
        if row.held_version != self.expected and _reads_reset(row) and self._is_known_reset(row):
            return DriftClass.RESET
        moving = self.changed_lately or self._is_sent_to(row) or self._moved(row)
        return DriftClass.IN_FLIGHT if moving else otherwise

    def _is_known_reset(self, row: Row) -> bool:
        return row.key in self.basis.resets or self.basis.is_recent(row.updated_at)

    def _is_sent_to(self, row: Row) -> bool:
        return any(self.basis.is_moving(job, self.expected) for job in row.jobs or ())

    @staticmethod
    def _key(row: Row) -> tuple[object, ...]:
        """What no two rows may share.

        A site has one copy whatever the server is called. A DP has one row for each site code only where its own site
        is known: else nobody can tell which of two is the right one.
        """
        if row.is_site:
            return (RowType.SITE, row.site_code.casefold())
        known, site, path = row.key
        return (known, site if row.dp_site or row.type_number != RowType.DP else None, path)


_FROM_SITE = {
    DriftClass.IN_SYNC: DriftClass.DP_BEHIND,
    DriftClass.AHEAD: DriftClass.DP_BEHIND,
    DriftClass.IN_FLIGHT: DriftClass.IN_FLIGHT,
    DriftClass.AMBIGUOUS: DriftClass.AMBIGUOUS,
    DriftClass.UNKNOWN: DriftClass.UNKNOWN,
}
"""A DP below the expected version is judged by the copy of its own site; what is not listed is a site behind."""

_BEHIND_ITS_SITE = {DriftClass.FAILED, DriftClass.DP_BEHIND, DriftClass.NEVER_RECEIVED}
_NOT_THERE = {DriftClass.SOURCE_BEHIND, DriftClass.SITE_BEHIND, DriftClass.DP_BEHIND, DriftClass.IN_FLIGHT}


def _site(row: Row) -> str:
    return row.own_site


def is_target(row: Row) -> bool:
    """Whether the DP of a row is there to stay and meant to hold the package; a site needs a copy only for such."""
    is_going = row.status_number in REMOVING or row.dp_leaving or row.dp_known is False
    return row.type_number == RowType.DP and not is_going


def _is_placed(row: Row) -> bool:
    return row.type_number == RowType.DP and row.dp_known is not False


def _reads_reset(row: Row) -> bool:
    return row.held_version == 0 and row.status_number == Status.RECEIVED


def _hop(drift_class: DriftClass, hop: Hop) -> Hop | None:
    if drift_class is DriftClass.SOURCE_BEHIND:
        return Hop.SOURCE
    return hop if drift_class in RESETTABLE or drift_class in {DriftClass.IN_FLIGHT, DriftClass.RESET} else None
