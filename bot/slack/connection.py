"""The Socket Mode connection, kept up: connects with back-off, watches the pong age, rebuilds what has gone deaf.

The SDK's client reconnects by itself while its monitor runs, but not before the first success, and `connect()` neither
raises nor says so when the WebSocket itself fails; so health is what it shows, never what it logged.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError, SlackClientError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from slack_bolt import App
    from slack_sdk import WebClient

log = structlog.get_logger()

PING_SECONDS = 5
FATAL = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "not_allowed_token_type",
    "missing_scope",
}
"""Errors of `apps.connections.open` that waiting does not cure."""


@dataclass(frozen=True, slots=True)
class Watch:
    """When a connection counts as deaf, and how often to look; all in seconds."""

    look_every: float = 1.0
    stale_after: float = 60.0
    rebuild_after: float = 120.0
    first_pause: float = 1.0
    longest_pause: float = 60.0


class SlackRefused(Exception):
    """Slack does not let this app in, and waiting will not help."""


def introduce(client: WebClient, stopping: threading.Event, watch: Watch | None = None) -> str | None:
    """Ask Slack who we are until it answers; return our team id, or None when stopped meanwhile.

    Raises SlackRefused when the bot token is no good.
    """
    for pause in _pauses(watch or Watch()):
        try:
            return str(client.auth_test()["team_id"])
        except SlackApiError as error:
            _raise_if_final("bot", error)
            log.warning("Slack does not say who we are", error=str(error.response.get("error")))
        except (OSError, SlackClientError) as error:
            log.warning("Slack cannot be reached", error=str(error))
        if stopping.wait(pause):
            return None
    raise AssertionError("the pauses never end")


def _pauses(watch: Watch) -> Iterator[float]:
    pause = watch.first_pause
    while True:
        yield pause
        pause = min(pause * 2, watch.longest_pause)


def _raise_if_final(token: str, error: SlackApiError) -> None:
    reason = str(error.response.get("error"))
    if reason in FATAL:
        raise SlackRefused(f"Slack refused the {token} token: {reason}.") from error


class Connection:
    """One supervised Socket Mode connection."""

    def __init__(
        self,
        app: App,
        app_token: str,
        stopping: threading.Event,
        on_change: Callable[[bool], None],
        watch: Watch | None = None,
    ) -> None:
        self._app = app
        self._app_token = app_token
        self._stopping = stopping
        self._on_change = on_change
        self._watch = watch or Watch()
        self._handler: SocketModeHandler | None = None

    def run(self) -> None:
        """Stay connected until stopping. Raises SlackRefused when the app token is no good."""
        pauses = _pauses(self._watch)
        while not self._stopping.is_set():
            if self._connect():
                self._keep_watch()
                pauses = _pauses(self._watch)
            self._drop()
            self._stopping.wait(next(pauses))

    @property
    def is_healthy(self) -> bool:
        """Connected, and Slack answered a ping lately."""
        age = self.pong_age
        return age is not None and age < self._watch.stale_after

    @property
    def pong_age(self) -> float | None:
        """Seconds since Slack last answered a ping; None when not connected."""
        client = self._handler.client if self._handler else None
        if client is None or not client.is_connected() or client.current_session is None:
            return None
        return time.time() - (client.current_session.last_ping_pong_time or time.time())

    def _connect(self) -> bool:
        handler = SocketModeHandler(self._app, self._app_token, ping_interval=PING_SECONDS)
        self._handler = handler
        try:
            handler.connect()
        except SlackApiError as error:
            _raise_if_final("app", error)
            log.warning("Slack did not open a connection", error=str(error.response.get("error")))
            return False
        except (OSError, SlackClientError) as error:
            log.warning("Slack cannot be reached", error=str(error))
            return False
        if not handler.client.is_connected():
            log.warning("Slack did not open a connection", error="the WebSocket failed")
            return False
        log.info("connected")
        return True

    def _keep_watch(self) -> None:
        """Return when stopped, or when the connection has been deaf for too long for the SDK to repair it."""
        healthy_at = time.monotonic()
        was_healthy = self.is_healthy
        while not self._stopping.wait(self._watch.look_every):
            now = time.monotonic()
            healthy_at = now if self.is_healthy else healthy_at
            if self.is_healthy != was_healthy:
                was_healthy = not was_healthy
                self._on_change(was_healthy)
            if now - healthy_at > self._watch.rebuild_after:
                log.error("connection is deaf; building a new one")
                return

    def _drop(self) -> None:
        if self._handler is not None:
            self._handler.close()
            self._handler = None
