"""When to try again what fails: with growing pauses, because a login that fails every second is soon locked.

It is kept in memory: after a restart everything is tried at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

INITIAL_PAUSE = timedelta(seconds=2)
GROWTH = 2
MAX_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Spaces out the tries at each thing; what was not tried for a long while is new again."""

    _last: dict[str, tuple[datetime, timedelta]] = field(default_factory=dict)

    def is_due(self, name: str, now: datetime) -> bool:
        """Whether to try this now; if so, the next try comes after a longer pause."""
        tried, pause = self._last.get(name, (now, timedelta(0)))
        if tried <= now < tried + pause:  # a clock that was set back makes nobody wait
            return False
        for other, (at, its_pause) in list(self._last.items()):
            if now - at > its_pause + MAX_PAUSE:
                del self._last[other]
        self._last[name] = (now, min(max(pause * GROWTH, INITIAL_PAUSE), MAX_PAUSE))
        return True
