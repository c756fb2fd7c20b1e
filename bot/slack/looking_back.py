"""Jobs for the brake and for looking back: freeze, unfreeze, requests, history."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.domain.quantity import quantity
from bot.domain.query import Freeze, History, ListRequests, Unfreeze
from bot.domain.request import OPEN, Stage
from bot.slack.desk import Reply
from bot.usecases.rebuilding import rebuild
from bot.usecases.recording import Deed, refused
from bot.views import replies, request_words
from bot.views.request_words import Places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.domain.request import Request
    from bot.slack.answers import Answers
    from bot.slack.commands import Commands
    from bot.slack.incoming import Incoming
    from bot.usecases.access import Access
    from bot.usecases.freezing import Freezing
    from bot.usecases.ports import Clock
    from bot.usecases.requests import Requests
    from bot.usecases.standing import Standing

MOST = 20


class BrakeAndHistory:
    """Answers the commands about requests that have no card."""

    def __init__(
        self, requests: Requests, freezing: Freezing, standing: Standing, access: Access, answers: Answers, clock: Clock
    ) -> None:
        self._requests = requests
        self._freezing = freezing
        self._standing = standing
        self._access = access
        self._answers = answers
        self._clock = clock

    def register(self, commands: Commands) -> None:
        """Tell the command which questions are answered here."""
        commands.answer(Freeze, self._freeze)
        commands.answer(Unfreeze, self._unfreeze)
        commands.answer(ListRequests, self._list)
        commands.answer(History, self._history)

    def _freeze(self, incoming: Incoming, question: Freeze) -> Reply:
        refusal = self._standing.may_decide(incoming.actor)
        if refusal:
            return self._reply(incoming, refused("freeze", refusal.reason), replies.refused(refusal).text)
        self._freezing.freeze(incoming.actor, question.why, incoming.key)
        too_late = [request.id for request in self._requests.at({Stage.APPLYING})]
        return self._reply(incoming, Deed("asked to freeze", "done"), request_words.froze(too_late))

    def _unfreeze(self, incoming: Incoming, _question: Unfreeze) -> Reply:
        refusal = self._standing.may_decide(incoming.actor)
        if refusal:
            return self._reply(incoming, refused("unfreeze", refusal.reason), replies.refused(refusal).text)
        if self._freezing.now() is None:
            return self._reply(incoming, refused("unfreeze", "not frozen"), "Resets are not frozen.")
        later = self._freezing.unfreeze(incoming.actor, incoming.key, incoming.freezes or 0)
        if later:
            words = request_words.frozen_again(later.user_id, later.at, later.why)
            return self._reply(incoming, refused("unfreeze", "frozen again after it was typed"), words)
        return self._reply(incoming, Deed("asked to unfreeze", "done"), "Resets may go on.")

    def _list(self, incoming: Incoming, _question: ListRequests) -> Reply:
        ids = [
            *self._requests.index.in_stages(OPEN, MOST),
            *self._requests.index.in_stages(frozenset(Stage) - OPEN, MOST),
        ]
        return self._listing(incoming, "listed requests", "Requests, open ones first", ids[:MOST])

    def _history(self, incoming: Incoming, question: History) -> Reply:
        most = MOST // len(question.package_ids)
        found = [self._requests.index.of_package(each, most) for each in question.package_ids]
        none = [each for each, ids in zip(question.package_ids, found, strict=True) if not ids]
        named = [each for each in question.package_ids if each not in none] or none
        title = f"Requests for {' and '.join(named)}"
        if len(named) < len(question.package_ids):
            title += f" (none for {' and '.join(none)})"
        return self._listing(incoming, "read the history", title, [each for ids in found for each in ids])

    def _listing(self, incoming: Incoming, verb: str, title: str, ids: Sequence[str]) -> Reply:
        refusal = self._access.refusal(incoming.actor)
        if refusal:
            return self._reply(incoming, refused(verb, refusal.reason), replies.refused(refusal).text)
        found, lost = rebuild(self._requests.ledger, ids)
        message = request_words.listing(title, found, self._clock(), lost, self._places(found, incoming.user_id))
        return Reply(
            Deed(verb, "answered", detail=quantity(len(found), "request")),
            partial(self._answers.say, incoming, message),
        )

    def _places(self, requests: Sequence[Request], asker: str) -> Places:
        cards = {request.id: self._requests.index.card(request.id) for request in requests}
        links = {request_id: card.link for request_id, card in cards.items() if card and card.link}
        without = {each: self._requests.card_trouble(each) for each, card in cards.items() if card is None}
        return Places(links, without, asker, self._requests.channel)

    def _reply(self, incoming: Incoming, deed: Deed, text: str) -> Reply:
        return Reply(deed, partial(self._answers.say, incoming, replies.say(text)))
