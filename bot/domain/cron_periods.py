"""When a digest is due: a cron line read in one time zone, by a rule that clocks set forward and back cannot trick.

Pure. cronsim finds the moments. The rules: all five fields (minute, hour, day, month, weekday) must fit; a local time
that comes twice counts once, the first time; one that is skipped counts at the first minute after the gap. So every due
moment is one instant, later than the one before.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cronsim import CronSim, CronSimError

from bot.domain.typed_text import plainly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIELDS = {
    "minute": "it takes 0 to 59, like */2 or 1-5",
    "hour": "it takes 0 to 23, like */2 or 1-5",
    "day": "it takes 1 to 31, like */2 or 1-5, or L for the last of the month",
    "month": "it takes 1 to 12, like */2 or 1-5",
    "weekday": "it takes mon to sun, like mon-fri or tue,thu, or tue#2 for the second Tuesday of a month",
}
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d{1,3}))?", re.ASCII)
_STAR = re.compile(r"(?<![^,])\*(?![^,/])")
_RANGE_OF_ONE = re.compile(r"\b0*(\d+)-0*\1/\d+")
_NUMBER = re.compile(r"(?<![/#\w])\d+")
_NUMBERS_OF_DAYS = ("sun", *WEEKDAYS)
"""What weekday numbers mean to cron, where 0 and 7 are Sunday; other programs count from Monday."""
_SOME_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 - by no clock


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron line, understood. Two are equal when they mean the same."""

    line: str = field(compare=False)
    meaning: tuple[frozenset[object], ...]

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Read a cron line. Raises ValueError with the sentence that says what to write instead."""
        parts = plainly(text).lower().split()
        if len(parts) != len(_FIELDS):
            raise ValueError("needs five fields: minute hour day month weekday, like 0 8 * * mon-fri")
        if _NUMBER.search(parts[-1]):
            raise ValueError(f"names weekdays by number, which programs count differently; write {_by_name(parts)}")
        spelled = _spelled(parts)
        if wrong := _wrong(spelled):
            raise ValueError(f"has no such {wrong}: {_FIELDS[wrong]}")
        line = " ".join(spelled)
        try:
            known = _moments(line, _SOME_DAY)
            next(known)
        except (CronSimError, StopIteration):
            raise ValueError("never comes: no month has that day, like 0 8 1 * * for the first of each month") from None
        days = (day % len(WEEKDAYS) if isinstance(day, int) else day for day in known.weekdays)
        fields = (known.minutes, known.hours, known.days, known.months, days)
        return cls(line, tuple(map(frozenset, fields)))


def due_after(cron: Cron, zone: ZoneInfo, moment: datetime) -> datetime:
    """Return the first due moment after a moment, aware, in its zone."""
    return next(_due(cron, zone, moment))


def due_between(cron: Cron, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """Return every due moment after one moment and up to another, in order."""
    last = until.astimezone(UTC)  # two moments of one zone would be compared by what its clocks show
    for due in _due(cron, zone, after):
        if due.astimezone(UTC) > last:
            return
        yield due


def _due(cron: Cron, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    # cronsim looks at what the clocks show: asked in the second of two hours, it finds what the first had already.
    return (due for due in _moments(cron.line, after.astimezone(zone)) if due.astimezone(UTC) > after.astimezone(UTC))


def _moments(line: str, after: datetime) -> CronSim:
    moments = CronSim(line, after)
    moments.day_and = True  # where both day and weekday are given, Debian's cron takes either
    return moments


def _spelled(parts: list[str]) -> list[str]:
    """Write a line as cronsim reads it our way.

    A * of minutes and hours as a range: with one, cronsim lets an hour that comes twice count twice. Weekdays, months
    by their names: cronsim has no range over the end of a week or year, and begins a week's steps on Sunday. A range
    from 8 to 8 without its step: cronsim would go on from there.
    """
    minute, hour, day, month, weekday = (_RANGE_OF_ONE.sub(r"\1", part) for part in parts)
    return [_STAR.sub("0-59", minute), _STAR.sub("0-23", hour), day, _named(month, MONTHS), _named(weekday, WEEKDAYS)]


def _named(text: str, names: tuple[str, ...]) -> str:
    return ",".join(_list_of(part, names) for part in text.split(","))


def _list_of(part: str, names: tuple[str, ...]) -> str:
    """Write a range or steps as a list of names; leave anything else to be judged."""
    match = _PART.fullmatch(part)
    if match is None or not int(match["step"] or 1) or part == "*":
        return part
    first, last, step = match["first"], match["last"], int(match["step"] or 1)
    if first == "*" and not last:
        first, last = names[0], names[-1]
    with suppress(ValueError):
        low = _position(first, names)
        high = _position(last, names) if last else (len(names) - 1 if match["step"] else low)
        past = high + len(names) if high < low else high
        return ",".join(names[position % len(names)] for position in range(low, past + 1, step))
    return part


def _position(name: str, names: tuple[str, ...]) -> int:
    """Return where a name, or the number of a month, stands. Raises ValueError."""
    return range(1, len(names) + 1).index(int(name)) if name.isdecimal() else names.index(name)


def _wrong(parts: list[str]) -> str:
    """Return the name of the first field that cannot be; empty when all can."""
    for position, (name, part) in enumerate(zip(_FIELDS, parts, strict=True)):
        alone = ["*"] * len(parts)
        alone[position] = part
        try:
            CronSim(" ".join(alone), _SOME_DAY)
        except (CronSimError, ValueError):
            return name
    return ""


def _by_name(parts: list[str]) -> str:
    """Write a cron line again with names of weekdays, as cron itself would have understood its numbers."""
    named = [*parts[:-1], _NUMBER.sub(lambda number: _NUMBERS_OF_DAYS[int(number[0][:2]) % 7], parts[-1])]
    return "0 8 * * mon-fri" if _wrong(_spelled(named)) else " ".join(named)
