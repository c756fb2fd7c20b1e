"""What a person typed after `/pkgstatus`, understood or refused with the reason.

Pure text in, values out. The sentences that answer a refusal are in views/replies.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bot.domain.drift import DriftClass, Verdict
from bot.domain.typed_id import BadId, read_id
from bot.domain.typed_text import parts, undress, unlink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.domain.package import PackageId

MOST_FILTERS = 10
LONGEST_FILTER = 100

WORDS = {
    "behind": frozenset(
        {DriftClass.SOURCE_BEHIND, DriftClass.SITE_BEHIND, DriftClass.DP_BEHIND, DriftClass.NEVER_RECEIVED}
    ),
    "problems": frozenset(DriftClass)
    - {DriftClass.IN_SYNC, DriftClass.EXEMPT, DriftClass.IN_FLIGHT, DriftClass.NOT_SERVED},
    "source-behind": frozenset({DriftClass.SOURCE_BEHIND}),
    "never-received": frozenset({DriftClass.NEVER_RECEIVED}),
    "failed": frozenset({DriftClass.FAILED}),
    "ahead": frozenset({DriftClass.AHEAD}),
    "ambiguous": frozenset({DriftClass.AMBIGUOUS}),
    "unknown": frozenset({DriftClass.UNKNOWN}),
    "orphan": frozenset({DriftClass.ORPHAN}),
    "reset": frozenset({DriftClass.RESET}),
    "in-flight": frozenset({DriftClass.IN_FLIGHT}),
    "removing": frozenset({DriftClass.REMOVING}),
    "not-served": frozenset({DriftClass.NOT_SERVED}),
    "in-sync": frozenset({DriftClass.IN_SYNC}),
}
"""Filter words and the classes they keep."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows to keep; an empty part keeps everything."""

    classes: frozenset[DriftClass] = frozenset()
    sites: frozenset[str] = frozenset()
    servers: tuple[str, ...] = ()

    def keep(self, verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
        """Return the verdicts that pass every part, in their order."""
        if self == Filter():
            return tuple(verdicts)
        return tuple(verdict for verdict in verdicts if self._keeps(verdict))

    def narrowed(self, other: Filter) -> Filter:
        """Return a filter that keeps what both keep, as far as one can say it; each part given later wins."""
        return Filter(other.classes or self.classes, other.sites or self.sites, other.servers or self.servers)

    def _keeps(self, verdict: Verdict) -> bool:
        server = verdict.row.server.upper()
        return (
            (not self.classes or verdict.drift_class in self.classes)
            and (not self.sites or verdict.row.site_code.upper() in self.sites)
            and (not self.servers or any(fnmatchcase(server, pattern) for pattern in self.servers))
        )


@dataclass(frozen=True, slots=True)
class Help:
    """`/pkgstatus` or `/pkgstatus help`."""


@dataclass(frozen=True, slots=True)
class Show:
    """`/pkgstatus PS100112 [filters]`; `text` runs the same query again."""

    package_id: PackageId
    filter: Filter
    text: str


@dataclass(frozen=True, slots=True)
class Find:
    """`/pkgstatus find boot image`."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadFilter:
    """A word after the package ID that is no filter."""

    text: str


@dataclass(frozen=True, slots=True)
class NothingToFind:
    """`find` without words."""


@dataclass(frozen=True, slots=True)
class NoPackage:
    """`history` without a package ID."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """`/pkgstatus freeze REASON`."""

    why: str


@dataclass(frozen=True, slots=True)
class Unfreeze:
    """`/pkgstatus unfreeze`."""


@dataclass(frozen=True, slots=True)
class ListRequests:
    """`/pkgstatus requests`."""


@dataclass(frozen=True, slots=True)
class History:
    """`/pkgstatus history PS100112`."""

    package_id: PackageId


@dataclass(frozen=True, slots=True)
class DriftNow:
    """`/pkgstatus drift [site:PS1]`; no sites means all."""

    sites: frozenset[str]


@dataclass(frozen=True, slots=True)
class NotForDrift:
    """A word after `drift` that is no site."""

    text: str


@dataclass(frozen=True, slots=True)
class NoReason:
    """`freeze` without saying why."""


Query = Help | Show | Find | Freeze | Unfreeze | ListRequests | History | DriftNow
Misunderstanding = BadId | BadFilter | NoPackage | NothingToFind | NoReason | NotForDrift


def parse(text: str) -> Query | Misunderstanding:
    """Understand the text of a slash command, in any case and inside Slack's own formatting."""
    words = [bare for word in unlink(text).split() if (bare := undress(word))]
    if not words:
        return Help()
    verb = _VERBS.get(words[0].casefold(), _show)
    return verb(words)


def read_filter(text: str) -> Filter | BadFilter:
    """Understand filters alone, as a form takes them."""
    return _read_filter(parts(unlink(text).split()))


def _show(typed: list[str]) -> Query | Misunderstanding:
    words = parts(typed) or typed
    package_id = read_id(words[0].rstrip(":?"))
    if isinstance(package_id, BadId):
        return package_id
    row_filter = _read_filter(words[1:])
    if isinstance(row_filter, BadFilter):
        return row_filter
    return Show(package_id, row_filter, " ".join([package_id, *words[1:]]))


def _history(words: list[str]) -> Query | Misunderstanding:
    if not words[1:]:
        return NoPackage()
    package_id = read_id(words[1])
    return package_id if isinstance(package_id, BadId) else History(package_id)


def _drift(words: list[str]) -> DriftNow | NotForDrift:
    given = parts(words[1:])
    found = _read_filter(given)
    if isinstance(found, BadFilter):
        return NotForDrift(found.text)
    others = [word for word in given if not word.casefold().startswith("site:")]
    return NotForDrift(others[0]) if others else DriftNow(found.sites)


_VERBS: dict[str, Callable[[list[str]], Query | Misunderstanding]] = {
    "help": lambda _: Help(),
    "find": lambda words: Find(tuple(words[1:])) if words[1:] else NothingToFind(),
    "freeze": lambda words: Freeze(" ".join(words[1:])) if words[1:] else NoReason(),
    "unfreeze": lambda _: Unfreeze(),
    "requests": lambda _: ListRequests(),
    "history": _history,
    "drift": _drift,
}


def _read_filter(words: list[str]) -> Filter | BadFilter:
    classes: set[DriftClass] = set()
    sites: set[str] = set()
    servers: list[str] = []
    for position, word in enumerate(words):
        kind, _, value = word.partition(":")
        if position >= MOST_FILTERS or len(word) > LONGEST_FILTER:
            return BadFilter(word)
        if kind.casefold() in WORDS and not value:
            classes |= WORDS[kind.casefold()]
        elif kind.casefold() == "site" and value:
            sites.add(value.upper())
        elif kind.casefold() == "dp" and value:
            servers.append(_pattern(value))
        else:
            return BadFilter(word)
    return Filter(frozenset(classes), frozenset(sites), tuple(servers))


def _pattern(value: str) -> str:
    """A name without a wildcard also means the machine's short name."""
    pattern = value.upper().replace("[", "[[]")
    return pattern if "*" in pattern or "?" in pattern or "." in pattern else f"{pattern}*"
