"""Named places where a test can let the process die or stand still, so that what happens there can be tried for real.

Nothing in production arms one, and nothing from outside the process can.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal

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
)


_armed: dict[str, signal.Signals] = {}


def arm(name: str, how: signal.Signals) -> None:
    """Let the next that comes to a place die there (SIGKILL, as if the power had failed) or stand still (SIGSTOP)."""
    _armed[name] = how


def reach(name: str) -> None:
    """Die or stop here, once, if this place is armed."""
    if name in _armed:
        os.kill(os.getpid(), _armed.pop(name))
