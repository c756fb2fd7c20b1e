"""The slash command: understood here, answered by whoever knows the kind of question."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.domain.query import (
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
from bot.domain.typed_id import BadId
from bot.slack.desk import Reply
from bot.slack.incoming import Incoming
from bot.usecases.recording import refused
from bot.views import replies

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import Ack, App

    from bot.domain.query import Query
    from bot.slack.answers import Answers
    from bot.slack.desk import Desk

COMMAND = "/pkgstatus"


class Commands:
    """Hears `/pkgstatus` and routes each question to the one who answers its kind."""

    def __init__(self, desk: Desk, answers: Answers) -> None:
        self._desk = desk
        self._answers = answers
        self._by_kind: dict[type, Callable[[Incoming, Any], Reply]] = {}

    def answer(self, kind: type, job: Callable[[Incoming, Any], Reply]) -> None:
        """Learn who answers a kind of question."""
        self._by_kind[kind] = job

    def register(self, app: App) -> None:
        """Tell Bolt and the desk."""
        app.command(COMMAND)(self.on_command)
        self._desk.hear(COMMAND, self.reply)

    def on_command(self, ack: Ack, body: dict[str, Any]) -> None:
        """Hear the command."""
        incoming = Incoming.command(body)
        self._desk.take_command(ack, incoming, replies.looking_up(parse(incoming.text)))

    def reply(self, incoming: Incoming) -> Reply:
        """Answer a typed question."""
        return self._answered(incoming, parse(incoming.text))

    def reply_to_button(self, click: Incoming) -> Reply:
        """Answer the question behind a button, which names the site that it is about."""
        site, query = replies.read_question(click.text)
        question = parse(query)
        return self._answered(click, replace(question, site=site) if isinstance(question, Show) else question)

    def _answered(self, incoming: Incoming, question: Query | Misunderstanding) -> Reply:
        if isinstance(question, Misunderstanding):
            say = partial(self._answers.say, incoming, replies.misunderstood(question))
            return Reply(refused("asked", _fault(question), incoming.text), say)
        return self._by_kind[type(question)](incoming, question)


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
