"""The sample's copies: one for each site server and distribution point that holds, or held, a package.

It yields values and writes nothing.
"""

from collections.abc import Iterator
from typing import NamedTuple

from bot.demo.sample.hierarchy import LEFTOVER, SITES, STANDARD, Point, Site
from bot.demo.sample.packages import PACKAGES, Package
from bot.demo.sample.row_states import (
    EXTRA_POINT_ROWS,
    EXTRA_SITE_ROWS,
    INSTALLED,
    RECEIVED,
    SAMPLE_STATES,
    RowState,
    RowStates,
)

SITE_COPY, POINT_COPY = 1, 2  # PkgStatus.Type


class Copy(NamedTuple):
    """One row of PkgStatus, before it gets its number; `holder` is the row's PkgServer."""

    package_id: str
    kind: int
    site: str
    server: str
    holder: str
    state: RowState


def sample_copies(states: RowStates = SAMPLE_STATES) -> Iterator[Copy]:
    """Yield every copy of the sample's packages, package by package; what `states` does not mention is in sync."""
    for package in PACKAGES:
        if package.has_content:
            yield from _site_copies(package, states)
            yield from _point_copies(package, states)
    sites = {site.code: site for site in SITES}
    for package_id, code, state in EXTRA_SITE_ROWS:
        yield site_copy(package_id, sites[code], state)
    for package_id, point, state in EXTRA_POINT_ROWS:
        yield point_copy(package_id, point, state)


def sample_targets() -> Iterator[tuple[Package, Point]]:
    """Yield which point each package is meant to be on, whether or not it has arrived."""
    by_id = {package.package_id: package for package in PACKAGES}
    for package in PACKAGES:
        if package.has_content:
            yield from ((package, point) for point in STANDARD if point.site in package.sites)
    for package_id, point, _ in EXTRA_POINT_ROWS:
        if point is LEFTOVER:
            yield by_id[package_id], point


def site_copy(package_id: str, site: Site, state: RowState) -> Copy:
    """Return a site server's copy: its row carries the server's full name."""
    return Copy(package_id, SITE_COPY, site.code, site.server, site.server, state)


def point_copy(package_id: str, point: Point, state: RowState) -> Copy:
    """Return a distribution point's copy: its row carries the NAL path."""
    return Copy(package_id, POINT_COPY, point.site, point.server, point.nal_path, state)


def _site_copies(package: Package, states: RowStates) -> Iterator[Copy]:
    for site in (site for site in SITES if site.code in package.sites):
        owns = site.code == "PS1"
        # A child that unpacked the copy says received, or installed; the source site always says installed.
        status = INSTALLED if owns or package.kind == 258 else RECEIVED  # noqa: PLR2004 - boot images
        in_sync = RowState(package.version, status, package.changed * 0.99)
        state = states.get((package.package_id, site.code), in_sync)
        if state:
            yield site_copy(package.package_id, site, state)


def _point_copies(package: Package, states: RowStates) -> Iterator[Copy]:
    for place, point in enumerate(STANDARD):
        if point.site in package.sites:
            in_sync = RowState(package.version, INSTALLED, package.changed * (0.98 - place / 400))
            state = states.get((package.package_id, point.host), in_sync)
            if state:
                yield point_copy(package.package_id, point, state)
