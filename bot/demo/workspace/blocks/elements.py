"""The block elements: buttons, menus, boxes, pickers and text inputs, and which of them stand in which block.

Elements that need a server of the app's own (external menus, files) are not supported here.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from bot.demo.workspace.blocks.checks import (
    Check,
    Fields,
    boolean,
    items,
    one_of,
    only_one_of,
    reason,
    shape,
    text,
    whole,
)
from bot.demo.workspace.blocks.objects import (
    BOX_OPTION,
    CONFIRM,
    CONVERSATION_FILTER,
    DISPATCH_CONFIG,
    GROUPED_OPTIONS,
    ID,
    IMAGE,
    OVERFLOW_OPTION,
    SELECT_OPTION,
    initial_is_offered,
    plain_text,
)

MAX_BOXES = 10
ANY_ID = text(255)
IDS = items(ANY_ID, 1000, 0)
COMMON: Fields = {"action_id": ID, "confirm": CONFIRM, "focus_on_load": boolean}
MENU: Fields = {**COMMON, "placeholder": plain_text(150)}
MULTI: Fields = {**MENU, "max_selected_items": whole(1)}
TYPED: Fields = {
    "action_id": ID,
    "focus_on_load": boolean,
    "placeholder": plain_text(150),
    "initial_value": text(3000, 0),
    "dispatch_action_config": DISPATCH_CONFIG,
}


def matching(pattern: str, form: str) -> Check:
    """Accept a string of this form."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield reason(f"must be of the form {form}", at)

    return check


def lengths_fit(value: Any, at: str) -> Iterator[str]:
    """Demand that the least length of an input is not above its greatest."""
    shortest, longest = value.get("min_length"), value.get("max_length")
    if isinstance(shortest, int) and isinstance(longest, int) and shortest > longest:
        yield reason("min_length must not be greater than max_length", at)


DATE = matching(r"\d{4}-\d{2}-\d{2}", "YYYY-MM-DD")
TIME = matching(r"\d{2}:\d{2}", "HH:mm")
CONVERSATION: Fields = {
    **MENU,
    "initial_conversation": ANY_ID,
    "default_to_current_conversation": boolean,
    "response_url_enabled": boolean,
    "filter": CONVERSATION_FILTER,
}
ELEMENTS: Mapping[str, Check] = MappingProxyType(
    {
        "button": shape(
            {"text": plain_text(75)},
            {
                "action_id": ID,
                "url": text(3000),
                "value": text(2000),
                "style": one_of("primary", "danger"),
                "confirm": CONFIRM,
                "accessibility_label": text(75),
            },
        ),
        "channels_select": shape({}, {**MENU, "initial_channel": ANY_ID, "response_url_enabled": boolean}),
        "checkboxes": shape(
            {"options": items(BOX_OPTION, MAX_BOXES)},
            {**COMMON, "initial_options": items(BOX_OPTION, MAX_BOXES)},
            initial_is_offered,
        ),
        "conversations_select": shape({}, CONVERSATION),
        "datepicker": shape({}, {**MENU, "initial_date": DATE}),
        "datetimepicker": shape({}, {**COMMON, "initial_date_time": whole(1_000_000_000, 9_999_999_999)}),
        "email_text_input": shape({}, TYPED),
        "image": IMAGE,
        "multi_channels_select": shape({}, {**MULTI, "initial_channels": IDS}),
        "multi_conversations_select": shape(
            {},
            {
                **MULTI,
                "initial_conversations": IDS,
                "default_to_current_conversation": boolean,
                "filter": CONVERSATION_FILTER,
            },
        ),
        "multi_static_select": shape(
            {},
            {**MULTI, **GROUPED_OPTIONS, "initial_options": items(SELECT_OPTION, 100)},
            only_one_of(*GROUPED_OPTIONS),
            initial_is_offered,
        ),
        "multi_users_select": shape({}, {**MULTI, "initial_users": IDS}),
        "number_input": shape(
            {"is_decimal_allowed": boolean},
            {**TYPED, "min_value": text(30), "max_value": text(30)},
        ),
        "overflow": shape({"options": items(OVERFLOW_OPTION, 5)}, {"action_id": ID, "confirm": CONFIRM}),
        "plain_text_input": shape(
            {},
            {**TYPED, "multiline": boolean, "min_length": whole(0, 3000), "max_length": whole(1, 3000)},
            lengths_fit,
        ),
        "radio_buttons": shape(
            {"options": items(BOX_OPTION, MAX_BOXES)},
            {**COMMON, "initial_option": BOX_OPTION},
            initial_is_offered,
        ),
        "static_select": shape(
            {},
            {**MENU, **GROUPED_OPTIONS, "initial_option": SELECT_OPTION},
            only_one_of(*GROUPED_OPTIONS),
            initial_is_offered,
        ),
        "timepicker": shape({}, {**MENU, "initial_time": TIME, "timezone": text(100)}),
        "url_text_input": shape({}, TYPED),
        "users_select": shape({}, {**MENU, "initial_user": ANY_ID}),
    }
)


def _only(*names: str) -> Mapping[str, Check]:
    return MappingProxyType({name: ELEMENTS[name] for name in names})


_TYPED_NAMES = ("email_text_input", "number_input", "plain_text_input", "url_text_input")
IN_SECTIONS = _only(*(name for name in ELEMENTS if name not in (*_TYPED_NAMES, "datetimepicker")))
IN_ACTIONS = _only(*(name for name in ELEMENTS if name not in (*_TYPED_NAMES, "image")))
IN_INPUTS = _only(*(name for name in ELEMENTS if name not in ("button", "image", "overflow")))
