"""The control API's actions: what people do and which faults tests inject. JSON in, JSON out.

Each action is a function from the document that was posted to the answer. Raises Refused, whose text is one sentence.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from bot.demo.workspace import admin_actions
from bot.demo.workspace.clicks import Pick, click_in_message, click_in_view
from bot.demo.workspace.commands import require_command, run_command
from bot.demo.workspace.connection_faults import disturb
from bot.demo.workspace.envelopes import Delivery
from bot.demo.workspace.failure import Json, Refused
from bot.demo.workspace.people import Channel, Person
from bot.demo.workspace.submissions import close_view, submit
from bot.demo.workspace.user_actions import open_home, say
from bot.demo.workspace.workspace import Workspace


def _field(document: Json, name: str) -> str:
    if not document.get(name):
        raise Refused(f"The field {name!r} is missing.", 400)
    return str(document[name])


def _person(workspace: Workspace, document: Json) -> Person:
    return workspace.conversations.person(_field(document, "user"))


def _channel(workspace: Workspace, document: Json) -> Channel:
    return workspace.conversations.channel(_field(document, "channel"))


def _acknowledged(delivery: Delivery) -> Json:
    answer: Json = {"acked": delivery.is_acknowledged, "ack_ms": delivery.ack_ms}
    return answer if delivery.is_acknowledged else answer | {"error": delivery.outcome}


async def command(workspace: Workspace, document: Json) -> Json:
    """Run a slash command; `force` skips what Slack's client would refuse."""
    person, channel, name = (
        _person(workspace, document),
        _channel(workspace, document),
        _field(document, "command"),
    )
    if not document.get("force"):
        require_command(workspace, person, channel, name)
    delivery = await run_command(workspace, person, channel, name, str(document.get("text") or ""))
    return _acknowledged(delivery) | {"response": delivery.payload}


async def click(workspace: Workspace, document: Json) -> Json:
    """Use an element of a message or a view."""
    person = _person(workspace, document)
    names = ("value", "option", "block_id")
    pick = Pick(_field(document, "action_id"), **{name: document.get(name) for name in names})
    if document.get("view_id"):
        view = workspace.views.find(str(document["view_id"]))
        if view is None or view.user != person.id:
            raise Refused("There is no such view open for this person.", 404)
        return _acknowledged(await click_in_view(workspace, person, view, pick))
    channel = _channel(workspace, document)
    message = workspace.conversations.find(channel.id, _field(document, "ts"))
    is_member = workspace.conversations.is_member(channel, person.id) and not person.deleted
    if message is None or not is_member or not message.is_shown_to(person.id):
        raise Refused("This person sees no such message.", 404)
    return _acknowledged(await click_in_message(workspace, person, message, pick))


async def submit_modal(workspace: Workspace, document: Json) -> Json:
    """Submit a person's top modal."""
    delivery, errors = await submit(workspace, _person(workspace, document), document.get("values") or {})
    answer: Json = _acknowledged(delivery) if delivery else {"acked": False, "ack_ms": None}
    return answer | {"errors": errors}


async def close_modal(workspace: Workspace, document: Json) -> Json:
    """Close a person's top modal, or all with `all`."""
    await close_view(workspace, _person(workspace, document), all_views=bool(document.get("all")))
    return {}


async def say_something(workspace: Workspace, document: Json) -> Json:
    """Post a person's message."""
    person, channel, text = (
        _person(workspace, document),
        _channel(workspace, document),
        _field(document, "text"),
    )
    return {"ts": say(workspace, person, channel, text, document.get("thread_ts")).ts}


async def open_home_tab(workspace: Workspace, document: Json) -> Json:
    """Open the Home tab as a person."""
    open_home(workspace, _person(workspace, document))
    return {}


async def inject_fault(workspace: Workspace, document: Json) -> Json:
    """Inject a fault, or remove all with `clear`."""
    if document.get("clear"):
        workspace.faults.clear()
    else:
        workspace.faults.add(document)
    return {}


async def disturb_sockets(workspace: Workspace, document: Json) -> Json:
    """Disturb the Socket Mode connections."""
    await disturb(workspace.sockets, workspace.timing, _field(document, "action"))
    return {}


Action = Callable[[Workspace, Json], Awaitable[Json]]
ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "channel": admin_actions.change_channel,
        "click": click,
        "close": close_modal,
        "command": command,
        "faults": inject_fault,
        "group": admin_actions.change_group,
        "keep_back": admin_actions.hide_blocks,
        "open_home": open_home_tab,
        "person": admin_actions.change_person,
        "place": admin_actions.change_place,
        "say": say_something,
        "socket": disturb_sockets,
        "submit": submit_modal,
    }
)
