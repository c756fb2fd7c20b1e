"""Starting the program: wrong settings, tokens that Slack refuses, the demo, and what the log keeps secret."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.request import urlopen

import psutil
import pytest

from bot.store.database import StoreDatabase
from bot.store.migrations import migrate
from tests.bot_process import BotProcess
from tests.frontdoor.message_content import CSV

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.harness import Harness

BOT_TOKEN, APP_TOKEN = "PKGSTATUS_SLACK__BOT_TOKEN", "PKGSTATUS_SLACK__APP_TOKEN"
SECRET = "hunter2-and-a-half"  # noqa: S105 - it only has to stay out of what is printed
GOOD = {
    BOT_TOKEN: f"xoxb-{SECRET}",
    APP_TOKEN: f"xapp-{SECRET}",
    "PKGSTATUS_CHANNELS__APPROVALS": "C0APPROVALS",
    "PKGSTATUS_CHANNELS__AUDIT": "C0SCCMAUDIT",
    "PKGSTATUS_APPROVERS__GROUPS": '["S0APPROVERS"]',
    "PKGSTATUS_SITES": f'{{"PS1": {{"database": "Driver={{x}};Server=cm01;Uid=bot;Pwd={SECRET}"}}}}',
}


WRONG = {
    BOT_TOKEN: f"xapp-{SECRET}",
    "PKGSTATUS_SITES": f'{{"PS1": {{"database": "{SECRET}"}}}}',
    "PKGSTATUS_DRIFT__GRACE": "soon",
    "PKGSTATUS_ANSWERS__VISIBILITY": "all",
    "PKGSTATUS_WORK__WORKERS": "0",
}


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        (
            {BOT_TOKEN: None, APP_TOKEN: None, "PKGSTATUS_SITES": None},
            [
                f"{BOT_TOKEN} is missing. It is the bot token from OAuth & Permissions. Example: xoxb-...",
                f"{APP_TOKEN} is missing. It is the app-level token with connections:write, ",
                "PKGSTATUS_SITES is missing. It is the site databases by site code. Example: ",
            ],
        ),
        (
            WRONG,
            [
                "PKGSTATUS_SLACK__BOT_TOKEN must begin with xoxb-; this is an app-level token, which belongs into ",
                "PKGSTATUS_SITES__PS1__DATABASE is neither sqlite:///path nor an ODBC connection string. ",
                "PKGSTATUS_DRIFT__GRACE is not a duration like 30s, 15min, 4h or 1d. ",
                "PKGSTATUS_ANSWERS__VISIBILITY ",
                "PKGSTATUS_WORK__WORKERS ",
            ],
        ),
        ({"PKGSTATUS_SITES": f'{{"PS1": {{"database": "{SECRET}"'}, ["PKGSTATUS_SITES is not valid JSON. "]),
        (
            {"PKGSTATUS_SLACK__BOT_TOKN": f"xoxb-{SECRET}"},
            [f"PKGSTATUS_SLACK__BOT_TOKN is no setting. Did you mean {BOT_TOKEN}?"],
        ),
        ({"PKGSTATUS_CONFIG": "/nowhere/bot.toml"}, ["PKGSTATUS_CONFIG names a settings file that cannot be read: "]),
    ],
    ids=["missing", "wrong", "no JSON", "mistyped", "no file"],
)
def test_each_wrong_setting_ends_the_start_with_one_line_that_names_it_and_keeps_its_value_secret(
    tmp_path: Path, changed: dict[str, str | None], lines: list[str]
) -> None:
    bot = BotProcess({name: value for name, value in (GOOD | changed).items() if value is not None}, tmp_path)

    assert bot.wait() == 2
    said = bot.log().splitlines()
    assert [line[: len(start)] for line, start in zip(said, lines, strict=True)] == lines
    assert SECRET not in bot.log()


@pytest.mark.parametrize(
    ("changed", "start"),
    [
        ({}, "PKGSTATUS_SITES__PS1__DATABASE names an ODBC driver that is not installed; installed: "),
        (
            {"PKGSTATUS_SITES__PS1__DATABASE": "Driver=/nowhere/libmsodbcsql-18.so;Server=cm01"},
            "PKGSTATUS_SITES__PS1__DATABASE names the file of an ODBC driver that is not there.",
        ),
        (
            {"PKGSTATUS_STORE": "DSN=nowhere;Encrypt=yes"},
            "PKGSTATUS_STORE names an ODBC data source that is not set up here; set up: ",
        ),
        (
            {"PKGSTATUS_STORE": "FILEDSN=/nowhere/store.dsn;Encrypt=yes"},
            "PKGSTATUS_STORE names the file of a data source (FILEDSN) that is not there.",
        ),
    ],
    ids=["by its name", "by its file", "a data source", "the file of one"],
)
def test_a_driver_that_is_not_installed_ends_the_start_before_anything_is_connected(
    fresh_harness: Harness, changed: dict[str, str], start: str
) -> None:
    pytest.importorskip("pyodbc")
    if "PKGSTATUS_STORE" not in changed:
        fresh_harness.settings["PKGSTATUS_SITES"] = GOOD["PKGSTATUS_SITES"]
    fresh_harness.settings.update(changed)
    bot = fresh_harness.start_bot(connected=False)

    assert bot.wait() == 2
    (line,) = bot.log().splitlines()
    assert line.startswith(start)
    assert SECRET not in line
    assert fresh_harness.query("log")["entries"] == []


def test_tokens_with_a_line_end_behind_them_start_the_bot(fresh_harness: Harness) -> None:
    for setting in (BOT_TOKEN, APP_TOKEN):
        fresh_harness.settings[setting] = f'"{fresh_harness.settings[setting]}" \r\n'

    fresh_harness.start_bot()

    assert "PS100112" in str(fresh_harness.ask("ada", "PS100112"))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda file: file.mkdir(), "unreachable. {file} is a folder or a device, no SQLite file"),
        (lambda file: file.write_text("This was never a database.\n" * 400), "damaged, or no database at all. "),
        (lambda file: file.write_bytes(_store()[:9_000]), "damaged, or no database at all. "),
    ],
    ids=["a folder", "a text", "a store that is cut off"],
)
@pytest.mark.parametrize(("command", "code"), [(("run",), 4), (("ledger", "verify"), 2), (("ledger", "head"), 2)])
def test_a_store_that_is_no_database_ends_it_with_one_line(
    fresh_harness: Harness,
    tmp_path: Path,
    made: Callable[[Path], object],
    said: str,
    command: tuple[str, ...],
    code: int,
) -> None:
    file = tmp_path / "broken.db"
    made(file)
    bot = fresh_harness.start_bot(("-m", "bot", *command), connected=False, store=f"sqlite:///{file}")

    assert bot.wait() == code
    (line,) = bot.log().splitlines()
    assert line.startswith(f"The bot's own database (PKGSTATUS_STORE) cannot be used: {said.format(file=file)}")
    assert "unable to open" not in line


def _store() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder, "store.db")
        with closing(StoreDatabase(f"sqlite:///{file}")) as database:
            migrate(database)
        return file.read_bytes()


def test_a_store_without_its_folder_ends_the_start_with_one_line(fresh_harness: Harness, tmp_path: Path) -> None:
    bot = fresh_harness.start_bot(connected=False, store=f"sqlite:///{tmp_path}/nowhere/store.db")

    assert bot.wait() == 4
    (line,) = bot.log().splitlines()
    assert f"cannot be used: unreachable. there is no folder {tmp_path}/nowhere" in line
    assert fresh_harness.query("log")["entries"] == [], "nothing was asked of Slack before"


@pytest.mark.parametrize(("setting", "token"), [(BOT_TOKEN, "bot"), (APP_TOKEN, "app")])
def test_a_token_that_slack_refuses_ends_the_start_with_one_sentence(
    fresh_harness: Harness, setting: str, token: str
) -> None:
    fresh_harness.settings[setting] = fresh_harness.settings[setting].replace("contoso", SECRET)
    bot = fresh_harness.start_bot(connected=False)

    assert bot.wait() == 3
    sentence = f"Slack refused the {token} token: invalid_auth. Check {BOT_TOKEN} and {APP_TOKEN}."
    assert bot.log().splitlines().count(sentence) == 1
    assert "Traceback" not in bot.log()
    assert SECRET not in bot.log()


def test_even_a_talkative_log_holds_neither_tokens_nor_addresses_to_answer_to(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(logs__level="debug")
    answer = fresh_harness.ask("ada", "PS100112")
    fresh_harness.click("ada", answer, CSV)
    fresh_harness.answer_to("ada")
    fresh_harness.faults("response_url", status=500)
    fresh_harness.faults("chat.postMessage", error="internal_error")
    fresh_harness.command("ada", "PS100112")
    fresh_harness.answer_to("ada", "@ada")

    payloads = [entry["payload"] for entry in fresh_harness.query("log")["entries"] if "payload" in entry]
    addresses = [payload["response_url"].rpartition("/")[2] for payload in payloads if payload]
    assert len(addresses) == 3
    for secret in (fresh_harness.workspace.bot_token, fresh_harness.workspace.app_token, "ticket=", *addresses):
        assert secret not in fresh_harness.log()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[BotProcess]:
    demo = BotProcess({}, tmp_path, ("-m", "bot", "demo", "--no-browser", "--port", "0"))
    yield demo
    for process in family(demo):
        process.kill()


def test_the_demo_prints_its_address_alone_and_ctrl_c_ends_all_of_it(demo: BotProcess, fresh_harness: Harness) -> None:
    fresh_harness.wait_for(lambda: "Ctrl-C ends the demo" in demo.log())
    address = demo.log().splitlines()[0]
    with urlopen(address) as page:  # noqa: S310 - our own server
        assert page.status == 200
    started = family(demo)
    assert len(started) == 2

    demo.process.send_signal(signal.SIGINT)

    assert demo.wait() == 0
    assert [process for process in started if process.is_running()] == []
    assert "Traceback" not in demo.log()


def test_ctrl_c_just_after_the_address_ends_all_of_the_demo_too(demo: BotProcess, fresh_harness: Harness) -> None:
    fresh_harness.wait_for(lambda: demo.log().startswith("http://127.0.0.1:") and len(family(demo)) == 2)
    started = family(demo)

    demo.process.send_signal(signal.SIGINT)

    assert demo.wait() == 0
    assert [process for process in started if process.is_running()] == []
    assert "Traceback" not in demo.log()


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [("--rows", "-5", "--rows"), ("--port", "70000", "--port"), ("--env-file", "/nowhere/env", "--env-file")],
)
def test_a_demo_that_cannot_be_says_so_in_a_sentence(tmp_path: Path, option: str, value: str, word: str) -> None:
    demo = BotProcess({}, tmp_path, ("-m", "bot", "demo", "--no-browser", option, value))

    assert demo.wait() != 0
    assert word in demo.log()
    assert "Traceback" not in demo.log()


def test_a_demo_at_a_port_that_is_taken_names_it_and_a_way_out(tmp_path: Path, harness: Harness) -> None:
    port = harness.workspace.url.rpartition(":")[2]
    demo = BotProcess({}, tmp_path, ("-m", "bot", "demo", "--no-browser", "--port", port))

    assert demo.wait() == 2
    assert demo.log() == (
        f"Port {port} cannot be used: Address already in use. Choose another with --port, or none for a free one.\n"
    )


def family(demo: BotProcess) -> list[psutil.Process]:
    """Return the demo's process and those it started, as far as they still run."""
    try:
        parent = psutil.Process(demo.process.pid)
        return [parent, *parent.children(recursive=True)] if demo.process.poll() is None else []
    except psutil.NoSuchProcess:
        return []
