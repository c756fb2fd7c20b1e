"""Open the store: bring its tables up to date and hand over its parts.

The only place that makes them; nothing is connected before it is called.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.dbapi import Timeouts
from bot.domain.signing import Signer
from bot.store.database import StoreDatabase
from bot.store.inbox import InboxTable
from bot.store.leases import LeaseTable
from bot.store.ledger import LedgerTable
from bot.store.migrations import migrate
from bot.store.outbox import OutboxTable
from bot.store.snapshots import SnapshotTable

if TYPE_CHECKING:
    from bot.usecases.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Store:
    """The parts of one open store; `database` is for further tables that commit together with an entry."""

    database: StoreDatabase
    ledger: LedgerTable
    outbox: OutboxTable
    inbox: InboxTable
    leases: LeaseTable
    snapshots: SnapshotTable

    def close(self) -> None:
        """Close the connections of all threads."""
        self.database.close()


def open_store(
    address: str,
    *,
    audit_channel: str,
    holder: str,
    clock: Clock,
    lease_seconds: float = 15,
    timeouts: Timeouts | None = None,
    signer: Signer | None = None,
) -> Store:
    """Open a store, made when it is missing. `holder` must be new at each start.

    Processes that share a store are given the same signer; without one, each recognises only what it signed itself.
    Raises StoreError.
    """
    timeouts = timeouts or Timeouts()
    with closing(StoreDatabase(address, replace(timeouts, query=max(timeouts.query, timeouts.upkeep)))) as changing:
        migrate(changing)
    database = StoreDatabase(address, timeouts)
    signer = signer or Signer()
    outbox = OutboxTable(database, audit_channel, clock, signer)
    return Store(
        database=database,
        ledger=LedgerTable(database, outbox, clock),
        outbox=outbox,
        inbox=InboxTable(database, holder, clock, signer),
        leases=LeaseTable(database, holder, lease_seconds),
        snapshots=SnapshotTable(database),
    )
