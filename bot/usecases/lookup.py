"""The story of `/pkgstatus`: read a package from the right site, judge its rows, keep the answer for paging.

Refusals: whatever access.py refuses; a snapshot that is gone. Faults: SiteError from the port.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.answers import Answer, Found, Kept, UnknownPackage
from bot.domain.drift import judge
from bot.domain.nearness import nearest
from bot.domain.package import Package, PackageId, PackageTable, SiteCode
from bot.domain.refusal import Reason, Refusal
from bot.domain.searching import search
from bot.usecases.ports import Clock, SiteError, SiteReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from bot.domain.answers import SnapshotKey
    from bot.domain.query import Find, Show
    from bot.usecases.access import Access, Actor
    from bot.usecases.snapshots import Snapshots

NEAR_IDS = 5


@dataclass(frozen=True, slots=True)
class Lookup:
    """Answers questions about packages."""

    sites: Mapping[SiteCode, SiteReader]
    access: Access
    snapshots: Snapshots
    clock: Clock
    grace: timedelta

    def show(self, actor: Actor, query: Show) -> Kept | UnknownPackage | Refusal:
        """Read and judge one package. Raises SiteError."""
        refusal = self.access.refusal(actor)
        if refusal:
            return refusal
        found = self._read(query.package_id)
        if found is None:
            return UnknownPackage(query.package_id, tuple(self.sites), self._near(query.package_id))
        site, table = found
        now = self.clock()
        drift = judge(table, now, self.grace)
        answer = Answer(drift, query.filter, query.text, site, now, actor.user_id)
        return Kept(self.snapshots.keep(answer), answer)

    def find(self, actor: Actor, query: Find) -> Found | Refusal:
        """Find packages by words, in any order and case. Raises SiteError."""
        refusal = self.access.refusal(actor)
        if refusal:
            return refusal
        return Found(query.words, *search(query.words, self._packages()))

    def again(self, actor: Actor, key: SnapshotKey) -> Kept | Refusal:
        """Return an answer that was given before, for its next page or its CSV."""
        refusal = self.access.refusal(actor)
        if refusal:
            return refusal
        answer = self.snapshots.find(key)
        return Kept(key, answer) if answer else Refusal(Reason.SNAPSHOT_GONE)

    def _read(self, package_id: PackageId) -> tuple[SiteCode, PackageTable] | None:
        """Read where the package is owned: a site knows the source version of its own packages first."""
        error: SiteError | None = None
        for site in sorted(self.sites.values(), key=lambda site: site.code != package_id[:3]):
            try:
                table = site.package(package_id)
            except SiteError as trouble:
                error = error or trouble
                continue
            if table:
                return self._at_owner(site.code, table)
        if error:
            raise error
        return None

    def _at_owner(self, code: SiteCode, table: PackageTable) -> tuple[SiteCode, PackageTable]:
        owner = table.package.source_site
        if owner is None or owner == code or owner not in self.sites:
            return code, table
        owned = self.sites[owner].package(table.package.id)
        return (owner, owned) if owned else (code, table)

    def _near(self, package_id: PackageId) -> tuple[Package, ...]:
        known = {package.id: package for package in self._packages()}
        return tuple(known[PackageId(near)] for near in nearest(package_id, known, NEAR_IDS))

    def _packages(self) -> list[Package]:
        every = [package for site in self.sites.values() for package in site.packages()]
        return list({package.id: package for package in every}.values())
