"""Asks Slack for an installer: tokens, scopes, channels, blocks. Posts nothing and listens to nothing.

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
_REFUSED = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "view_too_large"}
"""What Slack says of blocks that it does not take, also without saying what is wrong with them."""
_NO_JSON = "Received a response in a non-JSON format"
"""How Slack's own client calls an answer that did not come from the Web API."""


class SlackInspector:
    """Fills the port `Workspace`."""

    def __init__(self, client: WebClient, app_token: str) -> None:
        self._client = client
        self._app_token = app_token

    def identity(self) -> Identity:
        """Say who the bot token makes us. Raises SlackSays."""
        found = _ask(self._client.auth_test)
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
        """Ask for a Socket Mode connection, and do not use it; return the app of its token. Raises SlackSays."""
        _ask(lambda: self._client.apps_connections_open(app_token=self._app_token))
        return app_of_token(self._app_token)

    def channel(self, channel_id: str) -> ChannelFacts:
        """Look at a channel. Raises SlackSays."""
        answer = _ask(lambda: self._client.conversations_info(channel=channel_id))
        found = _ask(lambda: object_field(answer, "channel"))
        return ChannelFacts(
            name=str(found.get("name") or channel_id),
            has_bot=bool(found.get("is_member")),
            is_shared=bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared")),
            is_archived=bool(found.get("is_archived")),
        )

    def violations(self, message: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what Slack has against the blocks of a message, or against a view. Raises SlackSays."""
        asked = {"view": message} if "type" in message else {"blocks": message["blocks"]}
        try:
            self._client.blocks_validate(**asked)
        except SlackApiError as error:
            found = error.response.get("errors") or (error.response.get("response_metadata") or {}).get("messages")
            if not found and (word := str(error.response.get("error"))) in _REFUSED:
                return (word,)
            if not found:
                raise _said(error) from error
            return tuple(_objection(each) for each in found)
        except (OSError, HTTPException, SlackClientError) as error:
            raise SlackQueryError(error_text(error), is_reached=False) from error
        return ()


def _objection(found: Any) -> str:
    return f"{found.get('pointer', '')} {found.get('message', '')}".strip() if isinstance(found, dict) else str(found)


def _ask(question: Callable[[], Result]) -> Result:
    try:
        return question()
    except SlackApiError as error:
        raise _said(error) from error
    except (OSError, HTTPException, SlackClientError) as error:
        raise SlackQueryError(error_text(error), is_reached=False) from error


def _said(error: SlackApiError) -> SlackQueryError:
    word = str(error.response.get("error") or error.response.status_code)
    if word.startswith(_NO_JSON):
        return SlackQueryError(f"HTTP status {error.response.status_code}", is_api=False)
    return SlackQueryError(word, is_api=word != "unknown_method")
