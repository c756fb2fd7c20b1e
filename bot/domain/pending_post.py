"""A card or a digest that is in the outbox and not in its channel yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

USUAL = timedelta(minutes=1)
"""A message that waits for no longer than this is merely on its way."""


class PostKind(StrEnum):
    """The messages that somebody waits for."""

    CARD = "card"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class PendingPost:
    """One such message: `name` is a request's id or a digest's name, `reason` Slack's own once it said no."""

    what: PostKind
    name: str
    channel: str
    since: datetime
    reason: str = ""

    def is_overdue(self, now: datetime) -> bool:
        """Whether people should know: Slack said no, or it takes longer than usual."""
        return bool(self.reason) or now - self.since > USUAL
