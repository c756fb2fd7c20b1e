"""Answers kept for paging, so that page 2 shows the same moment as page 1.

In memory, for a while and up to a bound: an answer that is gone is simply asked for again.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.domain.answers import SnapshotKey

if TYPE_CHECKING:
    from bot.domain.answers import Answer
    from bot.usecases.ports import Clock

KEPT_FOR = timedelta(minutes=30)
MOST_ROWS = 200_000


class Snapshots:
    """Keeps answers by key; the oldest go first when there are too many rows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[SnapshotKey, tuple[datetime, Answer]] = OrderedDict()
        self._guard = threading.Lock()

    def keep(self, answer: Answer) -> SnapshotKey:
        """Keep an answer and return the key under which it is found again."""
        key = SnapshotKey(secrets.token_urlsafe(9))
        with self._guard:
            self._kept[key] = (self._clock(), answer)
            self._make_room()
        return key

    def find(self, key: SnapshotKey) -> Answer | None:
        """Return the answer, or None when it is too old or unknown."""
        with self._guard:
            at, answer = self._kept.get(key, (None, None))
        return answer if at is not None and self._clock() - at <= KEPT_FOR else None

    def _make_room(self) -> None:
        now = self._clock()
        rows = sum(answer.row_count for _, answer in self._kept.values())
        while len(self._kept) > 1:
            key, (at, oldest) = next(iter(self._kept.items()))
            if rows <= MOST_ROWS and now - at <= KEPT_FOR:
                return
            rows -= oldest.row_count
            del self._kept[key]
