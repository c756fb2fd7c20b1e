"""The bot, which dies or stops at a failpoint once armed: `python -m tests.frontdoor.mortal_bot FAILPOINT die|stop`.

It is armed by SIGUSR1, so that its start is an ordinary one and the death comes in the middle of what a test does.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING

from bot import failpoints
from bot.__main__ import main
from bot.dbapi import Database

if TYPE_CHECKING:
    from types import FrameType

    from tests.bots import Bot
    from tests.stage import Stage

ARMED, STANDING = "armed", "standing still"
_armed, _going_on = threading.Event(), threading.Event()


def mortal(failpoint: str, how: str = "die") -> tuple[str, ...]:
    """Return the program as a stage starts it."""
    return ("-m", "tests.frontdoor.mortal_bot", failpoint, how)


def arm(stage: Stage, bot: Bot) -> None:
    """Let a bot die or stand still when it next comes to its failpoint."""
    bot.process.send_signal(signal.SIGUSR1)
    stage.wait_for(lambda: ARMED in bot.log())


def wait_until_it_stands(stage: Stage, bot: Bot, seconds: float = 90) -> None:
    """Wait until one thread of a bot stands still at its failpoint; the others go on."""
    stage.wait_for(lambda: STANDING in bot.log(), seconds)


def stop(stage: Stage, bot: Bot) -> None:
    """Stop all of a bot at its failpoint."""
    wait_until_it_stands(stage, bot)
    stand_still(stage, bot)


def stand_still(stage: Stage, bot: Bot) -> None:
    """Stop all of a bot between two writes of a SQLite store: in one, it would lock everybody out."""

    def in_between(_: object) -> None:
        bot.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, bot.process.pid, os.WSTOPPED | os.WNOWAIT)

    with closing(Database(stage.settings["PKGSTATUS_STORE"])) as store:
        store.write(in_between)


def go_on(bot: Bot) -> None:
    """Let a bot that stands still or was stopped go on as if nothing had been."""
    bot.process.send_signal(signal.SIGUSR1)
    bot.process.send_signal(signal.SIGCONT)


def _heard(_number: int, _frame: FrameType | None) -> None:
    """Arm the failpoint; the next time, go on from it."""
    if _armed.is_set():
        _going_on.set()
        return
    _armed.set()
    failpoints.arm(sys.argv[1], DEEDS[sys.argv[2]])
    _say(ARMED)


def _stand_still() -> None:
    _say(STANDING)
    _going_on.wait()


DEEDS = {"die": failpoints.die, "stop": _stand_still}


def _say(word: str) -> None:
    os.write(sys.stdout.fileno(), f"{word}\n".encode())


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _heard)
    main(["run"])
