"""The ladder of table forms: what Slack refuses is drawn again in the next form, and that is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.frontdoor.message_content import block, block_types, table_rows, visible_text

if TYPE_CHECKING:
    from tests.harness import Harness, Json


def refuse_blocks(harness: Harness, times: int) -> None:
    harness.faults("response_url", status=400, error="invalid_blocks", times=times)


def assert_text(answer: Json) -> None:
    assert "table" not in " ".join(block_types(answer))
    lines = visible_text(answer).splitlines()
    title = next(line for line in lines if line.startswith("```Server"))
    row = next(line for line in lines if line.startswith("BOS-DP02.contoso.com"))
    assert title.index("Status") - len("```") == row.index("Failed"), "columns stand below their titles"
    assert sum(".contoso.com  " in line for line in lines) == 39


def test_a_refused_data_table_comes_as_a_plain_table_with_the_same_rows(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    refuse_blocks(fresh_harness, times=1)

    answer = fresh_harness.ask("ada", "PS100112")

    assert "data_table" not in block_types(answer)
    assert len(table_rows(answer)) == 40
    assert "Distribution points with PS100112: 39 rows" in visible_text(answer)
    assert "Slack refused a form" in fresh_harness.log()


def test_when_both_tables_are_refused_the_rows_come_as_text(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    refuse_blocks(fresh_harness, times=2)

    assert_text(fresh_harness.ask("ada", "PS100112"))


def test_when_every_form_is_refused_the_asker_still_gets_the_answer_in_a_sentence(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    refuse_blocks(fresh_harness, times=3)

    assert fresh_harness.ask("ada", "PS100112")["text"].startswith("PS100112 Boot image (x64), source version 13: ")


def test_a_refused_form_is_not_tried_again_for_the_next_answer(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    refuse_blocks(fresh_harness, times=1)
    fresh_harness.ask("ada", "PS100112")
    refuse_blocks(fresh_harness, times=1)

    answer = fresh_harness.ask("ada", "PS100112")

    assert_text(answer)


def test_the_form_of_tables_is_a_setting(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(answers__tables="table")

    assert len(block(fresh_harness.ask("ada", "PS100112"), "table")["rows"]) == 40


def test_text_is_a_setting_too_and_a_long_table_still_fits_into_a_message(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(answers__tables="text")

    assert_text(fresh_harness.ask("ada", "PS100112"))


def test_blocks_refused_for_a_sentence_leave_the_sentence(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    refuse_blocks(fresh_harness, times=1)

    assert "No package XYZ99999 at PS1." in fresh_harness.ask("ada", "XYZ99999")["text"]
