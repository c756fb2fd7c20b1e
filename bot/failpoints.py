"""Named places where a test can let the process die or stand still, so that what happens there can be tried for real.

Without the variable a place costs one look at the environment; nothing in production sets it.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "PKGSTATUS_TEST_FAILPOINT"
SIGNAL = "PKGSTATUS_TEST_FAILPOINT_SIGNAL"
"""SIGKILL, as if the power had failed, unless a test wants SIGSTOP."""

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


def reach(name: str) -> None:
    """Die or stop here, once, if this place is the armed one."""
    if os.environ.get(VARIABLE) == name:
        del os.environ[VARIABLE]
        os.kill(os.getpid(), signal.Signals[os.environ.get(SIGNAL, "SIGKILL")])
