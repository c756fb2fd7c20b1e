"""What a person can enter or choose in an element: Slack's form of it, from the control API's plain one.

It knows the field names of each element type; where elements are and who chose is known elsewhere.
"""

from typing import Any

from bot.demo.workspace.failure import Json, Refused

FIELDS = {
    "channels_select": "selected_channel",
    "checkboxes": "selected_options",
    "conversations_select": "selected_conversation",
    "datepicker": "selected_date",
    "datetimepicker": "selected_date_time",
    "email_text_input": "value",
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
    "multi_static_select": "selected_options",
    "multi_users_select": "selected_users",
    "number_input": "value",
    "plain_text_input": "value",
    "radio_buttons": "selected_option",
    "static_select": "selected_option",
    "timepicker": "selected_time",
    "url_text_input": "value",
    "users_select": "selected_user",
}
"""Elements that remember something, and under which name."""

INITIAL = {
    "selected_channel": "initial_channel",
    "selected_channels": "initial_channels",
    "selected_conversation": "initial_conversation",
    "selected_conversations": "initial_conversations",
    "selected_date": "initial_date",
    "selected_date_time": "initial_date_time",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_time": "initial_time",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "value": "initial_value",
}
"""How an element is told what to remember at first."""


def options_of(element: Json) -> list[Json]:
    """Return the options of an element, those in groups included."""
    grouped = [option for group in element.get("option_groups", []) for option in group.get("options", [])]
    return [*element.get("options", []), *grouped]


def initially(element: Json) -> Json | None:
    """Return what an element remembers before anybody touched it; None for one that remembers nothing."""
    field = FIELDS.get(element["type"])
    if field is None:
        return None
    blank: Any = [] if field.endswith("s") else None
    return {"type": element["type"], field: element.get(INITIAL[field], blank)}


def chosen(element: Json, plain: Any) -> Json:
    """Return what an element remembers after a person entered this."""
    field = FIELDS[element["type"]]
    if field == "selected_options":
        plain = [_option(element, value) for value in _as_list(plain)]
    elif field == "selected_option" and plain is not None:
        plain = _option(element, plain)
    elif field.endswith("s"):
        plain = _as_list(plain)
    elif field == "value" and plain is not None:
        plain = str(plain)
    return {"type": element["type"], field: plain}


def choice(element: Json, plain: Any) -> Json:
    """Return the part of a `block_actions` action that says what was chosen."""
    if element["type"] == "button":
        shown = {"text": element["text"]}
        return shown | ({"value": element["value"]} if "value" in element else {})
    if element["type"] == "overflow":
        return {"selected_option": _option(element, plain)}
    return {name: value for name, value in chosen(element, plain).items() if name != "type"}


def entered(remembered: Json) -> Any:
    """Return the bare value of what an element remembers."""
    return remembered[FIELDS[remembered["type"]]]


def _as_list(plain: Any) -> list[Any]:
    if plain is None:
        return []
    return plain if isinstance(plain, list) else [plain]


def _option(element: Json, value: Any) -> Json:
    for option in options_of(element):
        if option.get("value") == str(value):
            return option
    raise Refused(f"There is no option {value!r} in {element.get('action_id')!r}.")
