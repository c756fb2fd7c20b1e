"""Counts and times what the bot does, in memory. It knows nothing of who asks for the figures, or in which format."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.domain.refusal import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.usecases.recording import Deed

_ACK_BOUNDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 3)
"""Slack waits three seconds."""
_ANSWER_BOUNDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
_REASONS = frozenset(map(str, Reason))
OTHER = "other"


@dataclass(slots=True)
class Durations:
    """How many things took at most how long; the last place counts what was slower than every bound."""

    bounds: tuple[float, ...]
    seconds: float = 0.0
    counts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, seconds: float) -> None:
        """Count one."""
        place = next((place for place, bound in enumerate(self.bounds) if seconds <= bound), len(self.bounds))
        self.counts[place] += 1
        self.seconds += seconds


class Meter:
    """Hears of acknowledgements, answers and deeds from any thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._acks = Durations(_ACK_BOUNDS)
        self._answers = Durations(_ANSWER_BOUNDS)
        self._refusals: Counter[str] = Counter()

    def acknowledged(self, seconds: float) -> None:
        """Hear how long an acknowledgement took."""
        with self._guard:
            self._acks.add(seconds)

    def answered(self, seconds: float) -> None:
        """Hear how long somebody waited for an answer after that."""
        with self._guard:
            self._answers.add(seconds)

    def noted(self, deed: Deed) -> None:
        """Hear of what was recorded; a reason with a name of its own in it would be a figure of its own each time."""
        if deed.outcome == "refused":
            with self._guard:
                self._refusals[deed.reason if deed.reason in _REASONS else OTHER] += 1

    def acks(self) -> Durations:
        """Return the acknowledgements so far."""
        return self._copy(self._acks)

    def answers(self) -> Durations:
        """Return the answers so far."""
        return self._copy(self._answers)

    def refusals(self) -> Mapping[str, int]:
        """Return how often each reason was given."""
        with self._guard:
            return dict(self._refusals)

    def _copy(self, durations: Durations) -> Durations:
        with self._guard:
            copy = Durations(durations.bounds, durations.seconds)
            copy.counts = list(durations.counts)
            return copy
