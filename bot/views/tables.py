"""A table in the best form that Slack takes: `data_table`, else `table`, else monospaced text.

Pages obey two limits at once, rows and characters, chosen below every number that Slack's pages have named for the
form (docs.slack.dev: data-table-block and table-block), so an older client or an older limit still shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.views.block_kit import NOTHING, Block, plain, section, truncate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

PAGE_CHARACTERS = 9_500
CELL_CHARACTERS = 120
ROWS_IN_VIEW = 25
_TEXT_SECTION = 2_900

Cell = str | int | None


class Form(StrEnum):
    """How a table is drawn, best first."""

    DATA_TABLE = "data_table"
    TABLE = "table"
    TEXT = "text"


PAGE_ROWS = {Form.DATA_TABLE: 100, Form.TABLE: 99, Form.TEXT: 100}
"""Rows under the header; `table` counts the header among its 100."""


@dataclass(frozen=True, slots=True)
class Table:
    """A page of a table: one header, rows of the same length; numbers stay numbers so that clients sort them."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def draw(self, form: Form) -> list[Block]:
        """Return the blocks of this page in the given form."""
        return _DRAW[form](self)


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows a page shows: from `start` up to but without `stop`."""

    start: int
    stop: int


def paginate(widths: Iterable[int], form: Form) -> list[Page]:
    """Cut rows into pages by rows and by characters; `widths` are the most characters each row can need."""
    pages: list[Page] = []
    start = count = characters = 0
    for index, width in enumerate(widths):
        if count == PAGE_ROWS[form] or (count and characters + width > PAGE_CHARACTERS):
            pages.append(Page(start, index))
            start, count, characters = index, 0, 0
        count += 1
        characters += width
    return [*pages, Page(start, start + count)] if count else pages


def _data_table(table: Table) -> list[Block]:
    rows = [
        [_text_cell(title) for title in table.header],
        *([_cell(cell) for cell in row] for row in table.rows),
    ]
    block: Block = {"type": "data_table", "caption": plain(table.caption), "rows": rows}
    return [block | {"page_size": ROWS_IN_VIEW, "row_header_column_index": 0}]


def _table(table: Table) -> list[Block]:
    rows = [
        [_text_cell(title) for title in table.header],
        *([_text_cell(cell) for cell in row] for row in table.rows),
    ]
    return [section(f"*{table.caption}*"), {"type": "table", "rows": rows}]


def _cell(value: Cell) -> Block:
    if isinstance(value, int):
        return {"type": "raw_number", "value": value, "text": str(value)}
    return _text_cell(value)


def _text_cell(value: Cell) -> Block:
    return {"type": "raw_text", "text": NOTHING if value is None else plain(value, CELL_CHARACTERS)}


def _text(table: Table) -> list[Block]:
    lines = [*_aligned([table.header, *table.rows])]
    return [section(f"*{table.caption}*"), *(section(f"```{chunk}```") for chunk in _chunks(lines))]


def _aligned(rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    texts = [[NOTHING if cell is None else plain(cell, CELL_CHARACTERS) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in texts) for column in range(len(texts[0]))]
    for row in texts:
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        yield line.replace("`", "ˋ").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _chunks(lines: Iterable[str]) -> Iterator[str]:
    chunk = ""
    for line in lines:
        whole = truncate(line, _TEXT_SECTION)
        if chunk and len(chunk) + len(whole) + 1 > _TEXT_SECTION:
            yield chunk
            chunk = ""
        chunk = f"{chunk}\n{whole}" if chunk else whole
    if chunk:
        yield chunk


_DRAW: dict[Form, Callable[[Table], list[Block]]] = {
    Form.DATA_TABLE: _data_table,
    Form.TABLE: _table,
    Form.TEXT: _text,
}
