"""The story after an apply: look again with growing pauses until every row is back, or say that it is stalled.

Also the passing of time for requests that wait for votes: one reminder, then expiry. Each decision is appended on the
version it was made on, so that restarts and other processes cannot make it twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.domain.approval import Tick, Undone, Watched
from bot.domain.package import RowType, Status
from bot.domain.request import Stage
from bot.events import events
from bot.usecases.ports import SiteError
from bot.usecases.requests import traced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.package import PackageTable, SiteCode
    from bot.domain.plan import Plan, PlanRow
    from bot.domain.request import Request
    from bot.usecases.ports import Clock, SiteReader
    from bot.usecases.requests import Requests

log = events(__name__)

GROWTH = 2
LONGEST_PAUSE = timedelta(hours=1)
WATCHED = frozenset({Stage.APPLIED, Stage.STALLED})
_HAS_IT = {RowType.SITE: {Status.RECEIVED, Status.INSTALLED}, RowType.DP: {Status.INSTALLED}}


@dataclass(slots=True)
class Watching:
    """Watches requests; when to look next is kept in memory, because looking once more does no harm."""

    readers: Mapping[SiteCode, SiteReader]
    requests: Requests
    clock: Clock
    first_look: timedelta
    stall_after: timedelta
    _next: dict[str, tuple[datetime, timedelta]] = field(default_factory=dict)
    _partly: set[str] = field(default_factory=set)

    def tick(self) -> None:
        """Expire and remind what is due. Raises StoreError."""
        for request in self.requests.at({Stage.PENDING}):
            self.requests.change(request.id, Tick())

    def look(self) -> None:
        """Look at every applied reset whose time has come. Raises StoreError."""
        watched = list(self.requests.at(WATCHED))
        ids = {request.id for request in watched}
        self._next = {request_id: due for request_id, due in self._next.items() if request_id in ids}
        for request in watched:
            at, pause = self._next.get(request.id, (self.clock(), self.first_look))
            if self.clock() >= at:
                self._next[request.id] = (self.clock() + pause, min(pause * GROWTH, LONGEST_PAUSE))
                self._look_at(request)

    def _look_at(self, request: Request) -> None:
        reader = self.readers.get(request.plan.site)
        if reader is not None:
            with traced(request):
                self._look_with(reader, request)

    def _look_with(self, reader: SiteReader, request: Request) -> None:
        try:
            table = reader.package(request.plan.package_id)
        except SiteError as error:
            log.warning("cannot look whether rows are back", trouble=error.trouble.value)
            return
        waiting = [row for row in request.plan.rows if table is None or not _is_back(request.plan, row, table)]
        undo = self._undo_of(request)
        if undo and {row.key for row in waiting} <= {row.key for row in undo.plan.rows}:
            self.requests.change(request.id, Undone(undo.id))
            return
        back = len(request.plan.rows) - len(waiting)
        self.requests.change(request.id, Watched(back, self._stalled(request, waiting)))

    def close_undone(self) -> None:
        """Close the resets that an undo took back whole; what one left alone is watched on. Raises StoreError."""
        for done in self.requests.at(WATCHED):
            undo = self._undo_of(done)
            if undo and len(undo.plan.rows) == len(done.plan.rows):
                self.requests.change(done.id, Undone(undo.id))
            elif undo and undo.id not in self._partly:
                self._partly.add(undo.id)
                self._next.pop(done.id, None)  # what is left may be back already

    def _undo_of(self, done: Request) -> Request | None:
        others = map(self.requests.load, self.requests.index.of_package(done.plan.package_id))
        return next((other for other in others if other and other.undoes == done.id and other.applied_at), None)

    def _stalled(self, request: Request, waiting: list[PlanRow]) -> str:
        """Say which log to open next, when it took too long (Microsoft's content troubleshooting pages)."""
        if request.applied_at is None or self.clock() - request.applied_at < self.stall_after:
            return ""
        if len(waiting) == len(request.plan.rows):
            return "Nothing moved: was the package redistributed? Open distmgr.log at the source site."
        if any(row.is_site for row in waiting):
            return "Some rows are not back: open sender.log at the source site, despool.log at the target site."
        return "Some DPs are not back: open PkgXferMgr.log at their site and smsdpprov.log on the DP."


def _is_back(plan: Plan, row: PlanRow, table: PackageTable) -> bool:
    """Back means at least the version that was expected, and there."""
    found = [fresh for fresh in table.rows if (fresh.type_number, fresh.site_code, fresh.server_path) == row.key]
    return any(
        (fresh.held_version or 0) >= plan.source_version and fresh.status_number in _HAS_IT[RowType(row.type_number)]
        for fresh in found
    )
