"""How soon a new process acknowledges its first command, which comes in the moment it connects."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.figure import Figure
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 7


def figures() -> Iterator[Figure]:
    """Measure and return all figures of starting."""
    # An installed program has its compiled modules.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder, Harness(Path(folder)) as harness:
        # The first round fills the caches of the file system and of compiled modules for the others.
        rounds = [_started(harness) for _ in range(1 + ROUNDS)][1:]
    whole, acknowledging = zip(*rounds, strict=True)
    yield Figure("start to first acknowledgement (median)", "ms", median(whole), 2000)
    yield Figure("the first acknowledgement itself (latest)", "ms", max(acknowledging), 3000)


def _started(harness: Harness) -> tuple[float, float]:
    """Return the milliseconds from the start until a first command was acknowledged, and those since it was typed."""
    began = time.perf_counter()
    bot = harness.start_bot(ready=False)
    acknowledged = harness.command("ada", "PS100112")
    whole = (time.perf_counter() - began) * 1000
    if not acknowledged["acked"]:
        raise RuntimeError(f"The first command was not acknowledged: {acknowledged}")
    bot.kill()
    harness.wait_for(lambda: harness.connections() == 0)
    return whole, float(acknowledged["ack_ms"])
