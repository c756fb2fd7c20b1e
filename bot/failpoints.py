"""Named places where a test can let the process die, so that every crash between two steps can be tried for real.

Without the variable a place costs one look at the environment; nothing in production sets it.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "PKGSTATUS_TEST_FAILPOINT"

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
    """Die here, as if the power had failed, if this place is the armed one."""
    if os.environ.get(VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
