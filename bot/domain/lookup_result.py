"""What a question about packages comes to: values that use cases make and views draw."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NewType

from bot.domain.package import SiteCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.domain.command import Filter
    from bot.domain.drift_classes import Drift
    from bot.domain.drift_history import RowKey
    from bot.domain.package import Package, PackageId
    from bot.domain.site_error_kind import SiteErrorKind

SnapshotKey = NewType("SnapshotKey", str)


@dataclass(frozen=True, slots=True)
class SiteUnavailable:
    """A site that did not answer a question, and why."""

    site: SiteCode
    trouble: SiteErrorKind


@dataclass(frozen=True, slots=True)
class Answer:
    """What one site said to one question at one moment; `query`, asked of that `site`, asks the same again.

    `away` are the sites that could not be asked; `others` have a package of their own with the same ID. `since` says of
    each row that is not in sync, by its key, since when.
    """

    drift: Drift
    filter: Filter
    query: str
    site: SiteCode
    read_at: datetime
    asker: str
    away: tuple[SiteUnavailable, ...] = ()
    others: tuple[SiteCode, ...] = ()
    since: Mapping[RowKey, datetime] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        """How many verdicts the answer holds, whatever its filter shows."""
        return len(self.drift.sites) + len(self.drift.dps)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer together with the key of its snapshot."""

    key: SnapshotKey
    answer: Answer


@dataclass(frozen=True, slots=True)
class AnswersBySite:
    """Sites that are not of one hierarchy each have a package with this ID: what each of them says."""

    package_id: PackageId
    answers: tuple[Answer, ...]
    away: tuple[SiteUnavailable, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A package, and the site that answers for it."""

    package: Package
    site: SiteCode


@dataclass(frozen=True, slots=True)
class UnknownPackage:
    """No site that answered knows the package; `near` are those whose ids look like it."""

    package_id: PackageId
    sites: tuple[SiteCode, ...]
    near: tuple[Hit, ...]
    away: tuple[SiteUnavailable, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The packages whose name, maker, version or id holds every word, at the `sites` that answered.

    `meant` are words that would find something.
    """

    words: tuple[str, ...]
    hits: tuple[Hit, ...]
    sites: tuple[SiteCode, ...] = ()
    away: tuple[SiteUnavailable, ...] = ()
    meant: tuple[str, ...] = ()


def responsible(known: Mapping[SiteCode, Package]) -> list[SiteCode]:
    """Choose who answers for a package ID that several sites know, one site for each hierarchy.

    In one hierarchy every site names the same source site, which answers when it is among them; else the first that
    names it does. Sites that name different source sites are of different hierarchies: the ID of a package does not
    change when it is migrated. A site that names no source site is taken to mean the ID's own.
    """
    chosen: dict[SiteCode, SiteCode] = {}
    for code, package in known.items():
        owner = package.source_site or SiteCode(package.id[:3])
        chosen.setdefault(owner, owner if owner in known else code)
    # While a package changes its source site, the old one may name the new one already.
    owners = ((code, known[code].source_site) for code in chosen.values())
    return list(dict.fromkeys(owner if owner and owner in known else code for code, owner in owners))
