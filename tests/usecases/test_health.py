"""Alive, ready, and how old news may be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.domain.pending_post import PendingPost, PostKind
from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.health import STALE_SECONDS, STUCK_SECONDS, HealthMonitor, StoreCounts
from bot.usecases.ports.store import Backlog, StoreError, StoreErrorKind
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping


class World:
    """A store and a connection that can be switched off, and two clocks."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.seconds = 0.0
        self.store_is_down = False
        self.is_healthy = True
        self.pong_age: float | None = 1.0
        self.asked = 0
        self.monitor = HealthMonitor(self._backlog, StoreCounts, self._troubles, lambda: self.seconds, self.clock)
        self.monitor.line = self

    def _backlog(self) -> Backlog:
        self.asked += 1
        if self.store_is_down:
            raise StoreError(StoreErrorKind.UNREACHABLE, "a fault that the test wants")
        return Backlog(3, self.clock.now - timedelta(minutes=2))

    def _troubles(self) -> Mapping[str, SiteErrorKind | None]:
        return {"PS1": None, "P02": SiteErrorKind.LOGIN}


def test_before_the_first_look_a_bot_lives_but_is_not_ready() -> None:
    world = World()

    assert world.monitor.is_alive
    assert not world.monitor.readiness().is_ready


def test_a_look_makes_it_ready_even_while_a_site_is_away() -> None:
    world = World()
    world.monitor.look()

    readiness = world.monitor.readiness()

    assert readiness.is_ready
    assert (readiness.slack, readiness.store, readiness.sites) == ("ok", "ok", {"PS1": "ok", "P02": "login"})
    assert (world.monitor.waiting, world.monitor.lag) == (3, 120)


def test_a_message_that_slack_refuses_is_named_at_once_and_one_that_is_on_its_way_is_not() -> None:
    world = World()
    now = world.clock.now
    world.monitor.undelivered = lambda: (
        PendingPost(PostKind.CARD, "R1", "C0APPROVALS", now, "not_in_channel"),
        PendingPost(PostKind.DIGEST, "morning", "C0OPS", now),
    )
    world.monitor.look()

    assert world.monitor.readiness().is_ready
    refused = "card R1 for C0APPROVALS since 2026-03-09 07:30 UTC: not_in_channel"
    assert world.monitor.readiness().waiting == (refused,)
    world.clock.move(minutes=2)
    late = "digest morning for C0OPS since 2026-03-09 07:30 UTC: no answer from Slack yet"
    assert world.monitor.readiness().waiting == (refused, late)


def test_asking_for_readiness_asks_nobody_else() -> None:
    world = World()
    world.monitor.look()

    for _ in range(100):
        world.monitor.readiness()

    assert world.asked == 1


@pytest.mark.parametrize("part", ["slack", "store"])
def test_without_slack_or_store_it_is_not_ready_and_says_which(part: str) -> None:
    world = World()
    world.is_healthy, world.store_is_down = part != "slack", part == "store"
    world.monitor.look()

    readiness = world.monitor.readiness()

    assert not readiness.is_ready
    assert (readiness.slack == "ok", readiness.store == "ok") == (part != "slack", part != "store")


def test_old_news_of_the_store_is_no_news_and_a_schedule_that_stands_still_is_no_life() -> None:
    world = World()
    world.monitor.look()

    world.seconds = STALE_SECONDS
    assert world.monitor.readiness().store == "no news"
    assert world.monitor.is_alive

    world.seconds = STUCK_SECONDS
    assert not world.monitor.is_alive


def test_a_store_that_fails_keeps_the_bot_alive_as_long_as_it_is_asked() -> None:
    world = World()
    world.store_is_down = True

    world.seconds = 10 * STUCK_SECONDS
    world.monitor.look()

    assert world.monitor.is_alive
    assert world.monitor.readiness().store == "unreachable"
