from typing import Any

import pytest

from bot.demo.workspace.blocks.surfaces import message_reasons, view_reasons
from tests.demo.workspace.block_samples import (
    chart,
    container,
    data_table,
    options,
    plot,
    raw,
    rich_text,
    select,
    table,
)
from tests.demo.workspace.driver import Json, actions, button, modal, plain, section, text_input

VALID: list[tuple[str, Json]] = [
    ("all of a section", section(fields=[plain("a")], accessory=button("go"), expand=True)),
    ("mrkdwn", {"type": "context", "elements": [{"type": "mrkdwn", "text": "*a*", "verbatim": True}]}),
    (
        "grouped options",
        actions({"type": "static_select", "option_groups": [{"label": plain("L"), "options": options(1)}]}),
    ),
    ("multi select", actions({"type": "multi_static_select", "options": options(2), "max_selected_items": 2})),
    ("radio buttons", actions({"type": "radio_buttons", "options": options(2), "initial_option": options(1)[0]})),
    ("pickers", actions({"type": "datepicker", "initial_date": "2026-11-22"}, {"type": "timepicker"})),
    ("people", actions({"type": "users_select", "initial_user": "U1"}, {"type": "channels_select"})),
    ("link and emoji", rich_text({"type": "link", "url": "https://x", "text": "x"}, {"type": "emoji", "name": "x"})),
    ("bold", rich_text({"type": "text", "text": "x", "style": {"bold": True}})),
    ("numbers in a table", table() | {"rows": [[raw("DP")], [{"type": "raw_number", "value": 7, "text": "7"}]]}),
    ("column settings", table(column_settings=[None, {"align": "right", "is_wrapped": True}])),
    ("rich text in a row", data_table() | {"rows": [[raw("A")], [rich_text({"type": "text", "text": "b"})]]}),
    ("a table in a container", container(child_blocks=[table()], is_collapsible=True, width="full")),
    ("line", plot(2, 2)),
    ("carousel", {"type": "carousel", "elements": [{"type": "card", "title": plain("a"), "actions": [button("g")]}]}),
    ("divider", {"type": "divider"}),
]


@pytest.mark.parametrize("block", [block for _, block in VALID], ids=[name for name, _ in VALID])
def test_ordinary_blocks_are_accepted_in_messages(block: Json) -> None:
    assert message_reasons([block]) == []


