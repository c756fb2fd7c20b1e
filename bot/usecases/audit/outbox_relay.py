"""Deliver the outbox to Slack: in ledger order for each destination, at least once, never skipping silently.

One process delivers at a time, under a lease, to each destination in its turn: the first ones have lanes of their own,
so that a slow or dead destination delays neither them nor, for long, another. What cannot be told now is tried again,
with growing pauses, for a channel for ever. A message that somebody waits for (a card, a digest) goes down its forms
when Slack refuses it, then waits by itself, while others pass it, and its `refused` is called. What Slack will never
take (a person who has left, a message that it refuses, a row that cannot be read) ends as a recorded gap.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING

import structlog
from structlog.contextvars import bound_contextvars

from bot.domain.ledger_entry import REFERENCE
from bot.domain.quantity import quantity
from bot.failpoints import reach
from bot.usecases.audit.recorder import NOBODY, AuditAction
from bot.usecases.ports.slack import MessageSender, OutboundMessage, Payload, Posted, PostError, PostErrorKind
from bot.usecases.ports.store import Delivery, Leases, Ledger, Outbox, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.domain.ledger_entry import JSON, Entry

log = structlog.stdlib.get_logger(__name__)
LEASE = "relay"
SPACING_SECONDS = 1.05
INITIAL_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.5
BATCH = 60
OTHER_LANES = 4
END_SECONDS = 2
"""A post that waits for Slack for longer than this is left behind at the end, and the lease with it."""
MAX_FAULTS = 3
UNCLEAR_TRIES, UNCLEAR_SECONDS = 5, 15
OUTAGE_SECONDS = 24 * 3600
"""For so long a person's message waits for a Slack that takes messages of others."""
NOT_DELIVERED = "not delivered"
BEFORE_ALL, LAST_OF_ALL = -(2**63), 2**63 - 1
"""The least and the greatest sequence number that a store can hold."""
_UNAVAILABLE = frozenset({PostErrorKind.LATER, PostErrorKind.UNREACHABLE})
_ABOUT_THE_DESTINATION = frozenset({PostErrorKind.CHANNEL, PostErrorKind.DENIED})
"""Slack said no whatever the message, so the same holds for everything that waits there."""


def _as_it_is(delivery: Delivery) -> OutboundMessage:
    return OutboundMessage(delivery.payload or {})


def _by_itself(delivery: Delivery) -> str:
    return f"{delivery.entry.sequence} {delivery.number}"


@dataclass(frozen=True, slots=True)
class MessageRenderer:
    """How entries become messages; views/ fills it.

    `lines` is given the entries and the sequence numbers of those that may stand in the channel already. `notice` makes
    the message of a notification, or None for one that nobody needs any more. `subject` names what one is about: those
    of one subject never overtake each other.
    """

    how_many: Callable[[Sequence[Entry]], int]
    lines: Callable[[Sequence[Entry], frozenset[int]], Payload]
    gap: Callable[[Entry, str], Payload]
    notice: Callable[[Delivery], OutboundMessage | None] = _as_it_is
    subject: Callable[[Delivery], str] = _by_itself
    is_drawn_from_state: Callable[[Payload], bool] = lambda _: False


@dataclass(slots=True)
class _DestinationState:
    """The way to one destination, or of one subject there: when to try next, and how often it failed.

    `denied` is Slack's reason while it takes nothing there, `told` are the subjects whose `refused` heard it, and all
    before `told_to` was looked at for that. `alone` counts the failures that others were told things shortly before.
    `waits` are the subjects that are put aside until Slack takes them.
    """

    not_before: float = 0.0
    failures: int = 0
    one_by_one: bool = False
    denied: str = ""
    told: set[str] = field(default_factory=set)
    notified_up_to: int = BEFORE_ALL
    failing_since: float = 0.0
    failed_at: float = 0.0
    alone: int = 0
    waits: dict[str, _DestinationState] = field(default_factory=dict)

    def failed(self, now: float, retry_after: float = 0) -> None:
        """Wait longer after each failure, up to a minute, or as long as Slack wishes."""
        if not self.failures:
            self.failing_since, self.alone = now, 0
        self.failures += 1
        self.failed_at = now
        pause = min(INITIAL_PAUSE_SECONDS * 2 ** min(self.failures - 1, 10), MAX_PAUSE_SECONDS)
        self.not_before = now + max(pause, retry_after)

    def succeeded(self) -> None:
        """Forget every failure."""
        self.failures, self.one_by_one, self.denied, self.told, self.notified_up_to = 0, False, "", set(), BEFORE_ALL


