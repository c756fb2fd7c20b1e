"""The story as it stood some days ago: what had drifted by then, and what has healed since.

Values only; a row drifted when its package changed, or when its own status went wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from bot.demo.sample.hierarchy import SECONDARY
from bot.demo.sample.packages import PACKAGES
from bot.demo.sample.story import DAYS, FAILED, INSTALLED, RECEIVED, STORY, Held, Story, at_secondary

_CHANGED = {package.package_id: package.changed for package in PACKAGES}


@dataclass(frozen=True)
class Passing:
    """What was wrong for a while: from so many days ago until so many days ago, both included."""

    rows: Story
    first: int
    last: int


def _points(package_id: str, held: Held, *hosts: str) -> Story:
    return {(package_id, host): held for host in hosts}


PASSING = (
    Passing(at_secondary("PS10000A", Held(2, RECEIVED), Held(2)), 12, 10),
    Passing(_points("PS100002", Held(4, FAILED), "LON-DP01", "LON-DP02", "MUC-DP01", "PAR-DP01"), 11, 7),
    Passing(_points("PS100010", Held(1), "SEA-DP01", "SEA-DP04", "DAL-DP02"), 10, 3),
    Passing(_points("PS100024", Held(16), "SEA-DP01", "BOS-DP01", "CHI-DP01", "DAL-DP01", "MEX-DP02"), 4, 1),
)


def story_of(days_ago: int) -> Story:
    """Return the story as it stood so many days ago."""
    return {**dict(_begun_by(days_ago * DAYS)), **dict(_passing(days_ago))}


def _begun_by(then: timedelta) -> Iterator[tuple[tuple[str, str], Held | None]]:
    for (package_id, host), held in STORY.items():
        began = _CHANGED[package_id]
        # A point without a row lacks it for as long as its site is in that state.
        telling = held or STORY.get((package_id, SECONDARY.code))
        if telling and telling.status not in {INSTALLED, RECEIVED}:
            began = min(began, telling.age)
        if began >= then:
            yield (package_id, host), held


def _passing(days_ago: int) -> Iterator[tuple[tuple[str, str], Held | None]]:
    for passing in PASSING:
        if passing.last <= days_ago <= passing.first:
            yield from passing.rows.items()
