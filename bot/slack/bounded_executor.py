"""A bounded executor, so that an acknowledgement never waits for a database and a flood ends in "busy".

A place is reserved before the acknowledgement and used after it: who was told "looking up" will be answered.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.stdlib.get_logger(__name__)


class BoundedExecutor:
    """Runs jobs on `workers` threads; at most `waiting` more have a place in the queue.

    `on_finished` is called with how many seconds each job took, with its wait; each begins when `before_job` returns.
    At its end Python
    waits for a job that hangs: whoever closes a pool in vain has to end the process.
    """

    def __init__(
        self,
        workers: int,
        waiting: int,
        on_finished: Callable[[float], None] = lambda _: None,
        before_job: Callable[[], object] = lambda: None,
    ) -> None:
        self._executor = ThreadPoolExecutor(workers, "work")
        self._places = workers + waiting
        self._on_finished = on_finished
        self._may_begin = before_job
        self._unfinished = 0
        self._changed = threading.Condition()
        self._is_open = True

    def reserve(self) -> bool:
        """Take a place; False when all are taken or the pool is closing. A taken place must be used by `start`."""
        with self._changed:
            if not self._is_open or self._unfinished >= self._places:
                return False
            self._unfinished += 1
        return True

    def release(self) -> None:
        """Give a reserved place back unused."""
        with self._changed:
            self._unfinished -= 1
            self._changed.notify_all()

    def run(self, job: Callable[[], None]) -> None:
        """Run a job of our own, which waits for a place as long as it must."""
        with self._changed:
            self._changed.wait_for(lambda: self._unfinished < self._places)
            self._unfinished += 1
        self.start(job)

    def start(self, job: Callable[[], None]) -> None:
        """Run a job on the place that was reserved for it."""
        self._executor.submit(self._work, time.monotonic(), job)

    @property
    def unfinished(self) -> int:
        """How many jobs run or have a place."""
        return self._unfinished

    @property
    def is_open(self) -> bool:
        """False once `close` was called."""
        return self._is_open

    def close(self, seconds: float) -> bool:
        """Take no more work and wait for what has a place; True when all of it was done in time."""
        with self._changed:
            self._is_open = False
            return self._changed.wait_for(lambda: self._unfinished == 0, seconds)

    def _work(self, since: float, job: Callable[[], None]) -> None:
        try:
            self._may_begin()
            job()
        except Exception:
            log.exception("job failed")
        finally:
            self._on_finished(time.monotonic() - since)
            self.release()
