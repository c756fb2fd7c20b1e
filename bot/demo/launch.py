"""Start the demo: a sample site, the local workspace, and the real bot as a process of its own between them.

The bot gets ordinary settings and cannot tell that it runs in a demo.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from bot.demo.sample.build import build_sample
from bot.demo.sample.distribution_manager import step
from bot.demo.workspace.server import RunningWorkspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

CONNECT_SECONDS = 30
LOOK_SECONDS = 0.05
STOP_SECONDS = 25
DIGEST = "daily"
STEP_SECONDS = 1.5
"""How often the sample site works on what was reset."""


Past = Callable[[dict[str, str], Path, datetime], None]
"""Fills the store of these settings with what the bot would have seen before a moment; the folder is to work in."""


def play(
    *, port: int, rows: int | None, browser: bool, tour: bool, env_file: Path | None = None, past: Past | None = None
) -> int:
    """Run the demo until Ctrl-C, or for the length of the tour; return the exit code."""
    end, now = End(), datetime.now(UTC)
    listening = _listening(port)
    if listening is None:
        return 1
    with tempfile.TemporaryDirectory(prefix="pkgstatus-demo-") as folder:
        site = Path(folder) / "site.db"
        build_sample(site, now=now, rows=rows)
        with listening as workspace:
            print(workspace.url, flush=True)  # noqa: T201 - the first line is the address, for scripts
            environment = settings(workspace, site, Path(folder)) | daily(now)
            if past:
                past(environment, Path(folder), now.replace(second=0, microsecond=0))
            if env_file:
                write_down(environment, env_file)
            with running_bot(environment) as bot, distribution_manager(site):
                return _stay(workspace, bot, end, browser=browser, tour=tour)


class End:
    """Remembers that Ctrl-C or SIGTERM came: an exception in the middle of anything could leave the bot behind."""

    def __init__(self) -> None:
        self.is_asked_for = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.is_asked_for = True


def settings(workspace: RunningWorkspace, site: Path, folder: Path) -> dict[str, str]:
    """Return the bot's settings as environment variables, as an admin would set them."""
    return {
        "PKGSTATUS_SLACK__BOT_TOKEN": workspace.bot_token,
        "PKGSTATUS_SLACK__APP_TOKEN": workspace.app_token,
        "PKGSTATUS_SLACK__API_URL": workspace.api_url,
        "PKGSTATUS_CHANNELS__APPROVALS": "C0APPROVALS",
        "PKGSTATUS_CHANNELS__AUDIT": "C0SCCMAUDIT",
        "PKGSTATUS_CHANNELS__DIGEST": "C0SCCMOPS",
        "PKGSTATUS_WATCH__FIRST_LOOK": "1s",
        "PKGSTATUS_HEALTH__ADDRESS": "127.0.0.1:0",
        "PKGSTATUS_APPROVERS__GROUPS": '["S0APPROVERS"]',
        "PKGSTATUS_SITES": json.dumps({"PS1": {"database": f"sqlite:///{site}"}}),
        "PKGSTATUS_STORE": f"sqlite:///{folder / 'store.db'}",
    }


def daily(now: datetime) -> dict[str, str]:
    """Return the settings of a digest that was due a moment ago, and of scans that a visitor need not wait for."""
    digest = {"name": DIGEST, "cron": f"{now.minute} {now.hour} * * *", "timezone": "Etc/UTC"}
    return {"PKGSTATUS_DIGESTS": json.dumps([digest]), "PKGSTATUS_DRIFT__SCAN_EVERY": "1min"}


def write_down(environment: dict[str, str], file: Path) -> None:
    """Write the bot's settings as a shell reads them, for a second terminal; nobody else may read them."""
    file.touch(mode=0o600)
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())
    file.write_text("".join(lines), encoding="utf-8")


@contextmanager
def distribution_manager(site: Path) -> Iterator[None]:
    """Let the sample site answer resets by itself for as long as the block lasts."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.wait(STEP_SECONDS):
            step(site, datetime.now(UTC))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


@contextmanager
def running_bot(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run the bot in a process of its own for as long as the block lasts."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PKGSTATUS_")}
    command = [sys.executable, "-m", "bot", "run"]
    # A session of its own: Ctrl-C reaches only us, and we stop the bot in order.
    bot = subprocess.Popen(command, env=inherited | environment, start_new_session=True)  # noqa: S603 - our own program
    try:
        yield bot
    finally:
        bot.terminate()
        try:
            bot.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            bot.kill()
            bot.wait()


def manifest_path() -> Path:
    """Find manifest.yml: at the top of a checkout, or beside this file in an installed wheel."""
    checkout = Path(__file__).parents[2] / "manifest.yml"
    return checkout if checkout.is_file() else Path(__file__).with_name("manifest.yml")


def _listening(port: int) -> RunningWorkspace | None:
    try:
        return RunningWorkspace(manifest=manifest_path(), port=port)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        way_out = "Choose another with --port, or none for a free one."
        print(f"Port {port} cannot be used: {reason}. {way_out}", file=sys.stderr)  # noqa: T201
        return None


def _stay(workspace: RunningWorkspace, bot: subprocess.Popen[bytes], end: End, *, browser: bool, tour: bool) -> int:
    is_connected = _is_connected_in_time(workspace, bot, end)
    if end.is_asked_for:
        return 0
    if not is_connected:
        print("The bot did not connect; its log above says why.", file=sys.stderr)  # noqa: T201
        return 1
    if browser:
        webbrowser.open(workspace.url)
    if tour:
        from bot.demo.tour import guide  # noqa: PLC0415 - only a tour needs it

        signal.signal(signal.SIGINT, signal.default_int_handler)  # nothing is half started now
        with suppress(KeyboardInterrupt):
            return guide(workspace.url)
        return 0
    print("Type /pkgstatus PS100112 in #sccm-ops. Ctrl-C ends the demo.", file=sys.stderr)  # noqa: T201
    while bot.poll() is None and not end.is_asked_for:
        time.sleep(LOOK_SECONDS)
    return bot.poll() or 0


def _is_connected_in_time(workspace: RunningWorkspace, bot: subprocess.Popen[bytes], end: End) -> bool:
    deadline = time.monotonic() + CONNECT_SECONDS
    while time.monotonic() < deadline and bot.poll() is None and not end.is_asked_for:
        with urlopen(f"{workspace.url}/control/workspace") as answer:  # noqa: S310 - our own server
            if json.load(answer)["connected"]:
                return True
        time.sleep(LOOK_SECONDS)
    return False
