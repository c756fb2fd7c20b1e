"""The Bolt app, and what hands it the deliveries of a Socket Mode connection.

Bolt does not recognise a payload that is delivered twice; the dispatcher does, by Slack's own ids.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import structlog
from slack_bolt import App, BoltResponse
from slack_bolt.adapter.socket_mode.internals import run_bolt_app, send_response
from slack_bolt.error import BoltUnhandledRequestError

if TYPE_CHECKING:
    from slack_bolt import Ack
    from slack_bolt.authorization import AuthorizeResult
    from slack_sdk.socket_mode.client import BaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

    from bot.slack.ack_gate import AckGate

log = structlog.stdlib.get_logger(__name__)

ACKNOWLEDGING_THREADS = 16
"""Bolt's default of 5 leaves commands unacknowledged under load; these threads only acknowledge."""


RefusalCheck = Callable[["Ack", "dict[str, Any]"], "BoltResponse | None"]
"""Acknowledges a payload that is not for this installation with the reason; returns None for one that is."""


def build_app(identity: AuthorizeResult, refuse: RefusalCheck = lambda *_: None) -> App:
    """Return an app without listeners; what `refuse` refuses reaches none of them.

    Socket Mode has authenticated the connection: requests are not verified again.
    """
    app = App(
        authorize=lambda: identity,
        logger=logging.getLogger("slack_bolt"),
        listener_executor=ThreadPoolExecutor(ACKNOWLEDGING_THREADS, thread_name_prefix="ack"),
        raise_error_for_unhandled_request=True,
        request_verification_enabled=False,  # Socket Mode authenticates the connection, not each request
        ssl_check_enabled=False,
        url_verification_enabled=False,
    )
    app.error(on_error)

    @app.middleware
    def refuse_foreign(ack: Ack, body: dict[str, Any], next: Callable[[], BoltResponse]) -> BoltResponse:  # noqa: A002 - Bolt's name
        return refuse(ack, body) or next()

    return app


def on_error(error: Exception, body: dict[str, Any]) -> BoltResponse | None:
    """Log a payload without a listener, and errors of listeners; a button of an older version must not look broken."""
    if isinstance(error, BoltUnhandledRequestError):
        log.warning("nothing listens to this", type=body.get("type"), command=body.get("command"))
        return BoltResponse(status=200, body="")
    log.error("listener failed", exc_info=error)
    return None


def socket_mode_listener(
    app: App, on_acknowledged: Callable[[float], None], ack_gate: AckGate
) -> Callable[[BaseSocketModeClient, SocketModeRequest], None]:
    """Return the SDK's listener that hands requests to the app; `on_acknowledged` gets the seconds of each."""

    def listen(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        began = time.time()
        with ack_gate.acknowledging():
            send_response(client, request, run_bolt_app(app, request), began)
        on_acknowledged(time.time() - began)

    return listen
