"""Who holds what: the rows that are not simply in sync, each drift class at least once.

Ages are relative, so that the same story can be told at any moment; nothing here reads a clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.demo.sample.hierarchy import LEFTOVER, POINTS, STANDARD, Point, point

NONE, SENT, RECEIVED, INSTALLED, RETRY, FAILED = 0, 1, 2, 3, 4, 5
REMOVED, PENDING_REMOVE, REMOVE_FAILED, RETRY_REMOVE, UNDOCUMENTED = 6, 7, 8, 9, 42


@dataclass(frozen=True)
class Held:
    """What one row reads, and how long it has read so."""

    version: int
    status: int = INSTALLED
    age: timedelta = timedelta(days=60)


@dataclass(frozen=True)
class Job:
    """One distribution job: `state` as the product numbers them (3 in progress, 5 complete, 6 failed)."""

    package_id: str
    host: str
    version: int
    state: int
    age: timedelta


Story = Mapping[tuple[str, str], Held | None]
MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)
DAYS = timedelta(days=1)


def at_secondary(package_id: str, site: Held | None, points: Held | None) -> Story:
    """Return the rows of site P02: its site row (keyed by site code) and all its DP rows (by short name)."""
    hosts = [point.host for point in STANDARD if point.site == "P02"]
    return {(package_id, "P02"): site, **{(package_id, host): points for host in hosts}}


IN_FLIGHT: Story = {
    # Updated twenty minutes ago: half of the primary's points have it already, the rest is on its way.
    **at_secondary("PS100042", Held(213, RECEIVED), Held(213)),
    **{("PS100042", f"{city}-DP01"): Held(213) for city in ("SEA", "BOS", "CHI", "DAL", "YYZ", "MEX")},
    ("PS100042", "GRU-DP01"): Held(213, NONE, 5 * MINUTES),
    # First sent to P02 half an hour ago: its points are targeted, and have no rows yet.
    **at_secondary("PS100041", Held(31, SENT, 30 * MINUTES), None),
    # An old gap that a distribution job is closing right now.
    ("PS100031", "SEA-DP02"): Held(5, INSTALLED, 30 * DAYS),
    # Behind for weeks, but Distribution Manager tried again a moment ago.
    ("PS100024", "LON-DP04"): Held(16, RETRY, 15 * MINUTES),
}
SITE_BEHIND: Story = {
    # The story this bot was built for.
    **at_secondary("PS100112", Held(7, RECEIVED), Held(7)),
    **at_secondary("PS100051", Held(2, RECEIVED), Held(2)),
    **at_secondary("PS100058", None, Held(1)),  # no site row at all
    **at_secondary("PS10003A", Held(2, SENT, 3 * DAYS), Held(1)),
}
POINT_BEHIND: Story = {
    ("PS100112", "NYC-DP03"): Held(7),
    ("PS100112", "SEA-DP02"): Held(7),
    ("PS10000F", "NYC-DP02"): Held(5),
    ("PS10000F", "LON-DP02"): Held(5),
    ("PS100030", "CHI-DP02"): Held(4, RETRY, 6 * DAYS),
    ("PS100031", "BOS-DP02"): Held(5, INSTALLED, 30 * DAYS),  # its job is complete and helped nothing
}
FAILED_ROWS: Story = {
    ("PS100112", "BOS-DP02"): Held(12, FAILED, 20 * DAYS),
    ("PS100050", "LON-DP03"): Held(2, FAILED, 17 * DAYS),
    ("PS100050", "PAR-DP02"): Held(3, FAILED, 16 * DAYS),
    ("PS100014", "MUC-DP02"): Held(5, REMOVE_FAILED, 9 * DAYS),
    # Last night's: not there yet when yesterday's digest came.
    ("PS100123", "ZRH-DP02"): Held(2, FAILED, 7 * HOURS),
    ("PS100123", "ZRH-DP03"): Held(2, FAILED, 7 * HOURS),
}
AHEAD: Story = {
    ("PS10001B", "BOS-DP03"): Held(11, INSTALLED, 25 * DAYS),
    **at_secondary("OLD0000F", Held(14, RECEIVED), Held(14)),  # the primary came back from an old backup
}
# The source site itself never took the last version; somebody reset a row by hand, and nothing can come of that.
SOURCE_BEHIND: Story = {
    ("PS100023", "P02"): Held(0, RECEIVED, 50 * DAYS),
}
NEVER_RECEIVED: Story = {("PS10000F", "SEA-DP03"): Held(0, NONE, 40 * DAYS)}
# Reset by hand an hour ago; it waits for its site, which is behind.
RESET: Story = {("PS100051", "AMS-DP01"): Held(0, RECEIVED, 1 * HOURS)}
REMOVING: Story = {
    ("PS10001C", "DAL-DP01"): Held(7, REMOVED, 4 * DAYS),
    ("PS10001C", "DAL-DP02"): Held(7, PENDING_REMOVE, 4 * DAYS),
    ("PS10001C", "DAL-DP03"): Held(6, RETRY_REMOVE, 4 * DAYS),
}
UNKNOWN: Story = {("PS10002D", "YYZ-DP01"): Held(3, UNDOCUMENTED, 11 * DAYS)}

STORY: Story = {
    **IN_FLIGHT,
    **SITE_BEHIND,
    **POINT_BEHIND,
    **FAILED_ROWS,
    **AHEAD,
    **SOURCE_BEHIND,
    **NEVER_RECEIVED,
    **RESET,
    **REMOVING,
    **UNKNOWN,
}

# Rows that no package and point explains: package, point, what it reads.
GONE = point("OSL-DP01", "PS1")
_BY_HOST = {each.host: each for each in POINTS}
EXTRA_POINT_ROWS: tuple[tuple[str, Point, Held], ...] = (
    ("PS100010", GONE, Held(1)),
    ("PS100040", LEFTOVER, Held(9, INSTALLED, 200 * DAYS)),
    ("PS100021", _BY_HOST["CHI-DP02"], Held(3)),  # beside its healthy row
    ("PS100121", _BY_HOST["NYC-DP01"], Held(2)),  # a package without source files
    ("PS100122", _BY_HOST["NYC-DP01"], Held(4)),  # a package that needs no point
)
EXTRA_SITE_ROWS: tuple[tuple[str, str, Held], ...] = (
    ("PS100022", "P02", Held(6, RECEIVED)),  # beside its healthy row
    ("PS100121", "P02", Held(1, RECEIVED)),
    ("PS100003", "P02", Held(1, RECEIVED, 300 * DAYS)),  # no point of P02 is targeted any more
)

JOBS = (
    Job("PS100031", "SEA-DP02", 6, 3, 40 * MINUTES),
    Job("PS100031", "BOS-DP02", 6, 5, 8 * DAYS),
    Job("PS100050", "LON-DP03", 3, 6, 17 * DAYS),
    Job("PS100050", "PAR-DP02", 3, 3, 16 * DAYS),  # stuck: it has not moved since
    Job("PS100042", "GRU-DP01", 214, 3, 5 * MINUTES),
)
