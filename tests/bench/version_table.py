"""The CPU that one `/pkgstatus` needs beyond its SQL and its Slack call: understand, convert, judge, keep, draw.

The same statement is run bare on the same driver and taken off.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bot.dbapi import Database
from bot.demo.sample.build import build_sample
from bot.domain.command import Show, parse
from bot.domain.lookup_result import StoredAnswer
from bot.domain.package import PackageId, SiteCode
from bot.site.reader import SiteDatabase, _package_with_rows
from bot.site.schema_probe import probe
from bot.store import open_store
from bot.store.drift_history import DriftTables
from bot.usecases.access import Access, Actor, Allowed, Installation
from bot.usecases.lookup.package_lookup import PackageLookup
from bot.usecases.lookup.site_fanout import SiteFanout
from bot.usecases.lookup.snapshots import SnapshotCache
from bot.usecases.ports.slack import Person
from bot.views.tables import Form
from bot.views.version_table import draw
from tests.bench.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOUNDS = {300: 15.0, 5000: 80.0}
ROUNDS = 21
PACKAGE = PackageId("BIG00001")
ADA = Actor("U000000ADA", "T0CONTOSO")


class Known:
    """Everybody is a full member."""

    def find(self, user_id: str) -> Person:
        return Person(user_id, ADA.team_id)

    def members(self, group_id: str) -> frozenset[str]:
        raise NotImplementedError(group_id)


def figures() -> Iterator[Figure]:
    """Measure and return the figure of each size."""
    for rows, bound in BOUNDS.items():
        with tempfile.TemporaryDirectory() as folder:
            site = Path(folder) / "site.db"
            build_sample(site, now=datetime.now(UTC), rows=rows)
            yield Figure(f"/pkgstatus beyond SQL and Slack, {rows:,} rows (median CPU)", "ms", _cpu(site), bound)


def _cpu(site: Path) -> float:
    database = Database(f"sqlite:///{site}")
    shape = database.read(probe)
    statement = (_package_with_rows(shape), (PACKAGE,))
    reader = SiteDatabase(SiteCode("PS1"), database)
    access = Access(Installation(ADA.team_id), Allowed(), Known())
    store = open_store(f"sqlite:///{site.with_name('store.db')}", audit_channel="C0AUDIT", holder="bench", clock=_now)
    grace = timedelta(hours=4)
    every, snapshots = SiteFanout({reader.code: reader}), SnapshotCache(_now, store.snapshots)
    lookup = PackageLookup(every, access, snapshots, _now, grace, DriftTables(store.database))
    _answer(lookup)
    with closing(sqlite3.connect(":memory:")) as bare:
        bare.execute("ATTACH DATABASE ? AS dbo", (str(site),))
        # In turns and as differences, so that whatever slows the machine for a while slows both.
        beyond = [
            _timed(lambda: _answer(lookup)) - _timed(lambda: bare.execute(*statement).fetchall()) for _ in range(ROUNDS)
        ]
    reader.close()
    store.close()
    return median(beyond)


def _answer(lookup: PackageLookup) -> None:
    question = parse(PACKAGE)
    assert isinstance(question, Show)
    kept = lookup.show(ADA, question)
    assert isinstance(kept, StoredAnswer)
    assert len(kept.answer.drift.dps) in BOUNDS
    draw(kept, Form.DATA_TABLE)


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def _now() -> datetime:
    return datetime.now(UTC)
