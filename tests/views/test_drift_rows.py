"""The rows behind a count: a page that Slack takes in every form, and buttons that lead on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.demo.workspace.blocks.surfaces import message_reasons
from bot.domain.digest import RowList
from bot.domain.drift_history import Moved
from bot.domain.drift_summary import DriftScope
from bot.domain.package import SiteCode
from bot.views import drift_rows
from bot.views.drift_rows import PAGE_ROWS, Pointer
from bot.views.tables import Form
from tests.builders import NOW, ago
from tests.drifts import drifted
from tests.views.strategies import FOREIGN, INJECTIONS, ROWS

if TYPE_CHECKING:
    from bot.views.block_kit import Message

POINTERS = st.builds(
    Pointer,
    which=st.sampled_from(Moved),
    since=st.none() | st.just(ago(days=1)) | st.just(NOW + timedelta(microseconds=7)),
    scope=st.builds(
        DriftScope,
        st.none() | st.frozensets(st.sampled_from(["PS1", "P02"]).map(SiteCode), min_size=1),
        st.sampled_from([None, "BOOT*", "boot image *x64*", "*  *"]),
    ),
    start=st.integers(0, 10**6),
)


def page(count: int, start: int = 0, **changes: Any) -> Message:
    """Draw the page at `start` of that many rows."""
    rows = tuple(drifted(f"DP{n}", **changes) for n in range(start, min(count, start + PAGE_ROWS)))
    return drift_rows.draw(Pointer(Moved.STILL, None, start=start), RowList(count, rows), NOW, Form.DATA_TABLE)


def leads(message: Message) -> list[tuple[str, int]]:
    """Return the buttons of a page, and the row each leads to."""
    buttons = [each for block in message.blocks if block["type"] == "actions" for each in block["elements"]]
    pointers = [(each["action_id"], drift_rows.parse_pointer(each["value"])) for each in buttons]
    return [(action, pointer.start) for action, pointer in pointers if pointer]


@given(POINTERS)
def test_a_buttons_value_is_read_as_it_was_written(pointer: Pointer) -> None:
    assert drift_rows.parse_pointer(drift_rows.encode_pointer(pointer)) == pointer


@pytest.mark.parametrize(
    "value",
    [
        "",
        "still",
        "still 0 never * *",
        "still x * * *",
        "still -5 * * *",
        "still 0 2026-03-09T07:30:00 * *",
        "still 0 * *",
        "what 0 * * *",
        *INJECTIONS,
    ],
)
def test_a_value_that_is_not_ours_is_nothing(value: str) -> None:
    assert drift_rows.parse_pointer(value) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, max_size=PAGE_ROWS), FOREIGN, FOREIGN, st.sampled_from(Form), POINTERS)
def test_slack_takes_every_page_in_every_form(
    rows: list[Any], name: str, site: str, form: Form, pointer: Pointer
) -> None:
    shown = tuple(drifted(row=row, package_name=name, site=SiteCode(site)) for row in rows * PAGE_ROWS)[:PAGE_ROWS]

    message = drift_rows.draw(pointer, RowList(10**6, shown), NOW, form)

    assert message_reasons(list(message.blocks)) == []


def test_a_page_says_which_rows_it_shows_and_leads_on_and_back() -> None:
    first, middle, last = (page(120, start) for start in (0, 50, 100))

    assert first.text == "120 still open, oldest first: rows 1-50"
    assert leads(first) == [("drift_next", 50)]
    assert leads(middle) == [("drift_previous", 0), ("drift_next", 100)]
    assert leads(last) == [("drift_previous", 50)]


def test_rows_on_one_page_need_no_buttons() -> None:
    assert page(2).text == "2 still open, oldest first: all of them"
    assert leads(page(2)) == []


def test_a_row_says_since_when_it_is_open_or_how_long_it_was() -> None:
    still = page(1).blocks[0]["rows"][1]
    healed = page(1, healed_at=ago(days=20)).blocks[0]["rows"][1]

    assert [cell["text"] for cell in still] == [
        "PS100112",
        "Boot image (x64)",
        "DP0.contoso.com",
        "PS1",
        "🟡 DP behind",
        "7",
        "13",
        "2026-02-15 07:30",
        "22 d",
    ]
    assert healed[-1]["text"] == "2 d"


def test_rows_that_are_no_longer_there_are_said_to_be_gone() -> None:
    message = drift_rows.draw(Pointer(Moved.STILL, None, start=50), RowList(12), NOW, Form.TABLE)

    assert message.text == "No more rows there by now: 12 still open, oldest first."
