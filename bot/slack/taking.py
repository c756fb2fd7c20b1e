"""What became of something that came in, and what its sender hears when it was not taken."""

from __future__ import annotations

from enum import Enum

from bot.domain.refusal import Reason
from bot.views import replies


class Taken(Enum):
    """What became of something that came in."""

    NEW = "new"
    SEEN = "seen before"
    BUSY = Reason.BUSY.value
    STOPPING = Reason.STOPPING.value
    UNRECORDED = "cannot be recorded"


SORRY = {Taken.BUSY: replies.BUSY, Taken.STOPPING: replies.STOPPING, Taken.UNRECORDED: replies.UNRECORDED}
