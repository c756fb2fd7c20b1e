"""Ledger appends against bare commits: the same rows in the same file with the same durability, in turns.

The bare side writes what an append writes (an entry and its line in the outbox) through the driver alone: what it does
not do is to chain, to seal, to look up versions and to promise anything.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bot.domain.ledger_entry import JSON, Draft
from bot.store import Store, open_store
from tests.bench.figure import Figure, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = 40
COMMITS_PER_ROUND = 100
"""So many that a turn's beginning does not count, when a connection reads anew what the other one wrote."""
FACTS: dict[str, JSON] = {"command": "/pkgstatus PS100112", "rows": 12, "worst": "site behind", "outcome": "answered"}

_numbers = count(1)


def figures() -> Iterator[Figure]:
    """Measure what an append takes; at least 0.7 times the bare rate is at most 1 / 0.7 times the bare time."""
    # In the current folder: /tmp may be memory, where a commit costs nothing and every comparison is unfair.
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = Path(folder) / "store.db"
        store = open_store(f"sqlite:///{path}", audit_channel="C0", holder="bench", clock=lambda: datetime.now(UTC))
        with closing(store), closing(_bare_connection(path)) as bare:
            rounds = [(_seconds(lambda: _append(store)), _seconds(lambda: _commit(bare))) for _ in range(ROUNDS)]
    ours, theirs = (median(times) / COMMITS_PER_ROUND * 1_000_000 for times in zip(*rounds, strict=True))
    yield Figure("ledger append against bare commit (median)", "µs", ours, 1 / 0.7, bare=theirs)


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    for _ in range(COMMITS_PER_ROUND):
        work()
    return time.perf_counter() - started


def _append(store: Store) -> None:
    store.ledger.append(Draft("commands", None, "looked up", "U000000ADA", "T0CONTOSO", FACTS))


def _bare_connection(path: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE bare_entry (id INTEGER PRIMARY KEY, stream TEXT, version INTEGER, line TEXT,"
                " UNIQUE (stream, version))")  # fmt: skip
    raw.execute("CREATE TABLE bare_line (channel TEXT, id INTEGER, PRIMARY KEY (channel, id)) WITHOUT ROWID")
    return raw


def _commit(raw: sqlite3.Connection) -> None:
    number = next(_numbers)
    raw.execute("BEGIN IMMEDIATE")
    raw.execute("INSERT INTO bare_entry VALUES (?, ?, ?, ?)", (number, "commands", number, "x" * 400))
    raw.execute("INSERT INTO bare_line VALUES (?, ?)", ("C0", number))
    raw.execute("COMMIT")


if __name__ == "__main__":
    print(table(list(figures())))  # noqa: T201 - a program for people
