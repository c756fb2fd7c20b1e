"""What is checked again before rows change: votes, people, freezes, the record, and every row by a fresh read.

By the rules of now: they may be stricter than those of the day on which somebody asked or voted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.approval import Delay, Finish, MarkStale, votes_required
from bot.domain.drift_classes import judge
from bot.domain.ledger_entry import CLOCKS_APART
from bot.domain.plan import Action, shape_fault, violations
from bot.domain.quantity import number, plural, quantity
from bot.domain.refusal import Reason, Refusal
from bot.usecases.access import Actor, distinct
from bot.usecases.resets.undo import undo_violations, undoing_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.package import SiteCode
    from bot.domain.request import Request
    from bot.domain.undo import Undoing
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.site import SiteReader, SiteWriter
    from bot.usecases.resets.eligibility import Eligibility
    from bot.usecases.resets.request_repository import RequestRepository
    from bot.usecases.resets.submission import ApprovalPolicy

APPLY_WITHIN = timedelta(minutes=15)
"""People approved what they saw at that time; a bot that was away for longer must ask them again."""
_NOT_KNOWN = {Reason.CANNOT_LOOK_UP, Reason.LIST_UNREADABLE}


@dataclass(frozen=True, slots=True)
class Preconditions:
    """Checks whether an approved request may still be applied."""

    readers: Mapping[SiteCode, SiteReader]
    writers: Mapping[SiteCode, SiteWriter]
    requests: RequestRepository
    eligibility: Eligibility
    policy: ApprovalPolicy
    clock: Clock

    def against(self, request: Request) -> Finish | MarkStale | Delay | None:
        """Return what must happen to a request instead of its apply, or None. Raises SiteError, StoreError."""
        trouble = self._violation(request)
        if trouble:
            return Finish(trouble, claimed=False)
        blocked = self.eligibility.blocked_by()
        if blocked:
            reason = str(blocked.reason)
            return Delay(reason) if blocked.reason is Reason.OTHER_POLICY else Finish(reason, claimed=False)
        step = self._vote_step(request)
        if step:
            return step
        found = self.violations(request)
        return MarkStale(found) if found else None

    def violations(self, request: Request) -> tuple[str, ...]:
        """Return what a fresh read has against a plan, when the database takes all that it needs.

        Raises SiteError, StoreError.
        """
        writer = self.writers[request.plan.site].using(request.backup_table)
        writer.dry_run()
        table = self.readers[request.plan.site].package(request.plan.package_id)
        if table is None:
            return ("the package is gone",)
        resets = self.requests.waiting_rows(request.plan.site, table.package.id).get(table.package.id, frozenset())
        drift = judge(table, self.clock(), self.policy.grace, job_age=self.policy.job_age, resets=resets)
        found = violations(request.plan, drift, self.policy.rows)
        if request.plan.action is not Action.UNDO:
            return found
        done = self.requests.load(request.undoes)
        return tuple(dict.fromkeys((*undo_violations(self.requests, writer, request.plan, done), *found)))

    def undoing(self, request: Request) -> Undoing | None:
        """Return what the writer must know of the reset that a request takes back, if it is an undo.

        Raises StoreError.
        """
        done = self.requests.load(request.undoes) if request.plan.action is Action.UNDO else None
        return undoing_of(self.requests, done) if done else None

    def _violation(self, request: Request) -> str:
        """Check the age of the approval, the record and the plan; return what is wrong with them, or an empty text."""
        ago = self.clock() - request.decided_at if request.decided_at else None
        if ago is None or ago > APPLY_WITHIN:
            return f"it was approved too long ago{f' ({request.note})' if request.note else ''}"
        if ago < -CLOCKS_APART:
            return "the clock was set back since it was approved: please ask again"
        if not self.requests.is_intact(request.id):
            return "its ledger entries are not as they were recorded"
        forgery = self.requests.forgery(request) or self._shape_fault(request)
        if forgery:
            return forgery
        most = min(self.policy.max_rows, request.max_rows or self.policy.max_rows)
        if len(request.plan.rows) > most:
            return f"it has {quantity(len(request.plan.rows), 'row')}, and {most} {plural(most, 'is')} allowed now"
        return ""

    def _shape_fault(self, request: Request) -> str:
        """Prove that a plan is one that this bot makes: (0, 2) on every row, or the way back of a reset of its own."""
        done = self.requests.load(request.undoes) if request.undoes else None
        if done and (self.requests.forgery(done) or self.requests.quorum_forgery(done)):
            return f"what it takes back, request {done.id}, was not recorded by this bot as it reads"
        return shape_fault(request.plan, done.plan if done and done.applied_at else None)

    def _vote_step(self, request: Request) -> Finish | Delay | None:
        """Look everybody up by the rules of now, which may be stricter than those of the day they asked or voted."""
        asker = self.eligibility.requester(Actor(request.requester, request.requester_team))
        if isinstance(asker, Refusal):
            return _step(asker, "the requester", "may ask")
        voters = []
        for vote in request.votes:
            voter = self.eligibility.approver(Actor(vote.user_id, vote.team_id))
            if isinstance(voter, Refusal):
                return _step(voter, "an approver", "may decide")
            voters.append(vote.ids | voter.ids)
        counts = self.policy.requester_counts and request.requester_counts
        if not counts and (request.requester_ids | asker.ids) & frozenset().union(*voters):
            return Finish("the requester's own approval no longer counts", claimed=False)
        quorum = max(votes_required(request), self.policy.quorum)
        if distinct(voters) < quorum:
            return Finish(f"{number(quorum)} different approvers are missing", claimed=False)
        forgery = self.requests.quorum_forgery(request)
        return Finish(forgery, claimed=False) if forgery else None


def _step(refusal: Refusal, who: str, may: str) -> Finish | Delay:
    """Return what follows from a refusal: one that only says that Slack did not answer is asked again."""
    if refusal.reason in _NOT_KNOWN:
        return Delay(f"it could not be looked up whether {who} still {may} ({refusal.reason})")
    return Finish(f"{who} no longer {may} ({refusal.reason})", claimed=False)
