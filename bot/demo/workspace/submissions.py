"""Submitting and closing modals: what the client checks itself, what the app hears, and what its answer does.

Errors come back by block, the client's own and the app's alike.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from bot.demo.workspace import payloads
from bot.demo.workspace.blocks.placing import Placed, placed_elements
from bot.demo.workspace.choices import chosen, entered
from bot.demo.workspace.clicks import require_interactivity
from bot.demo.workspace.envelopes import Delivery, Envelope
from bot.demo.workspace.failure import Failure, Json, Refused
from bot.demo.workspace.journal import Change
from bot.demo.workspace.people import Person
from bot.demo.workspace.views import View, as_payload
from bot.demo.workspace.views_api import accepted_view
from bot.demo.workspace.workspace import Workspace

Errors = dict[str, str]
WHOLE_VIEW = "_"
TROUBLE: Errors = {WHOLE_VIEW: "We had some trouble connecting. Try again?"}


def top_view(workspace: Workspace, person: Person) -> View:
    """Return the modal a person sees."""
    stack = workspace.views.stacks[person.id]
    if not stack:
        raise Refused(f"{person.name} has no modal open.", 404)
    return stack[-1]


def _inputs(view: View) -> list[Placed]:
    return [placed for placed in placed_elements(view.document["blocks"]) if placed.block["type"] == "input"]


def fill(view: View, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Enter values into a view's elements; refuse one that has no element."""
    elements = {(placed.block_id, placed.action_id): placed.element for placed in _inputs(view)}
    if not isinstance(values, dict) or not all(isinstance(actions, dict) for actions in values.values()):
        raise Refused("The values must be {block_id: {action_id: value}}.", 400)
    for block_id, actions in values.items():
        for action_id, plain in actions.items():
            if (block_id, action_id) not in elements:
                raise Refused(f"There is no input {block_id!r} / {action_id!r} in this modal.", 404)
            view.values[block_id][action_id] = chosen(elements[block_id, action_id], plain)


def client_errors(view: View) -> Errors:
    """Return what Slack's client finds wrong before it sends anything."""
    found = {placed.block_id: _error(placed, _entered(view, placed)) for placed in _inputs(view)}
    return {block_id: error for block_id, error in found.items() if error}


def _entered(view: View, placed: Placed) -> Any:
    return entered(view.values[placed.block_id][placed.action_id])


def _error(placed: Placed, value: Any) -> str:
    if value in (None, "", []):
        return "" if placed.block.get("optional") else "Please complete this required field."
    shortest, longest = placed.element.get("min_length", 0), placed.element.get("max_length")
    if isinstance(value, str) and len(value) < shortest:
        return f"This entry must have at least {shortest} character{'s' if shortest > 1 else ''}."
    if isinstance(value, str) and longest is not None and len(value) > longest:
        return f"This entry can have at most {longest} character{'s' if longest > 1 else ''}."
    return ""


async def submit(workspace: Workspace, person: Person, values: Mapping[str, Any]) -> tuple[Delivery | None, Errors]:
    """Submit a person's top modal; without a delivery the client did not even send it."""
    require_interactivity(workspace)
    view = top_view(workspace, person)
    if not view.document.get("submit"):
        raise Refused("This modal has no submit button.")
    fill(view, values)
    errors = client_errors(view)
    if errors:
        return None, errors
    payload = payloads.interaction(
        workspace.named,
        "view_submission",
        person,
        trigger_id=workspace.triggers.issue(person.id, view.id),
        view=as_payload(view),
        response_urls=[],
    )
    delivery = await workspace.sockets.deliver(Envelope("interactive", payload, accepts_response=True))
    if not delivery.is_acknowledged:
        return delivery, dict(TROUBLE)
    return delivery, _carry_out(workspace, view, delivery.payload or {})


def _carry_out(workspace: Workspace, view: View, answer: Json) -> Errors:
    """Do what the app answered to a submission."""
    action = ANSWERS.get(str(answer.get("response_action", "")), _not_understood)
    try:
        return action(workspace, view, answer)
    except Failure as failure:
        workspace.journal.write(kind="ack_payload", ok=False, error=failure.error, **failure.extra)
        return dict(TROUBLE)
    finally:
        workspace.journal.announce(Change("view", reader=view.user))


def _not_understood(_workspace: Workspace, _view: View, _answer: Json) -> Errors:
    raise Failure("invalid_response_action")


def _close(workspace: Workspace, view: View, _: Json) -> Errors:
    workspace.views.close(view)
    return {}


def _show_errors(_: Workspace, view: View, answer: Json) -> Errors:
    errors = answer.get("errors")
    if not isinstance(errors, dict) or not errors or not set(errors) <= {p.block_id for p in _inputs(view)}:
        raise Failure("invalid_errors")
    return {str(block_id): str(error) for block_id, error in errors.items()}


def _update(workspace: Workspace, view: View, answer: Json) -> Errors:
    workspace.views.update(view, accepted_view(answer.get("view"), "modal"))
    return {}


def _push(workspace: Workspace, view: View, answer: Json) -> Errors:
    workspace.views.push(view.user, accepted_view(answer.get("view"), "modal"))
    return {}


def _clear(workspace: Workspace, view: View, _: Json) -> Errors:
    workspace.views.stacks[view.user].clear()
    return {}


ANSWERS: Mapping[str, Callable[[Workspace, View, Json], Errors]] = MappingProxyType(
    {"": _close, "errors": _show_errors, "update": _update, "push": _push, "clear": _clear}
)


async def close_view(workspace: Workspace, person: Person, *, all_views: bool) -> None:
    """Close a person's top modal, or all of them, and tell the app about those that want to be told."""
    closing = list(workspace.views.stacks[person.id]) if all_views else [top_view(workspace, person)]
    for view in reversed(closing):
        workspace.views.close(view)
        if view.document.get("notify_on_close"):
            closed = {"view": as_payload(view), "is_cleared": all_views}
            payload = payloads.interaction(workspace.named, "view_closed", person, **closed)
            await workspace.sockets.deliver(Envelope("interactive", payload))
    workspace.journal.announce(Change("view", reader=person.id))
