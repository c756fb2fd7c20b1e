"""An answer as a short text, and back: what was read and when, because the verdicts follow from that.

Pure. The text is JSON, packed with zlib and written in base64; only what this program wrote is ever read back.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.domain.command import Show, parse
from bot.domain.distribution_message import DistributionMessage
from bot.domain.drift_classes import judge
from bot.domain.lookup_result import Answer, SiteUnavailable
from bot.domain.package import Job, Package, PackageTable, Row
from bot.domain.site_error_kind import SiteErrorKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.domain.drift_classes import Verdict

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
QUICKLY = 1
"""zlib's level: five thousand rows come to a twentieth in a millisecond."""
_BEFORE_MOVED = 10
"""How many values of a row an earlier version kept: all but where its server is listed now."""


def pack(answer: Answer) -> str:
    """Return an answer as a text."""
    drift = answer.drift
    rows = [verdict.row for verdict in (*drift.sites, *drift.dps) if not verdict.missing]
    known = {
        "package": _written(astuple(drift.package)),
        "rows": [_row(row) for row in rows],
        "targets_without_row": [_row(verdict.row) for verdict in drift.dps if verdict.missing],
        "unread": drift.unread,
        "query": answer.query,
        "site": answer.site,
        "read_at": _since_epoch(answer.read_at),
        "asker": answer.asker,
        "grace": drift.basis.grace.total_seconds(),
        "job_age": drift.basis.job_age.total_seconds(),
        "resets": sorted(drift.basis.resets, key=str),
        "served": sorted(drift.served),
        "targets_known": drift.targets_known,
        "away": [(each.site, str(each.trouble)) for each in answer.away],
        "others": answer.others,
        "since": [_since(answer, verdict) for verdict in (*drift.sites, *drift.dps)],
    }
    packed = zlib.compress(json.dumps(known, separators=(",", ":")).encode(), QUICKLY)
    return base64.b64encode(packed).decode()


def unpack(text: str) -> Answer | None:
    """Return the answer that a text stands for; None when its question is not understood any more.

    One that an earlier version of this program wrote is not understood either: it lacks what verdicts rest on now.
    """
    known = json.loads(zlib.decompress(base64.b64decode(text)))
    question = parse(known["query"])
    if not isinstance(question, Show):
        return None
    if "job_age" not in known:
        return None
    table = PackageTable(
        _package(known["package"]),
        tuple(_read(row) for row in known["rows"]),
        tuple(known["unread"]),
        served=frozenset(known["served"]),
        targets_known=known["targets_known"],
        targets_without_row=tuple(_read(row) for row in known.get("targets_without_row", ())),
    )
    read_at = _moment(known["read_at"])
    grace, job_age = (timedelta(seconds=known[name]) for name in ("grace", "job_age"))
    resets = frozenset((kind, site, server) for kind, site, server in known["resets"])
    drift = judge(table, read_at, grace, job_age=job_age, resets=resets)
    away = tuple(SiteUnavailable(site, SiteErrorKind(trouble)) for site, trouble in known.get("away", ()))
    others = tuple(known.get("others", ()))
    moments = zip((*drift.sites, *drift.dps), known.get("since", ()), strict=False)
    since = {verdict.row.key: _moment(moment) for verdict, moment in moments if moment is not None}
    return Answer(drift, question.filter, known["query"], known["site"], read_at, known["asker"], away, others, since)


def _since(answer: Answer, verdict: Verdict) -> int | None:
    """Judging the same rows again puts them into the same order."""
    moment = answer.since.get(verdict.row.key)
    return None if moment is None else _since_epoch(moment)


def _row(row: Row) -> tuple[object, ...]:
    updated_at = _since_epoch(row.updated_at) if row.updated_at else None
    known = (row.type_number, row.site_code, row.server_path, row.held_version, row.status_number)
    jobs = None if row.jobs is None else [_written(astuple(job)) for job in row.jobs]
    message = row.message and _written(astuple(row.message))
    return (*known, updated_at, row.dp_known, row.dp_leaving, jobs, row.dp_site, row.moved_to, message)


def _read(values: Sequence[Any]) -> Row:
    *known, updated_at, dp_known, dp_leaving, jobs, dp_site = values[:_BEFORE_MOVED]
    moment = None if updated_at is None else _moment(updated_at)
    of_dp = None if jobs is None else tuple(Job(*_fields(job)) for job in jobs)
    moved_to, message = (*values[_BEFORE_MOVED:], None, None)[:2]
    fields: list[Any] = [*known, moment, dp_known, dp_leaving, of_dp, dp_site, moved_to, _read_message(message)]
    return Row(*fields)


def _read_message(values: Sequence[Any] | None) -> DistributionMessage | None:
    """An answer that an earlier version kept has no messages."""
    if values is None:
        return None
    number, state, at, parts = _fields(values)
    return DistributionMessage(number, state, at, tuple(parts))


def _package(values: Sequence[Any]) -> Package:
    return Package(*_fields(values))


def _fields(values: Sequence[Any]) -> list[Any]:
    return [_moment(value["at"]) if isinstance(value, dict) else value for value in values]


def _written(values: Sequence[Any]) -> list[Any]:
    return [{"at": _since_epoch(value)} if isinstance(value, datetime) else value for value in values]


def _since_epoch(moment: datetime) -> int:
    """In whole microseconds: exact, and quicker to write than a date."""
    return (moment - EPOCH) // MICROSECOND


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
