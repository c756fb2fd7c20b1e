"""Why something was not done for a person: a value that every caller must answer, never an exception."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Every reason has its sentence in views/replies.py."""

    OTHER_WORKSPACE = "other workspace"
    DEACTIVATED = "deactivated"
    BOT = "bot"
    GUEST = "guest"
    NOT_A_VIEWER = "not a viewer"
    CANNOT_LOOK_UP = "cannot look up"
    SNAPSHOT_GONE = "snapshot gone"
    UNKNOWN_BUTTON = "unknown button"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was done, and this is why."""

    reason: Reason
