"""What an installer does: run `pkgstatus-bot check` with some settings and read what it says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bot_process import BotProcess

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Json

CHECK = ("-m", "bot", "check")


@dataclass(frozen=True)
class CheckResult:
    """How a check ended, and its findings."""

    code: int
    findings: list[Json]

    def marked(self, *marks: str) -> dict[str, str]:
        """Return the sentences with these marks, by their subjects."""
        return {each["subject"]: each["sentence"] for each in self.findings if each["mark"] in marks}

    @property
    def wrong(self) -> dict[str, str]:
        """What is wrong, by subject."""
        return self.marked("wrong")

    def cure(self, subject: str) -> str:
        """Return what is to be done about the first line of a subject that has a cure."""
        return str(next(each["cure"] for each in self.findings if each["subject"] == subject and each["cure"]))


def check(settings: dict[str, str], folder: Path, **overrides: str | None) -> CheckResult:
    """Run the check for a program; None takes a setting away."""
    program = BotProcess(_changed(settings, overrides), folder, (*CHECK, "--json"))
    code = program.wait()
    return CheckResult(code, json.loads(program.log())["findings"])


def page(settings: dict[str, str], folder: Path, **overrides: str | None) -> tuple[int, str]:
    """Run the check for a person; return its exit code and what it printed."""
    program = BotProcess(_changed(settings, overrides), folder, CHECK)
    return program.wait(), program.log()


def _changed(settings: dict[str, str], overrides: dict[str, str | None]) -> dict[str, str]:
    given = settings | {f"PKGSTATUS_{name.upper()}": value for name, value in overrides.items()}
    return {name: value for name, value in given.items() if value is not None}
