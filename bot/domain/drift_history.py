"""How long a row has not been in sync, as the bot itself saw it: the rule by which one scan carries on from another.

Pure. A spell belongs to one source version: a row that is behind again after a new one starts anew. What a scan wrote
but did not finish is as if it had not been seen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from bot.domain.digest import DRIFTED, DriftedRow
from bot.domain.drift_classes import DriftClass, settled_age
from bot.domain.package import known_moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from bot.domain.drift_classes import Drift, Verdict
    from bot.domain.package import Package, PackageId, Row, SiteCode

RowKey = tuple["int | None", str, str]
Key = tuple[str, int | None, str, str]
"""What makes a row one row of its site: the package, and the row's own key."""


class Moved(StrEnum):
    """What became of drifted rows since a moment."""

    NEWLY = "newly"
    STILL = "still"
    HEALED = "healed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class DriftEpisode:
    """One row's time out of sync; `row` is without what moves all the time (UpdateTime, jobs)."""

    site: SiteCode
    package_id: PackageId
    package_name: str
    row: Row
    drift_class: DriftClass
    expected_version: int | None
    seen_at: datetime
    moved_at: datetime
    drifted_at: datetime | None = None
    healed_at: datetime | None = None
    gone: bool = False

    @property
    def key(self) -> Key:
        """Which row this is."""
        return (self.package_id, *self.row.key)

    @property
    def told(self) -> DriftedRow:
        """The same for a digest."""
        return DriftedRow(
            self.site,
            self.package_id,
            self.package_name,
            self.row,
            self.drift_class,
            self.expected_version,
            self.seen_at,
            self.healed_at,
        )


@dataclass(frozen=True, slots=True)
class Group:
    """How many rows of one package share everything that a picture asks for.

    `written` is the group as an unfinished scan left it in the store, where that differs.
    """

    site: SiteCode
    package_id: PackageId
    drift_class: DriftClass
    seen_at: datetime
    drifted_at: datetime | None
    healed_at: datetime | None
    gone: bool
    count: int
    written: Group | None = None


Timed = TypeVar("Timed", DriftEpisode, Group)


def as_of(seen: Timed, scanned_at: datetime | None) -> Timed | None:
    """Take away what a scan after the last finished one wrote; None when nothing is left."""
    if scanned_at is None or seen.seen_at > scanned_at:
        return None
    if seen.drifted_at and seen.drifted_at > scanned_at:
        seen = replace(seen, drifted_at=None)
    if seen.healed_at and seen.healed_at > scanned_at:
        seen = replace(seen, healed_at=None, gone=False)
    return seen


def out_of_sync_since(package: Package, row: Row, at: datetime) -> datetime:
    """Say since when at least a row has been out of sync, by what its site says; `at` itself when it does not say.

    That is when the row last changed, or its package if that was later: before, another version was expected. The zone
    of these clocks is not documented, so that both count 14 hours less.
    """
    updated_at = known_moment(row.updated_at)
    if updated_at is None:
        return at
    moved_at = max(updated_at, package.changed_at or updated_at)
    age = settled_age(moved_at, at)
    return at if age is None else min(at - age, at)


def ages(drift: Drift, episodes: Iterable[DriftEpisode], at: datetime) -> dict[RowKey, datetime]:
    """Say since when each row is not in sync: as scans saw it, or as its site says where none has seen it so."""
    known = {episode.row.key: episode for episode in episodes if episode.healed_at is None}
    found = {}
    for verdict in (*drift.sites, *drift.dps):
        if verdict.drift_class not in _QUIET:
            key, episode = verdict.row.key, known.get(verdict.row.key)
            is_same = episode is not None and episode.expected_version == verdict.expected_version
            found[key] = episode.seen_at if episode and is_same else out_of_sync_since(drift.package, verdict.row, at)
    return found


