"""The Socket Mode connection, kept up: connects with back-off, watches the pong age, replaces what is lost.

The SDK's client would reconnect by itself, but not before its first success, not after every broken socket, and with
seconds of silence while it closes the old one; so it only carries messages here, and its life is ours.
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

    Hear = Callable[[BaseSocketModeClient, SocketModeRequest], None]

log = structlog.stdlib.get_logger(__name__)

PING_SECONDS = 3
CLOSE_SECONDS = 2
_HANG_UP: int = getattr(select, "POLLRDHUP", 0)
"""Linux tells of a line that the other side closed; elsewhere the pong that does not come has to."""
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
class ConnectionTimings:
    """When a connection counts as deaf, and how often to look; all in seconds."""

    look_every: float = 0.25
    stale_after: float = 12.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    settled_after: float = 5.0
    """A connection that ends sooner was none: the next one waits, so that a Slack that dismisses is not stormed."""


def _is_hung_up(line: socket.socket) -> bool:
    """Whether the other side closed without a word; the SDK then reads nothing, over and over, and notices nothing."""
    number = line.fileno()
    if number < 0 or not _HANG_UP:
        return number < 0
    look = select.poll()
    look.register(number, _HANG_UP)
    return bool(look.poll(0))


class SlackAuthError(Exception):
    """Slack does not let this app in, and waiting will not help."""


def reconnect_delays(watch: ConnectionTimings) -> Iterator[float]:
    """Yield the seconds to wait between attempts: longer and longer, without end."""
    pause = watch.first_pause
    while True:
        yield pause
        pause = min(pause * 2, watch.longest_pause)


def raise_if_fatal(token: str, error: SlackApiError) -> None:
    """Raise SlackAuthError when waiting does not cure what Slack said of a token."""
    reason = str(error.response.get("error"))
    if reason in FATAL:
        raise SlackAuthError(f"Slack refused the {token} token: {reason}.") from error


class _Client(SocketModeClient):
    """The SDK's client, which leaves every reconnection to us: its own keeps acknowledgements waiting for seconds."""

    def __init__(self, app_token: str, web_client: WebClient, register: Hear, renew: Callable[[], None]) -> None:
        super().__init__(
            app_token=app_token,
            logger=logging.getLogger("slack_sdk.socket_mode"),
            web_client=web_client,
            auto_reconnect_enabled=False,
            ping_interval=PING_SECONDS,
        )
        self._renew = renew
        self.socket_mode_request_listeners.append(register)

    def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - the SDK's shape
        """Hear that Slack wants the connection replaced."""
        self._renew()


class SocketModeConnection:
    """One supervised Socket Mode connection; a new one is open before the old one is given up.

    Whatever Slack delivers goes to `hear` from the first moment, so it must be ready to acknowledge before `run`.
    """

    def __init__(
        self,
        app_token: str,
        web_client: WebClient,
        register: Hear,
        on_change: Callable[[bool], None],
        watch: ConnectionTimings | None = None,
    ) -> None:
        self._app_token = app_token
        self._web_client = web_client
        self._hear = register
        self._on_change = on_change
        self._watch = watch or ConnectionTimings()
        self._client: _Client | None = None
        self._is_lost = False
        self._wanted = threading.Event()

    def run(self, stopping: threading.Event) -> None:
        """Connect, and stay connected until stopping. Raises SlackAuthError when the app token is no good."""
        waits = reconnect_delays(self._watch)
        while not stopping.is_set():
            if not self._has_line() and not self._replaced():
                stopping.wait(next(waits))
                continue
            began = time.monotonic()
            self._keep_watch(stopping)
            if time.monotonic() - began >= self._watch.settled_after:
                waits = reconnect_delays(self._watch)
            else:
                stopping.wait(next(waits))
        self._give_up(self._client).join(CLOSE_SECONDS)

    @property
    def is_healthy(self) -> bool:
        """Connected, and Slack answered a ping lately."""
        age = self.pong_age
        return age is not None and age < self._watch.stale_after

    @property
    def pong_age(self) -> float | None:
        """Seconds since Slack last answered a ping; None when not connected."""
        client = self._client
        session = client.current_session if client else None
        line = session.sock if session else None
        if session is None or line is None or _is_hung_up(line):
            return None
        return time.time() - (session.last_ping_pong_time or time.time())

    def _has_line(self) -> bool:
        return self._client is not None and not self._is_lost and not self._wanted.is_set()

    def _replaced(self) -> bool:
        fresh = self._open()
        if fresh:
            self._use(fresh)
        return fresh is not None

    def _open(self) -> _Client | None:
        client = _Client(self._app_token, self._web_client, self._hear, self._wanted.set)
        try:
            client.connect()
        except SlackApiError as error:
            self._give_up(client)
            raise_if_fatal("app", error)
            log.warning("Slack did not open a connection", error=str(error.response.get("error")))
        except (OSError, HTTPException, SlackClientError) as error:
            self._give_up(client)
            log.warning("Slack cannot be reached", error=error_text(error))
        else:
            # It does not raise when the WebSocket itself fails, and logs a success; what it shows is what counts.
            if client.is_connected():
                return client
            self._give_up(client)
            log.warning("Slack did not open a connection", error="the WebSocket failed")
        return None

    def _use(self, fresh: _Client) -> None:
        self._wanted.clear()
        old, self._client = self._client, fresh
        log.info("connected")
        if self._is_lost:
            self._is_lost = False
            self._on_change(True)
        self._give_up(old)

    def _keep_watch(self, stopping: threading.Event) -> None:
        """Return when stopped, when Slack wants a new connection, or when this one is lost."""
        while not stopping.is_set():
            if self._wanted.wait(self._watch.look_every):
                return
            if not self.is_healthy:
                log.warning("connection lost", pong_age=self.pong_age)
                self._is_lost = True
                self._on_change(False)
                return

    @staticmethod
    def _give_up(client: _Client | None) -> threading.Thread:
        """Close beside: the SDK waits for its reader, which can miss the sign to end and wait for ever."""

        def close() -> None:
            if client is not None:
                with suppress(Exception):  # it can fail in many ways on a socket that is gone already
                    client.close()

        closing = threading.Thread(target=close, name="close", daemon=True)
        closing.start()
        return closing
