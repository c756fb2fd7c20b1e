"""Turn a notice into the letter that the relay sends: a card is drawn from its request's state at that moment.

A card that was deleted is posted anew; where a card is gets recorded, because votes count on that card only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.domain.ledger import Draft
from bot.usecases.delivering import Letter, Posted
from bot.usecases.request_ports import CARD, POSTED, THREAD, Card
from bot.usecases.store_ports import Notice

if TYPE_CHECKING:
    from bot.domain.request import Freeze, Request
    from bot.usecases.freezing import Freezing
    from bot.usecases.requests import Requests

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cards:
    """Draws what notices stand for; `draw`, `announce` are filled by views/, `link` by slack/.

    `holds` says whether it is certain that nobody else delivers.
    """

    requests: Requests
    freezing: Freezing
    draw: Callable[[Request, Freeze | None], Payload]
    announce: Callable[[Request, Card], Payload]
    link: Callable[[Posted], str]
    holds: Callable[[], bool] = lambda: True

    def letter(self, payload: Payload) -> Letter:
        """Make the letter of a notice; one without a key of ours goes as it is. Raises StoreError."""
        if CARD in payload:
            return self._card(str(payload[CARD]))
        if THREAD in payload:
            card = self.requests.index.card(str(payload[THREAD]))
            rest = {name: value for name, value in payload.items() if name != THREAD}
            return Letter({**rest, "thread_ts": card.ts} if card else rest)
        if POSTED in payload:
            return self._announcement(str(payload[POSTED]))
        return Letter(payload)

    def _card(self, request_id: str) -> Letter:
        request = self._request(request_id)
        card = self.requests.index.card(request_id)
        replaces = Posted(card.channel, card.ts) if card else None
        return Letter(self.draw(request, self.freezing.now()), replaces, partial(self._sent, request, replaces))

    def _announcement(self, request_id: str) -> Letter:
        card = self.requests.index.card(request_id)
        return Letter(self.announce(self._request(request_id), card or Card("", "", "")))

    def _sent(self, request: Request, replaced: Posted | None, posted: Posted) -> None:
        """Record where a new card is; draw once more what was sent by a process that had been taken for dead."""
        if posted != replaced:
            self.requests.note_card(request, Card(posted.channel, posted.ts, self.link(posted)))
        if not self.holds():
            facts = {"outcome": "done", "object": request.plan.package_id}
            draft = Draft(f"card {request.id}", None, "card drawn too late", "", "", facts)
            self.requests.ledger.append(draft, [Notice(self.requests.channel, {CARD: request.id})])

    def _request(self, request_id: str) -> Request:
        request = self.requests.load(request_id)
        if request is None:
            raise LookupError(f"a notice names request {request_id}, which the ledger does not know")
        return request
