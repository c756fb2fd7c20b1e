"""Jobs for requests: the form that asks, votes on the card, the way back, and the plan for everybody to read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.command import BadFilter, Filter, Show, parse, read_filter
from bot.domain.package import SiteCode
from bot.domain.quantity import quantity
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Request
from bot.slack.dispatcher import Outcome
from bot.slack.inbound import InboundRequest
from bot.slack.web_client import error_text, object_field, text_field
from bot.usecases.audit.recorder import AuditAction, refused
from bot.usecases.ports.site import SiteError
from bot.usecases.resets.submission import FormOutdated, NothingToUndo, RowsInOtherRequest, Selection, TooManyRows
from bot.usecases.resets.voting import CardClick
from bot.views import replies, request_card, request_form, request_texts, version_table
from bot.views.request_texts import Places

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import Ack, App
    from slack_sdk import WebClient

    from bot.domain.plan import Plan
    from bot.slack.dispatcher import Dispatcher, Handler
    from bot.slack.responder import Responder
    from bot.usecases.lookup.package_lookup import PackageLookup
    from bot.usecases.resets.submission import RequestSubmission
    from bot.usecases.resets.voting import VoteService
    from bot.views.block_kit import Block, Message

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

    lookup: PackageLookup
    submission: RequestSubmission
    vote_service: VoteService
    dispatcher: Dispatcher
    responder: Responder
    client: WebClient
    approved: Callable[[], None]
    freeze: Callable[[], str]

    def register(self, app: App) -> None:
        """Tell Bolt and the desk."""
        clicks: dict[str, Handler] = {
            version_table.REQUEST_ACTION: self._open_form,
            request_card.APPROVE_ACTION: self._approve,
            request_card.REJECT_ACTION: self._open_rejection,
            request_card.WITHDRAW_ACTION: self._withdraw,
            request_card.WITHDRAW_OWN_ACTION: self._withdraw_own,
            request_card.PLAN_ACTION: self._show_plan,
            request_card.UNDO_ACTION: self._undo,
            request_card.AGAIN_ACTION: self._open_again,
        }
        for action_id, job in clicks.items():
            app.action(action_id)(self.dispatcher.on_click)
            self.dispatcher.register(action_id, job)
        for callback, form_job in ((request_form.CALLBACK, self._ask), (request_form.REJECT_CALLBACK, self._reject)):
            app.view(callback)(self.on_form)
            self.dispatcher.register(callback, form_job)

    def on_form(self, ack: Ack, body: dict[str, Any]) -> None:
        """Hear a submitted form; what is plainly wrong is said at its field at once."""
        inbound = InboundRequest.submission(body)
        complaints = request_form.complaints(request_form.read(inbound.form))
        if complaints:
            self.dispatcher.record_refusal(inbound, "; ".join(complaints.values()))
            ack(response_action="errors", errors=complaints)
        else:
            self.dispatcher.accept_form(ack, inbound, request_form.REASON)

    def _open_form(self, click: InboundRequest) -> Outcome:
        site, query, ticket, reason = request_form.read_again(click.text)
        question = parse(query)
        if not isinstance(question, Show) or site not in self.submission.readers:
            return self._no(click, OPENED, Refusal(Reason.UNKNOWN_BUTTON))
        return self._offer(click, site, question, ticket=ticket, reason=reason)

    def _open_again(self, click: InboundRequest) -> Outcome:
        """Open the form with the rows of a request that came to nothing."""
        ended = self.vote_service.requests.load(_click(click).request_id)
        if ended is None:
            return self._no(click, OPENED, Refusal(Reason.UNKNOWN_REQUEST))
        plan, is_own = ended.plan, click.user_id in ended.requester_ids
        ticket, reason = (ended.ticket, ended.reason) if is_own else ("", "")
        question = Show(plan.package_id, Filter(), plan.package_id)
        return self._offer(click, plan.site, question, plan, ticket=ticket, reason=reason)

    def _offer(
        self,
        click: InboundRequest,
        site: SiteCode,
        question: Show,
        before: Plan | None = None,
        *,
        ticket: str = "",
        reason: str = "",
    ) -> Outcome:
        view = self.lookup.access.refusal(click.actor) or self._open(click, request_form.loading("Request reset"))
        if isinstance(view, Refusal):
            return self._no(click, OPENED, view)
        offer = self.submission.offer(click.actor, site, question.package_id, question.filter)
        if isinstance(offer, Refusal):
            text = replies.refused(offer, self.freeze()).text
            show = partial(self._update, view, request_form.sorry("Request reset", text))
            return Outcome(refused(OPENED, offer.reason, question.text), show)
        metadata = request_form.kept(site, question.text, offer.rows, offer.plan)
        most = self.submission.policy.max_rows
        form = request_form.draw(offer.plan, offer.rows, metadata, most, before, ticket=ticket, reason=reason)
        action = AuditAction(OPENED, "answered", question.text, detail=quantity(len(offer.rows), "row"))
        return Outcome(action, partial(self._update, view, form))

    def _ask(self, form: InboundRequest) -> Outcome:
        verb = "requested"
        filled = request_form.read(form.form)
        site, query, shown = request_form.read_kept(form.text, filled)
        question = parse(query)
        rows = self._wanted(filled, question.filter) if isinstance(question, Show) else None
        if rows is None or not isinstance(question, Show):
            return self._no(form, verb, Refusal(Reason.UNKNOWN_BUTTON))
        selection = Selection(
            SiteCode(site), question.package_id, rows, filled.reason, filled.ticket, shown, question.filter
        )
        again = request_form.again(site, query, filled)
        try:
            outcome = self.submission.ask(form.actor, selection, {"click": form.key})
        except SiteError as error:
            log.warning("site database failed", site=error.site, trouble=error.trouble.value, detail=error.detail)
            words = request_texts.with_form(replies.trouble(error.site, error.trouble, form.reference), again)
            why = f"site {error.site} {error.trouble}"
            return self._say(form, AuditAction(form.kind, "failed", question.text, reason=why), words)
        match outcome:
            case FormOutdated():
                words = request_texts.form_outdated(outcome.changes, again)
                return self._say(form, refused(verb, "rows changed", question.text), words)
            case TooManyRows():
                words = replies.say(request_texts.too_many(outcome.count, outcome.most))
                words = request_texts.with_form(words, again)
                return self._say(form, refused(verb, "too many rows", question.text), words)
            case _:
                return self._opened(form, verb, outcome, again)

    def _undo(self, click: InboundRequest) -> Outcome:
        verb = "asked for undo"
        pressed = _click(click)
        refusal = self.vote_service.check_card(pressed)
        if refusal:
            return self._no(click, verb, refusal)
        outcome = self.submission.undo(click.actor, pressed.request_id, pressed.origin)
        if isinstance(outcome, NothingToUndo):
            words = request_texts.moved_on(outcome.rows, outcome.package_id)
            return self._say(click, refused(verb, "rows moved on", pressed.request_id), words)
        return self._opened(click, verb, outcome)

    def _opened(
        self, inbound: InboundRequest, verb: str, outcome: Request | RowsInOtherRequest | Refusal, again: str = ""
    ) -> Outcome:
        """Answer who asked; `again` is the value of the button that opens their form with what they had entered."""
        match outcome:
            case RowsInOtherRequest():
                places = Places(asker=inbound.user_id, channel=self.submission.requests.channel)
                words = request_texts.held(outcome.request_id, outcome.request, outcome.link, outcome.reason, places)
                words = request_texts.with_form(words, again) if again else words
                return self._say(inbound, refused(verb, f"held by request {outcome.request_id}"), words)
            case Refusal():
                return self._no(inbound, verb, outcome, again if outcome.reason in _MAY_PASS else "")
            case Request():
                return Outcome(None, lambda: None)  # the relay tells where the card is, once it is posted

    def _approve(self, click: InboundRequest) -> Outcome:
        outcome = self.vote_service.approve(_click(click))
        if isinstance(outcome, Refusal):
            return self._no(click, "tried to approve", outcome)
        self.approved()
        return self._say(click, None, request_texts.counted(outcome))

    def _withdraw(self, click: InboundRequest) -> Outcome:
        return self._ended(click, "pressed withdraw", self.vote_service.withdraw(_click(click)))

    def _withdraw_own(self, click: InboundRequest) -> Outcome:
        pressed = _click(click)
        outcome = self.vote_service.withdraw_own(click.actor, pressed.request_id, pressed.origin)
        return self._ended(click, "pressed withdraw", outcome)

    def _open_rejection(self, click: InboundRequest) -> Outcome:
        verb = "opened the rejection form"
        pressed = _click(click)
        refusal = (
            self.vote_service.check_card(pressed)
            or self.vote_service.eligibility.can_approve(click.actor)
            or self.vote_service.check_words(pressed)
        )
        view = refusal or self._open(click, request_form.reject(f"{click.channel} {click.ts} {click.text}"))
        if isinstance(view, Refusal):
            return self._no(click, verb, view)
        return Outcome(AuditAction(verb, "answered", _click(click).request_id), lambda: None)

    def _reject(self, form: InboundRequest) -> Outcome:
        channel, _, rest = form.text.partition(" ")
        ts, _, value = rest.partition(" ")
        request_id, fingerprint = request_card.read_value(value)
        pressed = CardClick(form.actor, request_id, fingerprint, channel, ts, {"click": form.key})
        outcome = self.vote_service.reject(pressed, request_form.read(form.form).reason)
        return self._ended(form, "rejected", outcome)

    def _ended(self, inbound: InboundRequest, verb: str, outcome: Request | Refusal) -> Outcome:
        if isinstance(outcome, Refusal):
            return self._no(inbound, verb, outcome)
        return self._say(inbound, None, request_texts.closed(outcome))

    def _show_plan(self, click: InboundRequest) -> Outcome:
        verb = "read a plan"
        pressed = _click(click)
        refusal = self.lookup.access.refusal(click.actor) or self.vote_service.check_card(pressed)
        request = None if refusal else self.vote_service.requests.load(pressed.request_id)
        view = refusal or (self._open(click, request_card.plan_modal(request)) if request else None)
        if isinstance(view, Refusal):
            return self._no(click, verb, view)
        return Outcome(AuditAction(verb, "answered", pressed.request_id), lambda: None)

    def _wanted(self, filled: request_form.Filled, asked: Filter) -> Filter | tuple[str, ...] | None:
        if filled.chosen is not None:
            return filled.chosen
        wanted = read_filter(filled.filter_text)
        return None if isinstance(wanted, BadFilter) else asked.narrowed(wanted)

    def _open(self, click: InboundRequest, view: Block) -> str | Refusal:
        """Open a window; the trigger may be too old when the pool was busy or the bot was restarted."""
        try:
            return text_field(object_field(self.client.views_open(trigger_id=click.trigger, view=view), "view"), "id")
        except SlackApiError as error:
            if error.response.get("error") in _LATE:
                return Refusal(Reason.TRIGGER_LATE)
            said = str(error.response.get("error") or error.response.status_code)
        except (SlackClientError, HTTPException, OSError) as error:
            said = error_text(error)
        log.warning("Slack did not open a window", error=said)
        return Refusal(Reason.NOT_OPENED)

    def _update(self, view_id: str, view: Block) -> None:
        try:
            self.client.views_update(view_id=view_id, view=view)
        except SlackApiError as error:
            if error.response.get("error") not in _CLOSED:
                raise

    def _say(self, inbound: InboundRequest, action: AuditAction | None, message: Message) -> Outcome:
        return Outcome(action, partial(self.responder.reply, inbound, message))

    def _no(self, inbound: InboundRequest, verb: str, refusal: Refusal, again: str = "") -> Outcome:
        subject = request_card.read_value(inbound.text)[0]
        words = replies.refused(refusal, self.freeze())
        words = request_texts.with_form(words, again) if again else words
        return self._say(inbound, refused(verb, refusal.reason, subject), words)


def _click(inbound: InboundRequest) -> CardClick:
    request_id, fingerprint = request_card.read_value(inbound.text)
    origin = {"click": inbound.key}
    return CardClick(inbound.actor, request_id, fingerprint, inbound.channel, inbound.ts, origin, inbound.message)
