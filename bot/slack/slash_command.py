"""Parses `/pkgstatus` and routes each query to the handler of its kind."""

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
    """The slash command; listeners add a handler for each kind of query they answer."""

    def __init__(self, dispatcher: Dispatcher, responder: Responder) -> None:
        self._dispatcher = dispatcher
        self._responder = responder
        self._handlers: dict[type, Callable[[InboundRequest, Any], Outcome]] = {}

    def add_handler(self, kind: type, handler: Callable[[InboundRequest, Any], Outcome]) -> None:
        """Set the handler of a kind of query, such as `Freeze`."""
        self._handlers[kind] = handler

    def register(self, app: App) -> None:
        """Register the handler of the command."""
        app.command(COMMAND)(self.on_command)
        self._dispatcher.register(COMMAND, self.reply)

    def on_command(self, ack: Ack, body: dict[str, Any]) -> None:
        """Bolt listener of the command."""
        inbound = InboundRequest.command(body)
        self._dispatcher.accept_command(ack, inbound, replies.progress_text(parse(inbound.text)))

    def reply(self, inbound: InboundRequest) -> Outcome:
        """Handle a typed query."""
        return self._route(inbound, parse(inbound.text))

    def reply_to_button(self, click: InboundRequest) -> Outcome:
        """Handle a button whose value holds a query and the site that it is about."""
        site, text = replies.parse_button_query(click.text)
        query = parse(text)
        return self._route(click, replace(query, site=site) if isinstance(query, Show) else query)

    def _route(self, inbound: InboundRequest, query: Query | Misunderstanding) -> Outcome:
        if isinstance(query, Misunderstanding):
            send = partial(self._responder.reply, inbound, replies.misunderstood(query))
            return Outcome(refused("asked", _reason(query), inbound.text), send)
        return self._handlers[type(query)](inbound, query)


def _reason(problem: Misunderstanding) -> str:
    return f"bad ID: {problem.fault}" if isinstance(problem, BadId) else _REASONS[type(problem)]


_REASONS = {
    BadFilter: "unknown filter",
    NoPackage: "no package",
    NothingToFind: "nothing to find",
    NoReason: "no reason",
    NotForDrift: "not a site",
    NotForHistory: "not a package ID",
    UnknownWord: "unknown word",
}
"""Reasons that the ledger records for what was not understood."""
