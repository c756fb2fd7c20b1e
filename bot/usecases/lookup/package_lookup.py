"""`/pkgstatus PACKAGEID` and `find`: read a package at every site that knows it, judge its rows, keep the answer.

Refusals: whatever access.py refuses; a snapshot that is gone. Faults: SiteError from the port.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from bot.domain.drift_classes import JOB_AGE, judge
from bot.domain.drift_history import ages
from bot.domain.lookup_result import (
    Answer,
    AnswersBySite,
    Hit,
    SearchResult,
    SiteUnavailable,
    StoredAnswer,
    UnknownPackage,
    responsible,
)
from bot.domain.package import PackageId
from bot.domain.package_search import search
from bot.domain.refusal import Reason, Refusal
from bot.domain.suggestions import nearest
from bot.usecases.ports.site import KnownResets, SiteError, no_resets

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import timedelta

    from bot.domain.command import Filter, Find, Show
    from bot.domain.lookup_result import SnapshotKey
    from bot.domain.package import Package, PackageTable, SiteCode
    from bot.usecases.access import Access, Actor
    from bot.usecases.lookup.site_fanout import SiteFanout
    from bot.usecases.lookup.snapshots import SnapshotCache
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.site import SiteError, SiteReader
    from bot.usecases.ports.store import DriftHistory

log = structlog.stdlib.get_logger(__name__)

NEAR_IDS = 5


@dataclass(frozen=True, slots=True)
class PackageLookup:
    """Answers questions about packages: all sites are asked, and those that answer answer."""

    sites: SiteFanout
    access: Access
    snapshots: SnapshotCache
    clock: Clock
    grace: timedelta
    history: DriftHistory
    job_age: timedelta = JOB_AGE
    resets: KnownResets = no_resets

    def show(self, actor: Actor, query: Show) -> StoredAnswer | AnswersBySite | UnknownPackage | Refusal:
        """Read and judge one package, at the site that the question names or at all.

        Raises SiteError when no site that could know the package answers.
        """
        refusal = self.access.refusal(actor)
        if refusal:
            return refusal
        order = [query.site] if query.site and query.site in self.sites.readers else self._order(query.package_id)
        read, errors = self.sites.ask(lambda site: site.package(query.package_id), order)
        if not read:
            raise errors[0]
        away = _away(errors)
        tables = {code: table for code, table in read.items() if table}
        if not tables:
            return UnknownPackage(query.package_id, tuple(read), self._near(query.package_id, read), away)
        every = responsible({code: table.package for code, table in tables.items()})
        codes, row_filter, text = _chosen(query, {code: tables[code] for code in every})
        if not codes:
            missed = next((error for error in errors if error.site in row_filter.sites), None)
            if missed:
                raise missed
            codes = every
        now = self.clock()
        answers = []
        for code in codes:
            resets = self.resets(code, query.package_id).get(query.package_id, frozenset())
            drift = judge(tables[code], now, self.grace, job_age=self.job_age, resets=resets)
            known = self.history.known(code, query.package_id)
            since = ages(drift, known, now)
            others = tuple(other for other in every if other != code)
            answers.append(Answer(drift, row_filter, text, code, now, actor.user_id, away, others, since))
        if len(answers) > 1:
            return AnswersBySite(query.package_id, tuple(answers), away)
        return StoredAnswer(self.snapshots.keep(answers[0]), answers[0])

    def find(self, actor: Actor, query: Find) -> SearchResult | Refusal:
        """Find packages by words, in any order and case. Raises SiteError when no site answers."""
        refusal = self.access.refusal(actor)
        if refusal:
            return refusal
        read, errors = self.sites.ask(_packages, list(self.sites.readers))
        if not read:
            raise errors[0]
        known: dict[Package, list[Hit]] = {}
        for hit in _hits(read):
            known.setdefault(hit.package, []).append(hit)
        found, meant = search(query.words, known)
        hits = tuple(hit for package in found for hit in known[package])
        return SearchResult(query.words, hits, tuple(read), _away(errors), meant)

    def again(self, actor: Actor, key: SnapshotKey) -> StoredAnswer | Refusal:
        """Return an answer that was given before, for its next page or its CSV."""
        refusal = self.access.refusal(actor)
        if refusal:
            return refusal
        answer = self.snapshots.find(key)
        return StoredAnswer(key, answer) if answer else Refusal(Reason.SNAPSHOT_GONE)

    def _order(self, package_id: PackageId) -> list[SiteCode]:
        """Ask the site of the ID's prefix first: most packages are where they were made."""
        return sorted(self.sites.readers, key=lambda code: code != package_id[:3])

    def _near(self, package_id: PackageId, sites: Collection[SiteCode]) -> tuple[Hit, ...]:
        read, _ = self.sites.ask(_packages, list(sites))
        known: dict[PackageId, list[Hit]] = {}
        for hit in _hits(read):
            known.setdefault(hit.package.id, []).append(hit)
        close = (hit for near in nearest(package_id, known, NEAR_IDS) for hit in known[PackageId(near)])
        return tuple(close)[:NEAR_IDS]


def _packages(site: SiteReader) -> Sequence[Package]:
    return site.packages()


def _chosen(query: Show, tables: Mapping[SiteCode, PackageTable]) -> tuple[list[SiteCode], Filter, str]:
    """Choose among the sites that answer for an ID, one for each hierarchy; none when `site:` fits none of them.

    Return with them the filter and the text of the question that is left: `site:` chooses a hierarchy where there are
    several and it names one of their sites, and rows otherwise.
    """
    wanted, row_filter = query.filter.sites, query.filter
    if not wanted or query.site:
        return list(tables), row_filter, query.text
    named = [code for code in tables if code in wanted]
    if len(tables) > 1 and named and wanted <= set(named):
        words = [word for word in query.text.split() if not word.casefold().startswith("site:")]
        return named, replace(row_filter, sites=frozenset()), " ".join(words)
    having = [code for code, table in tables.items() if any(row.site_code.upper() in wanted for row in table.rows)]
    return list(dict.fromkeys([*named, *having])), row_filter, query.text


def _hits(read: Mapping[SiteCode, Sequence[Package]]) -> list[Hit]:
    """List every package once for each hierarchy, with the site that answers for it."""
    known: dict[PackageId, dict[SiteCode, Package]] = {}
    for code, packages in read.items():
        for package in packages:
            known.setdefault(package.id, {})[code] = package
    return [Hit(found[code], code) for found in known.values() for code in responsible(found)]


def _away(errors: Sequence[SiteError]) -> tuple[SiteUnavailable, ...]:
    for error in errors:
        log.warning("site database failed", site=error.site, trouble=error.kind.value, detail=error.detail)
    return tuple(SiteUnavailable(error.site, error.kind) for error in errors)
