"""Requests in the ledger: loading them, recording their events and signatures, and a cache of those not ended.

`RequestRepository.load` and `change` raise where a stored request cannot be read, which stops what is being done.
`replay_requests` and `RequestCache` leave such a request out, so that it does not hide the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from structlog.contextvars import bound_contextvars, get_contextvars

from bot.domain.approval import Command, decide, votes_required
from bot.domain.ledger_entry import CLOCKS_APART, REFERENCE, Draft, moment_read, moment_text
from bot.domain.package import Row
from bot.domain.plan import Action
from bot.domain.quantity import quantity
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import OPEN, Event, Kind, Request, Stage, Vote, advance, opening, replay
from bot.domain.signing import Signer, quorum_parts, request_parts, vote_parts
from bot.usecases.ports.store import CARD, POSTED, REPLACED, THREAD, Notification, StaleStream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from bot.domain.drift_classes import RowKey
    from bot.domain.ledger_entry import Entry, Head
    from bot.domain.package import PackageId, SiteCode
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.site import WaitingRows
    from bot.usecases.ports.store import Card, Ledger, RequestIndex

log = structlog.stdlib.get_logger(__name__)
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What becomes of facts that are not those of their kind."""


class ReplayedRequests(NamedTuple):
    """Requests that can be read, and the ids of those that cannot: their entries were altered or taken away."""

    found: tuple[Request, ...]
    lost: tuple[str, ...]


WATCHED = frozenset({Stage.APPLIED, Stage.STALLED})
"""Stages of a reset whose rows are looked at."""
_KEPT = OPEN | WATCHED
_CAN_BE_UNDONE = WATCHED | {Stage.ABANDONED}
_PREFIX = "request "


class RequestCache:
    """Keeps the requests that are not ended in memory; each is rebuilt once per change, whoever made it.

    What changed is asked of the ledger, so the cost of a look is what was recorded since the last one, not what is
    open. Decisions are not made on what is kept here. Safe for several threads. Every method raises StoreError.
    """

    def __init__(self, ledger: Ledger, index: RequestIndex) -> None:
        self._ledger = ledger
        self._index = index
        self._head: Head | None = None
        self._requests: dict[str, Request] = {}
        self._ids: dict[frozenset[Stage], Sequence[str]] = {}
        self._undos: dict[str, Request] = {}
        self._new_undos: list[Request] = []
        self._guard = threading.Lock()

    def at(self, stages: Collection[Stage]) -> Sequence[Request]:
        """Return every request at these stages that can be read, oldest first; the stages must be open or watched."""
        with self._guard:
            self._refresh()
            key = frozenset(stages)
            if key not in self._ids:
                self._ids[key] = tuple(reversed(self._index.in_stages(stages)))
            found = [self._find(request_id) for request_id in self._ids[key]]
        return [request for request in found if request and request.stage in stages]

    def undo_of(self, request_id: str) -> Request | None:
        """Return the applied undo of a request that is watched or abandoned."""
        with self._guard:
            self._refresh()
            return self._undos.get(request_id)

    def new_undos(self) -> list[Request]:
        """Return the list of applied undos that were found and not taken off it yet; the caller takes off."""
        with self._guard:
            self._refresh()
            return self._new_undos

    def _refresh(self) -> None:
        head = self._ledger.head()
        if head == self._head:
            return
        self._ids = {}  # the index changes with the ledger only
        streams = self._ledger.changed_since(self._head) if self._head else None
        if streams is None:  # the first look, or the store was replaced by another one
            self._requests, self._undos, self._new_undos = {}, {}, []
            for package in sorted({request.plan.package_id for request in self._that_can_be_undone()}):
                for request_id in self._index.of_package(package):
                    self._rebuild(request_id)
        else:
            for stream in streams:
                if stream.startswith(_PREFIX):
                    self._rebuild(stream.removeprefix(_PREFIX))
        self._head = head

    def _that_can_be_undone(self) -> Sequence[Request]:
        return replay_requests(self._ledger, self._index.in_stages(_CAN_BE_UNDONE)).found

    def _find(self, request_id: str) -> Request | None:
        return self._requests.get(request_id) or self._rebuild(request_id)

    def _rebuild(self, request_id: str) -> Request | None:
        self._requests.pop(request_id, None)
        for request in replay_requests(self._ledger, [request_id]).found:
            if request.stage in _KEPT:
                self._requests[request_id] = request
            if request.undoes and request.applied_at and request.undoes not in self._undos:
                self._undos[request.undoes] = request
                self._new_undos.append(request)
            return request
        return None


