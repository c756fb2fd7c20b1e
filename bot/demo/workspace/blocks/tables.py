"""The table, data_table and data_visualization blocks.

Their limits per block; what a whole message may hold of them is in `surfaces`.
"""

from collections.abc import Iterator
from typing import Any

from bot.demo.workspace.blocks.checks import (
    boolean,
    items,
    kinds,
    number,
    one_of,
    reason,
    shape,
    text,
    unique,
    whole,
)
from bot.demo.workspace.blocks.rich_text import RICH_TEXT_FIELDS

MAX_COLUMNS = 20
MAX_SERIES = 6
"""Pages of the documentation differ between 6 and 12; the stricter one holds everywhere."""
LONG = 40_000
RAW_CELLS = {
    "raw_text": shape({"text": text(LONG)}),
    "raw_number": shape({"value": number, "text": text(LONG)}),
}
CELL = kinds({**RAW_CELLS, "rich_text": shape(RICH_TEXT_FIELDS, {"block_id": text(255)})})
ROW = items(CELL, MAX_COLUMNS)
COLUMN = shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def column_or_null(value: Any, at: str) -> Iterator[str]:
    """Accept column settings, or null to skip a column."""
    if value is not None:
        yield from COLUMN(value, at)


def rows_are_even(value: Any, at: str) -> Iterator[str]:
    """Demand that all rows are equally long."""
    rows = value.get("rows")
    lengths = {len(row) for row in rows if isinstance(row, list)} if isinstance(rows, list) else set()
    if len(lengths) > 1:
        yield reason("all rows must have the same number of cells", f"{at}/rows")


def header_is_raw(value: Any, at: str) -> Iterator[str]:
    """Demand that the header has no rich_text."""
    rows = value.get("rows")
    header = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], list) else []
    for position, cell in enumerate(header):
        if isinstance(cell, dict) and cell.get("type") == "rich_text":
            yield reason("header cells must not be rich_text", f"{at}/rows/0/{position}")


def row_header_exists(value: Any, at: str) -> Iterator[str]:
    """Demand that the column named as row header is there."""
    rows, index = value.get("rows"), value.get("row_header_column_index", 0)
    width = len(rows[0]) if isinstance(rows, list) and rows and isinstance(rows[0], list) else 1
    if isinstance(index, int) and index >= width:
        yield reason("must be the index of a column", f"{at}/row_header_column_index")


TABLE_FIELDS = {"rows": items(ROW, 100)}
TABLE_OPTIONS = {"column_settings": items(column_or_null, MAX_COLUMNS, 0)}
DATA_TABLE_FIELDS = {"rows": items(ROW, 201, 2), "caption": text(LONG)}
DATA_TABLE_OPTIONS = {"page_size": whole(1, 100), "row_header_column_index": whole(0, MAX_COLUMNS - 1)}
DATA_TABLE_RULES = (rows_are_even, header_is_raw, row_header_exists)


def above_zero(value: Any, at: str) -> Iterator[str]:
    """Accept a number above zero."""
    yield from number(value, at)
    if isinstance(value, int | float) and value <= 0:
        yield reason("must be greater than 0", at)


def series_fit_axis(value: Any, at: str) -> Iterator[str]:
    """Demand that every series has exactly the categories of the axis."""
    axis, series = value.get("axis_config"), value.get("series")
    if not isinstance(axis, dict) or not isinstance(series, list):
        return
    for position, one in enumerate(series):
        points = one.get("data") if isinstance(one, dict) else None
        labels = [p.get("label") for p in points if isinstance(p, dict)] if isinstance(points, list) else []
        if sorted(map(str, labels)) != sorted(map(str, axis.get("categories") or [])):
            yield reason("labels must match the categories of the axis", f"{at}/series/{position}/data")


LABEL = text(20)
POINT = shape({"label": LABEL, "value": number})
SERIES = items(shape({"name": LABEL, "data": items(POINT, 20)}), MAX_SERIES)
AXIS = shape({"categories": items(LABEL, 20)}, {"x_label": text(50), "y_label": text(50)})
PLOT = shape(
    {"series": SERIES, "axis_config": AXIS},
    {},
    series_fit_axis,
    unique("name", lambda chart: chart.get("series") or []),
)
SEGMENTS = items(shape({"label": LABEL, "value": above_zero}), MAX_SERIES)
CHART = kinds({"line": PLOT, "bar": PLOT, "area": PLOT, "pie": shape({"segments": SEGMENTS})})
CHART_FIELDS = {"title": text(50), "chart": CHART}
