"""Drifted rows per class over the last days: as Slack's chart, and as lines of little bars where that is not taken.

A day without a scan is left out of the chart and is a dot among the bars: nobody counted, so nothing is drawn as zero.
Limits: docs.slack.dev/reference/block-kit/blocks/data-visualization-block, the strictest that any page names.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bot.domain.digest import DAYS_SHOWN, DRIFTED
from bot.domain.drift_classes import DriftClass
from bot.views.block_kit import Block, preformatted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from bot.domain.digest import Day

MOST_SERIES = 6
TITLE = "Drifted rows of the last 14 days"
OTHER = "other"
UNCOUNTED = "·"
_BARS = "▁▂▃▄▅▆▇█"
_LEAST_DAYS = 2
"""One point is no history."""


class ChartForm(StrEnum):
    """How a history is drawn, best first."""

    CHART = "data_visualization"
    BARS = "bars"


Series = dict[str, list[int | None]]


def draw(days: Sequence[Day], *, as_chart: bool) -> list[Block]:
    """Draw the history, or nothing where there is none: fewer than two days were scanned, or nothing ever drifted."""
    series = _series(days)
    scanned = [day for day in days if day.counts is not None]
    if len(scanned) < _LEAST_DAYS or not series:
        return []
    return [_chart(series, days) if as_chart else _sparklines(series, days)]


def trend(days: Sequence[Day]) -> str:
    """Draw all drifted rows as one line of bars; nothing where there is no history."""
    totals = [None if day.counts is None else _drifted(day.counts) for day in days[-DAYS_SHOWN:]]
    return spark_bars(totals) if len([total for total in totals if total is not None]) >= _LEAST_DAYS else ""


def trend_text(days: Sequence[Day]) -> str:
    """Put the same history into numbers: where it began, where it is, and the most it was."""
    shown = [day for day in days[-DAYS_SHOWN:] if day.counts is not None]
    totals = [_drifted(day.counts or {}) for day in shown]
    first, last = (day_name(shown[place].day) for place in (0, -1))
    return f"{totals[0]:,} on {first}, {totals[-1]:,} on {last}, {max(totals):,} at most"


def spark_bars(values: Sequence[int | None]) -> str:
    """Draw numbers as bars between zero and the highest of them; any that is above zero is seen to be."""
    highest = max((value for value in values if value is not None), default=0) or 1
    steps = len(_BARS) - 1
    return "".join(UNCOUNTED if value is None else _BARS[-(-value * steps // highest)] for value in values)


def uncounted_days_text(days: Iterable[Day]) -> str:
    """Name the days between the first and the last scan of which nothing is known."""
    known = list(days)
    while known and known[0].counts is None:
        known.pop(0)
    missing = [day_name(day.day) for day in known if day.counts is None]
    return f"No scan on {', '.join(missing)} (UTC)." if missing else ""


def day_name(day: date) -> str:
    """Name a day shortly: `9 Mar`."""
    return f"{day.day} {day:%b}"


def _series(days: Sequence[Day]) -> Series:
    """Return a line of numbers for each class that was ever seen, worst first; the smallest share one if too many."""
    counts = [day.counts for day in days[-DAYS_SHOWN:]]
    every = {kind: [None if day is None else day.get(kind, 0) for day in counts] for kind in DriftClass}
    seen = {kind: line for kind, line in every.items() if kind in DRIFTED and any(line)}
    if len(seen) <= MOST_SERIES:
        return {str(kind): line for kind, line in seen.items()}
    biggest = sorted(seen, key=lambda kind: -max(filter(None, seen[kind])))[: MOST_SERIES - 1]
    rest = [seen[kind] for kind in seen if kind not in biggest]
    return {str(kind): seen[kind] for kind in seen if kind in biggest} | {OTHER: _sum(rest)}


def _sum(lines: Sequence[Sequence[int | None]]) -> list[int | None]:
    columns = zip(*lines, strict=True)
    return [None if None in column else sum(filter(None, column)) for column in columns]


def _drifted(counts: Mapping[DriftClass, int]) -> int:
    return sum(counts.get(kind, 0) for kind in DRIFTED)


def _chart(series: Series, days: Sequence[Day]) -> Block:
    names = [day_name(day.day) for day in days[-DAYS_SHOWN:]]
    categories = [name for name, day in zip(names, days[-DAYS_SHOWN:], strict=True) if day.counts is not None]
    lines = [
        {
            "name": name,
            "data": [
                {"label": label, "value": value}
                for label, value in zip(names, values, strict=True)
                if value is not None
            ],
        }
        for name, values in series.items()
    ]
    axis = {"categories": categories, "y_label": "Rows"}
    return {
        "type": "data_visualization",
        "title": TITLE,
        "chart": {"type": "line", "series": lines, "axis_config": axis},
    }


def _sparklines(series: Series, days: Sequence[Day]) -> Block:
    width = max(map(len, series))
    first, last = (day_name(days[-DAYS_SHOWN:][place].day) for place in (0, -1))
    lines = [f"{name.ljust(width)}  {spark_bars(values)}  {_last_value(values)}" for name, values in series.items()]
    return preformatted("\n".join([f"{TITLE}, {first} to {last}", *lines]))


def _last_value(values: Sequence[int | None]) -> int:
    return next(value for value in reversed(values) if value is not None)
