"""What an hour without Slack costs: 5,000 entries told at one post a second, and the memory that takes.

Time is simulated for the big backlog, with the relay's own looks and pauses; a small one is told to the workspace.
"""

from __future__ import annotations

import logging
import tempfile
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from bot.slack.responder import payload_of
from bot.store import Store, open_store
from bot.usecases.access import Actor
from bot.usecases.audit.outbox_relay import LEASE, LOOK_EVERY_SECONDS, MessageRenderer, OutboxRelay
from bot.usecases.audit.recorder import AuditAction, refused
from bot.usecases.ports.slack import Posted, PostError, PostErrorKind
from bot.views import audit_lines
from tests.bench.figure import Figure
from tests.frontdoor.audit_trail import assert_audit_trail_complete
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.usecases.ports.slack import Payload

ENTRIES, FEW_ENTRIES, TOLD_FOR_REAL = 5_000, 500, 500
OUTAGE_SECONDS = 3_600
MOST_SECONDS = 300
CHANNEL = "C0SCCMAUDIT"
KILOBYTE = 1024
ADA, GUS = Actor("U000000ADA", "T0CONTOSO"), Actor("U000000GUS", "T0CONTOSO")
DEEDS = (
    (ADA, AuditAction("looked up", "answered", "PS100112 behind", "1 failed, 17 site behind, 2 DP behind, 21 in sync")),
    (ADA, AuditAction("turned a page", "answered", "PS100112", "from row 101")),
    (ADA, AuditAction("exported CSV", "answered", "PS100112", "5,010 rows")),
    (GUS, refused("looked up", "guest", "PS100112")),
    (ADA, AuditAction("searched", "answered", "boot image", "4 packages")),
)

LONG_LINE = 300
LONG_DEEDS = ((ADA, AuditAction("looked up", "answered", "PS100112 " + "dp:NYC* " * 9, "17 site behind, " * 9)),)


def figures() -> Iterator[Figure]:
    """Measure and return all figures of a backlog."""
    logging.disable(logging.WARNING)
    _, few = _told_after_an_outage(FEW_ENTRIES)
    seconds, many = _told_after_an_outage(ENTRIES)
    long_seconds, _ = _told_after_an_outage(ENTRIES, LONG_DEEDS)
    yield Figure(f"audit backlog of {ENTRIES:,}, Slack back after an hour (simulated)", "s", seconds, MOST_SECONDS)
    yield Figure(f"the same with lines of over {LONG_LINE} characters (simulated)", "s", long_seconds, MOST_SECONDS)
    name = f"memory to tell {ENTRIES:,} entries, beside {FEW_ENTRIES}"
    yield Figure(name, "kB", many / KILOBYTE, 1.2, bare=few / KILOBYTE)
    bound = MOST_SECONDS * TOLD_FOR_REAL / ENTRIES
    yield Figure(f"audit backlog of {TOLD_FOR_REAL}, told to the workspace", "s", _told_for_real(), bound)


class _Slack:
    """Takes one post a second and nothing before it is back; counts the lines and demands their order."""

    def __init__(self, back_at: float) -> None:
        self.now = 0.0
        self.told = 0
        self._free_at = back_at
        self._back_at = back_at

    def clock(self) -> float:
        return self.now

    def post(self, destination: str, payload: Payload) -> Posted:
        if self.now < self._back_at:
            raise PostError(PostErrorKind.UNREACHABLE, "down")
        if self.now < self._free_at:
            raise PostError(PostErrorKind.LATER, "ratelimited", retry_after=1)
        self._free_at = self.now + 1
        for line in payload["text"].split("\n"):
            self.told += 1
            if not line.startswith(f"#{self.told} "):
                raise RuntimeError(f"Line {self.told} was expected, and this came: {line}")
        return Posted(destination, f"{self.now:.6f}")

    def replace(self, _posted: Posted, _payload: Payload) -> bool:
        raise NotImplementedError("lines are never replaced")


def _told_after_an_outage(count: int, deeds: Sequence[tuple[Actor, AuditAction]] = DEEDS) -> tuple[float, int]:
    """Return how many seconds after Slack came back everything was told, and the bytes that this took at most."""
    with tempfile.TemporaryDirectory() as folder, closing(_filled(Path(folder), count, deeds)) as store:
        slack = _Slack(back_at=OUTAGE_SECONDS)
        relay = OutboxRelay(store.outbox, store.ledger, store.leases, slack, RENDERER, slack.clock)
        tracemalloc.start()
        while store.outbox.backlog(CHANNEL).count:
            store.leases.hold(LEASE)
            relay.deliver()
            slack.now += relay.pause() if slack.now >= OUTAGE_SECONDS else 10 * LOOK_EVERY_SECONDS
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    if slack.told != count:
        raise RuntimeError(f"{slack.told} lines of {count} were told.")
    return slack.now - OUTAGE_SECONDS, peak


RENDERER = MessageRenderer(
    how_many=audit_lines.entries_that_fit,
    lines=lambda entries, repeated: payload_of(audit_lines.draw(entries, repeated=repeated)),
    gap=lambda entry, error: payload_of(audit_lines.missing_line(entry, error)),
)


def _filled(folder: Path, count: int, known: Sequence[tuple[Actor, AuditAction]] = DEEDS) -> Store:
    clock = partial(datetime.now, UTC)
    store = open_store(f"sqlite:///{folder}/store.db", audit_channel=CHANNEL, holder="bench", clock=clock)
    deeds = (known[number % len(known)] for number in range(count))
    store.ledger.append_all([action.draft(actor, "commands") for actor, action in deeds])
    return store


def _told_for_real() -> float:
    with tempfile.TemporaryDirectory() as folder, Harness(Path(folder)) as harness:
        _filled(Path(folder), TOLD_FOR_REAL).close()
        harness.start_bot()
        connected_at = monotonic()
        assert_audit_trail_complete(harness)
        return monotonic() - connected_at
