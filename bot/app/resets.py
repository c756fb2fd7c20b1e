"""The parts of reset requests: submission, votes, executor, watcher, freeze, and the cards that show them."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from bot.app.factories import allowed_people, approver_mentions, fingerprint_of, make_signer, now
from bot.domain.plan import RowsAllowed
from bot.domain.refusal import Reason, Refusal
from bot.slack.people import SlackPeople
from bot.slack.responder import AcceptedForms, payload_of
from bot.slack.workspace import channel_fault
from bot.store.request_index import RequestTable
from bot.usecases.audit.outbox_relay import LEASE
from bot.usecases.resets.cards import CardMessages, CardTexts
from bot.usecases.resets.convergence import ConvergenceWatcher
from bot.usecases.resets.eligibility import Eligibility
from bot.usecases.resets.executor import ResetExecutor
from bot.usecases.resets.freeze import FreezeService
from bot.usecases.resets.preconditions import Preconditions
from bot.usecases.resets.request_repository import ChangeTexts, RequestRepository
from bot.usecases.resets.submission import ApprovalPolicy, RequestSubmission
from bot.usecases.resets.voting import Reading, VoteService
from bot.views import request_card, request_texts
from bot.views.block_kit import Style
from bot.views.card_comparison import TABLES, MessageContent, tables_in
from bot.views.tables import Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_sdk import WebClient

    from bot.domain.package import SiteCode
    from bot.domain.request import Event, Freeze, Request
    from bot.settings import Settings
    from bot.slack.sender import SlackMessageSender
    from bot.store.factory import Store
    from bot.usecases.access import Installation
    from bot.usecases.ports.site import SiteReader, SiteWriter
    from bot.usecases.ports.store import Card
    from bot.views.block_kit import Message


log = structlog.stdlib.get_logger(__name__)

POLICY_LEASE = "policy "
"""Prefix of a lease's name, before the fingerprint of the policy that its holder works by."""


