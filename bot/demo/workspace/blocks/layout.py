"""The layout blocks: every block type the workspace knows, with its fields and limits.

Which block may stand on which surface, and the sums over a whole message, are in `surfaces`.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from bot.demo.workspace.blocks.checks import (
    Check,
    Fields,
    any_of,
    boolean,
    items,
    kinds,
    one_of,
    only_one_of,
    reason,
    shape,
    text,
    unique,
)
from bot.demo.workspace.blocks.elements import ELEMENTS, IN_ACTIONS, IN_INPUTS, IN_SECTIONS
from bot.demo.workspace.blocks.objects import ID, IMAGE_SOURCE, plain_text, rich
from bot.demo.workspace.blocks.rich_text import RICH_TEXT_FIELDS
from bot.demo.workspace.blocks.tables import (
    CHART_FIELDS,
    DATA_TABLE_FIELDS,
    DATA_TABLE_OPTIONS,
    DATA_TABLE_RULES,
    TABLE_FIELDS,
    TABLE_OPTIONS,
)

CONTAINER_CHILDREN = ("actions", "context", "divider", "header", "image", "section", "table")
"""The children that both the documentation and the live validator accept."""


def block(required: Fields, optional: Fields | None = None, *rules: Check) -> Check:
    """Accept a block with these fields; every block may have an id."""
    return shape(required, {"block_id": ID, **(optional or {})}, *rules)


def divider_waits_for_collapsing(value: Any, at: str) -> Iterator[str]:
    """Demand that a header divider and collapsing exclude each other."""
    if value.get("has_header_divider") and value.get("is_collapsible"):
        yield reason("has_header_divider cannot be set when is_collapsible is true", at)


def container_child(value: Any, at: str) -> Iterator[str]:
    """Accept a block that may stand in a container."""
    yield from kinds({name: BLOCKS[name] for name in CONTAINER_CHILDREN})(value, at)


def card(value: Any, at: str) -> Iterator[str]:
    """Accept a card of a carousel."""
    yield from kinds({"card": BLOCKS["card"]})(value, at)


IMAGE_ELEMENT = kinds({"image": ELEMENTS["image"]})
BUTTON = kinds({"button": ELEMENTS["button"]})
UNIQUE_ACTIONS = unique("action_id", lambda value: value.get("elements") or [])
BLOCKS: Mapping[str, Check] = MappingProxyType(
    {
        "actions": block({"elements": items(kinds(IN_ACTIONS), 25)}, {}, UNIQUE_ACTIONS),
        "alert": block({"text": rich(200)}, {"level": one_of("default", "info", "warning", "error", "success")}),
        "card": block(
            {},
            {
                "hero_image": IMAGE_ELEMENT,
                "icon": IMAGE_ELEMENT,
                "title": rich(150),
                "subtitle": rich(150),
                "body": rich(200),
                "actions": items(BUTTON, 3),
            },
            any_of("hero_image", "title", "actions", "body"),
            unique("action_id", lambda value: value.get("actions") or []),
        ),
        "carousel": block({"elements": items(card, 10)}),
        "container": block(
            {"child_blocks": items(container_child, 10)},
            {
                "title": plain_text(150),
                "rich_text_title": kinds({"rich_text": shape(RICH_TEXT_FIELDS)}),
                "subtitle": rich(150),
                "width": one_of("narrow", "standard", "wide", "full"),
                "icon": IMAGE_ELEMENT,
                "is_collapsible": boolean,
                "default_collapsed": boolean,
                "has_header_divider": boolean,
            },
            any_of("title", "rich_text_title"),
            divider_waits_for_collapsing,
        ),
        "context": block(
            {
                "elements": items(
                    kinds({"image": ELEMENTS["image"], "plain_text": rich(3000), "mrkdwn": rich(3000)}), 10
                )
            },
        ),
        "data_table": block(DATA_TABLE_FIELDS, DATA_TABLE_OPTIONS, *DATA_TABLE_RULES),
        "data_visualization": block(CHART_FIELDS),
        "divider": block({}),
        "header": block({"text": plain_text(150)}),
        "image": block(
            {"alt_text": text(2000)}, {**IMAGE_SOURCE, "title": plain_text(2000)}, only_one_of(*IMAGE_SOURCE)
        ),
        "input": block(
            {"label": plain_text(2000), "element": kinds(IN_INPUTS)},
            {"hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
        ),
        "markdown": block({"text": text(12_000)}),
        "rich_text": block(RICH_TEXT_FIELDS),
        "section": block(
            {},
            {
                "text": rich(3000),
                "fields": items(rich(2000), 10),
                "accessory": kinds(IN_SECTIONS),
                "expand": boolean,
            },
            any_of("text", "fields"),
        ),
        "table": block(TABLE_FIELDS, TABLE_OPTIONS),
    }
)
