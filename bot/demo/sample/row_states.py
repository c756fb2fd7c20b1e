"""The states of the sample's rows that are not in sync, each drift class at least once.

Ages are relative to the moment at which the sample is built; nothing here reads a clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.demo.sample.hierarchy import LEFTOVER, POINTS, STANDARD, Point, point

NONE, SENT, RECEIVED, INSTALLED, RETRY, FAILED = 0, 1, 2, 3, 4, 5
REMOVED, PENDING_REMOVE, REMOVE_FAILED, RETRY_REMOVE, UNDOCUMENTED = 6, 7, 8, 9, 42


@dataclass(frozen=True)
class RowState:
    """The version and status of one PkgStatus row, and the age of its last change."""

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


@dataclass(frozen=True)
class Message:
    """The newest distribution message of a package on a DP: `state` 1 is success, 2 in progress, 4 failed."""

    package_id: str
    host: str
    number: int
    state: int
    age: timedelta
    parts: tuple[str, ...] = ()


RowStates = Mapping[tuple[str, str], RowState | None]
MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)
DAYS = timedelta(days=1)


def at_secondary(package_id: str, site: RowState | None, points: RowState | None) -> RowStates:
    """Return the rows of site P02: its site row (keyed by site code) and all its DP rows (by short name)."""
    hosts = [point.host for point in STANDARD if point.site == "P02"]
    return {(package_id, "P02"): site, **{(package_id, host): points for host in hosts}}


IN_FLIGHT: RowStates = {
    # Updated twenty minutes ago: half of the primary's points have it already, the rest is on its way.
    **at_secondary("PS100042", RowState(213, RECEIVED), RowState(213)),
    **{("PS100042", f"{city}-DP01"): RowState(213) for city in ("SEA", "BOS", "CHI", "DAL", "YYZ", "MEX")},
    ("PS100042", "GRU-DP01"): RowState(213, NONE, 5 * MINUTES),
    # First sent to P02 half an hour ago: its points are targeted, and have no rows yet.
    **at_secondary("PS100041", RowState(31, SENT, 30 * MINUTES), None),
    # An old gap that a distribution job is closing right now.
    ("PS100031", "SEA-DP02"): RowState(5, INSTALLED, 30 * DAYS),
    # Behind for weeks, but Distribution Manager tried again a moment ago.
    ("PS100024", "LON-DP04"): RowState(16, RETRY, 15 * MINUTES),
}
SITE_BEHIND: RowStates = {
    # The fault this bot was built for: a site that stays behind with all its points.
    **at_secondary("PS100112", RowState(7, RECEIVED), RowState(7)),
    **at_secondary("PS100051", RowState(2, RECEIVED), RowState(2)),
    **at_secondary("PS100058", None, RowState(1)),  # no site row at all
    **at_secondary("PS10003A", RowState(2, SENT, 3 * DAYS), RowState(1)),
}
POINT_BEHIND: RowStates = {
    ("PS100112", "NYC-DP03"): RowState(7),
    ("PS100112", "SEA-DP02"): RowState(7),
    ("PS10000F", "NYC-DP02"): RowState(5),
    ("PS10000F", "LON-DP02"): RowState(5),
    ("PS100030", "CHI-DP02"): RowState(4, RETRY, 6 * DAYS),
    ("PS100031", "BOS-DP02"): RowState(5, INSTALLED, 30 * DAYS),  # its job is complete and helped nothing
}
FAILED_ROWS: RowStates = {
    ("PS100112", "BOS-DP02"): RowState(12, FAILED, 20 * DAYS),
    ("PS100050", "LON-DP03"): RowState(2, FAILED, 17 * DAYS),
    ("PS100050", "PAR-DP02"): RowState(3, FAILED, 16 * DAYS),
    ("PS100014", "MUC-DP02"): RowState(5, REMOVE_FAILED, 9 * DAYS),
    # Last night's: not there yet when yesterday's digest came.
    ("PS100123", "ZRH-DP02"): RowState(2, FAILED, 7 * HOURS),
    ("PS100123", "ZRH-DP03"): RowState(2, FAILED, 7 * HOURS),
}
AHEAD: RowStates = {
    ("PS10001B", "BOS-DP03"): RowState(11, INSTALLED, 25 * DAYS),
    **at_secondary("OLD0000F", RowState(14, RECEIVED), RowState(14)),  # the primary came back from an old backup
}
# The source site itself never took the last version; somebody reset a row by hand, and nothing can come of that.
SOURCE_BEHIND: RowStates = {
    ("PS100023", "P02"): RowState(0, RECEIVED, 50 * DAYS),
}
NEVER_RECEIVED: RowStates = {("PS10000F", "SEA-DP03"): RowState(0, NONE, 40 * DAYS)}
# Reset by hand an hour ago; it waits for its site, which is behind.
RESET: RowStates = {("PS100051", "AMS-DP01"): RowState(0, RECEIVED, 1 * HOURS)}
REMOVING: RowStates = {
    ("PS10001C", "DAL-DP01"): RowState(7, REMOVED, 4 * DAYS),
    ("PS10001C", "DAL-DP02"): RowState(7, PENDING_REMOVE, 4 * DAYS),
    ("PS10001C", "DAL-DP03"): RowState(6, RETRY_REMOVE, 4 * DAYS),
}
UNKNOWN: RowStates = {("PS10002D", "YYZ-DP01"): RowState(3, UNDOCUMENTED, 11 * DAYS)}

SAMPLE_STATES: RowStates = {
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
EXTRA_POINT_ROWS: tuple[tuple[str, Point, RowState], ...] = (
    ("PS100010", GONE, RowState(1)),
    ("PS100040", LEFTOVER, RowState(9, INSTALLED, 200 * DAYS)),
    ("PS100021", _BY_HOST["CHI-DP02"], RowState(3)),  # beside its healthy row
    ("PS100121", _BY_HOST["NYC-DP01"], RowState(2)),  # a package without source files
    ("PS100122", _BY_HOST["NYC-DP01"], RowState(4)),  # a package that needs no point
)
EXTRA_SITE_ROWS: tuple[tuple[str, str, RowState], ...] = (
    ("PS100022", "P02", RowState(6, RECEIVED)),  # beside its healthy row
    ("PS100121", "P02", RowState(1, RECEIVED)),
    ("PS100003", "P02", RowState(1, RECEIVED, 300 * DAYS)),  # no point of P02 is targeted any more
)

JOBS = (
    Job("PS100031", "SEA-DP02", 6, 3, 40 * MINUTES),
    Job("PS100031", "BOS-DP02", 6, 5, 8 * DAYS),
    Job("PS100050", "LON-DP03", 3, 6, 17 * DAYS),
    Job("PS100050", "PAR-DP02", 3, 3, 16 * DAYS),  # stuck: it has not moved since
    Job("PS100042", "GRU-DP01", 214, 3, 5 * MINUTES),
)

GOOD, UNDER_WAY, UNSUCCESSFUL = 1, 2, 4
MESSAGES = (
    Message("PS100112", "BOS-DP02", 2391, UNSUCCESSFUL, 2 * HOURS),  # unreachable ever since
    Message("PS100112", "NYC-DP03", 2371, UNDER_WAY, 6 * DAYS),
    Message("PS100112", "SEA-DP02", 2330, GOOD, 60 * DAYS),  # older than the drift: the last time it went well
    Message("PS100050", "LON-DP03", 2324, UNSUCCESSFUL, 17 * DAYS, (r"\\LON-DP03\SMSPKGE$", "error 112: disk full")),
    Message("PS100050", "PAR-DP02", 2382, UNSUCCESSFUL, 16 * DAYS),
    Message("PS100030", "CHI-DP02", 8211, UNSUCCESSFUL, 6 * DAYS),
    Message("PS100123", "ZRH-DP02", 8203, UNSUCCESSFUL, 7 * HOURS, ("0x80070005",)),
    Message("PS100123", "ZRH-DP03", 8203, UNSUCCESSFUL, 7 * HOURS, ("0x80070005",)),
    Message("PS100042", "GRU-DP01", 2357, UNDER_WAY, 5 * MINUTES),
    Message("PS100010", "NYC-DP01", 2330, GOOD, 30 * DAYS),
)
