"""Jobs for requests: the form that asks, votes on the card, the way back, and the plan for everybody to read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.package import SiteCode
from bot.domain.quantity import quantity
from bot.domain.query import BadFilter, Filter, Show, parse, read_filter
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Request
from bot.slack.desk import Reply
from bot.slack.incoming import Incoming
from bot.slack.webapi import cause, part, text
from bot.usecases.approving import Click
from bot.usecases.ports import SiteError
from bot.usecases.recording import Deed, refused
from bot.usecases.requesting import FormOutdated, Held, MovedOn, TooMany, Wish
from bot.views import replies, request_card, request_form, request_words, status
from bot.views.request_words import Places

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import Ack, App
    from slack_sdk import WebClient

    from bot.domain.plan import Plan
    from bot.slack.answers import Answers
    from bot.slack.desk import Desk, Job
    from bot.usecases.approving import Approving
    from bot.usecases.lookup import Lookup
    from bot.usecases.requesting import Requesting
    from bot.views.kit import Block, Message

OPENED = "opened the reset form"
log = structlog.stdlib.get_logger(__name__)

_CLOSED = {"not_found", "view_not_found"}
"""Whoever closed a window does not wait for what comes into it."""
_LATE = {"expired_trigger_id", "trigger_expired", "trigger_exchanged", "exchanged_trigger_id", "invalid_trigger_id"}


_MAY_PASS = {
    Reason.FROZEN,
    Reason.OTHER_POLICY,
    Reason.AUDIT_BEHIND,
    Reason.ROWS_CHANGED,
    Reason.WRONG_DATABASE,
    Reason.TOO_FEW_APPROVERS,
    Reason.CHANNEL_SHARED,
    Reason.CHANNEL_ARCHIVED,
    Reason.CHANNEL_WITHOUT_BOT,
    Reason.LIST_UNREADABLE,
    Reason.CANNOT_LOOK_UP,
    Reason.NO_BACKUP_TABLE,
    Reason.NO_WRITE_RIGHT,
}
"""Why a form is refused that may be sent off again later, by the same person."""


@dataclass(frozen=True, slots=True)
class RequestListeners:
    """The way from a click or form about a request to its answer.

    `approved` is called when a quorum may be reached; `freeze` says who froze resets, if anybody did.
    """

    lookup: Lookup
    requesting: Requesting
    approving: Approving
    desk: Desk
    answers: Answers
    client: WebClient
    approved: Callable[[], None]
    freeze: Callable[[], str]

    def register(self, app: App) -> None:
        """Tell Bolt and the desk."""
        clicks: dict[str, Job] = {
            status.REQUEST_ACTION: self._open_form,
            request_card.APPROVE_ACTION: self._approve,
            request_card.REJECT_ACTION: self._open_rejection,
            request_card.WITHDRAW_ACTION: self._withdraw,
            request_card.WITHDRAW_OWN_ACTION: self._withdraw_own,
            request_card.PLAN_ACTION: self._show_plan,
            request_card.UNDO_ACTION: self._undo,
            request_card.AGAIN_ACTION: self._open_again,
        }
        for action_id, job in clicks.items():
            app.action(action_id)(self.desk.on_click)
            self.desk.hear(action_id, job)
        for callback, form_job in ((request_form.CALLBACK, self._ask), (request_form.REJECT_CALLBACK, self._reject)):
            app.view(callback)(self.on_form)
            self.desk.hear(callback, form_job)

    def on_form(self, ack: Ack, body: dict[str, Any]) -> None:
        """Hear a submitted form; what is plainly wrong is said at its field at once."""
        incoming = Incoming.submission(body)
        complaints = request_form.complaints(request_form.read(incoming.form))
        if complaints:
            self.desk.note_refusal(incoming, "; ".join(complaints.values()))
            ack(response_action="errors", errors=complaints)
        else:
            self.desk.take_form(ack, incoming, request_form.REASON)

    def _open_form(self, click: Incoming) -> Reply:
        site, query, ticket, reason = request_form.read_again(click.text)
        question = parse(query)
        if not isinstance(question, Show) or site not in self.requesting.readers:
            return self._no(click, OPENED, Refusal(Reason.UNKNOWN_BUTTON))
        return self._offer(click, site, question, ticket=ticket, reason=reason)

    def _open_again(self, click: Incoming) -> Reply:
        """Open the form with the rows of a request that came to nothing."""
        ended = self.approving.requests.load(_click(click).request_id)
        if ended is None:
            return self._no(click, OPENED, Refusal(Reason.UNKNOWN_REQUEST))
        plan, is_own = ended.plan, click.user_id in ended.requester_ids
        ticket, reason = (ended.ticket, ended.reason) if is_own else ("", "")
        question = Show(plan.package_id, Filter(), plan.package_id)
        return self._offer(click, plan.site, question, plan, ticket=ticket, reason=reason)

    def _offer(
        self,
        click: Incoming,
        site: SiteCode,
        question: Show,
        before: Plan | None = None,
        *,
        ticket: str = "",
        reason: str = "",
    ) -> Reply:
        view = self.lookup.access.refusal(click.actor) or self._open(click, request_form.loading("Request reset"))
        if isinstance(view, Refusal):
            return self._no(click, OPENED, view)
        offer = self.requesting.offer(click.actor, site, question.package_id, question.filter)
        if isinstance(offer, Refusal):
            text = replies.refused(offer, self.freeze()).text
            show = partial(self._update, view, request_form.sorry("Request reset", text))
            return Reply(refused(OPENED, offer.reason, question.text), show)
        metadata = request_form.kept(site, question.text, offer.rows, offer.plan)
        most = self.requesting.policy.max_rows
        form = request_form.draw(offer.plan, offer.rows, metadata, most, before, ticket=ticket, reason=reason)
        deed = Deed(OPENED, "answered", question.text, detail=quantity(len(offer.rows), "row"))
        return Reply(deed, partial(self._update, view, form))

    def _ask(self, form: Incoming) -> Reply:
        verb = "requested"
        filled = request_form.read(form.form)
        site, query, shown = request_form.read_kept(form.text, filled)
        question = parse(query)
        rows = self._wanted(filled, question.filter) if isinstance(question, Show) else None
        if rows is None or not isinstance(question, Show):
            return self._no(form, verb, Refusal(Reason.UNKNOWN_BUTTON))
        wish = Wish(SiteCode(site), question.package_id, rows, filled.reason, filled.ticket, shown, question.filter)
        again = request_form.again(site, query, filled)
        try:
            outcome = self.requesting.ask(form.actor, wish, {"click": form.key})
        except SiteError as error:
            log.warning("site database failed", site=error.site, trouble=error.trouble.value, detail=error.detail)
            words = request_words.with_form(replies.trouble(error.site, error.trouble, form.reference), again)
            why = f"site {error.site} {error.trouble}"
            return self._say(form, Deed(form.kind, "failed", question.text, reason=why), words)
        match outcome:
            case FormOutdated():
                words = request_words.form_outdated(outcome.changes, again)
                return self._say(form, refused(verb, "rows changed", question.text), words)
            case TooMany():
                words = replies.say(request_words.too_many(outcome.count, outcome.most))
                words = request_words.with_form(words, again)
                return self._say(form, refused(verb, "too many rows", question.text), words)
            case _:
                return self._opened(form, verb, outcome, again)

    def _undo(self, click: Incoming) -> Reply:
        verb = "asked for undo"
        pressed = _click(click)
        refusal = self.approving.check_card(pressed)
        if refusal:
            return self._no(click, verb, refusal)
        outcome = self.requesting.undo(click.actor, pressed.request_id, pressed.origin)
        if isinstance(outcome, MovedOn):
            words = request_words.moved_on(outcome.rows, outcome.package_id)
            return self._say(click, refused(verb, "rows moved on", pressed.request_id), words)
        return self._opened(click, verb, outcome)

    def _opened(self, incoming: Incoming, verb: str, outcome: Request | Held | Refusal, again: str = "") -> Reply:
        """Answer who asked; `again` is the value of the button that opens their form with what they had entered."""
        match outcome:
            case Held():
                places = Places(asker=incoming.user_id, channel=self.requesting.requests.channel)
                words = request_words.held(outcome.request_id, outcome.request, outcome.link, outcome.reason, places)
                words = request_words.with_form(words, again) if again else words
                return self._say(incoming, refused(verb, f"held by request {outcome.request_id}"), words)
            case Refusal():
                return self._no(incoming, verb, outcome, again if outcome.reason in _MAY_PASS else "")
            case Request():
                return Reply(None, lambda: None)  # the relay tells where the card is, once it is posted

    def _approve(self, click: Incoming) -> Reply:
        outcome = self.approving.approve(_click(click))
        if isinstance(outcome, Refusal):
            return self._no(click, "tried to approve", outcome)
        self.approved()
        return self._say(click, None, request_words.counted(outcome))

    def _withdraw(self, click: Incoming) -> Reply:
        return self._ended(click, "pressed withdraw", self.approving.withdraw(_click(click)))

    def _withdraw_own(self, click: Incoming) -> Reply:
        pressed = _click(click)
        outcome = self.approving.withdraw_own(click.actor, pressed.request_id, pressed.origin)
        return self._ended(click, "pressed withdraw", outcome)

    def _open_rejection(self, click: Incoming) -> Reply:
        verb = "opened the rejection form"
        pressed = _click(click)
        refusal = (
            self.approving.check_card(pressed)
            or self.approving.standing.may_decide(click.actor)
            or self.approving.check_words(pressed)
        )
        view = refusal or self._open(click, request_form.reject(f"{click.channel} {click.ts} {click.text}"))
        if isinstance(view, Refusal):
            return self._no(click, verb, view)
        return Reply(Deed(verb, "answered", _click(click).request_id), lambda: None)

    def _reject(self, form: Incoming) -> Reply:
        channel, _, rest = form.text.partition(" ")
        ts, _, value = rest.partition(" ")
        request_id, fingerprint = request_card.read_value(value)
        pressed = Click(form.actor, request_id, fingerprint, channel, ts, {"click": form.key})
        outcome = self.approving.reject(pressed, request_form.read(form.form).reason)
        return self._ended(form, "rejected", outcome)

    def _ended(self, incoming: Incoming, verb: str, outcome: Request | Refusal) -> Reply:
        if isinstance(outcome, Refusal):
            return self._no(incoming, verb, outcome)
        return self._say(incoming, None, request_words.closed(outcome))

    def _show_plan(self, click: Incoming) -> Reply:
        verb = "read a plan"
        pressed = _click(click)
        refusal = self.lookup.access.refusal(click.actor) or self.approving.check_card(pressed)
        request = None if refusal else self.approving.requests.load(pressed.request_id)
        view = refusal or (self._open(click, request_card.plan_modal(request)) if request else None)
        if isinstance(view, Refusal):
            return self._no(click, verb, view)
        return Reply(Deed(verb, "answered", pressed.request_id), lambda: None)

    def _wanted(self, filled: request_form.Filled, asked: Filter) -> Filter | tuple[str, ...] | None:
        if filled.chosen is not None:
            return filled.chosen
        wanted = read_filter(filled.filter_text)
        return None if isinstance(wanted, BadFilter) else asked.narrowed(wanted)

    def _open(self, click: Incoming, view: Block) -> str | Refusal:
        """Open a window; the trigger may be too old when the pool was busy or the bot was restarted."""
        try:
            return text(part(self.client.views_open(trigger_id=click.trigger, view=view), "view"), "id")
        except SlackApiError as error:
            if error.response.get("error") in _LATE:
                return Refusal(Reason.TRIGGER_LATE)
            said = str(error.response.get("error") or error.response.status_code)
        except (SlackClientError, HTTPException, OSError) as error:
            said = cause(error)
        log.warning("Slack did not open a window", error=said)
        return Refusal(Reason.NOT_OPENED)

    def _update(self, view_id: str, view: Block) -> None:
        try:
            self.client.views_update(view_id=view_id, view=view)
        except SlackApiError as error:
            if error.response.get("error") not in _CLOSED:
                raise

    def _say(self, incoming: Incoming, deed: Deed | None, message: Message) -> Reply:
        return Reply(deed, partial(self.answers.say, incoming, message))

    def _no(self, incoming: Incoming, verb: str, refusal: Refusal, again: str = "") -> Reply:
        subject = request_card.read_value(incoming.text)[0]
        words = replies.refused(refusal, self.freeze())
        words = request_words.with_form(words, again) if again else words
        return self._say(incoming, refused(verb, refusal.reason, subject), words)


def _click(incoming: Incoming) -> Click:
    request_id, fingerprint = request_card.read_value(incoming.text)
    origin = {"click": incoming.key}
    return Click(incoming.actor, request_id, fingerprint, incoming.channel, incoming.ts, origin, incoming.message)
