"""The desk with a real store and a real executor: kept before the ack, recorded before the answer, answered once."""

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
    """Answers that are only remembered; `mail_fails` is how a dead response_url and a dead store feel."""

    def __init__(self) -> None:
        self.said: dict[str, list[str]] = defaultdict(list)
        self.tried = 0
        self.mail_fails = False

    def reply(self, to: InboundRequest, message: Message) -> None:
        self.tried += 1
        if self.mail_fails:
            raise StoreError(StoreErrorKind.READ_ONLY, "a fault that the test wants")
        self.said[to.key].append(message.text)


class Harness:
    """A desk with everything on it, and what the tests ask about it."""

    def __init__(self, folder: Path, holder: str, work: BoundedExecutor) -> None:
        self.path = folder / "store.db"
        self.store = opened(self.path, holder)
        self.responder = RecordingResponder()
        self.work = work
        self.busy_replies = BoundedExecutor(workers=1, waiting=10)
        self.dispatcher = Dispatcher(work, self.busy_replies, self.responder, self.store.inbox, self.store.ledger)
        self.asked: list[str] = []
        self.register(COMMAND, self.answer)

    def register(self, kind: str, job: Handler) -> None:
        self.dispatcher.register(kind, job)

    def answer(self, inbound: InboundRequest) -> Outcome:
        """Do the ordinary job."""
        self.asked.append(inbound.key)
        give = partial(self.responder.reply, inbound, Message(ANSWER))
        return Outcome(AuditAction("looked up", "answered", inbound.text), give)

    def command(self, key: str = "K1") -> dict[str, Any]:
        """Take a command and return what it was acknowledged with."""
        ack = Acknowledgement()
        self.dispatcher.accept_command(ack.taken_by_bolt, inbound(key), None)
        return ack.only

    def said(self, key: str = "K1") -> list[str]:
        return self.responder.said[key]

    def entries(self) -> list[Entry]:
        return list(self.store.ledger.entries())

    def unanswered(self) -> list[str]:
        """Return the keys of what the inbox still holds."""
        with closing(sqlite3.connect(self.path)) as connection:
            return [key for (key,) in connection.execute("SELECT id FROM inbox WHERE state = 'new' ORDER BY id")]


