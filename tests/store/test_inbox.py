"""The contract of the inbox, on every engine."""

import threading
from datetime import datetime, timedelta

import pytest

from bot.store import Store
from bot.usecases.ports.store import InboxItem
from tests.builders import SIGNER
from tests.store.clock import SteppingClock
from tests.store.conftest import Opener

BODY = {"text": "Grüße \U0001f4e6", "half": "\ud800", "nul": "\x00", "number": 1.5, "list": [None, True]}


def keys(items: list[InboxItem] | tuple[InboxItem, ...]) -> list[str]:
    return [item.key for item in items]


def test_an_item_is_kept_once_whatever_comes_later_under_its_key(store: Store, opened: Opener) -> None:
    assert store.inbox.put("T1.1", "command", BODY)
    assert not store.inbox.put("T1.1", "click", {})
    assert not opened("two").inbox.put("T1.1", "command", BODY)
    assert store.inbox.put("t1.1", "command", {})

    assert store.inbox.claim("one") == [
        InboxItem("T1.1", "command", BODY, received_at=datetime.fromisoformat("2026-03-09T07:30:01+00:00")),
        InboxItem("t1.1", "command", {}, received_at=datetime.fromisoformat("2026-03-09T07:30:04+00:00")),
    ]


def test_an_answered_item_is_seen_but_never_handed_out(store: Store, opened: Opener) -> None:
    store.inbox.put("T1", "command", {})
    store.inbox.put("T2", "command", {})

    store.inbox.done("T1")
    store.inbox.done("T1")

    assert not store.inbox.put("T1", "command", {})
    assert keys(list(opened("two").inbox.claim("one"))) == ["T2"]


def test_a_process_whose_item_was_adopted_does_not_owe_its_answer_any_more(store: Store, opened: Opener) -> None:
    store.inbox.put("T1", "command", {})
    other = opened("two")
    assert (store.inbox.is_pending("T1"), other.inbox.is_pending("T1")) == (True, False)
    assert other.inbox.holders() == ["one"]
    assert keys(list(other.inbox.claim("one"))) == ["T1"]

    assert (store.inbox.is_pending("T1"), other.inbox.is_pending("T1")) == (False, True)
    other.inbox.done("T1")

    assert (store.inbox.is_pending("T1"), other.inbox.is_pending("T1"), other.inbox.is_pending("never seen")) == (
        False,
        False,
        False,
    )
    assert (store.inbox.holders(), other.inbox.holders()) == ([], [])


def test_what_a_dead_process_left_is_handed_out_oldest_first_and_only_once(store: Store, opened: Opener) -> None:
    for key in ("T3", "T1", "T2"):
        store.inbox.put(key, "command", {})
    other = opened("two")
    other.inbox.put("T4", "command", {})

    assert keys(list(other.inbox.claim("one"))) == ["T3", "T1", "T2"]
    assert other.inbox.claim("one") == []
    assert keys(list(other.inbox.claim("two"))) == ["T3", "T1", "T2", "T4"]


def test_processes_that_adopt_at_once_share_nothing_and_lose_nothing(store: Store, opened: Opener) -> None:
    expected = [f"T{number}" for number in range(20)]
    for key in expected:
        store.inbox.put(key, "command", {})
    others = [opened(f"other {number}") for number in range(4)]
    together, adopted = threading.Barrier(len(others)), []

    def claim(other: Store) -> None:
        together.wait()
        adopted.extend(keys(list(other.inbox.claim("one"))))

    threads = [threading.Thread(target=claim, args=(other,)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(adopted) == sorted(expected)


def test_only_old_answered_items_are_forgotten(store: Store, clock: SteppingClock) -> None:
    for key in ("old, answered", "old, unanswered"):
        store.inbox.put(key, "command", {})
    clock.now += timedelta(days=7)
    store.inbox.put("new, answered", "command", {})
    store.inbox.done("old, answered")
    store.inbox.done("new, answered")

    store.inbox.purge(before=clock.now - timedelta(days=1))

    assert store.inbox.put("old, answered", "command", {})
    assert not store.inbox.put("old, unanswered", "command", {})
    assert not store.inbox.put("new, answered", "command", {})


def kept(store: Store) -> list[str]:
    """Return what anybody reads of the inbox who can read the store."""
    rows = store.database.read(lambda connection: connection.query("SELECT body FROM dbo.inbox ORDER BY id"))
    return [body for (body,) in rows]


def test_who_reads_the_store_finds_no_address_at_which_a_message_can_be_replaced(store: Store) -> None:
    address = "https://hooks.slack.com/actions/T1/2/secret"
    store.inbox.put("T1", "request_approve", {"response_url": address})
    store.inbox.put("T2", "request_approve", {"response_url": address})
    first, second = kept(store)

    assert "secret" not in first
    assert first.split()[1][:16] != second.split()[1][:16]
    (item, _) = store.inbox.claim("one")
    assert item.body == {"response_url": address}


def test_what_an_answered_item_said_is_erased(store: Store) -> None:
    store.inbox.put("T1", "command", BODY)

    store.inbox.done("T1")

    assert kept(store) == [""]


def test_an_item_that_an_older_version_left_unanswered_is_still_read(store: Store) -> None:
    store.inbox.put("T1", "command", {})
    text, at = '{"text": "old"}', "2026-03-09T07:30:00.000000Z"
    row = (f"{SIGNER.sign('T1', 'command', text, at)} {text}", at)

    store.database.write(
        lambda connection: connection.execute("UPDATE dbo.inbox SET body = ?, received_at = ? WHERE id = 'T1'", row)
    )

    (item,) = store.inbox.claim("one")
    assert (item.body, item.is_ours) == ({"text": "old"}, True)


def test_an_item_in_an_older_form_without_the_mark_of_the_bot_is_not_ours(store: Store) -> None:
    store.inbox.put("T1", "command", {})
    body = f"{'0' * 64} {{}}"

    store.database.write(
        lambda connection: connection.execute("UPDATE dbo.inbox SET body = ? WHERE id = 'T1'", (body,))
    )

    (item,) = store.inbox.claim("one")
    assert not item.is_ours


@pytest.mark.parametrize("spoil", ["kind = 'request_approve'", "body = 'aes-256-gcm !'", "body = 'aes-256-gcm QUJD'"])
def test_an_item_that_somebody_changed_is_not_ours(store: Store, spoil: str) -> None:
    store.inbox.put("T1", "command", BODY)

    store.database.write(lambda connection: connection.execute(f"UPDATE dbo.inbox SET {spoil} WHERE id = 'T1'"))

    (item,) = store.inbox.claim("one")
    assert (dict(item.body), item.is_ours) == ({}, False)
