"""How each command ends: in any one, an exit code means one thing, whatever is closed, interrupted or wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.domain.ledger_entry import Draft
from bot.exit_codes import Exit
from bot.store import open_store
from tests.bot_process import CHECKOUT
from tests.frontdoor.slack_export import CHANNEL
from tests.frontdoor.test_ledger_commands import settings

if TYPE_CHECKING:
    from pathlib import Path

WRITES = ["--help", "--version", "check --json"]
LEDGER = ["ledger verify", "ledger head", "ledger export"]
TYPED_WRONG = ["bogus", "run --bogus", "ledger", "ledger verify --head 1", "digest", "demo --port 99999", "check x"]
AT_IMPORT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is started with Ctrl-C ignored
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            {what}
sys.meta_path.insert(0, Finder())
from bot.__main__ import main
main(["{word}"])
"""


def ended(words: str, shell: str = "", **more: str) -> tuple[int, str]:
    """Run a command by a shell that opens or closes what it is told; return its exit code and what it said."""
    command = f"exec {sys.executable} -m bot {words} {shell}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PKGSTATUS_")}
    # As people start it: a stream that Python was told not to buffer says at once what else is known at the end only.
    environment = {name: value for name, value in (inherited | more).items() if not name.startswith("PYTHON")}
    run = subprocess.run(
        ["/bin/sh", "-c", command], env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stderr


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the settings of a bot whose ledger fits into any buffer."""
    file = tmp_path_factory.mktemp("small") / "store.db"
    began = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)
    with closing(open_store(f"sqlite:///{file}", audit_channel=CHANNEL, holder="one", clock=lambda: began)) as store:
        store.ledger.append(Draft("commands", None, "looked up", "U000000ADA", "T0CONTOSO", {"number": 1}))
    return settings(file) | {"PKGSTATUS_SLACK__API_URL": "http://127.0.0.1:9/"}


@pytest.mark.parametrize("closed", [">&-", "<&- >&-"])
@pytest.mark.parametrize("words", [*WRITES, *LEDGER])
def test_a_closed_output_is_not_done(small: dict[str, str], words: str, closed: str) -> None:
    assert ended(words, closed, **small) == (Exit.NOT_DONE, "The output cannot be used: Bad file descriptor.\n")


@pytest.mark.parametrize("words", [*WRITES, *LEDGER])
def test_a_full_output_is_not_done_however_little_there_is_to_write(small: dict[str, str], words: str) -> None:
    assert ended(words, ">/dev/full", **small) == (
        Exit.NOT_DONE,
        "The output cannot be used: No space left on device.\n",
    )


@pytest.mark.parametrize("words", ["--help", *TYPED_WRONG, "ledger head"])
def test_with_nowhere_to_say_anything_it_is_not_done_too(small: dict[str, str], words: str) -> None:
    assert ended(words, ">&- 2>&-", **small)[0] == Exit.NOT_DONE


@pytest.mark.parametrize("words", ["--help", "ledger --help", "check", "ledger export"])
def test_a_reader_who_went_away_is_told_apart(small: dict[str, str], words: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    run = subprocess.run(
        [sys.executable, "-m", "bot", *words.split()],
        env=os.environ | small,
        cwd=CHECKOUT,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)

    assert (run.returncode, run.stderr) == (Exit.UNREAD, b"")


@pytest.mark.parametrize("words", TYPED_WRONG)
def test_wrong_words_are_not_done(small: dict[str, str], words: str) -> None:
    code, said = ended(words, **small)

    assert code == Exit.NOT_DONE
    assert "Usage: " in said
    assert "Traceback" not in said


@pytest.mark.parametrize("words", ["run", *LEDGER, "digest --preview morning"])
def test_wrong_settings_are_not_done_and_for_check_they_are_what_it_found_wrong(words: str, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/store.db"

    assert ended(words, PKGSTATUS_STORE=store)[0] == Exit.NOT_DONE
    assert ended("check", PKGSTATUS_STORE=store)[0] == Exit.WRONG


@pytest.mark.parametrize("word", ["check", "run", "--help"])
def test_ctrl_c_while_the_program_is_being_loaded_is_an_interruption(word: str) -> None:
    code, said = imported("signal.raise_signal(signal.SIGINT)", word)

    assert (code, said) == (Exit.INTERRUPTED, "Interrupted.\n")


def test_a_part_that_is_missing_is_a_fault_and_no_verdict() -> None:
    code, said = imported('raise ModuleNotFoundError("No module named bot.app.bot")', "check")

    assert code == Exit.FAULT
    assert "ModuleNotFoundError" in said


def test_what_nobody_expected_of_a_command_that_runs_is_a_fault_too() -> None:
    code, said = imported('raise RuntimeError("nobody expected this")', "demo", module="bot.demo.launch")

    assert code == Exit.FAULT
    assert "nobody expected this" in said


def imported(what: str, word: str, module: str = "bot.app.bot") -> tuple[int, str]:
    """Let something happen while the program imports a module; return its exit code and what it said."""
    script = AT_IMPORT.format(what=what, word=word, module=module)
    run = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return run.returncode, run.stderr
