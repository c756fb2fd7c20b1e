"""Cron lines: what they take and refuse, when they are due, and what clocks set forward and back do to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.cron_periods import Cron, due_after, due_between

ZURICH, NEW_YORK = ZoneInfo("Europe/Zurich"), ZoneInfo("America/New_York")
LORD_HOWE, CHATHAM, APIA = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Chatham"), ZoneInfo("Pacific/Apia")
YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def due(line: str, zone: ZoneInfo, first: str, last: str) -> list[str]:
    """Return when a line is due between two local times, in local time with its offset."""
    span = [datetime.fromisoformat(text).replace(tzinfo=zone) for text in (first, last)]
    return [f"{at:%Y-%m-%d %H:%M%z}" for at in due_between(Cron.parse(line), zone, *span)]


def hour_that_comes_again() -> tuple[datetime, datetime]:
    """Return the first and the last moment at which the clocks of Zurich show two o'clock for the second time."""
    return datetime(2026, 10, 25, 1, 0, tzinfo=UTC), datetime(2026, 10, 25, 1, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 8 * *", "needs five fields"),
        ("0 8 * * * *", "needs five fields"),
        ("", "needs five fields"),
        ("@daily", "needs five fields"),
        ("0 8 * * 1", "by number, which programs count differently; write 0 8 * * mon"),
        ("30 7 1-7 * 1-5", "write 30 7 1-7 * mon-fri"),
        ("0 8 * * 0,6", "write 0 8 * * sun,sat"),
        ("0 8 * * 7", "write 0 8 * * sun"),
        ("0 8 * * 1-5/2", "write 0 8 * * mon-fri/2"),
        ("0 8 * * 0-6", "write 0 8 * * sun-sat"),
        ("0 8 * * 0-4", "write 0 8 * * sun-thu"),
        ("0 8 * * 5-1", "write 0 8 * * fri-mon"),
        ("0 8 * * 6-7", "write 0 8 * * sat-sun"),
        ("0 8 * * mon,3", "write 0 8 * * mon,wed"),
        ("0 8 * * sun-4", "write 0 8 * * sun-thu"),
        ("0 8 * * 2#2", "write 0 8 * * tue#2"),
        ("0 8 * * 5l", "by number"),
        ("hunter2 8 * * 1", "write 0 8 * * mon-fri"),
        ("60 8 * * *", "has no such minute: it takes 0 to 59"),
        ("0 24 * * *", "has no such hour: it takes 0 to 23"),
        ("0 8 0 * *", "has no such day: it takes 1 to 31"),
        ("0 8 * 13 *", "has no such month: it takes 1 to 12"),
        ("0 8 * * monday", "has no such weekday: it takes mon to sun"),
        ("0 8 * * fri-", "has no such weekday"),
        ("0 8 * * fri-mon/0", "has no such weekday"),
        ("0 8-6 * * *", "has no such hour"),
        ("*/0 8 * * *", "has no such minute"),
        ("*-5 8 * * *", "has no such minute"),
        ("0 8,, * * *", "has no such hour"),
        ("5* 8 * * *", "has no such minute"),
        ("0 8 * * tue#6", "has no such weekday"),
        (f"{'9' * 5000} 8 * * *", "has no such minute"),
        (f"*/{'9' * 5000} 8 * * *", "has no such minute"),
        (f"0 8 * * mon/{'9' * 5000}", "has no such weekday"),
        (f"0 8 * * {'9' * 5000}", "by number"),
        (f"0 8 * {'9' * 5000} *", "has no such month"),
        ("0 8 ? * mon", "has no such day"),
        ("0 8 30 feb mon", "never comes"),
        ("0 8 30 feb *", "never comes"),
        ("0 8 31 4,6,9,11 *", "never comes"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_with_what_to_write(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        Cron.parse(line)

    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 8 * * *", ["2026-03-09 08:00", "2026-03-10 08:00"]),
        ("0 8 * * mon-fri", ["2026-03-09 08:00", "2026-03-10 08:00"]),
        ("0 8 * * TUE", ["2026-03-10 08:00", "2026-03-17 08:00"]),
        ("*/30 23 * * sun", ["2026-03-15 23:00", "2026-03-15 23:30"]),
        ("15,45 6-7 1 * *", ["2026-04-01 06:15", "2026-04-01 06:45"]),
        ("0 8 1-7 * mon", ["2026-04-06 08:00", "2026-05-04 08:00"]),
        ("0 8 31 * *", ["2026-03-31 08:00", "2026-05-31 08:00"]),
        ("0 0 29 feb *", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("5/20 0 * * *", ["2026-03-09 00:05", "2026-03-09 00:25"]),
        ("0 8 L * *", ["2026-03-31 08:00", "2026-04-30 08:00"]),
        ("0 8 * * tue#2", ["2026-03-10 08:00", "2026-04-14 08:00"]),
        ("50-50/2 8-8/3 * * *", ["2026-03-09 08:50", "2026-03-10 08:50"]),
        ("0 8 9-9/2 * *", ["2026-03-09 08:00", "2026-04-09 08:00"]),
        ("0 8 * * */2", ["2026-03-09 08:00", "2026-03-11 08:00"]),
        ("0 8 * * tue/3", ["2026-03-10 08:00", "2026-03-13 08:00"]),
        ("0 8 1 nov-feb/2 *", ["2026-11-01 08:00", "2027-01-01 08:00"]),
        ("0 8 1 */6 *", ["2026-07-01 08:00", "2027-01-01 08:00"]),
        ("0 12 * jun,dec mon", ["2026-06-01 12:00", "2026-06-08 12:00"]),
    ],
)
def test_a_line_is_due_when_all_its_fields_fit(line: str, expected: list[str]) -> None:
    cron = Cron.parse(line)
    first = due_after(cron, ZURICH, datetime(2026, 3, 8, 23, 30, tzinfo=ZURICH))
    second = due_after(cron, ZURICH, first)

    assert [f"{at:%Y-%m-%d %H:%M}" for at in (first, second)] == expected


def test_a_due_moment_is_not_after_itself() -> None:
    eight = datetime(2026, 3, 9, 8, tzinfo=ZURICH)

    assert due_after(Cron.parse("0 8 * * *"), ZURICH, eight) == eight + timedelta(days=1)
    assert due_after(Cron.parse("0 8 * * *"), ZURICH, eight - timedelta(seconds=1)) == eight


class TestALocalTimeThatComesTwice:
    def test_counts_once_and_the_first_time(self) -> None:
        assert due("30 2 * * *", ZURICH, "2026-10-24 12:00", "2026-10-26 12:00") == [
            "2026-10-25 02:30+0200",
            "2026-10-26 02:30+0100",
        ]

    def test_counts_once_where_only_half_an_hour_comes_twice(self) -> None:
        assert due("45 1 * * *", LORD_HOWE, "2026-04-04 12:00", "2026-04-06 12:00") == [
            "2026-04-05 01:45+1100",
            "2026-04-06 01:45+1030",
        ]

    @pytest.mark.parametrize("line", ["*/30 2 * * *", "0,30 * * * *", "*/30 * * * *", "0-30/30 0-4 * * *"])
    def test_counts_once_however_its_minutes_and_hours_are_written(self, line: str) -> None:
        moments = due(line, ZURICH, "2026-10-25 01:45", "2026-10-25 02:59")
        after = [f"{at:%H:%M%z}" for at in due_between(Cron.parse(line), ZURICH, *hour_that_comes_again())]

        assert moments == ["2026-10-25 02:00+0200", "2026-10-25 02:30+0200"]
        assert after == []

    def test_is_not_due_again_for_who_asks_between_the_two(self) -> None:
        between = datetime(2026, 10, 25, 2, 10, tzinfo=ZURICH, fold=1)

        assert due_after(Cron.parse("30 2 * * *"), ZURICH, between) == datetime(2026, 10, 26, 2, 30, tzinfo=ZURICH)


class TestALocalTimeThatIsSkipped:
    @pytest.mark.parametrize(
        ("zone", "line", "day", "expected"),
        [
            (ZURICH, "30 2 * * *", "2026-03-29", "2026-03-29 03:00+0200"),
            (NEW_YORK, "59 2 * * *", "2026-03-08", "2026-03-08 03:00-0400"),
            (LORD_HOWE, "15 2 * * *", "2026-10-04", "2026-10-04 02:30+1100"),
            (CHATHAM, "50 2 * * *", "2026-09-27", "2026-09-27 03:45+1345"),
            (APIA, "0 8 30 dec *", "2011-12-31", "2011-12-31 00:00+1400"),
        ],
    )
    def test_is_due_at_the_first_moment_after_the_gap(self, zone: ZoneInfo, line: str, day: str, expected: str) -> None:
        assert due(line, zone, f"{day} 00:00" if zone is not APIA else "2011-12-29 00:00", f"{day} 23:59") == [expected]

    def test_is_due_once_for_all_that_falls_into_the_gap(self) -> None:
        assert due("*/15 2,3 * * *", ZURICH, "2026-03-29 00:00", "2026-03-29 03:20") == [
            "2026-03-29 03:00+0200",
            "2026-03-29 03:15+0200",
        ]


@pytest.mark.parametrize(
    ("days", "meant"),
    [
        ("sun-thu", "sun,mon,tue,wed,thu"),
        ("SUN-Thu", "sun,mon,tue,wed,thu"),
        ("fri-mon", "fri,sat,sun,mon"),
        ("sat-sun", "sat,sun"),
        ("sun-sat", "*"),
        ("mon-sun", "*"),
        ("sun-mon", "sun,mon"),
        ("wed-tue", "*"),
        ("sun-sun", "sun"),
        ("fri-mon/2", "fri,sun"),
        ("tue,fri-mon", "tue,fri,sat,sun,mon"),
    ],
)
def test_a_range_of_weekdays_may_begin_on_any_day(days: str, meant: str) -> None:
    assert Cron.parse(f"0 8 * * {days}") == Cron.parse(f"0 8 * * {meant}")


def test_a_range_of_months_may_go_over_the_end_of_the_year() -> None:
    assert Cron.parse("0 8 * nov-feb *") == Cron.parse("0 8 * nov,dec,jan,feb *")
    assert Cron.parse("0 8 * 11-2 *") == Cron.parse("0 8 * 1,2,11,12 *")


LINES = st.tuples(
    st.sampled_from(["0", "30", "*/20", "7,59", "1-3"]),
    st.sampled_from(["8", "2", "*", "1-3", "0,12", "*/6"]),
    st.sampled_from(["*", "*", "1", "1-7", "15,31"]),
    st.sampled_from(["*", "*", "3", "oct", "1-6/2"]),
    st.sampled_from(["*", "mon", "mon-fri", "sat,sun"]),
).map(" ".join)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@settings(max_examples=150, deadline=None)
@example("0 8 1 oct mon", datetime(2020, 1, 1, tzinfo=UTC))
@example("0 8 29 feb sun", datetime(2080, 1, 1, tzinfo=UTC))
@given(LINES, MOMENTS)
def test_where_no_clock_is_ever_set_it_agrees_with_apscheduler(line: str, moment: datetime) -> None:
    cron, trigger = Cron.parse(line), CronTrigger.from_crontab(line, timezone=UTC)

    ours = due_after(cron, ZoneInfo("UTC"), moment)

    assert ours == trigger.get_next_fire_time(None, moment + timedelta(microseconds=1))


@settings(max_examples=40, deadline=None)
@given(LINES, st.sampled_from([ZURICH, NEW_YORK, LORD_HOWE, CHATHAM]), MOMENTS)
@example("0 2 * * *", LORD_HOWE, datetime(2020, 9, 1, tzinfo=UTC))
def test_due_moments_grow_and_do_not_depend_on_who_asks_when(line: str, zone: ZoneInfo, moment: datetime) -> None:
    cron = Cron.parse(line)
    # In UTC, because two moments of one zone are compared and subtracted by what its clocks show.
    found = [at.astimezone(UTC) for at in due_between(cron, zone, moment, moment + timedelta(days=40))]

    assert all(before < after for before, after in pairwise(found))
    for before, after in pairwise([moment, *found]):
        assert due_after(cron, zone, before).astimezone(UTC) == after
        shortly_before = max(before, after - timedelta(minutes=1))
        assert due_after(cron, zone, shortly_before).astimezone(UTC) == after


@pytest.mark.parametrize("zone", [ZURICH, NEW_YORK, LORD_HOWE, CHATHAM])
@pytest.mark.parametrize("line", ["30 2 * * *", "0 8 * * *", "45 1 * * *", "15 3 * * *", "50 2 * * *"])
def test_a_daily_line_is_due_once_on_each_day_of_a_year(zone: ZoneInfo, line: str) -> None:
    days = [at.date() for at in due_between(Cron.parse(line), zone, *YEAR)]

    assert len(days) == len(set(days)) == 365
