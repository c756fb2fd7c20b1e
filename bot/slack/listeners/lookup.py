"""`/pkgstatus PACKAGEID`, `/pkgstatus find`, `/pkgstatus help`, and the buttons below their answers."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class LookupListeners:
    """Answers queries about packages; `reset_context` returns what a table shows besides its answer."""

    lookup: PackageLookup
    dispatcher: Dispatcher
    responder: Responder
    reset_context: Callable[[], version_table.ResetContext]
    public: bool

    def register(self, app: App, commands: SlashCommand) -> None:
        """Register the handlers of the sub-commands and the buttons."""
        commands.add_handler(Show, self._show)
        commands.add_handler(Find, self._find)
        commands.add_handler(Help, self._help)
        handlers: dict[str, Handler] = {
            version_table.PREVIOUS_ACTION: self._on_snapshot("turned a page", self._turn_page),
            version_table.NEXT_ACTION: self._on_snapshot("turned a page", self._turn_page),
            version_table.CSV_ACTION: self._on_snapshot("exported CSV", self._export),
            replies.SHOW_ACTION: commands.reply_to_button,
        }
        for action_id, handler in handlers.items():
            app.action(action_id)(self.dispatcher.on_click)
            self.dispatcher.register(action_id, handler)

    def _help(self, inbound: InboundRequest, _query: Help) -> Outcome:
        return self._reply(inbound, AuditAction("asked for help", "answered"), replies.help_text())

    def _show(self, inbound: InboundRequest, query: Show) -> Outcome:
        outcome = self.lookup.show(inbound.actor, query)
        match outcome:
            case StoredAnswer():
                action = AuditAction(
                    "looked up", "answered", query.text, detail=version_table.class_counts(outcome.answer)
                )
                draw = partial(version_table.draw, outcome, resets=self.reset_context())
                return Outcome(
                    action, partial(self.responder.send_table, inbound, draw, public=self._is_public(inbound))
                )
            case AnswersBySite():
                summaries = "; ".join(f"{each.site}: {version_table.class_counts(each)}" for each in outcome.answers)
                action = AuditAction("looked up", "answered", query.text, detail=summaries)
                return self._send(inbound, action, version_table.draw_all_sites(outcome))
            case UnknownPackage(away=()):
                action = refused("looked up", "unknown package", query.text)
                return self._reply(inbound, action, replies.unknown_package(outcome))
            case UnknownPackage():
                why = ", ".join(f"site {each.site} {each.trouble}" for each in outcome.away)
                action = AuditAction("looked up", "failed", query.text, reason=why)
                return self._reply(inbound, action, replies.unknown_package(outcome, inbound.reference))
            case Refusal():
                return self._refuse(inbound, "looked up", query.text, outcome)

    def _find(self, inbound: InboundRequest, query: Find) -> Outcome:
        words = " ".join(query.words)
        outcome = self.lookup.find(inbound.actor, query)
        if isinstance(outcome, SearchResult):
            action = AuditAction("searched", "answered", words, detail=quantity(len(outcome.hits), "package"))
            return self._reply(inbound, action, replies.search_results(outcome))
        return self._refuse(inbound, "searched", words, outcome)

    def _on_snapshot(self, verb: str, use: Callable[[InboundRequest, StoredAnswer, int], Outcome]) -> Handler:
        """Return a handler for a button below a table: it loads the snapshot of the table, or refuses without one."""

        def handler(click: InboundRequest) -> Outcome:
            value = version_table.parse_button_value(click.text)
            if value is None:
                return self._refuse(click, verb, click.text, Refusal(Reason.UNKNOWN_BUTTON))
            key, start, query = value
            outcome = self.lookup.again(click.actor, key)
            if isinstance(outcome, StoredAnswer):
                return use(click, outcome, start)
            if outcome.reason is Reason.SNAPSHOT_GONE:
                return self._reply(click, refused(verb, outcome.reason, query), replies.snapshot_gone(query))
            return self._refuse(click, verb, query, outcome)

        return handler

    def _turn_page(self, click: InboundRequest, stored: StoredAnswer, start: int) -> Outcome:
        action = AuditAction("turned a page", "answered", stored.answer.query, detail=f"from row {start + 1}")
        draw = partial(version_table.draw, stored, start=start, resets=self.reset_context())
        return Outcome(action, partial(self.responder.send_table, click, draw, public=self.public, replace=True))

    def _export(self, click: InboundRequest, stored: StoredAnswer, _start: int) -> Outcome:
        action = AuditAction(
            "exported CSV", "answered", stored.answer.query, detail=quantity(stored.answer.row_count, "row")
        )
        return Outcome(action, partial(self._send_csv, click, stored.answer))

    def _send_csv(self, click: InboundRequest, answer: Answer) -> None:
        name, content = csv_export.file_name(answer), csv_export.draw(answer)
        try:
            self.responder.send_file(click.user_id, replies.csv_note(answer), name, content)
        except SlackApiError as error:
            log.warning("CSV was not sent", error=str(error))
            self.responder.reply(click, replies.csv_failed(str(error.response.get("error"))))
        except (SlackClientError, HTTPException, OSError) as error:
            log.warning("CSV was not sent", error=str(error))
            self.responder.reply(click, replies.csv_failed("no answer"))
        else:
            self.responder.reply(click, replies.text_message(replies.CSV_SENT))

    def _is_public(self, inbound: InboundRequest) -> bool:
        """Whether the channel sees the answer; what a digest's buttons show is for their clicker only."""
        return self.public and inbound.kind not in drift_summary.PACKAGE_ACTIONS

    def _send(self, inbound: InboundRequest, action: AuditAction, message: Message) -> Outcome:
        public = self._is_public(inbound)
        return Outcome(action, partial(self.responder.send_table, inbound, lambda _form: message, public=public))

    def _reply(self, inbound: InboundRequest, action: AuditAction, message: Message) -> Outcome:
        return Outcome(action, partial(self.responder.reply, inbound, message))

    def _refuse(self, inbound: InboundRequest, verb: str, subject: str, refusal: Refusal) -> Outcome:
        return self._reply(inbound, refused(verb, refusal.reason, subject), replies.refusal_message(refusal))
