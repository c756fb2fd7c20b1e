"""The one sentence that is said when an answer takes its time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Patience:
    """Says once that an answer takes its time, unless it has begun to leave before; never after it."""

    def __init__(self, seconds: float, say: Callable[[], None]) -> None:
        self._say = say
        self._guard = threading.Lock()
        self._is_over = False
        self._timer = threading.Timer(seconds, self._speak)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """The answer leaves now: say nothing any more, and wait for what is just being said."""
        self._timer.cancel()
        with self._guard:
            self._is_over = True

    def _speak(self) -> None:
        with self._guard:
            if not self._is_over:
                self._say()


def after(seconds: float, what: Callable[[], None]) -> None:
    """Do something later, if this process still lives then."""
    timer = threading.Timer(seconds, what)
    timer.daemon = True
    timer.start()
