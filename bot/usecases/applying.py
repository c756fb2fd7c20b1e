"""The story of an apply: prove everything again, claim, change the rows in one transaction, record what happened.

Nothing is guessed after a crash: whether a claimed request was applied is read from the backup table, and one that was
not is forbidden there before it is called failed, so that it can never happen later. What a process believes that lost
its place is not recorded: every step says on which side of the claim it was taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.approval import Claim, Doubt, Finish, Outdate
from bot.domain.drift import judge
from bot.domain.planning import objections
from bot.domain.quorum import QUORUM
from bot.domain.refusal import Refusal
from bot.domain.request import Request, Stage
from bot.events import events
from bot.failpoints import reach
from bot.usecases.access import Actor
from bot.usecases.ports import RowMoved, SiteError
from bot.usecases.requests import traced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.package import SiteCode
    from bot.usecases.ports import Clock, SiteReader, SiteWriter
    from bot.usecases.requesting import Policy
    from bot.usecases.requests import Requests
    from bot.usecases.standing import Standing
    from bot.usecases.store_ports import Leases

log = events(__name__)

LEASE = "apply"
"""One process applies at a time."""
APPLY_WITHIN = timedelta(minutes=15)
"""People approved what they saw at that time; a bot that was away for longer must ask them again."""


@dataclass(frozen=True, slots=True)
class Applying:
    """Applies what a quorum approved."""

    readers: Mapping[SiteCode, SiteReader]
    writers: Mapping[SiteCode, SiteWriter]
    requests: Requests
    standing: Standing
    policy: Policy
    leases: Leases
    clock: Clock

    def work_off(self) -> None:
        """Apply all that is approved, resolve all that was left in the middle. Raises StoreError."""
        waiting = self.requests.index.in_stages({Stage.APPROVED, Stage.APPLYING})
        if not waiting or not self.leases.hold(LEASE):
            return
        for request_id in reversed(waiting):
            request = self.requests.load(request_id)
            if request:
                with traced(request):
                    self._work_on(request)

    def _work_on(self, request: Request) -> None:
        if request.stage is Stage.APPLYING:
            self._resolve(request, "the bot stopped before it happened")
        elif request.stage is Stage.APPROVED:
            self._apply(request)

    def _apply(self, request: Request) -> None:
        trouble = self._hindrance(request)
        try:
            found = () if trouble else self._objections(request)
        except SiteError as error:
            log.warning("cannot read before an apply", detail=error.detail)
            trouble, found = f"the site database could not be read: {error.trouble}", ()
        if trouble:
            self.requests.change(request.id, Finish(trouble, claimed=False))
        elif found:
            self.requests.change(request.id, Outdate(found))
        elif self._claim(request):
            # Asked again behind the claim: a freeze that was recorded before it always wins.
            brake = self.standing.brake()
            if brake:
                self._resolve(request, str(brake.reason))
            else:
                self._change_rows(request)

    def _claim(self, request: Request) -> bool:
        reach("apply: before claim")
        is_ours = self.leases.hold(LEASE) and not isinstance(self.requests.change(request.id, Claim()), Refusal)
        reach("apply: claimed")
        return is_ours

    def _change_rows(self, request: Request) -> None:
        try:
            self.writers[request.plan.site].apply(request.id, request.plan)
        except RowMoved as moved:
            self.requests.change(request.id, Outdate((str(moved),), claimed=True))
        except SiteError as error:
            log.warning("apply failed", trouble=error.trouble.value, detail=error.detail)
            self._resolve(request, f"the site database said: {error.trouble}")
        else:
            log.info("applied", site=request.plan.site, rows=len(request.plan.rows))
            self.requests.change(request.id, Finish())
            reach("apply: recorded")

    def _resolve(self, request: Request, trouble: str) -> None:
        """Find out what became of a claimed request; while that cannot be told, say so and ask again later."""
        writer = self.writers.get(request.plan.site)
        if writer is None:
            self.requests.change(request.id, Doubt(f"site {request.plan.site} is no longer in the settings"))
            return
        try:
            is_forbidden = writer.forbid(request.id)
        except SiteError as error:
            log.error("an apply is in doubt until the site answers", detail=error.detail)
            self.requests.change(request.id, Doubt(f"the site database does not say ({error.trouble})"))
            return
        self.requests.change(request.id, Finish(trouble if is_forbidden else ""))

    def _hindrance(self, request: Request) -> str:
        """Prove people, brakes and the record again: two different eligible approvers of exactly this plan."""
        if request.plan.site not in self.writers:
            return f"site {request.plan.site} is no longer in the settings"
        if request.decided_at is None or self.clock() - request.decided_at > APPLY_WITHIN:
            return "it was approved too long ago"
        if not self.requests.is_intact(request.id):
            return "its ledger entries are not as they were recorded"
        brake = self.standing.brake()
        if brake:
            return str(brake.reason)
        for vote in request.votes:
            refusal = self.standing.may_decide(Actor(vote.user_id, vote.team_id))
            if refusal:
                return f"an approver no longer may decide ({refusal.reason})"
        return "" if len({vote.user_id for vote in request.votes}) >= QUORUM else "two different approvers are missing"

    def _objections(self, request: Request) -> tuple[str, ...]:
        table = self.readers[request.plan.site].package(request.plan.package_id)
        if table is None:
            return ("the package is gone",)
        drift = judge(table, self.clock(), self.policy.grace)
        return objections(request.plan, drift, self.policy.rows)
