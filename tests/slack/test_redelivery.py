"""Requests that are handled a second time: a refusal stays one, and what waited too long is refused."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.ledger_entry import moment_text
from bot.domain.refusal import Reason, Refusal
from bot.slack.bounded_executor import BoundedExecutor
from bot.slack.dispatcher import Dispatcher, Outcome
from bot.slack.recovery import FORGED, UNREADABLE, OrphanRecovery
from bot.usecases.audit.recorder import AuditAction, refused
from bot.usecases.ports.store import StoreError, StoreErrorKind
from bot.views import replies
from bot.views.block_kit import Message
from tests.slack.test_dispatcher import (
    ANSWER,
    COMMAND,
    DEADLINE_SECONDS,
    Harness,
    RecordedAck,
    inbound,
    leave_items,
    opened,
    wait_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bot.slack.inbound import InboundRequest
    from bot.usecases.ports.store import Inbox


class InboxWithLostCommits:
    """Stores what it is given, but the answer to the commit is lost."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def put(self, key: str, kind: str, body: Mapping[str, Any]) -> bool:
        self._inbox.put(key, kind, body)
        raise StoreError(StoreErrorKind.UNREACHABLE, "a link that was lost during the commit")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inbox, name)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path, "one", BoundedExecutor(workers=2, waiting=10))
    with closing(harness.store):
        yield harness
        harness.work.close(DEADLINE_SECONDS)


def recover(harness: Harness, later: timedelta = timedelta()) -> None:
    clock = partial(lambda: datetime.now(UTC) + later)
    OrphanRecovery("one", harness.store.inbox, harness.store.leases, harness.dispatcher, clock).scan()
    wait_for(lambda: not harness.unanswered())


def test_what_was_stored_though_its_sender_was_told_otherwise_is_never_handled(
    tmp_path: Path, harness: Harness
) -> None:
    line: Any = InboxWithLostCommits(harness.store.inbox)
    dispatcher = Dispatcher(harness.work, harness.busy_replies, harness.responder, line, harness.store.ledger)
    ack = RecordedAck()

    dispatcher.accept_command(ack.as_ack, inbound(), None)

    assert ack.only["text"] == replies.STORE_UNAVAILABLE
    wait_for(lambda: not harness.unanswered())
    with closing(opened(tmp_path / "store.db", "two")) as other:
        assert other.inbox.claim("one") == []


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.FROZEN, replies.refusal_message(Refusal(Reason.FROZEN)).text),
        ("too many rows", replies.INTERRUPTED.format(why="too many rows")),
    ],
)
def test_a_recorded_refusal_is_repeated_and_not_decided_anew(
    tmp_path: Path, harness: Harness, reason: str, words: str
) -> None:
    leave_items(tmp_path, inbound())
    harness.store.ledger.append(refused("tried to approve", reason).draft(inbound().actor, "in K1", 1))

    recover(harness)

    assert harness.asked == []
    assert harness.said() == [words]
    assert len(harness.entries()) == 1


def test_a_recorded_refusal_is_not_decided_anew_when_the_store_fails_before_it_is_sent(harness: Harness) -> None:
    handled = []

    def handler(asked: InboundRequest) -> Outcome:
        def send() -> None:
            raise StoreError(StoreErrorKind.BUSY, "a fault that the test wants")

        handled.append(asked.key)
        return Outcome(refused("tried to approve", Reason.FROZEN), send)

    harness.register(COMMAND, handler)
    harness.command()
    wait_for(lambda: not harness.unanswered())

    assert handled == ["K1"]
    assert harness.said() == [replies.STORE_UNAVAILABLE_QUEUED, replies.refusal_message(Refusal(Reason.FROZEN)).text]


def test_what_waited_longer_than_the_limit_is_refused(tmp_path: Path, harness: Harness) -> None:
    leave_items(tmp_path, inbound())

    recover(harness, later=timedelta(minutes=16))

    assert harness.asked == []
    assert harness.said() == [replies.refusal_message(Refusal(Reason.WAITED)).text]
    assert [entry.facts["reason"] for entry in harness.entries()] == [Reason.WAITED]


