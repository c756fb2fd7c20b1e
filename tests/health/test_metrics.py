"""What the bot counts and times, in a registry of its own, and what Prometheus is told of store and sites."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from bot.domain.pending_post import PendingPost, PostKind
from bot.domain.site_error_kind import SiteErrorKind
from bot.health.metrics import OTHER, Metrics
from bot.slack.dispatcher import Intake
from bot.usecases.audit.recorder import AuditAction, refused
from bot.usecases.health import HealthMonitor, StoreCounts
from bot.usecases.ports.store import Backlog
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping


class Line:
    """A connection that was pinged lately."""

    is_healthy = True
    pong_age = 1.5


class World:
    """Metrics over a monitor that finds what a test wants."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.counts = StoreCounts()
        self.unfinished = 0
        self.monitor = HealthMonitor(
            lambda: Backlog(3, self.clock.now - timedelta(minutes=2)),
            lambda: self.counts,
            lambda: {"PS1": None, "P02": SiteErrorKind.LOGIN},
            lambda: 0.0,
            self.clock,
        )
        self.metrics = Metrics("1.2", self.monitor, lambda: self.unfinished)

    def value(self, name: str, **labels: str) -> float | None:
        """Return a sample as Prometheus would get it."""
        return self.metrics.registry.get_sample_value(f"pkgstatus_{name}", labels)

    def labels(self, name: str) -> list[Mapping[str, str]]:
        """Return the labels of all samples of a family."""
        families = self.metrics.registry.collect()
        return [sample.labels for each in families if each.name == f"pkgstatus_{name}" for sample in each.samples]


def test_refusals_are_counted_by_reasons_of_a_fixed_number() -> None:
    world = World()

    world.metrics.recorded(refused("looked up", "guest"))
    world.metrics.recorded(refused("command", Intake.BUSY.value))
    world.metrics.recorded(refused("requested", "held by request 0123456789abcdef"))
    world.metrics.recorded(refused("requested", "held by request fedcba9876543210"))
    world.metrics.recorded(AuditAction("looked up", "answered"))

    assert world.labels("refusals") == [{"reason": "guest"}, {"reason": "busy"}, {"reason": OTHER}]
    assert [world.value("refusals_total", reason=reason) for reason in ("guest", "busy", OTHER)] == [1, 1, 2]


def test_what_took_just_three_seconds_was_in_time_for_slack_and_what_took_longer_was_not() -> None:
    world = World()

    for seconds in (0.004, 3, 3.1):
        world.metrics.ack_seconds.observe(seconds)

    assert [world.value("ack_seconds_bucket", le=le) for le in ("0.01", "2.0", "3.0", "+Inf")] == [1, 1, 2, 3]
    assert (world.value("ack_seconds_count"), world.value("ack_seconds_sum")) == (3, 6.104)
    assert world.value("answer_seconds_count") == 0


def test_everything_is_told_as_it_is_when_it_is_asked_for() -> None:
    world = World()
    assert (world.value("connected"), world.value("store_up"), world.value("pong_age_seconds")) == (0, 0, None)

    world.monitor.line, world.unfinished = Line(), 7
    world.monitor.undelivered = lambda: (
        PendingPost(PostKind.CARD, "R1", "C0APPROVALS", world.clock.now, "not_in_channel"),
        PendingPost(PostKind.CARD, "R2", "C0APPROVALS", world.clock.now),
    )
    world.counts = StoreCounts({"pending": 2}, {("PS1", "DP behind"): 4}, {"PS1": world.clock.now})
    world.monitor.look()
    world.clock.move(minutes=1)

    assert (world.value("connected"), world.value("store_up"), world.value("pong_age_seconds")) == (1, 1, 1.5)
    assert (world.value("work_unfinished"), world.value("outbox_waiting")) == (7, 3)
    assert (world.value("outbox_lag_seconds"), world.value("scan_age_seconds", site="PS1")) == (180, 60)
    assert (world.value("site_up", site="PS1"), world.value("site_up", site="P02")) == (1, 0)
    assert [world.value(f"messages_{what}", kind="card") for what in ("waiting", "refused")] == [2, 1]
    assert (world.value("requests", state="pending"), world.value("requests", state="applied")) == (2, 0)
    assert world.value("rows", **{"site": "PS1", "class": "DP behind"}) == 4
    assert world.value("info", version="1.2") == 1

    world.counts = StoreCounts()
    world.monitor.look()

    assert world.labels("rows") == []


def test_two_bots_of_one_process_count_for_themselves_and_not_for_all() -> None:
    one, other = World(), World()

    one.metrics.answer_seconds.observe(0.2)

    assert [world.value("answer_seconds_count") for world in (one, other)] == [1, 0]
    assert b"pkgstatus_" not in generate_latest(REGISTRY)
    assert b"_created" not in generate_latest(one.metrics.registry)


def test_a_prometheus_that_asks_for_openmetrics_gets_the_same_names() -> None:
    world = World()
    world.metrics.recorded(refused("looked up", "guest"))

    text = generate_openmetrics(world.metrics.registry).decode()

    told = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    assert told == {sample.name for family in world.metrics.registry.collect() for sample in family.samples}
