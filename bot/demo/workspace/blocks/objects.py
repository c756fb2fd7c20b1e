"""The composition objects: texts, options, confirm dialogs and the like.

Shapes and limits only; where each may stand is decided by the elements and blocks that use it.
"""

from collections.abc import Iterator
from typing import Any

from bot.demo.workspace.blocks.checks import (
    Check,
    anything,
    boolean,
    items,
    kinds,
    one_of,
    only_one_of,
    reason,
    shape,
    text,
)

MAX_OPTIONS = 100
ID = text(255)
SLACK_FILE = shape({}, {"id": text(255), "url": text(3000)}, only_one_of("id", "url"))
IMAGE_SOURCE = {"image_url": text(3000), "slack_file": SLACK_FILE}
IMAGE = shape({"alt_text": text(2000)}, IMAGE_SOURCE, only_one_of(*IMAGE_SOURCE))
DISPATCH_CONFIG = shape(
    {"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 2)},
)
CONVERSATION_FILTER = shape(
    {},
    {
        "include": items(one_of("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)


def plain_text(longest: int) -> Check:
    """Accept a plain_text object."""
    return kinds({"plain_text": shape({"text": text(longest)}, {"emoji": boolean})})


def rich(longest: int) -> Check:
    """Accept a plain_text or mrkdwn object."""
    plain = shape({"text": text(longest)}, {"emoji": boolean})
    mrkdwn = shape({"text": text(longest)}, {"verbatim": boolean})
    return kinds({"plain_text": plain, "mrkdwn": mrkdwn})


CONFIRM = shape(
    {"title": plain_text(100), "text": rich(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": one_of("primary", "danger")},
)


def option(label: Check, **more: Check) -> Check:
    """Accept an option with this kind of label."""
    return shape({"text": label, "value": text(150)}, {"description": rich(75), **more})


SELECT_OPTION = option(plain_text(75))
BOX_OPTION = option(rich(75))
OVERFLOW_OPTION = option(plain_text(75), url=text(3000))
OPTION_GROUP = shape({"label": plain_text(75), "options": items(SELECT_OPTION, MAX_OPTIONS)})
GROUPED_OPTIONS = {
    "options": items(SELECT_OPTION, MAX_OPTIONS),
    "option_groups": items(OPTION_GROUP, MAX_OPTIONS),
}


def initial_is_offered(value: Any, at: str) -> Iterator[str]:
    """Demand that what is chosen at first is one of the options, to the letter."""
    groups = value.get("option_groups") or [value]
    offered = [each for group in groups if isinstance(group, dict) for each in group.get("options") or []]
    initial = [value["initial_option"]] if "initial_option" in value else value.get("initial_options") or []
    for each in initial:
        if each not in offered:
            yield reason("initial option must be one of the options", at)


ANY_LIST = items(anything, MAX_OPTIONS, 0)
