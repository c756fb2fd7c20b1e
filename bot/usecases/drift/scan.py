"""Scans: read each site through from time to time, judge what is not in sync, and keep what was seen.

One process scans, under a lease, and never twice at once. A site that cannot be read keeps what was known of it.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.domain.digest import SiteSeen
from bot.domain.drift_classes import JOB_AGE, Verdict, judge
from bot.domain.drift_history import compare, existing
from bot.domain.package import PackageId, SiteCode
from bot.usecases.ports.site import KnownResets, SiteError, no_resets
from bot.usecases.ports.store import ClassCount, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime, timedelta

    from bot.domain.drift_history import DriftEpisode, Key, Scan
    from bot.domain.package import Package, PackageTable
    from bot.usecases.audit.recorder import AuditLog
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.site import SiteScanner
    from bot.usecases.ports.store import DriftHistory, Leases

log = structlog.stdlib.get_logger(__name__)

LEASE = "drift"
LOOK_EVERY_SECONDS = 0.5
AGAIN_SECONDS = 60


@dataclass(slots=True)
class ScanService:
    """Scans the sites of the settings, in their order."""

    sites: Mapping[SiteCode, SiteScanner]
    history: DriftHistory
    audit_log: AuditLog
    leases: Leases
    clock: Clock
    monotonic: Callable[[], float]
    grace: timedelta
    every: timedelta
    job_age: timedelta = JOB_AGE
    resets: KnownResets = no_resets
    write_lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while a scan is written: who takes it sees whole scans only."""
    _due: float = 0.0

    def live(self) -> None:
        """Take or keep the lease; a scan can take longer than it lasts. Raises StoreError."""
        self.leases.hold(LEASE)

    def run(self, stopping: threading.Event) -> None:
        """Scan whenever it is time, until stopped."""
        with suppress(StoreError):
            self.live()
        while not stopping.wait(LOOK_EVERY_SECONDS):
            try:
                self.tick()
            except StoreError as error:
                log.warning("the store does not keep a scan", trouble=error.kind.value, detail=error.detail)
            except Exception:
                # Scans that died would let digests tell old news for ever; the next may go better.
                log.exception("a scan failed")
        with suppress(StoreError):  # nobody else is kept waiting for longer than the lease
            self.leases.release(LEASE)

    def tick(self) -> None:
        """Scan all sites if it is time and this process's turn; soon again if that fails. Raises StoreError."""
        if self.is_leader and self.monotonic() >= self._due:
            started = self.monotonic()
            self._due = started + AGAIN_SECONDS
            for code in self.sites:
                self.scan(code)
            self._due = started + self.every.total_seconds()

    def scan_soon(self) -> None:
        """Have the next tick scan."""
        self._due = 0.0

    @property
    def is_leader(self) -> bool:
        """Whether this process is the one that scans."""
        return self.leases.holds(LEASE)

    def scan(self, code: SiteCode) -> None:
        """Read one site through; whatever hinders it is noted. Raises StoreError."""
        before = next((seen for seen in self.history.sites() if seen.site == code), SiteSeen(code, None))
        written = {episode.key: episode for episode in self.history.episodes(code)}
        try:
            scan = self._read_site(code, written, before.scanned_at)
        except SiteError as error:
            self._record_failure(before, error)
            return
        if self.is_leader:
            self._save(before, scan)

    def _read_site(self, code: SiteCode, written: Mapping[Key, DriftEpisode], scanned_at: datetime | None) -> Scan:
        site, others = self.sites[code], [other for other in self.sites if other != code]
        found = self._without_others(code, site.scan(others, partial(self._judge, code)))
        over = written.keys() - {(package.id, *verdict.row.key) for package, verdict in found}
        there: set[Key] = set()
        if over:
            there = site.present({key[0] for key in over}, partial(existing, wanted=over))  # type: ignore[misc]
        return compare(code, written, found, there, (scanned_at, self.clock()))

    def _judge(self, code: SiteCode, tables: Iterable[PackageTable]) -> list[tuple[Package, Verdict]]:
        now, resets = self.clock(), self.resets(code, None)
        found: list[tuple[Package, Verdict]] = []
        for table in tables:
            if code in self._responsible_sites(table.package):
                ours = resets.get(table.package.id, frozenset())
                drift = judge(table, now, self.grace, job_age=self.job_age, resets=ours)
                found += [(table.package, verdict) for verdict in (*drift.sites, *drift.dps)]
        return found

    def _responsible_sites(self, package: Package) -> list[SiteCode]:
        """Return the sites that can answer for a package: its source site, or all in turn if that is not read here."""
        if package.source_site in self.sites:
            return [SiteCode(package.source_site or "")]
        return sorted(self.sites, key=lambda code: code != package.id[:3])

    def _without_others(self, code: SiteCode, found: list[tuple[Package, Verdict]]) -> list[tuple[Package, Verdict]]:
        """Leave out packages for which an earlier site answers, so that no row is told twice and none is left out."""
        before: dict[SiteCode, set[PackageId]] = {}
        for package in dict.fromkeys(package for package, _ in found):
            homes = self._responsible_sites(package)
            for other in homes[: homes.index(code)]:
                before.setdefault(other, set()).add(package.id)
        theirs = {package_id for other, ids in before.items() for package_id in self._known_at(other, ids)}
        return [(package, verdict) for package, verdict in found if package.id not in theirs]

    def _known_at(self, code: SiteCode, packages: set[PackageId]) -> set[PackageId]:
        """Return which packages have rows at a site; while it is away, those of which its last scan told something."""
        try:
            return self.sites[code].present(packages, lambda keys: {PackageId(key[0]) for key in keys})
        except SiteError:
            return {episode.package_id for episode in self.history.episodes(code)} & packages

    def _save(self, before: SiteSeen, scan: Scan) -> None:
        tallies = [ClassCount(package_id, kind, count) for (package_id, kind), count in scan.counts.items()]
        with self.write_lock:
            self.history.write(scan.put, scan.drop)
            self.history.finish(before.site, scan.at, tallies)
        log.info("scanned", site=before.site, rows=sum(scan.counts.values()), changed=len(scan.put) + len(scan.drop))
        if before.trouble:
            self.audit_log.note("scans work again", before.site)

    def _record_failure(self, before: SiteSeen, error: SiteError) -> None:
        self.history.fail(before.site, self.clock(), error.kind)
        log.warning("cannot scan", site=error.site, trouble=error.kind.value, detail=error.detail)
        if before.trouble is None:
            self.audit_log.note("scan failed", f"{error.site}: {error.kind}")
