"""Payloads as TypeScript that compiles only where Slack's types know every field of them.

Each becomes a constant of a declared type, because the compiler refuses unknown fields in literals alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

MISSING = ("data_visualization",)
"""Blocks of Slack's documentation that the installed @slack/types do not know yet; a type that arrived is an error."""

WORDS = frozenset(
    {"accessibility_label", "action_id", "block_id", "caption", "private_metadata", "text", "url", "user_id", "value"}
)
"""Fields that hold any text or number; payloads that differ only there are judged once."""

HEAD = """import type { HomeView, KnownBlock, ModalView } from "@slack/types";
type blocks = KnownBlock[];
type home = Omit<HomeView, "blocks"> & { blocks: KnownBlock[] };
type modal = Omit<ModalView, "blocks"> & { blocks: KnownBlock[] };
"""
"""The views' own `blocks` take a block of any type, known or not."""

KINDS = ("blocks", "home", "modal")

_TEXT = {"type": "plain_text", "text": "x"}
_BUTTON = {"type": "button", "action_id": "x", "text": _TEXT}
_MODAL = {"type": "modal", "title": _TEXT, "blocks": [{"type": "divider"}]}
WRONG: tuple[tuple[str, Any], ...] = (
    ("blocks", [{"type": "actions", "elements": [_BUTTON | {"acessibility_label": "x"}]}]),
    ("blocks", [{"type": "section", "text": _TEXT, "accessory": _BUTTON | {"style": "warning"}}]),
    ("blocks", [{"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}]),
    ("blocks", [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]),
    ("blocks", [{"type": "data_table", "caption": "x", "rows": [[{"type": "raw_number", "value": "1", "text": "1"}]]}]),
    ("blocks", [{"type": "data_table", "rows": []}]),
    ("blocks", [{"type": "table", "caption": "x", "rows": []}]),
    ("blocks", [{"type": "divider"}, {"type": "nothing_like_it"}]),
    ("home", {"type": "home", "title": _TEXT, "blocks": []}),
    ("home", {"type": "home", "blocks": [{"type": "divider", "text": _TEXT}]}),
    ("modal", _MODAL | {"submitt": _TEXT}),
    ("modal", _MODAL | {"close": "x"}),
    ("modal", _MODAL | {"blocks": [{"type": "nothing_like_it"}]}),
    ("modal", {"type": "modal", "blocks": []}),
)
"""What must not compile, each for one reason: a judge that lets it pass does not judge."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What is judged: its kind (see KINDS), its content, and the test or file it comes from."""

    kind: str
    content: Any
    source: str


def read(document: dict[str, Any], source: str) -> list[Payload]:
    """Return the payloads of a document: of a message, of a view, or of what holds one of them."""
    if document.get("type") in {"home", "modal"}:
        return [Payload(document["type"], document, source)]
    found = read(document["view"], source) if document.get("view") else []
    return [*found, Payload("blocks", document["blocks"], source)] if document.get("blocks") else found


def without_missing(payload: Payload) -> Payload:
    """Leave out the blocks whose types are missing."""
    blocks = payload.content if payload.kind == "blocks" else payload.content["blocks"]
    known = [block for block in blocks if block.get("type") not in MISSING]
    return replace(payload, content=known if payload.kind == "blocks" else payload.content | {"blocks": known})


def shape(value: Any, name: str = "") -> Any:
    """Return a payload without its own words and without what a list repeats."""
    if isinstance(value, dict):
        return {key: shape(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return list({_key(each): each for each in map(shape, value)}.values())
    if name in WORDS and isinstance(value, str | int) and not isinstance(value, bool):
        return "x" if isinstance(value, str) else 1
    return value


def distinct(payloads: Iterable[Payload]) -> list[Payload]:
    """Return one payload of each shape."""
    found: dict[str, Payload] = {}
    for payload in payloads:
        shaped = replace(payload, content=shape(without_missing(payload).content))
        found.setdefault(payload.kind + _key(shaped.content), shaped)
    return list(found.values())


def _key(value: Any) -> str:
    """Return what tells values apart; for Python 1 is True."""
    return json.dumps(value, sort_keys=True)


def constants(contents: Iterable[tuple[str, Any]]) -> str:
    """Return a module with one line for each of these kinds and contents."""
    lines = (
        f"export const n{number}: {kind} = {json.dumps(content)};\n"
        for number, (kind, content) in enumerate(contents, start=1)
    )
    return HEAD + "".join(lines)


def arrivals() -> str:
    """Return a module in which a line fails for each missing type that is missing no longer."""
    lines = (
        f'export const n{number}: Exclude<"{kind}", KnownBlock["type"]> = "{kind}";\n'
        for number, kind in enumerate(MISSING, start=1)
    )
    return HEAD + "".join(lines)


def errors(printed: str, module: str) -> dict[int, str]:
    """Return what the compiler said first of each constant of a module, by its place, counted from 0."""
    found: dict[int, str] = {}
    for line, said in re.findall(rf"^{module}\.ts\((\d+),\d+\): error (.*(?:\n  .*)*)$", printed, re.MULTILINE):
        found.setdefault(int(line) - 1 - HEAD.count("\n"), said)
    return found
