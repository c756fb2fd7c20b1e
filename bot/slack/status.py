"""Listeners for `/pkgstatus` and for the buttons under its answers.

They read the payload and hand the question to the desk; what comes back is drawn and sent.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from slack_sdk.errors import SlackApiError

from bot.domain.query import Find, Help, Query, Show, parse
from bot.domain.refusal import Reason, Refusal
from bot.slack.incoming import Incoming
from bot.usecases.lookup import Found, Kept, UnknownPackage
from bot.views import replies, spreadsheet, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import Ack, App

    from bot.domain.query import Misunderstanding
    from bot.slack.answers import Answers
    from bot.slack.desk import Desk
    from bot.usecases.lookup import Lookup

log = structlog.get_logger()

COMMAND = "/pkgstatus"


class StatusListeners:
    """The way from a command or click about packages to its answer."""

    def __init__(self, lookup: Lookup, desk: Desk, answers: Answers, *, public: bool) -> None:
        self._lookup = lookup
        self._desk = desk
        self._answers = answers
        self._public = public

    def register(self, app: App) -> None:
        """Tell Bolt which listener hears what."""
        app.command(COMMAND)(self.on_command)
        clicks: dict[str, Callable[[Incoming], None]] = {
            status.PREVIOUS_ACTION: self._turn_page,
            status.NEXT_ACTION: self._turn_page,
            status.CSV_ACTION: self._send_csv,
            replies.SHOW_ACTION: lambda click: self._answer(click, parse(click.text)),
        }
        for action_id, job in clicks.items():
            app.action(action_id)(self._listener(job))

    def on_command(self, ack: Ack, body: dict[str, Any]) -> None:
        """Hear a slash command."""
        incoming = Incoming.command(body)
        question = parse(incoming.text)
        note = replies.looking_up(question) if isinstance(question, Query) else None
        self._desk.take_command(ack, incoming, note, partial(self._answer, incoming, question))

    def _listener(self, job: Callable[[Incoming], None]) -> Callable[[Ack, dict[str, Any]], None]:
        def on_click(ack: Ack, body: dict[str, Any]) -> None:
            incoming = Incoming.click(body)
            self._desk.take_click(ack, incoming, partial(job, incoming))

        return on_click

    def _answer(self, incoming: Incoming, question: Query | Misunderstanding) -> None:
        match question:
            case Show():
                self._give(incoming, self._lookup.show(incoming.actor, question))
            case Find():
                self._give(incoming, self._lookup.find(incoming.actor, question))
            case Help():
                self._answers.say(incoming, replies.help_text())
            case _:
                self._answers.say(incoming, replies.misunderstood(question))

    def _give(self, incoming: Incoming, outcome: Kept | Found | UnknownPackage | Refusal) -> None:
        match outcome:
            case Kept():
                self._answers.show(incoming, partial(status.draw, outcome), public=self._public)
            case Found():
                self._answers.say(incoming, replies.found(outcome))
            case UnknownPackage():
                self._answers.say(incoming, replies.unknown_package(outcome))
            case Refusal():
                self._answers.say(incoming, replies.refused(outcome))

    def _turn_page(self, click: Incoming) -> None:
        kept = self._recall(click)
        if kept:
            outcome, start = kept
            draw = partial(status.draw, outcome, start=start)
            self._answers.show(click, draw, public=self._public, replace=True)

    def _send_csv(self, click: Incoming) -> None:
        kept = self._recall(click)
        if not kept:
            return
        answer = kept[0].answer
        try:
            self._answers.send_file(
                click.actor.user_id,
                replies.csv_note(answer),
                spreadsheet.file_name(answer),
                spreadsheet.draw(answer),
            )
        except SlackApiError as error:
            log.warning("CSV was not sent", error=str(error))
            self._answers.say(click, replies.csv_failed(str(error.response.get("error"))))
        else:
            self._answers.say(click, replies.say(replies.CSV_SENT))

    def _recall(self, click: Incoming) -> tuple[Kept, int] | None:
        """Find the answer under which a button was clicked; otherwise say why that is not possible."""
        value = status.read_value(click.text)
        if value is None:
            self._answers.say(click, replies.refused(Refusal(Reason.UNKNOWN_BUTTON)))
            return None
        key, start, query = value
        outcome = self._lookup.again(click.actor, key)
        if isinstance(outcome, Kept):
            return outcome, start
        is_gone = outcome.reason is Reason.SNAPSHOT_GONE
        self._answers.say(click, replies.gone(query) if is_gone else replies.refused(outcome))
        return None
