"""What kind of news a distribution message is: by its number, else by its state."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.domain.distribution_message import DistributionMessage, MessageKind
from bot.domain.drift_classes import judge
from tests.builders import GRACE, NOW, ago, dp_row, table

if TYPE_CHECKING:
    from bot.domain.package import Row

FAILED, WAITS, UNDER_WAY, GOOD, UNKNOWN = (
    MessageKind.FAILED,
    MessageKind.WAITS,
    MessageKind.UNDER_WAY,
    MessageKind.GOOD,
    MessageKind.UNKNOWN,
)


@pytest.mark.parametrize(
    ("number", "state", "kind"),
    [
        *((number, 4, FAILED) for number in (2302, 2323, 2324, 2354, 2370, 2382, 2383, 2385, 2391, 8203, 8211, 8212)),
        *(
            (number, 2, UNDER_WAY)
            for number in (2300, 2311, 2333, 2342, 2357, 2372, 2376, 2380, 2381, 8200, 8204, 8210)
        ),
        *((number, 1, GOOD) for number in (2301, 2303, 2330, 2384, 4400)),
        (2371, 2, WAITS),
        (2391, 99, FAILED),  # a state nobody documented changes nothing about a known number
        (2391, None, FAILED),
        (2397, 4, UNKNOWN),
        (9999, 1, GOOD),
        (9999, 2, UNDER_WAY),
        (9999, 3, FAILED),
        (9999, 4, FAILED),
        (9999, 99, UNKNOWN),
        (9999, None, UNKNOWN),
        (None, 4, FAILED),
        (None, None, UNKNOWN),
    ],
)
def test_a_message_is(number: int | None, state: int | None, kind: MessageKind) -> None:
    assert DistributionMessage(number, state).kind is kind


@pytest.mark.parametrize("number", [2330, 2391, 2371, 9999])
@pytest.mark.parametrize("row", [dp_row(), dp_row(held_version=7), dp_row(status_number=5), dp_row(dp_known=False)])
def test_a_message_never_changes_a_class(row: Row, number: int) -> None:
    told = replace(row, message=DistributionMessage(number, 4, ago(hours=1)))

    assert [each.drift_class for each in judge(table(told), NOW, GRACE).dps] == [
        each.drift_class for each in judge(table(row), NOW, GRACE).dps
    ]
