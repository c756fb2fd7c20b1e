"""What the stories of requests need from the store beyond the ledger: an index, and the rows that are held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.domain.package import PackageId
    from bot.domain.request import Request, Stage
    from bot.usecases.store_ports import Step


CARD = "card"
"""A notice with this key is a card to be drawn from its request's state when it is sent."""
POSTED = "posted"
"""A notice with this key tells the requester where the card is."""
REPLACED = "replaced"
"""A notice with this key and a `ts` redraws an earlier card of a request, which nobody can decide on any more."""
THREAD = "thread"
"""A notice with this key goes into the thread under a request's card."""


class RowsHeld(Exception):
    """Another open request holds one of the rows: nothing was written."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"held by request {request_id}")
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class Card:
    """Where a request's card is."""

    channel: str
    ts: str
    link: str


class RequestIndex(Protocol):
    """Finds requests without reading the whole ledger. Every method raises StoreError."""

    def follow(self, request: Request) -> Step:
        """Make the step that notes where a request stands and holds or frees its rows; it raises RowsHeld."""
        ...

    def place_card(self, request_id: str, card: Card) -> Step:
        """Make the step that notes where a request's card is."""
        ...

    def card(self, request_id: str) -> Card | None:
        """Return where a request's card is, or None before it was posted."""
        ...

    def at_place(self, channel: str, ts: str) -> str | None:
        """Return the request whose card a message is, or None."""
        ...

    def in_stages(self, stages: Collection[Stage], limit: int | None = None) -> Sequence[str]:
        """Return the ids of requests in these stages, newest first."""
        ...

    def of_package(self, package_id: PackageId, limit: int | None = None) -> Sequence[str]:
        """Return the ids of a package's requests, newest first."""
        ...
