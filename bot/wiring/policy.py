"""Refuse to start where the two-person rule cannot be kept: in one sentence, and before anything is listened to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.quantity import quantity
from bot.domain.quorum import QUORUM
from bot.usecases.ports import PeopleError
from bot.views import replies

if TYPE_CHECKING:
    from bot.wiring.requests import RequestParts


class PolicyRefused(Exception):
    """The two-person rule cannot be kept with these settings; said in one sentence."""


def check_policy(parts: RequestParts) -> None:
    """Refuse to start where two people can never approve, or where votes would be held in the wrong place."""
    fault = parts.standing.channel_fault()
    if fault:
        raise PolicyRefused(replies.refused(fault).text)
    try:
        count = parts.standing.possible_approvers(QUORUM)
    except PeopleError as error:
        raise PolicyRefused(f"Slack does not say who the approvers are: {error}") from error
    if count < QUORUM:
        raise PolicyRefused(
            f"{quantity(count, 'person')} could approve a reset, and two are needed: check PKGSTATUS_APPROVERS."
        )
