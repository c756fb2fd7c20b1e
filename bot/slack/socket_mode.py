"""A supervised Socket Mode connection: connects with back-off, checks the age of the last pong, reconnects.

The SDK's client reconnects by itself, but not before its first success, not after every broken socket, and delivers
nothing for seconds while it closes the old one. Here it only carries messages; when it connects is decided here.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.builtin import SocketModeClient

from bot.slack.web_client import error_text

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from slack_sdk import WebClient
    from slack_sdk.socket_mode.client import BaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

    Listener = Callable[[BaseSocketModeClient, SocketModeRequest], None]

log = structlog.stdlib.get_logger(__name__)

PING_SECONDS = 3
CLOSE_SECONDS = 2
_HANG_UP: int = getattr(select, "POLLRDHUP", 0)
"""Linux reports that the other side closed a socket; elsewhere a missing pong shows it."""
FATAL = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "not_allowed_token_type",
    "missing_scope",
}
"""Errors of a token that waiting does not cure."""


@dataclass(frozen=True, slots=True)
class ConnectionTimings:
    """When a connection counts as lost, how often it is checked, and the pauses between attempts; all in seconds."""

    check_every: float = 0.25
    stale_after: float = 12.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    stable_after: float = 5.0
    """A connection that ends sooner counts as a failed attempt: the next one waits."""


def _is_closed_by_peer(sock: socket.socket) -> bool:
    """Whether the other side closed the socket; the SDK then reads nothing in a loop and does not notice."""
    number = sock.fileno()
    if number < 0 or not _HANG_UP:
        return number < 0
    poller = select.poll()
    poller.register(number, _HANG_UP)
    return bool(poller.poll(0))


class SlackAuthError(Exception):
    """Slack refuses a token, and waiting will not help."""


def reconnect_delays(timings: ConnectionTimings) -> Iterator[float]:
    """Yield the seconds to wait between attempts: doubling up to the longest, without end."""
    pause = timings.first_pause
    while True:
        yield pause
        pause = min(pause * 2, timings.longest_pause)


def raise_if_fatal(token: str, error: SlackApiError) -> None:
    """Raise SlackAuthError for an error in FATAL."""
    reason = str(error.response.get("error"))
    if reason in FATAL:
        raise SlackAuthError(f"Slack refused the {token} token: {reason}.") from error


class _Client(SocketModeClient):
    """The SDK's client without its own reconnecting, which delays acknowledgements for seconds."""

    def __init__(self, app_token: str, web_client: WebClient, listener: Listener, renew: Callable[[], None]) -> None:
        super().__init__(
            app_token=app_token,
            logger=logging.getLogger("slack_sdk.socket_mode"),
            web_client=web_client,
            auto_reconnect_enabled=False,
            ping_interval=PING_SECONDS,
        )
        self._renew = renew
        self.socket_mode_request_listeners.append(listener)

    def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - the SDK's shape
        """Called by the SDK when Slack asks for the connection to be replaced."""
        self._renew()


class SocketModeConnection:
    """Keeps one connection open; a new one is open before the old one is closed.

    `listener` is called from the first moment on, so it must be ready to acknowledge before `run`. `on_change` is
    called with False when the connection is lost and with True when there is one again.
    """

    def __init__(
        self,
        app_token: str,
        web_client: WebClient,
        listener: Listener,
        on_change: Callable[[bool], None],
        timings: ConnectionTimings | None = None,
    ) -> None:
        self._app_token = app_token
        self._web_client = web_client
        self._listener = listener
        self._on_change = on_change
        self._timings = timings or ConnectionTimings()
        self._client: _Client | None = None
        self._is_lost = False
        self._replacement_wanted = threading.Event()

    def run(self, stopping: threading.Event) -> None:
        """Connect, and stay connected until `stopping` is set. Raises SlackAuthError when the app token is refused."""
        delays = reconnect_delays(self._timings)
        while not stopping.is_set():
            if not self._is_usable() and not self._reconnect():
                stopping.wait(next(delays))
                continue
            began = time.monotonic()
            self._monitor(stopping)
            if time.monotonic() - began >= self._timings.stable_after:
                delays = reconnect_delays(self._timings)
            else:
                stopping.wait(next(delays))
        self._close(self._client).join(CLOSE_SECONDS)

    @property
    def is_healthy(self) -> bool:
        """Whether it is connected and Slack answered a ping lately."""
        age = self.pong_age
        return age is not None and age < self._timings.stale_after

    @property
    def pong_age(self) -> float | None:
        """Seconds since Slack last answered a ping; None when not connected."""
        client = self._client
        session = client.current_session if client else None
        sock = session.sock if session else None
        if session is None or sock is None or _is_closed_by_peer(sock):
            return None
        return time.time() - (session.last_ping_pong_time or time.time())

    def _is_usable(self) -> bool:
        return self._client is not None and not self._is_lost and not self._replacement_wanted.is_set()

    def _reconnect(self) -> bool:
        fresh = self._open()
        if fresh:
            self._replace_client(fresh)
        return fresh is not None

    def _open(self) -> _Client | None:
        client = _Client(self._app_token, self._web_client, self._listener, self._replacement_wanted.set)
        try:
            client.connect()
        except SlackApiError as error:
            self._close(client)
            raise_if_fatal("app", error)
            log.warning("Slack did not open a connection", error=str(error.response.get("error")))
        except (OSError, HTTPException, SlackClientError) as error:
            self._close(client)
            log.warning("Slack cannot be reached", error=error_text(error))
        else:
            # It does not raise when the WebSocket itself fails, and logs a success.
            if client.is_connected():
                return client
            self._close(client)
            log.warning("Slack did not open a connection", error="the WebSocket failed")
        return None

    def _replace_client(self, fresh: _Client) -> None:
        self._replacement_wanted.clear()
        old, self._client = self._client, fresh
        log.info("connected")
        if self._is_lost:
            self._is_lost = False
            self._on_change(True)
        self._close(old)

    def _monitor(self, stopping: threading.Event) -> None:
        """Return when `stopping` is set, when Slack asks for a new connection, or when this one is lost."""
        while not stopping.is_set():
            if self._replacement_wanted.wait(self._timings.check_every):
                return
            if not self.is_healthy:
                log.warning("connection lost", pong_age=self.pong_age)
                self._is_lost = True
                self._on_change(False)
                return

    @staticmethod
    def _close(client: _Client | None) -> threading.Thread:
        """Close on another thread: the SDK waits for its reader, which can miss the signal and block for ever."""

        def close() -> None:
            if client is not None:
                with suppress(Exception):  # it can fail in many ways on a socket that is gone already
                    client.close()

        closing = threading.Thread(target=close, name="close", daemon=True)
        closing.start()
        return closing
