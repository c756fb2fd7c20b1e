"""Which cards and digests wait to be posted, since when, and why: for Home, health and the check of an installation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.pending_post import PendingPost, PostKind
from bot.usecases.drift.digest_publisher import refusal_of
from bot.usecases.ports.store import CARD, DIGEST
from bot.usecases.resets.request_repository import card_fault_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.usecases.ports.store import Delivery, Ledger, Outbox


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Looks at the outbox of the channels that cards and digests go to."""

    outbox: Outbox
    ledger: Ledger
    channels: Collection[str]

    def look(self) -> tuple[PendingPost, ...]:
        """Return what waits, the oldest first of each channel; a card that waits several times counts once.

        Raises StoreError.
        """
        found: dict[tuple[str, str], PendingPost] = {}
        for channel in sorted(set(self.channels)):
            for delivery in self.outbox.notices(channel):
                payload = delivery.payload or {}  # empty in one that cannot be read, which the relay puts aside
                if CARD in payload:
                    found.setdefault((channel, str(payload[CARD])), self._card(delivery, str(payload[CARD])))
                elif DIGEST in payload:
                    found[channel, str(delivery.entry.sequence)] = self._digest(delivery)
        return tuple(found.values())

    def _card(self, delivery: Delivery, request_id: str) -> PendingPost:
        reason = card_fault_of(self.ledger.stream(f"card {request_id}"))
        return PendingPost(PostKind.CARD, request_id, delivery.destination, delivery.entry.at, reason)

    def _digest(self, delivery: Delivery) -> PendingPost:
        claim = delivery.entry
        reason = refusal_of(self.ledger.stream(claim.stream), claim)
        name = claim.stream.removeprefix("digest ")
        return PendingPost(PostKind.DIGEST, name, delivery.destination, claim.at, reason)