class ResetParts:
    """The services of reset requests on one store, with one policy."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        readers: Mapping[SiteCode, SiteReader],
        writers: Mapping[SiteCode, SiteWriter],
        client: WebClient,
        here: Installation,
    ) -> None:
        self._settings = settings
        self._store = store
        self._policy_lease = f"{POLICY_LEASE}{_policy_fingerprint(settings)}"
        channel = settings.channels.approvals
        self.index = RequestTable(store.database, make_signer(settings, "cards"))
        self.freeze_service = FreezeService(store.ledger, self.index, channel, make_signer(settings, "brake"))
        change_texts = ChangeTexts(_payload_or_none(request_texts.outcome_message), _payload_or_none(self._in_thread))
        self.requests = RequestRepository(
            store.ledger, self.index, channel, change_texts, now, make_signer(settings, "votes")
        )
        self.eligibility = Eligibility(
            installation=here,
            requesters=allowed_people(settings.requesters),
            approvers=allowed_people(settings.approvers),
            people=SlackPeople(client),
            freeze_service=self.freeze_service,
            audit_lag=self._audit_lag,
            most_lag=settings.audit.max_lag,
            channel_fault=partial(channel_fault, client, channel),
            policy_fault=self._policy_fault,
        )
        policy = _policy(settings)
        self.submission = RequestSubmission(readers, writers, self.requests, self.eligibility, policy, now)
        self.withheld_tables: set[str] = set()
        """Block types that this Slack leaves out of the message that comes with a click: no card is drawn with them."""
        self.vote_service = VoteService(self.requests, self.eligibility, self._compare)
        preconditions = Preconditions(readers, writers, self.requests, self.eligibility, policy, now)
        self.executor = ResetExecutor(writers, self.requests, self.eligibility, preconditions, store.leases, now)
        self.watcher = ConvergenceWatcher(
            readers,
            self.requests,
            now,
            settings.watch.first_look,
            settings.watch.stall_after,
            settings.watch.give_up_after,
        )

    def cards(self, sender: SlackMessageSender, forms: AcceptedForms[Form]) -> CardMessages:
        """Return what turns notifications about requests into messages of Slack."""
        styles = AcceptedForms(tuple(Style))

        def draw(request: Request, freeze: Freeze | None) -> tuple[dict[str, Any], dict[str, Any]]:
            frozen = freeze_text(freeze)
            if styles.candidates()[0] is Style.FULL:
                voters = approver_mentions(self._settings.approvers)
                form = next(form for form in forms.candidates() if form not in self.withheld_tables)
                card = request_card.draw(request, voters, frozen, form)
            else:
                card = request_card.draw_plain(request, frozen)
            return payload_of(card), payload_of(request_card.draw_without_buttons(card))

        texts = CardTexts(
            draw=draw,
            announce=lambda request, card: payload_of(request_texts.card_posted(request, card.link)),
            replaced=lambda request, card: payload_of(request_card.draw_replaced(request, card.link if card else "")),
            refused=self._card_refused,
        )
        return CardMessages(
            self.requests,
            self.freeze_service,
            texts,
            sender.link,
            lambda: forms.downgrade() or styles.downgrade(),
            partial(self._store.leases.holds, LEASE),
            rows_withheld=lambda: self.withheld_tables.update(TABLES),
            is_given_back=lambda payload: not tables_in(payload) & self.withheld_tables,
        )

    def _compare(self, message: Mapping[str, Any], request: Request, freeze: Freeze | None) -> Reading:
        """Compare a message with the card of this request, in whichever form it was posted."""
        voters, frozen = approver_mentions(self._settings.approvers), freeze_text(freeze)
        cards = [*(request_card.draw(request, voters, frozen, form) for form in Form)]
        drawn = [payload_of(card) for card in (*cards, request_card.draw_plain(request, frozen))]
        seen, faces = MessageContent.of(message), [MessageContent.of(each) for each in drawn]
        if any(face.matches(seen) for face in faces):
            return Reading.SAME
        return Reading.WITHOUT_ROWS if any(face.matches_without_rows(seen) for face in faces) else Reading.OTHER

    def _card_refused(self, request: Request, card: Card | None, reason: str) -> dict[str, Any]:
        channel = self._settings.channels.approvals
        return payload_of(request_texts.card_refused(request, channel, reason, has_card=card is not None))

    def _in_thread(self, request: Request, event: Event) -> Message | None:
        return request_texts.thread_message(request, event, approver_mentions(self._settings.approvers))

    def keep_policy(self) -> None:
        """Hold the lease named after this bot's policy; to be called every second. Raises StoreError."""
        self._store.leases.hold(self._policy_lease)
        self._store.leases.alive(POLICY_LEASE)  # whether somebody else lives can only be seen over a while

    def release_policy(self) -> None:
        """Release that lease. Raises StoreError."""
        self._store.leases.release(self._policy_lease)

    def _policy_fault(self) -> Refusal | None:
        others = self._store.leases.alive(POLICY_LEASE) - {self._policy_lease}
        if not others:
            return None
        log.warning("another bot on the same store has other settings for resets")
        return Refusal(Reason.OTHER_POLICY)

    def _audit_lag(self) -> timedelta:
        oldest = self._store.outbox.backlog(self._settings.channels.audit).oldest_at
        return now() - oldest if oldest else timedelta(0)


def freeze_text(freeze: Freeze | None) -> str:
    """Say who froze resets, when and why; nothing when nobody did."""
    return request_texts.freeze_text(freeze.user_id, freeze.at, freeze.why) if freeze else ""


def _payload_or_none(draw: Any) -> Any:
    def make(request: Request, event: Event) -> dict[str, Any] | None:
        message = draw(request, event)
        return payload_of(message) if message else None

    return make


def _policy_fingerprint(settings: Settings) -> str:
    """Return a hash of the policy: who may ask, who may approve, and what may be applied."""
    parts = (settings.reset, settings.approvals, settings.approvers, settings.requesters)
    return fingerprint_of([part.model_dump() for part in parts])


def _policy(settings: Settings) -> ApprovalPolicy:
    return ApprovalPolicy(
        rows=RowsAllowed(settings.reset.rows),
        max_rows=settings.reset.max_rows,
        expire_after=settings.approvals.expire_after,
        requester_counts=settings.approvals.requester_counts,
        grace=settings.drift.grace,
        job_age=settings.drift.job_age,
        backup_table=settings.reset.backup_table,
        quorum=settings.approvals.quorum,
    )