class Acknowledgement:
    """Bolt's `ack`, remembered."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.calls: list[dict[str, Any]] = []
        self._meanwhile = meanwhile

    @property
    def taken_by_bolt(self) -> Ack:
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
        patience=Timeouts(query=1),
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
    """Yield a desk whose only worker is at work until the event is set."""
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


def test_a_command_is_kept_before_it_is_acknowledged(harness: Harness) -> None:
    kept: list[list[str]] = []
    ack = Acknowledgement(lambda: kept.append(harness.unanswered()))

    harness.dispatcher.accept_command(ack.taken_by_bolt, inbound(), None)

    assert kept == [["K1"]]


def test_a_click_and_a_form_are_kept_before_they_are_acknowledged(harness: Harness) -> None:
    kept: list[list[str]] = []
    ack = Acknowledgement(lambda: kept.append(harness.unanswered()))
    answered = threading.Event()
    for kind in (BUTTON, FORM):
        harness.register(kind, lambda _: Outcome(None, lambda: assert_(answered.wait(DEADLINE_SECONDS))))

    harness.dispatcher.accept_click(ack.taken_by_bolt, inbound("K1", BUTTON))
    harness.dispatcher.accept_form(ack.taken_by_bolt, inbound("K2", FORM), "reason")
    answered.set()

    assert kept == [["K1"], ["K1", "K2"]]


def test_what_lets_resets_go_on_knows_of_no_freeze_that_came_in_later(narrow: tuple[Harness, threading.Event]) -> None:
    """It waits behind a full executor, and a freeze has workers of its own; the inbox keeps what it knew."""
    harness, finish = narrow
    known: list[int | None] = []

    def job(asked: InboundRequest) -> Outcome:
        known.append(asked.freezes)
        return harness.answer(asked)

    work = BoundedExecutor(workers=1, waiting=1)
    assert work.reserve()
    work.submit_reserved(lambda: assert_(finish.wait(DEADLINE_SECONDS)))
    dispatcher = replace(harness.dispatcher, work=work)
    dispatcher.register(COMMAND, job)
    harness.store.ledger.append(Draft(STREAM, None, FROZE, "U0GRACE", "T0CONTOSO", {}))
    dispatcher.accept_command(Acknowledgement().taken_by_bolt, replace(inbound(), text="unfreeze"), None)
    harness.store.ledger.append(Draft(STREAM, None, FROZE, "U0LINUS", "T0CONTOSO", {}))
    finish.set()

    wait_for(lambda: not harness.unanswered())
    assert known == [1]


def test_an_answer_is_recorded_before_it_is_given_and_then_nothing_is_owed(harness: Harness) -> None:
    recorded: list[list[str]] = []

    def job(asked: InboundRequest) -> Outcome:
        def give() -> None:
            recorded.append(verbs(harness))
            harness.responder.reply(asked, Message(ANSWER))

        return Outcome(AuditAction("looked up", "answered"), give)

    harness.register(COMMAND, job)
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


def test_who_finds_the_desk_busy_is_told_so_and_it_is_recorded(narrow: tuple[Harness, threading.Event]) -> None:
    harness, _ = narrow

    assert harness.command() == {"text": replies.BUSY, "response_type": "ephemeral"}

    wait_for(harness.entries)
    assert outcomes(harness) == [(COMMAND, "refused", "busy")]
    assert harness.unanswered() == []


def test_a_click_and_a_form_find_out_too_that_the_desk_is_busy(narrow: tuple[Harness, threading.Event]) -> None:
    harness, _ = narrow
    click, form = Acknowledgement(), Acknowledgement()

    harness.dispatcher.accept_click(click.taken_by_bolt, inbound("K1", BUTTON))
    harness.dispatcher.accept_form(form.taken_by_bolt, inbound("K2", FORM), "reason")

    wait_for(lambda: len(harness.entries()) > 1)
    assert click.only == {}
    assert harness.said("K1") == [replies.BUSY]
    assert form.only == {"response_action": "errors", "errors": {"reason": replies.BUSY}}
    assert outcomes(harness) == [(BUTTON, "refused", "busy"), (FORM, "refused", "busy")]


def test_nobody_waits_for_slack_while_somebody_is_turned_away(narrow: tuple[Harness, threading.Event]) -> None:
    harness, _ = narrow
    let_go = threading.Event()
    assert harness.busy_replies.reserve()
    harness.busy_replies.submit_reserved(lambda: assert_(let_go.wait(DEADLINE_SECONDS)))

    for key in ("K1", "K2", "K3"):
        ack = Acknowledgement()
        harness.dispatcher.accept_click(ack.taken_by_bolt, inbound(key, BUTTON))
        assert ack.only == {}

    assert harness.responder.tried == 0
    let_go.set()
    wait_for(lambda: len(harness.entries()) == 3 and harness.responder.tried == 3)


def test_a_place_that_is_free_again_is_used(narrow: tuple[Harness, threading.Event]) -> None:
    harness, finish = narrow
    harness.command("K1")

    finish.set()
    wait_for(lambda: harness.command("K2") == {})

    wait_for(lambda: harness.said("K2"))
    assert harness.said("K2") == [ANSWER]


def test_a_desk_that_closes_says_that_it_is_restarting(harness: Harness) -> None:
    harness.work.close(0)

    assert harness.command() == {"text": replies.STOPPING, "response_type": "ephemeral"}
    wait_for(harness.entries)
    assert outcomes(harness) == [(COMMAND, "refused", "stopping")]


def test_what_cannot_be_kept_is_not_done_and_said_so_until_the_store_can_be_written(harness: Harness) -> None:
    click, form = Acknowledgement(), Acknowledgement()

    with locked(harness.path):
        assert harness.command() == {"text": replies.UNRECORDED, "response_type": "ephemeral"}
        harness.dispatcher.accept_click(click.taken_by_bolt, inbound("K2", BUTTON))
        harness.dispatcher.accept_form(form.taken_by_bolt, inbound("K3", FORM), "reason")

    assert click.only == {}
    wait_for(lambda: harness.said("K2"))
    assert harness.said("K2") == [replies.UNRECORDED]
    assert form.only["errors"] == {"reason": replies.UNRECORDED}
    assert harness.asked == []
    assert harness.entries() == []
    assert harness.command() == {}, "Slack's own repetition or the person's is taken"
    wait_for(lambda: harness.said() == [ANSWER])


def test_what_was_kept_but_cannot_be_recorded_is_promised_once_and_answered_later(harness: Harness) -> None:
    harness.register(COMMAND, once_locked(harness, until=lambda: len(harness.asked) > 1))

    harness.command()
    wait_for(lambda: not harness.unanswered())

    assert harness.said() == [replies.LATER, ANSWER]
    assert verbs(harness) == ["looked up"]


def test_what_was_kept_is_answered_later_even_if_the_promise_could_not_be_given(harness: Harness) -> None:
    harness.responder.mail_fails = True
    harness.register(COMMAND, once_locked(harness, until=lambda: harness.responder.tried))

    harness.command()
    wait_for(lambda: harness.responder.tried)
    harness.responder.mail_fails = False

    wait_for(lambda: not harness.unanswered())
    assert harness.said()[-1] == ANSWER


def test_what_was_answered_is_not_answered_again_because_the_inbox_could_not_note_it(harness: Harness) -> None:
    lock = locked(harness.path)

    def job(asked: InboundRequest) -> Outcome:
        def give() -> None:
            lock.__enter__()
            harness.responder.reply(asked, Message(ANSWER))

        return Outcome(AuditAction("looked up", "answered"), give)

    harness.register(COMMAND, job)
    harness.command()
    wait_for(harness.said)
    time.sleep(1.5)  # longer than the store's patience: the note fails now
    lock.__exit__(None, None, None)

    wait_for(lambda: not harness.unanswered())
    assert harness.said() == [ANSWER]


def test_what_a_dead_process_left_is_answered_and_recorded_once(tmp_path: Path, harness: Harness) -> None:
    left_by_the_dead(tmp_path, inbound("K1"), inbound("K2"))

    for item in harness.store.inbox.adopt("dead"):
        harness.dispatcher.resume(item)
    wait_for(lambda: not harness.unanswered())

    assert harness.said("K1") == harness.said("K2") == [ANSWER]
    assert verbs(harness) == ["looked up"] * 2
    assert {entry.actor_user for entry in harness.entries()} == {"U000000ADA"}


def test_what_a_dead_process_recorded_but_did_not_give_is_given_and_not_recorded_again(
    tmp_path: Path, harness: Harness
) -> None:
    left_by_the_dead(tmp_path, inbound())
    harness.store.ledger.append(AuditAction("looked up", "answered").draft(inbound().actor, "in K1", 1))

    for item in harness.store.inbox.adopt("dead"):
        harness.dispatcher.resume(item)
    wait_for(lambda: not harness.unanswered())

    assert harness.said() == [ANSWER]
    assert verbs(harness) == ["looked up"]


def test_what_another_process_took_over_meanwhile_is_left_to_it(tmp_path: Path, harness: Harness) -> None:
    def job(asked: InboundRequest) -> Outcome:
        with closing(opened(tmp_path / "store.db", "two")) as other:
            assert [item.key for item in other.inbox.adopt("one")] == ["K1"]
        return harness.answer(asked)

    harness.register(COMMAND, job)
    harness.command()
    harness.work.close(DEADLINE_SECONDS)

    assert harness.asked == ["K1"]
    assert harness.said() == []
    assert harness.unanswered() == ["K1"], "the other one owes the answer"


def test_taking_over_waits_for_a_place_instead_of_being_refused(
    tmp_path: Path, narrow: tuple[Harness, threading.Event]
) -> None:
    harness, finish = narrow
    left_by_the_dead(tmp_path, inbound())
    (item,) = harness.store.inbox.adopt("dead")
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
def test_a_fault_becomes_a_sentence_and_an_entry(
    harness: Harness, fault: Exception, words: str, outcome: str, reason: str
) -> None:
    def job(_asked: InboundRequest) -> Outcome:
        raise fault

    harness.register(COMMAND, job)
    harness.command()
    wait_for(lambda: not harness.unanswered())

    assert [words in said for said in harness.said()] == [True]
    assert outcomes(harness) == [(COMMAND, outcome, reason)]
    assert harness.entries()[0].facts["ref"] == inbound().reference


def test_what_nobody_hears_any_more_gets_an_answer_too(harness: Harness) -> None:
    ack = Acknowledgement()
    harness.dispatcher.accept_click(ack.taken_by_bolt, inbound("K1", "button_of_an_older_version"))
    wait_for(lambda: not harness.unanswered())

    assert inbound().reference in harness.said()[0]
    assert outcomes(harness) == [("button_of_an_older_version", "failed", "unexpected failure")]


@pytest.mark.parametrize("fault", [OSError("Slack is away"), KeyError("a bug")], ids=["away", "bug"])
def test_an_answer_that_breaks_on_its_way_out_ends_in_a_sentence_with_a_reference(
    harness: Harness, fault: Exception
) -> None:
    def give() -> None:
        raise fault

    harness.register(COMMAND, lambda _asked: Outcome(AuditAction("exported CSV", "answered"), give))
    harness.command()

    wait_for(lambda: not harness.unanswered())
    assert [inbound().reference in said for said in harness.said()] == [True]


def test_a_slow_answer_is_announced_and_a_quick_one_is_not(harness: Harness) -> None:
    def slow(asked: InboundRequest) -> Outcome:
        wait_for(lambda: harness.said(asked.key))
        return harness.answer(asked)

    harness.dispatcher.accept_command(Acknowledgement().taken_by_bolt, inbound("quick"), "Looking up")
    wait_for(lambda: harness.said("quick"))
    harness.register(COMMAND, slow)
    harness.dispatcher.accept_command(Acknowledgement().taken_by_bolt, inbound("slow"), "Looking up")
    wait_for(lambda: not harness.unanswered())

    assert harness.said("quick") == [ANSWER]
    assert harness.said("slow") == ["Looking up", ANSWER]


def once_locked(harness: Harness, until: Callable[[], object]) -> Handler:
    """Make a job after which the store stays locked for a while, the first time it is done."""
    is_first = iter([True])

    def job(asked: InboundRequest) -> Outcome:
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

    return job


def left_by_the_dead(folder: Path, *left: InboundRequest) -> None:
    with closing(opened(folder / "store.db", "dead")) as store:
        for one in left:
            assert store.inbox.put(one.key, one.kind, one.to_body())


def verbs(harness: Harness) -> list[str]:
    return [entry.kind for entry in harness.entries()]


def outcomes(harness: Harness) -> list[tuple[Any, ...]]:
    return [(entry.kind, entry.facts["outcome"], entry.facts["reason"]) for entry in harness.entries()]