def continue_episode(
    site: SiteCode, package: Package, verdict: Verdict, known: DriftEpisode | None, at: datetime, seen_at: datetime
) -> DriftEpisode:
    """Return the spell of a row that is not in sync at `at`, given what was known of it; a new one began `seen_at`."""
    row = replace(verdict.row, updated_at=None, dp_known=None, dp_leaving=False, jobs=(), dp_site=None)
    if known and (known.healed_at or known.expected_version != verdict.expected_version):
        known = None
    has_moved = known is None or known.row.held_version != row.held_version
    drifted_at = known.drifted_at if known else None
    if verdict.drift_class in DRIFTED:
        drifted_at = drifted_at or at
    return DriftEpisode(
        site=site,
        package_id=package.id,
        package_name=package.name,
        row=row,
        drift_class=verdict.drift_class,
        expected_version=verdict.expected_version,
        seen_at=known.seen_at if known else seen_at,
        moved_at=at if known is None or has_moved else known.moved_at,
        drifted_at=drifted_at,
    )


def end(episode: DriftEpisode, at: datetime, *, gone: bool) -> DriftEpisode | None:
    """End a spell whose row is in sync, or gone; None when it never counted as drift, so that nobody need know."""
    return replace(episode, healed_at=at, gone=gone) if episode.drifted_at else None


@dataclass(frozen=True, slots=True)
class Scan:
    """What one scan of a site changes in its history, and how many rows it counted."""

    at: datetime
    put: tuple[DriftEpisode, ...]
    drop: tuple[DriftEpisode, ...]
    counts: Mapping[tuple[PackageId, DriftClass], int]


def compare(
    site: SiteCode,
    written: Mapping[Key, DriftEpisode],
    found: Iterable[tuple[Package, Verdict]],
    there: AbstractSet[Key],
    moments: tuple[datetime | None, datetime],
) -> Scan:
    """Carry on from what is written of a site: `there` are the ended rows that still exist.

    `moments` are those of the last finished scan, and now; a clock that was set back is taken to stand still. The first
    scan takes ages from the rows; from then on they are what scans saw.
    """
    scanned_at, at = moments
    if scanned_at and at <= scanned_at:
        at = scanned_at + timedelta(microseconds=1)
    known = {key: as_of(episode, scanned_at) for key, episode in written.items()}
    current: dict[Key, DriftEpisode] = {}
    for package, verdict in found:
        key = (package.id, *verdict.row.key)
        if verdict.drift_class not in _QUIET and key not in current:
            began = at if scanned_at else out_of_sync_since(package, verdict.row, at)
            current[key] = continue_episode(site, package, verdict, known.get(key), at, began)
    over = {key: end(episode, at, gone=key not in there) if episode else None for key, episode in known.items()}
    put = [episode for key, episode in current.items() if episode != written.get(key)]
    put += [episode for key, episode in over.items() if episode and key not in current]
    drop = [written[key] for key, episode in over.items() if episode is None and key not in current]
    counts = Counter((episode.package_id, episode.drift_class) for episode in current.values())
    return Scan(at, tuple(put), tuple(drop), counts)


def existing(keys: Iterable[Key], wanted: AbstractSet[Key]) -> set[Key]:
    """Pick out which of the wanted rows exist; a site row without a server stands for any copy of its site."""
    found: set[Key] = set()
    for package_id, kind, site, server in keys:
        found |= {(package_id, kind, site, server), (package_id, kind, site, "")} & wanted
    return found


_QUIET = {DriftClass.IN_SYNC, DriftClass.EXEMPT}


def moved(seen: DriftEpisode | Group, since: datetime | None) -> Moved | None:
    """Say what became of rows since a moment; without one, all that is drifted counts as still."""
    if seen.drifted_at is None:
        return None
    if seen.healed_at:
        is_news = since is not None and seen.healed_at > since
        return (Moved.GONE if seen.gone else Moved.HEALED) if is_news else None
    if seen.drift_class not in DRIFTED:
        return None
    return Moved.NEWLY if since and seen.drifted_at > since else Moved.STILL
