"""What comes up a second time at the desk: a no stays a no, and what waited too long is not done any more."""

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
    Acknowledgement,
    Harness,
    inbound,
    left_by_the_dead,
    opened,
    wait_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bot.slack.inbound import InboundRequest
    from bot.usecases.ports.store import Inbox


class InboxOnABadLine:
    """Keeps what it is given, but what the commit came to is lost on the way back."""

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


def test_what_was_kept_though_its_sender_was_told_otherwise_is_never_done(tmp_path: Path, harness: Harness) -> None:
    line: Any = InboxOnABadLine(harness.store.inbox)
    dispatcher = Dispatcher(harness.work, harness.busy_replies, harness.responder, line, harness.store.ledger)
    ack = Acknowledgement()

    dispatcher.accept_command(ack.taken_by_bolt, inbound(), None)

    assert ack.only["text"] == replies.UNRECORDED
    wait_for(lambda: not harness.unanswered())
    with closing(opened(tmp_path / "store.db", "two")) as other:
        assert other.inbox.adopt("one") == []


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.FROZEN, replies.refused(Refusal(Reason.FROZEN)).text),
        ("too many rows", replies.NOTHING_BEFORE.format(why="too many rows")),
    ],
)
def test_a_recorded_refusal_is_repeated_and_not_decided_anew(
    tmp_path: Path, harness: Harness, reason: str, words: str
) -> None:
    left_by_the_dead(tmp_path, inbound())
    harness.store.ledger.append(refused("tried to approve", reason).draft(inbound().actor, "in K1", 1))

    recover(harness)

    assert harness.asked == []
    assert harness.said() == [words]
    assert len(harness.entries()) == 1


def test_a_recorded_refusal_is_not_decided_anew_when_the_store_fails_before_it_is_told(harness: Harness) -> None:
    jobs = []

    def job(asked: InboundRequest) -> Outcome:
        def give() -> None:
            raise StoreError(StoreErrorKind.BUSY, "a fault that the test wants")

        jobs.append(asked.key)
        return Outcome(refused("tried to approve", Reason.FROZEN), give)

    harness.register(COMMAND, job)
    harness.command()
    wait_for(lambda: not harness.unanswered())

    assert jobs == ["K1"]
    assert harness.said() == [replies.LATER, replies.refused(Refusal(Reason.FROZEN)).text]


def test_what_waited_for_longer_than_people_wait_is_not_done_and_said_so(tmp_path: Path, harness: Harness) -> None:
    left_by_the_dead(tmp_path, inbound())

    recover(harness, later=timedelta(minutes=16))

    assert harness.asked == []
    assert harness.said() == [replies.refused(Refusal(Reason.WAITED)).text]
    assert [entry.facts["reason"] for entry in harness.entries()] == [Reason.WAITED]


def test_what_was_kept_by_a_clock_that_was_ahead_is_not_done(tmp_path: Path, harness: Harness) -> None:
    left_by_the_dead(tmp_path, inbound())

    recover(harness, later=timedelta(days=-365))

    assert harness.asked == []
    assert harness.said() == [replies.refused(Refusal(Reason.WAITED)).text]


def test_what_waited_for_a_short_while_is_done(tmp_path: Path, harness: Harness) -> None:
    left_by_the_dead(tmp_path, inbound())
    harness.register(
        COMMAND,
        lambda asked: Outcome(AuditAction("ok", "done"), partial(harness.responder.reply, asked, Message(ANSWER))),
    )

    recover(harness, later=timedelta(minutes=14))

    assert harness.said() == [ANSWER]


def test_what_somebody_else_wrote_into_the_inbox_is_recorded_and_not_done(tmp_path: Path, harness: Harness) -> None:
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        for key, body in (("K1", json.dumps(inbound().to_body())), ("K2", "nonsense"), ("K3", "")):
            row = (key, COMMAND, body, moment_text(datetime.now(UTC)))
            connection.execute("INSERT INTO inbox VALUES (?, ?, ?, ?, 'new', 'dead')", row)
    left_by_the_dead(tmp_path, inbound("K4"))

    recover(harness)

    assert harness.asked == ["K4"]
    assert [entry.facts.get("reason") for entry in harness.entries()] == [FORGED] * 3 + [None]
    assert {entry.actor_user for entry in harness.entries()[:3]} == {""}


@pytest.mark.parametrize("change", ["received_at = '2099-01-01T00:00:00.000000Z'", "kind = 'approve'", "id = 'K2'"])
def test_what_was_written_by_the_bot_and_changed_by_somebody_else_is_not_done(
    tmp_path: Path, harness: Harness, change: str
) -> None:
    left_by_the_dead(tmp_path, inbound())
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
def test_an_item_that_cannot_be_read_is_put_aside_once_and_holds_up_no_other(
    tmp_path: Path, harness: Harness, change: str
) -> None:
    left_by_the_dead(tmp_path, inbound("K1"))
    left_by_the_dead(tmp_path, inbound("K2"))
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


def test_an_item_of_ours_that_lacks_a_field_is_put_aside_and_holds_up_no_other(
    tmp_path: Path, harness: Harness
) -> None:
    left(tmp_path, {"key": "K1"})
    left_by_the_dead(tmp_path, inbound("K2"))

    recover(harness)
    recover(harness)

    assert harness.asked == ["K2"]
    assert [entry.facts.get("reason") for entry in harness.entries()].count(UNREADABLE) == 1
    assert harness.unanswered() == []


def left(folder: Path, body: dict[str, Any]) -> None:
    """Let a process that died have kept this."""
    with closing(opened(folder / "store.db", "dead")) as store:
        store.inbox.put("K1", COMMAND, body)
