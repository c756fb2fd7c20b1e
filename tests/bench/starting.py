"""What it costs to have the bot: from the start of the process to its connection, and the memory it then keeps."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psutil

from tests.bench.bare_app import bare_app
from tests.bench.figure import Figure
from tests.bots import RUN
from tests.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 7
MEGABYTE = 1024 * 1024


def figures() -> Iterator[Figure]:
    """Measure and return all figures of starting."""
    # An installed program has its compiled modules; the bare app's are installed in any case.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder, Stage(Path(folder)) as stage:
        rounds = [(_started(stage, RUN), _started(stage, bare_app(stage))) for _ in range(1 + ROUNDS)]
    # The first round fills the caches of the file system and of compiled modules for the others.
    ours, bare = ([pair[side] for pair in rounds[1:]] for side in (0, 1))
    for place, (name, unit) in enumerate((("start to connected (median)", "ms"), ("resident memory (median)", "MB"))):
        our_value, bare_value = (median(values[place] for values in side) for side in (ours, bare))
        yield Figure(name, unit, our_value, 1.6, bare=bare_value)


def _started(stage: Stage, program: tuple[str, ...]) -> tuple[float, float]:
    """Return the milliseconds until connected, and the megabytes after the first command."""
    began = time.perf_counter()
    bot = stage.start_bot(program, ready=False)
    milliseconds = (time.perf_counter() - began) * 1000
    stage.command("ada", "PS100112")
    if program == RUN:
        stage.answer_to("ada")
    megabytes = psutil.Process(bot.process.pid).memory_info().rss / MEGABYTE
    bot.kill()
    stage.wait_for(lambda: stage.connections() == 0)
    return milliseconds, megabytes
