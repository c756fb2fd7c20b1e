"""Alive, ready, and how old news may be; what is counted as a refusal, and how durations are sorted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.domain.trouble import SiteTrouble
from bot.domain.waiting import Waiting, What
from bot.slack.taking import Taken
from bot.usecases.metering import OTHER, Durations, Meter
from bot.usecases.recording import Deed, refused
from bot.usecases.store_ports import Backlog, StoreError, StoreTrouble
from bot.usecases.vitals import STALE_SECONDS, STUCK_SECONDS, StoreFigures, Vitals
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
        self.vitals = Vitals(self._backlog, StoreFigures, self._troubles, lambda: self.seconds, self.clock)
        self.vitals.line = self

    def _backlog(self) -> Backlog:
        self.asked += 1
        if self.store_is_down:
            raise StoreError(StoreTrouble.UNREACHABLE, "a fault that the test wants")
        return Backlog(3, self.clock.now - timedelta(minutes=2))

    def _troubles(self) -> Mapping[str, SiteTrouble | None]:
        return {"PS1": None, "P02": SiteTrouble.LOGIN}


def test_before_the_first_look_a_bot_lives_but_is_not_ready() -> None:
    world = World()

    assert world.vitals.is_alive
    assert not world.vitals.readiness().is_ready


def test_a_look_makes_it_ready_even_while_a_site_is_away() -> None:
    world = World()
    world.vitals.look()

    readiness = world.vitals.readiness()

    assert readiness.is_ready
    assert (readiness.slack, readiness.store, readiness.sites) == ("ok", "ok", {"PS1": "ok", "P02": "login"})
    assert (world.vitals.waiting, world.vitals.lag) == (3, 120)


def test_a_message_that_slack_refuses_is_named_at_once_and_one_that_is_on_its_way_is_not() -> None:
    world = World()
    now = world.clock.now
    world.vitals.undelivered = lambda: (
        Waiting(What.CARD, "R1", "C0APPROVALS", now, "not_in_channel"),
        Waiting(What.DIGEST, "morning", "C0OPS", now),
    )
    world.vitals.look()

    assert world.vitals.readiness().is_ready
    refused = "card R1 for C0APPROVALS since 2026-03-09 07:30 UTC: not_in_channel"
    assert world.vitals.readiness().waiting == (refused,)
    world.clock.move(minutes=2)
    late = "digest morning for C0OPS since 2026-03-09 07:30 UTC: no answer from Slack yet"
    assert world.vitals.readiness().waiting == (refused, late)


def test_asking_for_readiness_asks_nobody_else() -> None:
    world = World()
    world.vitals.look()

    for _ in range(100):
        world.vitals.readiness()

    assert world.asked == 1


@pytest.mark.parametrize("part", ["slack", "store"])
def test_without_slack_or_store_it_is_not_ready_and_says_which(part: str) -> None:
    world = World()
    world.is_healthy, world.store_is_down = part != "slack", part == "store"
    world.vitals.look()

    readiness = world.vitals.readiness()

    assert not readiness.is_ready
    assert (readiness.slack == "ok", readiness.store == "ok") == (part != "slack", part != "store")


def test_old_news_of_the_store_is_no_news_and_a_schedule_that_stands_still_is_no_life() -> None:
    world = World()
    world.vitals.look()

    world.seconds = STALE_SECONDS
    assert world.vitals.readiness().store == "no news"
    assert world.vitals.is_alive

    world.seconds = STUCK_SECONDS
    assert not world.vitals.is_alive


def test_a_store_that_fails_keeps_the_bot_alive_as_long_as_it_is_asked() -> None:
    world = World()
    world.store_is_down = True

    world.seconds = 10 * STUCK_SECONDS
    world.vitals.look()

    assert world.vitals.is_alive
    assert world.vitals.readiness().store == "unreachable"


def test_refusals_are_counted_by_reasons_of_a_fixed_number() -> None:
    meter = Meter()

    meter.noted(refused("looked up", "guest"))
    meter.noted(refused("command", Taken.BUSY.value))
    meter.noted(refused("requested", "held by request 0123456789abcdef"))
    meter.noted(refused("requested", "held by request fedcba9876543210"))
    meter.noted(Deed("looked up", "answered"))

    assert meter.refusals() == {"guest": 1, "busy": 1, OTHER: 2}


@pytest.mark.parametrize(("seconds", "place"), [(0, 0), (1, 0), (1.5, 1), (2, 1), (2.1, 2), (99, 2)])
def test_a_duration_is_counted_at_the_first_bound_it_keeps(seconds: float, place: int) -> None:
    durations = Durations((1, 2))

    durations.add(seconds)

    assert [at for at, count in enumerate(durations.counts) if count] == [place]
    assert durations.seconds == seconds


def test_what_was_read_does_not_grow_any_more() -> None:
    meter = Meter()
    meter.answered(0.2)
    before = meter.answers()

    meter.answered(0.2)

    assert (sum(before.counts), sum(meter.answers().counts)) == (1, 2)
