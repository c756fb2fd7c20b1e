"""The Bolt app: built here and nowhere else, with a de-duplicating gate before every listener.

Bolt does not recognise a payload that is delivered twice, so the gate does, by Slack's own ids.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import structlog
from slack_bolt import Ack, App, BoltResponse
from slack_bolt.error import BoltUnhandledRequestError

from bot.slack.incoming import delivery_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk import WebClient

log = structlog.get_logger()

ACKNOWLEDGING_THREADS = 16
"""Bolt's default of 5 leaves commands unacknowledged under load; these threads only acknowledge."""
_REMEMBERED_DELIVERIES = 10_000


def build_app(client: WebClient) -> App:
    """Return an app without listeners, for a client whose token is known to be good."""
    app = App(
        client=client,
        logger=logging.getLogger("slack_bolt"),
        listener_executor=ThreadPoolExecutor(ACKNOWLEDGING_THREADS, thread_name_prefix="ack"),
        raise_error_for_unhandled_request=True,
        request_verification_enabled=False,  # Socket Mode authenticates the connection, not each request
        ssl_check_enabled=False,
        url_verification_enabled=False,
    )
    app.middleware(Gate().only_once)
    app.error(on_error)
    return app


class Gate:
    """Lets each delivery through once."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._guard = threading.Lock()

    def only_once(self, body: dict[str, Any], ack: Ack, next: Callable[[], None]) -> None:  # noqa: A002 - Bolt's name
        """Acknowledge a repeated delivery without working on it again."""
        key = delivery_key(body)
        if key is None or self._is_new(key):
            next()
            return
        log.info("delivered again", key=key)
        ack()

    def _is_new(self, key: str) -> bool:
        with self._guard:
            if key in self._seen:
                return False
            self._seen[key] = None
            if len(self._seen) > _REMEMBERED_DELIVERIES:
                self._seen.popitem(last=False)
            return True


def on_error(error: Exception, body: dict[str, Any]) -> BoltResponse | None:
    """Log what no listener heard or what broke before the desk took it; a stale button must not look broken."""
    if isinstance(error, BoltUnhandledRequestError):
        log.warning("nothing listens to this", type=body.get("type"), command=body.get("command"))
        return BoltResponse(status=200, body="")
    log.error("listener failed", exc_info=error)
    return None
