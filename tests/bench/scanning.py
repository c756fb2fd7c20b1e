"""A scan of a million rows, one in a hundred drifted: its time beside the bare statement, and what it keeps in memory.

The scan is one that finds what the last one found, as most do: read, judge, compare, and finish in the store.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.dbapi import Database, Timeouts
from bot.demo.sample.build import build_sample
from bot.domain.package import SiteCode
from bot.site.scanner import SiteScanner, not_in_sync
from bot.site.schema_probe import probe
from bot.store.drift_history import DriftTables
from bot.store.factory import open_store
from bot.usecases.audit.recorder import AuditLog
from bot.usecases.drift.scan import ScanService
from tests.bench.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS, FEWER_ROWS = 1_000_000, 100_000
BOUND = 1.3
ROUNDS = 3
SITE = SiteCode("PS1")
LONG = Timeouts(login=10, query=600)


def figures() -> Iterator[Figure]:
    """Measure and return what a scan costs, and that its memory goes with the drift."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, bare, each = _measured(Path(folder), ROWS)
        yield Figure(f"scan of {ROWS:,} rows, 1 % drifted (best CPU)", "ms", seconds * 1000, BOUND, bare * 1000)
    with tempfile.TemporaryDirectory() as folder:
        _, _, each_of_fewer = _measured(Path(folder), FEWER_ROWS)
        yield Figure(
            f"memory of a scan for each drifted row, {ROWS:,} rows to {FEWER_ROWS:,}", "KB", each, BOUND, each_of_fewer
        )


def _measured(folder: Path, rows: int) -> tuple[float, float, float]:
    """Return the seconds of a scan, those of its bare statement, and its memory for each drifted row in KB."""
    site = folder / "site.db"
    build_sample(site, now=datetime.now(UTC), rows=rows)
    database = Database(f"sqlite:///{site}", LONG)
    statement = not_in_sync(database.read(probe), 0)
    address = f"sqlite:///{folder / 'store.db'}"
    # Nobody keeps the lease while a scan runs here.
    store = open_store(address, audit_channel="C0AUDIT", holder="bench", clock=_now, lease_seconds=3600)
    scanner, history = SiteScanner(SITE, database), DriftTables(store.database)
    scans = ScanService(
        sites={SITE: scanner},
        history=history,
        audit_log=AuditLog(store.ledger),
        leases=store.leases,
        clock=_now,
        monotonic=time.monotonic,
        grace=timedelta(hours=4),
        every=timedelta(minutes=15),
    )

    def scan() -> None:
        scans.live()
        scans.scan(SITE)

    scan()
    with closing(sqlite3.connect(":memory:")) as bare:
        bare.execute("ATTACH DATABASE ? AS dbo", (str(site),))
        times = [(_timed(scan), _timed(lambda: bare.execute(statement, ("",)).fetchall())) for _ in range(ROUNDS)]
    each = _peak(scan) / 1024 / len(history.episodes(SITE))
    scanner.close()
    store.close()
    return min(ours for ours, _ in times), min(theirs for _, theirs in times), each


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _peak(work: Callable[[], object]) -> float:
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return float(peak)


def _now() -> datetime:
    return datetime.now(UTC)
