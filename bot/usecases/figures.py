"""The figures by their names, each with what it means; how they are written down is decided in health/."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from bot.domain.request import Stage
from bot.domain.waiting import What

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.usecases.metering import Durations, Meter
    from bot.usecases.vitals import Vitals

PREFIX = "pkgstatus_"
Labels = tuple[str, ...]


class Kind(Enum):
    """A level that goes up and down, a count that only grows, or durations."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; `samples` are its values by the values of its labels."""

    name: str
    meaning: str
    kind: Kind
    labels: Labels = ()
    samples: Mapping[Labels, float] = field(default_factory=dict)
    durations: Durations | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything there is to know about this process and what it works on."""

    version: str
    meter: Meter
    vitals: Vitals
    unfinished: Callable[[], int]

    def read(self) -> Iterator[Figure]:
        """Return all figures as they are now."""
        yield from self._process()
        yield from self._work()
        yield from self._store()

    def _process(self) -> Iterator[Figure]:
        vitals = self.vitals
        yield Figure("info", "The program's version", Kind.GAUGE, ("version",), {(self.version,): 1})
        yield _gauge("connected", "1 while Slack hears the bot and the bot hears Slack", vitals.is_connected)
        if vitals.line and vitals.line.pong_age is not None:
            yield _gauge("pong_age_seconds", "Seconds since Slack last answered a ping", vitals.line.pong_age)
        yield _gauge("store_up", "1 while the bot's own database answers", vitals.has_store)
        up: dict[Labels, float] = {(site,): float(trouble is None) for site, trouble in vitals.troubles().items()}
        yield Figure("site_up", "0 after a site database failed, until it answers again", Kind.GAUGE, ("site",), up)

    def _work(self) -> Iterator[Figure]:
        meter = self.meter
        meaning = "Seconds from a command, click or form to its acknowledgement"
        yield Figure("ack_seconds", meaning, Kind.HISTOGRAM, durations=meter.acks())
        meaning = "Seconds from the acknowledgement to the answer"
        yield Figure("answer_seconds", meaning, Kind.HISTOGRAM, durations=meter.answers())
        yield _gauge("work_unfinished", "Questions that are being answered or wait for it", self.unfinished())
        refusals: dict[Labels, float] = {(reason,): float(count) for reason, count in meter.refusals().items()}
        yield Figure("refusals", "What was not done for a person, by its reason", Kind.COUNTER, ("reason",), refusals)

    def _store(self) -> Iterator[Figure]:
        vitals, found = self.vitals, self.vitals.store_figures
        yield _gauge("outbox_waiting", "Audit lines that are not in the channel yet", vitals.waiting)
        yield _gauge("outbox_lag_seconds", "For how long the oldest of them has waited", vitals.lag)
        waiting = Counter(str(each.what) for each in vitals.messages)
        refused = Counter(str(each.what) for each in vitals.messages if each.reason)
        kinds: dict[Labels, float] = {(str(what),): float(waiting[str(what)]) for what in What}
        yield Figure("messages_waiting", "Cards and digests that are not posted yet", Kind.GAUGE, ("kind",), kinds)
        kinds = {(str(what),): float(refused[str(what)]) for what in What}
        yield Figure("messages_refused", "Those of them that Slack does not take", Kind.GAUGE, ("kind",), kinds)
        stages: dict[Labels, float] = {(str(stage),): float(found.requests.get(stage, 0)) for stage in Stage}
        yield Figure("requests", "Reset requests by where they stand", Kind.GAUGE, ("state",), stages)
        rows: dict[Labels, float] = {place: float(count) for place, count in found.drifted.items()}
        yield Figure("rows", "Rows that are not in sync", Kind.GAUGE, ("site", "class"), rows)
        ages: dict[Labels, float] = {(site,): vitals.age(at) for site, at in found.scanned_at.items()}
        yield Figure("scan_age_seconds", "Since a site was last read through", Kind.GAUGE, ("site",), ages)


def _gauge(name: str, meaning: str, value: float) -> Figure:
    return Figure(name, meaning, Kind.GAUGE, samples={(): float(value)})