def test_what_was_stored_by_a_clock_that_was_ahead_is_refused(tmp_path: Path, harness: Harness) -> None:
    leave_items(tmp_path, inbound())

    recover(harness, later=timedelta(days=-365))

    assert harness.asked == []
    assert harness.said() == [replies.refusal_message(Refusal(Reason.WAITED)).text]


def test_what_waited_for_a_short_while_is_handled(tmp_path: Path, harness: Harness) -> None:
    leave_items(tmp_path, inbound())
    harness.register(
        COMMAND,
        lambda asked: Outcome(AuditAction("ok", "done"), partial(harness.responder.reply, asked, Message(ANSWER))),
    )

    recover(harness, later=timedelta(minutes=14))

    assert harness.said() == [ANSWER]


def test_forged_items_are_recorded_and_not_handled(tmp_path: Path, harness: Harness) -> None:
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        for key, body in (("K1", json.dumps(inbound().to_body())), ("K2", "nonsense"), ("K3", "")):
            row = (key, COMMAND, body, moment_text(datetime.now(UTC)))
            connection.execute("INSERT INTO inbox VALUES (?, ?, ?, ?, 'new', 'dead')", row)
    leave_items(tmp_path, inbound("K4"))

    recover(harness)

    assert harness.asked == ["K4"]
    assert [entry.facts.get("reason") for entry in harness.entries()] == [FORGED] * 3 + [None]
    assert {entry.actor_user for entry in harness.entries()[:3]} == {""}


@pytest.mark.parametrize("change", ["received_at = '2099-01-01T00:00:00.000000Z'", "kind = 'approve'", "id = 'K2'"])
def test_an_item_that_was_changed_in_the_store_is_not_handled(tmp_path: Path, harness: Harness, change: str) -> None:
    leave_items(tmp_path, inbound())
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute(f"UPDATE inbox SET {change}")

    recover(harness)

    assert harness.asked == []
    assert [entry.facts.get("reason") for entry in harness.entries()] == [FORGED]


POISON = {
    "bytes for a body": "body = x'ff00'",
    "bytes for a kind": "kind = x'ff00'",
    "bytes for an id": "id = x'ff00'",
    "no moment": "received_at = 'noon'",
    "bytes for a moment": "received_at = x'ff00'",
}


@pytest.mark.parametrize("change", POISON.values(), ids=POISON)
def test_an_unreadable_item_is_discarded_once_and_delays_no_other(
    tmp_path: Path, harness: Harness, change: str
) -> None:
    leave_items(tmp_path, inbound("K1"))
    leave_items(tmp_path, inbound("K2"))
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute(f"UPDATE inbox SET {change} WHERE id = 'K1'")

    recover(harness)
    recover(harness)

    assert harness.asked == ["K2"]
    assert [entry.facts.get("reason") for entry in harness.entries()].count(FORGED) == 1
    assert harness.unanswered() == []


def test_a_field_that_only_a_newer_version_knows_is_ignored(tmp_path: Path, harness: Harness) -> None:
    left(tmp_path, inbound("K1").to_body() | {"mood": "good"})

    recover(harness)

    assert harness.said("K1") == [ANSWER]


def test_an_item_without_a_required_field_is_discarded_and_delays_no_other(tmp_path: Path, harness: Harness) -> None:
    left(tmp_path, {"key": "K1"})
    leave_items(tmp_path, inbound("K2"))

    recover(harness)
    recover(harness)

    assert harness.asked == ["K2"]
    assert [entry.facts.get("reason") for entry in harness.entries()].count(UNREADABLE) == 1
    assert harness.unanswered() == []


def left(folder: Path, body: dict[str, Any]) -> None:
    """Store this as an item of a process that died."""
    with closing(opened(folder / "store.db", "dead")) as store:
        store.inbox.put("K1", COMMAND, body)
