"""A request, rebuilt by replaying its ledger entries; nothing of it is kept anywhere else.

Pure. Which commands a request takes at which stage is decided in approval.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.domain.ledger_entry import CLOCKS_APART, facts_text
from bot.domain.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bot.domain.ledger_entry import Entry


class Stage(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    APPLYING = "applying"
    APPLIED = "applied"
    CONVERGED = "converged"
    STALLED = "stalled"
    FAILED = "failed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    STALE = "stale"
    ABANDONED = "abandoned"
    UNDONE = "undone"


QUORUM = 2
"""How many different approvers a request needs at least. Two people, always; no setting can make it fewer."""

OPEN = frozenset({Stage.PENDING, Stage.APPROVED, Stage.APPLYING})
"""Stages in which a request holds its rows: no other request may touch them."""


class Kind(StrEnum):
    """The events of a request, as the ledger names them."""

    REQUESTED = "requested"
    VOTED = "approved"
    QUORUM = "quorum reached"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REMINDED = "reminded"
    STALE = "stale"
    DELAYED = "waiting to be applied"
    CLAIMED = "applying"
    IN_DOUBT = "in doubt"
    APPLIED = "applied"
    FAILED = "failed"
    PROGRESSED = "progressed"
    CONVERGED = "converged"
    STALLED = "stalled"
    ABANDONED = "abandoned"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's approval; the mark is the bot's own, by which it knows that it took this vote itself."""

    user_id: str
    team_id: str
    at: datetime
    click: str = ""
    signature: str = ""
    also: frozenset[str] = frozenset()
    """Other ids of the same person."""

    @property
    def ids(self) -> frozenset[str]:
        """Every known id of whoever voted."""
        return self.also | {self.user_id}


