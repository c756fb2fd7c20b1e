"""Jobs for the brake and for looking back: freeze, unfreeze, requests, history."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.domain.command import Freeze, History, ListRequests, Unfreeze
from bot.domain.quantity import quantity
from bot.domain.request import OPEN, Stage
from bot.slack.dispatcher import Outcome
from bot.usecases.audit.recorder import AuditAction, refused
from bot.usecases.resets.request_repository import replay_requests
from bot.views import replies, request_texts
from bot.views.request_texts import Places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.domain.request import Request
    from bot.slack.inbound import InboundRequest
    from bot.slack.responder import Responder
    from bot.slack.slash_command import SlashCommand
    from bot.usecases.access import Access
    from bot.usecases.ports.clock import Clock
    from bot.usecases.resets.eligibility import Eligibility
    from bot.usecases.resets.freeze import FreezeService
    from bot.usecases.resets.request_repository import RequestRepository

MOST = 20


class FreezeListeners:
    """Answers the commands about requests that have no card."""

    def __init__(
        self,
        requests: RequestRepository,
        freeze_service: FreezeService,
        eligibility: Eligibility,
        access: Access,
        responder: Responder,
        clock: Clock,
    ) -> None:
        self._requests = requests
        self._freezing = freeze_service
        self._standing = eligibility
        self._access = access
        self._responder = responder
        self._clock = clock

    def register(self, commands: SlashCommand) -> None:
        """Tell the command which questions are answered here."""
        commands.add_handler(Freeze, self._freeze)
        commands.add_handler(Unfreeze, self._unfreeze)
        commands.add_handler(ListRequests, self._list)
        commands.add_handler(History, self._history)

    def _freeze(self, inbound: InboundRequest, question: Freeze) -> Outcome:
        refusal = self._standing.can_approve(inbound.actor)
        if refusal:
            return self._reply(inbound, refused("freeze", refusal.reason), replies.refused(refusal).text)
        self._freezing.freeze(inbound.actor, question.why, inbound.key)
        too_late = [request.id for request in self._requests.at({Stage.APPLYING})]
        return self._reply(inbound, AuditAction("asked to freeze", "done"), request_texts.froze(too_late))

    def _unfreeze(self, inbound: InboundRequest, _question: Unfreeze) -> Outcome:
        refusal = self._standing.can_approve(inbound.actor)
        if refusal:
            return self._reply(inbound, refused("unfreeze", refusal.reason), replies.refused(refusal).text)
        if self._freezing.now() is None:
            return self._reply(inbound, refused("unfreeze", "not frozen"), "Resets are not frozen.")
        later = self._freezing.unfreeze(inbound.actor, inbound.key, inbound.freezes or 0)
        if later:
            words = request_texts.frozen_again(later.user_id, later.at, later.why)
            return self._reply(inbound, refused("unfreeze", "frozen again after it was typed"), words)
        return self._reply(inbound, AuditAction("asked to unfreeze", "done"), "Resets may go on.")

    def _list(self, inbound: InboundRequest, _question: ListRequests) -> Outcome:
        ids = [
            *self._requests.index.in_stages(OPEN, MOST),
            *self._requests.index.in_stages(frozenset(Stage) - OPEN, MOST),
        ]
        return self._listing(inbound, "listed requests", "Requests, open ones first", ids[:MOST])

    def _history(self, inbound: InboundRequest, question: History) -> Outcome:
        most = MOST // len(question.package_ids)
        found = [self._requests.index.of_package(each, most) for each in question.package_ids]
        none = [each for each, ids in zip(question.package_ids, found, strict=True) if not ids]
        named = [each for each in question.package_ids if each not in none] or none
        title = f"Requests for {' and '.join(named)}"
        if len(named) < len(question.package_ids):
            title += f" (none for {' and '.join(none)})"
        return self._listing(inbound, "read the history", title, [each for ids in found for each in ids])

    def _listing(self, inbound: InboundRequest, verb: str, title: str, ids: Sequence[str]) -> Outcome:
        refusal = self._access.refusal(inbound.actor)
        if refusal:
            return self._reply(inbound, refused(verb, refusal.reason), replies.refused(refusal).text)
        found, lost = replay_requests(self._requests.ledger, ids)
        message = request_texts.listing(title, found, self._clock(), lost, self._places(found, inbound.user_id))
        return Outcome(
            AuditAction(verb, "answered", detail=quantity(len(found), "request")),
            partial(self._responder.reply, inbound, message),
        )

    def _places(self, requests: Sequence[Request], asker: str) -> Places:
        cards = {request.id: self._requests.index.card(request.id) for request in requests}
        links = {request_id: card.link for request_id, card in cards.items() if card and card.link}
        without = {each: self._requests.card_trouble(each) for each, card in cards.items() if card is None}
        return Places(links, without, asker, self._requests.channel)

    def _reply(self, inbound: InboundRequest, action: AuditAction, text: str) -> Outcome:
        return Outcome(action, partial(self._responder.reply, inbound, replies.say(text)))
