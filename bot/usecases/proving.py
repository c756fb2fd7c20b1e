"""What is proved again before rows change: votes, people, brakes, the record, and every row by a fresh read.

By the rules of now: they may be stricter than those of the day on which somebody asked or voted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain import planning
from bot.domain.approval import Finish, Outdate
from bot.domain.drift import judge
from bot.domain.ledger import CLOCKS_APART
from bot.domain.quantity import plural, quantity
from bot.domain.quorum import QUORUM
from bot.domain.refusal import Reason, Refusal
from bot.usecases.access import Actor, distinct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.package import SiteCode
    from bot.domain.request import Request
    from bot.usecases.ports import Clock, SiteReader, SiteWriter
    from bot.usecases.requesting import Policy
    from bot.usecases.requests import Requests
    from bot.usecases.standing import Standing

APPLY_WITHIN = timedelta(minutes=15)
"""People approved what they saw at that time; a bot that was away for longer must ask them again."""
_NOT_KNOWN = {Reason.CANNOT_LOOK_UP, Reason.LIST_UNREADABLE}


@dataclass(frozen=True, slots=True)
class Proving:
    """Proves that a request that two people approved may still be applied."""

    readers: Mapping[SiteCode, SiteReader]
    writers: Mapping[SiteCode, SiteWriter]
    requests: Requests
    standing: Standing
    policy: Policy
    clock: Clock

    def against(self, request: Request) -> Finish | Outdate | None:
        """Return what must happen to a request instead of its apply, or None. Raises SiteError, StoreError."""
        trouble = self._hindrance(request)
        if trouble:
            return Finish(trouble, claimed=False)
        found = self.objections(request)
        return Outdate(found) if found else None

    def objections(self, request: Request) -> tuple[str, ...]:
        """Return what a fresh read has against a plan, when the database takes all that it needs. Raises SiteError."""
        self.writers[request.plan.site].rehearse()
        table = self.readers[request.plan.site].package(request.plan.package_id)
        if table is None:
            return ("the package is gone",)
        resets = self.requests.waiting_rows(request.plan.site, table.package.id).get(table.package.id, frozenset())
        drift = judge(table, self.clock(), self.policy.grace, job_age=self.policy.job_age, resets=resets)
        return planning.objections(request.plan, drift, self.policy.rows)

    def _hindrance(self, request: Request) -> str:
        """Prove people, brakes and the record again: two different eligible approvers of exactly this plan."""
        if request.plan.site not in self.writers:
            return f"site {request.plan.site} is no longer in the settings"
        ago = self.clock() - request.decided_at if request.decided_at else None
        if ago is None or ago > APPLY_WITHIN:
            return "it was approved too long ago"
        if ago < -CLOCKS_APART:
            return "the clock was set back since it was approved: please ask again"
        if not self.requests.is_intact(request.id):
            return "its ledger entries are not as they were recorded"
        if not self.requests.are_ours(request):
            return (
                "a vote in its record was not taken by this bot, or its app-level token is a new one: please ask again"
            )
        if len(request.plan.rows) > self.policy.max_rows:
            most = self.policy.max_rows
            return f"it has {quantity(len(request.plan.rows), 'row')}, and {most} {plural(most, 'is')} allowed now"
        brake = self.standing.brake()
        return str(brake.reason) if brake else self._too_few(request)

    def _too_few(self, request: Request) -> str:
        """Count the voters by the rules of now, which may be stricter than those of the day they voted."""
        voters = []
        for vote in request.votes:
            voter = self.standing.approver(Actor(vote.user_id, vote.team_id))
            if isinstance(voter, Refusal) and voter.reason in _NOT_KNOWN:
                return f"it could not be looked up whether an approver still may decide ({voter.reason})"
            if isinstance(voter, Refusal):
                return f"an approver no longer may decide ({voter.reason})"
            voters.append(vote.ids | voter.ids)
        if not self.policy.requester_counts and request.requester_ids & frozenset().union(*voters):
            return "the requester's own approval no longer counts"
        return "" if distinct(voters) >= QUORUM else "two different approvers are missing"
