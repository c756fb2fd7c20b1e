"""The newest distribution message of a package on a distribution point, and what kind of news it is.

It speaks of the newest attempt only and may be older than the row: it explains a drift class and never changes one.
Source: `vSMS_DistributionDPStatus`, and Microsoft's list of status messages for content distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

MESSAGE_PARTS = 10
"""A message carries up to this many insertion strings."""


class MessageKind(StrEnum):
    """What a message says of the newest attempt."""

    FAILED = "failed"
    WAITS = "waits for a person"
    UNDER_WAY = "under way"
    GOOD = "good"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DistributionMessage:
    """One line of the view; a field is None where the site does not let us read it or holds nothing.

    `number` is `MessageID`, `state` is `MessageState`; `at` is the site's own clock read as UTC, because its zone is
    not documented. `parts` are the insertion strings that say something, in their order.
    """

    number: int | None
    state: int | None = None
    at: datetime | None = None
    parts: tuple[str, ...] = ()

    @property
    def kind(self) -> MessageKind:
        """What kind of news it is: by its number, else by its state; unknown where neither is documented."""
        by_state = _BY_STATE.get(self.state, MessageKind.UNKNOWN)
        return _BY_NUMBER.get(self.number, by_state)


_BY_STATE: dict[int | None, MessageKind] = {
    1: MessageKind.GOOD,
    2: MessageKind.UNDER_WAY,
    3: MessageKind.FAILED,  # as the class of 2012 numbers it; the view says 4
    4: MessageKind.FAILED,
}
_BY_NUMBER: dict[int | None, MessageKind] = {
    **dict.fromkeys((2301, 2303, 2330, 2384, 4400), MessageKind.GOOD),
    **dict.fromkeys(
        (2300, 2311, 2333, 2342, 2357, 2372, 2376, 2380, 2381, 8200, 8204, 8210),
        MessageKind.UNDER_WAY,
    ),
    2371: MessageKind.WAITS,
    **dict.fromkeys(
        (2302, 2323, 2324, 2354, 2370, 2382, 2383, 2385, 2391, 8203, 8211, 8212),
        MessageKind.FAILED,
    ),
    **dict.fromkeys((2397, 2398), MessageKind.UNKNOWN),
}
