"""The demo from its command line: on a database of one's own, its settings for a second terminal, what it needs."""

from __future__ import annotations

import ast
import errno
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tomllib
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import metadata
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from bot.demo.control_client import ControlClient, text_of
from bot.demo.launch import write_env_file
from bot.demo.sample.build import build_sample
from tests.bot_process import CHECKOUT, BotProcess
from tests.frontdoor.sites import change
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

OPS, APPROVALS = "#sccm-ops", "#sccm-approvals"
NO_BACKUP_TABLE = (
    "There is no backup table dbo.PkgStatus_BU: every reset is refused until deploy/sql/backup_table.sqlite.sql has "
    "made it."
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a copy of a site's tables, with what a copy has no reason to have left out."""
    path = tmp_path / "a copy.db"
    build_sample(path, now=datetime.now(UTC))
    return path


@contextmanager
def running(folder: Path, *options: str) -> Iterator[tuple[BotProcess, ControlClient]]:
    """Run the demo until the block ends, which must be a clean end."""
    demo = BotProcess({}, folder, ("-m", "bot", "demo", "--no-browser", *options))
    try:
        wait_until(lambda: "Ctrl-C ends the demo" in demo.log(), demo.log)
        yield demo, ControlClient(demo.log().splitlines()[0])
        demo.process.send_signal(signal.SIGINT)
        assert demo.wait() == 0
        assert "Traceback" not in demo.log()
    finally:
        demo.stop()  # in order: killed, it would leave its bot behind


def refusal(folder: Path, *options: str) -> tuple[int, str]:
    """Run a demo that cannot be; return its exit code and what it says."""
    demo = BotProcess({}, folder, ("-m", "bot", "demo", "--no-browser", *options))
    code = demo.wait()
    assert "Traceback" not in demo.log()
    return code, demo.log().strip()


def test_an_own_database_is_read_and_nothing_is_written_to_it(site: Path, tmp_path: Path) -> None:
    before = site.read_bytes()

    with running(tmp_path, "--site", str(site)) as (demo, people):
        assert "Type /pkgstatus PS1" in demo.log()
        people.command("ada", OPS, "PS100112")
        people.wait("ada", OPS, "the version table", lambda message: "17 site behind" in text_of(message))
        wait_until(lambda: '"event": "scanned"' in demo.log(), demo.log)
        people.command("ada", OPS, "drift")
        people.wait("ada", OPS, "what has drifted", lambda message: "drifted" in text_of(message))
        assert "Digest" not in "".join(map(text_of, people.messages("ada", OPS)))

    assert site.read_bytes() == before


def test_rows_that_wait_in_an_own_database_are_not_sent_by_the_sample_s_distribution_manager(
    site: Path, tmp_path: Path
) -> None:
    change(site, "UPDATE PkgStatus SET SourceVersion = 0, Status = 2 WHERE ID = 'PS100112'")
    before = site.read_bytes()

    with running(tmp_path, "--site", str(site)) as (demo, _):
        wait_until(lambda: '"event": "scanned"' in demo.log(), demo.log)

    assert site.read_bytes() == before


def test_an_approved_reset_is_all_that_is_written_to_an_own_database(site: Path, tmp_path: Path) -> None:
    with running(tmp_path, "--site", f"sqlite:///{site}") as (_, people):
        request_reset(people)
        for voter in ("grace", "linus"):
            card = people.wait(voter, APPROVALS, "the card", lambda message: "Reset of PS100112" in text_of(message))
            people.click(voter, APPROVALS, card, "request_approve")
        people.wait("ada", APPROVALS, "the applied card", lambda message: "20 of 20 rows changed" in text_of(message))
        people.command("ada", OPS, "PS100112")
        people.wait("ada", OPS, "rows that wait", lambda message: "20 reset" in text_of(message))

    with closing(sqlite3.connect(site)) as connection:
        rows = "SELECT COUNT(*) FROM PkgStatus WHERE ID = 'PS100112' AND SourceVersion = 0 AND Status = 2"
        assert connection.execute(rows).fetchone() == (20,)
        assert connection.execute("SELECT COUNT(*) FROM PkgStatus_BU").fetchone() == (20,)


def test_a_copy_without_the_backup_table_is_told_and_its_resets_are_refused(site: Path, tmp_path: Path) -> None:
    change(site, "DROP TABLE PkgStatus_BU")
    before = site.read_bytes()

    with running(tmp_path, "--site", str(site)) as (demo, people):
        assert NO_BACKUP_TABLE in demo.log()
        ask_for_a_reset(people)
        wait_until(lambda: "The backup table is missing" in views(people), demo.log)

    assert site.read_bytes() == before


def views(people: ControlClient) -> str:
    """Return the modals that Ada sees."""
    with urlopen(f"{people.url}/control/views?user=ada") as answer:  # noqa: S310 - our own server
        return str(answer.read().decode())


def ask_for_a_reset(people: ControlClient) -> None:
    """Ada presses the button under the version table."""
    people.command("ada", OPS, "PS100112")
    table = people.wait("ada", OPS, "the version table", lambda message: "Request reset" in text_of(message))
    people.click("ada", OPS, table, "status_request")


def request_reset(people: ControlClient) -> None:
    """Ada asks for a reset of every row that may be reset."""
    ask_for_a_reset(people)
    form = people.form("ada", "request_reset")
    rows = next(block["element"]["options"] for block in form["blocks"] if block.get("block_id") == "rows")
    people.submit("ada", rows=[row["value"] for row in rows], reason="A rehearsal on a copy of the site.")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--site", "jdbc:sqlserver://cm01;databaseName=CM_PS1"], "--site cannot be a jdbc address. Name a SQLite "),
        (["--site", "/nowhere/site.db"], "--site names /nowhere/site.db, and there is no such file. Name a SQLite"),
        (["--site", "x.db", "--tour"], "--rows and --tour are for the sample site: leave them out with --site."),
        (
            ["--site", "x.db", "--rows", "9"],
            "--rows and --tour are for the sample site: leave them out with --site.",
        ),
    ],
    ids=["jdbc", "no file", "tour", "rows"],
)
def test_an_own_database_that_cannot_be_is_refused_in_a_sentence(tmp_path: Path, options: list[str], said: str) -> None:
    exit_code, sentence = refusal(tmp_path, *options)

    assert exit_code == 2
    assert sentence.splitlines()[-1].removeprefix("Error: ").startswith(said)


