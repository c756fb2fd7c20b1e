"""Requests: the form that asks for a reset, the votes on its card, its undo, its plan, and `/pkgstatus requests`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.command import BadFilter, Filter, ListRequests, Show, parse, read_filter
from bot.domain.package import SiteCode
from bot.domain.quantity import quantity
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import OPEN, Request, Stage
from bot.slack.dispatcher import Outcome
from bot.slack.inbound import InboundRequest
from bot.slack.listeners.history import MAX_LISTED
from bot.slack.web_client import error_text, object_field, text_field
from bot.usecases.audit.recorder import AuditAction, refused
from bot.usecases.ports.site import SiteError
from bot.usecases.resets.submission import FormOutdated, NothingToUndo, RowsInOtherRequest, Selection, TooManyRows
from bot.usecases.resets.voting import CardClick
from bot.views import replies, request_card, request_form, request_texts, version_table
from bot.views.request_texts import CardLocations

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import Ack, App
    from slack_sdk import WebClient

    from bot.domain.plan import Plan
    from bot.slack.dispatcher import Dispatcher, Handler
    from bot.slack.listeners.history import RequestList
    from bot.slack.responder import Responder
    from bot.slack.slash_command import SlashCommand
    from bot.usecases.lookup.package_lookup import PackageLookup
    from bot.usecases.resets.submission import RequestSubmission
    from bot.usecases.resets.voting import VoteService
    from bot.views.block_kit import Block, Message

OPENED_FORM = "opened the reset form"
log = structlog.stdlib.get_logger(__name__)

_VIEW_CLOSED = {"not_found", "view_not_found"}
"""Errors of `views.update` for a view that its user closed: nobody waits for what was to be shown in it."""
_TRIGGER_EXPIRED = {
    "expired_trigger_id",
    "trigger_expired",
    "trigger_exchanged",
    "exchanged_trigger_id",
    "invalid_trigger_id",
}


_RETRYABLE = {
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
"""Refusals of a form that the same person may submit again later."""


@dataclass(frozen=True, slots=True)
class RequestListeners:
    """Answers clicks and forms about requests.

    `on_approved` is called when a quorum may be reached; `freeze` returns who froze resets, when and why, or nothing.
    """

    lookup: PackageLookup
    submission: RequestSubmission
    vote_service: VoteService
    dispatcher: Dispatcher
    responder: Responder
    client: WebClient
    on_approved: Callable[[], None]
    freeze: Callable[[], str]
    request_list: RequestList

    def register(self, app: App, commands: SlashCommand) -> None:
        """Register the handlers of the sub-command, the buttons and the forms."""
        commands.add_handler(ListRequests, self._list)
        clicks: dict[str, Handler] = {
            version_table.REQUEST_ACTION: self._open_form,
            request_card.APPROVE_ACTION: self._approve,
            request_card.REJECT_ACTION: self._open_reject_form,
            request_card.WITHDRAW_ACTION: self._withdraw,
            request_card.WITHDRAW_OWN_ACTION: self._withdraw_own,
            request_card.PLAN_ACTION: self._show_plan,
            request_card.UNDO_ACTION: self._undo,
            request_card.AGAIN_ACTION: self._open_again,
        }
        for action_id, handler in clicks.items():
            app.action(action_id)(self.dispatcher.on_click)
            self.dispatcher.register(action_id, handler)
        for callback, handler in ((request_form.CALLBACK, self._submit), (request_form.REJECT_CALLBACK, self._reject)):
            app.view(callback)(self.on_form)
            self.dispatcher.register(callback, handler)

    def on_form(self, ack: Ack, body: dict[str, Any]) -> None:
        """Bolt listener of submitted forms; a field that cannot be right gets its error with the acknowledgement."""
        inbound = InboundRequest.submission(body)
        errors = request_form.validation_errors(request_form.parse_input(inbound.form))
        if errors:
            self.dispatcher.record_refusal(inbound, "; ".join(errors.values()))
            ack(response_action="errors", errors=errors)
        else:
            self.dispatcher.accept_form(ack, inbound, request_form.REASON)

    def _list(self, inbound: InboundRequest, _query: ListRequests) -> Outcome:
        index = self.submission.requests.index
        ids = [*index.in_stages(OPEN, MAX_LISTED), *index.in_stages(frozenset(Stage) - OPEN, MAX_LISTED)]
        return self.request_list.reply(inbound, "listed requests", "Requests, open ones first", ids[:MAX_LISTED])

    def _open_form(self, click: InboundRequest) -> Outcome:
        site, query, ticket, reason = request_form.parse_reopen_value(click.text)
        question = parse(query)
        if not isinstance(question, Show) or site not in self.submission.readers:
            return self._refuse(click, OPENED_FORM, Refusal(Reason.UNKNOWN_BUTTON))
        return self._show_form(click, site, question, ticket=ticket, reason=reason)

    def _open_again(self, click: InboundRequest) -> Outcome:
        """Open the form with the rows of a request that was not applied; only its requester gets its reason back."""
        ended = self.vote_service.requests.load(_card_click(click).request_id)
        if ended is None:
            return self._refuse(click, OPENED_FORM, Refusal(Reason.UNKNOWN_REQUEST))
        plan, is_own = ended.plan, click.user_id in ended.requester_ids
        ticket, reason = (ended.ticket, ended.reason) if is_own else ("", "")
        question = Show(plan.package_id, Filter(), plan.package_id)
        return self._show_form(click, plan.site, question, plan, ticket=ticket, reason=reason)

    def _show_form(
        self,
        click: InboundRequest,
        site: SiteCode,
        question: Show,
        before: Plan | None = None,
        *,
        ticket: str = "",
        reason: str = "",
    ) -> Outcome:
        view = self.lookup.access.refusal(click.actor) or self._open_view(
            click, request_form.loading_modal("Request reset")
        )
        if isinstance(view, Refusal):
            return self._refuse(click, OPENED_FORM, view)
        offer = self.submission.offer(click.actor, site, question.package_id, question.filter)
        if isinstance(offer, Refusal):
            text = replies.refusal_message(offer, self.freeze()).text
            show = partial(self._update_view, view, request_form.message_modal("Request reset", text))
            return Outcome(refused(OPENED_FORM, offer.reason, question.text), show)
        metadata = request_form.form_metadata(site, question.text, offer.rows, offer.plan)
        most = self.submission.policy.max_rows
        form = request_form.draw(offer.plan, offer.rows, metadata, most, before, ticket=ticket, reason=reason)
        action = AuditAction(OPENED_FORM, "answered", question.text, detail=quantity(len(offer.rows), "row"))
        return Outcome(action, partial(self._update_view, view, form))

    def _submit(self, form: InboundRequest) -> Outcome:
        verb = "requested"
        filled = request_form.parse_input(form.form)
        site, query, shown = request_form.parse_metadata(form.text, filled)
        question = parse(query)
        rows = self._selected_rows(filled, question.filter) if isinstance(question, Show) else None
        if rows is None or not isinstance(question, Show):
            return self._refuse(form, verb, Refusal(Reason.UNKNOWN_BUTTON))
        selection = Selection(
            SiteCode(site), question.package_id, rows, filled.reason, filled.ticket, shown, question.filter
        )
        again = request_form.reopen_value(site, query, filled)
        try:
            outcome = self.submission.ask(form.actor, selection, {"click": form.key})
        except SiteError as error:
            log.warning("site database failed", site=error.site, trouble=error.kind.value, detail=error.detail)
            words = request_texts.with_form_button(replies.site_error(error.site, error.kind, form.reference), again)
            why = f"site {error.site} {error.kind}"
            return self._reply(form, AuditAction(form.kind, "failed", question.text, reason=why), words)
        match outcome:
            case FormOutdated():
                words = request_texts.form_outdated(outcome.changes, again)
                return self._reply(form, refused(verb, "rows changed", question.text), words)
            case TooManyRows():
                words = replies.text_message(request_texts.too_many_rows(outcome.count, outcome.most))
                words = request_texts.with_form_button(words, again)
                return self._reply(form, refused(verb, "too many rows", question.text), words)
            case _:
                return self._requested(form, verb, outcome, again)

    def _undo(self, click: InboundRequest) -> Outcome:
        verb = "asked for undo"
        card_click = _card_click(click)
        refusal = self.vote_service.check_card(card_click)
        if refusal:
            return self._refuse(click, verb, refusal)
        outcome = self.submission.undo(click.actor, card_click.request_id, card_click.origin)
        if isinstance(outcome, NothingToUndo):
            words = request_texts.nothing_to_undo(outcome.rows, outcome.package_id)
            return self._reply(click, refused(verb, "rows moved on", card_click.request_id), words)
        return self._requested(click, verb, outcome)

    def _requested(
        self, inbound: InboundRequest, verb: str, outcome: Request | RowsInOtherRequest | Refusal, again: str = ""
    ) -> Outcome:
        """Answer the requester; `again` is the value of the button that opens their form with what they had entered."""
        match outcome:
            case RowsInOtherRequest():
                places = CardLocations(asker=inbound.user_id, channel=self.submission.requests.channel)
                words = request_texts.rows_held(
                    outcome.request_id, outcome.request, outcome.link, outcome.reason, places
                )
                words = request_texts.with_form_button(words, again) if again else words
                return self._reply(inbound, refused(verb, f"held by request {outcome.request_id}"), words)
            case Refusal():
                return self._refuse(inbound, verb, outcome, again if outcome.reason in _RETRYABLE else "")
            case Request():
                return Outcome(None, lambda: None)  # the relay sends where the card is, once it is posted

    def _approve(self, click: InboundRequest) -> Outcome:
        outcome = self.vote_service.approve(_card_click(click))
        if isinstance(outcome, Refusal):
            return self._refuse(click, "tried to approve", outcome)
        self.on_approved()
        return self._reply(click, None, request_texts.vote_counted(outcome))

    def _withdraw(self, click: InboundRequest) -> Outcome:
        return self._closed(click, "card_click withdraw", self.vote_service.withdraw(_card_click(click)))

    def _withdraw_own(self, click: InboundRequest) -> Outcome:
        card_click = _card_click(click)
        outcome = self.vote_service.withdraw_own(click.actor, card_click.request_id, card_click.origin)
        return self._closed(click, "card_click withdraw", outcome)

    def _open_reject_form(self, click: InboundRequest) -> Outcome:
        verb = "opened the rejection form"
        card_click = _card_click(click)
        refusal = (
            self.vote_service.check_card(card_click)
            or self.vote_service.eligibility.can_approve(click.actor)
            or self.vote_service.check_words(card_click)
        )
        view = refusal or self._open_view(click, request_form.reject_modal(f"{click.channel} {click.ts} {click.text}"))
        if isinstance(view, Refusal):
            return self._refuse(click, verb, view)
        return Outcome(AuditAction(verb, "answered", _card_click(click).request_id), lambda: None)

    def _reject(self, form: InboundRequest) -> Outcome:
        channel, _, rest = form.text.partition(" ")
        ts, _, value = rest.partition(" ")
        request_id, fingerprint = request_card.parse_button_value(value)
        card_click = CardClick(form.actor, request_id, fingerprint, channel, ts, {"click": form.key})
        outcome = self.vote_service.reject(card_click, request_form.parse_input(form.form).reason)
        return self._closed(form, "rejected", outcome)

    def _closed(self, inbound: InboundRequest, verb: str, outcome: Request | Refusal) -> Outcome:
        if isinstance(outcome, Refusal):
            return self._refuse(inbound, verb, outcome)
        return self._reply(inbound, None, request_texts.request_closed(outcome))

    def _show_plan(self, click: InboundRequest) -> Outcome:
        verb = "read a plan"
        card_click = _card_click(click)
        refusal = self.lookup.access.refusal(click.actor) or self.vote_service.check_card(card_click)
        request = None if refusal else self.vote_service.requests.load(card_click.request_id)
        view = refusal or (self._open_view(click, request_card.plan_modal(request)) if request else None)
        if isinstance(view, Refusal):
            return self._refuse(click, verb, view)
        return Outcome(AuditAction(verb, "answered", card_click.request_id), lambda: None)

    def _selected_rows(self, filled: request_form.FormInput, asked: Filter) -> Filter | tuple[str, ...] | None:
        if filled.chosen is not None:
            return filled.chosen
        row_filter = read_filter(filled.filter_text)
        return None if isinstance(row_filter, BadFilter) else asked.narrowed(row_filter)

    def _open_view(self, click: InboundRequest, view: Block) -> str | Refusal:
        """Open a modal view and return its id; the trigger may be too old when the request waited for a worker."""
        try:
            return text_field(object_field(self.client.views_open(trigger_id=click.trigger, view=view), "view"), "id")
        except SlackApiError as error:
            if error.response.get("error") in _TRIGGER_EXPIRED:
                return Refusal(Reason.TRIGGER_LATE)
            reason = str(error.response.get("error") or error.response.status_code)
        except (SlackClientError, HTTPException, OSError) as error:
            reason = error_text(error)
        log.warning("Slack did not open a window", error=reason)
        return Refusal(Reason.NOT_OPENED)

    def _update_view(self, view_id: str, view: Block) -> None:
        try:
            self.client.views_update(view_id=view_id, view=view)
        except SlackApiError as error:
            if error.response.get("error") not in _VIEW_CLOSED:
                raise

    def _reply(self, inbound: InboundRequest, action: AuditAction | None, message: Message) -> Outcome:
        return Outcome(action, partial(self.responder.reply, inbound, message))

    def _refuse(self, inbound: InboundRequest, verb: str, refusal: Refusal, again: str = "") -> Outcome:
        subject = request_card.parse_button_value(inbound.text)[0]
        words = replies.refusal_message(refusal, self.freeze())
        words = request_texts.with_form_button(words, again) if again else words
        return self._reply(inbound, refused(verb, refusal.reason, subject), words)


def _card_click(inbound: InboundRequest) -> CardClick:
    request_id, fingerprint = request_card.parse_button_value(inbound.text)
    origin = {"click": inbound.key}
    return CardClick(inbound.actor, request_id, fingerprint, inbound.channel, inbound.ts, origin, inbound.message)
