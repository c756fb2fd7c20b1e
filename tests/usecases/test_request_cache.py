"""The requests in memory: what a look at them costs while nothing was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.domain.request import Stage
from bot.usecases.resets.request_repository import RequestCache

if TYPE_CHECKING:
    from tests.usecases.reset_harness import ResetHarness


class CountedIndex:
    """An index that counts how often it is asked which requests are at a stage."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self.asked = 0

    def in_stages(self, *stages: Any) -> Any:
        self.asked += 1
        return self._index.in_stages(*stages)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)


def test_the_index_is_asked_again_only_when_something_was_recorded(harness: ResetHarness) -> None:
    request = harness.ask("NYC-DP03")
    index: Any = CountedIndex(harness.requests.index)
    cache = RequestCache(harness.store.ledger, index)
    assert [found.id for found in cache.at({Stage.PENDING})] == [request.id]
    asked = index.asked

    for _ in range(3):
        assert [found.id for found in cache.at({Stage.PENDING})] == [request.id]
    assert index.asked == asked

    other = harness.ask("NYC-DP04")
    assert [found.id for found in cache.at({Stage.PENDING})] == [request.id, other.id]
    assert index.asked > asked
