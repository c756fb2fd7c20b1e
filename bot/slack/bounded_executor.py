"""A bounded executor, so that an acknowledgement never waits for a database and a flood ends in "busy".

A place is reserved before the acknowledgement and used after it: whatever was acknowledged will be run.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.stdlib.get_logger(__name__)


class BoundedExecutor:
    """Runs jobs on `workers` threads; at most `waiting` more have a place in the queue.

    `on_finished` is called with the seconds that each job took, its wait included; each begins when `before_job`
    returns. One person has at most `per_person` places. At its end Python waits for a job that hangs: when `close`
    returns False, the process has to be ended.
    """

    def __init__(
        self,
        workers: int,
        waiting: int,
        on_finished: Callable[[float], None] = lambda _: None,
        before_job: Callable[[], object] = lambda: None,
        per_person: int | None = None,
    ) -> None:
        self._executor = ThreadPoolExecutor(workers, "work")
        self._capacity = workers + waiting
        self._per_person = per_person
        self._on_finished = on_finished
        self._before_job = before_job
        self._places: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._is_open = True

    def reserve(self, user_id: str = "") -> bool:
        """Take a place; False when all are taken, when this person has enough, or after `close`.

        A place must be used by `submit_reserved` or given back by `release`, for the same person.
        """
        with self._changed:
            is_full = self.unfinished >= self._capacity
            limit = self._per_person if user_id and self._per_person else self._capacity
            if not self._is_open or is_full or self._places[user_id] >= limit:
                return False
            self._places[user_id] += 1
        return True

    def release(self, user_id: str = "") -> None:
        """Give a reserved place back unused."""
        with self._changed:
            self._places[user_id] -= 1
            if not self._places[user_id]:
                del self._places[user_id]
            self._changed.notify_all()

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job of the bot's own, which waits for a place as long as it must."""
        with self._changed:
            self._changed.wait_for(lambda: self.unfinished < self._capacity)
            self._places[""] += 1
        self.submit_reserved(job)

    def submit_reserved(self, job: Callable[[], None], user_id: str = "") -> None:
        """Run a job on the place that was reserved for it."""
        self._executor.submit(self._run, time.monotonic(), job, user_id)

    @property
    def unfinished(self) -> int:
        """How many jobs run or have a place."""
        with self._changed:
            return self._places.total()

    @property
    def is_open(self) -> bool:
        """False once `close` was called."""
        return self._is_open

    def close(self, seconds: float) -> bool:
        """Take no more work and wait for what has a place; True when all of it was done in time."""
        with self._changed:
            self._is_open = False
            return self._changed.wait_for(lambda: self.unfinished == 0, seconds)

    def _run(self, since: float, job: Callable[[], None], user_id: str) -> None:
        try:
            self._before_job()
            job()
        except Exception:
            log.exception("job failed")
        finally:
            self._on_finished(time.monotonic() - since)
            self.release(user_id)
