"""Response URLs: who may still use which, how often and until when.

It only keeps count; what a post to one does is in `response_posts`.
"""

import secrets
import time
from dataclasses import dataclass

from bot.demo.workspace.failure import Failure
from bot.demo.workspace.messages import Message

MAX_USES = 5


@dataclass
class ResponseUrl:
    """One budget of answers to one thing that a person did."""

    channel: str
    user: str
    origin: Message | None
    """The message whose element was used; None after a slash command."""
    expires_at: float
    uses: int = 0


class ResponseUrls:
    """All response URLs ever issued."""

    def __init__(self, life_s: float) -> None:
        self._life_s = life_s
        self._issued: dict[str, ResponseUrl] = {}

    def issue(self, channel: str, user: str, origin: Message | None) -> str:
        """Return the secret part of a new response URL."""
        key = secrets.token_urlsafe(16)
        self._issued[key] = ResponseUrl(channel, user, origin, time.monotonic() + self._life_s)
        return key

    def use(self, key: str) -> ResponseUrl:
        """Count one use, or fail when there is none left."""
        response_url = self._issued.get(key)
        if response_url is None:
            raise Failure("invalid_url")
        if time.monotonic() > response_url.expires_at:
            raise Failure("expired_url")
        if response_url.uses >= MAX_USES:
            raise Failure("used_url")
        response_url.uses += 1
        return response_url