def replay_requests(ledger: Ledger, request_ids: Iterable[str], until: int | None = None) -> ReplayedRequests:
    """Rebuild requests that are known to exist, in this order, as they were at a sequence. Raises StoreError."""
    rebuilt = {request_id: _rebuilt(ledger, request_id, until) for request_id in request_ids}
    lost = tuple(request_id for request_id, request in rebuilt.items() if request is None)
    return ReplayedRequests(tuple(request for request in rebuilt.values() if request), lost)


def stream_of(request_id: str) -> str:
    """Name the ledger stream of a request."""
    return f"{_PREFIX}{request_id}"


def _rebuilt(ledger: Ledger, request_id: str, until: int | None) -> Request | None:
    entries = ledger.stream(stream_of(request_id))
    try:
        return replay(request_id, [entry for entry in entries if until is None or entry.sequence <= until])
    except _UNREADABLE as error:
        _tell(request_id, repr(error))
        return None


@lru_cache(maxsize=1000)
def _tell(request_id: str, trouble: str) -> None:
    """Tell the log, once for each trouble: what watches requests comes by every second."""
    log.error("a request cannot be read", request=request_id, trouble=trouble)


_DETAIL_FACTS = ("reason_given", "trouble", "differences", "look_at", "votes", "back", "by")
"""The fact of an event that its line in the audit channel tells, the first that is there."""
CARD_POSTED, CARD_REFUSED, CARD_REPLACED = "card posted", "card refused", "card replaced"
CARD_REDRAWN = "card drawn anew"
Payload = Mapping[str, Any]
NOT_OURS = "this bot did not record the request as it now reads, or its app-level token is a new one: please ask again"
VOTE_NOT_OURS = "a vote in its record was not taken by this bot, or its app-level token is a new one: please ask again"
QUORUM_NOT_OURS = "its quorum was not recorded by this bot, or its app-level token is a new one: please ask again"
WAITING = frozenset({Stage.APPLIED, Stage.STALLED})
"""Stages of a reset whose rows still stand as it left them, or did when last looked at."""


@dataclass(frozen=True, slots=True)
class ChangeTexts:
    """Words for those who must know of a change; views/ fills it. An empty text means that nobody must."""

    requester: Callable[[Request, Event], Payload | None]
    thread: Callable[[Request, Event], Payload | None]


