"""What stops a reset waits behind nothing but its own kind."""

from __future__ import annotations

import threading
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pytest

from bot.slack.bounded_executor import BoundedExecutor
from bot.slack.dispatcher import Dispatcher, Outcome
from bot.slack.emergency_stop import StopKind
from bot.slack.inbound import InboundRequest
from bot.usecases.audit.recorder import AuditAction
from bot.views import replies, request_card, request_form
from bot.views.block_kit import Message
from tests.slack.test_dispatcher import ANSWER, COMMAND, DEADLINE_SECONDS, Acknowledgement, Counter, assert_, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


STOPS = {
    StopKind.FREEZE: (COMMAND, "freeze wrong package"),
    StopKind.REJECT_FORM: (request_card.REJECT_ACTION, "0 0"),
    StopKind.REJECT: (request_form.REJECT_CALLBACK, "C0 1.0 0 0"),
    StopKind.WITHDRAW: (request_card.WITHDRAW_ACTION, "0 0"),
}


class Busy(NamedTuple):
    """A desk of which everybody but one pool is at work for as long as the test lasts."""

    counter: Counter
    dispatcher: Dispatcher
    occupy: Callable[[BoundedExecutor], None]


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Busy]:
    counter, finish = Counter(tmp_path, "one", BoundedExecutor(workers=1, waiting=0)), threading.Event()
    stops = {kind: BoundedExecutor(workers=1, waiting=0) for kind in StopKind}
    dispatcher = Dispatcher(
        counter.work, counter.busy_replies, counter.responder, counter.store.inbox, counter.store.ledger, stops=stops
    )

    def occupy(pool: BoundedExecutor) -> None:
        assert pool.reserve()
        pool.start(lambda: assert_(finish.wait(DEADLINE_SECONDS)))

    occupy(counter.work)
    with closing(counter.store):
        yield Busy(counter, dispatcher, occupy)
        finish.set()
        for pool in (counter.work, counter.busy_replies, *stops.values()):
            pool.close(DEADLINE_SECONDS)


@pytest.mark.parametrize("stop", StopKind)
def test_what_stops_something_is_done_while_everybody_else_is_busy(busy: Busy, stop: StopKind) -> None:
    counter, dispatcher, occupy = busy
    kind, text = STOPS[stop]
    for other in set(StopKind) - {stop}:
        occupy(dispatcher.stops[other])

    def job(asked: InboundRequest) -> Outcome:
        return Outcome(AuditAction("stopped", "done"), partial(counter.responder.reply, asked, Message(ANSWER)))

    dispatcher.register(kind, job)
    dispatcher.accept_click(
        Acknowledgement().taken_by_bolt, InboundRequest("K1", "U000000ADA", "T0CONTOSO", kind, text)
    )

    wait_for(lambda: not counter.unanswered())
    assert counter.said() == [ANSWER]


@pytest.mark.parametrize(
    ("kind", "text"), [(COMMAND, "PS100112"), (COMMAND, "unfreeze"), (request_card.APPROVE_ACTION, "0 0")]
)
def test_everything_else_waits_for_its_turn(busy: Busy, kind: str, text: str) -> None:
    counter, dispatcher, _ = busy

    dispatcher.accept_click(
        Acknowledgement().taken_by_bolt, InboundRequest("K1", "U000000ADA", "T0CONTOSO", kind, text)
    )

    wait_for(counter.said)
    assert counter.said() == [replies.BUSY]
