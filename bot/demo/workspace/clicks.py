"""Clicks and choices in messages and views, from the element a person sees to the envelope for the app.

Plays Slack's client: only what is visible to a person can be used by that person.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.demo.workspace import payloads
from bot.demo.workspace.blocks.placing import Placed, placed_elements
from bot.demo.workspace.choices import choice, chosen, initially
from bot.demo.workspace.envelopes import Delivery, Envelope
from bot.demo.workspace.failure import Json, Refused
from bot.demo.workspace.messages import Message
from bot.demo.workspace.messages import as_payload as message_payload
from bot.demo.workspace.people import Channel, Person
from bot.demo.workspace.views import View
from bot.demo.workspace.views import as_payload as view_payload
from bot.demo.workspace.workspace import Workspace


@dataclass(frozen=True)
class Pick:
    """Which element is used and what is chosen in it."""

    action_id: str
    value: str | None = None
    """Picks among several buttons with one action id."""
    option: Any = None
    """The value of the chosen option, or what was entered."""
    block_id: str | None = None

    def find(self, blocks: Sequence[Json]) -> Placed:
        """Return the element, or refuse if there is none such."""
        for placed in placed_elements(blocks):
            is_named = placed.action_id == self.action_id and self.block_id in (None, placed.block_id)
            if is_named and self.value in (None, placed.element.get("value")):
                return placed
        raise Refused(f"There is no element {self.action_id!r} to use here.", 404)


def _action(placed: Placed, option: Any) -> Json:
    names = {"type": placed.element["type"], "action_id": placed.action_id, "block_id": placed.block_id}
    return names | choice(placed.element, option) | {"action_ts": f"{time.time():.6f}"}


def _remember(values: dict[str, dict[str, Any]], placed: Placed, option: Any) -> None:
    if initially(placed.element) is not None:
        values.setdefault(placed.block_id, {})[placed.action_id] = chosen(placed.element, option)


def _initial_values(blocks: Sequence[Json]) -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, Any]] = {}
    for placed in placed_elements(blocks):
        remembered = initially(placed.element)
        if remembered is not None:
            values.setdefault(placed.block_id, {})[placed.action_id] = remembered
    return values


def require_interactivity(workspace: Workspace) -> None:
    """Refuse everything interactive if the manifest does."""
    if not workspace.manifest.is_interactive:
        raise Refused("This app is not configured to handle interactive responses.")


async def click_in_message(workspace: Workspace, person: Person, message: Message, pick: Pick) -> Delivery:
    """Use an element of a message and tell the app."""
    require_interactivity(workspace)
    channel = workspace.conversations.channels[message.channel]
    placed = pick.find(message.blocks)
    values = message.inputs.setdefault(person.id, _initial_values(message.blocks))
    action = _action(placed, pick.option)
    _remember(values, placed, pick.option)
    payload = payloads.interaction(
        workspace.named,
        "block_actions",
        person,
        container=_container(message),
        trigger_id=workspace.triggers.issue(person.id),
        channel={"id": channel.id, "name": payloads.channel_name(channel)},
        **_visible_payload(workspace, message),
        state={"values": values},
        response_url=workspace.response_url(channel, person.id, message),
        actions=[action],
    )
    delivery = await workspace.sockets.deliver(Envelope("interactive", payload))
    if not delivery.is_acknowledged:
        _show_failure(workspace, person, channel)
    return delivery


def _visible_payload(workspace: Workspace, message: Message) -> Json:
    hidden = workspace.hidden_block_types.get("clicks", ())
    return {} if "message" in hidden else {"message": message_payload(message, hidden)}


def _container(message: Message) -> Json:
    container = {"type": "message", "message_ts": message.ts, "channel_id": message.channel}
    thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    return container | thread | {"is_ephemeral": message.is_ephemeral}


def _show_failure(workspace: Workspace, person: Person, channel: Channel) -> None:
    workspace.notify(channel, person.id, "This app responded with an error. Try again in a moment.")


async def click_in_view(workspace: Workspace, person: Person, view: View, pick: Pick) -> Delivery:
    """Use an element of a modal or Home tab and tell the app."""
    require_interactivity(workspace)
    placed = pick.find(view.document["blocks"])
    if placed.block["type"] == "input" and not placed.block.get("dispatch_action"):
        raise Refused(f"{pick.action_id!r} is only sent with the form.")
    action = _action(placed, pick.option)
    _remember(view.values, placed, pick.option)
    payload = payloads.interaction(
        workspace.named,
        "block_actions",
        person,
        container={"type": "view", "view_id": view.id},
        trigger_id=workspace.triggers.issue(person.id, view.id),
        view=view_payload(view),
        actions=[action],
    )
    return await workspace.sockets.deliver(Envelope("interactive", payload))
