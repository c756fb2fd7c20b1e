"""Small valid blocks of every kind, to be stretched by the tests of limits."""

from typing import Any

from tests.demo.workspace.driver import Json, actions, button, plain, section


def options(count: int) -> list[Json]:
    return [{"text": plain(f"Option {n}"), "value": str(n)} for n in range(count)]


def select(**fields: Any) -> Json:
    return actions({"type": "static_select", "action_id": "pick", "options": options(2)} | fields)


def confirm(**fields: Any) -> Json:
    dialog = {"title": plain("Sure?"), "text": plain("Really"), "confirm": plain("Yes"), "deny": plain("No")}
    return actions(button("go", confirm=dialog | fields))


def raw(text: str) -> Json:
    return {"type": "raw_text", "text": text}


def table(rows: int = 2, columns: int = 2, text: str = "x", **fields: Any) -> Json:
    return {"type": "table", "rows": [[raw(text)] * columns for _ in range(rows)]} | fields


def data_table(rows: int = 2, columns: int = 2, text: str = "x", **fields: Any) -> Json:
    return table(rows, columns, text) | {"type": "data_table", "caption": "Versions"} | fields


def chart(kind: str = "line", **fields: Any) -> Json:
    series = [{"name": "behind", "data": [{"label": "Mon", "value": 3}]}]
    plotted = {"type": kind, "series": series, "axis_config": {"categories": ["Mon"]}}
    return {"type": "data_visualization", "title": "Drift", "chart": plotted} | fields


def plot(points: int = 1, lines: int = 1) -> Json:
    labels = [f"day {n}" for n in range(points)]
    data = [{"label": label, "value": 1} for label in labels]
    series = [{"name": f"line {n}", "data": data} for n in range(lines)]
    return chart(chart={"type": "bar", "series": series, "axis_config": {"categories": labels}})


def pie(segments: int) -> Json:
    return chart(chart={"type": "pie", "segments": [{"label": f"part {n}", "value": 1} for n in range(segments)]})


def container(**fields: Any) -> Json:
    return {"type": "container", "title": plain("Hops"), "child_blocks": [section()]} | fields


def rich_text(*parts: Json) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(parts)}]}
