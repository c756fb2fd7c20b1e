"""What happened (the log) and who wants to know that something changed (the listeners).

It keeps no secrets: tokens are left out of what it is given. It never decides anything.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

KEPT_ENTRIES = 50_000


@dataclass(frozen=True)
class Change:
    """Something to fetch again; `reader` limits who may know of it."""

    kind: str
    channel: str | None = None
    reader: str | None = None


@dataclass(eq=False)
class Listener:
    """One open event stream; None ends it."""

    user: str | None
    changes: asyncio.Queue[Change | None] = field(default_factory=asyncio.Queue)


class Journal:
    """The log, oldest first, and the open event streams."""

    def __init__(self) -> None:
        self.entries: deque[dict[str, object]] = deque(maxlen=KEPT_ENTRIES)
        self.listeners: set[Listener] = set()

    def write(self, **entry: object) -> None:
        """Append an entry with the moment it happened."""
        known = {name: value for name, value in entry.items() if value is not None}
        self.entries.append({"at": time.time(), **known})

    def announce(self, change: Change) -> None:
        """Tell every listener who may know."""
        for listener in self.listeners:
            if change.reader in (None, listener.user) or listener.user is None:
                listener.changes.put_nowait(change)

    def close(self) -> None:
        """End every event stream."""
        for listener in self.listeners:
            listener.changes.put_nowait(None)
