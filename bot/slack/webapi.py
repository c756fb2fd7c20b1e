"""The client of Slack's Web API, made here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk import WebClient

if TYPE_CHECKING:
    from bot.settings import Settings

API_SECONDS = 20


def client_of(settings: Settings) -> WebClient:
    """Return a client for the Web API that retries nothing beyond a broken connection."""
    token = settings.slack.bot_token.get_secret_value()
    return WebClient(token=token, base_url=settings.slack.api_url, timeout=API_SECONDS)
