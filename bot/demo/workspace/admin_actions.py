"""Changing who and what is in the workspace while it runs: a deactivated approver, an archived channel, a new group.

A thing is named by its id or its handle; an id nobody has yet makes a new one.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.demo.workspace.failure import Json, Refused
from bot.demo.workspace.journal import Change
from bot.demo.workspace.people import Channel, Group, Person, Place
from bot.demo.workspace.workspace import Workspace


def _change(workspace: Workspace, known: dict[str, Any], document: Json, fresh: Callable[[str], Any]) -> Json:
    """Give a known or a fresh thing the fields of the document."""
    reference = str(document.get("id") or "")
    if not reference:
        raise Refused("The field 'id' is missing.", 400)
    thing = next((one for one in known.values() if reference in _names(one)), None) or fresh(reference)
    unknown = sorted(set(document) - set(thing.__dataclass_fields__))
    if unknown:
        raise Refused(f"There is no such thing as {unknown}.", 400)
    known[thing.id] = replace(thing, **(document | {"id": thing.id}))
    workspace.journal.announce(Change("connection"))
    return {"id": thing.id}


def _names(thing: Person | Channel | Group) -> tuple[str, str]:
    return thing.id, thing.name if isinstance(thing, Channel) else thing.handle


async def change_person(workspace: Workspace, document: Json) -> Json:
    """Add or change a person: {id, handle?, name?, deleted?, is_restricted?, team_id?, ...}."""
    known = workspace.conversations.people
    return _change(workspace, known, document, lambda name: Person(name, name.lower(), name, "666666"))


async def change_channel(workspace: Workspace, document: Json) -> Json:
    """Add or change a channel: {id, name?, members?, is_private?, is_archived?, is_ext_shared?, ...}."""
    known = workspace.conversations.channels
    return _change(workspace, known, document, lambda name: Channel(name, name.lower(), []))


async def change_place(workspace: Workspace, document: Json) -> Json:
    """Move the installation: {team_id?, enterprise_id?, app_id?, is_org_wide?}.

    With `named_only` the facts stay, and payloads name the other place until it is changed back.
    """
    fields = {name: value for name, value in document.items() if name != "named_only"}
    unknown = sorted(set(fields) - set(Place.__dataclass_fields__))
    if unknown:
        raise Refused(f"There is no such thing as {unknown}.", 400)
    workspace.named = replace(workspace.place, **fields)
    if not document.get("named_only"):
        workspace.place = workspace.named
    return {}


async def hide_blocks(workspace: Workspace, document: Json) -> Json:
    """Let answers or clicks not tell some kinds of blocks, or clicks not the `message`: {answers?, clicks?}."""
    workspace.hidden_block_types = {name: document[name] for name in ("answers", "clicks") if name in document}
    return {}


async def change_group(workspace: Workspace, document: Json) -> Json:
    """Add or change a user group: {id, handle?, name?, users?}."""
    known = workspace.conversations.groups
    return _change(workspace, known, document, lambda name: Group(name, name.lower(), name))
