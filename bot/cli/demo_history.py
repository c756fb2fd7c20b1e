"""The drift history of a new demo: the sample site as of each of the last days, scanned by ScanService with that clock.

So what the demo shows as history is what scans saw.
"""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.dbapi import Database
from bot.demo.sample.build import build_sample
from bot.demo.sample.past_states import states_days_ago
from bot.domain.digest import DAYS_SHOWN
from bot.domain.ledger_entry import moment_text
from bot.domain.package import SiteCode
from bot.site.scanner import SiteScanner
from bot.store.drift_history import DriftTables
from bot.store.factory import open_store
from bot.usecases.audit.recorder import NOBODY, AuditAction, AuditLog
from bot.usecases.drift.digest_publisher import POSTED
from bot.usecases.drift.scan import LEASE, ScanService

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from bot.store.factory import Store

SITE = SiteCode("PS1")
GRACE = timedelta(hours=4)
A_DAY = timedelta(days=1)


def write_history(environment: dict[str, str], folder: Path, now: datetime) -> None:
    """Fill the new store of these settings with scans of the days before `now`, and record a digest of a day ago.

    The sample sites are built in `folder`. Raises StoreError.
    """
    audit_channel = environment["PKGSTATUS_CHANNELS__AUDIT"]
    store = open_store(
        environment["PKGSTATUS_STORE"], audit_channel=audit_channel, holder="rehearsal", clock=lambda: now
    )
    digest = json.loads(environment["PKGSTATUS_DIGESTS"])[0]["name"]
    try:
        for days_ago in range(DAYS_SHOWN - 1, 0, -1):
            past = folder / "past.db"
            build_sample(past, now=now - days_ago * A_DAY, states=states_days_ago(days_ago))
            _scan(store, past, now - days_ago * A_DAY)
            past.unlink()
        yesterday = moment_text(now - A_DAY)
        action = AuditAction(
            POSTED, "noted", digest, "yesterday's, before this demo began", facts={"at": yesterday, "due": yesterday}
        )
        store.leases.release(LEASE)
        store.ledger.append(action.draft(NOBODY, f"digest {digest}", 1))
    finally:
        store.close()


def _scan(store: Store, site: Path, at: datetime) -> None:
    scanner = SiteScanner(SITE, Database(f"sqlite:///{site}"))
    scans = ScanService(
        sites={SITE: scanner},
        history=DriftTables(store.database),
        audit_log=AuditLog(store.ledger),
        leases=store.leases,
        clock=lambda: at,
        monotonic=time.monotonic,
        grace=GRACE,
        every=A_DAY,
    )
    scans.live()
    scans.scan(SITE)
    scanner.close()
