"""Answers kept for paging, so that page 2 shows the same moment as page 1, whichever process is asked for it.

All are in the store, for a while and up to a bound: one that is gone is asked for again. The newest are in memory too.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.domain.lookup_result import SnapshotKey
from bot.usecases.lookup.snapshot_codec import pack, unpack
from bot.usecases.ports.store import StoredSnapshot

if TYPE_CHECKING:
    from bot.domain.lookup_result import Answer
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.store import SnapshotStore

KEPT_FOR = timedelta(minutes=30)
MOST_ROWS = 200_000
ROWS_IN_MEMORY = 10_000
"""A row takes about 500 bytes here: all that the store keeps would be 100 MB in each process."""


class SnapshotCache:
    """Keeps answers by key; the oldest leave the store, and before that the memory, when there are too many rows."""

    def __init__(self, clock: Clock, snapshot_store: SnapshotStore) -> None:
        self._clock = clock
        self._shelf = snapshot_store
        self._kept: OrderedDict[SnapshotKey, tuple[datetime, Answer]] = OrderedDict()
        self._guard = threading.Lock()

    def keep(self, answer: Answer) -> SnapshotKey:
        """Keep an answer and return the key under which it is found again. Raises StoreError."""
        key, now = SnapshotKey(secrets.token_urlsafe(9)), self._clock()
        stored = StoredSnapshot(now, answer.row_count, pack(answer))
        self._shelf.put(key, stored, now - KEPT_FOR, MOST_ROWS)
        self._remember(key, now, answer)
        return key

    def find(self, key: SnapshotKey) -> Answer | None:
        """Return the answer, or None when it is too old or unknown. Raises StoreError."""
        with self._guard:
            at, answer = self._kept.get(key, (None, None))
        if at is None:
            stored = self._shelf.find(key)
            at, answer = (stored.at, unpack(stored.body)) if stored else (None, None)
            if at and answer:
                self._remember(key, at, answer)
        return answer if at is not None and self._clock() - at <= KEPT_FOR else None

    def _remember(self, key: SnapshotKey, at: datetime, answer: Answer) -> None:
        with self._guard:
            self._kept[key] = (at, answer)
            self._make_room()

    def _make_room(self) -> None:
        now = self._clock()
        rows = sum(answer.row_count for _, answer in self._kept.values())
        while len(self._kept) > 1:
            key, (at, oldest) = next(iter(self._kept.items()))
            if rows <= ROWS_IN_MEMORY and now - at <= KEPT_FOR:
                return
            rows -= oldest.row_count
            del self._kept[key]
