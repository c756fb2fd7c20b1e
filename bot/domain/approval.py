"""Which commands a request takes at which stage, and what happens because of them: the rules of approval.

Pure: `decide` maps a request, a command and a moment to events or a refusal. The number of approvers that a request
needs is defined here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.ledger_entry import storable
from bot.domain.plan import Action
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import QUORUM, Event, Kind, Request, Stage, also_facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


def votes_required(request: Request) -> int:
    """Return how many different approvers a request needs: as many as it was asked for under, and never below QUORUM.

    A request of a version that did not record the number needs QUORUM.
    """
    return max(request.quorum, QUORUM)


@dataclass(frozen=True, slots=True)
class Approve:
    """Somebody whose eligibility was just checked approves the plan with this fingerprint."""

    user_id: str
    team_id: str
    fingerprint: str
    also: frozenset[str] = frozenset()
    """Other ids of the same person, here and below."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Somebody whose eligibility was just checked rejects, and says why."""

    user_id: str
    team_id: str
    reason: str
    also: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Somebody takes the request back."""

    user_id: str
    team_id: str
    also: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: expire or remind if that is due."""


@dataclass(frozen=True, slots=True)
class MarkStale:
    """The rows are no longer as the plan shows them; `claimed` when the process that claimed it found that out."""

    differences: tuple[str, ...]
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class Disown:
    """The bot did not record this request as it reads: nobody may decide about it, and it holds no rows."""

    trouble: str


