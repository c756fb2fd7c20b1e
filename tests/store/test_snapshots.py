"""The contract of the shelf, on every engine and for the fake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.usecases.ports.store import StoredSnapshot
from tests.fakes import FakeSnapshotStore

if TYPE_CHECKING:
    from bot.usecases.ports.store import SnapshotStore
    from tests.store.conftest import Opener

AT = datetime(2026, 3, 9, 7, 30, 0, 123456, UTC)
EVER = AT - timedelta(days=1)
MANY = 10_000


@pytest.fixture(params=["real", "fake"])
def snapshot_store(request: pytest.FixtureRequest, opened: Opener) -> SnapshotStore:
    """Return an empty shelf, the real one and the fake."""
    return FakeSnapshotStore() if request.param == "fake" else opened().snapshots


def stored(rows: int = 10, later: int = 0) -> StoredSnapshot:
    """Return something to keep."""
    return StoredSnapshot(AT + timedelta(seconds=later), rows, "QUJD" * 20_000)


def test_what_is_kept_is_found_as_it_was(snapshot_store: SnapshotStore) -> None:
    snapshot_store.put("-a_1", stored(), EVER, MANY)

    assert snapshot_store.find("-a_1") == stored()
    assert snapshot_store.find("-A_1") is None


def test_what_is_too_old_is_forgotten_when_something_new_is_kept(snapshot_store: SnapshotStore) -> None:
    snapshot_store.put("old", stored(), EVER, MANY)
    snapshot_store.put("newer", stored(later=1), EVER, MANY)

    snapshot_store.put("newest", stored(later=2), AT + timedelta(seconds=1), MANY)

    assert [snapshot_store.find(key) is not None for key in ("old", "newer", "newest")] == [False, True, True]


def test_the_oldest_make_room_and_the_newest_is_kept_however_large_it_is(snapshot_store: SnapshotStore) -> None:
    for number in range(3):
        snapshot_store.put(f"{number}", stored(40, number), EVER, 100)
    assert [snapshot_store.find(f"{number}") is not None for number in range(3)] == [False, True, True]

    snapshot_store.put("huge", stored(1000, 9), EVER, 100)

    assert [snapshot_store.find(key) is not None for key in ("1", "2", "huge")] == [False, False, True]


def test_another_process_finds_what_this_one_keeps(opened: Opener) -> None:
    opened("one").snapshots.put("key", stored(), EVER, MANY)

    assert opened("two").snapshots.find("key") == stored()
