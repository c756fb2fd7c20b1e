import gc
import json
from collections.abc import Callable, Iterator
from socket import create_connection
from typing import Any
from urllib.parse import urlsplit

import pytest
from slack_sdk import WebClient

from bot.demo.workspace.server import RunningWorkspace
from tests.demo.workspace.conftest import StartApp, StartWorkspace
from tests.demo.workspace.driver import Control, Json, RunningApp, fetch
from tests.waiting import wait_until

# Slack's own client leaves a lost socket to the garbage collector.
pytestmark = [pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"), pytest.mark.usefixtures("swept")]


@pytest.fixture
def swept(start_app: StartApp) -> Iterator[StartApp]:
    yield start_app
    gc.collect()


def listening(app: RunningApp) -> None:
    """Acknowledge commands."""

    @app.bolt.command("/pkgstatus")
    def command(ack: Callable[[], None], body: Json) -> None:
        app.bodies.append(body)
        ack()


def first_frame(app: RunningApp) -> list[Json]:
    frames: list[Json] = []
    app.handler.client.on_message_listeners.append(lambda text: frames.append(json.loads(text)))
    return frames


def test_a_connection_begins_with_hello(start_app: StartApp) -> None:
    seen: list[list[Json]] = []
    start_app(lambda app: seen.append(first_frame(app)))

    wait_until(lambda: seen[0])

    hello = seen[0][0]
    assert (hello["type"], hello["num_connections"]) == ("hello", 1)
    assert hello["connection_info"] == {"app_id": "A0PKGSTATUS"}
    assert hello["debug_info"]["approximate_connection_time"] > 0


def test_a_ticket_opens_one_connection(workspace: RunningWorkspace) -> None:
    web = WebClient(base_url=workspace.api_url)
    address = web.apps_connections_open(app_token=workspace.app_token)["url"]

    assert address.startswith(workspace.url.replace("http", "ws") + "/link?ticket=")
    assert fetch(f"{workspace.url}/link?ticket=made-up&app_id=A0PKGSTATUS")[0] == 404


@pytest.mark.parametrize("action", ["drop", "refresh", "warning"])
def test_an_app_comes_back_after_its_connection_is_taken_away(
    start_app: StartApp, control: Control, action: str
) -> None:
    start_app(listening)

    control.do("socket", action=action)

    wait_until(lambda: len(control.log("connected")) == 2)
    wait_until(lambda: control.command()["acked"])


def test_the_old_connection_of_a_refresh_is_gone_after_a_while(start_app: StartApp, control: Control) -> None:
    app = start_app(listening)

    control.do("socket", action="refresh")

    wait_until(lambda: len(control.log("disconnected")) == 1)
    wait_until(lambda: app.connections() == 1)


def test_a_dead_link_is_noticed_by_the_app_and_replaced(start_app: StartApp, control: Control) -> None:
    app = start_app(listening)
    session = app.handler.client.current_session
    wait_until(lambda: session is not None and session.last_ping_pong_time)

    control.do("socket", action="silence")

    assert control.command()["error"] == "operation_timeout"
    wait_until(lambda: len(control.log("connected")) == 2, seconds=20)
    wait_until(lambda: control.command()["acked"])


@pytest.mark.parametrize("action", ["refuse", "disable"])
def test_refused_connections_come_back_when_they_are_accepted_again(
    start_app: StartApp, control: Control, action: str
) -> None:
    app = start_app(listening)
    control.do("socket", action=action)
    control.do("socket", action="drop")
    wait_until(lambda: app.connections() == 0)
    assert control.command()["error"] == "dispatch_failed"

    control.do("socket", action="accept")

    wait_until(lambda: control.command()["acked"])


def test_an_envelope_can_be_delivered_twice(start_app: StartApp, control: Control) -> None:
    app = start_app(listening)
    control.command("once")

    control.do("socket", action="redeliver_last")

    assert [body["trigger_id"] for body in app.bodies] == [app.bodies[0]["trigger_id"]] * 2
    assert control.log("envelope")[1]["retry_attempt"] == 1


def test_with_several_connections_each_envelope_goes_to_one(start_app: StartApp, control: Control) -> None:
    apps = [start_app(listening) for _ in range(3)]

    for number in range(30):
        control.command(str(number))

    heard = [int(body["text"]) for app in apps for body in app.bodies]
    assert sorted(heard) == list(range(30))
    assert all(app.bodies for app in apps)


def test_an_eleventh_connection_is_sent_away(start_app: StartApp, workspace: RunningWorkspace) -> None:
    for _ in range(10):
        start_app(listening)
    late = RunningApp(workspace)
    frames = first_frame(late)
    late.handler.client.auto_reconnect_enabled = late.handler.client.default_auto_reconnect_enabled = False
    late.handler.client.process_message = lambda: None  # type: ignore[method-assign]  # it would come back at once

    late.handler.connect()

    wait_until(lambda: frames)
    assert frames[0]["reason"] == "too_many_websockets"
    assert late.connections() == 10
    late.close()


def test_an_acknowledgement_of_nothing_is_only_noted(start_app: StartApp, control: Control) -> None:
    app = start_app(listening)

    for frame in ("no json", "[]", '{"envelope_id": "made-up"}'):
        app.handler.client.send_message(frame)

    wait_until(lambda: len([entry for entry in control.log("ack") if not entry["ok"]]) == 3)
    assert control.command()["acked"]


def test_an_unknown_disturbance_is_refused(control: Control) -> None:
    status, answer = control.attempt("socket", action="shake")

    assert (status, "refresh" in answer["error"]) == (400, True)
    assert control.attempt("socket", action="redeliver_last")[0] == 409


def test_the_log_tells_how_long_an_acknowledgement_took(start_app: StartApp, control: Control) -> None:
    start_app(listening)

    ack_ms: Any = control.command()["ack_ms"]

    assert [(entry["ok"], entry["ms"]) for entry in control.log("ack")] == [(True, ack_ms)]


def test_a_connection_that_answers_no_pings_is_cut(start_workspace: StartWorkspace) -> None:
    workspace = start_workspace(timing={"server_timeout_s": 0.2})
    address = urlsplit(
        WebClient(base_url=workspace.api_url).apps_connections_open(app_token=workspace.app_token)["url"]
    )
    upgrade = {"Host": address.netloc, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    lines = [f"{name}: {value}" for name, value in (upgrade | {"Sec-WebSocket-Key": "A" * 22 + "=="}).items()]

    with create_connection((address.hostname, address.port), timeout=90) as deaf:
        deaf.sendall("\r\n".join([f"GET {address.path}?{address.query} HTTP/1.1", *lines, "", ""]).encode())
        wait_until(lambda: Control(workspace).log("connected"))
        wait_until(lambda: Control(workspace).log("disconnected"))
