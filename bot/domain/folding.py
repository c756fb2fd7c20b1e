"""Rebuild a request from its ledger entries, or see what it will be once new events are recorded.

Pure. One function for each kind of event; a kind that is not here changes nothing but the version.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from bot.domain.ledger import facts_text
from bot.domain.plan import Plan
from bot.domain.request import Event, Kind, Request, Stage, Vote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Told(Protocol):
    """What the fold needs of a ledger entry."""

    @property
    def kind(self) -> str:
        """Its event."""
        ...

    @property
    def actor_user(self) -> str:
        """Who caused it."""
        ...

    @property
    def actor_team(self) -> str:
        """From which workspace."""
        ...

    @property
    def at(self) -> datetime:
        """When it was recorded."""
        ...

    @property
    def version(self) -> int:
        """Its place in the stream."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """The rest."""
        ...


def fold(request_id: str, entries: Iterable[Told]) -> Request | None:
    """Rebuild a request from its stream, oldest entry first; None when the stream is empty."""
    request: Request | None = None
    for entry in entries:
        if request is None:
            request = _opened(request_id, entry)
        elif entry.kind in _APPLY:
            request = replace(_APPLY[Kind(entry.kind)](request, entry), version=entry.version)
        else:
            request = replace(request, version=entry.version)
        request = replace(request, cause=str(entry.facts.get("ref", request.cause)))
    return request


@dataclass(frozen=True, slots=True)
class _Recorded:
    """An event as its entry will read."""

    kind: str
    actor_user: str
    actor_team: str
    at: datetime
    version: int
    facts: Mapping[str, Any]


def advance(request: Request, events: Iterable[Event], at: datetime) -> Request:
    """Return the request as it will be when these events are recorded at this moment."""
    for event in events:
        facts = json.loads(facts_text(event.facts))  # as the ledger will give them back
        entry = _Recorded(str(event.kind), event.user_id, event.team_id, at, request.version + 1, facts)
        change = _APPLY.get(event.kind)
        request = replace(change(request, entry) if change else request, version=entry.version)
    return request


def opening(request: Request) -> Event:
    """Return the first event of a request."""
    facts = {
        "plan": request.plan.to_facts(),
        "fingerprint": request.plan.fingerprint,
        "reason_given": request.reason,
        "ticket": request.ticket,
        "created_at": request.created_at.isoformat(),
        "expires_at": request.expires_at.isoformat(),
        "requester_counts": request.requester_counts,
        "undoes": request.undoes,
        **also_facts(request.requester_also),
        "backup_table": request.backup_table,
        "max_rows": request.max_rows,
    }
    return Event(Kind.REQUESTED, request.requester, request.requester_team, facts)


def _opened(request_id: str, entry: Told) -> Request:
    facts = entry.facts
    return Request(
        id=request_id,
        plan=Plan.from_facts(facts["plan"]),
        requester=entry.actor_user,
        requester_team=entry.actor_team,
        reason=facts["reason_given"],
        ticket=facts["ticket"],
        created_at=datetime.fromisoformat(facts["created_at"]),
        expires_at=datetime.fromisoformat(facts["expires_at"]),
        requester_counts=facts["requester_counts"],
        undoes=facts["undoes"],
        backup_table=facts.get("backup_table", ""),
        max_rows=facts.get("max_rows"),
        mark=str(facts.get("mark", "")),
        version=entry.version,
        requester_also=_also(entry),
    )


def also_facts(also: frozenset[str]) -> dict[str, list[str]]:
    """Return the fact of whoever has more than one id; most people have none."""
    return {"also": sorted(also)} if also else {}


def _also(entry: Told) -> frozenset[str]:
    return frozenset(map(str, entry.facts.get("also", ())))


def _voted(request: Request, entry: Told) -> Request:
    click, mark = (str(entry.facts.get(name, "")) for name in ("click", "mark"))
    vote = Vote(entry.actor_user, entry.actor_team, entry.at, click, mark, _also(entry))
    return replace(request, votes=(*request.votes, vote))


def _approved(request: Request, entry: Told) -> Request:
    at, mark = (str(entry.facts.get(name, "")) for name in ("reached_at", "mark"))
    return replace(request, stage=Stage.APPROVED, decided_at=entry.at, quorum_at=at, quorum_mark=mark)


def _decided(stage: Stage, note: str = "") -> Callable[[Request, Told], Request]:
    def change(request: Request, entry: Told) -> Request:
        said = entry.facts.get(note, "") if note else ""
        said = "; ".join(map(str, said)) if isinstance(said, list) else str(said)
        return replace(request, stage=stage, decided_by=entry.actor_user, decided_at=entry.at, note=said)

    return change


def _watching(stage: Stage | None) -> Callable[[Request, Told], Request]:
    def change(request: Request, entry: Told) -> Request:
        note, back = str(entry.facts.get("look_at", request.note)), int(entry.facts["back"])
        seen = _seen_back(request, back, entry.facts.get("rows_back"))
        return replace(request, stage=stage or request.stage, back=back, seen_back=seen, note=note)

    return change


def _abandoned(request: Request, entry: Told) -> Request:
    return replace(request, stage=Stage.ABANDONED, note=str(entry.facts.get("look_at", request.note)))


def _seen_back(request: Request, back: int, rows: Iterable[int] | None) -> frozenset[int] | None:
    """Earlier versions recorded only how many rows were back, which names them when it is none or all."""
    every = frozenset(range(1, len(request.plan.rows) + 1))
    if back >= len(every):
        return every
    if request.seen_back is None or (rows is None and back):
        return None
    return request.seen_back | frozenset(rows or ())


def _applied(request: Request, entry: Told) -> Request:
    return replace(request, stage=Stage.APPLIED, applied_at=entry.at, note="")


_APPLY: Mapping[Kind, Callable[[Request, Told], Request]] = {
    Kind.VOTED: _voted,
    Kind.QUORUM: _approved,
    Kind.REJECTED: _decided(Stage.REJECTED, "reason_given"),
    Kind.WITHDRAWN: _decided(Stage.WITHDRAWN),
    Kind.EXPIRED: _decided(Stage.EXPIRED),
    Kind.REMINDED: lambda request, _: replace(request, reminded=True),
    Kind.STALE: _decided(Stage.STALE, "differences"),
    Kind.DELAYED: lambda request, entry: replace(request, note=str(entry.facts.get("trouble", ""))),
    Kind.CLAIMED: lambda request, _: replace(request, stage=Stage.APPLYING, note=""),
    Kind.IN_DOUBT: lambda request, entry: replace(request, note=str(entry.facts.get("trouble", ""))),
    Kind.APPLIED: _applied,
    Kind.FAILED: _decided(Stage.FAILED, "trouble"),
    Kind.PROGRESSED: _watching(None),
    Kind.CONVERGED: _watching(Stage.CONVERGED),
    Kind.STALLED: _watching(Stage.STALLED),
    Kind.ABANDONED: _abandoned,
    Kind.UNDONE: lambda request, entry: replace(request, stage=Stage.UNDONE, note=str(entry.facts.get("by", ""))),
}
