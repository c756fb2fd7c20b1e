"""A Slack in memory that the relay can post to, and a time that only the test moves.

`FakeSlack` fills the port `MessageSender`; what shall go wrong is ordered beforehand, per destination.
"""

from __future__ import annotations

from collections import defaultdict, deque
from itertools import count
from typing import TYPE_CHECKING

from bot.usecases.audit.outbox_relay import LEASE, LOOK_EVERY_SECONDS, MessageRenderer
from bot.usecases.ports.slack import Posted, PostError, PostErrorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.domain.ledger_entry import Entry
    from bot.usecases.audit.outbox_relay import OutboxRelay
    from bot.usecases.ports.slack import Payload

LINES_TOGETHER = 3


class Time:
    """Seconds since the test began; fills the relay's `monotonic`."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeSlack:
    """Keeps every text that arrived, by destination, with the moment it arrived at."""

    def __init__(self, time: Callable[[], float]) -> None:
        self.arrived: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self.tried: dict[str, list[float]] = defaultdict(list)
        self.poison: Callable[[str], bool] = lambda _text: False
        self._time = time
        self._orders: dict[str, deque[tuple[PostError, bool]]] = defaultdict(deque)
        self._numbers = count(1)
        self._deleted: set[str] = set()
        self._unchangeable: set[str] = set()

    def fail(
        self,
        destination: str,
        trouble: PostErrorKind,
        times: int = 1,
        *,
        retry_after: float = 0,
        after_effect: bool = False,
    ) -> None:
        """Let the next posts to a destination fail; with `after_effect` they arrive all the same."""
        error = PostError(trouble, "a fault that the test wants", retry_after)
        self._orders[destination].extend([(error, after_effect)] * times)

    def recover(self) -> None:
        """Let nothing fail any more."""
        self._orders.clear()

    def delete(self, posted: Posted) -> None:
        """Delete a message, as a person may."""
        self._deleted.add(posted.ts)

    def forget_once(self, posted: Posted) -> None:
        """Say once that a message cannot be changed, though it is there."""
        self._unchangeable.add(posted.ts)

    def texts(self, destination: str) -> list[str]:
        """Return what a destination shows."""
        return [text for _, text in self.arrived[destination]]

    def lines(self, destination: str) -> list[str]:
        """Return the same, line by line."""
        return [line for text in self.texts(destination) for line in text.splitlines()]

    def moments(self, destination: str) -> list[float]:
        """Return when its messages arrived."""
        return [moment for moment, _ in self.arrived[destination]]

    def post(self, destination: str, payload: Payload) -> Posted:
        text = str(payload["text"])
        self.tried[destination].append(self._time())
        if self.poison(text):
            raise PostError(PostErrorKind.REFUSED, "invalid_blocks")
        fault = self._orders[destination].popleft() if self._orders[destination] else None
        if fault is None or fault[1]:
            self.arrived[destination].append((self._time(), text))
        if fault:
            raise fault[0]
        return Posted(destination, f"{next(self._numbers)}.000000")

    def replace(self, posted: Posted, payload: Payload) -> bool:
        if posted.ts in self._deleted:
            return False
        if posted.ts in self._unchangeable:
            self._unchangeable.remove(posted.ts)
            return False
        self.arrived[f"{posted.channel} {posted.ts}"].append((self._time(), str(payload["text"])))
        return True


def line(entry: Entry) -> str:
    """Return the line that `PEN` draws of an entry."""
    return f"#{entry.sequence} {entry.short_hash}"


def _lines(entries: Sequence[Entry], repeated: frozenset[int] = frozenset()) -> Payload:
    return {"text": "\n".join(f"{line(each)}{' again' if each.sequence in repeated else ''}" for each in entries)}


RENDERER = MessageRenderer(
    how_many=lambda entries: min(len(entries), LINES_TOGETHER),
    lines=_lines,
    gap=lambda entry, error: {"text": f"gap {line(entry)} {error}"},
)


def let_pass(relay: OutboxRelay, time: Time, seconds: float, look_every: float = LOOK_EVERY_SECONDS) -> None:
    """Do what `Relay.run` does for a stretch of simulated time."""
    until = time.now + seconds
    while time.now < until:
        if relay.leases.hold(LEASE):
            relay.deliver()
        time.now += look_every
