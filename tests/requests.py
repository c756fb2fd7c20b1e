"""Test data: plans, and requests at every stage, reached by the decisions that lead there and by nothing else.

Ada asks, Grace and Linus approve, unless a test says otherwise; every moment counts forward from NOW.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.domain.approval import (
    Abandon,
    Approve,
    Claim,
    Command,
    Finish,
    MarkStale,
    Reject,
    Tick,
    Undone,
    Watched,
    Withdraw,
    decide,
)
from bot.domain.package import PackageId, RowType, SiteCode
from bot.domain.plan import Action, Plan, PlanRow
from bot.domain.refusal import Refusal
from bot.domain.request import Request, Stage, advance, opening
from tests.builders import NOW, SOURCE_VERSION, nal_path
from tests.fakes import ADA, GRACE, LINUS, TEAM

if TYPE_CHECKING:
    from datetime import datetime

EXPIRE_AFTER = timedelta(hours=4)
SOON = NOW + timedelta(minutes=1)
HALF_TIME = NOW + EXPIRE_AFTER / 2
TOO_LATE = NOW + EXPIRE_AFTER


def plan_row(host: str = "NYC-DP03", **changes: Any) -> PlanRow:
    """Return a DP row that is six versions behind."""
    path = nal_path(f"{host}.contoso.com")
    plain = PlanRow(int(RowType.DP), SiteCode("PS1"), path, 7, 3, drift_class="DP behind")
    return replace(plain, **changes)


def site_plan_row(**changes: Any) -> PlanRow:
    """Return the site row of P02, six versions behind."""
    plain = PlanRow(int(RowType.SITE), SiteCode("P02"), "CM02.contoso.com", 7, 2, drift_class="site behind")
    return replace(plain, **changes)


def plan(*rows: PlanRow, **changes: Any) -> Plan:
    """Return a reset of these rows, or of a site row and a DP row."""
    known = rows or (site_plan_row(), plan_row())
    name = "Boot image (x64)"
    plain = Plan(Action.RESET, SiteCode("PS1"), PackageId("PS100112"), name, SOURCE_VERSION, known)
    return replace(plain, **changes)


def asked(**changes: Any) -> Request:
    """Return Ada's request, a moment after it was recorded."""
    plain = Request(
        id="0123456789abcdef",
        plan=plan(),
        requester=ADA.id,
        requester_team=TEAM,
        reason="stuck at 7 for weeks",
        ticket="INC-42",
        created_at=NOW,
        expires_at=NOW + EXPIRE_AFTER,
        requester_counts=False,
    )
    request = replace(plain, **changes)
    return advance(request, [opening(request)], NOW)


def approve(user_id: str, request: Request) -> Approve:
    """Return somebody's approval of what a request shows."""
    return Approve(user_id, TEAM, request.plan.fingerprint)


def after(request: Request, *commands: Command, at: datetime = SOON) -> Request:
    """Return the request after these commands, each of which must be accepted."""
    for command in commands:
        events = decide(request, command, at)
        assert not isinstance(events, Refusal), (command, events)
        request = advance(request, events, at)
    return request


def reached(stage: Stage, **changes: Any) -> Request:
    """Return a request at a stage."""
    request = asked(**changes)
    votes: list[Command] = [approve(GRACE.id, request), approve(LINUS.id, request)]
    applied = [*votes, Claim(), Finish()]
    every = frozenset(range(1, len(request.plan.rows) + 1))
    paths: dict[Stage, list[Command]] = {
        Stage.PENDING: [],
        Stage.REJECTED: [Reject(GRACE.id, TEAM, "not during the rollout")],
        Stage.WITHDRAWN: [Withdraw(ADA.id, TEAM)],
        Stage.APPROVED: votes,
        Stage.STALE: [*votes, MarkStale(("NYC-DP03.contoso.com: version 13, status 3 instead of 7, 3",))],
        Stage.APPLYING: [*votes, Claim()],
        Stage.FAILED: [*votes, Claim(), Finish("the site database said: deadlock")],
        Stage.APPLIED: applied,
        Stage.CONVERGED: [*applied, Watched(every)],
        Stage.UNDONE: [*applied, Undone("fedcba9876543210")],
        Stage.ABANDONED: [*applied, Abandon("Not all seen back within 14 days; I look no more.")],
        Stage.STALLED: [*applied, Watched(stalled="Nothing moved: open distmgr.log at the source site.")],
    }
    if stage is Stage.EXPIRED:
        return after(request, Tick(), at=TOO_LATE)
    found = after(request, *paths[stage])
    assert found.stage is stage
    return found
