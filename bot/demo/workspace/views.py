"""The modals that are open, as one stack a person, and the Home tabs.

It stores, stacks and finds views; whether a document is a valid view was decided before.
"""

import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from bot.demo.workspace import people
from bot.demo.workspace.blocks.placing import placed_elements
from bot.demo.workspace.choices import initially
from bot.demo.workspace.failure import Failure, Json

MAX_STACK = 3


def _new_hash() -> str:
    return f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}"


@dataclass(eq=False)
class View:
    """One modal or Home tab of one person."""

    user: str
    document: Json
    id: str = field(default_factory=lambda: f"V{secrets.token_hex(5).upper()}")
    hash: str = field(default_factory=_new_hash)
    previous_id: str | None = None
    root_id: str = ""
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What stands in the elements now: block -> action -> value."""

    def __post_init__(self) -> None:
        self.root_id = self.root_id or self.id
        self.show(self.document)

    def show(self, document: Json) -> None:
        """Show another document; what was entered stays where block and action keep their ids."""
        before, self.values = self.values, {}
        self.document = document
        for placed in placed_elements(document.get("blocks", [])):
            remembered = before.get(placed.block_id, {}).get(placed.action_id) or initially(placed.element)
            if remembered is not None:
                self.values.setdefault(placed.block_id, {})[placed.action_id] = remembered


def as_payload(view: View) -> Json:
    """Return Slack's view object."""
    names: Json = {"private_metadata": "", "callback_id": "", "external_id": ""}
    manners: Json = {"title": None, "close": None, "submit": None}
    manners |= {"clear_on_close": False, "notify_on_close": False}
    return (
        names
        | manners
        | view.document
        | {
            "id": view.id,
            "team_id": people.TEAM_ID,
            "app_id": people.APP_ID,
            "app_installed_team_id": people.TEAM_ID,
            "bot_id": people.BOT_ID,
            "hash": view.hash,
            "root_view_id": view.root_id,
            "previous_view_id": view.previous_id,
            "state": {"values": view.values},
        }
    )


class Views:
    """Every open view."""

    def __init__(self) -> None:
        self.stacks: dict[str, list[View]] = defaultdict(list)
        self.homes: dict[str, View] = {}

    def open(self, user: str, document: Json) -> View:
        """Show a modal as the only one."""
        self._require_unused(document)
        self.stacks[user] = [View(user, document)]
        return self.stacks[user][0]

    def push(self, user: str, document: Json) -> View:
        """Show a modal above the one that is open."""
        stack = self.stacks[user]
        if len(stack) >= MAX_STACK:
            raise Failure("push_limit_reached")
        self._require_unused(document)
        below = stack[-1] if stack else None
        view = View(user, document, previous_id=below.id if below else None, root_id=below.root_id if below else "")
        stack.append(view)
        return view

    def publish(self, user: str, document: Json, expected_hash: str) -> View:
        """Show a Home tab."""
        view = self.homes.get(user)
        if view is None:
            view = self.homes[user] = View(user, document)
        else:
            self.update(view, document, expected_hash)
        return view

    def update(self, view: View, document: Json, expected_hash: str = "") -> None:
        """Show another document in an open view, unless it changed since the caller saw it."""
        if expected_hash and expected_hash != view.hash:
            raise Failure("hash_conflict")
        view.hash = _new_hash()
        view.show(document)

    def find(self, view_id: str, external_id: str = "") -> View | None:
        """Return an open view by either of its ids."""
        for view in [*self.homes.values(), *(view for stack in self.stacks.values() for view in stack)]:
            if view.id == view_id or (external_id and view.document.get("external_id") == external_id):
                return view
        return None

    def close(self, view: View) -> None:
        """Take a modal from its stack."""
        self.stacks[view.user] = [other for other in self.stacks[view.user] if other is not view]

    def _require_unused(self, document: Json) -> None:
        external_id = document.get("external_id", "")
        if external_id and self.find("", external_id) is not None:
            raise Failure("duplicate_external_id")
