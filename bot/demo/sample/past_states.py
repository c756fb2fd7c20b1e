"""The states of the sample's rows some days ago: what had drifted by then, and what has healed since.

Values only; a row drifted when its package changed, or when its own status went wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from bot.demo.sample.hierarchy import SECONDARY
from bot.demo.sample.packages import PACKAGES
from bot.demo.sample.row_states import (
    DAYS,
    FAILED,
    INSTALLED,
    RECEIVED,
    SAMPLE_STATES,
    RowState,
    RowStates,
    at_secondary,
)

_CHANGED = {package.package_id: package.changed for package in PACKAGES}


@dataclass(frozen=True)
class PastFault:
    """Rows that had drifted from `first` until `last` days ago, both included, and are in sync now."""

    rows: RowStates
    first: int
    last: int


def _points(package_id: str, state: RowState, *hosts: str) -> RowStates:
    return {(package_id, host): state for host in hosts}


PAST_FAULTS = (
    PastFault(at_secondary("PS10000A", RowState(2, RECEIVED), RowState(2)), 12, 10),
    PastFault(_points("PS100002", RowState(4, FAILED), "LON-DP01", "LON-DP02", "MUC-DP01", "PAR-DP01"), 11, 7),
    PastFault(_points("PS100010", RowState(1), "SEA-DP01", "SEA-DP04", "DAL-DP02"), 10, 3),
    PastFault(_points("PS100024", RowState(16), "SEA-DP01", "BOS-DP01", "CHI-DP01", "DAL-DP01", "MEX-DP02"), 4, 1),
)


def states_days_ago(days_ago: int) -> RowStates:
    """Return the states of the rows that had drifted so many days ago."""
    return {**dict(_begun_by(days_ago * DAYS)), **dict(_past_faults(days_ago))}


def _begun_by(then: timedelta) -> Iterator[tuple[tuple[str, str], RowState | None]]:
    for (package_id, host), state in SAMPLE_STATES.items():
        began = _CHANGED[package_id]
        # A point without a row lacks it for as long as its site is in that state.
        cause = state or SAMPLE_STATES.get((package_id, SECONDARY.code))
        if cause and cause.status not in {INSTALLED, RECEIVED}:
            began = min(began, cause.age)
        if began >= then:
            yield (package_id, host), state


def _past_faults(days_ago: int) -> Iterator[tuple[tuple[str, str], RowState | None]]:
    for passing in PAST_FAULTS:
        if passing.last <= days_ago <= passing.first:
            yield from passing.rows.items()
