"""What a form said and what is true when it is sent off: every difference has a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.domain.drift import judge
from bot.domain.plan import RowsAllowed
from bot.domain.planning import resettable
from bot.domain.shown import Shown, ShownRow, changes
from tests.builders import GRACE, NOW, dp_row, site_row, table

if TYPE_CHECKING:
    from bot.domain.package import Row

BEHIND = dp_row("NYC-DP03", held_version=7)
SHOWN = ShownRow(BEHIND.handle, "NYC-DP03", 7, BEHIND.status_number)


def differences(shown: Shown, *rows: Row) -> tuple[str, ...]:
    """Return what differs from what the form showed when the database has these DPs."""
    drift = judge(table(site_row("PS1"), *rows), NOW, GRACE)
    return changes(shown, drift, resettable(drift, RowsAllowed.ANY))


@pytest.mark.parametrize(
    ("shown", "rows", "sentences"),
    [
        (Shown(13, (SHOWN,)), [BEHIND], []),
        (Shown(13, (SHOWN,), 1), [BEHIND], []),
        (Shown(), [BEHIND], []),
        (Shown(None, (ShownRow(BEHIND.handle),)), [BEHIND], []),
        (
            Shown(13, (SHOWN,)),
            [replace(BEHIND, held_version=8)],
            ["NYC-DP03: 7 (Installed) in the form, 8 (Installed) now"],
        ),
        (
            Shown(13, (SHOWN,)),
            [replace(BEHIND, held_version=13)],
            ["NYC-DP03: 7 (Installed) in the form, 13 (Installed) now, and may not be reset now"],
        ),
        (
            Shown(13, (SHOWN,)),
            [replace(BEHIND, status_number=5)],
            ["NYC-DP03: 7 (Installed) in the form, 7 (Failed) now"],
        ),
        (
            Shown(13, (SHOWN,)),
            [replace(BEHIND, held_version=None)],
            ["NYC-DP03: 7 (Installed) in the form, unknown (Installed) now, and may not be reset now"],
        ),
        (Shown(13, (SHOWN,)), [], ["NYC-DP03: 7 (Installed) in the form, gone now"]),
        (Shown(12, (SHOWN,)), [BEHIND], ["the package: source version 12 in the form, 13 now"]),
        (Shown(13, (), 120), [BEHIND], ["120 rows could be reset in the form, 1 now"]),
    ],
)
def test_what_differs_is_said_and_nothing_else(shown: Shown, rows: list[Row], sentences: list[str]) -> None:
    assert [each.replace(".contoso.com", "") for each in differences(shown, *rows)] == sentences
