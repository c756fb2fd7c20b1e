"""Runs jobs at intervals. Deadlines are in the store: a job asks there what is due, and APScheduler keeps no state.

A late run is made up for (`misfire_grace_time` none), and a job never runs twice at once (APScheduler 3.x user guide).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from bot.usecases.ports.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.stdlib.get_logger(__name__)


class Scheduler:
    """Calls functions at intervals, on background threads."""

    def __init__(self) -> None:
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = BackgroundScheduler(timezone=UTC, job_defaults=defaults)

    def every(self, seconds: float, name: str, work: Callable[[], None]) -> None:
        """Call `work` every so many seconds; an error is logged and does not end the schedule."""
        self._scheduler.add_job(_logging_errors(name, work), "interval", seconds=seconds, id=name)

    def run_now(self, name: str) -> None:
        """Run a job now instead of at its next time."""
        with suppress(JobLookupError):  # not started yet, or stopped: it runs at its next time, or in another process
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    def start(self) -> None:
        """Start calling."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start no more runs, and wait for those that run."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)


def _logging_errors(name: str, work: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            work()
        except StoreError as error:
            log.warning("cannot do what is due", job=name, trouble=error.kind.value, detail=error.detail)
        except Exception:
            log.exception("a scheduled job failed", job=name)

    return run
