"""The contract of the outbox, on every engine."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from bot.dbapi import Connection
from bot.domain.ledger_entry import Entry
from bot.store import Store
from bot.store.database import StoreDatabase
from bot.store.outbox import OutboxTable
from bot.usecases.ports.store import Backlog, Delivery, Notification, PostRecord
from tests.store.clock import SteppingClock
from tests.store.conftest import AUDIT, Opener
from tests.store.drafts import draft


def places(deliveries: list[Delivery] | tuple[Delivery, ...]) -> list[tuple[int, int]]:
    return [(delivery.entry.sequence, delivery.number) for delivery in deliveries]


def pending(store: Store, destination: str, limit: int = 50) -> list[Delivery]:
    return list(store.outbox.pending(destination, limit))


def append(store: Store, *notices: Notification) -> Entry:
    return store.ledger.append(draft(), notices)


def test_every_entry_is_due_in_the_audit_channel_and_its_notices_where_they_belong(store: Store) -> None:
    body = {"text": "Grüße \U0001f4e6", "blocks": [{"type": "divider"}], "nul": "\x00", "half": "\ud800"}
    first = append(store)
    second = append(store, Notification("U000000ADA", body), Notification(AUDIT, {"text": "card"}))

    assert pending(store, AUDIT) == [
        Delivery(0, AUDIT, None, first),
        Delivery(0, AUDIT, None, second),
        Delivery(2, AUDIT, {"text": "card"}, second),
    ]
    assert pending(store, "U000000ADA") == [Delivery(1, "U000000ADA", body, second)]
    assert pending(store, "U0NOBODY") == []


def test_destinations_are_named_in_the_order_in_which_they_began_to_wait(store: Store) -> None:
    append(store, Notification("U2", {}))
    append(store, Notification("U1", {}), Notification("U2", {}))
    store.outbox.mark_sent(pending(store, AUDIT), AUDIT, "1.0")

    assert store.outbox.destinations() == ["U2", "U1"]


def test_what_was_told_is_not_due_again_and_can_be_found(store: Store) -> None:
    for _ in range(4):
        append(store, Notification("U1", {}))

    store.outbox.mark_sent(pending(store, AUDIT, limit=2), AUDIT, "17.1")
    store.outbox.mark_sent(pending(store, AUDIT, limit=1), AUDIT, "17.2", is_gap=True)

    assert places(pending(store, AUDIT)) == [(4, 0)]
    assert places(pending(store, "U1")) == [(1, 1), (2, 1), (3, 1), (4, 1)]
    assert list(store.outbox.posts(AUDIT)) == [
        PostRecord(1, 0, AUDIT, "17.1"),
        PostRecord(2, 0, AUDIT, "17.1"),
        PostRecord(3, 0, AUDIT, "17.2", is_gap=True),
    ]
    assert list(store.outbox.posts("U1")) == []


def test_what_was_told_first_stands_when_a_second_relay_tells_it_too(store: Store, opened: Opener) -> None:
    append(store, Notification("U1", {}))
    other = opened("two")
    seen_by_both = [pending(store, "U1"), pending(other, "U1")]

    store.outbox.mark_sent(seen_by_both[0], "D1", "17.1")
    other.outbox.mark_sent(seen_by_both[1], "D1", "17.2", is_gap=True)

    assert list(store.outbox.posts("U1")) == [PostRecord(1, 1, "D1", "17.1")]


def test_a_piece_has_at_most_its_limit_and_never_nothing_while_something_waits(store: Store) -> None:
    append(
        store, Notification("U1", {"number": 1}), Notification("U1", {"number": 2}), Notification("U1", {"number": 3})
    )
    for _ in range(300):
        append(store)
    append(store, Notification("U1", {"number": 4}))

    told = []
    while piece := pending(store, "U1", limit=2):
        assert len(piece) <= 2
        told += [(delivery.payload or {})["number"] for delivery in piece]
        store.outbox.mark_sent(piece, "D1", "1.0")

    assert told == [1, 2, 3, 4]


def test_the_backlog_says_how_many_and_since_when(store: Store, clock: SteppingClock) -> None:
    assert store.outbox.backlog(AUDIT) == Backlog(0, None)

    first = append(store)
    clock.now += timedelta(hours=1)
    second = append(store, Notification("U1", {}))

    assert store.outbox.backlog(AUDIT) == Backlog(2, first.at)
    assert store.outbox.backlog("U1") == Backlog(1, second.at)
    store.outbox.mark_sent(pending(store, AUDIT, limit=1), AUDIT, "1.0")
    assert store.outbox.backlog(AUDIT) == Backlog(1, second.at)


class Interrupted(Connection):
    """Hands questions on, and lets something else happen behind each."""

    def __init__(self, connection: Connection, meanwhile: Callable[[], None]) -> None:
        self._connection = connection
        self._meanwhile = meanwhile

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        found = self._connection.query(sql, parameters)
        self._meanwhile()
        return found


class InterruptedDatabase(StoreDatabase):
    """A store between whose reads something else happens."""

    def __init__(self, address: str, meanwhile: Callable[[], None]) -> None:
        super().__init__(address)
        self._meanwhile = meanwhile

    def read(self, work: Callable[[Connection], Any]) -> Any:
        return super().read(lambda connection: work(Interrupted(connection, self._meanwhile)))


def test_what_is_told_while_the_backlog_is_read_has_not_waited_for_ever(
    store: Store, address: str, clock: SteppingClock
) -> None:
    append(store)

    def tell() -> None:
        store.outbox.mark_sent(pending(store, AUDIT), AUDIT, "1.0")

    with closing(InterruptedDatabase(address, tell)) as database:
        assert OutboxTable(database, AUDIT, clock).backlog(AUDIT).oldest_at is None


def test_it_is_known_when_the_newest_was_told(store: Store, clock: SteppingClock) -> None:
    for _ in range(3):
        append(store)
    assert store.outbox.delivered_at(AUDIT) is None

    store.outbox.mark_sent(pending(store, AUDIT, limit=2), AUDIT, "1.0")
    first = store.outbox.delivered_at(AUDIT)
    store.outbox.mark_sent(pending(store, AUDIT), AUDIT, "2.0")

    assert first is not None
    assert first < (store.outbox.delivered_at(AUDIT) or first) < clock()
    assert store.outbox.delivered_at("U1") is None


def test_a_backlog_of_thousands_comes_out_in_order_and_so_do_its_posts(store: Store) -> None:
    store.ledger.append_all([draft() for _ in range(1500)])

    told = []
    while piece := pending(store, AUDIT, limit=100):
        told += places(piece)
        store.outbox.mark_sent(piece, AUDIT, "1.0")

    assert told == [(sequence, 0) for sequence in range(1, 1501)]
    assert [post.sequence for post in store.outbox.posts(AUDIT)] == list(range(1, 1501))


def test_a_store_that_is_opened_again_goes_on_where_it_stopped(store: Store, opened: Opener) -> None:
    append(store)
    append(store)
    store.outbox.mark_sent(pending(store, AUDIT, limit=1), AUDIT, "1.0")
    store.close()

    again = opened("two")

    assert places(pending(again, AUDIT)) == [(2, 0)]
    assert append(again).sequence == 3


@pytest.mark.parametrize("change", ["destination = 'C0OTHER'", 'payload = \'{"text": "b"}\'', "number = 7"])
def test_of_a_notice_that_somebody_wrote_changed_or_moved_nothing_is_handed_out(store: Store, change: str) -> None:
    store.ledger.append(draft(), [Notification("C0APPROVE", {"text": "a"})])

    store.database.write(lambda connection: connection.execute(f"UPDATE dbo.outbox SET {change} WHERE number = 1"))

    (found,) = [each for place in store.outbox.destinations() for each in store.outbox.notices(place)]
    assert (found.payload, found.is_ours) == ({}, False)
