"""A bot that is killed at any step between a command and its line in the audit channel: another one ends the work.

The leases last 15 seconds, so every crash costs about as much; the crashes of an engine are therefore played side by
side, each on a stage of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from bot import failpoints
from tests.bots import CHECKOUT
from tests.frontdoor.mortal_bot import ARMED, mortal
from tests.frontdoor.trail import entries, lines, lines_of, newest, unanswered, untold, wait_until_told
from tests.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.frontdoor.trail import Line, Recorded

POSTGRESQL = "PKGSTATUS_TEST_STORE_ODBC"
"""Names an ODBC connection string to a PostgreSQL on which this login may create databases."""

STEPS = [name for name in failpoints.NAMES if name.split(":")[0] in {"inbox", "answer", "append", "deliver"}]
SIDE_BY_SIDE = 6
PATIENCE_SECONDS = 90
ANSWER = "PS100112 Boot image (x64), source version 13: "


class Outcome(NamedTuple):
    """What is left after a crash and the end of the work by another bot."""

    exit_code: int
    answers: int
    recorded: list[Recorded]
    told: list[Line]
    verified: subprocess.CompletedProcess[str]


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param(
            "postgresql", marks=pytest.mark.skipif(POSTGRESQL not in os.environ, reason=f"{POSTGRESQL} is not set")
        ),
    ],
)
def crashes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Outcome]]]:
    """Yield what comes of a crash at each step."""
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(SIDE_BY_SIDE))
        playing: dict[str, Future[Outcome]] = {}
        for number, step in enumerate(STEPS):
            store = stack.enter_context(own_database(number)) if request.param == "postgresql" else None
            playing[step] = pool.submit(crash, step, tmp_path_factory.mktemp("crash"), store)
        yield playing
        pool.shutdown(cancel_futures=True)


@contextmanager
def own_database(number: int) -> Iterator[str]:
    """Make a database for one stage, as the leases and the order of one store are its own."""
    name = f"pkgstatus_crash_{number}"
    run_outside(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    options = [option for option in os.environ[POSTGRESQL].split(";") if not option.lower().startswith("database=")]
    yield ";".join([*filter(None, options), f"Database={name}"])
    run_outside(f"DROP DATABASE {name} WITH (FORCE)")


def run_outside(*statements: str) -> None:
    import pyodbc  # noqa: PLC0415 - needs the system's unixODBC

    with closing(pyodbc.connect(os.environ[POSTGRESQL], autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement)


def crash(step: str, folder: Path, store: str | None) -> Outcome:
    """Let a bot die at a step of a command, let another one end the work, and say how things are then."""
    with Stage(folder) as stage:
        if store:
            stage.settings["PKGSTATUS_STORE"] = store
        bot = stage.start_bot(mortal(step))
        stage.ask("grace", "help")
        wait_until_told(stage)
        bot.process.send_signal(signal.SIGUSR1)
        stage.wait_for(lambda: ARMED in bot.log())

        stage.command("ada", "PS100112")
        exit_code = bot.wait(PATIENCE_SECONDS)
        stage.start_bot()
        stage.ask("linus", "help")

        stage.wait_for(lambda: unanswered(stage) == 0, PATIENCE_SECONDS)
        recorded = wait_until_told(stage, PATIENCE_SECONDS)
        answers = [message for message in stage.messages() if message["text"].startswith(ANSWER)]
        return Outcome(exit_code, len(answers), recorded, lines(stage), verify(stage))


def verify(stage: Stage) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "ledger", "verify"],
        env=os.environ | stage.settings,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_costs_no_answer_no_entry_and_no_line(
    crashes: dict[str, Future[Outcome]], step: str
) -> None:
    outcome = crashes[step].result()

    assert outcome.exit_code == -signal.SIGKILL
    assert outcome.answers == (2 if step == "answer: given" else 1), "only what was not noted as given comes again"
    assert Counter(kinds(outcome.recorded)) == Counter({"started": 2, "asked for help": 2, "looked up": 1}), (
        "no entry is lost or doubled"
    )
    assert list(dict.fromkeys(outcome.told)) == lines_of(outcome.recorded), "no line is lost or out of order"
    assert (outcome.verified.returncode, outcome.verified.stderr) == (0, "")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("step", ["answer: recorded", "deliver: posted"])
def test_another_bot_that_is_there_already_takes_over_from_one_that_dies(fresh_stage: Stage, step: str) -> None:
    dying = fresh_stage.start_bot(mortal(step))
    wait_until_told(fresh_stage)
    fresh_stage.start_bot()
    dying.process.send_signal(signal.SIGUSR1)
    fresh_stage.wait_for(lambda: ARMED in dying.log())
    before = newest(fresh_stage)

    asked = 0
    while dying.process.poll() is None and asked < 40:
        asked += bool(fresh_stage.command("ada", "PS100112")["acked"])

    assert dying.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    fresh_stage.wait_for(lambda: unanswered(fresh_stage) + untold(fresh_stage) == 0, PATIENCE_SECONDS)
    assert kinds(entries(fresh_stage, before)) == ["looked up"] * asked
    assert list(dict.fromkeys(lines(fresh_stage))) == lines_of(entries(fresh_stage))
    answers: list[Any] = [message for message in fresh_stage.messages() if message["text"].startswith(ANSWER)]
    assert len(answers) == asked
    assert verify(fresh_stage).returncode == 0


def kinds(recorded: list[Recorded]) -> list[str]:
    return [entry.kind for entry in recorded]
