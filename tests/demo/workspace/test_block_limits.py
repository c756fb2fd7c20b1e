from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.demo.workspace.blocks.surfaces import message_reasons, view_reasons
from tests.demo.workspace.block_samples import chart, confirm, container, data_table, options, pie, plot, select, table
from tests.demo.workspace.driver import Json, actions, button, modal, plain, section, text_input

Sized = Callable[[int], Json]
BLOCK_LIMITS: list[tuple[str, Sized, int, str]] = [
    ("section text", lambda n: section("x" * n), 3000, "/blocks/0/text/text"),
    ("section fields", lambda n: {"type": "section", "fields": [plain("x")] * n}, 10, "/blocks/0/fields"),
    ("section field", lambda n: {"type": "section", "fields": [plain("x" * n)]}, 2000, "/blocks/0/fields/0/text"),
    ("block id", lambda n: section(block_id="x" * n), 255, "/blocks/0/block_id"),
    ("header", lambda n: {"type": "header", "text": plain("x" * n)}, 150, "/blocks/0/text/text"),
    ("context elements", lambda n: {"type": "context", "elements": [plain("x")] * n}, 10, "/blocks/0/elements"),
    ("actions", lambda n: actions(*(button(f"a{i}") for i in range(n))), 25, "/blocks/0/elements"),
    ("button text", lambda n: actions(button("go", text=plain("x" * n))), 75, "/elements/0/text/text"),
    ("button value", lambda n: actions(button("go", value="x" * n)), 2000, "/elements/0/value"),
    ("button url", lambda n: actions(button("go", url="x" * n)), 3000, "/elements/0/url"),
    ("action id", lambda n: actions(button("x" * n)), 255, "/elements/0/action_id"),
    ("confirm title", lambda n: confirm(title=plain("x" * n)), 100, "/confirm/title/text"),
    ("confirm text", lambda n: confirm(text=plain("x" * n)), 300, "/confirm/text/text"),
    ("confirm yes", lambda n: confirm(confirm=plain("x" * n)), 30, "/confirm/confirm/text"),
    ("confirm no", lambda n: confirm(deny=plain("x" * n)), 30, "/confirm/deny/text"),
    ("select options", lambda n: select(options=options(n)), 100, "/elements/0/options"),
    ("placeholder", lambda n: select(placeholder=plain("x" * n)), 150, "/elements/0/placeholder/text"),
    ("option text", lambda n: select(options=[{"text": plain("x" * n), "value": "1"}]), 75, "/options/0/text/text"),
    ("option value", lambda n: select(options=[{"text": plain("x"), "value": "x" * n}]), 150, "/options/0/value"),
    ("overflow", lambda n: actions({"type": "overflow", "action_id": "o", "options": options(n)}), 5, "/options"),
    ("checkboxes", lambda n: actions({"type": "checkboxes", "action_id": "c", "options": options(n)}), 10, "/options"),
    ("input label", lambda n: text_input("b", "a") | {"label": plain("x" * n)}, 2000, "/blocks/0/label/text"),
    ("input hint", lambda n: text_input("b", "a") | {"hint": plain("x" * n)}, 2000, "/blocks/0/hint/text"),
    ("image alt", lambda n: {"type": "image", "image_url": "u", "alt_text": "x" * n}, 2000, "/blocks/0/alt_text"),
    ("markdown", lambda n: {"type": "markdown", "text": "x" * n}, 12_000, "/blocks/0/text"),
    ("container title", lambda n: container(title=plain("x" * n)), 150, "/blocks/0/title/text"),
    ("container children", lambda n: container(child_blocks=[section()] * n), 10, "/blocks/0/child_blocks"),
    ("card title", lambda n: {"type": "card", "title": plain("x" * n)}, 150, "/blocks/0/title/text"),
    ("card body", lambda n: {"type": "card", "body": plain("x" * n)}, 200, "/blocks/0/body/text"),
]
UNKNOWN_TO_SDK: list[tuple[str, Sized, int, str]] = [
    ("card actions", lambda n: {"type": "card", "actions": [button(f"a{i}") for i in range(n)]}, 3, "/actions"),
    ("accessibility label", lambda n: actions(button("go", accessibility_label="x" * n)), 75, "accessibility_label"),
    ("table rows", lambda n: table(rows=n), 100, "/blocks/0/rows"),
    ("table columns", lambda n: table(columns=n), 20, "/blocks/0/rows/0"),
    ("table characters", lambda n: table(1, 1, "x" * n), 10_000, "/blocks"),
    ("data_table rows", lambda n: data_table(rows=n), 201, "/blocks/0/rows"),
    ("data_table columns", lambda n: data_table(columns=n), 20, "/blocks/0/rows/0"),
    ("data_table characters", lambda n: data_table(2, 1, "x" * (n // 2) + "x" * (n % 2)), 20_000, "/blocks"),
    ("page size", lambda n: data_table(page_size=n), 100, "/blocks/0/page_size"),
    ("row header column", lambda n: data_table(row_header_column_index=n), 1, "row_header_column_index"),
    ("chart title", lambda n: chart(title="x" * n), 50, "/blocks/0/title"),
    ("chart points", lambda n: plot(points=n), 20, "/categories"),
    ("chart series", lambda n: plot(lines=n), 6, "/blocks/0/chart/series"),
    ("pie segments", pie, 6, "/blocks/0/chart/segments"),
]


@pytest.mark.parametrize(("build", "most", "pointer"), [row[1:] for row in BLOCK_LIMITS + UNKNOWN_TO_SDK])
def test_a_block_may_be_as_big_as_its_limit_and_no_bigger(build: Sized, most: int, pointer: str) -> None:
    assert message_reasons([build(most)]) == []
    assert any(pointer in reason for reason in message_reasons([build(most + 1)]))


@pytest.mark.parametrize(("build", "most"), [row[1:3] for row in BLOCK_LIMITS], ids=[row[0] for row in BLOCK_LIMITS])
def test_slacks_own_library_accepts_what_the_limit_accepts(build: Sized, most: int) -> None:
    block = Block.parse(build(most))

    assert block is not None
    assert block.to_dict()["type"] == build(most)["type"]


UNCHECKED_BY_LIBRARY = {"section field", "block id", "placeholder", "option text", "option value", "checkboxes"}


@pytest.mark.parametrize(("build", "most"), [row[1:3] for row in BLOCK_LIMITS if row[0] not in UNCHECKED_BY_LIBRARY])
def test_slacks_own_library_refuses_one_more_than_the_limit(build: Sized, most: int) -> None:
    with pytest.raises(SlackObjectFormationError):
        serialised(build(most + 1))


def serialised(document: Json) -> Any:
    block = Block.parse(document)
    assert block is not None
    block.validate_json()
    return block.to_dict()


VIEW_LIMITS: list[tuple[str, Sized, int]] = [
    ("title", lambda n: modal(section(), title=plain("x" * n)), 24),
    ("submit", lambda n: modal(section(), submit=plain("x" * n)), 24),
    ("close", lambda n: modal(section(), close=plain("x" * n)), 24),
    ("private_metadata", lambda n: modal(section(), private_metadata="x" * n), 3000),
    ("callback_id", lambda n: modal(section(), callback_id="x" * n), 255),
    ("blocks", lambda n: modal(*([section()] * n)), 100),
]


@pytest.mark.parametrize(("name", "build", "most"), VIEW_LIMITS)
def test_a_modal_keeps_its_limits_and_slacks_library_agrees(name: str, build: Sized, most: int) -> None:
    assert view_reasons(build(most)) == []
    assert any(f"/view/{name}" in reason for reason in view_reasons(build(most + 1)))
    View(**build(most)).validate_json()
    with pytest.raises(SlackObjectFormationError):
        View(**build(most + 1)).validate_json()