@dataclass(frozen=True, slots=True)
class RequestRepository:
    """Loads requests, records what happens to them, and verifies that this bot recorded what it reads."""

    ledger: Ledger
    index: RequestIndex
    channel: str
    texts: ChangeTexts
    clock: Clock
    signer: Signer = field(default_factory=Signer)

    def load(self, request_id: str) -> Request | None:
        """Rebuild a request from the ledger; None when there never was one. Raises StoreError."""
        return replay(request_id, self.ledger.stream(stream_of(request_id)))

    def at(self, stages: Collection[Stage]) -> Iterator[Request]:
        """Rebuild every request at these stages, oldest first; one that cannot be read holds up no other.

        Raises StoreError.
        """
        for request_id in reversed(self.index.in_stages(stages)):
            # One by one, as they are then: what is done with one takes a while.
            yield from (each for each in replay_requests(self.ledger, [request_id]).found if each.stage in stages)

    def waiting_rows(self, site: SiteCode, package_id: PackageId | None = None) -> WaitingRows:
        """Return the keys of rows that an applied reset of this site still waits for; None for all packages.

        One that is back, or was undone, waits no more. Raises StoreError.
        """
        ids = self.index.in_stages(WAITING)
        if ids and package_id is not None:
            of_package = set(self.index.of_package(package_id))
            ids = [request_id for request_id in ids if request_id in of_package]
        found: dict[PackageId, frozenset[RowKey]] = {}
        for request in replay_requests(self.ledger, ids).found:
            plan = request.plan
            if request.stage in WAITING and plan.action is Action.RESET and plan.site == site:
                keys = (Row(row.type_number, row.site_code, row.server_path, None, None, None).key for row in plan.rows)
                found[plan.package_id] = found.get(plan.package_id, frozenset()) | frozenset(keys)
        return found

    def applied_place(self, request_id: str) -> int | None:
        """Return at which entry of the ledger a request was applied: clocks may jump. Raises StoreError."""
        entries = self.ledger.stream(stream_of(request_id))
        return next((entry.sequence for entry in entries if entry.kind == Kind.APPLIED), None)

    def is_intact(self, request_id: str) -> bool:
        """Whether every entry of a request still has its seal, and every vote is for the plan that is there."""
        entries = self.ledger.stream(stream_of(request_id))
        request = replay(request_id, entries)
        votes = [entry.facts.get("fingerprint") for entry in entries if entry.kind == Kind.VOTED]
        return (
            request is not None
            and all(entry.is_sealed() for entry in entries)
            and all(fingerprint == request.plan.fingerprint for fingerprint in votes)
        )

    def is_ours(self, request: Request) -> bool:
        """Whether this bot itself recorded a request as it now reads: its plan, requester, reason, rule and expiry."""
        return self.signer.verify(request.signature, *request_parts(request))

    def forgery(self, request: Request) -> str:
        """Say what this bot did not record itself of a request and of its votes; empty when all of it is its own."""
        if not self.is_ours(request):
            return NOT_OURS
        is_ours = all(self.signer.verify(vote.signature, *vote_parts(request, vote)) for vote in request.votes)
        return "" if is_ours else VOTE_NOT_OURS

    def quorum_forgery(self, request: Request) -> str:
        """Say that a request's quorum, or when it was reached, is not as this bot recorded it; empty when it is."""
        if not self.signer.verify(request.quorum_signature, *quorum_parts(request, request.quorum_at)):
            return QUORUM_NOT_OURS
        is_then = request.decided_at and abs(request.decided_at - moment_read(request.quorum_at)) <= CLOCKS_APART
        return "" if is_then or request.applied_at else QUORUM_NOT_OURS

    def open(self, request: Request, origin: Mapping[str, str]) -> Request:
        """Record a new request and have its card posted. Raises RowsHeld when a row is in another open request.

        A request that the same click opened already is returned instead.
        """
        request = replace(request, signature=self.signer.sign(*request_parts(request)))
        try:
            return self._append(request, [opening(request)], 0, origin)
        except StaleStream:
            return self.load(request.id) or request

    def change(self, request_id: str, command: Command, origin: Mapping[str, str] | None = None) -> Request | Refusal:
        """Decide a command on the newest state until a decision is recorded. Raises StoreError.

        `origin` names the click that caused it: the same click again finds its own decision and changes nothing.
        """
        while True:
            entries = self.ledger.stream(stream_of(request_id))
            request = replay(request_id, entries)
            if request is None:
                return Refusal(Reason.UNKNOWN_REQUEST)
            if origin and any(entry.facts.get("click") == origin["click"] for entry in entries):
                return request
            decided = decide(request, command, self.clock())
            if isinstance(decided, Refusal):
                return decided
            if not decided:
                return request
            with suppress(StaleStream), traced(request):
                return self._append(request, decided, request.version, origin or {})

    def record_card(self, request: Request, card: Card) -> None:
        """Record where a card was posted; one that stood elsewhere before is redrawn as replaced. Raises StoreError."""
        before = self.index.card(request.id)
        notices = []
        if before is None:
            notices = [Notification(request.requester, {POSTED: request.id})]
        elif (before.channel, before.ts) != (card.channel, card.ts):
            notices = [_redrawn(request.id, before.channel, before.ts)]
        facts = {"link": card.link, "channel": card.channel, "ts": card.ts}
        self.ledger.append(
            _about_card(request, CARD_POSTED, "done", facts), notices, [self.index.place_card(request.id, card)]
        )

    def record_card_refusal(self, request: Request, reason: str, told: Payload) -> None:
        """Record once that Slack does not take a card, and tell the requester. Raises StoreError."""
        if self.card_fault(request.id) != reason:
            draft = _about_card(request, CARD_REFUSED, "failed", {"reason": reason})
            self.ledger.append(draft, [Notification(request.requester, told)])

    def card_fault(self, request_id: str) -> str:
        """Return why Slack does not take the newest drawing of a card; empty when it does. Raises StoreError."""
        return card_fault_of(self.ledger.stream(f"card {request_id}"))

    def redraw(self, request: Request, why: str) -> None:
        """Have the card of a request drawn anew where it is. Raises StoreError."""
        draft = _about_card(request, CARD_REDRAWN, "done", {"reason": why})
        self.ledger.append(draft, [Notification(self.channel, {CARD: request.id})])

    def are_rows_withheld(self, request_id: str) -> bool:
        """Whether Slack was seen to keep the rows of a card to itself when it was pressed. Raises StoreError."""
        entries = self.ledger.stream(f"card {request_id}")
        return any(
            entry.kind == CARD_REDRAWN and entry.facts.get("reason") == Reason.ROWS_WITHHELD for entry in entries
        )

    def before(self, request_id: str) -> Sequence[tuple[Request, datetime]]:
        """Return a request as it was before each change, with when that came, newest first. Raises StoreError."""
        entries = self.ledger.stream(stream_of(request_id))
        states = [(replay(request_id, entries[:count]), entries[count].at) for count in range(1, len(entries))]
        return [(request, at) for request, at in reversed(states) if request]

    def replace_card(self, request: Request, channel: str, ts: str) -> None:
        """Have a message redrawn that is not the newest card of a request. Raises StoreError.

        Only messages in the approvals channel that are no other request's card.
        """
        if channel == self.channel and self.index.request_at(channel, ts) is None:
            draft = _about_card(request, CARD_REPLACED, "done", {"channel": channel, "ts": ts})
            self.ledger.append(draft, [_redrawn(request.id, channel, ts)])

    def _append(self, request: Request, decided: Sequence[Event], version: int, origin: Mapping[str, str]) -> Request:
        now, after, signed = self.clock(), request, []
        for event in decided:
            signed.append(self._signed(after, event, origin, now))
            after = advance(after, signed[-1:], now)
        drafts = [self._draft(request, event, version + place, origin) for place, event in enumerate(signed, start=1)]
        notices = [Notification(self.channel, {CARD: request.id}), *self._notices(after, decided)]
        self.ledger.append_all(drafts, notices, [self.index.follow(after)])
        return after

    def _draft(self, request: Request, event: Event, version: int, origin: Mapping[str, str]) -> Draft:
        known = {"outcome": "done", "object": f"{request.plan.action} {request.plan.package_id}", "request": request.id}
        detail = next(
            (_in_words(request, name, event.facts[name]) for name in _DETAIL_FACTS if name in event.facts), ""
        )
        facts = {**known, **({"detail": detail} if detail else {}), **event.facts, **origin}
        return Draft(stream_of(request.id), version, str(event.kind), event.user_id, event.team_id, facts)

    def _signed(self, request: Request, event: Event, origin: Mapping[str, str], now: datetime) -> Event:
        """Put the bot's mark on what an apply relies on; `request` is as it was before the event."""
        facts = dict(event.facts)
        if event.kind is Kind.REQUESTED:
            facts["mark"] = request.signature
        elif event.kind is Kind.VOTED:
            click, also = origin.get("click", ""), frozenset(facts.get("also", ()))
            vote = Vote(event.user_id, event.team_id, now, click, also=also)
            facts["mark"] = self.signer.sign(*vote_parts(request, vote))
        elif event.kind is Kind.QUORUM:
            facts["reached_at"] = moment_text(now)
            facts["mark"] = self.signer.sign(*quorum_parts(request, facts["reached_at"]))
        return replace(event, facts=facts)

    def _notices(self, request: Request, decided: Sequence[Event]) -> list[Notification]:
        notices = []
        for event in decided:
            if payload := self.texts.thread(request, event):
                notices.append(Notification(self.channel, {THREAD: request.id, **payload}))
            if payload := self.texts.requester(request, event):
                notices.append(Notification(request.requester, payload))
        return notices


