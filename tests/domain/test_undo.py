"""Whether a row still is as its reset left it, by the copies in the backup table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.undo import BackupCopy, Undoing, undo_violation
from tests.requests import plan_row

ROW = plan_row().reversed()
VALUES = {"updatetime": "then", "sourceversion": ROW.version_after, "status": ROW.status_after}
COMPARED = {"updatetime": "UpdateTime"}
NOON = datetime(2026, 3, 2, 12)  # noqa: DTZ001 - as a database without zones tells it
TWO = "the backup table also has a copy of it by request other, and that one is newer, or nothing tells that it is not"


@pytest.mark.parametrize(
    ("other", "ours", "said"),
    [
        (NOON.replace(hour=11), NOON, ""),
        (NOON.replace(hour=13), NOON, TWO),
        (NOON, NOON, TWO),
        (NOON.replace(hour=11), "2026-03-02 12:00:00", TWO),
        ("2026-03-02 11:00:00", NOON, TWO),
        (NOON.replace(hour=11, tzinfo=UTC), NOON, TWO),
        (NOON.replace(hour=11).date(), NOON, TWO),
        (None, NOON, TWO),
        (NOON, None, TWO),
    ],
)
def test_an_undo_needs_to_know_that_every_other_copy_is_older(other: Any, ours: Any, said: str) -> None:
    copies = [BackupCopy("ours", ours, VALUES), BackupCopy("other", other, VALUES)]

    assert undo_violation(ROW, Undoing("ours"), VALUES, copies, COMPARED) == said
    assert undo_violation(ROW, Undoing("ours", frozenset({"other"})), VALUES, copies, COMPARED) == ""
