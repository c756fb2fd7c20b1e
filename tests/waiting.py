"""Waiting for what has to come, however busy the machine is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

TIMEOUT_SECONDS = 90.0
"""Long enough for a machine with ten times more to do than it can; only what never comes takes so long."""
POLL_SECONDS = 0.02


def wait_until(what: Callable[[], T | None], otherwise: Callable[[], str] = str, seconds: float = TIMEOUT_SECONDS) -> T:
    """Return what is asked for as soon as there is something to return; fail with what `otherwise` says."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"Nothing after {seconds} s. {otherwise()}")
