"""The app asks Slack for what the bot uses and for nothing else: scopes by the methods it calls, events by its ears."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bot.demo.workspace.manifest import read_manifest
from bot.demo.workspace.methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
MANIFEST = read_manifest(ROOT / "manifest.yml")
BY_NAME = {name.replace(".", "_"): name for name in METHODS}
SEVERAL = {"files_upload_v2": ("files.getUploadURLExternal", "files.completeUploadExternal")}
"""Calls of Slack's own client that are more than one method."""
EDGES = [*(ROOT / "bot" / "slack").rglob("*.py"), *(ROOT / "bot" / "wiring").rglob("*.py")]


class Call(NamedTuple):
    """A call in the code: what it is called on, its name, and the text it is given first, by a constant or as it is."""

    on: str
    name: str
    text: str


def calls() -> Iterator[Call]:
    """Yield every call of an attribute at the edge to Slack."""
    for file in EDGES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        constants = dict(constants_of(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                first = ast.unparse(node.args[0]) if node.args else ""
                yield Call(ast.unparse(node.func.value), node.func.attr, constants.get(first, first.strip("'")))


def constants_of(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the names that a module gives to texts."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            yield ast.unparse(node.targets[0]), str(node.value.value)


def called() -> set[str]:
    """Return the Web API's methods that the bot calls, by attribute or by name."""
    found: set[str] = set()
    for call in calls():
        found |= {BY_NAME[call.name]} if call.name in BY_NAME else set()
        found |= set(SEVERAL.get(call.name, ()))
        found |= {call.text} if call.name == "api_call" and call.on != "super()" else set()
    return found


METHODS_CALLED = called()


def test_the_methods_were_found() -> None:
    assert {"auth.test", "chat.postMessage", "conversations.info", "users.info", "views.open"} <= METHODS_CALLED


def test_every_method_that_is_called_is_allowed() -> None:
    refused = {
        name: METHODS[name].scopes
        for name in METHODS_CALLED
        if METHODS[name].scopes and not MANIFEST.scopes.intersection(METHODS[name].scopes)
    }

    assert refused == {}


def test_every_scope_that_is_asked_for_is_used() -> None:
    usable = {scope for name in METHODS_CALLED for scope in METHODS[name].scopes}

    assert MANIFEST.scopes - usable == {"commands"}
    assert MANIFEST.commands


def test_every_event_that_is_asked_for_is_heard_and_every_one_that_is_heard_is_asked_for() -> None:
    heard = {call.text for call in calls() if (call.on, call.name) == ("app", "event")}

    assert heard == MANIFEST.events


def test_a_home_tab_is_shown_where_there_is_somebody_who_fills_it() -> None:
    assert MANIFEST.has_home_tab == ("views.publish" in METHODS_CALLED)