def test_the_settings_for_a_second_terminal_are_for_their_owner_alone(tmp_path: Path) -> None:
    wide, link, target = tmp_path / "wide.env", tmp_path / "link.env", tmp_path / "target.env"
    for file in (wide, target):
        file.write_text("as it was\n")
        file.chmod(0o666)
    link.symlink_to(target)

    for file in (wide, link, tmp_path / "new.env"):
        assert write_env_file({"TOKEN": "it's secret"}, file)

        assert stat.S_IMODE(file.lstat().st_mode) == 0o600
        assert file.read_text() == "export TOKEN='it'\"'\"'s secret'\n"
    assert target.read_text() == "as it was\n", "nothing is written to where a link leads"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.env", "new.env", "target.env", "wide.env"]


def test_the_settings_are_for_their_owner_alone_from_their_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is closed to others only afterwards can be open to one of them already."""
    monkeypatch.setattr(os, "chmod", lambda *_, **__: None)
    monkeypatch.setattr(os, "fchmod", lambda *_: None)
    usual = os.umask(0)
    try:
        assert write_env_file({"TOKEN": "secret"}, tmp_path / "demo.env")
    finally:
        os.umask(usual)

    assert stat.S_IMODE((tmp_path / "demo.env").stat().st_mode) == 0o600


def test_what_is_no_ordinary_file_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert not write_env_file({"TOKEN": "secret"}, pipe)

    assert pipe.is_fifo()
    assert "it is there and no ordinary file. Name another file." in capsys.readouterr().err


def test_settings_that_could_not_be_put_in_place_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(os, "replace", refuse)

    assert not write_env_file({"TOKEN": "secret"}, tmp_path / "demo.env")

    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err.endswith("cannot be written: Device or resource busy. Name another file.\n")


@pytest.mark.parametrize("file", ["/nowhere/demo.env", "/proc/demo.env", "/dev/null", "."])
def test_settings_that_cannot_be_written_down_end_the_demo_with_a_sentence(tmp_path: Path, file: str) -> None:
    code, said = refusal(tmp_path, "--env-file", file)

    assert code == 2
    assert "--env-file" in said
    assert Path("/dev/null").is_char_device()


def test_without_its_extra_the_demo_says_what_to_install(tmp_path: Path) -> None:
    missing = "import sys; sys.modules['aiohttp'] = None; from bot.__main__ import main; main(['demo'])"

    demo = BotProcess({}, tmp_path, ("-c", missing))

    assert (demo.wait(), demo.log()) == (2, "The demo needs more than the bot: pip install 'pkgstatus-bot[demo]'\n")


def test_an_older_python_is_told_which_one_is_needed() -> None:
    older = "import sys; sys.version_info = (3, 10, 13); import runpy; runpy.run_module('bot', run_name='__main__')"

    run = subprocess.run([sys.executable, "-c", older], cwd=CHECKOUT, capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("pkgstatus-bot needs Python 3.11 or newer, and this is ")
    assert run.stderr.count("\n") == 1
    assert metadata("pkgstatus-bot")["Requires-Python"] == ">=3.11"
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11"
    first = (CHECKOUT / "bot" / "__init__.py").read_text(encoding="utf-8")
    assert ast.parse(first, feature_version=(3, 7))
