"""Tells emergency stops from all other requests: each kind has an executor of its own that nothing else can fill."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bot.domain.command import Freeze, Unfreeze, parse
from bot.views import request_card, request_form

if TYPE_CHECKING:
    from bot.slack.inbound import InboundRequest


class StopKind(StrEnum):
    """The ways to stop a reset. Opening the form is apart from sending it: it waits for Slack's Web API."""

    FREEZE = "freeze"
    REJECT_FORM = "reject form"
    REJECT = "reject"
    WITHDRAW = "withdraw"


_BY_ID = {
    request_card.REJECT_ACTION: StopKind.REJECT_FORM,
    request_form.REJECT_CALLBACK: StopKind.REJECT,
    request_card.WITHDRAW_ACTION: StopKind.WITHDRAW,
}


def stop_kind(inbound: InboundRequest) -> StopKind | None:
    """Return how this stops resets or one of them; None for everything else, approvals and `unfreeze` included."""
    if inbound.kind.startswith("/"):
        return StopKind.FREEZE if isinstance(parse(inbound.text), Freeze) else None
    return _BY_ID.get(inbound.kind)


def is_unfreeze(inbound: InboundRequest) -> bool:
    """Whether this ends a freeze: it waits in the common queue, and a later freeze may be handled before it."""
    return inbound.kind.startswith("/") and isinstance(parse(inbound.text), Unfreeze)
