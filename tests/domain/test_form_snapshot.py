"""What a form said and what is true when it is sent off: every difference has a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.domain.drift_classes import judge
from bot.domain.form_snapshot import FILTER_BYTES, Fingerprint, FormRow, FormSnapshot, changes
from bot.domain.plan import RowsAllowed, resettable
from tests.builders import GRACE, NOW, dp_row, points, site_row, table

if TYPE_CHECKING:
    from bot.domain.package import Row

BEHIND = dp_row("NYC-DP03", held_version=7)
SHOWN = FormRow(BEHIND.handle, "NYC-DP03", 7, BEHIND.status_number)


def differences(shown: FormSnapshot, *rows: Row) -> tuple[str, ...]:
    """Return what differs from what the form showed when the database has these DPs."""
    drift = judge(table(site_row("PS1"), *rows), NOW, GRACE)
    allowed = resettable(drift, RowsAllowed.ANY)
    return changes(shown, drift, allowed, allowed)


@pytest.mark.parametrize(
    ("shown", "rows", "sentences"),
    [
        (FormSnapshot(13, (SHOWN,)), [BEHIND], []),
        (FormSnapshot(13, (SHOWN,), 1), [BEHIND], []),
        (FormSnapshot(), [BEHIND], []),
        (FormSnapshot(None, (FormRow(BEHIND.handle),)), [BEHIND], []),
        (
            FormSnapshot(13, (SHOWN,)),
            [replace(BEHIND, held_version=8)],
            ["NYC-DP03: 7 (Installed) in the form, 8 (Installed) now"],
        ),
        (
            FormSnapshot(13, (SHOWN,)),
            [replace(BEHIND, held_version=13)],
            ["NYC-DP03: 7 (Installed) in the form, 13 (Installed) now, and may not be reset now"],
        ),
        (
            FormSnapshot(13, (SHOWN,)),
            [replace(BEHIND, status_number=5)],
            ["NYC-DP03: 7 (Installed) in the form, 7 (Failed) now"],
        ),
        (
            FormSnapshot(13, (SHOWN,)),
            [replace(BEHIND, held_version=None)],
            ["NYC-DP03: 7 (Installed) in the form, unknown (Installed) now, and may not be reset now"],
        ),
        (FormSnapshot(13, (SHOWN,)), [], ["NYC-DP03: 7 (Installed) in the form, gone now"]),
        (FormSnapshot(12, (SHOWN,)), [BEHIND], ["the package: source version 12 in the form, 13 now"]),
        (FormSnapshot(13, (), 120), [BEHIND], ["120 rows could be reset in the form, 1 now"]),
    ],
)
def test_what_differs_is_said_and_nothing_else(shown: FormSnapshot, rows: list[Row], sentences: list[str]) -> None:
    assert [each.replace(".contoso.com", "") for each in differences(shown, *rows)] == sentences


MANY = tuple(points(120, held_version=7))
COUNTED = FormSnapshot(13, (), len(MANY), Fingerprint.of(MANY))
LAST = MANY[-1]


@pytest.mark.parametrize(
    ("rows", "sentences"),
    [
        pytest.param(MANY, [], id="all as they were"),
        pytest.param(MANY[::-1], [], id="read in another order"),
        pytest.param(
            (*MANY[:-1], replace(LAST, held_version=8)),
            ["DP0120: 8 (Installed) now, not so in the form"],
            id="the version of one",
        ),
        pytest.param(
            (*MANY[:-1], replace(LAST, status_number=5)),
            ["DP0120: 7 (Failed) now, not so in the form"],
            id="the status of one",
        ),
        pytest.param(
            (*MANY[:-1], dp_row("OSL-DP01", held_version=7)),
            ["OSL-DP01: 7 (Installed) now, not so in the form"],
            id="another in place of one",
        ),
        pytest.param(MANY[:-1], ["120 rows could be reset in the form, 119 now"], id="one is gone"),
        pytest.param(
            (*MANY[:-1], replace(LAST, held_version=13)),
            ["120 rows could be reset in the form, 119 now"],
            id="one is in sync",
        ),
    ],
)
def test_every_row_is_compared_that_a_form_counted_without_listing_it(
    rows: tuple[Row, ...], sentences: list[str]
) -> None:
    assert [each.replace(".contoso.com", "") for each in differences(COUNTED, *rows)] == sentences


def test_a_change_that_the_filter_cannot_name_is_told_all_the_same() -> None:
    blind = replace(COUNTED, fingerprint=replace(Fingerprint.of(MANY), members=b"\xff" * FILTER_BYTES))

    assert differences(blind, *MANY[:-1], replace(LAST, held_version=8)) == (
        "a row that the form counted and did not list is no longer as it was",
    )


@pytest.mark.parametrize("count", [1, 101, 1_125, 5_000])
def test_a_fingerprint_is_short_holds_its_rows_and_is_read_back(count: int) -> None:
    rows = tuple(points(count, held_version=7))
    taken = Fingerprint.of(rows)

    assert Fingerprint.read(taken.text) == taken
    assert len(taken.text) == 24 + 4 * -(-FILTER_BYTES // 3)
    assert all(taken.holds(row) for row in rows)


def test_nearly_all_changes_of_a_thousand_rows_are_named() -> None:
    taken = Fingerprint.of(points(1_000, held_version=7))

    assert sum(taken.holds(row) for row in points(1_000, held_version=8)) < 80


@pytest.mark.parametrize("text", ["", "0" * 24, "0" * 24 + "?", "0" * 24 + "AAAA"])
def test_what_is_no_fingerprint_is_none(text: str) -> None:
    assert Fingerprint.read(text) is None
