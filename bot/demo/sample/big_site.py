"""A site as large as one asks for: thousands of points, about one copy in a hundred behind or failed.

Everything follows from arithmetic on row numbers, so the same size is always the same site; rows are
yielded one by one and never state.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from bot.demo.sample.copies import Copy, point_copy, site_copy
from bot.demo.sample.hierarchy import DOMAIN, SITES, Point, Site, point
from bot.demo.sample.packages import Package
from bot.demo.sample.row_states import FAILED, INSTALLED, RECEIVED, RowState

MOST_POINTS = 5_000  # what one primary site supports
VERSION = 5
CHANGED = timedelta(days=30)
IN_SYNC = RowState(VERSION, INSTALLED, timedelta(days=29))
RECEIVED_BY_SITE = RowState(VERSION, RECEIVED, timedelta(days=29))
BEHIND = RowState(VERSION - 1)
BROKEN = RowState(VERSION - 1, FAILED, timedelta(days=28))

BIG_SITES = (*SITES, *(Site(f"P{n:02}", f"Contoso site {n}", f"CM{n:02}.{DOMAIN}") for n in range(3, 11)))


@dataclass(frozen=True)
class BigSite:
    """`point_rows` copies on distribution points, of which package BIG00001 has one on each point."""

    point_rows: int
    points_wanted: int

    @cached_property
    def points(self) -> list[Point]:
        """The distribution points, spread evenly over ten sites."""
        codes = [site.code for site in BIG_SITES]
        return [point(f"BIG-DP{n:04}", codes[n % len(codes)]) for n in range(self.points_wanted)]

    @cached_property
    def packages(self) -> list[Package]:
        """As many packages as the rows need; each is on every point, the last one on those that are left."""
        count = -(-self.point_rows // max(self.points_wanted, 1))
        return [
            Package(f"BIG{n:05X}", f"Line-of-business application {n}", 8, VERSION, CHANGED)
            for n in range(1, count + 1)
        ]

    def copies(self) -> Iterator[Copy]:
        """Yield the site and DP copies of every package."""
        for package in self.packages:
            for site in BIG_SITES:
                owns = site.code == "PS1"
                yield site_copy(package.package_id, site, IN_SYNC if owns else RECEIVED_BY_SITE)
        for number, (package, each) in enumerate(self.targets()):
            yield point_copy(package.package_id, each, _state(number, self.points_wanted))

    def targets(self) -> Iterator[tuple[Package, Point]]:
        """Yield which point each package is meant to be on."""
        left = self.point_rows
        for package in self.packages:
            yield from ((package, each) for each in self.points[:left])
            left -= len(self.points)


def big_site(rows: int, sample_rows: int) -> BigSite:
    """Return what fills the sample up to that many DP rows, with one whole package at least."""
    points = min(rows, MOST_POINTS)
    return BigSite(max(rows - sample_rows, points), points)


def _state(number: int, points: int) -> RowState:
    package, place = divmod(number, points)
    # The factors move the gaps from package to package, so that no point is behind on everything.
    if (31 * place + 17 * package) % 100:
        return IN_SYNC
    return BEHIND if (place // 100) % 10 else BROKEN
