"""The bot, which dies at a failpoint once it is armed: `python -m tests.frontdoor.mortal_bot FAILPOINT`.

It is armed by SIGUSR1, so that its start is an ordinary one and the death comes in the middle of what a test does.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from bot import failpoints
from bot.__main__ import main

if TYPE_CHECKING:
    from types import FrameType

ARMED = "armed"


def mortal(failpoint: str) -> tuple[str, ...]:
    """Return the program as a stage starts it."""
    return ("-m", "tests.frontdoor.mortal_bot", failpoint)


def _arm(_number: int, _frame: FrameType | None) -> None:
    os.environ[failpoints.VARIABLE] = sys.argv[1]
    os.write(sys.stdout.fileno(), f"{ARMED}\n".encode())


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _arm)
    main(["run"], prog_name="pkgstatus-bot")
