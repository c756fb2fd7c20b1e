"""What a person sees in a message: its words, the rows of its table, its buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

NEXT, PREVIOUS, CSV, SHOW = "status_next", "status_previous", "status_csv", "status_show"


def visible_text(message: Json) -> str:
    """Return every text of a message, one a line."""
    return "\n".join(_texts(message))


def block(message: Json, kind: str) -> Json:
    """Return the first block of a kind."""
    found: Json = next(block for block in message["blocks"] if block["type"] == kind)
    return found


def block_types(message: Json) -> list[str]:
    """Return the kinds of a message's blocks."""
    return [block["type"] for block in message["blocks"]]


def table_rows(message: Json) -> list[list[str]]:
    """Return the rows of the table in a message, the header first; no rows when there is no table."""
    tables = [block for block in message["blocks"] if block["type"] in {"data_table", "table"}]
    return [[cell["text"] for cell in row] for row in tables[0]["rows"]] if tables else []


def records(message: Json) -> list[dict[str, str]]:
    """Return the rows under the header, each by its titles."""
    header, *rows = table_rows(message)
    return [dict(zip(header, row, strict=True)) for row in rows]


def column(message: Json, title: str) -> list[str]:
    """Return one column of the table without its title."""
    return [record[title] for record in records(message)]


def buttons(message: Json) -> dict[str, Json]:
    """Return the buttons of a message by what is written on them."""
    elements = [element for block in message["blocks"] for element in _elements(block)]
    return {element["text"]["text"]: element for element in elements if element["type"] == "button"}


def _elements(block: Json) -> list[Json]:
    return [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else ())]


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name in {"text", "caption"} and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(part, list):
        for item in part:
            yield from _texts(item)
