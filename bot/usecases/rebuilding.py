"""Requests out of their ledger entries, where one that somebody altered must not hide the others.

Where a request is decided on or applied this is not used: there, one that cannot be read must stop what is being done.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import structlog

from bot.domain.folding import fold
from bot.domain.request import OPEN, Stage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from bot.domain.ledger import Head
    from bot.domain.request import Request
    from bot.usecases.request_ports import RequestIndex
    from bot.usecases.store_ports import Ledger

log = structlog.stdlib.get_logger(__name__)

_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What becomes of facts that are not those of their kind."""


class Rebuilt(NamedTuple):
    """Requests that can be read, and the ids of those that cannot: their entries were altered or taken away."""

    found: tuple[Request, ...]
    lost: tuple[str, ...]


WATCHED = frozenset({Stage.APPLIED, Stage.STALLED})
"""Stages of a reset whose rows are looked at."""
_KEPT = OPEN | WATCHED
_CAN_BE_UNDONE = WATCHED | {Stage.ABANDONED}
_PREFIX = "request "


class RequestCache:
    """Keeps the requests that are not ended in memory; each is rebuilt once per change, whoever made it.

    What changed is asked of the ledger, so the cost of a look is what was recorded since the last one, not what is
    open. Decisions are not made on what is kept here. Safe for several threads. Every method raises StoreError.
    """

    def __init__(self, ledger: Ledger, index: RequestIndex) -> None:
        self._ledger = ledger
        self._index = index
        self._head: Head | None = None
        self._requests: dict[str, Request] = {}
        self._ids: dict[frozenset[Stage], Sequence[str]] = {}
        self._undos: dict[str, Request] = {}
        self._new_undos: list[Request] = []
        self._guard = threading.Lock()

    def at(self, stages: Collection[Stage]) -> Sequence[Request]:
        """Return every request at these stages that can be read, oldest first; the stages must be open or watched."""
        with self._guard:
            self._refresh()
            key = frozenset(stages)
            if key not in self._ids:
                self._ids[key] = tuple(reversed(self._index.in_stages(stages)))
            found = [self._find(request_id) for request_id in self._ids[key]]
        return [request for request in found if request and request.stage in stages]

    def undo_of(self, request_id: str) -> Request | None:
        """Return the applied undo of a request that is watched or abandoned."""
        with self._guard:
            self._refresh()
            return self._undos.get(request_id)

    def new_undos(self) -> list[Request]:
        """Return the list of applied undos that were found and not taken off it yet; the caller takes off."""
        with self._guard:
            self._refresh()
            return self._new_undos

    def _refresh(self) -> None:
        head = self._ledger.head()
        if head == self._head:
            return
        self._ids = {}  # the index changes with the ledger only
        streams = self._ledger.changed_since(self._head) if self._head else None
        if streams is None:  # the first look, or the store was replaced by another one
            self._requests, self._undos, self._new_undos = {}, {}, []
            for package in sorted({request.plan.package_id for request in self._that_can_be_undone()}):
                for request_id in self._index.of_package(package):
                    self._rebuild(request_id)
        else:
            for stream in streams:
                if stream.startswith(_PREFIX):
                    self._rebuild(stream.removeprefix(_PREFIX))
        self._head = head

    def _that_can_be_undone(self) -> Sequence[Request]:
        return rebuild(self._ledger, self._index.in_stages(_CAN_BE_UNDONE)).found

    def _find(self, request_id: str) -> Request | None:
        return self._requests.get(request_id) or self._rebuild(request_id)

    def _rebuild(self, request_id: str) -> Request | None:
        self._requests.pop(request_id, None)
        for request in rebuild(self._ledger, [request_id]).found:
            if request.stage in _KEPT:
                self._requests[request_id] = request
            if request.undoes and request.applied_at and request.undoes not in self._undos:
                self._undos[request.undoes] = request
                self._new_undos.append(request)
            return request
        return None


def rebuild(ledger: Ledger, request_ids: Iterable[str], until: int | None = None) -> Rebuilt:
    """Rebuild requests that are known to exist, in this order, as they were at a sequence. Raises StoreError."""
    rebuilt = {request_id: _rebuilt(ledger, request_id, until) for request_id in request_ids}
    lost = tuple(request_id for request_id, request in rebuilt.items() if request is None)
    return Rebuilt(tuple(request for request in rebuilt.values() if request), lost)


def stream_of(request_id: str) -> str:
    """Name the ledger stream of a request."""
    return f"{_PREFIX}{request_id}"


def _rebuilt(ledger: Ledger, request_id: str, until: int | None) -> Request | None:
    entries = ledger.stream(stream_of(request_id))
    try:
        return fold(request_id, [entry for entry in entries if until is None or entry.sequence <= until])
    except _UNREADABLE as error:
        _tell(request_id, repr(error))
        return None


@lru_cache(maxsize=1000)
def _tell(request_id: str, trouble: str) -> None:
    """Tell the log, once for each trouble: what watches requests comes by every second."""
    log.error("a request cannot be read", request=request_id, trouble=trouble)
