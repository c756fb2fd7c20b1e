"""Turn a notification of a request into the message that the relay sends; a card is drawn from the state it has then.

A card that was deleted is posted anew; where a card is gets recorded, because votes count on that card only. A new
card gets its buttons when its place is known: of a post whose answer was lost nothing is left that anybody could press.
Every earlier card whose place is known is redrawn as replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.domain.ledger_entry import Draft
from bot.domain.refusal import Reason
from bot.domain.request import Stage
from bot.usecases.ports.slack import OutboundMessage, Posted
from bot.usecases.ports.store import CARD, POSTED, REPLACED, THREAD, Card, Notification

if TYPE_CHECKING:
    from bot.domain.request import Freeze, Request
    from bot.usecases.ports.store import Delivery
    from bot.usecases.resets.freeze import FreezeService
    from bot.usecases.resets.request_repository import RequestRepository

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CardTexts:
    """What is said about cards; views/ fills it.

    `draw` returns a card, and the same without its buttons. `announce` tells the requester where it is, `replaced`
    stands where an earlier card was, `refused` tells the requester why Slack does not take it.
    """

    draw: Callable[[Request, Freeze | None], tuple[Payload, Payload]]
    announce: Callable[[Request, Card], Payload]
    replaced: Callable[[Request, Card | None], Payload]
    refused: Callable[[Request, Card | None, str], Payload]


@dataclass(frozen=True, slots=True)
class CardMessages:
    """Draws the messages that notifications stand for; `link` is filled by slack/.

    `simpler` gives up the form in which cards are drawn and says whether there is another. `holds` says whether it is
    certain that nobody else delivers. `rows_withheld` has cards drawn without tables from now on; `is_given_back` is
    False for a drawing with what Slack keeps to itself when it tells what a message shows.
    """

    requests: RequestRepository
    freeze_service: FreezeService
    words: CardTexts
    link: Callable[[Posted], str]
    simpler: Callable[[], bool] = lambda: False
    holds: Callable[[], bool] = lambda: True
    rows_withheld: Callable[[], None] = lambda: None
    is_given_back: Callable[[Payload], bool] = lambda _: True
    _unrecorded: dict[str, Posted] = field(default_factory=dict)

    def outbound(self, delivery: Delivery) -> OutboundMessage | None:
        """Make the message of a notification; one without a key of ours goes as it is. None when it is not needed.

        Raises StoreError.
        """
        payload = delivery.payload or {}
        if CARD in payload:
            return self._card(str(payload[CARD]))
        if THREAD in payload:
            return self._in_thread(str(payload[THREAD]), payload)
        if POSTED in payload:
            return self._announcement(str(payload[POSTED]))
        if REPLACED in payload:
            return self._replaced(str(payload[REPLACED]), Posted(delivery.destination, str(payload["ts"])))
        return OutboundMessage(payload)

    @staticmethod
    def subject(delivery: Delivery) -> str:
        """Name what a notice is about: what concerns one card waits for that card."""
        payload = delivery.payload or {}
        found = next((str(payload[key]) for key in (CARD, THREAD) if key in payload), "")
        return found or f"{delivery.entry.sequence} {delivery.number}"

    def _card(self, request_id: str) -> OutboundMessage | None:
        request = self._request(request_id)
        if not self.requests.is_ours(request):
            return None  # its words are somebody else's
        recorded = self._recorded(request_id)
        known = recorded or self._unrecorded.get(request_id)
        if known is None and not request.is_open:
            return None
        if self.requests.are_rows_withheld(request.id):
            self.rows_withheld()
        whole, opening = self.words.draw(request, self.freeze_service.now())
        return OutboundMessage(
            whole,
            known,
            partial(self._sent, request, recorded, whole),
            opening,
            simpler=self.simpler,
            refused=partial(self._refused, request),
        )

    def _in_thread(self, request_id: str, payload: Payload) -> OutboundMessage | None:
        card = self.requests.index.card(request_id)
        rest = {name: value for name, value in payload.items() if name != THREAD}
        return OutboundMessage({**rest, "thread_ts": card.ts}) if card else None

    def _announcement(self, request_id: str) -> OutboundMessage:
        card = self.requests.index.card(request_id)
        return OutboundMessage(self.words.announce(self._request(request_id), card or Card("", "", "")))

    def _replaced(self, request_id: str, place: Posted) -> OutboundMessage | None:
        """Redraw an earlier card; the newest one may have come to stand at this place meanwhile."""
        if self._recorded(request_id) == place:
            return None
        words = self.words.replaced(self._request(request_id), self.requests.index.card(request_id))
        return OutboundMessage(words, place, is_edit=True)

    def _sent(self, request: Request, recorded: Posted | None, whole: Payload, posted: Posted) -> None:
        """Record where a new card is; draw once more what was sent by a process that had been taken for dead.

        Also what Slack does not give back: nobody could vote on it.
        """
        if posted != recorded or self.requests.card_fault(request.id):
            self._unrecorded[request.id] = posted
            self.requests.record_card(request, Card(posted.channel, posted.ts, self.link(posted)))
            del self._unrecorded[request.id]
        if request.stage is Stage.PENDING and not self.is_given_back(whole):
            self.requests.redraw(request, Reason.ROWS_WITHHELD)
        if not self.holds():
            facts = {"outcome": "done", "object": request.plan.package_id}
            draft = Draft(f"card {request.id}", None, "card drawn too late", "", "", facts)
            self.requests.ledger.append(draft, [Notification(self.requests.channel, {CARD: request.id})])

    def _refused(self, request: Request, reason: str) -> None:
        card = self.requests.index.card(request.id)
        self.requests.record_card_refusal(request, reason, self.words.refused(request, card, reason))

    def _recorded(self, request_id: str) -> Posted | None:
        card = self.requests.index.card(request_id)
        return Posted(card.channel, card.ts) if card else None

    def _request(self, request_id: str) -> Request:
        request = self.requests.load(request_id)
        if request is None:
            raise LookupError(f"a notice names request {request_id}, which the ledger does not know")
        return request
