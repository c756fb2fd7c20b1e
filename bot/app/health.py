"""The parts of health: the monitor, the metrics, and the pages that show them."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from bot.app.factories import make_undelivered, now
from bot.health.metrics import Metrics
from bot.health.server import OK, UNAVAILABLE, Page, serve
from bot.store.counts import counts
from bot.usecases.health import HealthMonitor

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from bot.domain.package import SiteCode
    from bot.settings import Settings
    from bot.store.factory import Store
    from bot.usecases.audit.recorder import WatchedSite

LOOK_SECONDS = 5


class HealthParts:
    """The monitor, which the scheduler calls, the metrics, which every part may write, and the HTTP pages."""

    def __init__(
        self, settings: Settings, store: Store, sites: Mapping[SiteCode, WatchedSite], unfinished: Callable[[], int]
    ) -> None:
        self._address = settings.health.address
        self.monitor = HealthMonitor(
            backlog=partial(store.outbox.backlog, settings.channels.audit),
            counts_of=partial(counts, store.database),
            site_errors=lambda: {code: site.trouble for code, site in sites.items()},
            monotonic=time.monotonic,
            clock=now,
            undelivered=make_undelivered(settings, store.outbox, store.ledger).look,
        )
        self.metrics = Metrics(version("pkgstatus-bot"), self.monitor, unfinished)

    def serve(self, stopping: threading.Event) -> None:
        """Serve the pages until stopped, unless the settings switch them off."""
        if self._address == "off":
            return
        host, _, port = self._address.rpartition(":")
        pages = {"/healthz": self._alive, "/readyz": self._ready}
        serve(host.strip("[]"), int(port), self.metrics.registry, pages, stopping)

    def _alive(self) -> Page:
        is_alive = self.monitor.is_alive
        return Page(OK if is_alive else UNAVAILABLE, "text/plain", b"alive\n" if is_alive else b"stuck\n")

    def _ready(self) -> Page:
        readiness = self.monitor.readiness()
        body = json.dumps(asdict(readiness)).encode() + b"\n"
        return Page(OK if readiness.is_ready else UNAVAILABLE, "application/json", body)
