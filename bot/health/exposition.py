"""Writes figures down as Prometheus reads them."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, core, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from bot.usecases.figures import PREFIX, Figure, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.usecases.metering import Durations


def exposition(figures: Iterable[Figure]) -> tuple[str, bytes]:
    """Return content type and text."""
    registry = CollectorRegistry()
    registry.register(_Collector(figures))
    return CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry)


class _Collector:
    """Hands over what was read once."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._figures = list(figures)

    def collect(self) -> Iterator[Any]:
        """Return each figure as a family of the library's."""
        yield from map(_family, self._figures)


def _family(figure: Figure) -> Any:
    name = f"{PREFIX}{figure.name}"
    if figure.durations is not None:
        durations = figure.durations
        return core.HistogramMetricFamily(
            name, figure.meaning, buckets=_buckets(durations), sum_value=durations.seconds
        )
    kind = core.CounterMetricFamily if figure.kind is Kind.COUNTER else core.GaugeMetricFamily
    family = kind(name, figure.meaning, labels=figure.labels)
    for labels, value in figure.samples.items():
        family.add_metric(labels, value)
    return family


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    bounds = [*map(str, map(float, durations.bounds)), "+Inf"]
    return list(zip(bounds, accumulate(durations.counts), strict=True))
