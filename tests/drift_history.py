"""A drift history in memory, held to the store's own contract (tests/store/test_drift_history.py)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from bot.domain.digest import DRIFTED, SiteSeen
from bot.domain.drift_classes import DriftClass
from bot.domain.drift_history import DriftEpisode, Group, Key, as_of
from bot.domain.package import PackageId, RowType, SiteCode
from tests.builders import NOW, SOURCE_VERSION, dp_row

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from bot.domain.site_error_kind import SiteErrorKind
    from bot.usecases.ports.store import ClassCount


def episode(host: str = "NYC-DP03", package: str = "PS100112", **changes: Any) -> DriftEpisode:
    """Return the spell of a DP that fell behind at NOW."""
    plain = DriftEpisode(
        site=SiteCode("PS1"),
        package_id=PackageId(package),
        package_name="Boot image (x64)",
        row=dp_row(host, held_version=7, updated_at=None, dp_known=None),
        drift_class=DriftClass.DP_BEHIND,
        expected_version=SOURCE_VERSION,
        seen_at=NOW,
        moved_at=NOW,
        drifted_at=NOW,
    )
    return replace(plain, **changes)


@dataclass
class FakeHistory:
    """Fills the port `DriftHistory`."""

    lines: dict[tuple[SiteCode, Key], DriftEpisode] = field(default_factory=dict)
    seen: dict[SiteCode, SiteSeen] = field(default_factory=dict)
    counted: dict[tuple[SiteCode, date], Sequence[ClassCount]] = field(default_factory=dict)
    named: dict[tuple[SiteCode, PackageId], str] = field(default_factory=dict)

    def sites(self) -> Sequence[SiteSeen]:
        """Return when each site was last read through."""
        return [self.seen[site] for site in sorted(self.seen)]

    def episodes(self, site: SiteCode) -> Sequence[DriftEpisode]:
        """Return what is open, or ended since the last finished scan."""
        known = self.seen.get(site, SiteSeen(site, None)).scanned_at
        found = (line for line in self.lines.values() if line.site == site)
        return [line for line in found if line.healed_at is None or known is None or line.healed_at > known]

    def known(self, site: SiteCode, package_id: PackageId) -> Sequence[DriftEpisode]:
        """Return what the last finished scan saw of a package."""
        scanned_at = self.seen.get(site, SiteSeen(site, None)).scanned_at
        found = (as_of(line, scanned_at) for line in self.episodes(site) if line.package_id == package_id)
        return [line for line in found if line]

    def write(self, put: Sequence[DriftEpisode], drop: Sequence[DriftEpisode]) -> None:
        """Keep spells, and forget others."""
        for line in put:
            self.lines[line.site, line.key] = line
            self.named[line.site, line.package_id] = line.package_name
        for line in drop:
            self.lines.pop((line.site, line.key), None)

    def finish(self, site: SiteCode, at: datetime, tallies: Sequence[ClassCount]) -> None:
        """Make a scan count."""
        self.counted[site, at.astimezone(UTC).date()] = tallies
        known = self.seen.get(site, SiteSeen(site, None))
        self.seen[site] = SiteSeen(site, at, first_at=known.first_at if known.scanned_at else at)

    def fail(self, site: SiteCode, at: datetime, trouble: SiteErrorKind) -> None:
        """Note an attempt that failed."""
        known = self.seen.get(site, SiteSeen(site, None))
        self.seen[site] = SiteSeen(site, known.scanned_at, trouble, at, known.first_at)

    def groups(self, since: datetime | None) -> Sequence[Group]:
        """Count what is open, or ended since."""
        shown = [each for each in self.lines.values() if each.healed_at is None or (since and each.healed_at > since)]
        found = Counter(_group(line) for line in shown)
        return [replace(group, count=count) for group, count in found.items()]

    def rows(self, group: Group) -> Sequence[DriftEpisode]:
        """Return the rows of a group."""
        found = [line for line in self.lines.values() if _group(line) == replace(group, count=0)]
        return sorted(found, key=lambda line: (line.row.type_number or 0, line.row.site_code, line.row.server))

    def servers(self, packages: Collection[PackageId] | None) -> Mapping[tuple[SiteCode, str], int]:
        """Count the drifted rows of each distribution point."""
        return Counter(
            (line.site, line.row.server)
            for line in self.lines.values()
            if line.healed_at is None and line.row.type_number == RowType.DP and line.drift_class in DRIFTED
            if packages is None or line.package_id in packages
        )

    def names(self) -> Mapping[tuple[SiteCode, PackageId], str]:
        """Return the names of all packages."""
        return self.named

    def days(self, site: SiteCode, since: date) -> Mapping[date, Sequence[ClassCount]]:
        """Return what the last scan of each day counted."""
        return {day: found for (of, day), found in sorted(self.counted.items()) if of == site and day >= since}

    def purge(self, before: datetime) -> None:
        """Forget what is over."""
        self.lines = {key: each for key, each in self.lines.items() if not (each.healed_at and each.healed_at < before)}
        day = before.astimezone(UTC).date()
        self.counted = {key: found for key, found in self.counted.items() if key[1] >= day}


def _group(line: DriftEpisode) -> Group:
    return Group(
        line.site, line.package_id, line.drift_class, line.seen_at, line.drifted_at, line.healed_at, line.gone, 0
    )
