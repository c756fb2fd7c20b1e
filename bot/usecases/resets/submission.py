"""Asking for a reset or an undo: from the rows of an answer to a form, from a form to a request with its card.

Refusals: who may not ask, what stops all resets, rows that may not be reset or are in another open request, a backup
table that is missing or closed. Nobody is asked to vote on what could not be done.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import structlog

from bot.domain.command import Filter
from bot.domain.drift_classes import JOB_AGE, Drift, Verdict, judge
from bot.domain.form_snapshot import FormSnapshot, changes
from bot.domain.plan import Action, Plan, RowsAllowed, refusals, reset_plan, resettable, undo_fault, undo_plan
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import QUORUM, Request, Stage
from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.ports.site import SiteError
from bot.usecases.ports.store import RowsHeld
from bot.usecases.resets.undo import rows_left_alone, stage_violation

log = structlog.stdlib.get_logger(__name__)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import timedelta

    from bot.domain.package import PackageId, PackageTable, SiteCode
    from bot.usecases.access import Actor
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.site import SiteReader, SiteWriter
    from bot.usecases.ports.slack import Person
    from bot.usecases.resets.eligibility import Eligibility
    from bot.usecases.resets.request_repository import RequestRepository

ID_LENGTH = 16
CHANNEL_FAULTS = frozenset({Reason.CHANNEL_WITHOUT_BOT, Reason.CHANNEL_ARCHIVED, Reason.CHANNEL_SHARED})
LEFT_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """The numbers of the two-person rule, from the settings."""

    rows: RowsAllowed
    max_rows: int
    expire_after: timedelta
    requester_counts: bool
    grace: timedelta
    job_age: timedelta = JOB_AGE
    backup_table: str = ""
    quorum: int = QUORUM
    """How many different approvers a request needs."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be asked for now: these rows, and the plan if all of them were chosen."""

    rows: tuple[Verdict, ...]
    plan: Plan


@dataclass(frozen=True, slots=True)
class Selection:
    """What somebody asks for: handles of rows, or a filter over all that may be reset."""

    site: SiteCode
    package_id: PackageId
    rows: Collection[str] | Filter
    reason: str
    ticket: str = ""
    shown: FormSnapshot = field(default_factory=FormSnapshot)
    """What the form said that was sent off."""
    asked: Filter = field(default_factory=Filter)
    """Which rows the form was about."""


@dataclass(frozen=True, slots=True)
class FormOutdated:
    """The rows are no longer as the form showed them: nobody asks for what they did not read."""

    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TooManyRows:
    """More rows than one request may have."""

    count: int
    most: int


@dataclass(frozen=True, slots=True)
class RowsInOtherRequest:
    """Another open request holds one of the rows; without a card `reason` is why Slack does not take it."""

    request_id: str
    link: str
    reason: str = ""
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class NothingToUndo:
    """Nothing can be undone; `rows` say which row is left alone and why."""

    rows: tuple[str, ...]
    package_id: PackageId


Asked = Request | TooManyRows | RowsInOtherRequest | FormOutdated | Refusal
"""What asking comes to."""


