"""Applying a request: check everything again, claim it, change its rows in one transaction, record the outcome.

Nothing is guessed after a crash: whether a claimed request was applied is read from the backup table, and one that was
not is forbidden there before it is called failed, so that it can never happen later. The outcome of a process that lost
its claim is not recorded: every step says on which side of the claim it was taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from bot.domain.approval import Claim, Delay, Finish, MarkInDoubt, MarkStale
from bot.domain.plan import looks_applied
from bot.domain.refusal import Refusal
from bot.domain.request import Request, Stage
from bot.domain.site_error_kind import SiteErrorKind
from bot.failpoints import reach
from bot.usecases.ports.site import ChangeAltered, RowMoved, SiteError
from bot.usecases.resets.backoff import Backoff
from bot.usecases.resets.preconditions import APPLY_WITHIN
from bot.usecases.resets.request_repository import traced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.package import SiteCode
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.site import SiteWriter
    from bot.usecases.ports.store import Leases
    from bot.usecases.resets.eligibility import Eligibility
    from bot.usecases.resets.preconditions import Preconditions
    from bot.usecases.resets.request_repository import RequestRepository

log = structlog.stdlib.get_logger(__name__)

LEASE = "apply"
"""One process applies at a time."""
_LASTING = {SiteErrorKind.SCHEMA, SiteErrorKind.PERMISSION, SiteErrorKind.READ_ONLY, SiteErrorKind.WRONG_DATABASE}
"""What only people can cure, in the database or in the settings; anything else may be over in a minute."""
UNBACKED = "the rows read as applied, but the backup table knows nothing of it: ask the DBA"


@dataclass(frozen=True, slots=True)
class ResetExecutor:
    """Applies what a quorum approved."""

    writers: Mapping[SiteCode, SiteWriter]
    requests: RequestRepository
    eligibility: Eligibility
    preconditions: Preconditions
    leases: Leases
    clock: Clock
    backoff: Backoff = field(default_factory=Backoff)

    def run_pending(self) -> None:
        """Apply all that is approved, resolve all that was left in the middle. Raises StoreError."""
        for request in self.requests.at({Stage.APPROVED, Stage.APPLYING}):
            if not self.leases.hold(LEASE):
                return
            with traced(request):
                self._work_on(request)

    def _work_on(self, request: Request) -> None:
        if not self.backoff.is_due(request.id, self.clock()):
            return
        if request.stage is Stage.APPLYING:
            self._resolve(request, "the bot stopped before it happened")
            return
        was_applied = self._was_applied(request)
        if was_applied or (was_applied is None and self._is_late(request)):
            self._resolve_late(request)
            return
        step = self._step_before(request) if was_applied is False else Delay(self._unreachable(request.plan.site))
        if step:
            self.requests.change(request.id, step)
        elif self._claim(request):
            self._apply(request)

    def _step_before(self, request: Request) -> Finish | MarkStale | Delay | None:
        """Return what must happen instead of the claim; a site that cannot be read just now is read again."""
        try:
            return self.preconditions.against(request)
        except SiteError as error:
            log.warning("cannot read before an apply", detail=error.detail)
            trouble = _unread(error)
            return Finish(trouble, claimed=False) if error.kind in _LASTING else Delay(trouble)

    def _resolve_late(self, request: Request) -> None:
        """Find out what became of a request that may have been applied although the record says nothing of it."""
        if self._claim(request):
            self._resolve(request, "it was approved too long ago")

    def _was_applied(self, request: Request) -> bool | None:
        """Whether the site knows of an apply that the record does not: an older copy of the store was put back.

        None while that cannot be told.
        """
        writer = self._writer(request)
        try:
            return writer.was_applied(request.id) if writer else None
        except SiteError as error:
            log.warning("cannot ask whether it was applied", detail=error.detail)
            return None

    def _unreachable(self, site: SiteCode) -> str:
        return f"site {site} does not answer" if site in self.writers else f"site {site} is no longer in the settings"

    def _is_late(self, request: Request) -> bool:
        return request.decided_at is None or self.clock() - request.decided_at > APPLY_WITHIN

    def _writer(self, request: Request) -> SiteWriter | None:
        """Return the writer with the backup table under which the request was asked for."""
        writer = self.writers.get(request.plan.site)
        table = request.backup_table if self.requests.is_ours(request) else ""
        return writer.using(table) if writer else None

    def _apply(self, request: Request) -> None:
        """Look again behind the claim: a freeze recorded before it always wins, and to prove people takes a while."""
        blocked_by = self.eligibility.blocked_by()
        if blocked_by:
            self._resolve(request, str(blocked_by.reason))
            return
        try:
            found = self.preconditions.violations(request)
        except SiteError as error:
            self._resolve(request, _unread(error))
            return
        if found:
            self.requests.change(request.id, MarkStale(found, claimed=True))
        else:
            self._change_rows(request)

    def _claim(self, request: Request) -> bool:
        reach("apply: before claim")
        return self.leases.hold(LEASE) and not isinstance(self.requests.change(request.id, Claim()), Refusal)

    def _change_rows(self, request: Request) -> None:
        reach("apply: claimed")
        try:
            writer = self.writers[request.plan.site].using(request.backup_table)
            writer.apply(request.id, request.plan, self.preconditions.undoing(request))
        except RowMoved as moved:
            self.requests.change(request.id, MarkStale((str(moved),), claimed=True))
        except ChangeAltered as altered:
            log.warning("the site database altered a change", detail=str(altered))
            self._resolve(request, str(altered))
        except SiteError as error:
            log.warning("apply failed", trouble=error.kind.value, detail=error.detail)
            self._resolve(request, f"the site database said: {error.kind}")
        else:
            log.info("applied", site=request.plan.site, rows=len(request.plan.rows))
            self.requests.change(request.id, Finish())
            reach("apply: recorded")

    def _resolve(self, request: Request, trouble: str) -> None:
        """Find out what became of a claimed request; while that cannot be told, say so and ask again later."""
        writer = self._writer(request)
        if writer is None:
            self.requests.change(request.id, MarkInDoubt(self._unreachable(request.plan.site)))
            return
        try:
            step = self._ending(writer, request, trouble)
        except SiteError as error:
            log.error("an apply is in doubt until the site answers", detail=error.detail)
            step = MarkInDoubt(f"the site database does not say ({error.kind})")
        self.requests.change(request.id, step)

    def _ending(self, writer: SiteWriter, request: Request, trouble: str) -> Finish | MarkInDoubt:
        """Forbid it; a backup table that lost its rows knows of no apply either, so the rows are asked as well."""
        if not writer.forbid(request.id):
            return Finish()
        if looks_applied(request.plan, writer.readings(request.plan), suspected=request.note == UNBACKED):
            return MarkInDoubt(UNBACKED, is_lasting=True)
        return Finish(trouble)


def _unread(error: SiteError) -> str:
    return f"the site database could not be read: {error.kind}"
