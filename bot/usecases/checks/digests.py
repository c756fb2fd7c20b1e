"""Looks ahead at the digests: when each comes next, as the clocks of its own zone will show it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from bot.domain.check_finding import Area, Finding, Severity
from bot.domain.cron_periods import due_after

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from bot.domain.cron_periods import Cron
    from bot.usecases.ports.clock import Clock

RUNS = 3


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a digest comes, and where it goes."""

    name: str
    cron: Cron
    zone: ZoneInfo
    channel: str


@dataclass(frozen=True, slots=True)
class DigestCheck:
    """Looks at the digests of the settings."""

    digests: tuple[Timetable, ...]
    clock: Clock

    def findings(self) -> Iterator[Finding]:
        """Say of each digest when it comes."""
        for digest in self.digests:
            runs = ", ".join(f"{due:%a %Y-%m-%d %H:%M}" for due in islice(self._due(digest), RUNS))
            sentence = f"next {runs} ({digest.zone.key}), into {digest.channel}"
            yield Finding(Area.DIGESTS, Severity.GOOD, digest.name, sentence)
        if not self.digests:
            yield Finding(Area.DIGESTS, Severity.GOOD, "digests", "none is in the settings")

    def _due(self, digest: Timetable) -> Iterator[datetime]:
        moment = self.clock()
        while True:
            moment = due_after(digest.cron, digest.zone, moment)
            yield moment
