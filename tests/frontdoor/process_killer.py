"""Kills, stops or suspends one of two bots at random, again and again, and starts another one in its place."""

from __future__ import annotations

import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.frontdoor.crash_injector import suspend

if TYPE_CHECKING:
    import random
    import threading

    from tests.bot_process import BotProcess
    from tests.harness import Harness

BOTS = 2
LEASE_SECONDS = 4


@dataclass
class ProcessKiller:
    """Keeps two bots running; `ends` counts how each of the others was ended."""

    harness: Harness
    rng: random.Random
    ends: Counter[str] = field(default_factory=Counter)
    alive: list[BotProcess] = field(default_factory=list)

    def start(self) -> None:
        """Start one more bot."""
        bot = self.harness.start_bot(connected=False, answers__visibility="caller", work__lease=f"{LEASE_SECONDS}s")
        self.harness.wait_for(lambda: '"event": "ready"' in bot.log(), 40)
        self.alive.append(bot)

    def run(self, until: threading.Event) -> None:
        """End and start bots until the event is set; two bots run afterwards."""
        while not until.wait(self.rng.uniform(0.2, 2)):
            bot = self.alive.pop(self.rng.randrange(len(self.alive)))
            end = self.rng.choices([self._kill, self._stop, self._freeze, self._kill_all], [8, 2, 2, 1])[0]
            self.ends[end.__name__.strip("_")] += 1
            end(bot)
            time.sleep(self.rng.choice([0, 0, 1]))
            while len(self.alive) < BOTS:
                self.start()

    def _kill(self, bot: BotProcess) -> None:
        bot.kill()

    def _kill_all(self, bot: BotProcess) -> None:
        for each in [bot, *self.alive]:
            each.kill()
        self.alive.clear()

    def _stop(self, bot: BotProcess) -> None:
        assert bot.stop() == 0

    def _freeze(self, bot: BotProcess) -> None:
        """Suspend it for longer than its leases, let it go on for a second, and kill it."""
        suspend(self.harness, bot)
        time.sleep(LEASE_SECONDS * 1.5)
        bot.process.send_signal(signal.SIGCONT)
        time.sleep(1)
        bot.kill()
