"""What runs by the clock. APScheduler only asks "what is due?": deadlines live in the store, never in its memory.

Late is better than never here (`misfire_grace_time` none), one run at a time (docs: apscheduler 3.x user guide).
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
    """Calls use cases again and again."""

    def __init__(self) -> None:
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = BackgroundScheduler(timezone=UTC, job_defaults=defaults)

    def every(self, seconds: float, name: str, work: Callable[[], None]) -> None:
        """Call `work` now and then every so many seconds; a fault is logged and the next call comes."""
        self._scheduler.add_job(_guarded(name, work), "interval", seconds=seconds, id=name)

    def run_now(self, name: str) -> None:
        """Call a job's work at once instead of at its next time."""
        with suppress(JobLookupError):  # not started yet, or stopped: its own time will come, or another process
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """Call nothing any more, and wait for what runs."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)


def _guarded(name: str, work: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            work()
        except StoreError as error:
            log.warning("cannot do what is due", job=name, trouble=error.kind.value, detail=error.detail)
        except Exception:
            log.exception("a scheduled job failed", job=name)

    return run
