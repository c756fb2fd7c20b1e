"""When a digest is due: a cron line read in one time zone, by a rule that clocks set forward and back cannot trick.

Pure. The five fields (minute, hour, day, month, weekday) must all fit. A local time that comes twice counts once, the
first time; one that is skipped counts at the first moment after the gap. So every due moment is one instant, later than
the one before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from bot.domain.typed_text import plainly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LONGEST_WAIT = timedelta(days=366 * 41)
"""A 29 February on a given weekday can be forty years away, as 2100 has none."""
A_DAY = timedelta(days=1)
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")
_NUMBERS_OF_DAYS = ("sun", *WEEKDAYS)
"""What weekday numbers mean to cron, where 0 and 7 are Sunday; other programs count from Monday."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, MONTHS),
    _Field("weekday", 0, 6, WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron line, understood."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Read a cron line. Raises ValueError with the sentence that says what to write instead."""
        parts = plainly(text).lower().split()
        if len(parts) != len(_FIELDS):
            raise ValueError("needs five fields: minute hour day month weekday, like 0 8 * * mon-fri")
        if re.fullmatch(r"[\d,-]*\d[\d,-]*", parts[-1].partition("/")[0]):
            raise ValueError(f"names weekdays by number, which programs count differently; write {_by_name(parts)}")
        cron = cls(*(frozenset(_values(field, part)) for field, part in zip(_FIELDS, parts, strict=True)))
        if next(_days(cron, date(2024, 1, 1)), None) is None:
            raise ValueError("never comes: no month has that day, like 0 8 1 * * for the first of each month")
        return cron


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
    last = after.astimezone(UTC)
    # A skipped local time can be due on the day after its own.
    for day in _days(cron, after.astimezone(zone).date() - A_DAY):
        for hour in sorted(cron.hours):
            for minute in sorted(cron.minutes):
                due = _instant(datetime.combine(day, time(hour, minute)), zone)
                if due > last:
                    last = due
                    yield due.astimezone(zone)


def _days(cron: Cron, first: date) -> Iterator[date]:
    """Yield the days that fit, until none came for longer than any can take."""
    day, latest = first, first
    while day - latest < LONGEST_WAIT:
        if day.day in cron.days and day.month in cron.months and day.weekday() in cron.weekdays:
            yield day
            latest = day
        day += A_DAY


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment at which a local time is reached, or passed where it is skipped."""
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local:
        return first
    # PEP 495: in a gap fold 1 reads the clock as it goes afterwards, which is a moment before the gap.
    before, after = local.replace(tzinfo=zone, fold=1).astimezone(UTC), first
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return after


def _values(field: _Field, text: str) -> Iterator[int]:
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(_wrong(field))
        first, last, step = match["first"], match["last"], int(match["step"] or 1)
        if first == "*":
            low, high = field.least, field.most
        else:
            low = _value(field, first)
            high = _value(field, last) if last else (field.most if match["step"] else low)
        if high < low and field.names:  # fri-mon, nov-feb: days and months have no first one that all agree on
            high += field.most - field.least + 1
        if low > high or step == 0 or (first == "*" and last):
            raise ValueError(_wrong(field))
        for value in range(low, high + 1, step):
            yield value if value <= field.most else value - (field.most - field.least + 1)


def _value(field: _Field, text: str) -> int:
    if text in field.names:
        return field.names.index(text) + field.least
    if text.isdecimal() and field.least <= int(text) <= field.most:
        return int(text)
    raise ValueError(_wrong(field))


def _wrong(field: _Field) -> str:
    if field.name == "weekday":
        return "has no such weekday: it takes mon to sun, like mon-fri or tue,thu"
    return f"has no such {field.name}: it takes {field.least} to {field.most}, like */2 or 1-5"


def _by_name(parts: list[str]) -> str:
    """Write a cron line again with names of weekdays, as cron itself would have understood its numbers."""
    named = re.sub(r"(?<!/)\d+", lambda number: _NUMBERS_OF_DAYS[int(number[0]) % 7], parts[-1])
    try:
        for field, part in zip(_FIELDS, [*parts[:-1], named], strict=True):
            list(_values(field, part))
    except ValueError:
        return "0 8 * * mon-fri"
    return " ".join([*parts[:-1], named])
