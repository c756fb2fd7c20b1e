"""Summaries of what is known of drift at this moment, for a digest, a question, or App Home.

Reads only. It never asks a site anything: what it says is what scans saw, with the moment when they did.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from bot.domain import drift_summary
from bot.domain.digest import DAYS_SHOWN, AuditStatus, Day, Digest, DriftedRow, DriftSummary, RowList, SiteSeen
from bot.domain.drift_history import Moved
from bot.domain.drift_summary import EVERYTHING, DriftScope
from bot.domain.request import Stage
from bot.usecases.resets.request_repository import replay_requests

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from bot.domain.drift_classes import DriftClass
    from bot.domain.drift_history import Group
    from bot.domain.package import PackageId, SiteCode
    from bot.domain.request import Request
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.store import ClassCount, DriftHistory, Ledger, Outbox
    from bot.usecases.resets.freeze import FreezeService
    from bot.usecases.resets.request_repository import ReplayedRequests, RequestRepository

PackageKey: TypeAlias = "tuple[SiteCode, PackageId]"
ROWS_SHOWN = 10
"""Rows of each list that a picture holds; the others are behind "Show"."""
A_DAY = timedelta(days=1)
"""How far back a first digest tells of resets."""
ENDED = frozenset({Stage.APPLIED, Stage.CONVERGED, Stage.STALLED, Stage.ABANDONED, Stage.FAILED, Stage.UNDONE})


@dataclass(frozen=True, slots=True)
class DigestService:
    """Draws up pictures and digests; `sites` are those of the settings. Every method raises StoreError."""

    sites: Collection[SiteCode]
    history: DriftHistory
    requests: RequestRepository
    freeze_service: FreezeService
    ledger: Ledger
    outbox: Outbox
    audit_channel: str
    clock: Clock

    def summary(
        self, sites: Collection[SiteCode] | None = None, packages: str | None = None, since: datetime | None = None
    ) -> DriftSummary:
        """Return drift as it is known now; `packages` is a pattern like `BOOT*` on the id or the name, in any case."""
        scope = DriftScope(sites, packages)
        seen = self.seen(scope)
        names = self.history.names()
        groups = self._groups(scope, seen, names, since)
        chosen = None if packages is None else {key for key, name in names.items() if scope.has_package(key[1], name)}
        ids = None if chosen is None else {package_id for _, package_id in chosen}
        at = max([self.clock(), *(each.scanned_at for each in seen if each.scanned_at)])
        compared = drift_summary.compared(seen, since)
        starts = [compared[each.site] for each in seen if each.scanned_at]
        lists = {what: self._list(drift_summary.listed(groups, what, compared)) for what in Moved}
        return DriftSummary(
            at=at,
            since=min(filter(None, starts), default=since),
            sites=tuple(seen),
            counts=drift_summary.counts(groups),
            newly=lists[Moved.NEWLY],
            healed=lists[Moved.HEALED],
            still=lists[Moved.STILL],
            top_packages=drift_summary.top_packages(groups, names),
            top_servers=drift_summary.top_servers(self.history.servers(ids), scope),
            days=self._days(at.date(), seen, chosen),
            gone=lists[Moved.GONE],
        )

    def rows(
        self,
        what: Moved,
        sites: Collection[SiteCode] | None = None,
        packages: str | None = None,
        since: datetime | None = None,
        *,
        start: int = 0,
        limit: int = ROWS_SHOWN,
    ) -> RowList:
        """Return some rows of one list of a picture, and how many there are in all."""
        scope = DriftScope(sites, packages)
        seen = self.seen(scope)
        groups = self._groups(scope, seen, self.history.names(), since)
        return self._list(drift_summary.listed(groups, what, drift_summary.compared(seen, since)), start, limit)

    def digest(
        self, name: str, due_at: datetime, scope: DriftScope = EVERYTHING, since: datetime | None = None
    ) -> Digest:
        """Return what a digest says at this moment."""
        summary = self.summary(scope.sites, scope.packages, since)
        news_from = since or summary.at - A_DAY
        waiting, ended = self._requests({Stage.PENDING}), self._requests(ENDED)
        backlog = self.outbox.backlog(self.audit_channel)
        return Digest(
            name=name,
            due_at=due_at,
            summary=summary,
            waiting=tuple(_within(scope, waiting.found)),
            resets=tuple(each for each in _within(scope, ended.found) if _decided_after(each, news_from)),
            freeze=self.freeze_service.now(),
            trail=AuditStatus(self.ledger.head(), backlog.count, backlog.oldest_at),
            lost=(*waiting.lost, *ended.lost),
        )

    def seen(self, scope: DriftScope) -> list[SiteSeen]:
        """Every site of the settings within the scope, also one that no scan has seen."""
        known = {seen.site: seen for seen in self.history.sites()}
        return [known.get(site, SiteSeen(site, None)) for site in self.sites if scope.has_site(site)]

    def _groups(
        self, scope: DriftScope, seen: Sequence[SiteSeen], names: Mapping[PackageKey, str], since: datetime | None
    ) -> list[Group]:
        scanned = {each.site: each.scanned_at for each in seen}
        found = drift_summary.known_by(self.history.groups(since), scanned)
        return [
            group
            for group in found
            if scope.has_package(group.package_id, names.get((group.site, group.package_id), ""))
        ]

    def _list(self, groups: Iterable[Group], start: int = 0, limit: int = ROWS_SHOWN) -> RowList:
        """Count all rows of some groups and read those of a page; groups beside the page are not read."""
        count = 0
        rows: list[DriftedRow] = []
        for group in groups:
            low, high = max(start - count, 0), min(start + limit - count, group.count)
            if low < high:
                episodes = self.history.rows(group.written or group)[low:high]
                rows += [replace(episode.told, healed_at=group.healed_at) for episode in episodes]
            count += group.count
        return RowList(count, tuple(rows))

    def _days(self, today: date, seen: Sequence[SiteSeen], chosen: Collection[PackageKey] | None) -> tuple[Day, ...]:
        first = today - timedelta(days=DAYS_SHOWN - 1)
        sites = [(each.site, self.history.days(each.site, first)) for each in seen]
        return drift_summary.days(
            today, [{day: _sum_counts(site, found[day], chosen) for day in found} for site, found in sites]
        )

    def _requests(self, stages: Collection[Stage]) -> ReplayedRequests:
        return replay_requests(self.ledger, self.requests.index.in_stages(stages))


def _within(scope: DriftScope, requests: Iterable[Request]) -> Iterator[Request]:
    for request in requests:
        plan = request.plan
        if scope.has_site(plan.site) and scope.has_package(plan.package_id, plan.package_name):
            yield request


def _sum_counts(
    site: SiteCode, tallies: Iterable[ClassCount], chosen: Collection[PackageKey] | None
) -> Counter[DriftClass]:
    found: Counter[DriftClass] = Counter()
    for class_count in tallies:
        if chosen is None or (site, class_count.package_id) in chosen:
            found[class_count.drift_class] += class_count.count
    return found


def _decided_after(request: Request, moment: datetime) -> bool:
    decided_at = request.applied_at or request.decided_at
    return decided_at is not None and decided_at > moment
