"""What stops a reset does not wait behind questions."""

from __future__ import annotations

import threading
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from bot.slack.desk import Desk, Reply
from bot.slack.incoming import Incoming
from bot.slack.work import WorkPool
from bot.usecases.recording import Deed
from bot.views import replies, request_card, request_form
from bot.views.kit import Message
from tests.slack.test_desk import ANSWER, COMMAND, DEADLINE_SECONDS, Acknowledgement, Counter, assert_, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[Counter, Desk]]:
    """Yield a desk whose only worker is at work for as long as the test lasts."""
    counter, finish = Counter(tmp_path, "one", WorkPool(workers=1, waiting=0)), threading.Event()
    brakes = WorkPool(workers=1, waiting=0)
    desk = Desk(counter.work, counter.answers, counter.store.inbox, counter.store.ledger, brakes=brakes)
    assert counter.work.reserve()
    counter.work.start(lambda: assert_(finish.wait(DEADLINE_SECONDS)))
    with closing(counter.store):
        yield counter, desk
        finish.set()
        counter.work.close(DEADLINE_SECONDS)
        brakes.close(DEADLINE_SECONDS)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (COMMAND, "freeze wrong package"),
        (request_card.REJECT_ACTION, "0 0"),
        (request_form.REJECT_CALLBACK, "C0 1.0 0 0"),
        (request_card.WITHDRAW_ACTION, "0 0"),
    ],
)
def test_what_stops_something_is_done_while_everybody_else_is_busy(
    busy: tuple[Counter, Desk], kind: str, text: str
) -> None:
    counter, desk = busy

    def job(asked: Incoming) -> Reply:
        return Reply(Deed("stopped", "done"), partial(counter.answers.say, asked, Message(ANSWER)))

    desk.hear(kind, job)
    desk.take_click(Acknowledgement().taken_by_bolt, Incoming("K1", "U000000ADA", "T0CONTOSO", kind, text))

    wait_for(lambda: not counter.unanswered())
    assert counter.said() == [ANSWER]


@pytest.mark.parametrize(
    ("kind", "text"), [(COMMAND, "PS100112"), (COMMAND, "unfreeze"), (request_card.APPROVE_ACTION, "0 0")]
)
def test_everything_else_waits_for_its_turn(busy: tuple[Counter, Desk], kind: str, text: str) -> None:
    counter, desk = busy

    desk.take_click(Acknowledgement().taken_by_bolt, Incoming("K1", "U000000ADA", "T0CONTOSO", kind, text))

    assert counter.said() == [replies.BUSY]
