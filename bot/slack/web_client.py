"""The client of Slack's Web API, made here and nowhere else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_sdk.web import SlackResponse

    from bot.settings import Settings

API_TIMEOUT_SECONDS = 20
MAX_RETRY_AFTER_SECONDS = 3600.0
NO_API_ANSWER = "what came back is no answer of Slack's Web API"


class Client(WebClient):
    """The SDK's client, which also raises for what is no answer of the Web API: a proxy's page, half an object."""

    def api_call(self, *args: Any, **kwargs: Any) -> SlackResponse:
        """Call a method. Raises SlackApiError when Slack refuses, SlackRequestError when it was not Slack's answer."""
        try:
            answer = super().api_call(*args, **kwargs)
        except SlackApiError as error:
            if isinstance(error.response.data, dict):
                raise
            raise SlackRequestError(NO_API_ANSWER) from error
        except (AttributeError, TypeError, UnicodeDecodeError) as error:  # the SDK expects a JSON object in UTF-8
            raise SlackRequestError(NO_API_ANSWER) from error
        if answer.get("ok") is not True:
            raise SlackApiError("Slack refuses a call.", answer)
        return answer


def create_client(settings: Settings) -> WebClient:
    """Return a client for the Web API that retries nothing beyond a broken connection."""
    token = settings.slack.bot_token.get_secret_value()
    return Client(token=token, base_url=settings.slack.api_url, timeout=API_TIMEOUT_SECONDS)


def error_text(error: Exception) -> str:
    """Return why a call got no answer, as the operating system puts it: "Connection refused"."""
    reason = getattr(error, "reason", None) or error
    return str(getattr(reason, "strerror", None) or reason)


def object_field(answer: SlackResponse, name: str) -> dict[str, Any]:
    """Return the non-empty object that an answer must have under a name. Raises SlackRequestError."""
    found = answer.get(name)
    if not isinstance(found, dict) or not found:
        raise SlackRequestError(f"Slack's answer has no {name}")
    return found


def text_field(of: SlackResponse | Mapping[str, Any], name: str) -> str:
    """Return the non-empty text that an answer, or an object in it, must have. Raises SlackRequestError."""
    found = of.get(name)
    if not isinstance(found, str) or not found:
        raise SlackRequestError(f"Slack's answer has no {name}")
    return found


def retry_after(headers: Mapping[str, Any]) -> float:
    """Return the seconds of a `Retry-After` header; 1 for a value that is no number."""
    wanted = next((value for name, value in headers.items() if name.lower() == "retry-after"), 1)
    try:
        seconds = float(wanted[0] if isinstance(wanted, list) else wanted)
    except (ValueError, TypeError, IndexError):
        return 1.0
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS) if math.isfinite(seconds) else 1.0
