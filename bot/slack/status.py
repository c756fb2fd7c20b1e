"""Jobs for `/pkgstatus PACKAGEID`, `find`, `help`, and for the buttons under their answers.

A job answers a question and says what to record; taking it in and sending the answer is the desk's.
"""

from __future__ import annotations

from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.answers import Found, Kept, Several, UnknownPackage
from bot.domain.quantity import quantity
from bot.domain.query import Find, Help, Show
from bot.domain.refusal import Reason, Refusal
from bot.slack.desk import Reply
from bot.usecases.recording import Deed, refused
from bot.views import drift, replies, spreadsheet, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import App

    from bot.domain.answers import Answer
    from bot.slack.answers import Answers
    from bot.slack.commands import Commands
    from bot.slack.desk import Desk, Job
    from bot.slack.incoming import Incoming
    from bot.usecases.lookup import Lookup
    from bot.views.kit import Message

log = structlog.stdlib.get_logger(__name__)


class StatusListeners:
    """The way from a command or click about packages to its answer."""

    def __init__(
        self, lookup: Lookup, desk: Desk, answers: Answers, around: Callable[[], status.Around], *, public: bool
    ) -> None:
        self._lookup = lookup
        self._desk = desk
        self._answers = answers
        self._around = around
        self._public = public

    def register(self, app: App, commands: Commands) -> None:
        """Tell Bolt, the desk and the command which question and button is answered how."""
        commands.answer(Show, self._shown)
        commands.answer(Find, self._found)
        commands.answer(Help, self._helped)
        jobs: dict[str, Job] = {
            status.PREVIOUS_ACTION: self._on_snapshot("turned a page", self._turn_page),
            status.NEXT_ACTION: self._on_snapshot("turned a page", self._turn_page),
            status.CSV_ACTION: self._on_snapshot("exported CSV", self._export),
            replies.SHOW_ACTION: commands.reply_to_button,
        }
        for action_id, job in jobs.items():
            app.action(action_id)(self._desk.on_click)
            self._desk.hear(action_id, job)

    def _helped(self, incoming: Incoming, _question: Help) -> Reply:
        return self._say(incoming, Deed("asked for help", "answered"), replies.help_text())

    def _shown(self, incoming: Incoming, question: Show) -> Reply:
        outcome = self._lookup.show(incoming.actor, question)
        match outcome:
            case Kept():
                deed = Deed("looked up", "answered", question.text, detail=status.in_words(outcome.answer))
                draw = partial(status.draw, outcome, around=self._around())
                return Reply(deed, partial(self._answers.show, incoming, draw, public=self._is_public(incoming)))
            case Several():
                said = "; ".join(f"{each.site}: {status.in_words(each)}" for each in outcome.answers)
                deed = Deed("looked up", "answered", question.text, detail=said)
                return self._show(incoming, deed, status.several(outcome))
            case UnknownPackage(away=()):
                deed = refused("looked up", "unknown package", question.text)
                return self._say(incoming, deed, replies.unknown_package(outcome))
            case UnknownPackage():
                why = ", ".join(f"site {each.site} {each.trouble}" for each in outcome.away)
                deed = Deed("looked up", "failed", question.text, reason=why)
                return self._say(incoming, deed, replies.unknown_package(outcome, incoming.reference))
            case Refusal():
                return self._refused(incoming, "looked up", question.text, outcome)

    def _found(self, incoming: Incoming, question: Find) -> Reply:
        words = " ".join(question.words)
        outcome = self._lookup.find(incoming.actor, question)
        if isinstance(outcome, Found):
            deed = Deed("searched", "answered", words, detail=quantity(len(outcome.hits), "package"))
            return self._say(incoming, deed, replies.found(outcome))
        return self._refused(incoming, "searched", words, outcome)

    def _on_snapshot(self, verb: str, use: Callable[[Incoming, Kept, int], Reply]) -> Job:
        """Make a job for a button under a table: find the table again, or say why that is not possible."""

        def job(click: Incoming) -> Reply:
            value = status.read_value(click.text)
            if value is None:
                return self._refused(click, verb, click.text, Refusal(Reason.UNKNOWN_BUTTON))
            key, start, query = value
            outcome = self._lookup.again(click.actor, key)
            if isinstance(outcome, Kept):
                return use(click, outcome, start)
            if outcome.reason is Reason.SNAPSHOT_GONE:
                return self._say(click, refused(verb, outcome.reason, query), replies.gone(query))
            return self._refused(click, verb, query, outcome)

        return job

    def _turn_page(self, click: Incoming, kept: Kept, start: int) -> Reply:
        deed = Deed("turned a page", "answered", kept.answer.query, detail=f"from row {start + 1}")
        draw = partial(status.draw, kept, start=start, around=self._around())
        return Reply(deed, partial(self._answers.show, click, draw, public=self._public, replace=True))

    def _export(self, click: Incoming, kept: Kept, _start: int) -> Reply:
        deed = Deed("exported CSV", "answered", kept.answer.query, detail=quantity(kept.answer.row_count, "row"))
        return Reply(deed, partial(self._send_csv, click, kept.answer))

    def _send_csv(self, click: Incoming, answer: Answer) -> None:
        name, content = spreadsheet.file_name(answer), spreadsheet.draw(answer)
        try:
            self._answers.send_file(click.user_id, replies.csv_note(answer), name, content)
        except SlackApiError as error:
            log.warning("CSV was not sent", error=str(error))
            self._answers.say(click, replies.csv_failed(str(error.response.get("error"))))
        except (SlackClientError, HTTPException, OSError) as error:
            log.warning("CSV was not sent", error=str(error))
            self._answers.say(click, replies.csv_failed("no answer"))
        else:
            self._answers.say(click, replies.say(replies.CSV_SENT))

    def _is_public(self, incoming: Incoming) -> bool:
        """What a digest's buttons show is for the clicker's eyes only, whatever the digest's channel."""
        return self._public and incoming.kind not in drift.PACKAGE_ACTIONS

    def _show(self, incoming: Incoming, deed: Deed, message: Message) -> Reply:
        public = self._is_public(incoming)
        return Reply(deed, partial(self._answers.show, incoming, lambda _form: message, public=public))

    def _say(self, incoming: Incoming, deed: Deed, message: Message) -> Reply:
        return Reply(deed, partial(self._answers.say, incoming, message))

    def _refused(self, incoming: Incoming, verb: str, subject: str, refusal: Refusal) -> Reply:
        return self._say(incoming, refused(verb, refusal.reason, subject), replies.refused(refusal))
