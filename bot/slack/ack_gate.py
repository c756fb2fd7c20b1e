"""Acknowledgements first: work waits a moment while something that came in is not acknowledged yet.

Threads share one interpreter; sixteen that draw long tables would keep each acknowledgement waiting for its turn.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SECONDS = 2.0
"""Work is never held up for longer, however much comes in."""


class AckGate:
    """Knows how much is being acknowledged just now, and lets work wait for it."""

    def __init__(self, longest: float = LONGEST_SECONDS) -> None:
        self._longest = longest
        self._coming = 0
        self._quiet = threading.Condition()

    @contextmanager
    def acknowledging(self) -> Iterator[None]:
        """Say that something is being acknowledged for as long as this lasts."""
        with self._quiet:
            self._coming += 1
        try:
            yield
        finally:
            with self._quiet:
                self._coming -= 1
                if not self._coming:
                    self._quiet.notify_all()

    def wait(self) -> bool:
        """Return True when nothing waits for its acknowledgement, False after the longest time that work is held up."""
        with self._quiet:
            return self._quiet.wait_for(lambda: self._coming == 0, self._longest)
