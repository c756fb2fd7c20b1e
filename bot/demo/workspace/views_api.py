"""The views.* methods and blocks.validate.

Plays Slack's server towards the app: checks the document, then lets `views` show it.
"""

import json
from typing import Any

from bot.demo.workspace.arguments import Arguments
from bot.demo.workspace.blocks.placing import with_ids
from bot.demo.workspace.blocks.surfaces import message_reasons, view_reasons
from bot.demo.workspace.failure import Failure, Json, with_messages
from bot.demo.workspace.journal import Change
from bot.demo.workspace.views import View, as_payload
from bot.demo.workspace.workspace import Workspace

MAX_VIEW_BYTES = 250_000


def accepted_view(view: Any, kind: str) -> Json:
    """Return a view document ready to be shown, or fail with the reasons."""
    if not isinstance(view, dict):
        raise with_messages("invalid_arguments", ["must be a view object [json-pointer:/view]"])
    if len(json.dumps(view).encode()) > MAX_VIEW_BYTES:
        raise Failure("view_too_large")
    reasons = view_reasons(view)
    if view.get("type") != kind:
        reasons = [f"must be a {kind} view [json-pointer:/view/type]", *reasons]
    if reasons:
        raise with_messages("invalid_arguments", reasons)
    return view | {"blocks": with_ids(view["blocks"])}


def shown(workspace: Workspace, view: View) -> Json:
    """Announce a view and return the answer that describes it."""
    kind = "home" if view.document["type"] == "home" else "view"
    workspace.journal.announce(Change(kind, reader=view.user))
    return {"view": as_payload(view)}


def _document(arguments: Arguments, kind: str) -> Json:
    return accepted_view(arguments.structure("view", "invalid_arguments"), kind)


def open_view(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer views.open."""
    document = _document(arguments, "modal")
    trigger = workspace.triggers.exchange(arguments.required("trigger_id"))
    return shown(workspace, workspace.views.open(trigger.user, document))


def push_view(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer views.push; the trigger must come from a modal."""
    document = _document(arguments, "modal")
    trigger = workspace.triggers.exchange(arguments.required("trigger_id"))
    if trigger.view_id is None or not workspace.views.stacks[trigger.user]:
        raise Failure("invalid_trigger_id")
    return shown(workspace, workspace.views.push(trigger.user, document))


def update_view(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer views.update."""
    view = workspace.views.find(arguments.text("view_id"), arguments.text("external_id"))
    if view is None:
        raise Failure("not_found")
    document = _document(arguments, view.document["type"])
    workspace.views.update(view, document, arguments.text("hash"))
    return shown(workspace, view)


def publish_view(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer views.publish."""
    if not workspace.manifest.has_home_tab:
        raise Failure("not_enabled")
    document = _document(arguments, "home")
    user = arguments.required("user_id")
    person = workspace.conversations.known(user)
    if person is None or person.is_bot:
        raise with_messages("invalid_arguments", ["invalid `user_id`"])
    return shown(workspace, workspace.views.publish(person.id, document, arguments.text("hash")))


def validate_blocks(_: Workspace, arguments: Arguments) -> Json:
    """Answer blocks.validate for exactly one of blocks, message and view."""
    given = [name for name in ("blocks", "message", "view") if arguments.has(name)]
    if len(given) != 1:
        raise with_messages("invalid_arguments", ["provide exactly one of blocks, message, view"])
    document = arguments.structure(given[0], "invalid_arguments")
    reasons = {
        "blocks": message_reasons,
        "message": lambda message: message_reasons(message.get("blocks", [])),
        "view": view_reasons,
    }[given[0]](document)
    if reasons:
        raise Failure(f"invalid_{given[0]}", errors=[_detail(reason) for reason in reasons])
    return {}


def _detail(reason: str) -> Json:
    message, _, pointer = reason.removesuffix("]").rpartition(" [json-pointer:")
    return {"pointer": pointer, "code": "failed_constraint", "message": message}
