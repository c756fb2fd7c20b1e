"""The button "Facts" of a long line in the audit channel: shows the whole entry to its clicker only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bot.domain.refusal import Reason, Refusal
from bot.slack.dispatcher import Outcome
from bot.usecases.audit.recorder import AuditAction, refused
from bot.views import audit_lines, replies

if TYPE_CHECKING:
    from slack_bolt import App

    from bot.slack.dispatcher import Dispatcher
    from bot.slack.inbound import InboundRequest
    from bot.slack.responder import Responder
    from bot.usecases.access import Access
    from bot.usecases.ports.store import Ledger

VERB = "read an entry"


@dataclass(frozen=True, slots=True)
class AuditListeners:
    """Answers clicks on lines of the audit channel."""

    access: Access
    ledger: Ledger
    dispatcher: Dispatcher
    responder: Responder

    def register(self, app: App) -> None:
        """Register the handler of the button."""
        app.action(audit_lines.FACTS_ACTION)(self.dispatcher.on_click)
        self.dispatcher.register(audit_lines.FACTS_ACTION, self._show)

    def _show(self, click: InboundRequest) -> Outcome:
        refusal = self.access.refusal(click.actor)
        entry = self.ledger.entry(int(click.text)) if click.text.isdecimal() and not refusal else None
        if refusal or entry is None:
            reason = refusal or Refusal(Reason.UNKNOWN_BUTTON)
            send = partial(self.responder.reply, click, replies.refusal_message(reason))
            return Outcome(refused(VERB, reason.reason, f"#{click.text}"), send)
        action = AuditAction(VERB, "answered", f"#{entry.sequence}")
        if len(text := audit_lines.facts(entry)) <= audit_lines.FACTS_IN_MESSAGE:
            return Outcome(action, partial(self.responder.reply, click, audit_lines.facts_message(entry)))
        name = f"entry-{entry.sequence}.json"
        return Outcome(
            action, partial(self.responder.send_file, click.user_id, audit_lines.file_note(entry), name, text.encode())
        )
