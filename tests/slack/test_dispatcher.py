"""The dispatcher on a real store and executor: stored before the ack, recorded before the answer, answered once."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import defaultdict
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.dbapi import Timeouts
from bot.domain.ledger_entry import Draft
from bot.domain.package import SiteCode
from bot.domain.refusal import Reason
from bot.domain.site_error_kind import SiteErrorKind
from bot.slack.bounded_executor import BoundedExecutor
from bot.slack.dispatcher import Dispatcher, Outcome
from bot.slack.inbound import InboundRequest
from bot.slack.responder import Responder
from bot.store import open_store
from bot.usecases.audit.recorder import AuditAction
from bot.usecases.ports.site import SiteError
from bot.usecases.ports.slack import PeopleError
from bot.usecases.ports.store import StoreError, StoreErrorKind
from bot.usecases.resets.freeze import FROZE, STREAM
from bot.views import replies
from bot.views.block_kit import Message
from tests.builders import SIGNER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from slack_bolt import Ack

    from bot.domain.ledger_entry import Entry
    from bot.slack.dispatcher import Handler
    from bot.store import Store

COMMAND, BUTTON, FORM = "/pkgstatus", "status_csv", "reset_form"
ANSWER = "the answer"
DEADLINE_SECONDS = 90


class RecordingResponder(Responder):
    """Only records its answers and the threads that gave them; with `store_fails` it raises."""

    def __init__(self) -> None:
        self.said: dict[str, list[str]] = defaultdict(list)
        self.tried = 0
        self.threads: set[int] = set()
        self.store_fails = False

    def reply(self, to: InboundRequest, message: Message) -> None:
        self.tried += 1
        self.threads.add(threading.get_ident())
        if self.store_fails:
            raise StoreError(StoreErrorKind.READ_ONLY, "a fault that the test wants")
        self.said[to.key].append(message.text)


class Harness:
    """A dispatcher with its store and executors, and what the tests ask about them."""

    def __init__(self, folder: Path, holder: str, work: BoundedExecutor) -> None:
        self.path = folder / "store.db"
        self.store = opened(self.path, holder)
        self.responder = RecordingResponder()
        self.work = work
        self.busy_replies = BoundedExecutor(workers=1, waiting=10)
        self.dispatcher = Dispatcher(work, self.busy_replies, self.responder, self.store.inbox, self.store.ledger)
        self.asked: list[str] = []
        self.register(COMMAND, self.answer)

    def register(self, kind: str, handler: Handler) -> None:
        self.dispatcher.register(kind, handler)

    def answer(self, inbound: InboundRequest) -> Outcome:
        """Handle a command."""
        self.asked.append(inbound.key)
        send = partial(self.responder.reply, inbound, Message(ANSWER))
        return Outcome(AuditAction("looked up", "answered", inbound.text), send)

    def command(self, key: str = "K1") -> dict[str, Any]:
        """Deliver a command and return what it was acknowledged with."""
        ack = RecordedAck()
        self.dispatcher.accept_command(ack.as_ack, inbound(key), None)
        return ack.only

    def said(self, key: str = "K1") -> list[str]:
        return self.responder.said[key]

    def entries(self) -> list[Entry]:
        return list(self.store.ledger.entries())

    def unanswered(self) -> list[str]:
        """Return the keys of the inbox items that are not done."""
        with closing(sqlite3.connect(self.path)) as connection:
            return [key for (key,) in connection.execute("SELECT id FROM inbox WHERE state = 'new' ORDER BY id")]


class RecordedAck:
    """Bolt's `ack`, recorded."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.calls: list[dict[str, Any]] = []
        self._meanwhile = meanwhile

    @property
    def as_ack(self) -> Ack:
        ack: Any = self
        return ack  # type: ignore[no-any-return] # what Bolt injects is a callable like this one

    @property
    def only(self) -> dict[str, Any]:
        (call,) = self.calls
        return call

    def __call__(self, **words: Any) -> None:
        self._meanwhile()
        self.calls.append(words)


def opened(path: Path, holder: str) -> Store:
    clock = partial(datetime.now, UTC)
    return open_store(
        f"sqlite:///{path}",
        audit_channel="C0SCCMAUDIT",
        holder=holder,
        clock=clock,
        timeouts=Timeouts(query=1),
        signer=SIGNER,
    )


