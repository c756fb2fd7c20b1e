"""What a form said of the rows that can be chosen in it, and what of that is no longer so when it is sent off.

Pure. A form can stay open for long, and people ask for what they read there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.package import status_name
from bot.domain.quantity import quantity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bot.domain.drift import Drift, Verdict
    from bot.domain.package import Row


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row as a form showed it; `name` is for people, None stands for what the form did not say."""

    handle: str
    name: str = ""
    version: int | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a form said: the package's source version, some or all of its rows, and how many there were."""

    source_version: int | None = None
    rows: tuple[ShownRow, ...] = ()
    count: int | None = None


def changes(shown: Shown, drift: Drift, allowed: Collection[Verdict]) -> tuple[str, ...]:
    """Return a sentence for everything that is no longer as the form showed it; `allowed` may be reset now."""
    return tuple(_changes(shown, drift, allowed))


def _changes(shown: Shown, drift: Drift, allowed: Collection[Verdict]) -> Iterator[str]:
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
    if shown.count is not None and shown.count != len(allowed):
        yield f"{quantity(shown.count, 'row')} could be reset in the form, {len(allowed):,} now"


def _found(row: Row) -> str:
    return _reads(row.held_version, row.status_number)


def _reads(version: int | None, status: int | None) -> str:
    return f"{'unknown' if version is None else version} ({'unknown' if status is None else status_name(status)})"
