"""How soon a command is acknowledged: idle beside a bare Bolt app, in a crowd, and a freeze behind 500 waiting clicks.

A round asks both programs one after the other, so that whatever else the machine does hits both.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.bare_app import bare_app
from tests.bench.figure import Figure
from tests.frontdoor.resets import APPROVALS, entries
from tests.frontdoor.sites import locked
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator

WARM_UP_ROUNDS, ROUNDS = 10, 100
CROWD, QUERY_SECONDS = 100, 4
CLICKS, SLOW_SECONDS = 500, 60


def figures() -> Iterator[Figure]:
    """Measure and return all figures of acknowledging."""
    with tempfile.TemporaryDirectory() as folder:
        yield _idle(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        yield _crowded(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        yield _freezing(Path(folder))


def _idle(folder: Path) -> Figure:
    (folder / "ours").mkdir()
    (folder / "bare").mkdir()
    with Harness(folder / "ours") as ours, Harness(folder / "bare") as bare:
        ours.start_bot()
        bare.start_bot(bare_app(bare), ready=False)
        rounds = [(_ask(ours), _acknowledged(bare)) for _ in range(WARM_UP_ROUNDS + ROUNDS)]
    our_times, bare_times = zip(*rounds[WARM_UP_ROUNDS:], strict=True)
    return Figure("acknowledging, idle (median)", "ms", median(our_times), 1.3, bare=median(bare_times))


def _crowded(folder: Path) -> Figure:
    with Harness(folder) as harness:
        harness.start_bot()
        with locked(harness.site), ThreadPoolExecutor(CROWD) as crowd:
            slow_until = time.monotonic() + QUERY_SECONDS
            latest = max(crowd.map(lambda _: _acknowledged(harness), range(CROWD)))
            harness.wait_for(lambda: time.monotonic() > slow_until)
        harness.wait_for(lambda: len(harness.answers()) >= CROWD, seconds=60)
    return Figure(f"acknowledging, {CROWD} at once, queries take {QUERY_SECONDS} s (latest)", "ms", latest, 3000)


def _freezing(folder: Path) -> Figure:
    """Freeze while a full pool leaves clicks waiting to be told so, by response_urls that answer after a minute."""
    with Harness(folder) as harness:
        harness.start_bot(work__workers=2, work__waiting=3)
        table = harness.ask("ada", "PS100112")
        harness.faults("response_url", delay_s=SLOW_SECONDS, times=10 * CLICKS)
        with locked(harness.site), ThreadPoolExecutor(CROWD) as crowd:
            list(crowd.map(lambda _: harness.click("ada", table, "status_csv"), range(CLICKS)))
            began = time.monotonic()
            if not harness.command("grace", "freeze wrong package", APPROVALS)["acked"]:
                raise RuntimeError("The freeze was not acknowledged.")
            harness.wait_for(lambda: entries(harness, "froze resets"), seconds=60)
            took = time.monotonic() - began
    return Figure(f"freeze acknowledged and done, {CLICKS} clicks wait for slow answers", "ms", 1000 * took, 1000)


def _ask(harness: Harness) -> float:
    """Return when the acknowledgement came, after the answer came too: the next question finds nothing running."""
    milliseconds = _acknowledged(harness)
    harness.answer_to("ada")
    return milliseconds


def _acknowledged(harness: Harness) -> float:
    acknowledged = harness.command("ada", "PS100112")
    if not acknowledged["acked"]:
        raise RuntimeError(f"A command was not acknowledged: {acknowledged}")
    return float(acknowledged["ack_ms"])
