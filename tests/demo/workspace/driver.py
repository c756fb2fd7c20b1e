"""Drivers for tests of the workspace: its control API, its Web API and a real Bolt app.

No test looks inside the workspace; what none of these shows is not tested.
"""

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.demo.workspace.server import RunningWorkspace
from tests.waiting import TIMEOUT_SECONDS, wait_until

CLOSE_SECONDS = 5
Json = dict[str, Any]


def fetch(address: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Return status and text of one HTTP call."""
    request = Request(address, body, headers or {"Content-Type": "application/json"})  # noqa: S310 - loopback only
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - loopback only
            return response.status, response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


class Control:
    """The control API."""

    def __init__(self, workspace: RunningWorkspace) -> None:
        self.url = workspace.url

    def attempt(self, action: str, /, **document: Any) -> tuple[int, Json]:
        """Post an action; return the HTTP status and the answer."""
        status, text = fetch(f"{self.url}/control/{action}", json.dumps(document).encode())
        return status, json.loads(text)

    def do(self, action: str, /, **document: Any) -> Json:
        """Post an action that must succeed; return the answer."""
        status, answer = self.attempt(action, **document)
        assert status == 200, answer
        return answer

    def query(self, what: str, **query: str) -> Json:
        """Return the document of a query."""
        status, text = fetch(f"{self.url}/control/{what}?{urlencode(query)}")
        assert status == 200, text
        document: Json = json.loads(text)
        return document

    def messages(self, channel: str, user: str, **query: str) -> list[Json]:
        """Return what a person sees of a channel."""
        seen: list[Json] = self.query("messages", channel=channel, user=user, **query)["messages"]
        return seen

    def log(self, kind: str) -> list[Json]:
        """Return the log entries of one kind or method."""
        return [e for e in self.query("log")["entries"] if kind in (e.get("kind"), e.get("method"))]

    def command(self, text: str = "", user: str = "ada", channel: str = "#sccm-ops", **more: Any) -> Json:
        """Run the slash command."""
        return self.do("command", user=user, channel=channel, command="/pkgstatus", text=text, **more)


class RunningApp:
    """A real Bolt app on a real Socket Mode connection."""

    def __init__(self, workspace: RunningWorkspace) -> None:
        self.control = Control(workspace)
        self.bolt = App(client=WebClient(token=workspace.bot_token, base_url=workspace.api_url))
        self.handler = SocketModeHandler(self.bolt, workspace.app_token, ping_interval=0.1)
        self.bodies: list[Json] = []

    def connect(self) -> None:
        """Open the connection and wait until the workspace sees it."""
        before = self.connections()
        self.handler.connect()
        wait_until(lambda: self.connections() > before)

    def connections(self) -> int:
        """Return how many connections the workspace has."""
        count: int = self.control.query("workspace")["connected"]
        return count

    def close(self) -> None:
        """Close the connection, and give up waiting: Slack's client can wait for its own reader for ever."""
        client = self.handler.client
        with client.connect_operation_lock:
            client.closed = True
            client.auto_reconnect_enabled = client.default_auto_reconnect_enabled = False
        client.enqueue_message("{}")  # spares the client a second of waiting for one
        closing = threading.Thread(target=self._close, daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)

    def _close(self) -> None:
        try:
            self.handler.close()
        except AttributeError:  # two threads of Slack's client closed the same socket; the second time there is none
            self.handler.close()


def error_of(call: Callable[[], Any]) -> str:
    """Return Slack's error for a Web API call that must fail."""
    return str(answer_of(call)["error"])


def answer_of(call: Callable[[], Any]) -> Json:
    """Return the whole answer to a Web API call that must fail."""
    try:
        call()
    except SlackApiError as error:
        answer = error.response.data
        assert isinstance(answer, dict)
        return answer
    raise AssertionError("the call did not fail")


def plain(text: str) -> Json:
    """Return a plain_text object."""
    return {"type": "plain_text", "text": text}


def button(action_id: str, value: str = "1", **more: Any) -> Json:
    """Return a button."""
    return {"type": "button", "action_id": action_id, "value": value, "text": plain("Go")} | more


def actions(*elements: Json, block_id: str = "row") -> Json:
    """Return an actions block."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def section(text: str = "hello", **more: Any) -> Json:
    """Return a section."""
    return {"type": "section", "text": plain(text)} | more


def text_input(block_id: str, action_id: str, **element: Any) -> Json:
    """Return an input block with a text input."""
    asked = {"type": "plain_text_input", "action_id": action_id} | element
    return {"type": "input", "block_id": block_id, "label": plain("Reason"), "element": asked}


def modal(*blocks: Json, **more: Any) -> Json:
    """Return a modal."""
    return {"type": "modal", "title": plain("Reset"), "submit": plain("Send"), "blocks": list(blocks)} | more
