"""What the stories of drift need from the world: a site that can be read through, and a history of what scans saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from bot.domain.digest import SiteSeen
    from bot.domain.drift import DriftClass
    from bot.domain.history import Group, Key, Spell
    from bot.domain.package import PackageId, PackageTable, SiteCode
    from bot.domain.trouble import SiteTrouble

DIGEST = "digest"
"""A notice with this key is a digest: its values were fixed when it was due, it is drawn when it is sent."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows of a package were in a class in a site's last scan of a day."""

    package_id: PackageId
    drift_class: DriftClass
    count: int


class SiteScanner(Protocol):
    """Reads all of a site that is not in sync. Every method raises SiteError, and whatever the work itself raises."""

    @property
    def code(self) -> SiteCode:
        """The site code that the settings give this database."""
        ...

    def scan(self, elsewhere: Collection[SiteCode], work: Callable[[Iterator[PackageTable]], Result]) -> Result:
        """Hand over, package by package, the rows that are not in sync; the tables are partial, see PackageTable.

        Packages whose source site is one of `elsewhere` are left out. The work may be called once more, from the start,
        if the link was lost under it.
        """
        ...

    def present(self, packages: Collection[PackageId], work: Callable[[Iterator[Key]], Result]) -> Result:
        """Hand over the keys of all rows of these packages, in sync or not."""
        ...


class DriftHistory(Protocol):
    """What scans saw, and when the bot saw it first. Every method raises StoreError."""

    def sites(self) -> Sequence[SiteSeen]:
        """Return when each site was last read through, and what hindered a newer attempt."""
        ...

    def spells(self, site: SiteCode) -> Sequence[Spell]:
        """Read the rows of a site that are not in sync, or ended since its last finished scan, as written so far."""
        ...

    def known(self, site: SiteCode, package_id: PackageId) -> Sequence[Spell]:
        """Read the rows of a package that the site's last finished scan saw not in sync."""
        ...

    def write(self, put: Sequence[Spell], drop: Sequence[Spell]) -> None:
        """Write spells as they are now, and forget others; in pieces, so that nobody waits long for the store."""
        ...

    def finish(self, site: SiteCode, at: datetime, tallies: Sequence[Tally]) -> None:
        """Note that a scan is whole, and the first if it is: all that was written for it counts from now on."""
        ...

    def fail(self, site: SiteCode, at: datetime, trouble: SiteTrouble) -> None:
        """Note that a site could not be read through; what was known of it stays."""
        ...

    def groups(self, since: datetime | None) -> Sequence[Group]:
        """Count all rows that are not in sync, and those whose spell ended after `since`, as written so far."""
        ...

    def rows(self, group: Group) -> Sequence[Spell]:
        """Read the rows of a group, in a fixed order."""
        ...

    def servers(self, packages: Collection[PackageId] | None) -> Mapping[tuple[SiteCode, str], int]:
        """Count the drifted rows of each distribution point; None for all packages."""
        ...

    def names(self) -> Mapping[tuple[SiteCode, PackageId], str]:
        """Return the names of all packages that ever had a row here, at each site."""
        ...

    def days(self, site: SiteCode, since: date) -> Mapping[date, Sequence[Tally]]:
        """Return what the last scan of each day counted; a day (UTC) without a scan is not there."""
        ...

    def purge(self, before: datetime) -> None:
        """Forget spells that ended, and days that were over, before a moment."""
        ...
