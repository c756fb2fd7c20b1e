"""Is the approvals channel fit for votes? Not shared outside, not archived, and the bot is in it.

Flags: docs.slack.dev/apis/slack-connect; `is_shared` alone says nothing, external sharing has flags of its own.
"""

from __future__ import annotations

from http.client import HTTPException
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.refusal import Reason, Refusal
from bot.slack.webapi import part

if TYPE_CHECKING:
    from slack_sdk import WebClient


def channel_fault(client: WebClient, channel: str) -> Refusal | None:
    """Return why votes cannot be held in this channel, or None; cannot look up means refused."""
    try:
        found = part(client.conversations_info(channel=channel), "channel")
    except SlackApiError as error:
        is_gone = error.response.get("error") == "channel_not_found"
        return Refusal(Reason.CHANNEL_WITHOUT_BOT if is_gone else Reason.CANNOT_LOOK_UP)
    except (OSError, HTTPException, SlackClientError):
        return Refusal(Reason.CANNOT_LOOK_UP)
    faults = (
        (found.get("is_ext_shared") or found.get("is_pending_ext_shared"), Reason.CHANNEL_SHARED),
        (found.get("is_archived"), Reason.CHANNEL_ARCHIVED),
        (not found.get("is_member"), Reason.CHANNEL_WITHOUT_BOT),
    )
    return next((Refusal(reason) for holds, reason in faults if holds), None)
