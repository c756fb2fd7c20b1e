"""Resident memory of a bot that is used for ten minutes without a pause, its last minute beside one after warm-up.

People look packages up, turn pages, export, search, open Home, and ask for resets that others approve, reject or
withdraw, while the site brings every reset row back. PKGSTATUS_BENCH_SOAK_SECONDS sets another length. Each minute's
memory goes to standard error.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psutil

from tests.bench.figure import Figure
from tests.frontdoor.databases import site_of
from tests.frontdoor.message_content import CSV, NEXT
from tests.frontdoor.traffic import SimulatedUser, distribute
from tests.harness import RELAXED_TIMING, Harness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bot_process import BotProcess

SECONDS = float(os.environ.get("PKGSTATUS_BENCH_SOAK_SECONDS", "600"))
WARM_UP_SHARE = 0.2
"""Of the whole time: after it, nearly every code path, connection and thread has been used."""
BOUND = 1.05
MEGABYTE = 1024 * 1024
SAMPLE_SECONDS = 2
MESSAGES_KEPT = 100
ROWS = 400
FAST_TIMING = replace(RELAXED_TIMING, minute_s=1, post_interval_s=0.05)
PEOPLE = ("ada", "grace", "linus", "margaret", "ada", "grace")
BIG = "BIG00001"


def figures() -> Iterator[Figure]:
    """Measure and return the one figure."""
    with tempfile.TemporaryDirectory() as folder, Harness(Path(folder), rows=ROWS, timing=FAST_TIMING) as harness:
        harness.settings["PKGSTATUS_DRIFT__SCAN_EVERY"] = "1min"
        bot = harness.start_bot(answers__visibility="caller", work__lease="30s")
        samples, actions = _soaked(harness, bot)
    minutes = list(_by_minute(samples))
    print(f"{actions} actions; MB by minute: {' '.join(f'{each:.1f}' for each in minutes)}", file=sys.stderr)  # noqa: T201
    began = SECONDS * WARM_UP_SHARE
    first = median(size for at, size in samples if began <= at < began + SECONDS / 10)
    last = median(size for at, size in samples if at >= SECONDS * 0.9)
    name = f"resident memory after {SECONDS / 60:g} minutes of mixed use, beside after warm-up"
    yield Figure(name, "MB", last, BOUND, bare=first)


@dataclass
class Visitor(SimulatedUser):
    """Somebody who also reads page after page, exports, and looks at Home."""

    def live(self, until: threading.Event) -> None:
        """Do one thing after the other, each once the one before is answered."""
        deciding = [self.request, self.withdraw] if self.name == "ada" else [self.approve, self.reject]
        actions = [self.ask, self.page, self.home, self.drift, *deciding]
        while not until.is_set():
            self.attempt(self.rng.choices(actions, [4, 3, 1, 1, 1, 1])[0])

    def page(self) -> None:
        """Look at a long table, at its next page, and have it as a file."""
        table = self._command(BIG)
        if table:
            self._press(table, self.rng.choice([NEXT, CSV]))

    def home(self) -> None:
        """Open App Home."""
        self.harness.do("open_home", user=self.name)

    def drift(self) -> None:
        """Ask what has drifted, and what happened to a package."""
        self._command(self.rng.choice(["drift", f"history {BIG}", "audit"]))


def _soaked(harness: Harness, bot: BotProcess) -> tuple[list[tuple[float, float]], int]:
    """Return (seconds since the start, MB) again and again, and how many actions Slack acknowledged meanwhile."""
    rng, over = random.Random(1), threading.Event()  # noqa: S311 - a game
    people = [Visitor(harness, name, random.Random(rng.random())) for name in PEOPLE]  # noqa: S311
    process, began, samples = psutil.Process(bot.process.pid), time.monotonic(), []
    with ThreadPoolExecutor(len(people) + 1) as pool:
        work = [pool.submit(person.live, over) for person in people]
        work.append(pool.submit(distribute, site_of(harness), over))
        while (passed := time.monotonic() - began) < SECONDS:
            samples.append((passed, process.memory_info().rss / MEGABYTE))
            _forget_old_messages(harness)
            time.sleep(SAMPLE_SECONDS)
        over.set()
        for each in work:
            each.result()
    return samples, sum(person.acknowledged for person in people)


def _forget_old_messages(harness: Harness) -> None:
    """Keep the workspace as quick as at the start: it looks through a whole channel each time."""
    for messages in list(harness.workspace._workspace.conversations.messages.values()):
        del messages[:-MESSAGES_KEPT]


def _by_minute(samples: list[tuple[float, float]]) -> Iterator[float]:
    for minute in range(int(samples[-1][0] // 60) + 1):
        yield median(size for at, size in samples if at // 60 == minute)
