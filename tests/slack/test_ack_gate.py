"""Work waits for acknowledgements, though not for ever."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.slack.ack_gate import AckGate
from bot.slack.bolt_app import build_app, socket_mode_listener
from bot.slack.bounded_executor import BoundedExecutor

if TYPE_CHECKING:
    from slack_bolt import Ack

PATIENCE = 90.0
COMMAND = {"command": "/pkgstatus", "text": "help", "team_id": "T1", "user_id": "U1", "channel_id": "C1"}


def test_a_job_begins_after_pending_acknowledgements() -> None:
    ack_gate, asked, over = AckGate(PATIENCE), threading.Event(), threading.Event()
    happened: list[str] = []

    def before_job() -> None:
        asked.set()
        ack_gate.wait()
        happened.append("began")

    executor = BoundedExecutor(1, 0, before_job=before_job)
    with ack_gate.acknowledging():
        assert executor.reserve()
        executor.submit_reserved(over.set)
        assert asked.wait(PATIENCE)
        happened.append("acknowledged")

    assert over.wait(PATIENCE)
    assert happened == ["acknowledged", "began"]


def test_work_is_not_held_up_for_ever() -> None:
    ack_gate = AckGate(max_wait=0.0)

    with ack_gate.acknowledging(), ack_gate.acknowledging():
        assert not ack_gate.wait()
    assert ack_gate.wait()


def test_a_delivery_counts_as_pending_until_its_acknowledgement_is_sent() -> None:
    app = build_app(AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="UB", bot_id="B1"))
    ack_gate, was_quiet = AckGate(max_wait=0.0), []

    @app.command("/pkgstatus")
    def on_command(ack: Ack) -> None:
        was_quiet.append(ack_gate.wait())
        ack()

    client = SimpleNamespace(logger=app.logger, send_socket_mode_response=lambda _: was_quiet.append(ack_gate.wait()))
    request = SocketModeRequest(type="slash_commands", envelope_id="E1", payload=COMMAND)
    socket_mode_listener(app, lambda _: None, ack_gate)(cast("Any", client), request)

    assert was_quiet == [False, False]
    assert ack_gate.wait()
