"""What a person typed after `/pkgstatus`, understood or refused with the reason.

Pure text in, values out. The sentences that answer a refusal are in views/replies.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import dropwhile
from string import ascii_letters
from typing import TYPE_CHECKING

from bot.domain.drift_classes import DriftClass, Verdict
from bot.domain.package_id import BadId, ids_in, read_id
from bot.domain.suggestions import nearest
from bot.domain.typed_text import SOFT_HYPHEN, filters, is_named, is_punctuation, server_in, undress, unlink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.domain.package import PackageId, SiteCode

MOST_FILTERS = 10
LONGEST_FILTER = 100
LONGEST_OFFER = 300
MOST_OFFERS = 5
"""How many likely readings of one text are offered."""
MOST_PACKAGES = 5
"""How many packages one question for histories may name."""

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

    @property
    def words(self) -> tuple[str, ...]:
        """The filter words that say which classes are kept, without those that another of them covers."""
        said = {word: classes for word, classes in WORDS.items() if classes <= self.classes}
        return tuple(word for word, classes in said.items() if not any(classes < other for other in said.values()))

    def keep(self, verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
        """Return the verdicts that pass every part, in their order."""
        if self == Filter():
            return tuple(verdicts)
        return tuple(verdict for verdict in verdicts if self._keeps(verdict))

    def narrowed(self, other: Filter) -> Filter:
        """Return a filter that keeps what both keep, as far as one can say it; each part given later wins."""
        return Filter(other.classes or self.classes, other.sites or self.sites, other.servers or self.servers)

    def _keeps(self, verdict: Verdict) -> bool:
        return (
            (not self.classes or verdict.drift_class in self.classes)
            and (not self.sites or verdict.row.site_code.upper() in self.sites)
            and (not self.servers or any(is_named(verdict.row.server, pattern) for pattern in self.servers))
        )


@dataclass(frozen=True, slots=True)
class Help:
    """`/pkgstatus` or `/pkgstatus help`."""


@dataclass(frozen=True, slots=True)
class Show:
    """`/pkgstatus PS100112 [filters]`; `text` runs the same query again. A button also says which site to ask."""

    package_id: PackageId
    filter: Filter
    text: str
    site: SiteCode | None = None


@dataclass(frozen=True, slots=True)
class Find:
    """`/pkgstatus find boot image`."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadFilter:
    """A word after the package ID that is no filter; `meant` are likely readings of the whole text."""

    text: str
    meant: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """The first word is nothing that one can type; `meant` are likely readings of the whole text."""

    text: str
    meant: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NothingToFind:
    """`find` without words."""


@dataclass(frozen=True, slots=True)
class NoPackage:
    """`history` or filters without a package ID; `rest` is what was typed, `meant` a reading that needs none."""

    rest: str = ""
    meant: tuple[str, ...] = field(default=(), compare=False)


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
    """`/pkgstatus history PS100112`, of one package or of several."""

    package_ids: tuple[PackageId, ...]


@dataclass(frozen=True, slots=True)
class DriftNow:
    """`/pkgstatus drift [site:PS1]`; no sites means all."""

    sites: frozenset[str]


@dataclass(frozen=True, slots=True)
class NotForDrift:
    """A word after `drift` that is no site; `meant` are likely readings of the whole text."""

    text: str
    meant: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class NotForHistory:
    """A word after `history` and a package ID that is no package ID, or one too many; `meant` as above."""

    text: str
    meant: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class NoReason:
    """`freeze` without saying why."""


Query = Help | Show | Find | Freeze | Unfreeze | ListRequests | History | DriftNow
Misunderstanding = BadId | BadFilter | NoPackage | NothingToFind | NoReason | NotForDrift | NotForHistory | UnknownWord


def parse(text: str) -> Query | Misunderstanding:
    """Understand the text of a slash command, in any case and inside Slack's own formatting.

    What a misunderstanding offers instead is understood.
    """
    found = _understood(text)
    if isinstance(found, BadId | BadFilter | NoPackage | NotForDrift | NotForHistory | UnknownWord):
        return replace(found, meant=tuple(each for each in found.meant if isinstance(_understood(each), Query)))
    return found


