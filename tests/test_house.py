"""The house stands as its README draws it: the import ladder, words, listeners, manifest and help text."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter
from inspect import get_annotations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from slack_bolt.kwargs_injection.args import Args

from bot.domain.command import WORDS
from bot.slack import slash_command
from bot.slack.workspace import SCOPES
from bot.views import replies

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for path in (ROOT / "bot").rglob("*") if path.suffix in {".py", ".js", ".css", ".html", ".sql"})
MODULES = [path for path in SOURCES if path.suffix == ".py"]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
SCHEMA = Path(
    os.environ.get("PKGSTATUS_TEST_MANIFEST_SCHEMA")
    or ROOT.parent / "shared" / "data" / "slack-manifest.schema.2.0.0.json"
)
FORMER_WORDS = frozenset({"brake", "brakes", "habits", "pen", "picturing", "shelved", "tally", "vitals"})
"""Words of this program's own that once stood for what the field has names for."""
REGISTERING = {"command", "action", "view", "event", "shortcut", "options", "message", "middleware", "error"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a module."""
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def manifest() -> Any:
    return yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))


def test_imports_point_down_only() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    run = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout


def test_every_module_says_what_it_owns() -> None:
    assert [name_of(path) for path, tree in TREES.items() if not ast.get_docstring(tree)] == []


def test_no_module_is_a_drawer_for_everything() -> None:
    assert [name_of(path) for path in SOURCES if path.stem in {"utils", "util", "helpers", "common", "misc"}] == []


def test_no_file_name_stands_three_times() -> None:
    counts = Counter(path.name for path in MODULES if path.name != "__init__.py")

    assert [name for name, count in counts.items() if count > 2] == []


def test_names_are_the_ones_of_the_field() -> None:
    found = [f"{name_of(path)}: {name}" for path, tree in TREES.items() for name in (path.stem, *defined(tree))]

    assert [each for each in found if FORMER_WORDS & words_of(each.rpartition(" ")[2])] == []


def defined(tree: ast.AST) -> Iterator[str]:
    """Yield every name that a module gives to a class, a function, a parameter or a value."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def words_of(name: str) -> set[str]:
    """Return the words of a name: `_OldName_of` has `old`, `name` and `of`."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def test_importing_the_bot_does_nothing() -> None:
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in MODULES]
    code = (
        "import importlib, sys, threading\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "sys.exit(threading.active_count() - 1)"
    )

    run = subprocess.run([sys.executable, "-c", code, *names], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def registered() -> Iterator[tuple[str, int]]:
    """Yield the name of each listener given to Bolt, with how many of its parameters are bound beforehand."""
    for path in (ROOT / "bot" / "slack").rglob("*.py"):
        for node in ast.walk(TREES[path]):
            if not isinstance(node, ast.Call):
                continue
            registering = node.func.func if isinstance(node.func, ast.Call) else node.func
            if ast.unparse(registering) in {f"app.{method}" for method in REGISTERING} and is_a_listener(node.args):
                listener = node.args[0]
                bound = len(listener.args) - 1 if isinstance(listener, ast.Call) else 0
                named = listener.args[0] if isinstance(listener, ast.Call) else listener
                yield ast.unparse(named).rpartition(".")[2], bound


def is_a_listener(arguments: list[ast.expr]) -> bool:
    """Return whether what is given to Bolt is a function, not the id that it shall listen to."""
    return bool(arguments) and ast.unparse(arguments[0]).rpartition("(")[2].rpartition(".")[2].startswith(
        ("on_", "only_")
    )


LISTENERS = sorted(set(registered()))


def test_there_are_listeners() -> None:
    assert {"on_command", "on_click", "on_error"} <= {name for name, _ in LISTENERS}


@pytest.mark.parametrize(("name", "bound"), LISTENERS)
def test_bolt_injects_every_parameter_of_a_listener(name: str, bound: int) -> None:
    """A misspelt parameter silently receives None, and a keyword-only one is not injected at all."""
    injected = {*get_annotations(Args), "next", "error", "args"}
    found = [function for path in MODULES if "slack" in path.parts for function in functions(TREES[path])]

    for function in [each for each in found if each.name == name]:
        parameters = [each.arg for each in function.args.args if each.arg != "self"]
        assert set(parameters[bound:]) <= injected
        assert not function.args.kwonlyargs


def test_the_manifest_is_one_that_slack_takes() -> None:
    if not SCHEMA.is_file():
        pytest.skip(f"there is no copy of Slack's schema at {SCHEMA} (PKGSTATUS_TEST_MANIFEST_SCHEMA names one)")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))

    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(manifest())] == []


def test_the_manifest_has_the_command_that_the_bot_hears() -> None:
    assert [each["command"] for each in manifest()["features"]["slash_commands"]] == [slash_command.COMMAND]


def test_the_help_in_the_readme_is_the_one_that_the_bot_gives() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- help -->\n```\w*\n(.*?)```", readme, re.DOTALL)
    assert block, "README.md has no fenced block after <!-- help -->"

    assert help_of_the_readme(block[1]) == help_of_the_bot()


def help_of_the_readme(block: str) -> dict[str, str]:
    """Return what each command does; lines that are indented go on with the line before."""
    lines = re.sub(r"\n {20,}", "  ", block).splitlines()
    pairs = (re.split(r" {2,}", line, maxsplit=1) for line in lines if line)
    return {command: re.sub(r" {2,}", " ", said.strip()) for command, said in pairs}


def help_of_the_bot() -> dict[str, str]:
    """Return the same of the bot's own text, without its formatting."""
    lines = replies.help_text().text.replace("`", "").splitlines()
    pairs = (line.removeprefix("• ").partition(" – ") for line in lines if line.startswith("• "))
    return {command: said for command, _, said in pairs}


def test_the_readme_names_every_filter_word() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [word for word in WORDS if word not in readme] == []


def test_the_check_asks_for_the_scopes_of_the_manifest() -> None:
    assert list(SCOPES) == manifest()["oauth_config"]["scopes"]["bot"]
