"""How the bot is: is it alive, is it ready, and what its metrics say of store and sites.

The store is asked now and then by the schedule; whoever asks for a page gets what was found then, so that no probe can
wear out Slack or a database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.usecases.ports.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from bot.domain.pending_post import PendingPost
    from bot.domain.site_error_kind import SiteErrorKind
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.slack import Connection
    from bot.usecases.ports.store import Backlog

STALE_SECONDS = 30
"""An older look at the store says nothing about now."""
STUCK_SECONDS = 120
"""A schedule that has not looked for so long will not look again."""


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """What the store counts: requests by stage, rows by site and class, and when each site was last read through."""

    requests: Mapping[str, int] = field(default_factory=dict)
    drifted: Mapping[tuple[str, str], int] = field(default_factory=dict)
    scanned_at: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether questions can be taken now, and how each part is."""

    is_ready: bool
    slack: str
    store: str
    sites: Mapping[str, str]
    waiting: tuple[str, ...] = ()
    """The cards and digests that Slack does not take, or not yet."""


@dataclass(slots=True)
class HealthMonitor:
    """Looks at the store when told to, and remembers."""

    backlog: Callable[[], Backlog]
    counts_of: Callable[[], StoreCounts]
    site_errors: Callable[[], Mapping[str, SiteErrorKind | None]]
    monotonic: Callable[[], float]
    clock: Clock
    undelivered: Callable[[], Sequence[PendingPost]] = tuple
    line: Connection | None = None
    refreshed_at: float | None = None
    trouble: str = "not asked yet"
    waiting: int = 0
    oldest_at: datetime | None = None
    messages: Sequence[PendingPost] = ()
    store_counts: StoreCounts = field(default_factory=StoreCounts)

    def look(self) -> None:
        """Ask the store; the schedule calls this."""
        try:
            backlog, self.store_counts, self.messages = self.backlog(), self.counts_of(), self.undelivered()
            self.waiting, self.oldest_at, self.trouble = backlog.count, backlog.oldest_at, ""
        except StoreError as error:
            self.trouble = str(error.kind)
        self.refreshed_at = self.monotonic()

    @property
    def is_alive(self) -> bool:
        """False when the schedule stands still; a bot that waits for Slack at its start has none yet, and lives."""
        return self.refreshed_at is None or self.monotonic() - self.refreshed_at < STUCK_SECONDS

    @property
    def is_connected(self) -> bool:
        """Whether messages pass in both directions between Slack and the bot."""
        return self.line is not None and self.line.is_healthy

    @property
    def has_store(self) -> bool:
        """Whether the last look found the store, and was not long ago."""
        return (
            not self.trouble and self.refreshed_at is not None and self.monotonic() - self.refreshed_at < STALE_SECONDS
        )

    @property
    def lag(self) -> float:
        """For how many seconds the oldest entry has waited to be told."""
        return self.age(self.oldest_at)

    def age(self, moment: datetime | None) -> float:
        """Seconds since a moment; nothing for none."""
        passed: timedelta | None = self.clock() - moment if moment else None
        return max(0.0, passed.total_seconds()) if passed else 0.0

    def readiness(self) -> Readiness:
        """Say whether questions can be taken; without a site they can, and are answered with what is wrong."""
        store = "ok" if self.has_store else self.trouble or "no news"
        sites = {site: str(trouble or "ok") for site, trouble in self.site_errors().items()}
        slack = "ok" if self.is_connected else "not connected"
        now = self.clock()
        waiting = tuple(_description(each) for each in self.messages if each.is_overdue(now))
        return Readiness(self.is_connected and self.has_store, slack, store, sites, waiting)


def _description(waiting: PendingPost) -> str:
    why = waiting.reason or "no answer from Slack yet"
    return f"{waiting.what} {waiting.name} for {waiting.channel} since {waiting.since:%Y-%m-%d %H:%M} UTC: {why}"
