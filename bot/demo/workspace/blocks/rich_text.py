"""The rich_text block: sections, lists, quotes and their inline parts; also how many characters it shows.

Shapes only; Slack sets no lengths below the message's own.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bot.demo.workspace.blocks.checks import (
    Check,
    anything,
    boolean,
    items,
    kinds,
    one_of,
    shape,
    text,
    whole,
)

MANY = 10_000
LONG = 40_000
STYLES = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
STYLE = shape({}, dict.fromkeys(STYLES, boolean))
NAME = text(255)
STYLED = {"style": STYLE}
PARTS: Mapping[str, Check] = MappingProxyType(
    {
        "broadcast": shape({"range": one_of("here", "channel", "everyone")}, STYLED),
        "channel": shape({"channel_id": NAME}, STYLED),
        "color": shape({"value": text(20)}, STYLED),
        "date": shape(
            {"timestamp": whole(0), "format": text(LONG)},
            {"url": text(3000), "fallback": text(LONG), **STYLED},
        ),
        "emoji": shape({"name": NAME}, {"unicode": text(255), "skin_tone": whole(1, 6), **STYLED}),
        "link": shape({"url": text(3000)}, {"text": text(LONG, 0), "unsafe": boolean, **STYLED}),
        "text": shape({"text": text(LONG)}, STYLED),
        "user": shape({"user_id": NAME}, STYLED),
        "usergroup": shape({"usergroup_id": NAME}, STYLED),
    }
)
INLINE = items(kinds(PARTS), MANY, 0)
SECTION = shape({"elements": INLINE})
BORDER = {"border": whole(0, 1)}
LIST = shape(
    {"elements": items(kinds({"rich_text_section": SECTION}), MANY), "style": one_of("bullet", "ordered")},
    {"indent": whole(0, 8), "offset": whole(0), **BORDER},
)
ELEMENTS: Mapping[str, Check] = MappingProxyType(
    {
        "rich_text_list": LIST,
        "rich_text_preformatted": shape({"elements": INLINE}, {**BORDER, "language": anything}),
        "rich_text_quote": shape({"elements": INLINE}, BORDER),
        "rich_text_section": SECTION,
    }
)
RICH_TEXT_FIELDS = {"elements": items(kinds(ELEMENTS), MANY)}


def shown_length(value: Any) -> int:
    """Return how many characters an accepted rich_text object shows."""
    if isinstance(value, dict):
        own = value.get("text")
        return len(own) if isinstance(own, str) else sum(shown_length(part) for part in value.values())
    return sum(shown_length(part) for part in value) if isinstance(value, list) else 0
