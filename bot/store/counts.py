"""Counts of the store for the metrics: three short reads, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.ledger_entry import moment_read
from bot.usecases.health import StoreCounts

if TYPE_CHECKING:
    from bot.dbapi import Connection
    from bot.store.database import StoreDatabase


def counts(database: StoreDatabase) -> StoreCounts:
    """Count. Raises StoreError."""
    return database.read(_count)


def _count(connection: Connection) -> StoreCounts:
    requests = connection.query("SELECT stage, COUNT(*) FROM dbo.request GROUP BY stage")
    rows = connection.query(
        "SELECT site, drift_class, COUNT(*) FROM dbo.drift_row WHERE healed_at = '' GROUP BY site, drift_class"
    )
    scans = connection.query("SELECT site, scanned_at FROM dbo.drift_site WHERE scanned_at <> ''")
    return StoreCounts(
        requests={stage: count for stage, count in requests},  # noqa: C416 - rows of a driver are no pairs
        drifted={(site, drift_class): count for site, drift_class, count in rows},
        scanned_at={site: moment_read(at) for site, at in scans},
    )
