"""What a question about packages comes to: values that the stories make and the views draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from datetime import datetime

    from bot.domain.drift import Drift
    from bot.domain.package import Package, PackageId, SiteCode
    from bot.domain.query import Filter

SnapshotKey = NewType("SnapshotKey", str)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read for one question at one moment; `query` asks the same again."""

    drift: Drift
    filter: Filter
    query: str
    site: SiteCode
    read_at: datetime
    asker: str

    @property
    def row_count(self) -> int:
        """How many verdicts the answer holds, whatever its filter shows."""
        return len(self.drift.sites) + len(self.drift.dps)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer together with the key of its snapshot."""

    key: SnapshotKey
    answer: Answer


@dataclass(frozen=True, slots=True)
class UnknownPackage:
    """No site knows the package; `near` are those whose ids look like it."""

    package_id: PackageId
    sites: tuple[SiteCode, ...]
    near: tuple[Package, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The packages whose name, maker, version or id holds every word; `meant` are words that would find something."""

    words: tuple[str, ...]
    packages: tuple[Package, ...]
    meant: tuple[str, ...] = ()
