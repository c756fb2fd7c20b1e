"""Start the demo: a sample site or one's own, the local workspace, and the real bot as a process of its own between.

The bot gets ordinary settings and cannot tell that it runs in a demo.
"""

from __future__ import annotations

import errno
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
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.request import urlopen

from bot.demo.sample.build import build_sample
from bot.demo.sample.distribution_manager import step
from bot.demo.tour import run_tour
from bot.demo.workspace.server import RunningWorkspace
from bot.exit_codes import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from types import FrameType

CONNECT_SECONDS = 120
POLL_SECONDS = 0.05
STOP_SECONDS = 25
DIGEST = "daily"
ADVICE = ("Type /pkgstatus PS100112 in #sccm-ops.",)
NOT_STARTED = Exit.NOT_DONE
"""The exit code of a demo that did not start; 1 means that a step of the tour failed."""
STEP_SECONDS = 1.5
"""How often the sample site works on what was reset."""


HistoryWriter = Callable[[dict[str, str], Path, datetime], None]
"""Fills the store of these settings with the history before a moment; takes settings, a scratch folder, the moment."""


@dataclass(frozen=True, slots=True)
class OwnDatabase:
    """A site database of one's own: the bot's settings that lead to it, and what to say at the start."""

    settings: dict[str, str]
    advice: tuple[str, ...]


def run_demo(
    *,
    port: int,
    rows: int | None = None,
    browser: bool,
    tour: bool = False,
    env_file: Path | None = None,
    history: HistoryWriter | None = None,
    own_database: OwnDatabase | None = None,
) -> int:
    """Run the demo until Ctrl-C, or for the length of the tour; return the exit code.

    With `own_database` there is no sample site, no Distribution Manager and no sample history.
    """
    end, now = StopSignal(), datetime.now(UTC)
    server = _bind(port)
    if server is None:
        return NOT_STARTED
    with tempfile.TemporaryDirectory(prefix="pkgstatus-demo-") as name, server as workspace:
        folder = Path(name)
        site = folder / "site.db"
        environment = settings(workspace, site, folder) | digest_settings(now)
        if own_database:
            environment |= own_database.settings
        if env_file and not write_env_file(environment, env_file):
            return NOT_STARTED
        if own_database:
            return _run(workspace, environment, end, nullcontext(), own_database.advice, browser=browser, tour=False)
        build_sample(site, now=now, rows=rows)
        if history:
            history(environment, folder, now.replace(second=0, microsecond=0))
        return _run(workspace, environment, end, distribution_manager(site), ADVICE, browser=browser, tour=tour)


def _run(
    workspace: RunningWorkspace,
    environment: dict[str, str],
    end: StopSignal,
    site_simulation: AbstractContextManager[None],
    advice: tuple[str, ...],
    *,
    browser: bool,
    tour: bool,
) -> int:
    may_log = threading.Event()
    with running_bot(environment, may_log) as bot, site_simulation:
        is_connected = _is_connected_in_time(workspace, bot, end)
        if end.is_set:
            return 0
        if not is_connected:
            print("The bot did not connect; its log says why.", file=sys.stderr)  # noqa: T201
            return NOT_STARTED
        print(workspace.url, flush=True)  # noqa: T201 - the first line is the address, for scripts
        may_log.set()
        if browser:
            webbrowser.open(workspace.url)
        if tour:
            return _tour(workspace)
        print(*advice, "Ctrl-C ends the demo.", file=sys.stderr, flush=True)  # noqa: T201
        while bot.poll() is None and not end.is_set:
            time.sleep(POLL_SECONDS)
        # A bot that was killed ended by a signal, which is no exit code of ours.
        return Exit.FAULT if (bot.poll() or 0) < 0 else bot.poll() or Exit.DONE


class StopSignal:
    """Set by Ctrl-C or SIGTERM; no exception is raised, which could leave the bot running."""

    def __init__(self) -> None:
        self.is_set = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.is_set = True


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


