"""The bare Bolt app that ours is measured against: it imports the same drivers, acknowledges, and does nothing else.

As a program: `python -m tests.bench.bare_app API_URL BOT_TOKEN APP_TOKEN`.
"""

from __future__ import annotations

import importlib
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

if TYPE_CHECKING:
    from tests.harness import Harness

DRIVERS = ("sqlite3", "pyodbc")


def bare_app(harness: Harness) -> tuple[str, ...]:
    """Return the program as a harness starts it."""
    workspace = harness.workspace
    return ("-m", "tests.bench.bare_app", workspace.api_url, workspace.bot_token, workspace.app_token)


def main(api_url: str, bot_token: str, app_token: str) -> None:
    """Connect, and acknowledge until killed."""
    for driver in DRIVERS:
        with suppress(ImportError):  # pyodbc needs the system's unixODBC
            importlib.import_module(driver)
    app = App(client=WebClient(token=bot_token, base_url=api_url))

    @app.command("/pkgstatus")
    def acknowledge(ack: Ack) -> None:
        ack()

    SocketModeHandler(app, app_token).connect()
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
