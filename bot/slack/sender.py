"""Posts messages by the Web API and classifies its errors; implements the port `MessageSender`.

Errors: docs.slack.dev/reference/methods/chat.postMessage. The client used here retries nothing by itself: whether a
message may be sent twice is decided by the outbox relay.
"""

from __future__ import annotations

import re
from functools import partial
from http.client import HTTPException
from socket import gaierror
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError

from bot.slack.web_client import error_text, retry_after, text_field
from bot.usecases.audit.outbox_relay import is_person
from bot.usecases.ports.slack import Posted, PostError, PostErrorKind
from bot.views.card_comparison import tables_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk import WebClient
    from slack_sdk.web import SlackResponse

    from bot.usecases.ports.slack import Payload

_RATE_LIMITED = 429
_SERVER_ERROR = 500
_CHANNEL_ERRORS = {
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "is_inactive",
    "channel_is_archived",
    "channel_type_not_supported",
    "restricted_action",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "restricted_action_non_threadable_channel",
    "restricted_action_thread_locked",
    "cannot_post_message_to_channel",
    "posting_to_general_channel_denied",
    "messages_tab_disabled",
    "no_permission",
    "access_denied",
    "team_access_not_granted",
    "user_not_found",
    "user_disabled",
    "cannot_dm_bot",
}
_PERSON_ERRORS = {
    "user_not_found",
    "users_not_found",
    "user_disabled",
    "user_not_visible",
    "user_deactivated",
    "channel_not_found",
    "cannot_dm_bot",
    "cannot_dm_user",
    "is_bot",
    "team_access_not_granted",
}
"""Slack will never take a direct message to this user."""
_DENIED_ERRORS = {
    "missing_scope",
    "account_inactive",
    "invalid_auth",
    "not_authed",
    "token_revoked",
    "token_expired",
    "app_not_installed",
    "app_uninstalled",
    "not_allowed_token_type",
    "ekm_access_denied",
    "enterprise_is_restricted",
    "org_login_required",
    "two_factor_setup_required",
    "team_not_found",
    "user_is_restricted",
}
"""Slack takes nothing from this app any more, until an admin changes that."""
_REFUSED_ERRORS = {
    "no_text",
    "only_one_table_allowed",
    "invalid_arguments",
    "invalid_arg_name",
    "invalid_array_arg",
    "invalid_form_data",
    "invalid_post_type",
    "update_failed",
    "slack_connect_blocked_file_type",
}
_REFUSED_WORDS = (
    "blocks",
    "attachment",
    "too_long",
    "too_large",
    "too_many",
    "metadata",
    "markdown",
    "table",
    "format",
)
"""Words in Slack's errors for invalid messages, of which it has many and adds new ones."""
_TRANSIENT_ERRORS = {
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "accesslimited",
    "message_limit_exceeded",
    "operation_timeout",
}
_ERROR_CODE = re.compile(r"[a-z]\w*(?: \w+){0,5}")
"""The shape of Slack's own error codes; anything else was sent by something in between."""
_FIELDS = frozenset({"text", "markdown_text", "blocks", "thread_ts", "unfurl_links", "unfurl_media"})
"""Arguments of a message; other keys in an outbox, of a newer version perhaps, are left out."""
_RATE_LIMIT_ERRORS = {"ratelimited", "rate_limited"}
_MESSAGE_GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}


class SlackMessageSender:
    """Posts with a client that has no retry handlers."""

    def __init__(self, client: WebClient, withheld: set[str] | None = None) -> None:
        """Add to `withheld` the kinds of tables that Slack leaves out of the message that it returns."""
        self._client = client
        self._withheld = set() if withheld is None else withheld

    def post(self, destination: str, payload: Payload) -> Posted:
        """Post to a channel id, or to a person by user id. Raises PostError."""
        try:
            sent = self._send(payload, partial(self._client.chat_postMessage, channel=destination))
        except PostError as error:
            if is_person(destination) and error.error in _PERSON_ERRORS:
                raise PostError(PostErrorKind.PERSON, error.error) from error
            raise
        try:
            return Posted(text_field(sent, "channel"), text_field(sent, "ts"))
        except SlackRequestError as error:
            raise PostError(PostErrorKind.UNREACHABLE, str(error)) from error

    def link(self, posted: Posted) -> str:
        """Return the permalink of a message; empty when Slack does not answer."""
        try:
            return text_field(self._client.chat_getPermalink(channel=posted.channel, message_ts=posted.ts), "permalink")
        except (SlackApiError, SlackClientError, HTTPException, OSError):
            return ""

    def replace(self, posted: Posted, payload: Payload) -> bool:
        """Give a posted message new content; False when that message is gone. Raises PostError."""
        try:
            self._send(payload, partial(self._client.chat_update, channel=posted.channel, ts=posted.ts))
        except PostError as error:
            if error.error in _MESSAGE_GONE:
                return False
            raise
        return True

    def _send(self, payload: Payload, call: Callable[..., SlackResponse]) -> SlackResponse:
        try:
            response = call(**_known_fields(payload))
        except SlackApiError as error:
            raise _post_error(error.response) from error
        except (OSError, HTTPException, SlackClientError) as error:
            was_sent = not isinstance(getattr(error, "reason", error), ConnectionRefusedError | gaierror)
            raise PostError(PostErrorKind.UNREACHABLE, error_text(error), was_sent=was_sent) from error
        message = response.get("message")
        if isinstance(message, dict) and message.get("blocks"):
            self._withheld |= tables_in(payload) - tables_in(message)
        return response


def _known_fields(payload: Payload) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name in _FIELDS}


def _post_error(response: Any) -> PostError:
    error = str(response.get("error") or response.status_code)
    if response.status_code == _RATE_LIMITED or error in _RATE_LIMIT_ERRORS:
        return PostError(PostErrorKind.LATER, error, retry_after(response.headers))
    return PostError(_error_kind(response.status_code, error), error)


def _error_kind(status: int, error: str) -> PostErrorKind:
    if status >= _SERVER_ERROR or error in _TRANSIENT_ERRORS or not _ERROR_CODE.fullmatch(error):
        return PostErrorKind.UNREACHABLE
    if error in _CHANNEL_ERRORS:
        return PostErrorKind.CHANNEL
    if error in _DENIED_ERRORS:
        return PostErrorKind.DENIED
    if error in _REFUSED_ERRORS or any(word in error.replace(" ", "_") for word in _REFUSED_WORDS):
        return PostErrorKind.REFUSED
    return PostErrorKind.UNKNOWN
