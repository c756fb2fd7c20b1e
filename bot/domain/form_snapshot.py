"""What a form said of the rows that can be chosen in it, and what of that is no longer so when it is sent off.

Pure. A form can stay open for long, and people ask for what they read there. Of more rows than a form can list it keeps
a fingerprint of all, which every change alters, and a Bloom filter, which names most of the rows that changed.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.package import status_name
from bot.domain.quantity import quantity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from bot.domain.drift_classes import Drift, Verdict
    from bot.domain.package import Row

FILTER_BYTES = 1125
"""1,500 characters as text, half of what a form can keep."""
_BITS = 8 * FILTER_BYTES
_POSITIONS = 2
"""Of a hundred rows that changed, none goes unnamed where the form had 200 rows, four where it had a thousand."""
_DIGEST_LENGTH = 24


@dataclass(frozen=True, slots=True)
class FormRow:
    """A row as a form showed it; `name` is for people, None stands for what the form did not say."""

    handle: str
    name: str = ""
    version: int | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """All rows of a form in a few characters: a hash over key, version and status of each, and a Bloom filter of them.

    Equal rows have equal hashes. A row that the filter does not hold was not in the form as it is; one that it holds
    nearly always was.
    """

    digest: str
    members: bytes

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Fingerprint:
        """Take the fingerprint of rows, in whatever order."""
        written = sorted(map(_written, rows))
        bits = 0
        for each in written:
            for place in _places(each):
                bits |= 1 << place
        digest = hashlib.sha256("\n".join(written).encode()).hexdigest()[:_DIGEST_LENGTH]
        return cls(digest, bits.to_bytes(FILTER_BYTES, "big"))

    def holds(self, row: Row) -> bool:
        """Return False for a row that was not among these rows as it is; True nearly always means that it was."""
        bits = int.from_bytes(self.members, "big")
        return all(bits >> place & 1 for place in _places(_written(row)))

    @property
    def text(self) -> str:
        """The fingerprint as a text without blanks."""
        return self.digest + base64.b64encode(self.members).decode()

    @classmethod
    def read(cls, text: str) -> Fingerprint | None:
        """Read `text` back; None where it is none."""
        try:
            members = base64.b64decode(text[_DIGEST_LENGTH:], validate=True)
        except ValueError:
            return None
        return cls(text[:_DIGEST_LENGTH], members) if len(members) == FILTER_BYTES else None


@dataclass(frozen=True, slots=True)
class FormSnapshot:
    """What a form said: the package's source version, some or all of its rows, how many there were, and their mark."""

    source_version: int | None = None
    rows: tuple[FormRow, ...] = ()
    count: int | None = None
    fingerprint: Fingerprint | None = None


def changes(
    shown: FormSnapshot, drift: Drift, allowed: Collection[Verdict], listed: Collection[Verdict]
) -> tuple[str, ...]:
    """Return a sentence for everything that is no longer as the form showed it.

    `allowed` may be reset now; `listed` are those of them that the form would count now.
    """
    found = (*_changes(shown, drift, allowed, listed), *_of_the_rest(shown, [verdict.row for verdict in listed]))
    is_same = shown.fingerprint is None or shown.fingerprint.digest == Fingerprint.of(v.row for v in listed).digest
    return found if found or is_same else ("a row that the form counted and did not list is no longer as it was",)


def _changes(
    shown: FormSnapshot, drift: Drift, allowed: Collection[Verdict], listed: Collection[Verdict]
) -> Iterator[str]:
    now = drift.package.source_version
    if shown.source_version is not None and shown.source_version != now:
        yield f"the package: source version {shown.source_version} in the form, {now} now"
    rows = {verdict.row.handle: verdict.row for verdict in (*drift.sites, *drift.dps)}
    may_be_reset = {verdict.row.handle for verdict in allowed}
    for each in shown.rows:
        if each.version is None:
            continue
        row = rows.get(each.handle)
        if row is None:
            yield f"{each.name or 'a row'}: {_reads(each.version, each.status)} in the form, gone now"
        elif (row.held_version, row.status_number) != (each.version, each.status):
            ends = "" if each.handle in may_be_reset else ", and may not be reset now"
            yield f"{row.server}: {_reads(each.version, each.status)} in the form, {_found(row)} now{ends}"
        elif each.handle not in may_be_reset:
            yield f"{row.server}: could be reset in the form, and may not be now"
    if shown.count is not None and shown.count != len(listed):
        yield f"{quantity(shown.count, 'row')} could be reset in the form, {len(listed):,} now"


def _of_the_rest(shown: FormSnapshot, listed: Collection[Row]) -> Iterator[str]:
    """Name the rows that were not as they are now among those that the form counted without listing them."""
    if shown.fingerprint:
        said = {each.handle for each in shown.rows}
        changed = (row for row in listed if row.handle not in said and not shown.fingerprint.holds(row))
        yield from (f"{row.server}: {_found(row)} now, not so in the form" for row in changed)


def _written(row: Row) -> str:
    return f"{row.handle} {row.held_version} {row.status_number}"


def _places(written: str) -> Iterator[int]:
    digest = hashlib.sha256(written.encode()).digest()
    return (int.from_bytes(digest[4 * each : 4 * each + 4], "big") % _BITS for each in range(_POSITIONS))


def _found(row: Row) -> str:
    return _reads(row.held_version, row.status_number)


def _reads(version: int | None, status: int | None) -> str:
    return f"{'unknown' if version is None else version} ({'unknown' if status is None else status_name(status)})"
