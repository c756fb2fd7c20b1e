"""Each kind of emergency stop has workers that nothing else can fill, and one person cannot fill them either."""

from __future__ import annotations

import threading
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pytest

from bot.app.executors import STOPS_PER_PERSON, STOPS_WAITING, Executors
from bot.settings.model import Work
from bot.slack.bounded_executor import BoundedExecutor
from bot.slack.dispatcher import Dispatcher, Outcome
from bot.slack.emergency_stop import StopKind
from bot.slack.inbound import InboundRequest
from bot.usecases.audit.recorder import AuditAction
from bot.views import replies, request_card, request_form
from bot.views.block_kit import Message
from tests.slack.test_dispatcher import ANSWER, COMMAND, DEADLINE_SECONDS, Harness, RecordedAck, assert_, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FREEZE = "freeze wrong package"
STOPS = {
    StopKind.FREEZE: (COMMAND, FREEZE),
    StopKind.REJECT_FORM: (request_card.REJECT_ACTION, "0 0"),
    StopKind.REJECT: (request_form.REJECT_CALLBACK, "C0 1.0 0 0"),
    StopKind.WITHDRAW: (request_card.WITHDRAW_ACTION, "0 0"),
}


class Flooded(NamedTuple):
    """A dispatcher on the executors of a real bot, of which `work` is full until the test is over."""

    harness: Harness
    dispatcher: Dispatcher
    finish: threading.Event

    def fill(self, executor: BoundedExecutor) -> None:
        """Take every place, until the test is over."""
        while executor.reserve():
            executor.submit_reserved(lambda: assert_(self.finish.wait(DEADLINE_SECONDS)))

    def click(self, key: str, kind: str, text: str, user: str = "U000000ADA") -> None:
        """Deliver a click, or what is delivered like one."""
        inbound = InboundRequest(key, user, "T0CONTOSO", kind, text)
        self.dispatcher.accept_click(RecordedAck().as_ack, inbound)

    def answer(self, inbound: InboundRequest) -> Outcome:
        """Handle a stop."""
        send = partial(self.harness.responder.reply, inbound, Message(ANSWER))
        return Outcome(AuditAction("stopped", "done"), send)

    def hang(self, inbound: InboundRequest) -> Outcome:
        """Handle what only Grace is answered at once, as while Slack is slow to say who the others are."""
        if inbound.user_id != "U00000GRACE":
            assert_(self.finish.wait(DEADLINE_SECONDS))
        return self.answer(inbound)


@pytest.fixture
def flooded(tmp_path: Path) -> Iterator[Flooded]:
    executors = Executors.of(Work(workers=1, waiting=0), lambda _: None, lambda: None)
    harness = Harness(tmp_path, "one", executors.work)
    store = harness.store
    dispatcher = Dispatcher(
        executors.work, executors.busy_replies, harness.responder, store.inbox, store.ledger, stops=executors.stops
    )
    flooded = Flooded(harness, dispatcher, threading.Event())
    flooded.fill(executors.work)
    with closing(store):
        yield flooded
        flooded.finish.set()
        executors.close(DEADLINE_SECONDS)


@pytest.mark.parametrize("stop", StopKind)
def test_a_stop_is_done_while_every_other_executor_is_full(flooded: Flooded, stop: StopKind) -> None:
    kind, text = STOPS[stop]
    for other in set(StopKind) - {stop}:
        flooded.fill(flooded.dispatcher.stops[other])

    flooded.dispatcher.register(kind, flooded.answer)
    flooded.click("K1", kind, text)

    wait_for(lambda: flooded.harness.said() and not flooded.harness.unanswered())
    assert flooded.harness.said() == [ANSWER]


def test_an_approver_freezes_while_others_freeze_again_and_again_and_slack_is_slow(flooded: Flooded) -> None:
    flooded.dispatcher.register(COMMAND, flooded.hang)
    for number in range(3 * STOPS_WAITING):
        flooded.click(f"ADA{number}", COMMAND, FREEZE)

    flooded.click("K1", COMMAND, FREEZE, user="U00000GRACE")

    wait_for(flooded.harness.said)
    assert flooded.harness.said() == [ANSWER]


def test_more_stops_of_one_person_wait_with_everything_else(flooded: Flooded) -> None:
    roomy = BoundedExecutor(workers=1, waiting=0)
    dispatcher = Dispatcher(
        roomy,
        flooded.dispatcher.busy_replies,
        flooded.harness.responder,
        flooded.harness.store.inbox,
        flooded.harness.store.ledger,
        stops=flooded.dispatcher.stops,
    )
    dispatcher.register(COMMAND, flooded.hang)

    for number in range(STOPS_PER_PERSON + 2):
        flooded._replace(dispatcher=dispatcher).click(f"K{number}", COMMAND, FREEZE)

    last = f"K{STOPS_PER_PERSON + 1}"
    wait_for(lambda: flooded.harness.said(last))
    assert flooded.harness.said(last) == [replies.BUSY]
    flooded.finish.set()
    wait_for(lambda: not flooded.harness.unanswered())
    assert [flooded.harness.said(f"K{number}") for number in range(STOPS_PER_PERSON + 1)] == [[ANSWER]] * 3
    assert roomy.close(DEADLINE_SECONDS)


@pytest.mark.parametrize(
    ("kind", "text"), [(COMMAND, "PS100112"), (COMMAND, "unfreeze"), (request_card.APPROVE_ACTION, "0 0")]
)
def test_everything_else_waits_for_its_turn(flooded: Flooded, kind: str, text: str) -> None:
    flooded.click("K1", kind, text)

    wait_for(flooded.harness.said)
    assert flooded.harness.said() == [replies.BUSY]
