"""Watching an applied reset: read its rows with growing pauses until all are back, or report that it is stalled.

One that is not back after a much longer time is abandoned: nobody looks any more. Also the passing of time for requests
that wait for votes: one reminder, then expiry. Each decision is appended on the version it was made on, so that
restarts and other processes cannot make it twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.domain.approval import Abandon, Disown, Tick, Undone, Watched, decide
from bot.domain.package import RowType, Status
from bot.domain.quantity import quantity
from bot.domain.refusal import Refusal
from bot.domain.request import Stage
from bot.usecases.ports.site import SiteError
from bot.usecases.resets.request_repository import NOT_OURS, WATCHED, RequestCache, replay_requests, traced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.domain.package import PackageTable, SiteCode
    from bot.domain.plan import Plan, PlanRow
    from bot.domain.request import Request
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.site import SiteReader
    from bot.usecases.resets.request_repository import RequestRepository

log = structlog.stdlib.get_logger(__name__)

GROWTH = 2
MAX_PAUSE = timedelta(hours=1)
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_HAS_IT = {RowType.SITE: {Status.RECEIVED, Status.INSTALLED}, RowType.DP: {Status.INSTALLED}}


@dataclass(slots=True)
class ConvergenceWatcher:
    """Watches requests; when to look next is kept in memory, because looking once more does no harm."""

    readers: Mapping[SiteCode, SiteReader]
    requests: RequestRepository
    clock: Clock
    first_look: timedelta
    stall_after: timedelta
    give_up_after: timedelta
    _next: dict[str, tuple[datetime, timedelta]] = field(default_factory=dict)
    _cache: RequestCache = field(init=False)

    def __post_init__(self) -> None:
        self._cache = RequestCache(self.requests.ledger, self.requests.index)

    def tick(self) -> None:
        """Expire and remind what is due; end what this bot did not record as it reads. Raises StoreError."""
        for request in self._cache.at({Stage.PENDING}):
            due = decide(request, Tick(), self.clock())
            if not self.requests.is_ours(request) or (due and not isinstance(due, Refusal)):
                for fresh in self._read_again(request):
                    self.requests.change(fresh.id, Tick() if self.requests.is_ours(fresh) else Disown(NOT_OURS))

    def look(self) -> None:
        """Look at every applied reset whose time has come. Raises StoreError."""
        watched = self._cache.at(WATCHED)
        ids = {request.id for request in watched}
        self._next = {request_id: due for request_id, due in self._next.items() if request_id in ids}
        for request in watched:
            at, pause = self._next.get(request.id, (self.clock(), self.first_look))
            if self.clock() >= at:
                self._next[request.id] = (self.clock() + pause, min(pause * GROWTH, MAX_PAUSE))
                for fresh in self._read_again(request):
                    self._look_at(fresh)

    def _read_again(self, request: Request) -> Sequence[Request]:
        """Return the request as it is now, or nothing once somebody altered it: that must hold up no other."""
        return replay_requests(self.requests.ledger, [request.id]).found

    def _look_at(self, request: Request) -> None:
        reader = self.readers.get(request.plan.site)
        with traced(request):
            if reader is not None:
                self._look_with(reader, request)
            if request.applied_at and self.clock() - request.applied_at >= self.give_up_after:
                self.requests.change(request.id, Abandon(self._last_words(request)))

    def _look_with(self, reader: SiteReader, request: Request) -> None:
        try:
            table = reader.package(request.plan.package_id)
        except SiteError as error:
            log.warning("cannot look whether rows are back", trouble=error.kind.value)
            return
        waiting = [row for row in request.plan.rows if table is None or not _is_back(request.plan, row, table)]
        undo = self._cache.undo_of(request.id)
        if undo and {row.key for row in waiting} <= {row.key for row in undo.plan.rows}:
            self.requests.change(request.id, Undone(undo.id))
            return
        back = frozenset(number for number, row in enumerate(request.plan.rows, start=1) if row not in waiting)
        self.requests.change(request.id, Watched(back, self._stalled(request, waiting)))

    def close_undone(self) -> None:
        """Close the resets that an undo took back whole; what one left alone is watched on. Raises StoreError."""
        undos = self._cache.new_undos()
        while undos:
            undo = undos[0]
            for done in replay_requests(self.requests.ledger, [undo.undoes]).found:
                if len(undo.plan.rows) == len(done.plan.rows):
                    self.requests.change(done.id, Undone(undo.id))
            self._next.pop(undo.undoes, None)  # what is left may be back already
            del undos[0]

    def _last_words(self, request: Request) -> str:
        return f"Not all seen back within {_in_words(self.give_up_after)}; I look no more. {request.note}".strip()

    def _stalled(self, request: Request, waiting: list[PlanRow]) -> str:
        """Say which log to open next, when it took too long (Microsoft's content troubleshooting pages)."""
        if request.applied_at is None or self.clock() - request.applied_at < self.stall_after:
            return ""
        if len(waiting) == len(request.plan.rows):
            return "Nothing moved: was the package redistributed? Open distmgr.log at the source site."
        if any(row.is_site for row in waiting):
            return "Some rows are not back: open sender.log at the source site, despool.log at the target site."
        return "Some DPs are not back: open PkgXferMgr.log at their site and smsdpprov.log on the DP."


def _in_words(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    size, noun = next(unit for unit in _UNITS if seconds >= unit[0] or unit[0] == 1)
    return quantity(seconds // size, noun)


def _is_back(plan: Plan, row: PlanRow, table: PackageTable) -> bool:
    """Back means at least the version that was expected, and there."""
    found = [fresh for fresh in table.rows if (fresh.type_number, fresh.site_code, fresh.server_path) == row.key]
    return any(
        (fresh.held_version or 0) >= plan.source_version and fresh.status_number in _HAS_IT[RowType(row.type_number)]
        for fresh in found
    )
