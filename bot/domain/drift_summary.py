"""Make a picture of drift from counted groups: what is new, what healed, what is still open, and where most of it is.

Pure. It sees only what finished scans saw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bot.domain.digest import DAYS_SHOWN, DRIFTED, Day, TopEntry
from bot.domain.drift_classes import DriftClass
from bot.domain.drift_history import Group, Moved, as_of, moved
from bot.domain.package import SiteCode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import date

    from bot.domain.digest import SiteSeen
    from bot.domain.package import PackageId

TOPS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class DriftScope:
    """What a picture is of: some sites, and packages whose id or name fits a pattern like `BOOT*`, in any case."""

    sites: Collection[SiteCode] | None = None
    packages: str | None = None

    def has_site(self, site: SiteCode) -> bool:
        """Whether a site belongs to it."""
        return self.sites is None or site in self.sites

    def has_package(self, package_id: PackageId, name: str) -> bool:
        """Whether a package belongs to it."""
        if self.packages is None:
            return True
        pattern = self.packages.casefold()
        return any(fnmatchcase(text.casefold(), pattern) for text in (package_id, name))


EVERYTHING = DriftScope()


def known_by(groups: Iterable[Group], scanned_at: Mapping[SiteCode, datetime | None]) -> list[Group]:
    """Return the groups as the last finished scan of each site left them; sites that are not there are left out."""
    found = ((group, as_of(group, scanned_at[group.site])) for group in groups if group.site in scanned_at)
    return [known if known == group else replace(known, written=group) for group, known in found if known]


def counts(groups: Iterable[Group]) -> Counter[DriftClass]:
    """Count what is not in sync now."""
    found: Counter[DriftClass] = Counter()
    for group in groups:
        if group.healed_at is None:
            found[group.drift_class] += group.count
    return found


Since = Mapping[SiteCode, datetime | None]
"""From which moment on each site is looked at for what is new."""


def compared(sites: Iterable[SiteSeen], since: datetime | None) -> Since:
    """Return from when on each site is compared: from `since`, but not from before the first look at it."""
    return {each.site: max(since, each.first_at) if since and each.first_at else since for each in sites}


def listed(groups: Iterable[Group], what: Moved, since: Since) -> list[Group]:
    """Return the groups that moved in this way: new ones worst first, ended ones latest first, others oldest first."""
    return sorted((group for group in groups if moved(group, since[group.site]) is what), key=_ORDER[what])


def top_packages(groups: Iterable[Group], names: Mapping[tuple[SiteCode, PackageId], str]) -> tuple[TopEntry, ...]:
    """Return the packages of each site with the most drifted rows, most first."""
    found: Counter[tuple[SiteCode, PackageId]] = Counter()
    for group in groups:
        if group.healed_at is None and group.drift_class in DRIFTED:
            found[group.site, group.package_id] += group.count
    ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0][1], pair[0][0]))[:TOPS_SHOWN]
    return tuple(TopEntry(names.get(key, ""), count, key[1], key[0]) for key, count in ranked)


def top_servers(servers: Mapping[tuple[SiteCode, str], int], scope: DriftScope) -> tuple[TopEntry, ...]:
    """Return the servers with the most drifted rows, most first."""
    found: Counter[str] = Counter()
    for (site, server), count in servers.items():
        if scope.has_site(site):
            found[server] += count
    ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:TOPS_SHOWN]
    return tuple(TopEntry(server, count) for server, count in ranked)


def days(today: date, seen: Sequence[Mapping[date, Mapping[DriftClass, int]]]) -> tuple[Day, ...]:
    """Add up what the sites counted each day; a site that was not read on a day counts as it did before."""
    latest: list[Mapping[DriftClass, int]] = [{} for _ in seen]
    found = []
    for number in range(DAYS_SHOWN):
        day = today - timedelta(days=DAYS_SHOWN - 1 - number)
        latest = [site.get(day, before) for site, before in zip(seen, latest, strict=True)]
        is_known = any(day in site for site in seen)
        found.append(Day(day, sum(map(Counter, latest), Counter()) if is_known else None))
    return tuple(found)


def _place(group: Group) -> tuple[object, ...]:
    return (group.seen_at, group.site, group.package_id, _RANK[group.drift_class], str(group.drifted_at))


def _worst_first(group: Group) -> tuple[object, ...]:
    return (_RANK[group.drift_class], _place(group))


def _latest_first(group: Group) -> tuple[object, ...]:
    return (-group.healed_at.timestamp() if group.healed_at else 0, _place(group))


_RANK = {drift_class: rank for rank, drift_class in enumerate(DriftClass)}
_ORDER: dict[Moved, Callable[[Group], tuple[object, ...]]] = {
    Moved.NEWLY: _worst_first,
    Moved.STILL: _place,
    Moved.HEALED: _latest_first,
    Moved.GONE: _latest_first,
}
