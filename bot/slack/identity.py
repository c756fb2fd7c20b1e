"""Who we are, as Slack sees our bot token."""

from __future__ import annotations

from http.client import HTTPException
from typing import TYPE_CHECKING

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.events import events
from bot.slack.connection import Watch, pauses, raise_if_final

if TYPE_CHECKING:
    import threading

    from slack_sdk import WebClient

log = events(__name__)


def introduce(client: WebClient, stopping: threading.Event, watch: Watch | None = None) -> AuthorizeResult | None:
    """Ask Slack who we are until it answers; return that, or None when stopped meanwhile.

    Raises SlackRefused when the bot token is no good.
    """
    for pause in pauses(watch or Watch()):
        try:
            found = client.auth_test()
            return AuthorizeResult(
                enterprise_id=found.get("enterprise_id"),
                team_id=str(found["team_id"]),
                bot_user_id=found.get("user_id"),
                bot_id=found.get("bot_id"),
                bot_token=client.token,
            )
        except SlackApiError as error:
            raise_if_final("bot", error)
            log.warning("Slack does not say who we are", error=str(error.response.get("error")))
        except (OSError, HTTPException, SlackClientError) as error:
            log.warning("Slack cannot be reached", error=str(error))
        if stopping.wait(pause):
            return None
    raise AssertionError("the pauses never end")
