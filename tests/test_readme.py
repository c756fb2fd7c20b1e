"""What the README draws is so: the steps of a request, the layers, the tree, the exit codes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from click.testing import CliRunner

from bot.cli.main import main
from bot.domain.approval import Reject, Withdraw, decide
from bot.domain.refusal import Refusal
from bot.domain.request import QUORUM, Request, Stage, advance
from bot.exit_codes import MEANINGS, Exit
from tests.domain.test_approval import COMMANDS
from tests.fakes import ADA, GRACE, LINUS, MARGARET, TEAM
from tests.requests import SOON, TOO_LATE, approve, asked

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def steps_of_the_code() -> set[tuple[str, str]]:
    """Try every command at every stage that can be reached, early and late, and note each change of stage."""
    waiting = [asked()]
    seen: set[tuple[Stage, int]] = set()
    found: set[tuple[Stage, Stage]] = set()
    votes = [approve(person.id, asked()) for person in (GRACE, LINUS, MARGARET)]
    commands = [*COMMANDS.values(), *votes, Withdraw(ADA.id, TEAM), Reject(GRACE.id, TEAM, "not now, please")]
    while waiting:
        request = waiting.pop()
        key = (request.stage, len(request.votes))
        if key in seen:
            continue
        seen.add(key)
        for after in (advance_by(request, command, late=late) for command in commands for late in (False, True)):
            if after is not None:
                waiting.append(after)
                found |= {(request.stage, after.stage)} if after.stage is not request.stage else set()
    return {(str(before), str(then)) for before, then in found}


def advance_by(request: Request, command: object, *, late: bool) -> Request | None:
    """Return what a request becomes by a command; None when it is refused."""
    now = TOO_LATE if late else SOON
    events = decide(request, command, now)  # type: ignore[arg-type]  # every command there is
    return None if isinstance(events, Refusal) else advance(request, events, now)


def test_the_diagram_in_the_readme_has_exactly_the_steps_of_the_code() -> None:
    block = re.search(r"<!-- states -->\n```mermaid\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block, "README.md has no Mermaid block after <!-- states -->"

    drawn = set(re.findall(r"^ *(\w+) --> (\w+)", block[1], re.MULTILINE))

    assert drawn == steps_of_the_code()
    assert {stage for step in drawn for stage in step} == {str(stage) for stage in Stage}
    assert f"{QUORUM} different approvers" in block[1]


def test_the_runbook_and_the_help_have_every_exit_code_with_its_one_meaning() -> None:
    rows = re.findall(
        r"^\| (\d+) \| (.+) \|$", (ROOT / "deploy" / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert {int(code): meaning.replace("`", "") for code, meaning in rows} == MEANINGS
    assert len(set(MEANINGS.values())) == len(MEANINGS) == len(Exit)
    for words in (
        [],
        ["run"],
        ["demo"],
        ["check"],
        ["digest"],
        ["ledger"],
        *(["ledger", each] for each in ("verify", "export", "head")),
    ):
        said = CliRunner().invoke(main, [*words, "--help"])
        assert said.exit_code == 0
        assert dict(re.findall(r"^ +(\d+) +(\S.*)$", said.output.split("Exit codes:")[1], re.MULTILINE)) == {
            str(int(code)): meaning for code, meaning in MEANINGS.items()
        }


def test_the_layers_in_the_readme_are_those_of_the_import_contract() -> None:
    block = re.search(
        r"\| layer \| folders \| may know \|\n\|[-|]+\|\n((?:\|.*\n)+)", README.read_text(encoding="utf-8")
    )
    assert block, "README.md has no table of layers"
    drawn = [frozenset(re.findall(r"`(\w+)`", row.split("|")[2])) for row in block[1].splitlines()]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (ladder,) = (each for each in contracts if each["type"] == "layers")

    assert drawn == [frozenset(re.findall(r"\w+", layer)) for layer in ladder["layers"]]
    assert ladder["exhaustive"]
    assert not any(":" in layer for layer in ladder["layers"]), "a colon would let neighbours import each other"


def test_the_tree_in_the_readme_has_every_part_of_the_bot_and_no_other() -> None:
    block = re.search(r"<!-- tree -->\n```text\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block, "README.md has no block after <!-- tree -->"
    drawn = {line.split()[0] for line in block[1].splitlines()}
    parts = {
        f"bot/{path.name}"
        for path in (ROOT / "bot").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }

    assert drawn == (parts - {"bot/__init__.py"}) | {"bot/slack/listeners", "tests"}


def test_every_file_that_the_readme_names_is_there() -> None:
    named = set(re.findall(r"`((?:bot|tests|deploy)/[\w./-]+)`", README.read_text(encoding="utf-8")))

    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
    assert "bot/domain/command.py" in named