INVALID: list[tuple[str, list[Any], str]] = [
    ("a number for a text", [{"type": "header", "text": plain("x") | {"text": 7}}], "must provide a string"),
    ("a text for a number", [data_table(page_size="5")], "must be an integer"),
    ("a text for a flag", [section(expand="yes")], "must be a boolean"),
    ("a text for a list", [{"type": "actions", "elements": "go"}], "must be an array"),
    ("a text for an option", [select(options=["one"])], "must be an object"),
    ("null for a field", [section(accessory=None)], "must be an object"),
    ("a type that is a list", [{"type": ["section"]}], "unsupported type"),
    ("both ways to a header", [container(has_header_divider=True, is_collapsible=True)], "has_header_divider cannot"),
    ("a chart of nothing", [chart(chart={"type": "line"})], "missing required field: series"),
    ("a type nobody knows", [{"type": "poem"}], "unsupported type: poem [json-pointer:/blocks/0/type]"),
    ("no type", [{"text": plain("x")}], "missing required field: type [json-pointer:/blocks/0]"),
    ("no block at all", ["x"], "must be an object [json-pointer:/blocks/0]"),
    ("null instead of a block", [None], "must be an object [json-pointer:/blocks/0]"),
    ("a field nobody knows", [section(colour="red")], "invalid additional property: colour [json-pointer:/blocks/0]"),
    ("an empty text", [section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ("mrkdwn in a header", [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "unsupported type: mrkdwn"),
    ("a section of nothing", [{"type": "section"}], "must have one of text, fields"),
    ("a text input in a section", [section(accessory={"type": "plain_text_input"})], "unsupported type"),
    ("a button in an input", [text_input("b", "a") | {"element": button("go")}], "unsupported type: button"),
    ("a strange style", [actions(button("go", style="loud"))], "must be one of primary, danger"),
    ("a choice that is not offered", [select(initial_option=options(3)[2])], "initial option must be one of"),
    ("options twice", [select(option_groups=[])], "must have exactly one of options, option_groups"),
    ("a backward length", [text_input("b", "a", min_length=5, max_length=4)], "min_length must not be greater"),
    ("a date in words", [actions({"type": "datepicker", "initial_date": "today"})], "must be of the form"),
    ("two action ids in a block", [actions(button("go"), button("go"))], "`action_id` 'go' already exists"),
    ("two block ids in a message", [section(block_id="b"), section(block_id="b")], "`block_id` 'b' already exists"),
    ("an empty cell", [table(text="")], "must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/text]"),
    ("a mrkdwn cell", [table() | {"rows": [[{"type": "mrkdwn", "text": "x"}]]}], "unsupported type: mrkdwn"),
    (
        "a number as text",
        [table() | {"rows": [[{"type": "raw_number", "value": "7", "text": "7"}]]}],
        "must be a number",
    ),
    ("a table of one row", [data_table(rows=1)], "no fewer than 2 items allowed"),
    ("no caption", [{"type": "data_table", "rows": data_table()["rows"]}], "missing required field: caption"),
    ("page size 0", [data_table(page_size=0)], "must be between 1 and 100"),
    ("uneven rows", [data_table() | {"rows": [[raw("a")], [raw("a"), raw("b")]]}], "same number of cells"),
    ("a rich header", [data_table() | {"rows": [[rich_text()], [raw("a")]]}], "header cells must not be rich_text"),
    ("two tables", [table(), table()], "only_one_table_allowed [json-pointer:/blocks]"),
    ("two kinds of table", [table(), data_table()], "only_one_table_allowed"),
    ("a table hidden in a container", [container(child_blocks=[table()]), table()], "only_one_table_allowed"),
    ("three charts", [chart(), chart(), chart()], "no more than 2 data_visualization blocks"),
    (
        "a chart with holes",
        [chart(chart=plot(2)["chart"] | {"axis_config": {"categories": ["a"]}})],
        "labels must match",
    ),
    ("two series of one name", [chart(chart=chart()["chart"] | {"series": chart()["chart"]["series"] * 2})], "`name`"),
    ("a pie of nothing", [chart(chart={"type": "pie", "segments": [{"label": "a", "value": 0}]})], "greater than 0"),
    ("long markdown in parts", [{"type": "markdown", "text": "x" * 7000}] * 2, "no more than 12000 characters"),
    ("a container in a container", [container(child_blocks=[container()])], "unsupported type: container"),
    ("a data_table in a container", [container(child_blocks=[data_table()])], "unsupported type: data_table"),
    ("a container without a title", [{"type": "container", "child_blocks": [section()]}], "title, rich_text_title"),
    ("an alert in a message", [{"type": "alert", "text": plain("x")}], "unsupported type: alert"),
    ("51 blocks", [section()] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
]


@pytest.mark.parametrize(("blocks", "reason"), [row[1:] for row in INVALID], ids=[row[0] for row in INVALID])
def test_what_slack_would_refuse_in_a_message_is_refused_with_its_place(blocks: list[Any], reason: str) -> None:
    assert any(reason in given for given in message_reasons(blocks))


def test_fifty_blocks_are_a_message() -> None:
    assert message_reasons([section()] * 50) == []


ON_SURFACES = [
    ({"type": "alert", "text": plain("x"), "level": "warning"}, {"modal"}),
    (table(), {"message", "home"}),
    (data_table(), {"message", "home"}),
    (container(), {"message", "home"}),
    (chart(), {"message"}),
    ({"type": "markdown", "text": "x"}, {"message"}),
    ({"type": "card", "title": plain("x")}, {"message", "home", "modal"}),
    (section(), {"message", "home", "modal"}),
    (text_input("b", "a"), {"message", "home", "modal"}),
]


@pytest.mark.parametrize(("block", "surfaces"), ON_SURFACES)
def test_a_block_stands_only_where_slack_shows_it(block: Json, surfaces: set[str]) -> None:
    reasons = {
        "message": message_reasons([block]),
        "modal": view_reasons(modal(block)),
        "home": view_reasons({"type": "home", "blocks": [block]}),
    }

    assert {surface for surface, found in reasons.items() if not found} == surfaces


INVALID_VIEWS: list[tuple[Any, str]] = [
    ("x", "must be an object"),
    ({"type": "poster", "blocks": [section()]}, "unsupported type: poster"),
    (modal(), "no fewer than 1 items allowed [json-pointer:/view/blocks]"),
    (modal(section(), colour="red"), "invalid additional property: colour"),
    ({"type": "modal", "blocks": [section()]}, "missing required field: title"),
    ({"type": "home", "blocks": [section()], "title": plain("x")}, "invalid additional property: title"),
    (modal(text_input("b", "a")) | {"submit": None}, "must define `submit`"),
    (modal(section(block_id="b"), section(block_id="b")), "`block_id` 'b' already exists"),
]


@pytest.mark.parametrize(("view", "reason"), INVALID_VIEWS)
def test_what_slack_would_refuse_in_a_view_is_refused_with_its_place(view: Any, reason: str) -> None:
    assert any(reason in given for given in view_reasons(view))
