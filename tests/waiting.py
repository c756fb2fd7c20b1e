"""Polling for a condition, with a timeout that holds on a busy machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

TIMEOUT_SECONDS = 90.0
"""Long enough for a machine with a load of ten for each core; only a condition that never holds takes so long."""
POLL_SECONDS = 0.02


def wait_until(
    condition: Callable[[], T | None], describe: Callable[[], str] = str, seconds: float = TIMEOUT_SECONDS
) -> T:
    """Return the first truthy value of `condition`. Raises AssertionError, with `describe()`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"Nothing after {seconds} s. {describe()}")
