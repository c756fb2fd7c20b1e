"""Who may ask, and who may decide, looked up afresh each time; and whether anything stops all resets just now.

Cannot look up means refused. Nothing here remembers anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.ledger_entry import CLOCKS_APART
from bot.domain.refusal import Reason, Refusal
from bot.usecases.access import Access, Actor, Allowed, Installation, distinct

if TYPE_CHECKING:
    from bot.usecases.ports.slack import People, Person
    from bot.usecases.resets.freeze import FreezeService

AuditLag = Callable[[], timedelta]
"""Returns how long the oldest entry has waited to be told in the audit channel; less than nothing when it was recorded
by a clock that was ahead."""


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The rights of people towards requests."""

    installation: Installation
    requesters: Allowed
    approvers: Allowed
    people: People
    freeze_service: FreezeService
    audit_lag: AuditLag
    most_lag: timedelta
    channel_fault: Callable[[], Refusal | None] = lambda: None
    policy_fault: Callable[[], Refusal | None] = lambda: None

    def can_request(self, actor: Actor) -> Refusal | None:
        """Return why this person may not ask for a reset, or None."""
        return _refusal(self.requester(actor))

    def can_approve(self, actor: Actor) -> Refusal | None:
        """Return why this person may not vote, or None."""
        return _refusal(self.approver(actor))

    def requester(self, actor: Actor) -> Person | Refusal:
        """Return who this is that may ask for a reset, or why they may not."""
        return self._listed(actor, self.requesters, Reason.NOT_A_REQUESTER)

    def approver(self, actor: Actor) -> Person | Refusal:
        """Return who this is that may vote, or why they may not; an empty approver list lets nobody vote."""
        if self.approvers.is_anyone:
            return Refusal(Reason.NOT_AN_APPROVER)
        return self._listed(actor, self.approvers, Reason.NOT_AN_APPROVER)

    def blocked_by(self) -> Refusal | None:
        """Return what stops all resets just now, or None. Raises StoreError."""
        if self.freeze_service.now():
            return Refusal(Reason.FROZEN)
        lag = self.audit_lag()
        if lag > self.most_lag or lag < -CLOCKS_APART:
            # What was recorded by a clock that was ahead says nothing of how long it has waited.
            return Refusal(Reason.AUDIT_BEHIND)
        return self.policy_fault() or self.channel_fault()

    def enough_approvers(self, quorum: int, requester: frozenset[str], *, requester_counts: bool) -> bool:
        """Whether so many people could approve at all without (or with) whoever has these ids. Raises PeopleError."""
        without = frozenset() if requester_counts else requester
        return self.eligible_approvers(quorum, without) >= quorum

    def eligible_approvers(self, enough: int, without: frozenset[str] = frozenset()) -> int:
        """Count people who could vote now, and look no further when there are enough. Raises PeopleError."""
        access = self._access(self.approvers)
        fit: list[frozenset[str]] = []
        for user in sorted(self.approvers.users.union(*map(self.people.members, self.approvers.groups))):
            person = access.member(Actor(user, self.installation.team_id))
            if isinstance(person, Refusal) or without & (ids := person.ids | {user}):
                continue
            fit.append(ids)
            if distinct(fit) >= enough:
                break
        return distinct(fit)

    def _listed(self, actor: Actor, allowed: Allowed, otherwise: Reason) -> Person | Refusal:
        return self._access(allowed).listed(actor, otherwise, Reason.LIST_UNREADABLE)

    def _access(self, allowed: Allowed) -> Access:
        return Access(self.installation, allowed, self.people)


def _refusal(found: Person | Refusal) -> Refusal | None:
    return found if isinstance(found, Refusal) else None