def _understood(text: str) -> Query | Misunderstanding:
    plain = _unwrapped(unlink(text).strip())
    words = _saying([bare for word in plain.replace(SOFT_HYPHEN, "").split() if (bare := undress(word))])
    if not words:
        return Help()
    verb = _VERBS.get(words[0].casefold().rstrip("?!:"), _show)
    return verb(words, plain)


def read_filter(text: str) -> Filter | BadFilter:
    """Understand filters alone, as a form takes them."""
    words = filters(_unwrapped(unlink(text).strip()))
    found = _read_filter(words)
    better = _mended(words)
    if not isinstance(found, BadFilter) or not better or isinstance(_read_filter(better), BadFilter):
        return found
    return replace(found, meant=_offers(" ".join(better)))


def _unwrapped(text: str) -> str:
    """Take off a pair of signs around the whole text, as Slack's bold is."""
    while len(text) > 1 and text[0] == text[-1] and text[0] in "*_~`" and text[0] not in text[1:-2]:
        text = text[1:-1]
    return text


def _saying(words: list[str]) -> list[str]:
    """Leave out what stands before the first word: a list's dash, an arrow, an emoji."""
    return list(dropwhile(lambda word: not any(char.isalnum() for char in word), words))


def _show(typed: list[str], plain: str) -> Query | Misunderstanding:
    words = _apart(_saying(filters(plain)) or typed)
    package_id = _read_id(words[0])
    if isinstance(package_id, BadId):
        return _not_understood(package_id, words, plain)
    row_filter = _read_filter(words[1:])
    if isinstance(row_filter, BadFilter):
        return replace(row_filter, meant=_offers(*_better(package_id, words[1:])))
    return Show(package_id, row_filter, " ".join([package_id, *map(_tidied, words[1:])]))


def _apart(words: list[str]) -> list[str]:
    """Part an ID from a filter behind it where only a sign stands between them, such as a dash."""
    stuck = re.fullmatch(r"([A-Za-z0-9]{8})[^\w]+(.+)", words[0])
    if stuck is None or isinstance(read_id(stuck[1]), BadId) or isinstance(_read_filter([stuck[2]]), BadFilter):
        return words
    return [stuck[1], stuck[2], *words[1:]]


def _read_id(word: str) -> PackageId | BadId:
    """Understand a package ID, also as the only one in a path or file name."""
    package_id = read_id(undress(word).rstrip(":?"))
    inside = ids_in(word)
    if isinstance(package_id, BadId) and len(inside) == 1 and not _is_longer_number(word):
        return inside[0]
    return package_id


def _is_longer_number(word: str) -> bool:
    """Return whether an ID in a word has more digits stuck to it, so that it is a guess."""
    return not any(re.search(rf"(?<![^\W_]){each}(?![^\W_])", word, re.IGNORECASE) for each in ids_in(word))


def _not_understood(problem: BadId, words: list[str], plain: str) -> Misunderstanding:
    """Say what a text that begins with neither a verb nor a package ID may have meant, the likeliest first."""
    first, rest = words[0], words[1:]
    if not isinstance(_read_filter(words), BadFilter):
        sites = [_tidied(word) for word in words if word.casefold().startswith("site:")]
        return NoPackage(" ".join(words), _offers(" ".join(["drift", *sites])) if sites else ())
    ids = ids_in(plain)
    if ids:
        offers = _offers(*_about(ids, words))
        return UnknownWord(first, offers) if rest else replace(problem, meant=offers)
    if lacking(first):
        return BadFilter(first)
    server = server_in(first) if re.match(r"[\\/]{2}", first) else ""
    if server:
        return NoPackage(f"dp:{server}")
    if problem.suggestion:
        return replace(problem, meant=(problem.suggestion,))
    said = _verb_inside(rest)
    near = (_ALIASES.get(verb, verb) for verb in nearest(first, [*_VERBS, *_ALIASES]))
    verb = next((verb for verb in near if not said or verb != "freeze"), "")
    if verb:
        return UnknownWord(first, _offers(" ".join([verb, *rest])))
    words_near = nearest(first, WORDS)
    if words_near:
        return NoPackage(words_near[0])
    search = " ".join(["find", *plain.replace(SOFT_HYPHEN, "").split()])
    return UnknownWord(first, _offers(said, search)) if said else replace(problem, meant=_offers(search))