@dataclass(slots=True)
class OutboxRelay:
    """Delivers what is pending; `run` does so until stopped. `first` are the destinations that nothing may delay."""

    outbox: Outbox
    ledger: Ledger
    leases: Leases
    sender: MessageSender
    renderer: MessageRenderer
    monotonic: Callable[[], float]
    spacing: float = SPACING_SECONDS
    first: Sequence[str] = ()
    _states: dict[str, _DestinationState] = field(default_factory=dict)
    _last_posted_at: float = -math.inf
    _wake: threading.Event = field(default_factory=threading.Event)

    def wake(self) -> None:
        """Look at once instead of at the next tick."""
        self._wake.set()

    def run(self, stopping: threading.Event) -> None:
        """Deliver until stopped, whenever this process holds the lease."""
        lanes = Lanes(self._visit_safely, self.first, stopping)
        while not stopping.is_set():
            try:
                if self.leases.hold(LEASE):
                    for destination in self._due():
                        lanes.take(destination)
            except StoreError as error:
                log.warning("the store does not say what to deliver", trouble=error.kind.value, detail=error.detail)
            except Exception:
                # A relay that died would pause all resets; whatever it was, the next look may go better.
                log.exception("delivering failed")
            self._wake.wait(self.pause())
            self._wake.clear()
        if lanes.end(END_SECONDS):
            with suppress(StoreError):  # nobody else is kept waiting for longer than the lease
                self.leases.release(LEASE)

    def pause(self) -> float:
        """Return how long to wait for the next look: not longer than any destination must."""
        now = self.monotonic()
        return min(
            [LOOK_EVERY_SECONDS, *(state.not_before - now for state in self._states.values() if state.not_before > now)]
        )

    def deliver(self) -> None:
        """Post once to every destination whose time has come, one after the other. Raises StoreError."""
        for destination in self._due():
            self._visit(destination)

    def _due(self) -> Sequence[str]:
        """Return the destinations where something can be done now, the first ones first."""
        pending = self.outbox.destinations()
        now, due = self.monotonic(), []
        for destination in [*filter(pending.__contains__, self.first), *(d for d in pending if d not in self.first)]:
            state = self._states.setdefault(destination, _DestinationState())
            if state.denied or now >= state.not_before:
                due.append(destination)
        return due

    def _visit_safely(self, destination: str) -> None:
        """Visit a destination on a lane: whatever goes wrong there is of no concern to any other."""
        try:
            self._visit(destination)
        except StoreError as error:
            self._states[destination].failed(self.monotonic())
            log.warning("the store does not deliver", trouble=error.kind.value, detail=error.detail)

    def _visit(self, destination: str) -> None:
        state = self._states[destination]
        if not self.leases.holds(LEASE):
            return
        try:
            if self.monotonic() >= state.not_before:
                self._deliver_to(destination, state)
            elif state.denied:
                self._notify_waiting(destination, state)
        except StoreError:
            raise
        except Exception:
            state.failed(self.monotonic())
            log.exception("delivering failed", destination=destination)

    def _deliver_to(self, destination: str, state: _DestinationState) -> None:
        batch = self._batch(self._next(destination, state))
        if not batch:
            return
        state.not_before = self.monotonic() + self.spacing
        with bound_contextvars(**_references(batch), first=batch[0].entry.sequence, last=batch[-1].entry.sequence):
            self._post(destination, state, batch)

    def _next(self, destination: str, state: _DestinationState) -> Sequence[Delivery]:
        """Read the oldest deliveries that are not put aside."""
        now, limit = self.monotonic(), 1 if state.one_by_one else BATCH
        waits = {subject for subject, aside in state.waits.items() if aside.not_before > now}
        for pending in self._pages(destination, limit):
            free = [each for each in pending if each.payload is None or self.renderer.subject(each) not in waits]
            if free or not waits:
                return free
        return []

    def _pages(self, destination: str, limit: int, since: int = BEFORE_ALL) -> Iterator[Sequence[Delivery]]:
        while pending := self.outbox.pending(destination, limit, since):
            yield pending
            last = pending[-1].entry.sequence
            if not isinstance(last, int) or last >= LAST_OF_ALL:
                return
            since = last + 1

    def _post(self, destination: str, state: _DestinationState, batch: Sequence[Delivery]) -> None:
        outbound: OutboundMessage | None = None
        try:
            outbound = self._drawn(batch)
            if outbound is None:
                self.outbox.mark_sent(batch, "", "", is_gap=True)
                return
            if batch[0].payload is None:
                self.outbox.attempt(batch)
            reach("deliver: before post")
            posted = self._send(destination, outbound)
            reach("deliver: posted")
        except PostError as error:
            if batch[0].payload is None and not error.is_unclear:
                self.outbox.attempt(batch, failed=True)
            self._failed(destination, state, batch, outbound, error)
        except StoreError:
            raise
        except Exception as error:
            log.exception("delivering failed", destination=destination)
            self._failed_unexpectedly(destination, state, batch, type(error).__name__)
        else:
            self.outbox.mark_sent(batch, posted.channel, posted.ts)
            reach("deliver: settled")
            self._last_posted_at = self.monotonic()
            state.waits.pop(self.renderer.subject(batch[0]), None)
            state.succeeded()

    def _failed_unexpectedly(
        self, destination: str, state: _DestinationState, batch: Sequence[Delivery], error: str
    ) -> None:
        """Try again what failed in a way that nobody foresaw; one that does so each time is put aside."""
        state.failed(self.monotonic())
        if len(batch) > 1:
            state.one_by_one = True
        elif state.failures >= MAX_FAULTS:
            self._give_up(destination, batch, error)
            state.succeeded()

    def _send(self, destination: str, outbound: OutboundMessage) -> Posted:
        posted = outbound.replaces
        if posted and (self.sender.replace(posted, outbound.payload) or outbound.is_edit):
            log.info("card edited", channel=posted.channel, ts=posted.ts)
            outbound.sent(posted)
            return posted
        posted = self.sender.post(destination, outbound.opening or outbound.payload)
        log.info("told", channel=posted.channel, ts=posted.ts)
        try:
            if outbound.opening is not None and not self.sender.replace(posted, outbound.payload):
                raise PostError(PostErrorKind.UNREACHABLE, "the message is gone")
        finally:
            outbound.sent(posted)
        return posted

    def _batch(self, pending: Sequence[Delivery]) -> Sequence[Delivery]:
        """Lines travel together; a notice travels alone, except that one drawing serves all that ask for the same."""
        lines = list(takewhile(lambda delivery: delivery.payload is None and not delivery.trouble, pending))
        if lines:
            return lines[: self.renderer.how_many([line.entry for line in lines])]
        first = pending[0].payload if pending else None
        if first is not None and self.renderer.is_drawn_from_state(first):
            return [delivery for delivery in pending if delivery.payload == first]
        return pending[:1]

    def _drawn(self, batch: Sequence[Delivery]) -> OutboundMessage | None:
        """Draw a message; what cannot be drawn is treated like what Slack refuses, so that it holds nobody up."""
        if batch[0].trouble:
            raise PostError(PostErrorKind.REFUSED, batch[0].trouble, was_sent=False)
        try:
            return self._message(batch)
        except StoreError:
            raise
        except Exception as error:
            log.exception("cannot draw what is to be told")
            raise PostError(PostErrorKind.REFUSED, f"cannot be drawn: {type(error).__name__}") from error

    def _message(self, batch: Sequence[Delivery]) -> OutboundMessage | None:
        if batch[0].payload is not None:
            return self.renderer.notice(batch[0])
        repeated = frozenset(delivery.entry.sequence for delivery in batch if delivery.was_tried)
        return OutboundMessage(self.renderer.lines([delivery.entry for delivery in batch], repeated))

    def _failed(
        self,
        destination: str,
        state: _DestinationState,
        batch: Sequence[Delivery],
        outbound: OutboundMessage | None,
        error: PostError,
    ) -> None:
        waits = outbound is not None and outbound.refused is not None
        if error.kind is PostErrorKind.REFUSED or (error.kind is PostErrorKind.UNKNOWN and waits):
            self._refused(destination, state, batch, outbound, error)
            return
        state.alone += self._last_posted_at >= state.failed_at
        state.failed(self.monotonic(), error.retry_after)
        if is_person(destination) and self._is_undeliverable(state, error.kind):
            self._give_up(destination, self.outbox.pending(destination, BATCH), error.error)
            state.succeeded()
            return
        log.warning("not delivered; trying again", destination=destination, trouble=error.kind.value, error=error.error)
        if error.kind in _ABOUT_THE_DESTINATION:
            if state.denied != error.error:
                state.denied, state.told, state.notified_up_to = error.error, set(), BEFORE_ALL
            self._notify_waiting(destination, state)

    def _is_undeliverable(self, state: _DestinationState, trouble: PostErrorKind) -> bool:
        """Whether a person will never get what waits for them, as far as can be told.

        Where Slack does not say that it is about the person, it must go on failing while others are told things.
        """
        if trouble is PostErrorKind.PERSON:
            return True
        failing = self.monotonic() - state.failing_since
        if trouble in _UNAVAILABLE:
            return state.alone >= UNCLEAR_TRIES and failing >= OUTAGE_SECONDS
        others_are_told = self._last_posted_at >= state.failing_since - MAX_PAUSE_SECONDS
        others_fail = any(other.denied for place, other in self._states.copy().items() if not is_person(place))
        return state.failures >= UNCLEAR_TRIES and failing >= UNCLEAR_SECONDS and others_are_told and not others_fail

    def _give_up(self, destination: str, batch: Sequence[Delivery], reason: str, posted: Posted | None = None) -> None:
        """Put what cannot be told aside: a gap in the outbox and an entry in the ledger, which is told. Once.

        `posted` is the notice that stands where it was to be told, if there is one.
        """
        log.error("not delivered, and given up", destination=destination, error=reason, messages=len(batch))
        facts: dict[str, JSON] = {"messages": [f"{each.entry.sequence} {each.number}" for each in batch]}
        why = f"{quantity(len(batch), 'message')}: {reason}"
        action = AuditAction(NOT_DELIVERED, "failed", object=str(destination), reason=why, facts=facts)
        place = (posted.channel, posted.ts) if posted else ("", "")
        self.ledger.append(
            action.draft(NOBODY, "outbox"), also=[self.outbox.mark_sent_step(batch, *place, is_gap=True)]
        )

    def _notify_waiting(self, destination: str, state: _DestinationState) -> None:
        """Let everything that waits for this destination hear once why it takes nothing."""
        for pending in self._pages(destination, BATCH, state.notified_up_to):
            for delivery in pending:
                if delivery.payload is None or (subject := self.renderer.subject(delivery)) in state.told:
                    continue
                state.told.add(subject)
                with suppress(PostError):
                    outbound = self._drawn([delivery])
                    if outbound and outbound.refused:
                        outbound.refused(state.denied)
            if isinstance(pending[-1].entry.sequence, int):
                state.notified_up_to = pending[-1].entry.sequence  # this one again: it may have more notices

    def _refused(
        self,
        destination: str,
        state: _DestinationState,
        batch: Sequence[Delivery],
        outbound: OutboundMessage | None,
        error: PostError,
    ) -> None:
        """Draw it simpler, let it wait by itself, find the line that Slack will not take, or put a gap in its place."""
        if outbound and outbound.simpler():
            return
        if outbound and outbound.refused:
            aside = state.waits.setdefault(self.renderer.subject(batch[0]), _DestinationState())
            aside.failed(self.monotonic())
            log.warning("Slack refuses a message; trying again", destination=destination, error=error.error)
            outbound.refused(error.error)
            return
        if len(batch) > 1:
            state.one_by_one = True
            return
        log.error("Slack refuses an entry for good", error=error.error)
        try:
            posted, is_gap = self._without_blocks(destination, batch[0], outbound, error)
        except PostError as again:
            if batch[0].payload is not None and again.kind not in _UNAVAILABLE:
                self._give_up(destination, batch, error.error)
                return
            state.not_before = self.monotonic() + max(MAX_PAUSE_SECONDS, again.retry_after)
            return
        self._last_posted_at = self.monotonic()
        if is_gap and batch[0].payload is not None:
            self._give_up(destination, batch, error.error, posted)
        else:
            self.outbox.mark_sent(batch, posted.channel, posted.ts, is_gap=is_gap)

    def _without_blocks(
        self, destination: str, delivery: Delivery, outbound: OutboundMessage | None, error: PostError
    ) -> tuple[Posted, bool]:
        """Post what a message says without its blocks, or else its gap notice, also without blocks if need be."""
        gap = self._gap(delivery, error)
        tries = [(OutboundMessage(gap), True), (OutboundMessage(_text_of(gap)), True)]
        if outbound and outbound.replaces and outbound.is_edit:
            tries = [(replace(outbound, payload=_text_of(outbound.payload)), False)]
        if outbound and delivery.payload is not None and "blocks" in outbound.payload:
            tries.insert(0, (replace(outbound, payload=_text_of(outbound.payload)), False))
        for attempt, is_gap in tries[:-1]:
            try:
                return self._send(destination, attempt), is_gap
            except PostError as again:
                if again.kind is not PostErrorKind.REFUSED:
                    raise
        return self._send(destination, tries[-1][0]), True

    def _gap(self, delivery: Delivery, error: PostError) -> Payload:
        """Draw a gap notice, also of an entry that somebody left nothing of that could be drawn."""
        try:
            return self.renderer.gap(delivery.entry, error.error)
        except Exception:
            log.exception("cannot even draw a gap")
            return {"text": f"Entry {delivery.entry.sequence} could not be shown here ({error.error})."}


