"""One of each shape that the bot posts, opens or publishes, of an invented package, for Slack to look at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.domain.command import Filter
from bot.domain.digest import (
    DAYS_SHOWN,
    AuditStatus,
    Day,
    Digest,
    DriftedRow,
    DriftSummary,
    RowList,
    SiteSeen,
    TopEntry,
)
from bot.domain.drift_classes import judge
from bot.domain.drift_summary import DriftScope
from bot.domain.home_content import Home, HomeSnapshot, NextDigest
from bot.domain.ledger_entry import GENESIS, Draft, moment_text, seal
from bot.domain.lookup_result import Answer, SnapshotKey, StoredAnswer
from bot.domain.package import Package, PackageId, PackageTable, Row, RowType, SiteCode, Status
from bot.domain.plan import RowsAllowed, reset_plan, resettable
from bot.domain.request import Freeze, Request, Stage, Vote
from bot.views import app_home, audit_lines, drift_digest, request_card, request_form, version_table
from bot.views import drift_summary as drifts
from bot.views.charts import ChartForm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.domain.drift_classes import Drift
    from bot.views.block_kit import Block, Message
    from bot.views.tables import Form

_AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
_LONG_AGO = _AT - timedelta(days=30)
_SITE = SiteCode("PS1")
_ID = PackageId("PS100112")
_VOTERS = "<@U0GRACE>, <@U0LINUS>"
_FREEZE = Freeze("U0MARGARET", _AT, "site update tonight")
_FROZEN = "Resets are frozen."
_NEXT = NextDigest("morning", _AT + timedelta(days=1), "C0OPS")
_PATH = r'["Display=\\NYC-DP01.contoso.com\"]MSWNET:["SMS_SITE=PS1"]\\NYC-DP01.contoso.com' + "\\"


def samples(forms: Sequence[Form], charts: Sequence[ChartForm]) -> Iterator[tuple[str, Message | Block]]:
    """Return messages and views (App Home, forms) by what they are, in every form that tables and charts take."""
    drift = _drift()
    kept = StoredAnswer(SnapshotKey("specimen"), Answer(drift, Filter(), str(_ID), _SITE, _AT, "U0ADA"))
    best = forms[0]
    for form in forms:
        yield f"version table ({form})", version_table.draw(kept, form)
        yield f"request card ({form})", request_card.draw(_request(drift), _VOTERS, "", form)
    yield "request card (plain text)", request_card.draw_plain(_request(drift), "")
    for stage in Stage:
        yield f"request card, {stage}", request_card.draw(_request(drift, stage), _VOTERS, _FROZEN, best)
    draft = Draft("specimen", 1, "looked up", "U0ADA", "T0CONTOSO", {"object": str(_ID), "outcome": "answered"})
    yield "audit line", audit_lines.draw([seal(draft, 1, moment_text(_AT), 1, GENESIS.hash)])
    digest = _digest(drift)
    for chart in charts:
        as_chart = chart is ChartForm.CHART
        yield f"digest ({chart})", drift_digest.draw(digest, as_chart=as_chart)
        yield f"drift ({chart})", drifts.draw(digest.summary, DriftScope(), as_chart=as_chart)
    home_snapshot = HomeSnapshot(
        digest.summary, digest.waiting, digest.resets, {}, (_NEXT,), _FREEZE, digest.trail, "C0AUDIT"
    )
    yield "App Home", app_home.draw(Home(home_snapshot, digest.waiting, digest.resets), str)
    yield "form to request a reset", _form(drift, 1)
    yield "form to request a reset of many rows", _form(drift, request_form.SELECT_OPTIONS + 1)
    yield "form while it loads", request_form.loading_modal("Request reset")
    yield "form to reject a request", request_form.reject_modal("{}")
    yield "plan of a request", request_card.plan_modal(_request(drift))


def _form(drift: Drift, times: int) -> Block:
    rows = resettable(drift, RowsAllowed.ANY) * times
    return request_form.draw(_request(drift).plan, rows[: request_form.SELECT_OPTIONS + 1], "{}", 50)


def _drift() -> Drift:
    package = Package(_ID, "Boot image (x64)", _SITE, 13, "13.0", "Contoso", 258, _LONG_AGO, 2, 0)
    site = Row(RowType.SITE, _SITE, "CM01.contoso.com", 13, Status.RECEIVED, _LONG_AGO)
    point = Row(RowType.DP, _SITE, _PATH, 7, Status.INSTALLED, _LONG_AGO, dp_known=True)
    return judge(PackageTable(package, (site, point), ()), _AT, timedelta(hours=4))


def _request(drift: Drift, stage: Stage = Stage.PENDING) -> Request:
    is_applied = stage in {Stage.APPLIED, Stage.CONVERGED, Stage.STALLED, Stage.ABANDONED, Stage.UNDONE}
    is_decided = stage is not Stage.PENDING
    return Request(
        id="0123456789abcdef",
        plan=reset_plan(drift, _SITE, resettable(drift, RowsAllowed.ANY)),
        requester="U0ADA",
        requester_team="T0CONTOSO",
        reason="stuck at 7",
        ticket="",
        created_at=_AT,
        expires_at=_AT + timedelta(hours=4),
        requester_counts=False,
        stage=stage,
        votes=tuple(Vote(user, "T0CONTOSO", _AT) for user in ("U0GRACE", "U0LINUS") if is_decided),
        decided_by="U0GRACE" if is_decided else "",
        decided_at=_AT if is_decided else None,
        note="told in words" if is_decided else "",
        applied_at=_AT if is_applied else None,
    )


def _digest(drift: Drift) -> Digest:
    package = drift.package
    rows = tuple(
        DriftedRow(_SITE, _ID, package.name, verdict.row, verdict.drift_class, 13, _LONG_AGO) for verdict in drift.dps
    )
    counts = {verdict.drift_class: 1 for verdict in drift.dps}
    summary = DriftSummary(
        at=_AT,
        since=_AT - timedelta(days=1),
        sites=(SiteSeen(_SITE, _AT),),
        counts=counts,
        newly=RowList(len(rows), rows),
        healed=RowList(0),
        still=RowList(len(rows), rows),
        top_packages=(TopEntry(package.name, 1, _ID),),
        top_servers=(TopEntry("NYC-DP01.contoso.com", 1),),
        days=tuple(Day((_AT - timedelta(days=back)).date(), counts) for back in range(DAYS_SHOWN - 1, -1, -1)),
    )
    waiting, resets = (_request(drift),), (_request(drift, Stage.CONVERGED),)
    return Digest("morning", _AT, summary, waiting, resets, _FREEZE, AuditStatus(GENESIS, 0, None, _AT))
