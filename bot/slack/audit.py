"""The button behind a long line of the audit channel: the whole entry, for the clicker's eyes only."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.domain.refusal import Reason, Refusal
from bot.slack.desk import Desk, Reply
from bot.usecases.recording import Deed, refused
from bot.views import audit, replies

if TYPE_CHECKING:
    from slack_bolt import App

    from bot.slack.answers import Answers
    from bot.slack.incoming import Incoming
    from bot.usecases.access import Access
    from bot.usecases.store_ports import Ledger

VERB = "read an entry"


class AuditListeners:
    """Hears the button "Facts"."""

    def __init__(self, access: Access, ledger: Ledger, desk: Desk, answers: Answers) -> None:
        self._access = access
        self._ledger = ledger
        self._desk = desk
        self._answers = answers

    def register(self, app: App) -> None:
        """Tell Bolt and the desk."""
        app.action(audit.FACTS_ACTION)(self._desk.on_click)
        self._desk.hear(audit.FACTS_ACTION, self._show)

    def _show(self, click: Incoming) -> Reply:
        refusal = self._access.refusal(click.actor)
        entry = self._ledger.entry(int(click.text)) if click.text.isdecimal() and not refusal else None
        if refusal or entry is None:
            reason = refusal or Refusal(Reason.UNKNOWN_BUTTON)
            say = partial(self._answers.say, click, replies.refused(reason))
            return Reply(refused(VERB, reason.reason, f"#{click.text}"), say)
        deed = Deed(VERB, "answered", f"#{entry.sequence}")
        if len(text := audit.facts(entry)) <= audit.FACTS_IN_MESSAGE:
            return Reply(deed, partial(self._answers.say, click, audit.facts_message(entry)))
        name = f"entry-{entry.sequence}.json"
        return Reply(deed, partial(self._answers.send_file, click.user_id, audit.file_note(entry), name, text.encode()))
