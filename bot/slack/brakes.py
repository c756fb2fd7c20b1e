"""What stops a reset, among all that comes in: it is done at once and never waits behind questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.query import Freeze, parse
from bot.views import request_card, request_form

if TYPE_CHECKING:
    from bot.slack.incoming import Incoming

_STOPPING = {request_card.REJECT_ACTION, request_form.REJECT_CALLBACK, request_card.WITHDRAW_ACTION}


def is_brake(incoming: Incoming) -> bool:
    """Whether this freezes resets, or rejects or withdraws one."""
    is_command = incoming.kind.startswith("/")
    return incoming.kind in _STOPPING or (is_command and isinstance(parse(incoming.text), Freeze))
