"""`/pkgstatus drift`, the buttons that show the rows behind a count, and those that show a package of theirs.

The answer to a button is for its clicker only, whatever the digest's channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.domain.command import DriftNow
from bot.domain.drift_summary import DriftScope
from bot.domain.package import SiteCode
from bot.domain.quantity import quantity
from bot.domain.refusal import Reason, Refusal
from bot.slack.dispatcher import Outcome
from bot.usecases.audit.recorder import AuditAction, refused
from bot.views import drift_rows, drift_summary, replies
from bot.views.charts import ChartForm

if TYPE_CHECKING:
    from slack_bolt import App

    from bot.slack.dispatcher import Dispatcher
    from bot.slack.inbound import InboundRequest
    from bot.slack.responder import AcceptedForms, Responder
    from bot.slack.slash_command import SlashCommand
    from bot.usecases.access import Access
    from bot.usecases.drift.digest_service import DigestService
    from bot.usecases.ports.clock import Clock
    from bot.views.block_kit import Message

NEW_WITHIN = timedelta(days=1)
"""What counts as new when somebody asks between two digests."""


@dataclass(frozen=True, slots=True)
class DriftListeners:
    """Answers queries about drift; `charts` holds the forms that Slack takes for a history."""

    digest_service: DigestService
    access: Access
    dispatcher: Dispatcher
    responder: Responder
    charts: AcceptedForms[ChartForm]
    clock: Clock
    public: bool

    def register(self, app: App, commands: SlashCommand) -> None:
        """Register the handlers of the sub-command and the buttons."""
        commands.add_handler(DriftNow, self._drift)
        handlers = dict.fromkeys(drift_summary.PACKAGE_ACTIONS, commands.reply_to_button) | {
            drift_rows.SHOW_ACTION: self._rows,
            drift_rows.PREVIOUS_ACTION: self._rows,
            drift_rows.NEXT_ACTION: self._rows,
        }
        for action_id, handler in handlers.items():
            app.action(action_id)(self.dispatcher.on_click)
            self.dispatcher.register(action_id, handler)

    def _drift(self, inbound: InboundRequest, query: DriftNow) -> Outcome:
        verb, subject = "looked at drift", " ".join(sorted(query.sites))
        refusal = self.access.refusal(inbound.actor)
        if refusal:
            return self._reply(inbound, refused(verb, refusal.reason, subject), replies.refusal_message(refusal))
        unknown = query.sites.difference(self.digest_service.sites)
        if unknown:
            words = drift_rows.unknown_site(unknown, self.digest_service.sites)
            return self._reply(inbound, refused(verb, "no such site", subject), words)
        scope = DriftScope(frozenset(map(SiteCode, query.sites)) or None)
        summary = self.digest_service.summary(scope.sites, since=self.clock() - NEW_WITHIN)

        def draw(form: ChartForm) -> Message:
            return drift_summary.draw(summary, scope, as_chart=form is ChartForm.CHART)

        action = AuditAction(verb, "answered", subject, detail=drift_summary.class_counts(summary))
        return Outcome(action, partial(self.responder.send_with_forms, self.charts, inbound, draw, public=self.public))

    def _rows(self, click: InboundRequest) -> Outcome:
        verb = "looked at drifted rows"
        pointer = drift_rows.parse_pointer(click.text)
        refusal = self.access.refusal(click.actor) if pointer else Refusal(Reason.UNKNOWN_BUTTON)
        if pointer is None or refusal:
            reason = refusal or Refusal(Reason.UNKNOWN_BUTTON)
            return self._reply(click, refused(verb, reason.reason, click.text), replies.refusal_message(reason))
        scope, size = pointer.scope, drift_rows.PAGE_ROWS
        listed = self.digest_service.rows(
            pointer.which, scope.sites, scope.packages, pointer.since, start=pointer.start, limit=size
        )
        action = AuditAction(
            verb,
            "answered",
            str(pointer.which),
            detail=f"{quantity(listed.count, 'row')}, from row {pointer.start + 1}",
        )
        draw = partial(drift_rows.draw, pointer, listed, self.clock())
        is_next_page = click.kind != drift_rows.SHOW_ACTION
        return Outcome(action, partial(self.responder.send_table, click, draw, public=False, replace=is_next_page))

    def _reply(self, inbound: InboundRequest, action: AuditAction, message: Message) -> Outcome:
        return Outcome(action, partial(self.responder.reply, inbound, message))
