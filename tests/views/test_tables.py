"""Tables in three forms, cut into pages that Slack takes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.demo.workspace.blocks.surfaces import message_reasons
from bot.views.tables import PAGE_CHARACTERS, PAGE_ROWS, Form, Table, paginate
from tests.views.strategies import FOREIGN

FORMS = st.sampled_from(list(Form))
WIDTHS = st.lists(st.integers(0, 400) | st.sampled_from([1, 9_499, 9_500, 9_501, 30_000]), max_size=400)
CELLS = st.none() | st.integers() | FOREIGN


def texts(blocks: list[dict[str, object]]) -> str:
    """Return all text of drawn blocks, for looking things up in it."""
    return str(blocks)


@given(WIDTHS, FORMS)
def test_pages_cover_every_row_once_and_in_order(widths: list[int], form: Form) -> None:
    pages = paginate(widths, form)

    assert [index for page in pages for index in range(page.start, page.stop)] == list(range(len(widths)))


@given(WIDTHS, FORMS)
def test_pages_obey_both_limits(widths: list[int], form: Form) -> None:
    for page in paginate(widths, form):
        assert 1 <= page.stop - page.start <= PAGE_ROWS[form]
        assert sum(widths[page.start : page.stop]) <= PAGE_CHARACTERS or page.stop - page.start == 1


@given(WIDTHS, FORMS)
def test_no_page_could_have_taken_the_first_row_of_the_next(widths: list[int], form: Form) -> None:
    for page, following in pairwise(paginate(widths, form)):
        is_full = page.stop - page.start == PAGE_ROWS[form]
        assert is_full or sum(widths[page.start : following.start + 1]) > PAGE_CHARACTERS


@pytest.mark.parametrize(
    ("form", "sizes"), [(Form.DATA_TABLE, [100, 100, 50]), (Form.TABLE, [99, 99, 52]), (Form.TEXT, [100, 100, 50])]
)
def test_narrow_rows_fill_pages_to_the_row_limit_of_the_form(form: Form, sizes: list[int]) -> None:
    assert [page.stop - page.start for page in paginate([10] * 250, form)] == sizes


def test_no_rows_are_no_pages() -> None:
    assert paginate([], Form.DATA_TABLE) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=99), FORMS)
def test_slack_takes_any_page_that_is_drawn(rows: list[tuple[str | int | None, ...]], form: Form) -> None:
    widths = [sum(min(len(str(cell)), 120) + 3 for cell in row) for row in rows]
    page = paginate(widths, form)[0]

    blocks = Table("Rows", ("A", "B", "C"), tuple(rows[page.start : page.stop])).draw(form)

    assert message_reasons(blocks) == []


@pytest.mark.parametrize("form", Form)
def test_every_form_shows_every_cell(form: Form) -> None:
    table = Table("Two rows", ("Server", "Held"), (("NYC-DP01", 7), ("O'Reilly & <Söhne>", None)))

    drawn = texts(table.draw(form)).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

    for words in ("Two rows", "Server", "Held", "NYC-DP01", "7", "Reilly & <Söhne>", "–"):
        assert words in drawn


def test_numbers_stay_numbers_where_clients_sort_them() -> None:
    (block,) = Table("T", ("A", "B", "C"), (("x", 7, None),)).draw(Form.DATA_TABLE)

    assert block["rows"][1] == [
        {"type": "raw_text", "text": "x"},
        {"type": "raw_number", "value": 7, "text": "7"},
        {"type": "raw_text", "text": "–"},
    ]


def test_text_columns_stand_below_each_other() -> None:
    _, block = Table("T", ("Server", "Held"), (("A", 7), ("LONGER", 13))).draw(Form.TEXT)

    assert block["text"]["text"] == "```Server  Held\nA       7\nLONGER  13```"


@given(st.lists(FOREIGN, min_size=1, max_size=30))
def test_no_cell_breaks_out_of_the_monospaced_text(cells: list[str]) -> None:
    _, *blocks = Table("T", ("A",), tuple((cell,) for cell in cells)).draw(Form.TEXT)

    for block in blocks:
        inside = block["text"]["text"].removeprefix("```").removesuffix("```")
        assert not set(inside) & set("`<>")
