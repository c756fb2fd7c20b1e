"""One message of each shape the bot posts, of an invented package: for asking whether Slack takes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.domain.answers import Answer, Kept, SnapshotKey
from bot.domain.drift import judge
from bot.domain.ledger import GENESIS, Draft, moment_text, seal
from bot.domain.package import Package, PackageId, PackageTable, Row, RowType, SiteCode, Status
from bot.domain.plan import RowsAllowed
from bot.domain.planning import reset_plan, resettable
from bot.domain.query import Filter
from bot.domain.request import Request
from bot.views import audit, request_card, status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.drift import Drift
    from bot.views.kit import Message
    from bot.views.tables import Form

_AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
_LONG_AGO = _AT - timedelta(days=30)
_SITE = SiteCode("PS1")
_ID = PackageId("PS100112")
_PATH = r'["Display=\\NYC-DP01.contoso.com\"]MSWNET:["SMS_SITE=PS1"]\\NYC-DP01.contoso.com' + "\\"


def specimens(form: Form) -> Iterator[tuple[str, Message]]:
    """Return each by what it is, with its table in a form."""
    drift = _drift()
    kept = Kept(SnapshotKey("specimen"), Answer(drift, Filter(), str(_ID), _SITE, _AT, "U0ADA"))
    yield f"version table ({form})", status.draw(kept, form)
    yield f"request card ({form})", request_card.draw(_request(drift), "<@U0GRACE>, <@U0LINUS>", "", form)
    draft = Draft("specimen", 1, "looked up", "U0ADA", "T0CONTOSO", {"object": str(_ID), "outcome": "answered"})
    yield "audit line", audit.draw([seal(draft, 1, moment_text(_AT), 1, GENESIS.hash)])


def _drift() -> Drift:
    package = Package(_ID, "Boot image (x64)", _SITE, 13, "13.0", "Contoso", 258, _LONG_AGO, 2, 0)
    site = Row(RowType.SITE, _SITE, "CM01.contoso.com", 13, Status.RECEIVED, _LONG_AGO)
    point = Row(RowType.DP, _SITE, _PATH, 7, Status.INSTALLED, _LONG_AGO, dp_known=True)
    return judge(PackageTable(package, (site, point), ()), _AT, timedelta(hours=4))


def _request(drift: Drift) -> Request:
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
    )
