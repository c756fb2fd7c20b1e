"""Messages and views that the page is shown in these tests."""

from typing import Any

from tests.demo.workspace.driver import actions, button, modal, plain, text_input

Json = dict[str, Any]

HELD = [9, 13, 7, 13, 10, 13, 13, 12, 13, 8, 13, 13]
SITES = ["P01", "P02", "P02"]


def text_cell(text: str) -> Json:
    """Return a cell of words."""
    return {"type": "raw_text", "text": text}


def number_cell(value: int) -> Json:
    """Return a cell of one number."""
    return {"type": "raw_number", "value": value, "text": str(value)}


def data_table(page_size: int = 5) -> Json:
    """Return twelve distribution points and the versions they hold."""
    rows = [
        [text_cell(f"DP{index + 1:02}.contoso.com"), text_cell(SITES[index % 3]), number_cell(held)]
        for index, held in enumerate(HELD)
    ]
    head = [text_cell("Server"), text_cell("Site"), text_cell("Holds")]
    return {
        "type": "data_table",
        "caption": "PS100112 on 12 distribution points",
        "page_size": page_size,
        "row_header_column_index": 0,
        "rows": [head, *rows],
    }


def chart(kind: str = "line") -> Json:
    """Return two series over three days."""
    days = ["Mon", "Tue", "Wed"]
    values = {"site behind": [2, 3, 8], "failed": [1, 0, 4]}
    series = [
        {
            "name": name,
            "data": [{"label": day, "value": value} for day, value in zip(days, counts, strict=True)],
        }
        for name, counts in values.items()
    ]
    axes = {"categories": days, "x_label": "Day", "y_label": "Rows"}
    return {
        "type": "data_visualization",
        "title": "Rows behind",
        "chart": {"type": kind, "series": series, "axis_config": axes},
    }


def pie() -> Json:
    """Return three shares of a whole."""
    segments = [{"label": label, "value": value} for label, value in [("In sync", 90), ("Behind", 8), ("Failed", 2)]]
    return {
        "type": "data_visualization",
        "title": "By class",
        "chart": {"type": "pie", "segments": segments},
    }


def named_button(words: str, action_id: str, **more: Any) -> Json:
    """Return a button with words of its own."""
    return button(action_id, **more) | {"text": plain(words)}


def confirm() -> Json:
    """Return a confirm dialog."""
    return {
        "title": plain("Approve this reset?"),
        "text": plain("Three rows change at once."),
        "confirm": plain("Yes, approve"),
        "deny": plain("Not yet"),
    }


def card() -> list[Json]:
    """Return a card with a button that asks first."""
    return [actions(named_button("Approve", "approve", confirm=confirm(), style="primary"))]


def options(*words: str) -> list[Json]:
    """Return options whose values are their words in lower case."""
    return [{"text": plain(word), "value": word.lower()} for word in words]


def choice(block_id: str, label: str, kind: str, *words: str) -> Json:
    """Return an optional input block to choose in."""
    element = {"type": kind, "action_id": block_id, "options": options(*words)}
    return {
        "type": "input",
        "block_id": block_id,
        "optional": True,
        "label": plain(label),
        "element": element,
    }


def request_form() -> Json:
    """Return a modal with every kind of field and a way to another modal."""
    return modal(
        text_input("reason", "text", multiline=True),
        choice("kind", "Kind", "static_select", "Stuck", "Rebuilt"),
        choice("rows", "Rows", "multi_static_select", "First", "Second", "Third"),
        choice("tell", "Tell", "checkboxes", "Me", "Everybody"),
        choice("when", "When", "radio_buttons", "Now", "Later"),
        actions(named_button("Show the plan", "plan")),
        callback_id="request",
    )
