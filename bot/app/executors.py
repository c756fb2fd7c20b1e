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
BUSY_REPLY_WORKERS, BUSY_REPLIES_WAITING = 4, 10_000


@dataclass(frozen=True, slots=True)
class Executors:
    """The pools of a bot; `busy_replies` tells people by HTTP that nothing was done."""

    work: BoundedExecutor
    stops: Mapping[StopKind, BoundedExecutor]
    busy_replies: BoundedExecutor

    @classmethod
    def of(cls, settings: Work, on_finished: Callable[[float], None], before_job: Callable[[], object]) -> Executors:
        """Start them."""
        work = BoundedExecutor(settings.workers, settings.waiting, on_finished, before_job)
        stops = {kind: BoundedExecutor(STOP_WORKERS, STOPS_WAITING, on_finished) for kind in StopKind}
        return cls(work, stops, BoundedExecutor(BUSY_REPLY_WORKERS, BUSY_REPLIES_WAITING, before_job=before_job))

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
        yield self.busy_replies
