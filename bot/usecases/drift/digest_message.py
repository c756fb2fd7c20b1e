"""A digest on its way: the values that were fixed when it was due, written into its notice and read back to be drawn.

What is posted is what was known then, however late Slack takes it; how late is said when it is sent. Requests are named
by id and folded up to the ledger's head of that moment.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.domain.digest import AuditStatus, Day, Digest, DriftedRow, DriftSummary, RowList, SiteSeen, TopEntry
from bot.domain.drift_classes import DriftClass
from bot.domain.ledger_entry import Head, moment_read, moment_text, storable
from bot.domain.package import PackageId, Row, SiteCode
from bot.domain.request import Freeze
from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.resets.request_repository import replay_requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.usecases.ports.store import Ledger

_LISTS = ("newly", "healed", "still", "gone")


def write(digest: Digest) -> dict[str, Any]:
    """Write a digest as JSON."""
    trail, freeze = digest.trail, digest.freeze
    return {
        "name": digest.name,
        "due_at": moment_text(digest.due_at),
        "zone": str(digest.due_at.tzinfo),
        "picture": _summary_json(digest.summary),
        "waiting": [request.id for request in digest.waiting],
        "resets": [request.id for request in digest.resets],
        "lost": list(digest.lost),
        "freeze": [freeze.user_id, moment_text(freeze.at), freeze.why] if freeze else None,
        "trail": [trail.head.sequence, trail.head.hash, trail.unsent, _text(trail.oldest_unsent_at)],
    }


def read(outbound: Mapping[str, Any], ledger: Ledger) -> Digest:
    """Read what `write` wrote. Raises StoreError."""
    sequence, hash_, unsent, oldest = outbound["trail"]
    freeze = outbound["freeze"]
    waiting, resets = (replay_requests(ledger, outbound[name], sequence) for name in ("waiting", "resets"))
    return Digest(
        name=outbound["name"],
        due_at=moment_read(outbound["due_at"]).astimezone(ZoneInfo(outbound["zone"])),
        summary=_summary_from(outbound["picture"]),
        waiting=waiting.found,
        resets=resets.found,
        freeze=Freeze(freeze[0], moment_read(freeze[1]), freeze[2]) if freeze else None,
        trail=AuditStatus(Head(sequence, hash_), unsent, _moment(oldest)),
        lost=(*outbound.get("lost", ()), *waiting.lost, *resets.lost),
    )


def _summary_json(summary: DriftSummary) -> dict[str, Any]:
    return {
        "at": moment_text(summary.at),
        "since": _text(summary.since),
        "sites": [_site_json(each) for each in summary.sites],
        "counts": dict(summary.counts),
        "packages": [[top.name, top.count, top.package_id, top.site] for top in summary.top_packages],
        "servers": [[top.name, top.count] for top in summary.top_servers],
        "days": [[day.day.isoformat(), None if day.counts is None else dict(day.counts)] for day in summary.days],
        **{name: _row_list_json(getattr(summary, name)) for name in _LISTS},
    }


def _summary_from(known: Mapping[str, Any]) -> DriftSummary:
    return DriftSummary(
        at=moment_read(known["at"]),
        since=_moment(known["since"]),
        sites=tuple(
            SiteSeen(
                SiteCode(site),
                _moment(scanned_at),
                SiteErrorKind(trouble) if trouble else None,
                _moment(tried_at),
                _moment(first_at),
            )
            for site, scanned_at, trouble, tried_at, first_at in (_pad(each, 5, "") for each in known["sites"])
        ),
        counts=_counts(known["counts"]),
        top_packages=tuple(TopEntry(*_pad(each, 4, None)) for each in known["packages"]),
        top_servers=tuple(TopEntry(name, count) for name, count in known["servers"]),
        days=tuple(
            Day(date.fromisoformat(day), None if counts is None else _counts(counts)) for day, counts in known["days"]
        ),
        **{name: _row_list_from(known[name]) for name in _LISTS},
    )


def _site_json(seen: SiteSeen) -> list[Any]:
    return [seen.site, _text(seen.scanned_at), seen.trouble, _text(seen.tried_at), _text(seen.first_at)]


def _pad(fields: list[Any], length: int, missing: object) -> list[Any]:
    """Add what a message of an older version does not have; it may still be waiting for Slack."""
    return [*fields, *[missing] * (length - len(fields))]


def _row_list_json(listed: RowList) -> list[Any]:
    return [listed.count, [_row_json(row) for row in listed.rows]]


def _row_list_from(known: list[Any]) -> RowList:
    count, rows = known
    return RowList(count, tuple(_row_from(*row) for row in rows))


def _row_json(drifted: DriftedRow) -> list[Any]:
    row = drifted.row
    return [
        [drifted.site, drifted.package_id, storable(drifted.package_name)],
        [row.type_number, row.site_code, storable(row.server_path), row.held_version, row.status_number],
        [drifted.drift_class, drifted.expected_version],
        [moment_text(drifted.first_seen_at), _text(drifted.healed_at)],
    ]


def _row_from(package: list[Any], row: list[Any], drift: list[Any], moments: list[str]) -> DriftedRow:
    site, package_id, name = package
    kind, code, path, held, status = row
    return DriftedRow(
        SiteCode(site),
        PackageId(package_id),
        name,
        Row(kind, SiteCode(code), path, held, status, None),
        DriftClass(drift[0]),
        drift[1],
        moment_read(moments[0]),
        _moment(moments[1]),
    )


def _counts(known: Mapping[str, int]) -> dict[DriftClass, int]:
    return {DriftClass(name): count for name, count in known.items()}


def _text(at: datetime | None) -> str:
    return moment_text(at) if at else ""


def _moment(text: str) -> datetime | None:
    return moment_read(text) if text else None