def digest_settings(now: datetime) -> dict[str, str]:
    """Return the settings of a digest that was due a moment ago, and of scans that a visitor need not wait for."""
    digest = {"name": DIGEST, "cron": f"{now.minute} {now.hour} * * *", "timezone": "Etc/UTC"}
    return {"PKGSTATUS_DIGESTS": json.dumps([digest]), "PKGSTATUS_DRIFT__SCAN_EVERY": "1min"}


def write_env_file(environment: dict[str, str], file: Path) -> bool:
    """Write the bot's settings as a shell reads them, for a second terminal; return False after saying why not.

    They hold tokens: the file is made anew, for its owner alone, and takes the place of what has its name at once. A
    link gives way to the file, so that nothing is written to where somebody else lets it lead.
    """
    text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())
    try:
        _replace(file.absolute(), text)
    except OSError as error:
        reason = error.strerror or str(error)
        print(f"--env-file {file} cannot be written: {reason}. Name another file.", file=sys.stderr)  # noqa: T201
        return False
    return True


def _replace(file: Path, text: str) -> None:
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "it is there and no ordinary file")
    descriptor, name = tempfile.mkstemp(prefix=".pkgstatus-", dir=file.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as fresh:  # noqa: PTH123 - a descriptor, not a path
            fresh.write(text)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink()
        raise


@contextmanager
def distribution_manager(site: Path) -> Iterator[None]:
    """Run the simulated Distribution Manager on a thread for as long as the block lasts."""
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
def running_bot(environment: dict[str, str], may_log: threading.Event) -> Iterator[subprocess.Popen[bytes]]:
    """Run the bot in a process of its own for as long as the block lasts; its log is shown once it may speak."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PKGSTATUS_")}
    form = {"PKGSTATUS_LOGS__FORMAT": "console" if sys.stderr.isatty() else "json"}
    command = [sys.executable, "-m", "bot", "run"]
    # A session of its own: Ctrl-C reaches only us, and we stop the bot in order.
    bot = subprocess.Popen(  # noqa: S603 - our own program
        command, env=inherited | form | environment, stderr=subprocess.PIPE, start_new_session=True
    )
    forwarder = threading.Thread(target=_forward, args=(bot.stderr, may_log))
    forwarder.start()
    try:
        yield bot
    finally:
        may_log.set()
        bot.terminate()
        try:
            bot.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            bot.kill()
            bot.wait()
        forwarder.join()


def _forward(log: IO[bytes], may_log: threading.Event) -> None:
    """Copy a log to standard error once allowed; until then the pipe holds what is printed during the start."""
    may_log.wait()
    with log, suppress(OSError):  # nobody may be there any more to read it
        for line in log:
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()


def manifest_path() -> Path:
    """Find manifest.yml: at the top of a checkout, or beside this file in an installed wheel."""
    checkout = Path(__file__).parents[2] / "manifest.yml"
    return checkout if checkout.is_file() else Path(__file__).with_name("manifest.yml")


def _bind(port: int) -> RunningWorkspace | None:
    try:
        return RunningWorkspace(manifest=manifest_path(), port=port)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        way_out = "Choose another with --port, or none for a free one."
        print(f"Port {port} cannot be used: {reason}. {way_out}", file=sys.stderr)  # noqa: T201
        return None


def _tour(workspace: RunningWorkspace) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # nothing is half started now
    with suppress(KeyboardInterrupt):
        return run_tour(workspace.url)
    return Exit.INTERRUPTED


def _is_connected_in_time(workspace: RunningWorkspace, bot: subprocess.Popen[bytes], end: StopSignal) -> bool:
    deadline = time.monotonic() + CONNECT_SECONDS
    while time.monotonic() < deadline and bot.poll() is None and not end.is_set:
        with urlopen(f"{workspace.url}/control/workspace") as answer:  # noqa: S310 - our own server
            if json.load(answer)["connected"]:
                return True
        time.sleep(POLL_SECONDS)
    return False
