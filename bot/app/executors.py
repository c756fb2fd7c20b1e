"""Those who work on what comes in: the many who answer, the few for each way to stop resets, and who says "busy"."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.slack.bounded_executor import BoundedExecutor
from bot.slack.emergency_stop import StopKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.settings.model import Work

STOP_WORKERS, STOPS_WAITING = 2, 20
TURNING_AWAY_WORKERS, TURNED_AWAY_WAITING = 4, 10_000


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools of a bot; `turning_away` tells people by HTTP that nothing was done."""

    work: BoundedExecutor
    stops: Mapping[StopKind, BoundedExecutor]
    turning_away: BoundedExecutor

    @classmethod
    def of(cls, settings: Work, took: Callable[[float], None], may_begin: Callable[[], object]) -> Pools:
        """Start them."""
        work = BoundedExecutor(settings.workers, settings.waiting, took, may_begin)
        stops = {kind: BoundedExecutor(STOP_WORKERS, STOPS_WAITING, took) for kind in StopKind}
        return cls(work, stops, BoundedExecutor(TURNING_AWAY_WORKERS, TURNED_AWAY_WAITING, may_begin=may_begin))

    @property
    def unfinished(self) -> int:
        """How many jobs run or have a place."""
        return sum(pool.unfinished for pool in self._all())

    def close(self, seconds: float) -> bool:
        """Take no more work and wait for what has a place; True when all of it was done in time."""
        deadline = time.monotonic() + seconds
        in_time = [pool.close(max(deadline - time.monotonic(), 0)) for pool in self._all()]
        return all(in_time)

    def _all(self) -> Iterator[BoundedExecutor]:
        """Yield every pool, the one that others send people to last."""
        yield self.work
        yield from self.stops.values()
        yield self.turning_away
