"""The CSV holds every row, and no cell of it is run as a formula."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.command import Filter
from bot.domain.drift_classes import DriftClass
from bot.domain.package import SiteCode
from bot.views import csv_export
from tests.builders import ago, answer, dp_row, job, kept, nal_path, package, site_row, story, table
from tests.views.strategies import answers

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def rows_of(drawn: bytes) -> list[list[str]]:
    """Read a CSV back as a spreadsheet program does."""
    return list(csv.reader(io.StringIO(drawn.decode("utf-8-sig"), newline="")))


def is_number(cell: str) -> bool:
    return cell.removeprefix("-").isdecimal()


@pytest.mark.parametrize("sign", DANGEROUS)
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "   "])
def test_a_text_that_would_run_gets_an_apostrophe(sign: str, before: str) -> None:
    text = f"{before}{sign}cmd|'/c calc'!A1"

    assert csv_export.neutral(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["NYC-DP01", "", "7", "a=b", "–", -7, 0, 13, nal_path("DP01")])
def test_what_is_harmless_stays_as_it_is(cell: object) -> None:
    assert csv_export.neutral(cell) == cell


@settings(max_examples=60, deadline=None)
@given(answers())
def test_no_cell_of_any_csv_runs(kept_answer: Any) -> None:
    drawn = rows_of(csv_export.draw(kept_answer.answer))

    assert len(drawn) == kept_answer.answer.row_count + 1
    for row in drawn:
        assert len(row) == len(csv_export.HEADER)
        assert not [cell for cell in row if cell.lstrip(" \u00a0").startswith(DANGEROUS) and not is_number(cell)]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_every_path_is_read_back_as_it_was(paths: list[str]) -> None:
    drawn = rows_of(csv_export.draw(answer(table(site_row(), *(dp_row(server_path=path) for path in paths)))))

    back = sorted(row[-1] for row in drawn[2:])
    assert back == sorted(str(csv_export.neutral(path)) for path in paths)


def test_the_csv_holds_all_rows_whatever_the_filter_shows() -> None:
    filtered = answer(story(), Filter(frozenset({DriftClass.FAILED})))

    assert len(rows_of(csv_export.draw(filtered))) == len(story().rows) + 1


def test_a_row_reads() -> None:
    drawn = rows_of(csv_export.draw(answer(table(site_row(), dp_row(held_version=7)))))

    assert drawn[0] == list(csv_export.HEADER)
    assert drawn[2] == [
        *("PS100112", "DP", "NYC-DP01.contoso.com", "PS1", "DP", "7", "13", "6", "Installed", "2026-01-08 07:30"),
        *("DP behind", "PS1", "", "", nal_path("NYC-DP01.contoso.com")),
    ]


def test_a_row_says_whose_dp_it_is_what_is_stuck_and_why_it_is_not_reset() -> None:
    row = dp_row(held_version=7, dp_site=SiteCode("P02"), jobs=(job(created_at=ago(days=90), updated_at=None),))
    drawn = rows_of(csv_export.draw(answer(table(site_row(), site_row("P02"), row))))

    assert drawn[3][11:14] == [
        "P02",
        "stuck job, queued 90 d ago",
        "its DP belongs to another site than the row says",
    ]


def test_what_is_unknown_is_left_empty_and_a_missing_row_is_named() -> None:
    unknown = dp_row(held_version=None, updated_at=None, status_number=None)
    drawn = rows_of(csv_export.draw(answer(table(unknown, of=package(source_version=None)))))

    assert drawn[1][4:11] == ["", "", "", "", "no row", "", "unknown"]
    assert drawn[2][4:11] == ["", "", "", "", "unknown", "", "unknown"]


def test_a_spreadsheet_program_sees_that_it_is_unicode() -> None:
    assert csv_export.draw(answer(story())).startswith(b"\xef\xbb\xbf")


def test_the_file_is_named_after_the_package_and_the_moment() -> None:
    assert csv_export.file_name(kept(story()).answer) == "PS100112-20260309-0730Z.csv"
