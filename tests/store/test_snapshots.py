"""The contract of the shelf, on every engine and for the fake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.usecases.store_ports import Shelved
from tests.fakes import FakeShelf

if TYPE_CHECKING:
    from bot.usecases.store_ports import Shelf
    from tests.store.conftest import Opener

AT = datetime(2026, 3, 9, 7, 30, 0, 123456, UTC)
EVER = AT - timedelta(days=1)
MANY = 10_000


@pytest.fixture(params=["real", "fake"])
def shelf(request: pytest.FixtureRequest, opened: Opener) -> Shelf:
    """Return an empty shelf, the real one and the fake."""
    return FakeShelf() if request.param == "fake" else opened().snapshots


def shelved(rows: int = 10, later: int = 0) -> Shelved:
    """Return something to keep."""
    return Shelved(AT + timedelta(seconds=later), rows, "QUJD" * 20_000)


def test_what_is_kept_is_found_as_it_was(shelf: Shelf) -> None:
    shelf.put("-a_1", shelved(), EVER, MANY)

    assert shelf.find("-a_1") == shelved()
    assert shelf.find("-A_1") is None


def test_what_is_too_old_is_forgotten_when_something_new_is_kept(shelf: Shelf) -> None:
    shelf.put("old", shelved(), EVER, MANY)
    shelf.put("newer", shelved(later=1), EVER, MANY)

    shelf.put("newest", shelved(later=2), AT + timedelta(seconds=1), MANY)

    assert [shelf.find(key) is not None for key in ("old", "newer", "newest")] == [False, True, True]


def test_the_oldest_make_room_and_the_newest_is_kept_however_large_it_is(shelf: Shelf) -> None:
    for number in range(3):
        shelf.put(f"{number}", shelved(40, number), EVER, 100)
    assert [shelf.find(f"{number}") is not None for number in range(3)] == [False, True, True]

    shelf.put("huge", shelved(1000, 9), EVER, 100)

    assert [shelf.find(key) is not None for key in ("1", "2", "huge")] == [False, False, True]


def test_another_process_finds_what_this_one_keeps(opened: Opener) -> None:
    opened("one").snapshots.put("key", shelved(), EVER, MANY)

    assert opened("two").snapshots.find("key") == shelved()
