"""Answers are kept for paging: for a while, up to a bound, the oldest going first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from bot.domain.command import Filter
from bot.domain.distribution_message import DistributionMessage
from bot.domain.lookup_result import SnapshotKey
from bot.usecases.lookup.snapshot_codec import pack, unpack
from bot.usecases.lookup.snapshots import KEPT_FOR, MOST_ROWS, ROWS_IN_MEMORY, SnapshotCache
from tests.builders import NOW, answer, dp_row, story, table
from tests.fakes import FakeClock, FakeSnapshotStore
from tests.views.strategies import answers

if TYPE_CHECKING:
    from bot.domain.lookup_result import Answer, StoredAnswer

STORY = answer(story())


def snapshots(clock: FakeClock | None = None, snapshot_store: FakeSnapshotStore | None = None) -> SnapshotCache:
    """Return what one process keeps; those with one shelf share a store."""
    return SnapshotCache(clock or FakeClock(), snapshot_store or FakeSnapshotStore())


def half_full() -> Answer:
    """Return an answer of more than half the rows that are kept at most."""
    return replace(STORY, drift=replace(STORY.drift, dps=STORY.drift.dps[:1] * (MOST_ROWS // 2 + 1)))


def test_the_newest_messages_are_kept_with_their_rows() -> None:
    message = DistributionMessage(2324, 4, NOW, ("0x80070070", "disk full"))
    told = answer(table(replace(dp_row(held_version=7), message=message), dp_row("NYC-DP02")))

    assert unpack(pack(told)) == told


def test_an_answer_is_found_under_its_key() -> None:
    kept = snapshots()

    assert kept.find(kept.keep(STORY)) is STORY


def test_keys_differ_and_cannot_be_guessed() -> None:
    kept = snapshots()
    keys = {kept.keep(STORY) for _ in range(100)}

    assert len(keys) == 100
    assert min(map(len, keys)) >= 12
    assert not any(" " in key for key in keys)


def test_an_unknown_key_finds_nothing() -> None:
    assert snapshots().find(SnapshotKey("unknown")) is None


@pytest.mark.parametrize(("late", "is_found"), [(0, True), (1, False)])
def test_an_answer_is_kept_for_half_an_hour(late: int, *, is_found: bool) -> None:
    clock = FakeClock()
    kept = snapshots(clock)
    key = kept.keep(STORY)

    clock.move(seconds=KEPT_FOR.total_seconds() + late)

    assert (kept.find(key) is STORY) is is_found


def test_another_process_with_the_same_store_finds_the_very_same_answer() -> None:
    snapshot_store = FakeSnapshotStore()
    asked = answer(story(), Filter(servers=("NYC*",)), "PS100112 dp:NYC*")
    key = snapshots(snapshot_store=snapshot_store).keep(asked)

    other = snapshots(snapshot_store=snapshot_store)

    assert other.find(key) == asked
    assert other.find(key) is other.find(key), "it is unpacked once"


def test_another_process_does_not_show_what_is_too_old_either() -> None:
    clock, snapshot_store = FakeClock(), FakeSnapshotStore()
    key = snapshots(clock, snapshot_store).keep(STORY)

    clock.move(seconds=KEPT_FOR.total_seconds() + 1)

    assert snapshots(clock, snapshot_store).find(key) is None


@given(answers())
def test_whatever_a_database_holds_is_the_same_after_packing(kept: StoredAnswer) -> None:
    assert unpack(pack(kept.answer)) == kept.answer


def test_the_oldest_go_first_when_there_are_too_many_rows() -> None:
    kept = snapshots()

    keys = [kept.keep(each) for each in (STORY, half_full(), STORY, half_full(), STORY)]

    assert [kept.find(key) is not None for key in keys] == [False, False, True, True, True]


def test_only_the_newest_stay_in_memory_and_the_others_are_found_in_the_store() -> None:
    kept = snapshots()
    long = replace(STORY, drift=replace(STORY.drift, dps=STORY.drift.dps[:1] * (ROWS_IN_MEMORY // 4)))

    keys = [kept.keep(long) for _ in range(20)]

    assert sum(each.row_count for _, each in kept._kept.values()) <= ROWS_IN_MEMORY
    assert all(kept.find(key) for key in keys)


def test_the_newest_is_kept_however_large_it_is() -> None:
    kept = snapshots()
    huge = replace(STORY, drift=replace(STORY.drift, dps=STORY.drift.dps[:1] * (MOST_ROWS + 1)))

    keys = [kept.keep(STORY), kept.keep(huge)]

    assert [kept.find(key) is not None for key in keys] == [False, True]


def test_what_is_too_old_gives_its_room_back() -> None:
    clock = FakeClock()
    kept = snapshots(clock)
    kept.keep(STORY)

    clock.move(hours=1)
    kept.keep(STORY)

    assert len(kept._kept) == 1


def test_many_threads_may_keep_and_find_at_once() -> None:
    kept = snapshots()

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: kept.find(kept.keep(STORY)), range(200)))

    assert found == [STORY] * 200
