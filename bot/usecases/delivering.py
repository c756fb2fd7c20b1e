"""Tell Slack what the ledger holds: in order for each destination, at least once, never skipping in silence.

One process delivers at a time, under a lease. What cannot be told now is tried again for ever, with growing pauses;
what Slack will never take is replaced by a gap notice that carries its sequence and hash.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
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
    REFUSED = "refused"


class PostError(Exception):
    """A message was not taken, as far as we know; `retry_after` is Slack's wish, in seconds."""

    def __init__(self, trouble: PostTrouble, error: str, retry_after: float = 0) -> None:
        super().__init__(f"{trouble}: {error}")
        self.trouble = trouble
        self.error = error
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message went."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to go: a new one, or new content for one that was posted; `sent` is told where it went."""

    payload: Payload
    replaces: Posted | None = None
    sent: Callable[[Posted], None] = lambda _: None


class Poster(Protocol):
    """Posts messages. Raises PostError and nothing else."""

    def post(self, destination: str, payload: Payload) -> Posted:
        """Post to a channel id, or to a person by user id."""
        ...

    def replace(self, posted: Posted, payload: Payload) -> bool:
        """Give a posted message new content; False when that message is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Pen:
    """How entries become messages; views/ fills it."""

    how_many: Callable[[Sequence[Entry]], int]
    lines: Callable[[Sequence[Entry]], Payload]
    gap: Callable[[Entry, str], Payload]
    notice: Callable[[Payload], Letter] = Letter
    simpler: Callable[[], bool] = lambda: False
    is_drawn_from_state: Callable[[Payload], bool] = lambda _: False


@dataclass(slots=True)
class _Road:
    """The way to one destination: when to try next, and how often it failed."""

    not_before: float = 0.0
    failures: int = 0
    one_by_one: bool = False


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
            if self.monotonic() >= road.not_before and self.leases.holds(LEASE):
                self._deliver_to(destination, road)

    def _deliver_to(self, destination: str, road: _Road) -> None:
        batch = self._batch(self.outbox.pending(destination, 1 if road.one_by_one else BATCH))
        if not batch:
            return
        road.not_before = self.monotonic() + self.spacing
        with bound(ref=_references(batch), first=batch[0].entry.sequence, last=batch[-1].entry.sequence):
            self._post(destination, road, batch)

    def _post(self, destination: str, road: _Road, batch: Sequence[Delivery]) -> None:
        try:
            reach("deliver: before post")
            posted = self._send(destination, self._drawn(batch))
            reach("deliver: posted")
        except PostError as error:
            self._failed(destination, road, batch, error)
        else:
            self.outbox.settle(batch, posted.channel, posted.ts)
            reach("deliver: settled")
            self._roads[destination] = _Road(not_before=road.not_before)

    def _send(self, destination: str, letter: Letter) -> Posted:
        posted = letter.replaces
        if posted and self.poster.replace(posted, letter.payload):
            log.info("card edited", channel=posted.channel, ts=posted.ts)
        else:
            posted = self.poster.post(destination, letter.payload)
            log.info("told", channel=posted.channel, ts=posted.ts)
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

    def _drawn(self, batch: Sequence[Delivery]) -> Letter:
        """Draw a letter; what cannot be drawn is treated like what Slack refuses, so that it holds nobody up."""
        try:
            return self._letter(batch)
        except StoreError:
            raise
        except Exception as error:
            log.exception("cannot draw what is to be told")
            raise PostError(PostTrouble.REFUSED, f"cannot be drawn: {type(error).__name__}") from error

    def _letter(self, batch: Sequence[Delivery]) -> Letter:
        if batch[0].payload is not None:
            return self.pen.notice(batch[0].payload)
        return Letter(self.pen.lines([delivery.entry for delivery in batch]))

    def _failed(self, destination: str, road: _Road, batch: Sequence[Delivery], error: PostError) -> None:
        if error.trouble is PostTrouble.REFUSED:
            self._refused(destination, road, batch, error)
            return
        road.failures += 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(road.failures - 1, 10), LONGEST_PAUSE_SECONDS)
        road.not_before = self.monotonic() + max(pause, error.retry_after)
        log.warning(
            "not delivered; trying again", destination=destination, trouble=error.trouble.value, error=error.error
        )

    def _refused(self, destination: str, road: _Road, batch: Sequence[Delivery], error: PostError) -> None:
        """Find the one that Slack will not take, draw it simpler, or put a gap notice in its place."""
        if batch[0].payload is not None and self.pen.simpler():
            return
        if len(batch) > 1:
            road.one_by_one = True
            return
        log.error("Slack refuses an entry for good", error=error.error)
        try:
            posted = self.poster.post(destination, self.pen.gap(batch[0].entry, error.error))
        except PostError as again:
            road.not_before = self.monotonic() + max(LONGEST_PAUSE_SECONDS, again.retry_after)
            return
        self.outbox.settle(batch, posted.channel, posted.ts, is_gap=True)


def _references(batch: Sequence[Delivery]) -> str:
    """Name the clicks that caused what is told; an entry that was tampered with names none."""
    found: dict[str, None] = {}
    for delivery in batch:
        with suppress(LookupError, TypeError, ValueError):
            found[str(delivery.entry.facts[REFERENCE])] = None
    return " ".join(found)
