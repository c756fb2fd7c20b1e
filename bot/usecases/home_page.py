"""App Home: what one person should see now, and whether anything in it has changed since.

Reads only, and never asks a site anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.approval import Approve, decide
from bot.domain.digest import AuditStatus
from bot.domain.home_content import Home, HomeSnapshot, NextDigest
from bot.domain.refusal import Refusal
from bot.domain.request import OPEN, Stage
from bot.usecases.resets.request_repository import replay_requests

if TYPE_CHECKING:
    from datetime import datetime

    from bot.domain.digest import DriftSummary
    from bot.domain.pending_post import PendingPost
    from bot.domain.request import Request
    from bot.usecases.access import Access, Actor
    from bot.usecases.drift.digest_service import DigestService
    from bot.usecases.resets.eligibility import Eligibility

NextDigests = Callable[["datetime"], Sequence[NextDigest]]
"""Returns what is due next after a moment, the soonest first."""

LOOKBACK = timedelta(days=1)
"""From a full hour on: a moment that moved with the clock would make every Home look changed."""
OWN = OPEN | {Stage.APPLIED, Stage.STALLED}
"""A request is still on its requester's mind until its rows are back."""


@dataclass(frozen=True, slots=True)
class HomePage:
    """Draws up App Homes. Every method raises StoreError."""

    digest_service: DigestService
    access: Access
    eligibility: Eligibility
    digests: NextDigests
    undelivered: Callable[[], Sequence[PendingPost]] = tuple
    _summary_cache: list[tuple[object, DriftSummary]] = field(default_factory=list)

    def change_token(self) -> object:
        """Return what is the same as long as no Home has anything new to say; cheap to ask often."""
        digest_service = self.digest_service
        waiting = digest_service.outbox.backlog(digest_service.audit_channel).count
        return (
            digest_service.ledger.head(),
            tuple(digest_service.history.sites()),
            waiting,
            self.digests(digest_service.clock()),
        )

    def home_snapshot(self) -> HomeSnapshot:
        """Return what is the same for everybody."""
        digest_service = self.digest_service
        now = digest_service.clock()
        backlog = digest_service.outbox.backlog(digest_service.audit_channel)
        delivered_at = digest_service.outbox.delivered_at(digest_service.audit_channel)
        index = digest_service.requests.index
        requests, lost = replay_requests(digest_service.ledger, index.in_stages(OWN))
        cards = {request.id: index.card(request.id) for request in requests}
        return HomeSnapshot(
            summary=self._drift_summary(now),
            waiting=tuple(request for request in requests if request.stage is Stage.PENDING),
            watched=requests,
            links={request_id: card.link for request_id, card in cards.items() if card and card.link},
            digests=tuple(self.digests(now)),
            freeze=digest_service.freeze_service.now(),
            trail=AuditStatus(digest_service.ledger.head(), backlog.count, backlog.oldest_at, delivered_at),
            audit_channel=digest_service.audit_channel,
            lost=lost,
            cardless={each: digest_service.requests.card_fault(each) for each, card in cards.items() if card is None},
            approvals_channel=digest_service.requests.channel,
            undelivered=tuple(each for each in self.undelivered() if each.is_overdue(now)),
        )

    def home(self, actor: Actor, home_snapshot: HomeSnapshot) -> Home | Refusal:
        """Return one person's Home. Refusals: whatever access.py refuses."""
        person = self.access.viewer(actor)
        if isinstance(person, Refusal):
            return person
        ids = person.ids | {actor.user_id}
        may_vote = bool(home_snapshot.waiting) and self.eligibility.can_approve(actor) is None
        to_vote = [
            request
            for request in home_snapshot.waiting
            if may_vote and _counts_vote_of(request, actor, ids, home_snapshot.summary.at)
        ]
        own = [request for request in home_snapshot.watched if request.requester_ids & ids]
        return Home(home_snapshot, tuple(to_vote), tuple(own))

    def _drift_summary(self, now: datetime) -> DriftSummary:
        """Return drift as the last scans left it; added up anew only after a scan, or at a new hour."""
        since = now.replace(minute=0, second=0, microsecond=0) - LOOKBACK
        scanned = (tuple(self.digest_service.history.sites()), since)
        if [scanned] != [known for known, _ in self._summary_cache]:
            self._summary_cache[:] = [(scanned, self.digest_service.summary(since=since))]
        return replace(self._summary_cache[0][1], at=now)


def _counts_vote_of(request: Request, actor: Actor, ids: frozenset[str], now: datetime) -> bool:
    """Whether this person's approval would count now."""
    vote = Approve(actor.user_id, actor.team_id, request.plan.fingerprint, ids)
    return not isinstance(decide(request, vote, now), Refusal)
