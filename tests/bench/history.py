"""What a long history costs: the CPU seconds of a minute of looks, beside those of a new store."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.domain.approval import Claim, Finish, Watched
from bot.store import open_store
from bot.store.request_index import RequestTable
from bot.usecases.audit.outbox_relay import LEASE, OutboxRelay
from bot.usecases.audit.recorder import NOBODY, AuditAction
from bot.usecases.ports.slack import Posted
from bot.usecases.resets.convergence import ConvergenceWatcher
from bot.usecases.resets.request_repository import ChangeTexts, RequestRepository
from tests.bench.backlog import CHANNEL, RENDERER
from tests.bench.figure import Figure
from tests.builders import SIGNER
from tests.fakes import GRACE, LINUS
from tests.requests import SOON, approve, asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.store import Store
    from bot.usecases.ports.slack import Payload

STALLED, DOUBLINGS = 200, 20
"""20 doublings make a million rows."""
MOST_TIMES = 10
MINUTE = 60
HOUR = timedelta(hours=1)


def figures() -> Iterator[Figure]:
    """Measure and return the one figure."""
    name = f"CPU of a minute of looks, {STALLED} stalled requests, {2**DOUBLINGS:,} outbox rows, beside a new store"
    yield Figure(name, "s", _minute(STALLED, DOUBLINGS), MOST_TIMES, bare=_minute(0, 0))


class _Slack:
    def post(self, destination: str, _payload: Payload) -> Posted:
        return Posted(destination, "1.0")

    def replace(self, _posted: Posted, _payload: Payload) -> bool:
        return True


def _minute(stalled: int, doublings: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        with closing(_opened(path)) as store:
            requests = _requests(store)
            for number in range(stalled):
                _stall(requests, f"{number:016x}")
            store.ledger.append(AuditAction("started", "noted").draft(NOBODY, "bot"))
            relay = OutboxRelay(store.outbox, store.ledger, store.leases, _Slack(), RENDERER, time.monotonic, spacing=0)
            store.leases.hold(LEASE)
            while store.outbox.destinations():
                relay.deliver()
        _lengthen(path, doublings)
        with closing(_opened(path)) as store:
            return _looks(store)


def _looks(store: Store) -> float:
    watcher = ConvergenceWatcher({}, _requests(store), lambda: SOON, HOUR, HOUR, 1000 * HOUR)
    relay = OutboxRelay(store.outbox, store.ledger, store.leases, _Slack(), RENDERER, time.monotonic)
    watcher.look()
    watcher.close_undone()
    began = time.process_time()
    for _ in range(MINUTE):
        watcher.tick()
        watcher.look()
        watcher.close_undone()
        for _ in range(2):
            relay.deliver()
    return time.process_time() - began


def _opened(path: Path) -> Store:
    return open_store(
        f"sqlite:///{path}", audit_channel=CHANNEL, holder=str(time.monotonic_ns()), clock=lambda: SOON, signer=SIGNER
    )


def _requests(store: Store) -> RequestRepository:
    telling = ChangeTexts(lambda _request, _event: None, lambda _request, _event: None)
    return RequestRepository(store.ledger, RequestTable(store.database), "C0APPROVALS", telling, lambda: SOON, SIGNER)


def _stall(requests: RequestRepository, request_id: str) -> None:
    request = replace(asked(), id=request_id)
    requests.open(request, {})
    for command in (
        approve(GRACE.id, request),
        approve(LINUS.id, request),
        Claim(),
        Finish(),
        Watched(frozenset(), "distmgr"),
    ):
        requests.change(request_id, command)


def _lengthen(path: Path, doublings: int) -> None:
    """Double the told history so often."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM outbox WHERE sequence > 1")
        for doubling in range(doublings):
            connection.execute(
                "INSERT INTO outbox SELECT destination, told, sequence + ?, number, payload, gap, told_at, channel, ts"
                " FROM outbox WHERE destination = ?",
                (2**doubling, CHANNEL),
            )
