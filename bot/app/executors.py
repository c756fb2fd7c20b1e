"""The executors of a bot: one for most requests, one for each kind of emergency stop, and one that sends "busy"."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.slack.bounded_executor import BoundedExecutor
from bot.slack.emergency_stop import StopKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.settings.model import Work

STOP_WORKERS, STOPS_WAITING, STOPS_PER_PERSON = 4, 20, 2
"""More stops of one person wait with everything else: nobody keeps others from stopping resets."""
BUSY_REPLY_WORKERS, BUSY_REPLIES_WAITING = 4, 10_000


@dataclass(frozen=True, slots=True)
class Executors:
    """All executors; `busy_replies` tells people by HTTP that nothing was done."""

    work: BoundedExecutor
    stops: Mapping[StopKind, BoundedExecutor]
    busy_replies: BoundedExecutor

    @classmethod
    def of(cls, settings: Work, on_finished: Callable[[float], None], before_job: Callable[[], object]) -> Executors:
        """Create them; `on_finished` gets the seconds of each job, and `before_job` returns when one may begin."""
        work = BoundedExecutor(settings.workers, settings.waiting, on_finished, before_job)
        stops = {
            kind: BoundedExecutor(STOP_WORKERS, STOPS_WAITING, on_finished, per_person=STOPS_PER_PERSON)
            for kind in StopKind
        }
        return cls(work, stops, BoundedExecutor(BUSY_REPLY_WORKERS, BUSY_REPLIES_WAITING, before_job=before_job))

    @property
    def unfinished(self) -> int:
        """How many jobs run or have a place."""
        return sum(executor.unfinished for executor in self._all())

    def close(self, seconds: float) -> bool:
        """Take no more work and wait for what has a place; True when all of it was done in time."""
        deadline = time.monotonic() + seconds
        in_time = [executor.close(max(deadline - time.monotonic(), 0)) for executor in self._all()]
        return all(in_time)

    def _all(self) -> Iterator[BoundedExecutor]:
        """Yield every executor; the one that the others need to turn people away comes last."""
        yield self.work
        yield from self.stops.values()
        yield self.busy_replies
