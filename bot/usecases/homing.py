"""The story of App Home: what one person should see now, and whether anything in it has changed since.

Reads only, and never asks a site anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.approval import Approve, decide
from bot.domain.digest import Trail
from bot.domain.home import Glance, Home, NextDigest
from bot.domain.refusal import Refusal
from bot.domain.request import OPEN, Stage
from bot.usecases.rebuilding import rebuild

if TYPE_CHECKING:
    from datetime import datetime

    from bot.domain.digest import Picture
    from bot.domain.request import Request
    from bot.domain.waiting import Waiting
    from bot.usecases.access import Access, Actor
    from bot.usecases.digesting import Digesting
    from bot.usecases.standing import Standing

NextDigests = Callable[["datetime"], Sequence[NextDigest]]
"""Returns what is due next after a moment, the soonest first."""

LOOKED_BACK = timedelta(days=1)
"""From a full hour on: a moment that moved with the clock would make every Home look changed."""
OWN = OPEN | {Stage.APPLIED, Stage.STALLED}
"""A request is still on its requester's mind until its rows are back."""


@dataclass(frozen=True, slots=True)
class Homing:
    """Draws up App Homes. Every method raises StoreError."""

    digesting: Digesting
    access: Access
    standing: Standing
    digests: NextDigests
    undelivered: Callable[[], Sequence[Waiting]] = tuple
    _added_up: list[tuple[object, Picture]] = field(default_factory=list)

    def traces(self) -> object:
        """Return what is the same as long as no Home has anything new to say; cheap to ask often."""
        digesting = self.digesting
        waiting = digesting.outbox.backlog(digesting.audit_channel).count
        return digesting.ledger.head(), tuple(digesting.history.sites()), waiting, self.digests(digesting.clock())

    def glance(self) -> Glance:
        """Return what is the same for everybody."""
        digesting = self.digesting
        now = digesting.clock()
        backlog = digesting.outbox.backlog(digesting.audit_channel)
        told_at = digesting.outbox.told_at(digesting.audit_channel)
        index = digesting.requests.index
        requests, lost = rebuild(digesting.ledger, index.in_stages(OWN))
        cards = {request.id: index.card(request.id) for request in requests}
        return Glance(
            picture=self._picture(now),
            waiting=tuple(request for request in requests if request.stage is Stage.PENDING),
            watched=requests,
            links={request_id: card.link for request_id, card in cards.items() if card and card.link},
            digests=tuple(self.digests(now)),
            freeze=digesting.freezing.now(),
            trail=Trail(digesting.ledger.head(), backlog.count, backlog.oldest_at, told_at),
            audit_channel=digesting.audit_channel,
            lost=lost,
            cardless={each: digesting.requests.card_trouble(each) for each, card in cards.items() if card is None},
            approvals_channel=digesting.requests.channel,
            undelivered=tuple(each for each in self.undelivered() if each.is_overdue(now)),
        )

    def home(self, actor: Actor, glance: Glance) -> Home | Refusal:
        """Return one person's Home. Refusals: whatever access.py refuses."""
        person = self.access.viewer(actor)
        if isinstance(person, Refusal):
            return person
        ids = person.ids | {actor.user_id}
        may_vote = bool(glance.waiting) and self.standing.may_decide(actor) is None
        to_vote = [request for request in glance.waiting if may_vote and _takes(request, actor, ids, glance.picture.at)]
        own = [request for request in glance.watched if request.requester_ids & ids]
        return Home(glance, tuple(to_vote), tuple(own))

    def _picture(self, now: datetime) -> Picture:
        """Return drift as the last scans left it; added up anew only after a scan, or at a new hour."""
        since = now.replace(minute=0, second=0, microsecond=0) - LOOKED_BACK
        scanned = (tuple(self.digesting.history.sites()), since)
        if [scanned] != [known for known, _ in self._added_up]:
            self._added_up[:] = [(scanned, self.digesting.picture(since=since))]
        return replace(self._added_up[0][1], at=now)


def _takes(request: Request, actor: Actor, ids: frozenset[str], now: datetime) -> bool:
    """Whether this person's approval would count now."""
    vote = Approve(actor.user_id, actor.team_id, request.plan.fingerprint, ids)
    return not isinstance(decide(request, vote, now), Refusal)