@dataclass(frozen=True, slots=True)
class RequestSubmission:
    """Offers rows, takes requests."""

    readers: Mapping[SiteCode, SiteReader]
    writers: Mapping[SiteCode, SiteWriter]
    requests: RequestRepository
    eligibility: Eligibility
    policy: ApprovalPolicy
    clock: Clock

    def offer(self, actor: Actor, site: SiteCode, package_id: PackageId, wanted: Filter) -> Offer | Refusal:
        """Say what may be reset now. Raises SiteError, StoreError, PeopleError."""
        asker = self._asker(actor, site)
        if isinstance(asker, Refusal):
            return self._with_cardless(asker, package_id)
        drift = self._read(site, package_id)
        rows = wanted.keep(resettable(drift, self.policy.rows)) if drift else ()
        if drift is None or not rows:
            return self._why_nothing(drift, wanted)
        return Offer(rows, reset_plan(drift, site, rows))

    def ask(self, actor: Actor, selection: Selection, origin: Mapping[str, str]) -> Asked:
        """Read the rows again, freeze the plan, and open the request. Raises SiteError, StoreError, PeopleError.

        A form that is worked on again after a crash finds the request that it opened.
        """
        opened = self.requests.load(_id_of(origin))
        if opened:
            return opened
        asker = self._asker(actor, selection.site)
        if isinstance(asker, Refusal):
            return self._with_cardless(asker, selection.package_id)
        drift = self._read(selection.site, selection.package_id)
        if drift:
            allowed = resettable(drift, self.policy.rows)
            if found := changes(selection.shown, drift, allowed, selection.asked.keep(allowed)):
                return FormOutdated(found)
        rows = self._chosen(drift, selection.rows) if drift else ()
        if drift is None or not rows:
            return Refusal(Reason.SOURCE_BEHIND) if drift and drift.source_behind else Refusal(Reason.ROWS_CHANGED)
        if len(rows) > self.policy.max_rows:
            return TooManyRows(len(rows), self.policy.max_rows)
        return self._open(
            actor, asker, reset_plan(drift, selection.site, rows), selection.reason, selection.ticket, origin
        )

    def undo(
        self, actor: Actor, request_id: str, origin: Mapping[str, str]
    ) -> Request | NothingToUndo | RowsInOtherRequest | Refusal:
        """Ask for the way back of an applied reset; a repeated click finds the request that it opened.

        Raises SiteError, StoreError, PeopleError.
        """
        opened = self.requests.load(_id_of(origin))
        if opened:
            return opened
        done = self.requests.load(request_id)
        if done is None or done.plan.action is not Action.RESET:
            return Refusal(Reason.WRONG_STAGE)
        if said := stage_violation(done):
            nothing = NothingToUndo((said,), done.plan.package_id)
            return nothing if done.stage is Stage.CONVERGED else Refusal(Reason.WRONG_STAGE)
        asker = self._asker(actor, done.plan.site)
        if isinstance(asker, Refusal):
            return asker
        table = self.readers[done.plan.site].package(done.plan.package_id)
        alone = rows_left_alone(self.requests, self.writers[done.plan.site], done)
        plan, left = undo_plan(done.plan, table.rows if table else (), alone)
        if plan is None:
            return NothingToUndo(left, done.plan.package_id)
        if table and (fault := undo_fault(self._judged(done.plan.site, table), done.plan.source_version)):
            return Refusal(fault)
        said = f"Undo of request {done.id}{_beside(left)}"
        return self._open(actor, asker, plan, said, "", origin, undoes=done.id)

    def _asker(self, actor: Actor, site: SiteCode) -> Person | Refusal:
        """Return who asks, or why nothing may be asked for at this site now."""
        asker = self.eligibility.requester(actor)
        if isinstance(asker, Refusal):
            return asker
        if blocked_by := self.eligibility.blocked_by():
            return blocked_by
        if site not in self.writers:
            return Refusal(Reason.NO_WRITER)
        ids = asker.ids | {actor.user_id}
        if not self.eligibility.enough_approvers(
            self.policy.quorum, ids, requester_counts=self.policy.requester_counts
        ):
            return Refusal(Reason.TOO_FEW_APPROVERS)
        return self._rehearsed(site) or asker

    def _with_cardless(self, refusal: Refusal, package_id: PackageId) -> Refusal:
        """Where the channel of the cards is at fault, name the open requests of the package that have no card."""
        if refusal.reason not in CHANNEL_FAULTS:
            return refusal
        index = self.requests.index
        found = (self.requests.load(each) for each in index.of_package(package_id))
        cardless = [each.id for each in found if each and each.is_open and index.card(each.id) is None]
        return replace(refusal, detail=", ".join(cardless))

    def _rehearsed(self, site: SiteCode) -> Refusal | None:
        """Nobody is asked to vote on what the database would not take."""
        try:
            self.writers[site].dry_run()
        except SiteError as error:
            log.warning("a reset would fail", site=site, trouble=error.kind.value, detail=error.detail)
            if error.kind is SiteErrorKind.SCHEMA:
                return Refusal(Reason.NO_BACKUP_TABLE)
            if error.kind is SiteErrorKind.PERMISSION:
                return Refusal(Reason.NO_WRITE_RIGHT)
            if error.kind is SiteErrorKind.WRONG_DATABASE:
                return Refusal(Reason.WRONG_DATABASE, error.detail)
            raise
        return None

    def _read(self, site: SiteCode, package_id: PackageId) -> Drift | None:
        table = self.readers[site].package(package_id)
        if table is None or table.package.source_site != site:
            return None
        return self._judged(site, table)

    def _judged(self, site: SiteCode, table: PackageTable) -> Drift:
        resets = self.requests.waiting_rows(site, table.package.id).get(table.package.id, frozenset())
        return judge(table, self.clock(), self.policy.grace, job_age=self.policy.job_age, resets=resets)

    def _why_nothing(self, drift: Drift | None, wanted: Filter) -> Refusal:
        """Say why nothing is offered, as far as the rows that were asked for tell."""
        if drift is None:
            return Refusal(Reason.NOTHING_TO_RESET)
        if drift.source_behind:
            return Refusal(Reason.SOURCE_BEHIND)
        reasons = refusals(wanted.keep((*drift.sites, *drift.dps)), self.policy.rows)
        return Refusal(Reason.NOTHING_TO_RESET, f"Why not: {'; '.join(reasons)}." if reasons else "")

    def _chosen(self, drift: Drift, wanted: Collection[str] | Filter) -> tuple[Verdict, ...]:
        """Find the wanted rows among those that may be reset now; none at all if one of them no longer may."""
        allowed = resettable(drift, self.policy.rows)
        if isinstance(wanted, Filter):
            return wanted.keep(allowed)
        rows = {verdict.row.handle: verdict for verdict in allowed}
        return tuple(rows[handle] for handle in rows if handle in wanted) if set(wanted) <= set(rows) else ()

    def _open(
        self,
        actor: Actor,
        asker: Person,
        plan: Plan,
        reason: str,
        ticket: str,
        origin: Mapping[str, str],
        undoes: str = "",
    ) -> Request | RowsInOtherRequest:
        now = self.clock()
        request = Request(
            id=_id_of(origin),
            plan=plan,
            requester=actor.user_id,
            requester_team=actor.team_id,
            reason=reason,
            ticket=ticket,
            created_at=now,
            expires_at=now + self.policy.expire_after,
            requester_counts=self.policy.requester_counts,
            undoes=undoes,
            requester_also=asker.ids - {actor.user_id},
            backup_table=self.policy.backup_table,
            max_rows=self.policy.max_rows,
            quorum=self.policy.quorum,
        )
        try:
            return self.requests.open(request, origin)
        except RowsHeld as held:
            card = self.requests.index.card(held.request_id)
            link = card.link if card else ""
            reason = "" if card else self.requests.card_fault(held.request_id)
            return RowsInOtherRequest(held.request_id, link, reason, self.requests.load(held.request_id))


def _beside(left: Sequence[str]) -> str:
    """Say which rows an undo does not take back."""
    more = [f"and {len(left) - LEFT_SHOWN} more"] if len(left) > LEFT_SHOWN else []
    return f"; left alone: {'; '.join([*left[:LEFT_SHOWN], *more])}" if left else ""


def _id_of(origin: Mapping[str, str]) -> str:
    """The same click always opens the same request, however often it is replayed."""
    return hashlib.sha256(origin["click"].encode()).hexdigest()[:ID_LENGTH]
