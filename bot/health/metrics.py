"""The bot's metrics, in a registry of its own: what it counts and times, and what is read when Prometheus asks.

Their names and labels are named by deploy/prometheus, deploy/grafana and the README.
"""

from __future__ import annotations

from collections import Counter as Counts
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.domain.pending_post import PostKind
from bot.domain.refusal import Reason
from bot.domain.request import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bot.usecases.audit.recorder import AuditAction
    from bot.usecases.health import HealthMonitor

PREFIX = "pkgstatus_"
ACK_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 3)
"""Slack waits three seconds."""
ANSWER_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
OTHER = "other"
_REASONS = frozenset(map(str, Reason))

disable_created_metrics()  # a gauge more for each histogram and counter, which no query asks for


class Metrics:
    """The registry and what the bot writes to it, from any thread."""

    def __init__(self, version: str, monitor: HealthMonitor, unfinished: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        Info(PREFIX.rstrip("_"), "The program's version", registry=self.registry).info({"version": version})
        self.ack_seconds = self._histogram(
            "ack_seconds", "Seconds from a command, click or form to its acknowledgement", ACK_BUCKETS
        )
        self.answer_seconds = self._histogram(
            "answer_seconds", "Seconds from the acknowledgement to the answer", ANSWER_BUCKETS
        )
        self._refusals = Counter(
            f"{PREFIX}refusals", "What was not done for a person, by its reason", ["reason"], registry=self.registry
        )
        self._gauge("connected", "1 while Slack hears the bot and the bot hears Slack", lambda: monitor.is_connected)
        self._gauge("store_up", "1 while the bot's own database answers", lambda: monitor.has_store)
        self._gauge("work_unfinished", "Questions that are being answered or wait for it", unfinished)
        self._gauge("outbox_waiting", "Audit lines that are not in the channel yet", lambda: monitor.waiting)
        self._gauge("outbox_lag_seconds", "For how long the oldest of them has waited", lambda: monitor.lag)
        self.registry.register(_Labelled(monitor))

    def recorded(self, action: AuditAction) -> None:
        """Count a refusal; a reason with a name of its own in it would be a time series of its own each time."""
        if action.outcome == "refused":
            self._refusals.labels(action.reason if action.reason in _REASONS else OTHER).inc()

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"{PREFIX}{name}", meaning, buckets=buckets, registry=self.registry)

    def _gauge(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        Gauge(f"{PREFIX}{name}", meaning, registry=self.registry).set_function(value)


class _Labelled(Collector):
    """Gauges whose labels come and go with what the health monitor found last."""

    def __init__(self, monitor: HealthMonitor) -> None:
        self._monitor = monitor

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return them as they are now; without a connection there is no age of a pong."""
        monitor, found = self._monitor, self._monitor.store_counts
        if monitor.line and monitor.line.pong_age is not None:
            yield _family("pong_age_seconds", "Seconds since Slack last answered a ping", [((), monitor.line.pong_age)])
        up = [((site,), trouble is None) for site, trouble in monitor.site_errors().items()]
        yield _family("site_up", "0 after a site database failed, until it answers again", up, "site")
        waiting = Counts(each.what for each in monitor.messages)
        refused = Counts(each.what for each in monitor.messages if each.reason)
        by_kind = [((str(what),), waiting[what]) for what in PostKind]
        yield _family("messages_waiting", "Cards and digests that are not posted yet", by_kind, "kind")
        by_kind = [((str(what),), refused[what]) for what in PostKind]
        yield _family("messages_refused", "Those of them that Slack does not take", by_kind, "kind")
        stages = [((str(stage),), found.requests.get(stage, 0)) for stage in Stage]
        yield _family("requests", "Reset requests by where they stand", stages, "state")
        yield _family("rows", "Rows that are not in sync", found.drifted.items(), "site", "class")
        ages = [((site,), monitor.age(at)) for site, at in found.scanned_at.items()]
        yield _family("scan_age_seconds", "Since a site was last read through", ages, "site")


def _family(name: str, meaning: str, values: Iterable[tuple[Sequence[str], float]], *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{PREFIX}{name}", meaning, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family
