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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring
from operator import attrgetter
from typing import TypeAlias

JSON: TypeAlias = "str | int | Sequence[JSON] | Mapping[str, JSON] | None"
"""What facts are made of: text, whole numbers, true, false, null, lists and objects. No floats: they print differently
in different languages."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""PostgreSQL's text ends at a NUL, and half a surrogate pair has no UTF-8."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@dataclass(frozen=True, slots=True)
class Draft:
    """What shall be recorded. `version` is the one this entry must get in its stream; None takes whatever is next."""

    stream: str
    version: int | None
    kind: str
    actor_user: str
    actor_team: str
    facts: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Entry:
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
        """When it was recorded, aware and in UTC."""
        return moment_read(self.moment)

    @property
    def facts(self) -> Mapping[str, JSON]:
        """What happened, in a form of its own for each kind."""
        facts: Mapping[str, JSON] = json.loads(self.facts_text)
        return facts

    @property
    def short_hash(self) -> str:
        """Enough of the hash to recognise a line by."""
        return self.hash[:8]

    @property
    def line(self) -> str:
        """The canonical form with the hash at its end: one line of an export."""
        return f'{canonical(self)[:-1]},"hash":"{self.hash}"}}'

    def is_sealed(self) -> bool:
        """Whether the hash is that of the other fields."""
        return self.hash == hash_of(self)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry's number and hash: kept elsewhere, it proves later that nothing up to it has changed."""

    sequence: int
    hash: str


GENESIS = Head(0, "0" * 64)
"""What the first entry follows."""


def seal(draft: Draft, sequence: int, at: datetime, version: int, previous_hash: str) -> Entry:
    """Make an entry of a draft: fix its place in the chain and hash it."""
    unsealed = (
        sequence,
        moment_text(at),
        storable(draft.stream),
        version,
        storable(draft.kind),
        storable(draft.actor_user),
        storable(draft.actor_team),
        facts_text(draft.facts),
        previous_hash,
    )
    return Entry(*unsealed, _hash(_canonical(*unsealed)))


def canonical(entry: Entry) -> str:
    """Return the text that is hashed; see the head of this file."""
    return _canonical(*_unsealed(entry))


def hash_of(entry: Entry) -> str:
    """Return the hash that the entry's other fields demand."""
    return _hash(canonical(entry))


def facts_text(facts: Mapping[str, JSON]) -> str:
    """Write facts in the canonical style. Raises TypeError for a value that has no place in facts."""
    return _ENCODER.encode(_checked(facts))


def storable(text: str) -> str:
    """Replace what no database can hold, NUL and halves of surrogate pairs, by the replacement character."""
    return text if text.isprintable() else _UNSTORABLE.sub("\ufffd", text)


def moment_text(at: datetime) -> str:
    """Write a moment as every table keeps it: UTC, microseconds, sorts as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment_read(text: str) -> datetime:
    """Read what moment_text wrote."""
    return datetime.fromisoformat(text)


_unsealed = attrgetter(*Entry.__slots__[:-1])


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
) -> str:
    return (
        f'{{"sequence":{sequence},"at":{_quoted(at)},"stream":{_quoted(stream)},"version":{version},'
        f'"kind":{_quoted(kind)},"actor_user":{_quoted(actor_user)},"actor_team":{_quoted(actor_team)},'
        f'"facts":{facts},"previous_hash":{_quoted(previous_hash)}}}'
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _quoted(text: object) -> str:
    """Write a string; a tampered row can hold any type, which only has to hash to something else."""
    return encode_basestring(text) if isinstance(text, str) else repr(text)


def _checked(value: JSON) -> JSON:
    match value:
        case str():
            return storable(value)
        case None | int():
            return value
        case list() | tuple():
            return [_checked(item) for item in value]
        case Mapping():
            return {_key(key): _checked(item) for key, item in value.items()}
        case _:
            raise TypeError(f"a fact cannot be a {type(value).__name__}")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the name of a fact cannot be a {type(key).__name__}")
    return storable(key)
