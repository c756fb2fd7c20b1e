"""Requests out of their ledger entries, where one that somebody altered must not hide the others.

Where a request is decided on or applied this is not used: there, one that cannot be read must stop what is being done.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from bot.domain.folding import fold
from bot.events import events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.domain.request import Request
    from bot.usecases.store_ports import Ledger

log = events(__name__)

_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What becomes of facts that are not those of their kind."""


class Rebuilt(NamedTuple):
    """Requests that can be read, and the ids of those that cannot: their entries were altered or taken away."""

    found: tuple[Request, ...]
    lost: tuple[str, ...]


def rebuild(ledger: Ledger, request_ids: Iterable[str], until: int | None = None) -> Rebuilt:
    """Rebuild requests that are known to exist, in this order, as they were at a sequence. Raises StoreError."""
    rebuilt = {request_id: _rebuilt(ledger, request_id, until) for request_id in request_ids}
    lost = tuple(request_id for request_id, request in rebuilt.items() if request is None)
    return Rebuilt(tuple(request for request in rebuilt.values() if request), lost)


def stream_of(request_id: str) -> str:
    """Name the ledger stream of a request."""
    return f"request {request_id}"


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
