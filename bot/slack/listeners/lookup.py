"""Jobs for `/pkgstatus PACKAGEID`, `find`, `help`, and for the buttons under their answers.

A job answers a question and says what to record; taking it in and sending the answer is the desk's.
"""

from __future__ import annotations

from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.command import Find, Help, Show
from bot.domain.lookup_result import AnswersBySite, SearchResult, StoredAnswer, UnknownPackage
from bot.domain.quantity import quantity
from bot.domain.refusal import Reason, Refusal
from bot.slack.dispatcher import Outcome
from bot.usecases.audit.recorder import AuditAction, refused
from bot.views import csv_export, drift_summary, replies, version_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import App

    from bot.domain.lookup_result import Answer
    from bot.slack.dispatcher import Dispatcher, Handler
    from bot.slack.inbound import InboundRequest
    from bot.slack.responder import Responder
    from bot.slack.slash_command import SlashCommand
    from bot.usecases.lookup.package_lookup import PackageLookup
    from bot.views.block_kit import Message

log = structlog.stdlib.get_logger(__name__)


class LookupListeners:
    """The way from a command or click about packages to its answer."""

    def __init__(
        self,
        lookup: PackageLookup,
        dispatcher: Dispatcher,
        responder: Responder,
        around: Callable[[], version_table.Around],
        *,
        public: bool,
    ) -> None:
        self._lookup = lookup
        self._dispatcher = dispatcher
        self._responder = responder
        self._around = around
        self._public = public

    def register(self, app: App, commands: SlashCommand) -> None:
        """Tell Bolt, the desk and the command which question and button is answered how."""
        commands.add_handler(Show, self._shown)
        commands.add_handler(Find, self._found)
        commands.add_handler(Help, self._helped)
        jobs: dict[str, Handler] = {
            version_table.PREVIOUS_ACTION: self._on_snapshot("turned a page", self._turn_page),
            version_table.NEXT_ACTION: self._on_snapshot("turned a page", self._turn_page),
            version_table.CSV_ACTION: self._on_snapshot("exported CSV", self._export),
            replies.SHOW_ACTION: commands.reply_to_button,
        }
        for action_id, job in jobs.items():
            app.action(action_id)(self._dispatcher.on_click)
            self._dispatcher.register(action_id, job)

    def _helped(self, inbound: InboundRequest, _question: Help) -> Outcome:
        return self._say(inbound, AuditAction("asked for help", "answered"), replies.help_text())

    def _shown(self, inbound: InboundRequest, question: Show) -> Outcome:
        outcome = self._lookup.show(inbound.actor, question)
        match outcome:
            case StoredAnswer():
                action = AuditAction(
                    "looked up", "answered", question.text, detail=version_table.in_words(outcome.answer)
                )
                draw = partial(version_table.draw, outcome, around=self._around())
                return Outcome(
                    action, partial(self._responder.send_table, inbound, draw, public=self._is_public(inbound))
                )
            case AnswersBySite():
                said = "; ".join(f"{each.site}: {version_table.in_words(each)}" for each in outcome.responder)
                action = AuditAction("looked up", "answered", question.text, detail=said)
                return self._show(inbound, action, version_table.several(outcome))
            case UnknownPackage(away=()):
                action = refused("looked up", "unknown package", question.text)
                return self._say(inbound, action, replies.unknown_package(outcome))
            case UnknownPackage():
                why = ", ".join(f"site {each.site} {each.trouble}" for each in outcome.away)
                action = AuditAction("looked up", "failed", question.text, reason=why)
                return self._say(inbound, action, replies.unknown_package(outcome, inbound.reference))
            case Refusal():
                return self._refused(inbound, "looked up", question.text, outcome)

    def _found(self, inbound: InboundRequest, question: Find) -> Outcome:
        words = " ".join(question.words)
        outcome = self._lookup.find(inbound.actor, question)
        if isinstance(outcome, SearchResult):
            action = AuditAction("searched", "answered", words, detail=quantity(len(outcome.hits), "package"))
            return self._say(inbound, action, replies.found(outcome))
        return self._refused(inbound, "searched", words, outcome)

    def _on_snapshot(self, verb: str, use: Callable[[InboundRequest, StoredAnswer, int], Outcome]) -> Handler:
        """Make a job for a button under a table: find the table again, or say why that is not possible."""

        def job(click: InboundRequest) -> Outcome:
            value = version_table.read_value(click.text)
            if value is None:
                return self._refused(click, verb, click.text, Refusal(Reason.UNKNOWN_BUTTON))
            key, start, query = value
            outcome = self._lookup.again(click.actor, key)
            if isinstance(outcome, StoredAnswer):
                return use(click, outcome, start)
            if outcome.reason is Reason.SNAPSHOT_GONE:
                return self._say(click, refused(verb, outcome.reason, query), replies.gone(query))
            return self._refused(click, verb, query, outcome)

        return job

    def _turn_page(self, click: InboundRequest, kept: StoredAnswer, start: int) -> Outcome:
        action = AuditAction("turned a page", "answered", kept.answer.query, detail=f"from row {start + 1}")
        draw = partial(version_table.draw, kept, start=start, around=self._around())
        return Outcome(action, partial(self._responder.send_table, click, draw, public=self._public, replace=True))

    def _export(self, click: InboundRequest, kept: StoredAnswer, _start: int) -> Outcome:
        action = AuditAction(
            "exported CSV", "answered", kept.answer.query, detail=quantity(kept.answer.row_count, "row")
        )
        return Outcome(action, partial(self._send_csv, click, kept.answer))

    def _send_csv(self, click: InboundRequest, answer: Answer) -> None:
        name, content = csv_export.file_name(answer), csv_export.draw(answer)
        try:
            self._responder.send_file(click.user_id, replies.csv_note(answer), name, content)
        except SlackApiError as error:
            log.warning("CSV was not sent", error=str(error))
            self._responder.reply(click, replies.csv_failed(str(error.response.get("error"))))
        except (SlackClientError, HTTPException, OSError) as error:
            log.warning("CSV was not sent", error=str(error))
            self._responder.reply(click, replies.csv_failed("no answer"))
        else:
            self._responder.reply(click, replies.say(replies.CSV_SENT))

    def _is_public(self, inbound: InboundRequest) -> bool:
        """What a digest's buttons show is for the clicker's eyes only, whatever the digest's channel."""
        return self._public and inbound.kind not in drift_summary.PACKAGE_ACTIONS

    def _show(self, inbound: InboundRequest, action: AuditAction, message: Message) -> Outcome:
        public = self._is_public(inbound)
        return Outcome(action, partial(self._responder.send_table, inbound, lambda _form: message, public=public))

    def _say(self, inbound: InboundRequest, action: AuditAction, message: Message) -> Outcome:
        return Outcome(action, partial(self._responder.reply, inbound, message))

    def _refused(self, inbound: InboundRequest, verb: str, subject: str, refusal: Refusal) -> Outcome:
        return self._say(inbound, refused(verb, refusal.reason, subject), replies.refused(refusal))
