"""A bounded pool of workers, so that an acknowledgement never waits for a database and a flood ends in "busy".

A place is reserved before the acknowledgement and used after it: who was told "looking up" will be answered.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()


class WorkPool:
    """Runs jobs on `workers` threads; at most `waiting` more have a place in the queue."""

    def __init__(self, workers: int, waiting: int) -> None:
        self._places = threading.Semaphore(workers + waiting)
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._unfinished = 0
        self._idle = threading.Condition()
        self._is_open = True
        for number in range(workers):
            threading.Thread(target=self._run, name=f"work-{number}", daemon=True).start()

    def reserve(self) -> bool:
        """Take a place; False when all are taken or the pool is closing. A taken place must be used by `start`."""
        if not self._is_open or not self._places.acquire(blocking=False):
            return False
        with self._idle:
            self._unfinished += 1
        return True

    def start(self, job: Callable[[], None]) -> None:
        """Run a job on the place that was reserved for it."""
        self._jobs.put(job)

    @property
    def is_open(self) -> bool:
        """False once `close` was called."""
        return self._is_open

    def close(self, seconds: float) -> bool:
        """Take no more work and wait for what has a place; True when all of it was done in time."""
        self._is_open = False
        deadline = time.monotonic() + seconds
        with self._idle:
            return self._idle.wait_for(lambda: self._unfinished == 0, max(deadline - time.monotonic(), 0))

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except Exception:
                log.exception("job failed")
            finally:
                self._places.release()
                with self._idle:
                    self._unfinished -= 1
                    self._idle.notify_all()
