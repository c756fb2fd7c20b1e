"""The app asks Slack for what the bot uses and for nothing else: scopes by the methods it calls, events by its ears."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

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


def calls() -> Iterator[ast.Call]:
    """Yield every call at the edge to Slack."""
    for file in EDGES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def first_text(call: ast.Call) -> str:
    """Return what a call is given first, where that is a text."""
    return str(call.args[0].value) if call.args and isinstance(call.args[0], ast.Constant) else ""


def called() -> set[str]:
    """Return the Web API's methods that the bot calls, by attribute or by name."""
    found: set[str] = set()
    for node in calls():
        attribute = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        found |= {BY_NAME[attribute]} if attribute in BY_NAME else set()
        found |= set(SEVERAL.get(attribute, ()))
        found |= {first_text(node)} if attribute == "api_call" else set()
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
    heard = {
        first_text(node)
        for node in calls()
        if isinstance(node.func, ast.Attribute) and node.func.attr == "event" and ast.unparse(node.func.value) == "app"
    }

    assert heard == MANIFEST.events


def test_a_home_tab_is_shown_where_there_is_somebody_who_fills_it() -> None:
    assert MANIFEST.has_home_tab == ("views.publish" in METHODS_CALLED)
