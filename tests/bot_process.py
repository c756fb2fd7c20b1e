"""A bot as a process of its own, with ordinary settings in its environment and its output in a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.leaks import secrets_in
from tests.waiting import TIMEOUT_SECONDS

CHECKOUT = Path(__file__).parents[1]
RUN = ("-m", "bot", "run")
SECRETS_BY_OUTPUT: dict[Path, frozenset[str]] = {}
"""What each program of this session prints into, and which secrets it was given: see conftest.py."""


class BotProcess:
    """A running Python program; `stop` ends it as a service manager does, `kill` as a power cut does."""

    def __init__(self, environment: dict[str, str], folder: Path, program: tuple[str, ...] = RUN) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PKGSTATUS_")}
        self.output = folder / f"output-{len(list(folder.glob('output-*')))}.txt"
        SECRETS_BY_OUTPUT[self.output] = secrets_in(environment)
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, *program],
                env=inherited | environment,
                cwd=CHECKOUT,
                stdout=out,
                stderr=out,
                # A session of its own: a signal sent to it reaches nobody else.
                start_new_session=True,
            )

    def log(self) -> str:
        """Return what it printed so far."""
        return self.output.read_text(encoding="utf-8")

    def wait(self, seconds: float = TIMEOUT_SECONDS) -> int:
        """Wait for its end and return its exit code."""
        return self.process.wait(seconds)

    def stop(self, seconds: float = TIMEOUT_SECONDS) -> int:
        """Ask it to end and return its exit code."""
        self.process.terminate()
        return self.wait(seconds)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()
