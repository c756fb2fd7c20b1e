r"""One entry of the ledger, and the one form in which it is hashed.

Pure: the same draft, number, moment and predecessor always give the same entry. Nothing here can change an entry.

The canonical form of an entry is one line of JSON in UTF-8, without a space between tokens and without `\u` escapes
beyond those JSON demands (the quote, the backslash, and what is below U+0020), its fields in this order:

    {"sequence":1,"at":"2026-03-09T07:30:00.000000Z","stream":"request R1","version":1,"kind":"requested",
     "actor_user":"U1","actor_team":"T1","facts":{...},"previous_hash":"..."}

`facts` is put in exactly as it is stored; it was written in the same style, with the keys of each object sorted by code
point. The entry's hash is the SHA-256 of that line as 64 small hexadecimal digits; `previous_hash` is the hash of the
entry one sequence number below, and 64 zeros in entry 1. An export line is the same line with `,"hash":"..."` before
its last brace, so an auditor needs no JSON at all: cut that out, hash what is left, compare.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

JSON: TypeAlias = "str | int | Sequence[JSON] | Mapping[str, JSON] | None"
"""What facts are made of: text, whole numbers, true, false, null, lists and objects. No floats: they print differently
in different languages."""

REFERENCE = "ref"
"""The fact that ties everything together that one click causes: log lines, statements, entries, cards."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""PostgreSQL's text ends at a NUL, and half a surrogate pair has no UTF-8."""

_ESCAPE = "\\"
"""Begins what JSON does not let stand as it is, a NUL among it."""

_CONSTANTS = {None: "null", True: "true", False: "false"}


CLOCKS_APART = timedelta(minutes=1)
"""Clocks of machines that share a store may differ by this much; a moment further ahead was taken by a wrong clock."""
CLOCK = "clock"
"""The fact that says what the clock showed, in an entry that had to take a moment much later than that."""


class Draft(NamedTuple):
    """What shall be recorded. `version` is the one this entry must get in its stream; None takes whatever is next."""

    stream: str
    version: int | None
    kind: str
    actor_user: str
    actor_team: str
    facts: Mapping[str, JSON]


class Entry(NamedTuple):
    """A recorded line, text for text as it is stored and hashed; a tampered one may hold anything."""

    sequence: int
    moment: str
    stream: str
    version: int
    kind: str
    actor_user: str
    actor_team: str
    facts_text: str
    previous_hash: str
    hash: str

    @property
    def at(self) -> datetime:
        """When it was recorded by the clock of that time, aware and in UTC.

        `moment` never goes back along the chain; this does where a clock did.
        """
        if f'"{CLOCK}":' in self.facts_text:
            return moment_read(str(self.facts.get(CLOCK, self.moment)))
        return moment_read(self.moment)

    @property
    def facts(self) -> Mapping[str, JSON]:
        """What happened, in a form of its own for each kind."""
        facts: Mapping[str, JSON] = json.loads(self.facts_text)
        return facts

    @property
    def short_hash(self) -> str:
        """Enough of the hash to recognise a line by."""
        return str(self.hash)[:8]

    @property
    def line(self) -> str:
        """The canonical form with the hash at its end: one line of an export."""
        return f'{canonical(self)[:-1]},"hash":"{self.hash}"}}'

    def is_sealed(self) -> bool:
        """Whether the hash is that of the other fields."""
        return self.hash == hash_of(self)


class Head(NamedTuple):
    """The newest entry's number and hash: kept elsewhere, it proves later that nothing up to it has changed."""

    sequence: int
    hash: str


GENESIS = Head(0, "0" * 64)
"""What the first entry follows."""


def seal(draft: Draft, sequence: int, moment: str, version: int, previous_hash: str) -> Entry:
    """Make an entry of a draft: fix its place in the chain and hash it. The moment is one that moment_text wrote.

    Raises TypeError for a value that has no place in facts.
    """
    stream, _, kind, actor_user, actor_team, facts = draft
    unsealed = (sequence, moment, stream, version, kind, actor_user, actor_team, _written(facts), previous_hash)
    text = _canonical(*unsealed)
    if not text.isascii() or _ESCAPE in text:  # asked of the whole, which is far quicker than of each part
        storable_draft = Draft(*map(_replaced, draft))
        if storable_draft != draft:
            return seal(storable_draft, sequence, moment, version, previous_hash)
    return Entry(*unsealed, _hash(text))


def canonical(entry: Entry) -> str:
    """Return the text that is hashed; see the head of this file."""
    return _canonical(*entry[:-1], quoted=_quoted)


def hash_of(entry: Entry) -> str:
    """Return the hash that the entry's other fields demand."""
    return _hash(canonical(entry))


def facts_text(facts: Mapping[str, JSON]) -> str:
    """Write facts in the canonical style. Raises TypeError for a value that has no place in facts."""
    return _written(_replaced(facts))


def storable(text: str) -> str:
    """Replace what no database can hold, NUL and halves of surrogate pairs, by the replacement character."""
    return text if text.isprintable() else _UNSTORABLE.sub("\ufffd", text)


def moment_text(at: datetime) -> str:
    """Write a moment as every table keeps it: UTC, microseconds, sorts as text."""
    at = at.astimezone(UTC)
    parts = at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % parts  # noqa: UP031 - all other ways take half as long again


def moment_read(text: str) -> datetime:
    """Read what moment_text wrote."""
    return datetime.fromisoformat(text)


def _canonical(  # noqa: PLR0913, PLR0917 - the fields of an entry, in their order
    sequence: int,
    at: str,
    stream: str,
    version: int,
    kind: str,
    actor_user: str,
    actor_team: str,
    facts: str,
    previous_hash: str,
    quoted: Callable[[str], str] = encode_basestring,
) -> str:
    return (
        f'{{"sequence":{sequence},"at":{quoted(at)},"stream":{quoted(stream)},"version":{version},'
        f'"kind":{quoted(kind)},"actor_user":{quoted(actor_user)},"actor_team":{quoted(actor_team)},'
        f'"facts":{facts},"previous_hash":{quoted(previous_hash)}}}'
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _quoted(text: object) -> str:
    """Write a string; a tampered row can hold any type, which only has to hash to something else."""
    return encode_basestring(text) if isinstance(text, str) else repr(text)


def _written(value: JSON) -> str:
    match value:
        case str():
            return encode_basestring(value)
        case {}:
            pairs = [f"{encode_basestring(key)}:{_written(fact)}" for key, fact in sorted(value.items())]
            return f"{{{','.join(pairs)}}}"
        case [*_]:
            return f"[{','.join(map(_written, value))}]"
        case None | True | False:
            return _CONSTANTS[value]
        case int():
            return int.__repr__(value)
        case _:
            raise TypeError(f"a fact cannot be a {type(value).__name__}")


def _replaced(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case [*_]:
            return [_replaced(item) for item in value]
        case {}:
            return {_replaced(key): _replaced(item) for key, item in value.items()}
        case _:
            return value
