"""What a form keeps of itself: short enough for Slack, and read back as it was, also as earlier versions wrote it."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.command import LONGEST_FILTER, MOST_FILTERS, Show, parse
from bot.domain.drift_classes import judge
from bot.domain.form_snapshot import Fingerprint, FormRow, FormSnapshot
from bot.domain.package import SiteCode
from bot.domain.plan import RowsAllowed, reset_plan, resettable
from bot.views import request_form
from tests.builders import GRACE, NOW, points, site_row, table

MOST_IN_METADATA = 3000
"""Slack's limit for `private_metadata`."""
DRIFT = judge(table(site_row(), *points(5_000, held_version=7)), NOW, GRACE)
ROWS = resettable(DRIFT, RowsAllowed.ANY)
PLAN = reset_plan(DRIFT, SiteCode("PS1"), ROWS)
FIRST = tuple(FormRow(each.row.handle, "", each.row.held_version, each.row.status_number) for each in ROWS[:5])
NOTHING = request_form.parse_input({})


def test_what_a_form_of_many_rows_keeps_fits_and_is_read_back() -> None:
    longest = " ".join(["PS100112", *(f"dp:{number}".ljust(LONGEST_FILTER, "x") for number in range(MOST_FILTERS))])
    assert isinstance(parse(longest), Show)

    kept = request_form.form_metadata("PS1", longest, ROWS, PLAN)

    assert len(kept) <= MOST_IN_METADATA
    fingerprint = Fingerprint.of(verdict.row for verdict in ROWS)
    assert request_form.parse_metadata(kept, NOTHING) == ("PS1", longest, FormSnapshot(13, FIRST, 5_000, fingerprint))


def test_a_form_that_an_earlier_version_opened_is_read_as_far_as_it_says() -> None:
    *before, _ = request_form.form_metadata("PS1", "PS100112", ROWS, PLAN).split("\n")

    read = request_form.parse_metadata("\n".join(before), NOTHING)

    assert read == ("PS1", "PS100112", FormSnapshot(13, FIRST, 5_000))


def test_a_form_that_lists_its_rows_keeps_only_the_version() -> None:
    few = ROWS[:100]

    kept = request_form.form_metadata("PS1", "PS100112", few, replace(PLAN, rows=PLAN.rows[:100]))

    assert kept == "PS1 PS100112\n13"
