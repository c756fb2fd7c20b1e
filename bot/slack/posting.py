"""Post messages by the Web API and say what kind of failure it was; fills the port `Poster`.

Errors: docs.slack.dev/reference/methods/chat.postMessage. The client used here retries nothing by itself: whether a
message may be sent twice is the relay's decision.
"""

from __future__ import annotations

from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.usecases.delivering import Posted, PostError, PostTrouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk import WebClient
    from slack_sdk.web import SlackResponse

    from bot.usecases.delivering import Payload

_RATE_LIMITED = 429
_SERVER_FAULTS = 500
_CHANNEL_ERRORS = {
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "is_inactive",
    "restricted_action",
    "restricted_action_read_only_channel",
    "user_not_found",
    "user_disabled",
    "cannot_dm_bot",
}
_REFUSED_ERRORS = {
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_attachments",
    "only_one_table_allowed",
    "msg_too_long",
    "msg_blocks_too_long",
    "no_text",
    "invalid_arguments",
    "invalid_arg_name",
    "metadata_too_large",
    "invalid_metadata_format",
}


_MESSAGE_GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}


class SlackPoster:
    """Posts with a client that has no retry handlers."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def post(self, destination: str, payload: Payload) -> Posted:
        """Post to a channel id, or to a person by user id. Raises PostError."""
        return self._send(lambda: self._client.chat_postMessage(channel=destination, **payload))

    def link(self, posted: Posted) -> str:
        """Return the address of a message, or nothing when Slack does not say."""
        try:
            found = self._client.chat_getPermalink(channel=posted.channel, message_ts=posted.ts)
        except (SlackApiError, SlackClientError, HTTPException, OSError):
            return ""
        return str(found["permalink"])

    def replace(self, posted: Posted, payload: Payload) -> bool:
        """Give a posted message new content; False when that message is gone. Raises PostError."""
        try:
            self._send(lambda: self._client.chat_update(channel=posted.channel, ts=posted.ts, **payload))
        except PostError as error:
            if error.error in _MESSAGE_GONE:
                return False
            raise
        return True

    def _send(self, call: Callable[[], SlackResponse]) -> Posted:
        try:
            sent = call()
            return Posted(str(sent["channel"]), str(sent["ts"]))
        except SlackApiError as error:
            raise _named(error.response) from error
        except (OSError, HTTPException, SlackClientError, ValueError) as error:
            raise PostError(PostTrouble.UNREACHABLE, str(error)) from error


def _named(response: Any) -> PostError:
    error = str(response.get("error") or response.status_code)
    if response.status_code == _RATE_LIMITED or error == "ratelimited":
        return PostError(PostTrouble.LATER, error, float(response.headers.get("Retry-After", 1)))
    if response.status_code >= _SERVER_FAULTS:
        return PostError(PostTrouble.UNREACHABLE, error)
    if error in _CHANNEL_ERRORS:
        return PostError(PostTrouble.CHANNEL, error)
    if error in _REFUSED_ERRORS:
        return PostError(PostTrouble.REFUSED, error)
    return PostError(PostTrouble.UNREACHABLE, error)
