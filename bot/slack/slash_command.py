"""The slash command: understood here, answered by whoever knows the kind of question."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.domain.command import (
    BadFilter,
    Misunderstanding,
    NoPackage,
    NoReason,
    NotForDrift,
    NotForHistory,
    NothingToFind,
    Show,
    UnknownWord,
    parse,
)
from bot.domain.package_id import BadId
from bot.slack.dispatcher import Outcome
from bot.slack.inbound import InboundRequest
from bot.usecases.audit.recorder import refused
from bot.views import replies

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import Ack, App

    from bot.domain.command import Query
    from bot.slack.dispatcher import Dispatcher
    from bot.slack.responder import Responder

COMMAND = "/pkgstatus"


class SlashCommand:
    """Hears `/pkgstatus` and routes each question to the one who answers its kind."""

    def __init__(self, dispatcher: Dispatcher, responder: Responder) -> None:
        self._dispatcher = dispatcher
        self._responder = responder
        self._by_kind: dict[type, Callable[[InboundRequest, Any], Outcome]] = {}

    def add_handler(self, kind: type, job: Callable[[InboundRequest, Any], Outcome]) -> None:
        """Learn who answers a kind of question."""
        self._by_kind[kind] = job

    def register(self, app: App) -> None:
        """Tell Bolt and the desk."""
        app.command(COMMAND)(self.on_command)
        self._dispatcher.register(COMMAND, self.reply)

    def on_command(self, ack: Ack, body: dict[str, Any]) -> None:
        """Hear the command."""
        inbound = InboundRequest.command(body)
        self._dispatcher.accept_command(ack, inbound, replies.looking_up(parse(inbound.text)))

    def reply(self, inbound: InboundRequest) -> Outcome:
        """Answer a typed question."""
        return self._answered(inbound, parse(inbound.text))

    def reply_to_button(self, click: InboundRequest) -> Outcome:
        """Answer the question behind a button, which names the site that it is about."""
        site, query = replies.read_question(click.text)
        question = parse(query)
        return self._answered(click, replace(question, site=site) if isinstance(question, Show) else question)

    def _answered(self, inbound: InboundRequest, question: Query | Misunderstanding) -> Outcome:
        if isinstance(question, Misunderstanding):
            say = partial(self._responder.reply, inbound, replies.misunderstood(question))
            return Outcome(refused("asked", _fault(question), inbound.text), say)
        return self._by_kind[type(question)](inbound, question)


def _fault(problem: Misunderstanding) -> str:
    return f"bad ID: {problem.fault}" if isinstance(problem, BadId) else _FAULTS[type(problem)]


_FAULTS = {
    BadFilter: "unknown filter",
    NoPackage: "no package",
    NothingToFind: "nothing to find",
    NoReason: "no reason",
    NotForDrift: "not a site",
    NotForHistory: "not a package ID",
    UnknownWord: "unknown word",
}
"""How the ledger names what was not understood."""
