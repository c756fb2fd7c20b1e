"""`/pkgstatus history`: what was requested for packages; and the list that it shares with `/pkgstatus requests`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bot.domain.command import History
from bot.domain.quantity import quantity
from bot.slack.dispatcher import Outcome
from bot.usecases.audit.recorder import AuditAction, refused
from bot.usecases.resets.request_repository import replay_requests
from bot.views import replies, request_texts
from bot.views.request_texts import CardLocations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.domain.request import Request
    from bot.slack.inbound import InboundRequest
    from bot.slack.responder import Responder
    from bot.slack.slash_command import SlashCommand
    from bot.usecases.access import Access
    from bot.usecases.ports.clock import Clock
    from bot.usecases.resets.request_repository import RequestRepository

MAX_LISTED = 20


@dataclass(frozen=True, slots=True)
class RequestList:
    """Answers with a list of requests; `requests` and `history` differ in which ones."""

    requests: RequestRepository
    access: Access
    responder: Responder
    clock: Clock

    def reply(self, inbound: InboundRequest, verb: str, title: str, ids: Sequence[str]) -> Outcome:
        """Return the list of the requests with these ids, or why the sender may not read it. Raises StoreError."""
        refusal = self.access.refusal(inbound.actor)
        if refusal:
            words = replies.refusal_message(refusal)
            return Outcome(refused(verb, refusal.reason), partial(self.responder.reply, inbound, words))
        found, lost = replay_requests(self.requests.ledger, ids)
        message = request_texts.request_list(title, found, self.clock(), lost, self._places(found, inbound.user_id))
        return Outcome(
            AuditAction(verb, "answered", detail=quantity(len(found), "request")),
            partial(self.responder.reply, inbound, message),
        )

    def _places(self, requests: Sequence[Request], asker: str) -> CardLocations:
        cards = {request.id: self.requests.index.card(request.id) for request in requests}
        links = {request_id: card.link for request_id, card in cards.items() if card and card.link}
        without = {each: self.requests.card_fault(each) for each, card in cards.items() if card is None}
        return CardLocations(links, without, asker, self.requests.channel)


@dataclass(frozen=True, slots=True)
class HistoryListeners:
    """Answers what was requested for packages."""

    request_list: RequestList

    def register(self, commands: SlashCommand) -> None:
        """Register the handler of the sub-command."""
        commands.add_handler(History, self._history)

    def _history(self, inbound: InboundRequest, query: History) -> Outcome:
        index, limit = self.request_list.requests.index, MAX_LISTED // len(query.package_ids)
        found = [index.of_package(each, limit) for each in query.package_ids]
        none = [each for each, ids in zip(query.package_ids, found, strict=True) if not ids]
        named = [each for each in query.package_ids if each not in none] or none
        title = f"Requests for {' and '.join(named)}"
        if len(named) < len(query.package_ids):
            title += f" (none for {' and '.join(none)})"
        return self.request_list.reply(inbound, "read the history", title, [each for ids in found for each in ids])
