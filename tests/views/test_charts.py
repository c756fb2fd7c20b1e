"""The history of drift as a chart and as bars: within Slack's limits, and never zero where nobody counted."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.workspace.blocks.surfaces import message_reasons
from bot.domain.digest import DRIFTED, Day
from bot.domain.drift_classes import DriftClass
from bot.views import charts
from tests.drifts import days, fortnight

COUNTS = st.none() | st.dictionaries(st.sampled_from(list(DriftClass)), st.integers(0, 10**6))
HISTORIES = st.lists(COUNTS, max_size=20).map(
    lambda every: [Day(date(2026, 3, 1) + timedelta(days=n), counts) for n, counts in enumerate(every)]
)


@given(HISTORIES)
def test_slack_takes_every_history_in_both_forms(history: list[Day]) -> None:
    for as_chart in (True, False):
        assert message_reasons(charts.draw(history, as_chart=as_chart)) == []


def test_a_day_without_a_scan_is_no_point_of_the_chart() -> None:
    (block,) = charts.draw(fortnight(), as_chart=True)

    chart = block["chart"]
    labels = chart["axis_config"]["categories"]
    assert len(labels) == 12
    assert not {"1 Mar", "2 Mar"} & set(labels)
    assert [series["name"] for series in chart["series"]] == ["failed", "site behind", "DP behind"]
    assert [[point["label"] for point in series["data"]] for series in chart["series"]] == [labels] * 3
    assert charts.uncounted_days_text(fortnight()) == "No scan on 1 Mar, 2 Mar (UTC)."


def test_a_day_without_a_scan_is_a_dot_among_the_bars() -> None:
    (block,) = charts.draw(fortnight(), as_chart=False)

    lines = block["elements"][0]["elements"][0]["text"].splitlines()
    assert lines[0] == "Drifted rows of the last 14 days, 24 Feb to 9 Mar"
    assert lines[2].startswith("site behind  ▇▇▇▇▇··█")
    assert lines[2].endswith("  47")


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([0, 1, 7], "▁▂█"),
        ([0, None, 0], "▁·▁"),
        ([1, 1000], "▂█"),
        ([], ""),
    ],
)
def test_bars_stand_between_zero_and_the_highest(values: list[int | None], bars: str) -> None:
    assert charts.spark_bars(values) == bars


def test_days_before_the_first_scan_are_not_called_missing() -> None:
    assert charts.uncounted_days_text(days({DriftClass.FAILED: [None, None, 3, 4]})) == ""


@pytest.mark.parametrize(
    "values",
    [
        [None, None, 3],
        [0, 0, 0],
        [None],
    ],
)
def test_one_point_or_no_drift_at_all_is_no_history(values: list[int | None]) -> None:
    assert charts.draw(days({DriftClass.FAILED: values}), as_chart=True) == []


def test_too_many_classes_share_one_line_of_which_nothing_is_lost() -> None:
    every = days({kind: [rank, 2 * rank] for rank, kind in enumerate(DriftClass, start=1)})

    (block,) = charts.draw(every, as_chart=True)

    series = {one["name"]: one["data"][-1]["value"] for one in block["chart"]["series"]}
    assert len(series) == charts.MOST_SERIES
    assert sum(series.values()) == sum(2 * rank for rank, kind in enumerate(DriftClass, start=1) if kind in DRIFTED)
    assert charts.OTHER in series


def test_what_is_on_its_way_or_being_removed_is_not_drawn() -> None:
    assert charts.draw(days({DriftClass.IN_FLIGHT: [5, 6], DriftClass.REMOVING: [1, 1]}), as_chart=True) == []


def test_the_trend_is_one_line_over_all_classes() -> None:
    assert charts.trend(days({DriftClass.FAILED: [1, None, 2], DriftClass.RESET: [0, None, 2]})) == "▃·█"
    assert charts.trend(days({DriftClass.FAILED: [None, 2]})) == ""