def inbound(key: str = "K1", kind: str = COMMAND) -> InboundRequest:
    return InboundRequest(key, "U000000ADA", "T0CONTOSO", kind, "PS100112", "https://hooks.slack.example/1")


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path, "one", BoundedExecutor(workers=2, waiting=10))
    with closing(harness.store):
        yield harness
        harness.work.close(DEADLINE_SECONDS)


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[tuple[Harness, threading.Event]]:
    """Yield a dispatcher whose only worker is busy until the event is set."""
    harness = Harness(tmp_path, "one", BoundedExecutor(workers=1, waiting=0))
    finish = threading.Event()
    assert harness.work.reserve()
    harness.work.submit_reserved(lambda: assert_(finish.wait(DEADLINE_SECONDS)))
    with closing(harness.store):
        yield harness, finish
        finish.set()
        harness.work.close(DEADLINE_SECONDS)


def assert_(is_so: bool) -> None:  # noqa: FBT001 - a statement for a lambda
    assert is_so


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let nobody else write to the store for as long as the block lasts."""
    with closing(
        sqlite3.connect(path, isolation_level=None, timeout=DEADLINE_SECONDS, check_same_thread=False)
    ) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def wait_for(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "this should have happened by now"
        time.sleep(0.01)


def test_a_command_is_stored_before_it_is_acknowledged(harness: Harness) -> None:
    stored: list[list[str]] = []
    ack = RecordedAck(lambda: stored.append(harness.unanswered()))

    harness.dispatcher.accept_command(ack.as_ack, inbound(), None)

    assert stored == [["K1"]]


def test_a_click_and_a_form_are_stored_before_they_are_acknowledged(harness: Harness) -> None:
    stored: list[list[str]] = []
    ack = RecordedAck(lambda: stored.append(harness.unanswered()))
    answered = threading.Event()
    for kind in (BUTTON, FORM):
        harness.register(kind, lambda _: Outcome(None, lambda: assert_(answered.wait(DEADLINE_SECONDS))))

    harness.dispatcher.accept_click(ack.as_ack, inbound("K1", BUTTON))
    harness.dispatcher.accept_form(ack.as_ack, inbound("K2", FORM), "reason")
    answered.set()

    assert stored == [["K1"], ["K1", "K2"]]


def test_an_unfreeze_knows_of_no_freeze_that_was_delivered_later(narrow: tuple[Harness, threading.Event]) -> None:
    """It waits behind a full executor, and a freeze has one of its own; the inbox stores the count it came with."""
    harness, finish = narrow
    known: list[int | None] = []

    def handler(asked: InboundRequest) -> Outcome:
        known.append(asked.freezes)
        return harness.answer(asked)

    work = BoundedExecutor(workers=1, waiting=1)
    assert work.reserve()
    work.submit_reserved(lambda: assert_(finish.wait(DEADLINE_SECONDS)))
    dispatcher = replace(harness.dispatcher, work=work)
    dispatcher.register(COMMAND, handler)
    harness.store.ledger.append(Draft(STREAM, None, FROZE, "U0GRACE", "T0CONTOSO", {}))
    dispatcher.accept_command(RecordedAck().as_ack, replace(inbound(), text="unfreeze"), None)
    harness.store.ledger.append(Draft(STREAM, None, FROZE, "U0LINUS", "T0CONTOSO", {}))
    finish.set()

    wait_for(lambda: not harness.unanswered())
    assert known == [1]


def test_an_action_is_recorded_before_its_answer_is_sent_and_then_the_item_is_done(harness: Harness) -> None:
    recorded: list[list[str]] = []

    def handler(asked: InboundRequest) -> Outcome:
        def send() -> None:
            recorded.append(verbs(harness))
            harness.responder.reply(asked, Message(ANSWER))

        return Outcome(AuditAction("looked up", "answered"), send)

    harness.register(COMMAND, handler)
    assert harness.command() == {}
    wait_for(lambda: not harness.unanswered())

    assert recorded == [["looked up"]]
    assert harness.said() == [ANSWER]


def test_what_is_delivered_twice_is_acknowledged_twice_and_answered_once(harness: Harness) -> None:
    harness.command()
    wait_for(lambda: not harness.unanswered())

    assert harness.command() == {}
    harness.command("K2")
    wait_for(lambda: harness.said("K2") and not harness.unanswered())

    assert harness.asked == ["K1", "K2"]
    assert harness.said("K1") == [ANSWER]


def test_a_flood_of_the_same_delivery_is_answered_once(harness: Harness) -> None:
    crowd = [threading.Thread(target=harness.command) for _ in range(10)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    wait_for(lambda: not harness.unanswered())

    assert harness.said() == [ANSWER]
    assert verbs(harness) == ["looked up"]


def test_a_command_on_a_full_executor_is_refused_as_busy_and_recorded(narrow: tuple[Harness, threading.Event]) -> None:
    harness, _ = narrow

    assert harness.command() == {"text": replies.BUSY, "response_type": "ephemeral"}

    wait_for(harness.entries)
    assert outcomes(harness) == [(COMMAND, "refused", "busy")]
    assert harness.unanswered() == []


def test_a_click_and_a_form_on_a_full_executor_are_refused_as_busy_too(narrow: tuple[Harness, threading.Event]) -> None:
    harness, _ = narrow
    click, form = RecordedAck(), RecordedAck()

    harness.dispatcher.accept_click(click.as_ack, inbound("K1", BUTTON))
    harness.dispatcher.accept_form(form.as_ack, inbound("K2", FORM), "reason")

    wait_for(lambda: len(harness.entries()) > 1)
    assert click.only == {}
    assert harness.said("K1") == [replies.BUSY]
    assert form.only == {"response_action": "errors", "errors": {"reason": replies.BUSY}}
    assert outcomes(harness) == [(BUTTON, "refused", "busy"), (FORM, "refused", "busy")]


def test_an_acknowledgement_never_waits_for_a_busy_reply(narrow: tuple[Harness, threading.Event]) -> None:
    harness, _ = narrow
    let_go = threading.Event()
    assert harness.busy_replies.reserve()
    harness.busy_replies.submit_reserved(lambda: assert_(let_go.wait(DEADLINE_SECONDS)))

    for key in ("K1", "K2", "K3"):
        ack = RecordedAck()
        harness.dispatcher.accept_click(ack.as_ack, inbound(key, BUTTON))
        assert ack.only == {}

    assert harness.responder.tried == 0
    let_go.set()
    wait_for(lambda: len(harness.entries()) == 3 and harness.responder.tried == 3)


def test_no_thread_that_acknowledges_sends_anything(harness: Harness, narrow: tuple[Harness, threading.Event]) -> None:
    crowded, _ = narrow
    foreign = {
        "type": "block_actions",
        "user": {"id": "U000000ADA"},
        "team": {"id": "T0SISTER"},
        "actions": [{"action_id": BUTTON, "action_ts": "1.0"}],
        "trigger_id": "1.2.3",
        "response_url": "https://hooks.slack.example/1",
    }

    harness.command("K1")
    harness.dispatcher.refuse(RecordedAck().as_ack, foreign, Reason.OTHER_WORKSPACE)
    crowded.dispatcher.accept_click(RecordedAck().as_ack, inbound("K2", BUTTON))

    wait_for(lambda: (harness.responder.tried, crowded.responder.tried) == (2, 1))
    assert threading.get_ident() not in harness.responder.threads | crowded.responder.threads


def test_a_place_that_is_free_again_is_used(narrow: tuple[Harness, threading.Event]) -> None:
    harness, finish = narrow
    harness.command("K1")

    finish.set()
    wait_for(lambda: harness.command("K2") == {})

    wait_for(lambda: harness.said("K2"))
    assert harness.said("K2") == [ANSWER]


def test_a_command_on_a_closed_executor_is_refused_as_stopping(harness: Harness) -> None:
    harness.work.close(0)

    assert harness.command() == {"text": replies.STOPPING, "response_type": "ephemeral"}
    wait_for(harness.entries)
    assert outcomes(harness) == [(COMMAND, "refused", "stopping")]


def test_what_cannot_be_stored_is_refused_until_the_store_can_be_written(harness: Harness) -> None:
    click, form = RecordedAck(), RecordedAck()

    with locked(harness.path):
        assert harness.command() == {"text": replies.STORE_UNAVAILABLE, "response_type": "ephemeral"}
        harness.dispatcher.accept_click(click.as_ack, inbound("K2", BUTTON))
        harness.dispatcher.accept_form(form.as_ack, inbound("K3", FORM), "reason")

    assert click.only == {}
    wait_for(lambda: harness.said("K2"))
    assert harness.said("K2") == [replies.STORE_UNAVAILABLE]
    assert form.only["errors"] == {"reason": replies.STORE_UNAVAILABLE}
    assert harness.asked == []
    assert harness.entries() == []
    assert harness.command() == {}, "Slack's own repetition or the person's is taken"
    wait_for(lambda: harness.said() == [ANSWER])


def test_what_was_stored_but_cannot_be_recorded_is_announced_once_and_answered_later(harness: Harness) -> None:
    harness.register(COMMAND, once_locked(harness, until=lambda: len(harness.asked) > 1))

    harness.command()
    wait_for(lambda: not harness.unanswered())

    assert harness.said() == [replies.STORE_UNAVAILABLE_QUEUED, ANSWER]
    assert verbs(harness) == ["looked up"]


def test_what_was_stored_is_answered_later_even_if_the_announcement_failed(harness: Harness) -> None:
    harness.responder.store_fails = True
    harness.register(COMMAND, once_locked(harness, until=lambda: harness.responder.tried))

    harness.command()
    wait_for(lambda: harness.responder.tried)
    harness.responder.store_fails = False

    wait_for(lambda: not harness.unanswered())
    assert harness.said()[-1] == ANSWER


def test_what_was_answered_is_not_answered_again_when_marking_it_done_failed(harness: Harness) -> None:
    lock = locked(harness.path)

    def handler(asked: InboundRequest) -> Outcome:
        def send() -> None:
            lock.__enter__()
            harness.responder.reply(asked, Message(ANSWER))

        return Outcome(AuditAction("looked up", "answered"), send)

    harness.register(COMMAND, handler)
    harness.command()
    wait_for(harness.said)
    time.sleep(1.5)  # longer than the store's patience: the note fails now
    lock.__exit__(None, None, None)

    wait_for(lambda: not harness.unanswered())
    assert harness.said() == [ANSWER]


def test_items_of_a_dead_process_are_answered_and_recorded_once(tmp_path: Path, harness: Harness) -> None:
    leave_items(tmp_path, inbound("K1"), inbound("K2"))

    for item in harness.store.inbox.claim("dead"):
        harness.dispatcher.resume(item)
    wait_for(lambda: not harness.unanswered())

    assert harness.said("K1") == harness.said("K2") == [ANSWER]
    assert verbs(harness) == ["looked up"] * 2
    assert {entry.actor_user for entry in harness.entries()} == {"U000000ADA"}


def test_what_a_dead_process_recorded_but_did_not_send_is_sent_and_not_recorded_again(
    tmp_path: Path, harness: Harness
) -> None:
    leave_items(tmp_path, inbound())
    harness.store.ledger.append(AuditAction("looked up", "answered").draft(inbound().actor, "in K1", 1))

    for item in harness.store.inbox.claim("dead"):
        harness.dispatcher.resume(item)
    wait_for(lambda: not harness.unanswered())

    assert harness.said() == [ANSWER]
    assert verbs(harness) == ["looked up"]


def test_an_item_that_another_process_claimed_meanwhile_is_left_to_it(tmp_path: Path, harness: Harness) -> None:
    def handler(asked: InboundRequest) -> Outcome:
        with closing(opened(tmp_path / "store.db", "two")) as other:
            assert [item.key for item in other.inbox.claim("one")] == ["K1"]
        return harness.answer(asked)

    harness.register(COMMAND, handler)
    harness.command()
    harness.work.close(DEADLINE_SECONDS)

    assert harness.asked == ["K1"]
    assert harness.said() == []
    assert harness.unanswered() == ["K1"], "the other one owes the answer"


def test_resuming_waits_for_a_place_instead_of_being_refused(
    tmp_path: Path, narrow: tuple[Harness, threading.Event]
) -> None:
    harness, finish = narrow
    leave_items(tmp_path, inbound())
    (item,) = harness.store.inbox.claim("dead")
    taking = threading.Thread(target=harness.dispatcher.resume, args=(item,))
    taking.start()
    assert harness.said() == []

    finish.set()
    taking.join(DEADLINE_SECONDS)

    wait_for(lambda: harness.said() == [ANSWER])


@pytest.mark.parametrize(
    ("fault", "words", "outcome", "reason"),
    [
        (SiteError(SiteCode("PS1"), SiteErrorKind.TIMEOUT, "?"), "took too long", "failed", "site PS1 timeout"),
        (PeopleError("?"), "Slack could not tell me who you are", "refused", "cannot look up"),
        (KeyError("?"), "Something went wrong on my side", "failed", "unexpected failure"),
    ],
    ids=["site", "people", "bug"],
)
def test_an_error_of_a_handler_becomes_an_answer_and_an_entry(
    harness: Harness, fault: Exception, words: str, outcome: str, reason: str
) -> None:
    def handler(_asked: InboundRequest) -> Outcome:
        raise fault

    harness.register(COMMAND, handler)
    harness.command()
    wait_for(lambda: not harness.unanswered())

    assert [words in said for said in harness.said()] == [True]
    assert outcomes(harness) == [(COMMAND, outcome, reason)]
    assert harness.entries()[0].facts["ref"] == inbound().reference


def test_a_kind_without_a_handler_gets_an_answer_too(harness: Harness) -> None:
    ack = RecordedAck()
    harness.dispatcher.accept_click(ack.as_ack, inbound("K1", "button_of_an_older_version"))
    wait_for(lambda: not harness.unanswered())

    assert inbound().reference in harness.said()[0]
    assert outcomes(harness) == [("button_of_an_older_version", "failed", "unexpected failure")]


@pytest.mark.parametrize("fault", [OSError("Slack is away"), KeyError("a bug")], ids=["away", "bug"])
def test_an_error_while_sending_ends_in_a_sentence_with_a_reference(harness: Harness, fault: Exception) -> None:
    def send() -> None:
        raise fault

    harness.register(COMMAND, lambda _asked: Outcome(AuditAction("exported CSV", "answered"), send))
    harness.command()

    wait_for(lambda: not harness.unanswered())
    assert [inbound().reference in said for said in harness.said()] == [True]


def test_a_slow_answer_is_announced_and_a_quick_one_is_not(harness: Harness) -> None:
    def slow(asked: InboundRequest) -> Outcome:
        wait_for(lambda: harness.said(asked.key))
        return harness.answer(asked)

    harness.dispatcher.accept_command(RecordedAck().as_ack, inbound("quick"), "Looking up")
    wait_for(lambda: harness.said("quick"))
    harness.register(COMMAND, slow)
    harness.dispatcher.accept_command(RecordedAck().as_ack, inbound("slow"), "Looking up")
    wait_for(lambda: not harness.unanswered())

    assert harness.said("quick") == [ANSWER]
    assert harness.said("slow") == ["Looking up", ANSWER]


def once_locked(harness: Harness, until: Callable[[], object]) -> Handler:
    """Return a handler after which the store stays locked for a while, the first time it is called."""
    is_first = iter([True])

    def handler(asked: InboundRequest) -> Outcome:
        if next(is_first, False):
            ready = threading.Event()
            threading.Thread(target=lambda: hold(ready), daemon=True).start()
            assert ready.wait(DEADLINE_SECONDS)
        return harness.answer(asked)

    def hold(ready: threading.Event) -> None:
        with locked(harness.path):
            ready.set()
            wait_for(until)
            time.sleep(1.5)  # longer than the store's patience: what was going to be written has failed

    return handler


def leave_items(folder: Path, *left: InboundRequest) -> None:
    with closing(opened(folder / "store.db", "dead")) as store:
        for one in left:
            assert store.inbox.put(one.key, one.kind, one.to_body())


def verbs(harness: Harness) -> list[str]:
    return [entry.kind for entry in harness.entries()]


def outcomes(harness: Harness) -> list[tuple[Any, ...]]:
    return [(entry.kind, entry.facts["outcome"], entry.facts["reason"]) for entry in harness.entries()]