class Lanes:
    """Threads that visit destinations, never one by two at once: each of `first` has its own, all others share some."""

    def __init__(self, visit: Callable[[str], None], first: Sequence[str], stopping: threading.Event) -> None:
        self._visit = visit
        self._stopping = stopping
        self._busy: set[str] = set()
        self._guard = threading.Lock()
        self._shared: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._own: dict[str, queue.SimpleQueue[str | None]] = {place: queue.SimpleQueue() for place in first}
        queues = [*self._own.values(), *[self._shared] * OTHER_LANES]
        self._threads = [threading.Thread(target=self._run, args=(each,), name="relay", daemon=True) for each in queues]
        for thread in self._threads:
            thread.start()

    def take(self, destination: str) -> None:
        """Have a destination visited, unless it waits for that or is just being visited."""
        with self._guard:
            if destination in self._busy:
                return
            self._busy.add(destination)
        self._own.get(destination, self._shared).put(destination)

    def end(self, seconds: float) -> bool:
        """Let the lanes end; True when all have, False when one is still waiting for Slack after so many seconds."""
        for place in [*self._own.values(), *[self._shared] * OTHER_LANES]:
            place.put(None)
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, places: queue.SimpleQueue[str | None]) -> None:
        while (destination := places.get()) is not None:
            try:
                if not self._stopping.is_set():
                    self._visit(destination)
            except Exception:
                log.exception("delivering failed", destination=destination)
            finally:
                with self._guard:
                    self._busy.discard(destination)


def is_person(destination: object) -> bool:
    """Whether a destination is a user id (docs.slack.dev/reference/objects/user-object): they begin with U or W."""
    return str(destination)[:1] in {"U", "W"}


def _text_of(payload: Payload) -> Payload:
    return {name: value for name, value in payload.items() if name != "blocks"}


def _references(batch: Sequence[Delivery]) -> dict[str, str]:
    """Name the clicks that caused what is told, if any did; an entry that was tampered with names none."""
    found: dict[str, None] = {}
    for delivery in batch:
        with suppress(LookupError, TypeError, ValueError):
            found[str(delivery.entry.facts[REFERENCE])] = None
    return {REFERENCE: " ".join(found)} if found else {}
