"""Slack's rate limits as token buckets, one per method, and for posting one per channel.

It answers with the seconds to wait and never waits itself.
"""

import math
import time
from collections.abc import Hashable
from dataclasses import dataclass

from bot.demo.workspace.timing import Timing


@dataclass
class _Bucket:
    """So many calls at once, refilled at so many a second."""

    capacity: float
    per_second: float
    tokens: float
    filled_at: float

    def take(self, now: float) -> float:
        """Take one token, or return the seconds until there is one."""
        self.tokens = min(self.capacity, self.tokens + (now - self.filled_at) * self.per_second)
        self.filled_at = now
        if self.tokens < 1:
            return (1 - self.tokens) / self.per_second
        self.tokens -= 1
        return 0.0


class Rates:
    """All buckets of the workspace."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._buckets: dict[Hashable, _Bucket] = {}

    def wait_for_method(self, method: str, per_minute: int) -> int:
        """Return the whole seconds a caller of this method must wait, 0 if it may go on."""
        return self._take(method, per_minute, per_minute / self._timing.minute_s)

    def wait_for_post(self, channel: str) -> int:
        """Return the whole seconds before this channel takes another post, 0 if it may go on."""
        if self._timing.post_interval_s <= 0:
            return 0
        return self._take(("post", channel), self._timing.post_burst, 1 / self._timing.post_interval_s)

    def _take(self, key: Hashable, capacity: float, per_second: float) -> int:
        now = time.monotonic()
        bucket = self._buckets.setdefault(key, _Bucket(capacity, per_second, capacity, now))
        return math.ceil(bucket.take(now))
