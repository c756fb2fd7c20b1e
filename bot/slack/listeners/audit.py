"""The button behind a long line of the audit channel: the whole entry, for the clicker's eyes only."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.domain.refusal import Reason, Refusal
from bot.slack.dispatcher import Dispatcher, Outcome
from bot.usecases.audit.recorder import AuditAction, refused
from bot.views import audit_lines, replies

if TYPE_CHECKING:
    from slack_bolt import App

    from bot.slack.inbound import InboundRequest
    from bot.slack.responder import Responder
    from bot.usecases.access import Access
    from bot.usecases.ports.store import Ledger

VERB = "read an entry"


class AuditListeners:
    """Hears the button "Facts"."""

    def __init__(self, access: Access, ledger: Ledger, dispatcher: Dispatcher, responder: Responder) -> None:
        self._access = access
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._responder = responder

    def register(self, app: App) -> None:
        """Tell Bolt and the desk."""
        app.action(audit_lines.FACTS_ACTION)(self._dispatcher.on_click)
        self._dispatcher.register(audit_lines.FACTS_ACTION, self._show)

    def _show(self, click: InboundRequest) -> Outcome:
        refusal = self._access.refusal(click.actor)
        entry = self._ledger.entry(int(click.text)) if click.text.isdecimal() and not refusal else None
        if refusal or entry is None:
            reason = refusal or Refusal(Reason.UNKNOWN_BUTTON)
            say = partial(self._responder.reply, click, replies.refused(reason))
            return Outcome(refused(VERB, reason.reason, f"#{click.text}"), say)
        action = AuditAction(VERB, "answered", f"#{entry.sequence}")
        if len(text := audit_lines.facts(entry)) <= audit_lines.FACTS_IN_MESSAGE:
            return Outcome(action, partial(self._responder.reply, click, audit_lines.facts_message(entry)))
        name = f"entry-{entry.sequence}.json"
        return Outcome(
            action, partial(self._responder.send_file, click.user_id, audit_lines.file_note(entry), name, text.encode())
        )
