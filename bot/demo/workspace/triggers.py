"""Trigger ids: one modal each, and only for a few seconds.

It knows whom a trigger belongs to and from which view it came; opening the modal is done elsewhere.
"""

import secrets
import time
from dataclasses import dataclass

from bot.demo.workspace.failure import Failure


@dataclass
class Trigger:
    """The right of the app to open one modal for one person."""

    user: str
    view_id: str | None
    issued_at: float
    is_exchanged: bool = False


class Triggers:
    """All trigger ids ever issued."""

    def __init__(self, life_s: float) -> None:
        self._life_s = life_s
        self._issued: dict[str, Trigger] = {}

    def issue(self, user: str, view_id: str | None = None) -> str:
        """Return a new trigger id for this person."""
        trigger_id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._issued[trigger_id] = Trigger(user, view_id, time.monotonic())
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger:
        """Use a trigger up, or fail as Slack does."""
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise Failure("invalid_trigger_id")
        if trigger.is_exchanged:
            raise Failure("exchanged_trigger_id")
        if time.monotonic() - trigger.issued_at > self._life_s:
            raise Failure("expired_trigger_id")
        trigger.is_exchanged = True
        return trigger
