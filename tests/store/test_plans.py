"""What is asked every second is found by what is open, however long the history: judged by each engine's own plan."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from bot.dbapi import Connection, Engine
from bot.domain.package import PackageId
from bot.domain.request import Stage
from bot.store import Store
from bot.store.database import StoreDatabase
from bot.store.inbox import InboxTable
from bot.store.ledger import LedgerTable
from bot.store.outbox import OutboxTable
from bot.store.request_index import RequestTable
from bot.usecases.ports.store import Notification
from tests.builders import SIGNER
from tests.requests import asked
from tests.store.clock import SteppingClock
from tests.store.conftest import AUDIT, Outside
from tests.store.drafts import draft

DOUBLINGS = 15
"""A history of more than 30,000 rows: no server reads that many when it has an index for the few."""
ADA = "U000000ADA"


class Watched(StoreDatabase):
    """A store whose statements are explained instead of believed."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.plans: dict[str, str] = {}

    def read(self, work: Callable[[Any], Any]) -> Any:
        return super().read(lambda connection: work(Explained(connection, self.plans)))


class Explained:
    """A connection that keeps the plan of every statement."""

    def __init__(self, connection: Connection, plans: dict[str, str]) -> None:
        self._connection, self._plans = connection, plans

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        explain = "EXPLAIN " if self._connection.engine == Engine.POSTGRESQL else "EXPLAIN QUERY PLAN "
        rows = self._connection.query(explain + sql, parameters)
        self._plans[sql] = "\n".join(str(row[-1]) for row in rows)
        return self._connection.query(sql, parameters)


@pytest.fixture
def watched(store: Store, outside: Outside, address: str) -> Iterator[Watched]:
    """A store with a long history of which little is open."""
    index = RequestTable(store.database)
    request = asked()
    store.ledger.append(draft(), [Notification(ADA, {"text": "hello"})], [index.follow(request)])
    for doubling in range(DOUBLINGS):
        step = 2**doubling
        outside.run(
            "INSERT INTO dbo.ledger_entry (sequence, at, stream, version, kind, actor_user, actor_team, facts,"
            " previous_hash, hash) SELECT sequence + ?, at, stream, version + ?, kind, actor_user, actor_team, facts,"
            " previous_hash, hash FROM dbo.ledger_entry",
            step,
            step,
        )
        outside.run(
            "INSERT INTO dbo.outbox (destination, told, sequence, number, gap, told_at, channel, ts)"
            " SELECT destination, 1, sequence + ?, number, gap, at, destination, '1.0' FROM (SELECT o.destination,"
            " o.sequence, o.number, o.gap, e.at FROM dbo.outbox o INNER JOIN dbo.ledger_entry e"
            " ON e.sequence = o.sequence) told",
            step,
        )
    outside.database.write(_old_requests_and_commands)
    if outside.database.read(lambda connection: connection.engine) == Engine.POSTGRESQL:
        outside.run("ANALYZE")
    with closing(Watched(address)) as database:
        yield database


def _old_requests_and_commands(connection: Connection) -> None:
    for number in range(2**11):
        connection.execute(
            "INSERT INTO dbo.request (id, stage, site, package, requester, created_at, card_channel, card_ts,"
            " card_link) VALUES (?, 'converged', 'PS1', ?, '', '2026', 'C', ?, '')",
            (f"{number}", f"PS1{number:05}", f"{number}.0"),
        )
        connection.execute(
            "INSERT INTO dbo.inbox (id, kind, body, received_at, state, holder) VALUES"
            " (?, 'command', '', '', 'done', 'one')",
            (f"{number}",),
        )


def whole(plan: str) -> list[str]:
    """Return the lines of a plan that read a table or an index from end to end."""
    lines = [line.strip() for line in plan.splitlines()]
    return [line for line in lines if line.startswith("SCAN ") or "Seq Scan" in line]


def test_the_looks_of_every_second_read_no_table_from_end_to_end(watched: Watched, clock: SteppingClock) -> None:
    outbox, requests = OutboxTable(watched, AUDIT, clock), RequestTable(watched)
    inbox, ledger = InboxTable(watched, "one", clock, SIGNER), LedgerTable(watched, outbox, clock)

    assert set(outbox.destinations()) == {ADA, AUDIT}
    assert outbox.pending(ADA)
    assert outbox.backlog(AUDIT).count == 1
    assert list(requests.in_stages({Stage.APPLIED, Stage.STALLED})) == []
    assert list(requests.of_package(PackageId("PS100001"))) == ["1"]
    assert requests.request_at("C", "7.0") == "7"
    assert inbox.holders() == []
    assert ledger.changed_since(ledger.head()) == set()

    assert len(watched.plans) > 8
    assert {sql: whole(plan) for sql, plan in watched.plans.items() if whole(plan)} == {}
