"""The harness of the front-door tests: a local workspace, a sample site, and real bot processes between them.

It acts as a person and returns what that person sees. Bots run with ordinary settings; nothing here looks inside them.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from bot.demo.launch import manifest_path, settings
from bot.demo.sample.build import build_sample
from bot.demo.workspace.server import RunningWorkspace
from bot.demo.workspace.timing import Timing
from tests import payloads
from tests.bot_process import RUN, BotProcess
from tests.waiting import TIMEOUT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
Json = dict[str, Any]

OPS = "#sccm-ops"
RELAXED_TIMING = Timing(acknowledge_s=12, trigger_s=60)
"""Slack's 3 seconds say how busy this machine is; how soon the bot acknowledges is measured by a bench."""
PROGRESS_NOTES = ("Looking up", "Looking for")
"""How an acknowledgement begins that promises an answer."""


class ActionRefused(Exception):
    """The workspace does not let this person do that; the text is its reason."""


class Harness:
    """A workspace with its site; `sites` names other databases, `rows` makes the sample site a big one."""

    def __init__(
        self, folder: Path, *, rows: int | None = None, sites: Json | None = None, timing: Timing | None = None
    ) -> None:
        self.site = folder / "site.db"
        self.workspace = RunningWorkspace(manifest=manifest_path(), timing=timing or RELAXED_TIMING)
        self.settings = settings(self.workspace, self.site, folder) | {
            "PKGSTATUS_WORK__LEASE": "4s",
            "PKGSTATUS_HEALTH__ADDRESS": "off",
        }
        self.bots: list[BotProcess] = []
        self._folder, self._rows, self._sites = folder, rows, sites
        self._asked_at = f"{time.time():.6f}"
        self._exit_stack = ExitStack()

    def __enter__(self) -> Self:
        if self._sites is None:
            build_sample(self.site, now=datetime.now(UTC), rows=self._rows)
        else:
            self.settings["PKGSTATUS_SITES"] = json.dumps(self._sites)
        self._exit_stack.enter_context(self.workspace)
        return self

    def __exit__(self, *_: object) -> None:
        for bot in self.bots:
            bot.kill()
        self._exit_stack.close()
        if payloads.FOLDER:
            payloads.keep(self.workspace._workspace.journal.entries)

    def start_bot(
        self, program: tuple[str, ...] = RUN, *, connected: bool = True, ready: bool = True, **overrides: Any
    ) -> BotProcess:
        """Start one more bot, like `start_bot(work__workers=2)`, and wait until it is connected to the workspace."""
        before = self.connections()
        given = {f"PKGSTATUS_{name.upper()}": _as_text(value) for name, value in overrides.items()}
        bot = BotProcess(self.settings | given, self._folder, program)
        self.bots.append(bot)
        if connected and ready:
            self.wait_for(lambda: '"event": "connected"' in bot.log())
        elif connected:
            self.wait_for(lambda: self.connections() > before)
        return bot

    def stop_bot(self) -> int:
        """End the latest bot in order and return its exit code."""
        return self.bots[-1].stop()

    def kill_bot(self) -> None:
        """End the latest bot at once."""
        self.bots[-1].kill()

    def log(self) -> str:
        """Return what the latest bot printed."""
        return self.bots[-1].log()

    def connections(self) -> int:
        """Count the bots' open connections."""
        return int(self.query("workspace")["connected"])

    def command(self, user: str, text: str, channel: str = OPS, **more: Any) -> Json:
        """Type `/pkgstatus TEXT` and return what the workspace says of its acknowledgement."""
        self._asked_at = f"{time.time():.6f}"
        return self.do("command", user=user, channel=channel, command="/pkgstatus", text=text, **more)

    def ask(self, user: str, text: str, channel: str = OPS) -> Json:
        """Type `/pkgstatus TEXT` and return the answer."""
        self.command(user, text, channel)
        return self.answer_to(user, channel)

    def click(self, user: str, message: Json, action_id: str, value: str | None = None) -> Json:
        """Click a button of a message; `value` picks among several."""
        self._asked_at = f"{time.time():.6f}"
        place = {"channel": message["channel"], "ts": message["ts"]}
        return self.do("click", user=user, **place, action_id=action_id, value=value)

    def messages(self, channel: str = OPS, user: str = "ada", thread_ts: str | None = None) -> list[Json]:
        """Return a channel as a person sees it; `@ada` is her conversation with the bot."""
        thread = {"thread_ts": thread_ts} if thread_ts else {}
        found: list[Json] = self.query("messages", channel=channel, user=user, **thread)["messages"]
        return found

    def answer_to(self, user: str, channel: str = OPS) -> Json:
        """Return the first message that answers the latest command or click."""
        return self.wait_for(lambda: next(iter(self.answers(user, channel)), None))

    def answers(self, user: str = "ada", channel: str = OPS) -> list[Json]:
        """Return all answers since the latest command or click, without the notes that promise one."""
        return [
            message
            for message in self.messages(channel, user)
            if message["ts"] > self._asked_at and "bot_id" in message and not message["text"].startswith(PROGRESS_NOTES)
        ]

    def faults(self, method: str, **fault: Any) -> None:
        """Inject a fault into the next calls of a Web API method, or of `response_url`."""
        self.do("faults", method=method, **fault)

    def socket(self, action: str) -> None:
        """Inject a connection fault, such as `refuse` or `refresh`."""
        self.do("socket", action=action)

    def wait_for(self, condition: Callable[[], T | None], seconds: float = TIMEOUT_SECONDS) -> T:
        """Return the first truthy value of `condition`. Raises AssertionError after `seconds`."""
        return wait_until(condition, self._describe, seconds)

    def _describe(self) -> str:
        seen = "\n".join(message["text"] for message in self.messages()[-5:])
        return f"Last messages:\n{seen}\nLog:\n{self._log_tail()}"

    def do(self, action: str, /, **document: Any) -> Json:
        """Post an action to the control API. Raises ActionRefused."""
        return self._call(action, json.dumps(document).encode())

    def query(self, what: str, **query: str) -> Json:
        """Return the document of a query of the control API. Raises ActionRefused."""
        return self._call(f"{what}?{urlencode(query)}")

    def _call(self, path: str, body: bytes | None = None) -> Json:
        try:
            with urlopen(f"{self.workspace.url}/control/{path}", body, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - our own
                answer: Json = json.load(response)
        except HTTPError as error:
            with error:
                raise ActionRefused(json.load(error)["error"]) from None
        return answer

    def _log_tail(self) -> str:
        return self.log()[-3000:] if self.bots else "no bot"


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