def _about(ids: tuple[PackageId, ...], words: list[str]) -> list[str]:
    """Return what may be asked about the IDs in a text that does not begin with one."""
    others = [word for word in words if not ids_in(word)]
    if len(ids) == 1 and others and not isinstance(_read_filter(others), BadFilter):
        return [" ".join([ids[0], *map(_tidied, others)])]
    is_history = "history" in {*nearest(words[0], _VERBS), _verb_inside(words[1:])}
    return [*(f"history {each}" for each in ids if is_history), *ids]


def _verb_inside(words: list[str]) -> str:
    """Return what a verb, or a form of it as in `drifted`, asks inside a sentence; empty where there is none."""
    every = ((place, verb) for place, word in enumerate(words, 1) for verb in _VERBS if word.lower().startswith(verb))
    place, verb = next(every, (0, ""))
    return " ".join([verb, *words[place:]]) if verb == "find" else verb


def _history(words: list[str], plain: str) -> Query | Misunderstanding:
    sought = _saying(words[1:])
    if not sought:
        return NoPackage()
    package_id = _read_id(sought[0])
    if not isinstance(package_id, BadId):
        return _histories(sought)
    if lacking(sought[0]):
        return NoPackage()
    ids = ids_in(plain) or ((package_id.suggestion,) if package_id.suggestion else ())
    search = () if ids else (" ".join(["find", *sought]),)
    return replace(package_id, meant=_offers(*(f"history {each}" for each in ids), *search))


def _histories(sought: list[str]) -> History | NotForHistory:
    """Understand package IDs, the first of which is one; signs between them mean nothing."""
    read = {word: _read_id(word) for word in sought if any(char.isalnum() for char in word)}
    known = dict.fromkeys(each for each in read.values() if not isinstance(each, BadId))
    wrong = [word for word, each in read.items() if isinstance(each, BadId)]
    repaired = [each.suggestion for each in read.values() if isinstance(each, BadId) and each.suggestion]
    if not wrong and len(known) <= MOST_PACKAGES:
        return History(tuple(known))
    meant = [*known, *repaired][:MOST_PACKAGES]
    return NotForHistory(wrong[0] if wrong else list(known)[MOST_PACKAGES], _offers(" ".join(["history", *meant])))


def _drift(words: list[str], plain: str) -> DriftNow | NotForDrift:
    given = filters(plain)[1:]
    found = _read_filter(given)
    others = [word for word in given if not re.fullmatch("site:.+", word, re.IGNORECASE)]
    if isinstance(found, Filter) and not others:
        return DriftNow(found.sites)
    wrong = found.text if isinstance(found, BadFilter) else others[0]
    ids = ids_in(" ".join(given))
    sites = [word for word in _mended(given, any_site=True) if word.casefold().startswith("site:")]
    return NotForDrift(wrong, _offers(*ids, " ".join([words[0].casefold(), *sites])))


_VERBS: dict[str, Callable[[list[str], str], Query | Misunderstanding]] = {
    "help": lambda *_: Help(),
    "find": lambda words, _: _find(words[1:]),
    "freeze": lambda words, _: Freeze(" ".join(words[1:])) if words[1:] else NoReason(),
    "unfreeze": lambda *_: Unfreeze(),
    "requests": lambda words, plain: _requests(words[1:], plain),
    "history": _history,
    "drift": _drift,
}
_ALIASES = {"search": "find", "lookup": "find", "usage": "help", "thaw": "unfreeze", "pause": "freeze"}
"""Other words for the same; they are offered, not taken."""


def _requests(words: list[str], plain: str) -> ListRequests | UnknownWord:
    others = _saying(words)
    if not others:
        return ListRequests()
    return UnknownWord(others[0], _offers(*(f"history {each}" for each in ids_in(plain)), "requests"))


def _find(words: list[str]) -> Find | NothingToFind:
    sought = tuple(word for word in words if not is_punctuation(word))
    return Find(sought) if sought else NothingToFind()


