"""Jobs for drift at a glance: `/pkgstatus drift`, the rows behind a count, and the way from there to a package.

The rows and the package are for the clicker's eyes only, whatever the digest's channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.domain.package import SiteCode
from bot.domain.picturing import Scope
from bot.domain.quantity import quantity
from bot.domain.query import DriftNow
from bot.domain.refusal import Reason, Refusal
from bot.slack.desk import Reply
from bot.usecases.recording import Deed, refused
from bot.views import drift, drift_rows, replies
from bot.views.charts import ChartForm

if TYPE_CHECKING:
    from slack_bolt import App

    from bot.slack.answers import Answers, Forms
    from bot.slack.commands import Commands
    from bot.slack.desk import Desk
    from bot.slack.incoming import Incoming
    from bot.usecases.access import Access
    from bot.usecases.digesting import Digesting
    from bot.usecases.ports import Clock
    from bot.views.kit import Message

LOOKED_BACK = timedelta(days=1)
"""What counts as new when somebody asks between two digests."""


@dataclass(frozen=True, slots=True)
class DriftListeners:
    """The way from a question about drift to its answer; `charts` says how a history may be drawn."""

    digesting: Digesting
    access: Access
    desk: Desk
    answers: Answers
    charts: Forms[ChartForm]
    clock: Clock
    public: bool

    def register(self, app: App, commands: Commands) -> None:
        """Tell Bolt, the desk and the command."""
        commands.answer(DriftNow, self._now)
        jobs = dict.fromkeys(drift.PACKAGE_ACTIONS, commands.reply_to_button) | {
            drift_rows.SHOW_ACTION: self._rows,
            drift_rows.PREVIOUS_ACTION: self._rows,
            drift_rows.NEXT_ACTION: self._rows,
        }
        for action_id, job in jobs.items():
            app.action(action_id)(self.desk.on_click)
            self.desk.hear(action_id, job)

    def _now(self, incoming: Incoming, question: DriftNow) -> Reply:
        verb, subject = "looked at drift", " ".join(sorted(question.sites))
        refusal = self.access.refusal(incoming.actor)
        if refusal:
            return self._say(incoming, refused(verb, refusal.reason, subject), replies.refused(refusal))
        unknown = question.sites.difference(self.digesting.sites)
        if unknown:
            words = drift_rows.no_such_site(unknown, self.digesting.sites)
            return self._say(incoming, refused(verb, "no such site", subject), words)
        scope = Scope(frozenset(map(SiteCode, question.sites)) or None)
        picture = self.digesting.picture(scope.sites, since=self.clock() - LOOKED_BACK)

        def draw(form: ChartForm) -> Message:
            return drift.draw(picture, scope, as_chart=form is ChartForm.CHART)

        deed = Deed(verb, "answered", subject, detail=drift.in_words(picture))
        return Reply(deed, partial(self.answers.show_in, self.charts, incoming, draw, public=self.public))

    def _rows(self, click: Incoming) -> Reply:
        verb = "looked at drifted rows"
        pointer = drift_rows.read(click.text)
        refusal = self.access.refusal(click.actor) if pointer else Refusal(Reason.UNKNOWN_BUTTON)
        if pointer is None or refusal:
            reason = refusal or Refusal(Reason.UNKNOWN_BUTTON)
            return self._say(click, refused(verb, reason.reason, click.text), replies.refused(reason))
        scope, size = pointer.scope, drift_rows.PAGE_ROWS
        listed = self.digesting.rows(
            pointer.which, scope.sites, scope.packages, pointer.since, start=pointer.start, limit=size
        )
        deed = Deed(
            verb,
            "answered",
            str(pointer.which),
            detail=f"{quantity(listed.count, 'row')}, from row {pointer.start + 1}",
        )
        draw = partial(drift_rows.draw, pointer, listed, self.clock())
        is_turned = click.kind != drift_rows.SHOW_ACTION
        return Reply(deed, partial(self.answers.show, click, draw, public=False, replace=is_turned))

    def _say(self, incoming: Incoming, deed: Deed, message: Message) -> Reply:
        return Reply(deed, partial(self.answers.say, incoming, message))
