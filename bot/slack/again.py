"""What comes up again after a restart or a fault: what was refused stays refused, what waited too long is not done.

Who was told no, or that nothing was done, does not press again and must not find later that it was done after all.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.ledger import CLOCKS_APART
from bot.domain.refusal import Reason, Refusal
from bot.usecases.recording import Deed, refused
from bot.views import replies

if TYPE_CHECKING:
    from bot.slack.incoming import Incoming
    from bot.usecases.store_ports import Ledger
    from bot.views.kit import Message

DO_WITHIN = timedelta(minutes=15)
"""As long as an approval is good for an apply: whoever waited longer for an answer has stopped expecting one."""
CAME_TO_NOTHING = {"refused", "failed"}


def no_more(ledger: Ledger, incoming: Incoming, waited: timedelta) -> tuple[Deed | None, Message] | None:
    """Return what to record and to say instead of doing the job; None when it may be done. Raises StoreError."""
    for entry in ledger.stream(stream_of(incoming)):
        if entry.facts.get("outcome") in CAME_TO_NOTHING:
            return None, _once_more(str(entry.facts.get("reason", "")))
    late = Refusal(Reason.WAITED)
    in_time = -CLOCKS_APART <= waited <= DO_WITHIN  # a wait of less than nothing was measured by two clocks
    return None if in_time else (refused(incoming.kind, late.reason), replies.refused(late))


def stream_of(incoming: Incoming) -> str:
    """Name the ledger stream in which the answer to something is recorded."""
    return f"in {incoming.key}"


def _once_more(reason: str) -> Message:
    known = reason in set(Reason)
    return replies.refused(Refusal(Reason(reason))) if known else replies.say(replies.NOTHING_BEFORE.format(why=reason))