def card_fault_of(entries: Sequence[Entry]) -> str:
    """Return why Slack does not take the newest drawing of a card, by the card's stream; empty when it does."""
    newest = next((entry for entry in reversed(entries) if entry.kind in {CARD_POSTED, CARD_REFUSED}), None)
    return str(newest.facts.get("reason", "")) if newest and newest.kind == CARD_REFUSED else ""


def _about_card(request: Request, kind: str, outcome: str, facts: Mapping[str, str]) -> Draft:
    known = {"outcome": outcome, "object": request.plan.package_id, **facts}
    return Draft(f"card {request.id}", None, kind, "", "", known)


def _redrawn(request_id: str, channel: str, ts: str) -> Notification:
    return Notification(channel, {REPLACED: request_id, "ts": ts})


@contextmanager
def traced(request: Request) -> Iterator[None]:
    """Say beside every event which request it is about, and which click moved it last, unless it is one that does."""
    cause = {} if REFERENCE in get_contextvars() or not request.cause else {REFERENCE: request.cause}
    with bound_contextvars(request=request.id, **cause):
        yield


def _in_words(request: Request, name: str, fact: object) -> str:
    if isinstance(fact, int):
        return f"{fact} of {votes_required(request)} votes" if name == "votes" else f"{quantity(fact, 'row')} back"
    return "; ".join(map(str, fact)) if isinstance(fact, list) else str(fact)
