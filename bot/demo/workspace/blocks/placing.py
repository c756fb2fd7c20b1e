"""Where the interactive elements of blocks are, and the ids Slack makes up when the app gave none.

It reads and completes accepted blocks; it checks nothing.
"""

import copy
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

INTERACTIVE = frozenset(
    {
        "button",
        "checkboxes",
        "channels_select",
        "conversations_select",
        "datepicker",
        "datetimepicker",
        "email_text_input",
        "multi_channels_select",
        "multi_conversations_select",
        "multi_static_select",
        "multi_users_select",
        "number_input",
        "overflow",
        "plain_text_input",
        "radio_buttons",
        "static_select",
        "timepicker",
        "url_text_input",
        "users_select",
    }
)


@dataclass(frozen=True)
class Placed:
    """An interactive element and the block it stands in."""

    block: Json
    element: Json

    @property
    def block_id(self) -> str:
        """Return the block's id."""
        return str(self.block.get("block_id", ""))

    @property
    def action_id(self) -> str:
        """Return the element's id."""
        return str(self.element.get("action_id", ""))


def nested_blocks(blocks: Sequence[Json]) -> Iterator[Json]:
    """Yield all blocks, those inside containers and carousels included."""
    for block in blocks:
        yield block
        yield from nested_blocks(block.get("child_blocks", []))
        if block.get("type") == "carousel":
            yield from nested_blocks(block.get("elements", []))


def placed_elements(blocks: Sequence[Json]) -> Iterator[Placed]:
    """Yield every interactive element in reading order."""
    for block in nested_blocks(blocks):
        holders = [
            block.get("accessory"),
            block.get("element"),
            *block.get("actions", []),
            *block.get("elements", []),
        ]
        for holder in holders:
            if holder and holder.get("type") in INTERACTIVE:
                yield Placed(block, holder)


def with_ids(blocks: Sequence[Json]) -> list[Json]:
    """Return a copy in which every block and every interactive element has an id."""
    completed = copy.deepcopy(list(blocks))
    for block in nested_blocks(completed):
        block.setdefault("block_id", secrets.token_urlsafe(4))
    for placed in placed_elements(completed):
        placed.element.setdefault("action_id", secrets.token_urlsafe(4))
    return completed
