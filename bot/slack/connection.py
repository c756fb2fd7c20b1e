"""The Socket Mode connection, kept up: connects with back-off, watches the pong age, replaces what is lost.

The SDK's client would reconnect by itself, but not before its first success, not after every broken socket, and with
seconds of silence while it closes the old one; so it only carries messages here, and its life is ours.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING

from slack_bolt.adapter.socket_mode.internals import run_bolt_app, send_response
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.builtin import SocketModeClient

from bot.events import events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slack_bolt import App
    from slack_sdk import WebClient
    from slack_sdk.socket_mode.client import BaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

log = events(__name__)

PING_SECONDS = 3
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

    look_every: float = 0.25
    stale_after: float = 12.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    settled_after: float = 5.0
    """A connection that ends sooner was none: the next one waits, so that a Slack that dismisses is not stormed."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who is told when the connection is lost or back, and how many seconds each acknowledgement took."""

    changed: Callable[[bool], None]
    acknowledged: Callable[[float], None] = lambda _: None


class SlackRefused(Exception):
    """Slack does not let this app in, and waiting will not help."""


def introduce(client: WebClient, stopping: threading.Event, watch: Watch | None = None) -> AuthorizeResult | None:
    """Ask Slack who we are until it answers; return that, or None when stopped meanwhile.

    Raises SlackRefused when the bot token is no good.
    """
    for pause in _pauses(watch or Watch()):
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
            _raise_if_final("bot", error)
            log.warning("Slack does not say who we are", error=str(error.response.get("error")))
        except (OSError, HTTPException, SlackClientError) as error:
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


class _Client(SocketModeClient):
    """The SDK's client, which leaves every reconnection to us: its own keeps acknowledgements waiting for seconds."""

    def __init__(
        self, app_token: str, web_client: WebClient, app: App, renew: Callable[[], None], hearing: Hearing
    ) -> None:
        super().__init__(
            app_token=app_token,
            logger=app.logger,
            web_client=web_client,
            auto_reconnect_enabled=False,
            ping_interval=PING_SECONDS,
        )
        self._renew = renew
        self._acknowledged = hearing.acknowledged
        self._app = app
        self.socket_mode_request_listeners.append(self._handle)

    def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - the SDK's shape
        """Hear that Slack wants the connection replaced."""
        self._renew()

    def _handle(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        began = time.time()
        send_response(client, request, run_bolt_app(self._app, request), began)
        self._acknowledged(time.time() - began)


class Connection:
    """One supervised Socket Mode connection; a new one is open before the old one is given up."""

    def __init__(
        self,
        app: App,
        app_token: str,
        web_client: WebClient,
        stopping: threading.Event,
        hearing: Hearing,
        watch: Watch | None = None,
    ) -> None:
        self._app = app
        self._app_token = app_token
        self._web_client = web_client
        self._stopping = stopping
        self._hearing = hearing
        self._watch = watch or Watch()
        self._client: _Client | None = None
        self._is_lost = False
        self._wanted = threading.Event()

    def run(self) -> None:
        """Stay connected until stopping. Raises SlackRefused when the app token is no good."""
        pauses = _pauses(self._watch)
        while not self._stopping.is_set():
            fresh = self._open()
            if fresh is None:
                self._stopping.wait(next(pauses))
                continue
            self._use(fresh)
            began = time.monotonic()
            self._keep_watch()
            if time.monotonic() - began >= self._watch.settled_after:
                pauses = _pauses(self._watch)
            else:
                self._stopping.wait(next(pauses))
        self._give_up(self._client)

    @property
    def is_healthy(self) -> bool:
        """Connected, and Slack answered a ping lately."""
        age = self.pong_age
        return age is not None and age < self._watch.stale_after

    @property
    def pong_age(self) -> float | None:
        """Seconds since Slack last answered a ping; None when not connected."""
        client = self._client
        if client is None or not client.is_connected() or client.current_session is None:
            return None
        return time.time() - (client.current_session.last_ping_pong_time or time.time())

    def _open(self) -> _Client | None:
        client = _Client(self._app_token, self._web_client, self._app, self._wanted.set, self._hearing)
        try:
            client.connect()
        except SlackApiError as error:
            self._give_up(client)
            _raise_if_final("app", error)
            log.warning("Slack did not open a connection", error=str(error.response.get("error")))
        except (OSError, HTTPException, SlackClientError) as error:
            self._give_up(client)
            log.warning("Slack cannot be reached", error=str(error))
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
            self._hearing.changed(True)
        if old is not None:
            threading.Thread(target=self._give_up, args=(old,), daemon=True).start()

    def _keep_watch(self) -> None:
        """Return when stopped, when Slack wants a new connection, or when this one is lost."""
        while not self._stopping.is_set():
            if self._wanted.wait(self._watch.look_every):
                return
            if not self.is_healthy:
                log.warning("connection lost", pong_age=self.pong_age)
                self._is_lost = True
                self._hearing.changed(False)
                return

    @staticmethod
    def _give_up(client: _Client | None) -> None:
        if client is not None:
            with suppress(Exception):  # the SDK's close can fail in many ways on a socket that is gone already
                client.close()
