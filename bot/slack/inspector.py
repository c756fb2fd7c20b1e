"""Read-only queries about an installation: tokens, scopes, channels, blocks. Posts nothing, opens no connection.

`apps.connections.open` only gives an address, which nobody uses; `blocks.validate` looks at blocks that nobody posts.
"""

from __future__ import annotations

from http.client import HTTPException
from typing import TYPE_CHECKING, Any, TypeVar

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.slack.web_client import error_text, object_field
from bot.slack.workspace import app_of_bot, app_of_token, is_org_wide
from bot.usecases.ports.slack import ChannelFacts, Identity, SlackQueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slack_sdk import WebClient

Result = TypeVar("Result")

_SCOPES = "x-oauth-scopes"
_INVALID_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "view_too_large"}
"""Errors that mean invalid blocks, also where Slack adds no details."""
_NO_JSON = "Received a response in a non-JSON format"
"""How the SDK begins the error for a body that is not JSON."""


class SlackInspector:
    """Implements what the check of an installation asks of Slack."""

    def __init__(self, client: WebClient, app_token: str) -> None:
        self._client = client
        self._app_token = app_token

    def identity(self) -> Identity:
        """Return whom the bot token authenticates, and its scopes. Raises SlackQueryError."""
        found = _call(self._client.auth_test)
        headers = {str(name).lower(): str(value) for name, value in found.headers.items()}
        granted = headers.get(_SCOPES)
        scopes = None if granted is None else frozenset(scope.strip() for scope in granted.split(",") if scope.strip())
        return Identity(
            team_id=str(found.get("team_id") or ""),
            team=str(found.get("team")),
            user=str(found.get("user")),
            scopes=scopes,
            enterprise_id=str(found.get("enterprise_id") or ""),
            is_org_wide=is_org_wide(found),
            app_id=app_of_bot(self._client, str(found.get("bot_id") or "")),
        )

    def open_connection(self) -> str:
        """Ask for a Socket Mode address and return the app of the app-level token. Raises SlackQueryError."""
        _call(lambda: self._client.apps_connections_open(app_token=self._app_token))
        return app_of_token(self._app_token)

    def channel(self, channel_id: str) -> ChannelFacts:
        """Return what `conversations.info` says of a channel. Raises SlackQueryError."""
        answer = _call(lambda: self._client.conversations_info(channel=channel_id))
        found = _call(lambda: object_field(answer, "channel"))
        return ChannelFacts(
            name=str(found.get("name") or channel_id),
            has_bot=bool(found.get("is_member")),
            is_shared=bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared")),
            is_archived=bool(found.get("is_archived")),
        )

    def violations(self, message: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the errors of `blocks.validate` for a message or a view; empty when valid. Raises SlackQueryError."""
        arguments = {"view": message} if "type" in message else {"blocks": message["blocks"]}
        try:
            self._client.blocks_validate(**arguments)
        except SlackApiError as error:
            found = error.response.get("errors") or (error.response.get("response_metadata") or {}).get("messages")
            if not found and (word := str(error.response.get("error"))) in _INVALID_BLOCKS:
                return (word,)
            if not found:
                raise _query_error(error) from error
            return tuple(_validation_error(each) for each in found)
        except (OSError, HTTPException, SlackClientError) as error:
            raise SlackQueryError(error_text(error), is_reached=False) from error
        return ()


def _validation_error(found: Any) -> str:
    return f"{found.get('pointer', '')} {found.get('message', '')}".strip() if isinstance(found, dict) else str(found)


def _call(method: Callable[[], Result]) -> Result:
    try:
        return method()
    except SlackApiError as error:
        raise _query_error(error) from error
    except (OSError, HTTPException, SlackClientError) as error:
        raise SlackQueryError(error_text(error), is_reached=False) from error


def _query_error(error: SlackApiError) -> SlackQueryError:
    word = str(error.response.get("error") or error.response.status_code)
    if word.startswith(_NO_JSON):
        return SlackQueryError(f"HTTP status {error.response.status_code}", is_api=False)
    return SlackQueryError(word, is_api=word != "unknown_method")
