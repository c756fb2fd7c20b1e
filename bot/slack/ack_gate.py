"""Gives acknowledgements precedence: work waits a moment while a delivery is not acknowledged yet.

Threads share one interpreter: sixteen of them drawing long tables would delay every acknowledgement.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_WAIT_SECONDS = 2.0
"""Work is never held up for longer, however much is delivered."""


class AckGate:
    """Counts deliveries that are not acknowledged yet, and lets work wait until there are none."""

    def __init__(self, max_wait: float = MAX_WAIT_SECONDS) -> None:
        self._max_wait = max_wait
        self._pending = 0
        self._idle = threading.Condition()

    @contextmanager
    def acknowledging(self) -> Iterator[None]:
        """Count one delivery as unacknowledged while the context lasts."""
        with self._idle:
            self._pending += 1
        try:
            yield
        finally:
            with self._idle:
                self._pending -= 1
                if not self._pending:
                    self._idle.notify_all()

    def wait(self) -> bool:
        """Block until every delivery is acknowledged and return True; False after the longest wait."""
        with self._idle:
            return self._idle.wait_for(lambda: self._pending == 0, self._max_wait)
