"""Messages, modals and Home tabs: which blocks each may hold, how many, and the sums over all of them.

The entry of this folder: `message_reasons` and `view_reasons` return everything that is wrong, or nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bot.demo.workspace.blocks.checks import Check, any_of, boolean, items, kinds, reason, shape, text, unique
from bot.demo.workspace.blocks.layout import BLOCKS
from bot.demo.workspace.blocks.objects import plain_text
from bot.demo.workspace.blocks.placing import nested_blocks
from bot.demo.workspace.blocks.rich_text import shown_length

MODAL_ONLY = frozenset({"alert"})
MESSAGE_ONLY = frozenset({"data_visualization", "markdown"})
NOT_IN_MODALS = MESSAGE_ONLY | {"carousel", "container", "data_table", "table"}
ON_SURFACE: Mapping[str, Mapping[str, Check]] = MappingProxyType(
    {
        "message": {name: check for name, check in BLOCKS.items() if name not in MODAL_ONLY},
        "modal": {name: check for name, check in BLOCKS.items() if name not in NOT_IN_MODALS},
        "home": {name: check for name, check in BLOCKS.items() if name not in MODAL_ONLY | MESSAGE_ONLY},
    }
)
MOST_CHARACTERS = MappingProxyType({"table": 10_000, "data_table": 20_000, "markdown": 12_000})
MOST_CHARTS = 2


def _documents(blocks: Any) -> list[Any]:
    return [block for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []


def _characters(block: Mapping[str, Any]) -> int:
    return len(block["text"]) if block["type"] == "markdown" else shown_length(block["rows"])


def sums_fit(blocks: Any, at: str) -> Iterator[str]:
    """Demand one table at most, two charts at most, and no more characters than a message may hold of a kind."""
    known = list(nested_blocks(_documents(blocks)))
    count = Counter(block.get("type") for block in known)
    if count["table"] + count["data_table"] > 1:
        yield reason("only_one_table_allowed", at)
    if count["data_visualization"] > MOST_CHARTS:
        yield reason(f"no more than {MOST_CHARTS} data_visualization blocks allowed", at)
    for kind, most in MOST_CHARACTERS.items():
        if sum(_characters(block) for block in known if block.get("type") == kind) > most:
            yield reason(f"no more than {most} characters allowed over all {kind} blocks", at)


def ids_differ(blocks: Any, at: str) -> Iterator[str]:
    """Demand that no two blocks share an id."""
    yield from unique("block_id", lambda value: list(nested_blocks(value)))(_documents(blocks), at)


def blocks_on(surface: str, most: int) -> Check:
    """Accept the blocks of a surface."""
    each = items(kinds(ON_SURFACE[surface]), most)

    def check(blocks: Any, at: str) -> Iterator[str]:
        found = list(each(blocks, at))
        yield from found
        if not found:
            yield from sums_fit(blocks, at)
            yield from ids_differ(blocks, at)

    return check


def inputs_need_submit(view: Any, at: str) -> Iterator[str]:
    """Demand a submit button where something is entered."""
    kinds_used = [block.get("type") for block in _documents(view.get("blocks"))]
    if "input" in kinds_used and not view.get("submit"):
        yield reason("must define `submit` to use an `input` block in modals", at)


ANY_VIEW = {"private_metadata": text(3000, 0), "callback_id": text(255, 0), "external_id": text(255, 0)}
MODAL = shape(
    {"title": plain_text(24), "blocks": blocks_on("modal", 100)},
    {
        **ANY_VIEW,
        "close": plain_text(24),
        "submit": plain_text(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
    },
    inputs_need_submit,
)
HOME = shape({"blocks": blocks_on("home", 100)}, ANY_VIEW)
VIEW = kinds({"modal": MODAL, "home": HOME})
MESSAGE_BLOCKS = blocks_on("message", 50)
MESSAGE = shape({}, {"text": text(40_000), "blocks": MESSAGE_BLOCKS}, any_of("text", "blocks"))


def message_reasons(blocks: Sequence[Any]) -> list[str]:
    """Return what is wrong with the blocks of a message; no blocks are no fault."""
    return list(MESSAGE_BLOCKS(blocks, "/blocks")) if blocks else []


def view_reasons(view: Any) -> list[str]:
    """Return what is wrong with a modal or Home tab."""
    return list(VIEW(view, "/view"))
