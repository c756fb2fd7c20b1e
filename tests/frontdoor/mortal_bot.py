"""The bot, which dies or stops at a failpoint once armed: `python -m tests.frontdoor.mortal_bot FAILPOINT [SIGNAL]`.

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

    from tests.bots import Bot
    from tests.stage import Stage

ARMED = "armed"


def mortal(failpoint: str, how: str = "SIGKILL") -> tuple[str, ...]:
    """Return the program as a stage starts it."""
    return ("-m", "tests.frontdoor.mortal_bot", failpoint, how)


def arm(stage: Stage, bot: Bot) -> None:
    """Let a bot die or stop when it next comes to its failpoint."""
    bot.process.send_signal(signal.SIGUSR1)
    stage.wait_for(lambda: ARMED in bot.log())


def wait_until_stopped(stage: Stage, bot: Bot, seconds: float = 30) -> None:
    """Wait until a bot stands still at its failpoint."""
    look = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
    stage.wait_for(lambda: os.waitid(os.P_PID, bot.process.pid, look), seconds)


def go_on(bot: Bot) -> None:
    """Let a bot that stands still go on as if nothing had been."""
    bot.process.send_signal(signal.SIGCONT)


def _arm(_number: int, _frame: FrameType | None) -> None:
    failpoints.arm(sys.argv[1], signal.Signals[sys.argv[2]])
    os.write(sys.stdout.fileno(), f"{ARMED}\n".encode())


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _arm)
    main(["run"], prog_name="pkgstatus-bot")