@dataclass(frozen=True, slots=True)
class Request:
    """A reset or undo that people decide about.

    `backup_table` and `max_rows` are those of the settings under which it was asked for; requests of versions that did
    not record them have none.
    """

    id: str
    plan: Plan
    requester: str
    requester_team: str
    reason: str
    ticket: str
    created_at: datetime
    expires_at: datetime
    requester_counts: bool
    undoes: str = ""
    backup_table: str = ""
    max_rows: int | None = None
    quorum: int = QUORUM
    """How many different approvers the rule demanded when it was asked for; see approval.votes_required."""
    stage: Stage = Stage.PENDING
    votes: tuple[Vote, ...] = ()
    reminded: bool = False
    decided_by: str = ""
    decided_at: datetime | None = None
    note: str = ""
    applied_at: datetime | None = None
    back: int = 0
    seen_back: frozenset[int] | None = frozenset()
    """The numbers in the plan, from 1, of the rows that were ever seen back; None when only a count was recorded."""
    version: int = 0
    cause: str = ""
    signature: str = ""
    """The bot's own, by which it knows that it recorded this request as it reads (signed.py)."""
    quorum_at: str = ""
    quorum_signature: str = ""
    """The same for the moment at which the votes were enough."""
    requester_also: frozenset[str] = frozenset()
    """Other ids of the requester: in an Enterprise Grid organisation one person may have two."""

    @property
    def requester_ids(self) -> frozenset[str]:
        """Every known id of whoever asked."""
        return self.requester_also | {self.requester}

    @property
    def is_open(self) -> bool:
        """Whether its rows are held."""
        return self.stage in OPEN

    @property
    def remind_at(self) -> datetime:
        """Half time of the wait for votes."""
        return self.created_at + (self.expires_at - self.created_at) / 2

    def is_expired(self, now: datetime) -> bool:
        """Whether the wait for votes is over; also when it began in what is now the future, by a wrong clock."""
        return now >= self.expires_at or self.created_at - now > CLOCKS_APART


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a request; becomes one ledger entry."""

    kind: Kind
    user_id: str = ""
    team_id: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Freeze:
    """Resets are stopped, by whom, when and why."""

    user_id: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """What replay reads of a ledger entry, of an event that is yet to be recorded."""

    kind: str
    actor_user: str
    actor_team: str
    at: datetime
    version: int
    facts: Mapping[str, Any]


RecordedEvent: TypeAlias = "Entry | PlannedEntry"


def replay(request_id: str, entries: Iterable[RecordedEvent]) -> Request | None:
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


def advance(request: Request, events: Iterable[Event], at: datetime) -> Request:
    """Return the request as it will be when these events are recorded at this moment."""
    for event in events:
        facts = json.loads(facts_text(event.facts))  # as the ledger will give them back
        entry = PlannedEntry(str(event.kind), event.user_id, event.team_id, at, request.version + 1, facts)
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
        # Only another number is recorded, so that the signatures of requests that name none stay valid.
        **({} if request.quorum == QUORUM else {"quorum": request.quorum}),
    }
    return Event(Kind.REQUESTED, request.requester, request.requester_team, facts)


def _opened(request_id: str, entry: RecordedEvent) -> Request:
    facts = _facts(entry)
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
        quorum=int(facts.get("quorum", QUORUM)),
        signature=str(facts.get("mark", "")),
        version=entry.version,
        requester_also=_also(entry),
    )


def _facts(entry: RecordedEvent) -> Mapping[str, Any]:
    """Return the facts of an event; what is not of its kind raises LookupError, TypeError or ValueError when read."""
    return entry.facts


def also_facts(also: frozenset[str]) -> dict[str, list[str]]:
    """Return the fact of whoever has more than one id; most people have none."""
    return {"also": sorted(also)} if also else {}


def _also(entry: RecordedEvent) -> frozenset[str]:
    return frozenset(map(str, _facts(entry).get("also", ())))


def _voted(request: Request, entry: RecordedEvent) -> Request:
    click, signature = (str(entry.facts.get(name, "")) for name in ("click", "mark"))
    vote = Vote(entry.actor_user, entry.actor_team, entry.at, click, signature, _also(entry))
    return replace(request, votes=(*request.votes, vote))


def _approved(request: Request, entry: RecordedEvent) -> Request:
    at, signature = (str(entry.facts.get(name, "")) for name in ("reached_at", "mark"))
    return replace(request, stage=Stage.APPROVED, decided_at=entry.at, quorum_at=at, quorum_signature=signature)


def _decided(stage: Stage, note: str = "") -> Callable[[Request, RecordedEvent], Request]:
    def change(request: Request, entry: RecordedEvent) -> Request:
        said = entry.facts.get(note, "") if note else ""
        said = "; ".join(map(str, said)) if isinstance(said, list) else str(said)
        return replace(request, stage=stage, decided_by=entry.actor_user, decided_at=entry.at, note=said)

    return change


def _watching(stage: Stage | None) -> Callable[[Request, RecordedEvent], Request]:
    def change(request: Request, entry: RecordedEvent) -> Request:
        facts = _facts(entry)
        note, back = str(facts.get("look_at", request.note)), int(facts["back"])
        seen = _seen_back(request, back, facts.get("rows_back"))
        return replace(request, stage=stage or request.stage, back=back, seen_back=seen, note=note)

    return change


def _abandoned(request: Request, entry: RecordedEvent) -> Request:
    return replace(request, stage=Stage.ABANDONED, note=str(entry.facts.get("look_at", request.note)))


def _seen_back(request: Request, back: int, rows: Iterable[int] | None) -> frozenset[int] | None:
    """Earlier versions recorded only how many rows were back, which names them when it is none or all."""
    every = frozenset(range(1, len(request.plan.rows) + 1))
    if back >= len(every):
        return every
    if request.seen_back is None or (rows is None and back):
        return None
    return request.seen_back | frozenset(rows or ())


def _applied(request: Request, entry: RecordedEvent) -> Request:
    return replace(request, stage=Stage.APPLIED, applied_at=entry.at, note="")


_APPLY: Mapping[Kind, Callable[[Request, RecordedEvent], Request]] = {
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
