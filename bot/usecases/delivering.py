"""Tell Slack what the ledger holds: in order for each destination, at least once, never skipping in silence.

One process delivers at a time, under a lease. What cannot be told now is tried again for ever, with growing pauses. A
message that somebody waits for (a card, a digest) goes down its forms when Slack refuses it, then waits by itself,
while others pass it, and its `refused` hears why. Anything else that Slack will never take is replaced by a gap notice
that carries its sequence and hash.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Protocol

from bot.events import REFERENCE, bound, events
from bot.failpoints import reach
from bot.usecases.store_ports import Delivery, Leases, Outbox, StoreError

if TYPE_CHECKING:
    from bot.domain.ledger import Entry

log = events(__name__)

LEASE = "relay"
SPACING_SECONDS = 1.05
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.5
BATCH = 60

Payload = Mapping[str, Any]


class PostTrouble(StrEnum):
    """Why Slack did not take a message."""

    LATER = "rate limited"
    UNREACHABLE = "unreachable"
    CHANNEL = "channel"
    DENIED = "denied"
    REFUSED = "refused"
    UNKNOWN = "unknown"


_ABOUT_THE_DESTINATION = frozenset({PostTrouble.CHANNEL, PostTrouble.DENIED})
"""Slack said no whatever the message, so the same holds for everything that waits there."""


class PostError(Exception):
    """A message was not taken, as far as we know; `retry_after` is Slack's wish, in seconds.

    It is certain only where Slack said so, or where nothing was sent at all (`was_sent` false).
    """

    def __init__(self, trouble: PostTrouble, error: str, retry_after: float = 0, *, was_sent: bool = True) -> None:
        super().__init__(f"{trouble}: {error}")
        self.trouble = trouble
        self.error = error
        self.retry_after = retry_after
        self.is_unclear = trouble is PostTrouble.UNREACHABLE and was_sent


class ForgedError(Exception):
    """The bot did not write what is to be told, or its app-level token was changed since."""


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message went."""

    channel: str
    ts: str