def _read_filter(words: list[str]) -> Filter | BadFilter:
    classes: set[DriftClass] = set()
    sites: set[str] = set()
    servers: list[str] = []
    for position, word in enumerate(words):
        kind, _, value = word.partition(":")
        server = server_in(value)
        if position >= MOST_FILTERS or len(_tidied(word)) > LONGEST_FILTER:
            return BadFilter(word)
        if (named := kind.casefold().rstrip("*")) in WORDS and not value:
            classes |= WORDS[named]
        elif kind.casefold() == "site" and undress(value):
            sites.add(undress(value).upper())
        elif kind.casefold() == "dp" and server:
            servers.append(server.upper())
        else:
            return BadFilter(word)
    return Filter(frozenset(classes), frozenset(sites), tuple(servers))


def _tidied(word: str) -> str:
    """Return a filter as one would type it: of a pasted path only its server."""
    kind, _, value = word.partition(":")
    if kind.casefold() == "dp":
        return f"{kind}:{server_in(value)}"
    return f"{kind}:{undress(value)}" if value else kind.rstrip("*")


def _better(package_id: PackageId, words: list[str]) -> list[str]:
    """Return what may have been meant by an ID and words that are not all filters."""
    others = [other for other in ids_in(" ".join(words)) if other != package_id]
    if others:
        return [package_id, *others]
    verbs = [word.casefold() for word in words if word.casefold() in _VERBS]
    if verbs:
        return [f"{verbs[0]} {package_id}", package_id]
    return [" ".join([package_id, *_mended(words)])]


def _mended(words: list[str], *, any_site: bool = False) -> list[str]:
    """Return filters with those that are none put right, or left out where nothing is like them."""
    better: list[str] = []
    position = 0
    while position < len(words):
        word, following = words[position], words[position + 1 : position + 2]
        position += 1
        if not isinstance(_read_filter([word]), BadFilter):
            better.append(_tidied(word))
            continue
        found, used = _meant(word, following, any_site=any_site)
        better += found
        position += used
    return list(dict.fromkeys(better))[:MOST_FILTERS]


_KINDS = {
    "site": "site",
    "sitecode": "site",
    "dp": "dp",
    "dps": "dp",
    "server": "dp",
    "host": "dp",
    "point": "dp",
    "distributionpoint": "dp",
}
_KIND = re.compile(r"([^:=]*)[:=]?(.*)", re.DOTALL)
_LACKING = re.compile("(site|dp)[:=]*", re.IGNORECASE)


def lacking(word: str) -> str:
    """Return `site` or `dp` where a word is one of these filters without the name that belongs to it, else nothing."""
    found = _LACKING.fullmatch(word)
    return found[1].lower() if found else ""


def _meant(word: str, following: list[str], *, any_site: bool) -> tuple[list[str], int]:
    """Return the filter that a word, perhaps with the one behind it, is most like, and how many of those it takes."""
    split = _KIND.fullmatch(word)
    kind, value = (split[1].rstrip("-"), split[2].strip("\"'")) if split else (word, "")
    kinds = nearest(kind, _KINDS) if len(kind) > 1 else ()
    if kinds and (value or kind != word or following):
        is_next = not value and following and isinstance(_read_filter(following), BadFilter)
        named = value or (following[0].lstrip(":=") if is_next else "")
        return ([_tidied(f"{_KINDS[kinds[0]]}:{named}")], int(bool(is_next))) if named else ([], 0)
    if value.casefold() in WORDS:
        return [value.casefold()], 0
    if following and f"{word}-{following[0]}".casefold() in WORDS:
        return [f"{word}-{following[0]}".casefold()], 1
    words = nearest(word, WORDS)
    if words:
        return [words[0]], 0
    has_digit = any(char.isdigit() for char in word)
    is_code = re.fullmatch("[A-Za-z0-9]{3}", word) and (word.isupper() or (any_site and has_digit))
    if is_code:
        return [f"site:{word.upper()}"], 0
    server = "" if word[0] in "@#!" else server_in(word)  # a person, a channel
    is_server = re.search(r"[-.*\\/]|[0-9]", word) and server and any(char in ascii_letters for char in server)
    return ([f"dp:{server}"] if is_server else []), 0


def _offers(*texts: str) -> tuple[str, ...]:
    """Return texts to offer, each once and without the signs that mark links and code."""
    clean = dict.fromkeys(re.sub("[<>`]", "", text).strip() for text in texts)
    return tuple(text for text in clean if 0 < len(text) <= LONGEST_OFFER)[:MOST_OFFERS]
