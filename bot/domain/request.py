"""What a request is: the fold of its ledger entries (folding.py), and nothing that is kept anywhere else.

Pure. Which commands a request takes at which stage is decided in approval.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.domain.ledger import CLOCKS_APART

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.domain.plan import Plan


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
    mark: str = ""
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
    mark: str = ""
    """The bot's own, by which it knows that it recorded this request as it reads (signed.py)."""
    quorum_at: str = ""
    quorum_mark: str = ""
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
