"""Named places where a test can let the process die or stand still, so that what happens there can be tried for real.

Nothing in production arms one, and nothing from outside the process can.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = (
    "inbox: kept",
    "inbox: acknowledged",
    "answer: worked out",
    "answer: recorded",
    "answer: given",
    "append: before commit",
    "append: committed",
    "deliver: before post",
    "deliver: posted",
    "deliver: settled",
    "apply: before claim",
    "apply: claimed",
    "apply: first row changed",
    "apply: before commit",
    "apply: committed",
    "apply: recorded",
    "digest: drawn up",
    "digest: claimed",
)

_armed: dict[str, Callable[[], None]] = {}


def die() -> None:
    """Die as if the power had failed."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str, action: Callable[[], None] = die) -> None:
    """Let the next that comes to a place die there, or do what else is given."""
    _armed[name] = action


def reach(name: str) -> None:
    """Do what is armed here, once."""
    action = _armed.pop(name, None)
    if action:
        action()
