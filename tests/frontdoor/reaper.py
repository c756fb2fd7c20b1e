"""Somebody who ends one of two bots after the other, in one way or another, and starts a new one in its place."""

from __future__ import annotations

import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.frontdoor.mortal_bot import stand_still

if TYPE_CHECKING:
    import random
    import threading

    from tests.bots import Bot
    from tests.stage import Stage

BOTS = 2
LEASE_SECONDS = 4


@dataclass
class Reaper:
    """Keeps two bots alive, and neither for long."""

    stage: Stage
    dice: random.Random
    ends: Counter[str] = field(default_factory=Counter)
    alive: list[Bot] = field(default_factory=list)

    def start(self) -> None:
        """Start one more bot."""
        bot = self.stage.start_bot(connected=False, answers__visibility="caller", work__lease=f"{LEASE_SECONDS}s")
        self.stage.wait_for(lambda: '"event": "ready"' in bot.log(), 40)
        self.alive.append(bot)

    def reap(self, until: threading.Event) -> None:
        """Go on until the end, which finds two bots alive."""
        while not until.wait(self.dice.uniform(0.2, 2)):
            bot = self.alive.pop(self.dice.randrange(len(self.alive)))
            end = self.dice.choices([self._kill, self._stop, self._freeze, self._kill_all], [8, 2, 2, 1])[0]
            self.ends[end.__name__.strip("_")] += 1
            end(bot)
            time.sleep(self.dice.choice([0, 0, 1]))
            while len(self.alive) < BOTS:
                self.start()

    def _kill(self, bot: Bot) -> None:
        bot.kill()

    def _kill_all(self, bot: Bot) -> None:
        for each in [bot, *self.alive]:
            each.kill()
        self.alive.clear()

    def _stop(self, bot: Bot) -> None:
        assert bot.stop() == 0

    def _freeze(self, bot: Bot) -> None:
        """Let it stand still until others must think it dead, then go on as if nothing had been, for a while."""
        stand_still(self.stage, bot)
        time.sleep(LEASE_SECONDS * 1.5)
        bot.process.send_signal(signal.SIGCONT)
        time.sleep(1)
        bot.kill()