@dataclass(frozen=True, slots=True)
class Delay:
    """What must be proved before the claim cannot be looked up just now, and is tried again; said once."""

    trouble: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One process takes it on itself to apply."""


@dataclass(frozen=True, slots=True)
class Finish:
    """It happened, or it is known that nothing changed, and `trouble` says why.

    `claimed` when the claim was taken before that was known.

    A process that lost its place finds the stage moved on, and what it believes is not recorded.
    """

    trouble: str = ""
    claimed: bool = True


@dataclass(frozen=True, slots=True)
class MarkInDoubt:
    """It cannot be told yet whether a claimed request was applied; `trouble` says why.

    Said once; one that only people can end is said even behind another, and none is said behind it.
    """

    trouble: str
    is_lasting: bool = False


@dataclass(frozen=True, slots=True)
class Undone:
    """The undo of an applied reset was applied."""

    by: str


@dataclass(frozen=True, slots=True)
class Watched:
    """The watcher read the rows: which are back, by their numbers in the plan, from 1.

    `stalled` says that it gives up waiting, and where to look.
    """

    rows: frozenset[int] = frozenset()
    stalled: str = ""


@dataclass(frozen=True, slots=True)
class Abandon:
    """The watcher looks no more, though not every row was seen to be back; `look_at` says what people can do."""

    look_at: str


Step = MarkStale | Disown | Delay | Claim | Finish | MarkInDoubt | Watched | Abandon | Undone
"""What the bot itself does; people do the rest."""
Command = Approve | Reject | Withdraw | Tick | Step
_CLOSED: Mapping[Stage, Reason] = {
    Stage.WITHDRAWN: Reason.WITHDRAWN,
    Stage.EXPIRED: Reason.EXPIRED,
    Stage.STALE: Reason.STALE_PLAN,
}


def decide(request: Request, command: Command, now: datetime) -> Sequence[Event] | Refusal:
    """Return what happens because of a command, or why nothing does. An empty sequence means: nothing is due."""
    match command:
        case Approve():
            return _approve(request, command, now)
        case Reject():
            return _reject(request, command, now)
        case Withdraw():
            return _withdraw(request, command, now)
        case Tick():
            return _tick(request, now)
        case _:
            return _proceed(request, command)


def _approve(request: Request, command: Approve, now: datetime) -> Sequence[Event] | Refusal:
    closed = _not_votable(request, now)
    if closed:
        return Refusal(closed)
    ids = _ids(command)
    if ids & request.requester_ids and not request.requester_counts:
        return Refusal(Reason.OWN_REQUEST)
    if any(ids & vote.ids for vote in request.votes):
        return Refusal(Reason.VOTED_ALREADY)
    if command.fingerprint != request.plan.fingerprint:
        return Refusal(Reason.OTHER_PLAN)
    facts = {"fingerprint": command.fingerprint, "votes": len(request.votes) + 1, **also_facts(command.also)}
    voted = Event(Kind.VOTED, command.user_id, command.team_id, facts)
    return [voted, Event(Kind.QUORUM)] if len(request.votes) + 1 >= votes_required(request) else [voted]


def _reject(request: Request, command: Reject, now: datetime) -> Sequence[Event] | Refusal:
    closed = _not_votable(request, now)
    if closed:
        return Refusal(closed)
    if _ids(command) & request.requester_ids:
        return Refusal(Reason.OWN_REQUEST)
    return [Event(Kind.REJECTED, command.user_id, command.team_id, {"reason_given": storable(command.reason)})]


def _withdraw(request: Request, command: Withdraw, now: datetime) -> Sequence[Event] | Refusal:
    closed = _not_votable(request, now)
    if closed:
        return Refusal(closed)
    if not _ids(command) & request.requester_ids:
        return Refusal(Reason.NOT_REQUESTER)
    return [Event(Kind.WITHDRAWN, command.user_id, command.team_id)]


def _ids(command: Approve | Reject | Withdraw) -> frozenset[str]:
    return command.also | {command.user_id}


def _tick(request: Request, now: datetime) -> Sequence[Event]:
    if request.stage is not Stage.PENDING:
        return []
    if request.is_expired(now):
        return [Event(Kind.EXPIRED)]
    return [Event(Kind.REMINDED)] if now >= request.remind_at and not request.reminded else []


def _proceed(request: Request, step: Step) -> Sequence[Event] | Refusal:
    """What the bot itself does: each step only from the stages that can lead to it."""
    return _events(request, step) if request.stage in _stages(step) else Refusal(Reason.WRONG_STAGE)


def _stages(step: Step) -> frozenset[Stage]:
    match step:
        case MarkStale(claimed=True) | Finish(claimed=True) | MarkInDoubt():
            return frozenset({Stage.APPLYING})
        case MarkStale() | Disown():
            return frozenset({Stage.PENDING, Stage.APPROVED})
        case Finish(trouble=""):
            return frozenset()  # nothing can have happened before the claim
        case Delay() | Claim() | Finish():
            return frozenset({Stage.APPROVED})
        case Watched() | Abandon():
            return frozenset({Stage.APPLIED, Stage.STALLED})
        case Undone():
            return frozenset({Stage.APPLIED, Stage.STALLED, Stage.ABANDONED, Stage.CONVERGED})


def _events(request: Request, step: Step) -> list[Event]:
    match step:
        case MarkStale():
            return [Event(Kind.STALE, facts={"differences": list(step.differences)})]
        case Claim():
            return [Event(Kind.CLAIMED)]
        case Finish(trouble=""):
            return _applied(request)
        case Finish() | Disown():
            return [Event(Kind.FAILED, facts={"trouble": step.trouble})]
        case Delay() | MarkInDoubt():
            return _waiting(request, step)
        case Watched():
            return _watched(request, step)
        case Abandon() | Undone():
            return [_no_longer_watched(request, step)]


def _waiting(request: Request, step: Delay | MarkInDoubt) -> list[Event]:
    """Say why nothing goes on: each trouble once, but no passing doubt behind another."""
    is_passing = isinstance(step, MarkInDoubt) and not step.is_lasting
    if request.note if is_passing else request.note == step.trouble:
        return []
    return [Event(Kind.DELAYED if isinstance(step, Delay) else Kind.IN_DOUBT, facts={"trouble": step.trouble})]


def _applied(request: Request) -> list[Event]:
    """An undo has nobody to wait for: it is done when it is applied."""
    applied = Event(Kind.APPLIED, facts=request.plan.to_facts())
    is_undo = request.plan.action is Action.UNDO
    return [applied, Event(Kind.CONVERGED, facts={"back": len(request.plan.rows)})] if is_undo else [applied]


def _watched(request: Request, command: Watched) -> list[Event]:
    back = len(command.rows)
    facts = {"back": back, "rows_back": sorted(command.rows)}
    if back == len(request.plan.rows):
        return [Event(Kind.CONVERGED, facts=facts)]
    if command.stalled and request.stage is Stage.APPLIED:
        return [Event(Kind.STALLED, facts={**facts, "look_at": command.stalled})]
    is_first = request.seen_back is not None and not command.rows <= request.seen_back
    return [Event(Kind.PROGRESSED, facts=facts)] if is_first or back != request.back else []


def _no_longer_watched(request: Request, step: Abandon | Undone) -> Event:
    if isinstance(step, Undone):
        return Event(Kind.UNDONE, facts={"by": step.by})
    return Event(Kind.ABANDONED, facts={"back": request.back, "look_at": step.look_at})


def _not_votable(request: Request, now: datetime) -> Reason | None:
    if request.stage is not Stage.PENDING:
        return _CLOSED.get(request.stage, Reason.DECIDED_ALREADY)
    return Reason.EXPIRED if request.is_expired(now) else None
