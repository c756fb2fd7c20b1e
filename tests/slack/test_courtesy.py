"""Work waits for acknowledgements, though not for ever."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.slack.app import build_app, hearing
from bot.slack.courtesy import Courtesy
from bot.slack.work import WorkPool

if TYPE_CHECKING:
    from slack_bolt import Ack

PATIENCE = 90.0
COMMAND = {"command": "/pkgstatus", "text": "help", "team_id": "T1", "user_id": "U1", "channel_id": "C1"}


def test_a_job_begins_when_what_came_in_is_acknowledged() -> None:
    courtesy, asked, over = Courtesy(PATIENCE), threading.Event(), threading.Event()
    happened: list[str] = []

    def may_begin() -> None:
        asked.set()
        courtesy.wait()
        happened.append("began")

    pool = WorkPool(1, 0, may_begin=may_begin)
    with courtesy.acknowledging():
        assert pool.reserve()
        pool.start(over.set)
        assert asked.wait(PATIENCE)
        happened.append("acknowledged")

    assert over.wait(PATIENCE)
    assert happened == ["acknowledged", "began"]


def test_work_is_not_held_up_for_ever() -> None:
    courtesy = Courtesy(longest=0.0)

    with courtesy.acknowledging(), courtesy.acknowledging():
        assert not courtesy.wait()
    assert courtesy.wait()


def test_whatever_slack_delivers_is_waited_for_until_its_answer_is_on_its_way() -> None:
    app = build_app(AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="UB", bot_id="B1"))
    courtesy, was_quiet = Courtesy(longest=0.0), []

    @app.command("/pkgstatus")
    def on_command(ack: Ack) -> None:
        was_quiet.append(courtesy.wait())
        ack()

    client = SimpleNamespace(logger=app.logger, send_socket_mode_response=lambda _: was_quiet.append(courtesy.wait()))
    request = SocketModeRequest(type="slash_commands", envelope_id="E1", payload=COMMAND)
    hearing(app, lambda _: None, courtesy)(cast("Any", client), request)

    assert was_quiet == [False, False]
    assert courtesy.wait()