def _has_no_simpler_form() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to go: a new one, or new content for one that was posted; `sent` is told where it went.

    `opening` is what a new message holds until its place is known; only then it gets `payload`. An answer that says
    nothing of a post then leaves a message that nobody can act on. With `is_edit` a message that is gone stays gone.
    `simpler` gives up the form the message was drawn in and says whether there is another. With `refused` the message
    waits as long as Slack does not take it, and `refused` is told Slack's reason.
    """

    payload: Payload
    replaces: Posted | None = None
    sent: Callable[[Posted], None] = lambda _: None
    opening: Payload | None = None
    is_edit: bool = False
    simpler: Callable[[], bool] = _has_no_simpler_form
    refused: Callable[[str], None] | None = None


class Poster(Protocol):
    """Posts messages. Raises PostError and nothing else."""

    def post(self, destination: str, payload: Payload) -> Posted:
        """Post to a channel id, or to a person by user id."""
        ...

    def replace(self, posted: Posted, payload: Payload) -> bool:
        """Give a posted message new content; False when that message is gone."""
        ...


def _as_it_is(delivery: Delivery) -> Letter:
    return Letter(delivery.payload or {})


def _by_itself(delivery: Delivery) -> str:
    return f"{delivery.entry.sequence} {delivery.number}"


@dataclass(frozen=True, slots=True)
class Pen:
    """How entries become messages; views/ fills it.

    `lines` is given the entries and the sequence numbers of those that may stand in the channel already. `notice` makes
    the letter of a notice, or None for one that nobody needs any more. `subject` names what a notice is about: notices
    of one subject never overtake each other.
    """

    how_many: Callable[[Sequence[Entry]], int]
    lines: Callable[[Sequence[Entry], frozenset[int]], Payload]
    gap: Callable[[Entry, str], Payload]
    notice: Callable[[Delivery], Letter | None] = _as_it_is
    subject: Callable[[Delivery], str] = _by_itself
    is_drawn_from_state: Callable[[Payload], bool] = lambda _: False


@dataclass(slots=True)
class _Road:
    """The way to one destination, or of one subject there: when to try next, and how often it failed.

    `denied` is Slack's reason while it takes nothing there, and `told` are the subjects whose `refused` heard it.
    """

    not_before: float = 0.0
    failures: int = 0
    one_by_one: bool = False
    denied: str = ""
    told: set[str] = field(default_factory=set)

    def failed(self, now: float, retry_after: float = 0) -> None:
        """Wait longer after each failure, up to a minute, or as long as Slack wishes."""
        self.failures += 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(self.failures - 1, 10), LONGEST_PAUSE_SECONDS)
        self.not_before = now + max(pause, retry_after)


@dataclass(slots=True)
class Relay:
    """Delivers what is pending; `run` does so until stopped."""

    outbox: Outbox
    leases: Leases
    poster: Poster
    pen: Pen
    monotonic: Callable[[], float]
    spacing: float = SPACING_SECONDS
    _roads: dict[str, _Road] = field(default_factory=dict)
    _put_aside: dict[tuple[str, str], _Road] = field(default_factory=dict)
    _wake: threading.Event = field(default_factory=threading.Event)

    def wake(self) -> None:
        """Look at once instead of at the next tick."""
        self._wake.set()

    def run(self, stopping: threading.Event) -> None:
        """Deliver until stopped, whenever this process holds the lease."""
        while not stopping.is_set():
            try:
                if self.leases.hold(LEASE):
                    self.deliver()
            except StoreError as error:
                log.warning("the store does not say what to deliver", trouble=error.trouble.value, detail=error.detail)
            except Exception:
                # A relay that died would pause all resets; whatever it was, the next look may go better.
                log.exception("delivering failed")
            self._wake.wait(self.pause())
            self._wake.clear()
        with suppress(StoreError):  # nobody else is kept waiting for longer than the lease
            self.leases.release(LEASE)

    def pause(self) -> float:
        """Return how long to wait for the next look: not longer than any destination must."""
        now = self.monotonic()
        return min(
            [LOOK_EVERY_SECONDS, *(road.not_before - now for road in self._roads.values() if road.not_before > now)]
        )

    def deliver(self) -> None:
        """Post once to every destination whose time has come."""
        for destination in self.outbox.destinations():
            road = self._roads.setdefault(destination, _Road())
            if not self.leases.holds(LEASE):
                continue
            if self.monotonic() >= road.not_before:
                self._deliver_to(destination, road)
            elif road.denied:
                self._tell_all_who_wait(destination, road)

    def _deliver_to(self, destination: str, road: _Road) -> None:
        batch = self._batch(self._next(destination, 1 if road.one_by_one else BATCH))
        if not batch:
            return
        road.not_before = self.monotonic() + self.spacing
        with bound(ref=_references(batch), first=batch[0].entry.sequence, last=batch[-1].entry.sequence):
            self._post(destination, road, batch)

    def _next(self, destination: str, limit: int) -> Sequence[Delivery]:
        """Read the oldest deliveries that are not put aside."""
        now, since = self.monotonic(), 0
        waits = {
            subject
            for (place, subject), road in self._put_aside.items()
            if place == destination and road.not_before > now
        }
        while pending := self.outbox.pending(destination, limit, since):
            free = [each for each in pending if each.payload is None or self.pen.subject(each) not in waits]
            if free or not waits:
                return free
            since = pending[-1].entry.sequence + 1
        return []

    def _post(self, destination: str, road: _Road, batch: Sequence[Delivery]) -> None:
        letter: Letter | None = None
        try:
            letter = self._drawn(batch)
            if letter is None:
                self.outbox.settle(batch, "", "", is_gap=True)
                return
            if batch[0].payload is None:
                self.outbox.attempt(batch)
            reach("deliver: before post")
            posted = self._send(destination, letter)
            reach("deliver: posted")
        except PostError as error:
            if batch[0].payload is None and not error.is_unclear:
                self.outbox.attempt(batch, failed=True)
            self._failed(destination, road, batch, letter, error)
        else:
            self.outbox.settle(batch, posted.channel, posted.ts)
            reach("deliver: settled")
            self._put_aside.pop((destination, self.pen.subject(batch[0])), None)
            self._roads[destination] = _Road(not_before=road.not_before)

    def _send(self, destination: str, letter: Letter) -> Posted:
        posted = letter.replaces
        if posted and (self.poster.replace(posted, letter.payload) or letter.is_edit):
            log.info("card edited", channel=posted.channel, ts=posted.ts)
            letter.sent(posted)
            return posted
        posted = self.poster.post(destination, letter.opening or letter.payload)
        log.info("told", channel=posted.channel, ts=posted.ts)
        try:
            if letter.opening is not None and not self.poster.replace(posted, letter.payload):
                raise PostError(PostTrouble.UNREACHABLE, "the message is gone")
        finally:
            letter.sent(posted)
        return posted

    def _batch(self, pending: Sequence[Delivery]) -> Sequence[Delivery]:
        """Lines travel together; a notice travels alone, except that one drawing serves all that ask for the same."""
        lines = list(takewhile(lambda delivery: delivery.payload is None, pending))
        if lines:
            return lines[: self.pen.how_many([line.entry for line in lines])]
        first = pending[0].payload if pending else None
        if first is not None and self.pen.is_drawn_from_state(first):
            return [delivery for delivery in pending if delivery.payload == first]
        return pending[:1]

    def _drawn(self, batch: Sequence[Delivery]) -> Letter | None:
        """Draw a letter; what cannot be drawn is treated like what Slack refuses, so that it holds nobody up."""
        try:
            return self._letter(batch)
        except StoreError:
            raise
        except Exception as error:
            log.exception("cannot draw what is to be told")
            raise PostError(PostTrouble.REFUSED, f"cannot be drawn: {type(error).__name__}") from error

    def _letter(self, batch: Sequence[Delivery]) -> Letter | None:
        if not batch[0].is_ours:
            raise ForgedError
        if batch[0].payload is not None:
            return self.pen.notice(batch[0])
        repeated = frozenset(delivery.entry.sequence for delivery in batch if delivery.was_tried)
        return Letter(self.pen.lines([delivery.entry for delivery in batch], repeated))

    def _failed(
        self, destination: str, road: _Road, batch: Sequence[Delivery], letter: Letter | None, error: PostError
    ) -> None:
        waits = letter is not None and letter.refused is not None
        if error.trouble is PostTrouble.REFUSED or (error.trouble is PostTrouble.UNKNOWN and waits):
            self._refused(destination, road, batch, letter, error)
            return
        road.failed(self.monotonic(), error.retry_after)
        log.warning(
            "not delivered; trying again", destination=destination, trouble=error.trouble.value, error=error.error
        )
        if error.trouble in _ABOUT_THE_DESTINATION:
            if road.denied != error.error:
                road.denied, road.told = error.error, set()
            self._tell_all_who_wait(destination, road)

    def _tell_all_who_wait(self, destination: str, road: _Road) -> None:
        """Let everything that waits for this destination hear once why it takes nothing."""
        since = 0
        while pending := self.outbox.pending(destination, BATCH, since):
            since = pending[-1].entry.sequence + 1
            for delivery in pending:
                if delivery.payload is None or (subject := self.pen.subject(delivery)) in road.told:
                    continue
                road.told.add(subject)
                with suppress(PostError):
                    letter = self._drawn([delivery])
                    if letter and letter.refused:
                        letter.refused(road.denied)

    def _refused(
        self, destination: str, road: _Road, batch: Sequence[Delivery], letter: Letter | None, error: PostError
    ) -> None:
        """Draw it simpler, let it wait by itself, find the line that Slack will not take, or put a gap in its place."""
        if letter and letter.simpler():
            return
        if letter and letter.refused:
            aside = self._put_aside.setdefault((destination, self.pen.subject(batch[0])), _Road())
            aside.failed(self.monotonic())
            log.warning("Slack refuses a message; trying again", destination=destination, error=error.error)
            letter.refused(error.error)
            return
        if len(batch) > 1:
            road.one_by_one = True
            return
        log.error("Slack refuses an entry for good", error=error.error)
        try:
            posted, is_gap = self._without_blocks(destination, batch[0], letter, error)
        except PostError as again:
            road.not_before = self.monotonic() + max(LONGEST_PAUSE_SECONDS, again.retry_after)
            return
        self.outbox.settle(batch, posted.channel, posted.ts, is_gap=is_gap)

    def _without_blocks(
        self, destination: str, delivery: Delivery, letter: Letter | None, error: PostError
    ) -> tuple[Posted, bool]:
        """Post what a message says without its blocks, or else its gap notice, also without blocks if need be."""
        gap = self.pen.gap(delivery.entry, error.error)
        tries = [(Letter(gap), True), (Letter(_text_of(gap)), True)]
        if letter and letter.replaces and letter.is_edit:
            tries = [(replace(letter, payload=_text_of(letter.payload)), False)]
        if letter and delivery.payload is not None and "blocks" in letter.payload:
            tries.insert(0, (replace(letter, payload=_text_of(letter.payload)), False))
        for attempt, is_gap in tries[:-1]:
            try:
                return self._send(destination, attempt), is_gap
            except PostError as again:
                if again.trouble is not PostTrouble.REFUSED:
                    raise
        return self._send(destination, tries[-1][0]), True


def _text_of(payload: Payload) -> Payload:
    return {name: value for name, value in payload.items() if name != "blocks"}


def _references(batch: Sequence[Delivery]) -> str:
    """Name the clicks that caused what is told; an entry that was tampered with names none."""
    found: dict[str, None] = {}
    for delivery in batch:
        with suppress(LookupError, TypeError, ValueError):
            found[str(delivery.entry.facts[REFERENCE])] = None
    return " ".join(found)
