"""Crash injection: run the bot and let it die or pause at a failpoint.

Run as `python -m tests.frontdoor.crash_injector FAILPOINT die|stop`. SIGUSR1 arms the failpoint, so that the bot starts
as usual and the crash comes in the middle of what a test does.
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

    from tests.bot_process import BotProcess
    from tests.harness import Harness

ARMED, PAUSED = "armed", "paused"
_armed, _resumed = threading.Event(), threading.Event()
_unreached = threading.Lock()
"""Taken by the first that comes to the armed failpoint."""


def crashing_bot(failpoint: str, how: str = "die") -> tuple[str, ...]:
    """Return the program that a harness starts: arguments of the Python interpreter."""
    return ("-m", "tests.frontdoor.crash_injector", failpoint, how)


def arm(harness: Harness, bot: BotProcess) -> None:
    """Let a bot die or pause when it next comes to its failpoint."""
    bot.process.send_signal(signal.SIGUSR1)
    harness.wait_for(lambda: ARMED in bot.log())


def wait_until_paused(harness: Harness, bot: BotProcess, seconds: float = 90) -> None:
    """Wait until one thread of a bot is paused at its failpoint; the others go on."""
    harness.wait_for(lambda: PAUSED in bot.log(), seconds)


def suspend_at_failpoint(harness: Harness, bot: BotProcess) -> None:
    """Wait until a thread of a bot is at its failpoint, then suspend the whole process."""
    wait_until_paused(harness, bot)
    suspend(harness, bot)


def suspend(harness: Harness, bot: BotProcess) -> None:
    """Suspend a bot's process between two writes of a SQLite store: within one, it would lock everybody out."""

    def send_signal(_: object) -> None:
        bot.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, bot.process.pid, os.WSTOPPED | os.WNOWAIT)

    with closing(Database(harness.settings["PKGSTATUS_STORE"])) as store:
        store.write(send_signal)


def resume(bot: BotProcess) -> None:
    """Let a paused or suspended bot go on."""
    bot.process.send_signal(signal.SIGUSR1)
    bot.process.send_signal(signal.SIGCONT)


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    """Arm the failpoint at the first signal; resume at the second."""
    if _armed.is_set():
        _resumed.set()
        return
    _armed.set()
    _print(ARMED)


def _reach(name: str) -> None:
    """Die or pause at the failpoint, once, after it was armed."""
    if name == sys.argv[1] and _armed.is_set() and _unreached.acquire(blocking=False):
        ACTIONS[sys.argv[2]]()


def _die() -> None:
    """Die as if the power had failed."""
    os.kill(os.getpid(), signal.SIGKILL)


def _pause() -> None:
    _print(PAUSED)
    _resumed.wait()


ACTIONS = {"die": _die, "stop": _pause}


def _print(word: str) -> None:
    os.write(sys.stdout.fileno(), f"{word}\n".encode())


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _on_signal)
    failpoints.reach = _reach  # before the bot's modules, which import it by name, are imported by main
    main(["run"])
