"""What became of something that came in, and what its sender hears when it was not taken."""

from __future__ import annotations

from enum import Enum

from bot.views import replies


class Taken(Enum):
    """What became of something that came in."""

    NEW = "new"
    SEEN = "seen before"
    BUSY = "busy"
    STOPPING = "stopping"
    UNRECORDED = "cannot be recorded"


SORRY = {Taken.BUSY: replies.BUSY, Taken.STOPPING: replies.STOPPING, Taken.UNRECORDED: replies.UNRECORDED}
