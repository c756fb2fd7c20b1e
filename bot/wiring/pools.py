"""Those who work on what comes in: the many who answer, and the few who do nothing but stop resets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.slack.work import WorkPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.settings.model import Work

BRAKE_WORKERS, BRAKES_WAITING = 2, 20


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools of a bot."""

    work: WorkPool
    brakes: WorkPool

    @classmethod
    def of(cls, settings: Work, took: Callable[[float], None], may_begin: Callable[[], object]) -> Pools:
        """Start them."""
        work = WorkPool(settings.workers, settings.waiting, took, may_begin)
        return cls(work, WorkPool(BRAKE_WORKERS, BRAKES_WAITING, took))

    @property
    def unfinished(self) -> int:
        """How many jobs run or have a place."""
        return self.work.unfinished + self.brakes.unfinished

    def close(self, seconds: float) -> bool:
        """Take no more work and wait for what has a place; True when all of it was done in time."""
        return all([self.work.close(seconds), self.brakes.close(seconds)])
