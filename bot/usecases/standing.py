"""Who may ask, and who may decide, looked up afresh each time; and whether anything stops all resets just now.

Cannot look up means refused. Nothing here remembers anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from bot.domain.ledger import CLOCKS_APART
from bot.domain.quorum import QUORUM
from bot.domain.refusal import Reason, Refusal
from bot.usecases.access import Access, Actor, Allowed
from bot.usecases.ports import PeopleError

if TYPE_CHECKING:
    from bot.usecases.freezing import Freezing
    from bot.usecases.ports import People

AuditLag = Callable[[], timedelta]
"""Returns how long the oldest entry has waited to be told in the audit channel; less than nothing when it was recorded
by a clock that was ahead."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The rights of people towards requests."""

    team_id: str
    requesters: Allowed
    approvers: Allowed
    people: People
    freezing: Freezing
    audit_lag: AuditLag
    most_lag: timedelta
    channel_fault: Callable[[], Refusal | None] = lambda: None

    def may_ask(self, actor: Actor) -> Refusal | None:
        """Return why this person may not ask for a reset, or None."""
        return self._check(actor, self.requesters, Reason.NOT_A_REQUESTER)

    def may_decide(self, actor: Actor) -> Refusal | None:
        """Return why this person may not vote, or None; an empty approver list lets nobody vote."""
        if self.approvers.is_anyone:
            return Refusal(Reason.NOT_AN_APPROVER)
        return self._check(actor, self.approvers, Reason.NOT_AN_APPROVER)

    def brake(self) -> Refusal | None:
        """Return what stops all resets just now, or None. Raises StoreError."""
        if self.freezing.now():
            return Refusal(Reason.FROZEN)
        lag = self.audit_lag()
        if lag > self.most_lag or lag < -CLOCKS_APART:
            # What was recorded by a clock that was ahead says nothing of how long it has waited.
            return Refusal(Reason.AUDIT_BEHIND)
        return self.channel_fault()

    def enough_approvers(self, requester: str, *, requester_counts: bool) -> bool:
        """Whether a quorum is possible at all without (or with) the requester. Raises PeopleError."""
        without = frozenset() if requester_counts else frozenset({requester})
        return len(self.possible_approvers(QUORUM, without)) >= QUORUM

    def possible_approvers(self, enough: int, without: frozenset[str] = frozenset()) -> list[str]:
        """Return people who could vote now, and look no further when there are enough. Raises PeopleError."""
        named = set(self.approvers.users).union(*map(self.people.members, self.approvers.groups))
        access = self._access(self.approvers)
        fit = (user for user in sorted(named - without) if access.unfit(Actor(user, self.team_id)) is None)
        return list(islice(fit, enough))

    def _check(self, actor: Actor, allowed: Allowed, otherwise: Reason) -> Refusal | None:
        access = self._access(allowed)
        refusal = access.unfit(actor)
        if refusal:
            return refusal
        try:
            return None if access.is_listed(actor) else Refusal(otherwise)
        except PeopleError:
            return Refusal(Reason.LIST_UNREADABLE)

    def _access(self, allowed: Allowed) -> Access:
        return Access(self.team_id, allowed, self.people)
