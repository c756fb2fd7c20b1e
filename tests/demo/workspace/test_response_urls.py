import json
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient

from tests.demo.workspace.conftest import StartApp, StartWorkspace
from tests.demo.workspace.driver import Control, Json, RunningApp, actions, button, fetch, section


def listening(app: RunningApp) -> None:
    """Remember commands and clicks."""

    @app.bolt.command("/pkgstatus")
    @app.bolt.action("go")
    def happened(ack: Callable[[], None], body: Json) -> None:
        app.bodies.append(body)
        ack()


def respond(url: str, **answer: Any) -> tuple[int, str]:
    return fetch(url, json.dumps(answer).encode())


@pytest.fixture
def app(start_app: StartApp) -> RunningApp:
    return start_app(listening)


@pytest.fixture
def command_url(app: RunningApp) -> str:
    app.control.command()
    return str(app.bodies[-1]["response_url"])


def click_url(app: RunningApp, ts: str) -> str:
    app.control.do("click", user="ada", channel="sccm-ops", ts=ts, action_id="go")
    return str(app.bodies[-1]["response_url"])


def texts(control: Control, user: str) -> list[str]:
    return [message["text"] for message in control.messages("sccm-ops", user)]


def test_an_answer_is_whispered_unless_it_is_for_the_channel(command_url: str, control: Control) -> None:
    assert respond(command_url, text="quiet") == (200, "ok")
    assert respond(command_url, text="loud", response_type="in_channel") == (200, "ok")

    assert texts(control, "ada") == ["quiet", "loud"]
    assert texts(control, "grace") == ["loud"]


def test_five_answers_are_the_budget(command_url: str) -> None:
    for _ in range(5):
        assert respond(command_url, text="x")[0] == 200

    assert respond(command_url, text="x") == (404, "used_url")


def test_an_old_address_is_dead(start_workspace: StartWorkspace, start_app: StartApp) -> None:
    app = start_app(listening, into=start_workspace(timing={"response_url_s": 0.0}))
    app.control.command()

    assert respond(app.bodies[0]["response_url"], text="x") == (404, "expired_url")
    assert respond(f"{app.control.url}/response/made-up", text="x") == (404, "invalid_url")


@pytest.mark.parametrize(
    ("answer", "text"),
    [({}, "no_text"), ({"text": "x", "blocks": [{"type": "poem"}]}, "invalid_blocks")],
)
def test_an_answer_is_checked_like_a_message(command_url: str, answer: Json, text: str) -> None:
    status, said = respond(command_url, **answer)

    assert (status, text in said) == (400, True)


def test_an_answer_that_is_no_json_is_refused(command_url: str) -> None:
    assert fetch(command_url, b"{")[0] == 400


def test_a_clicked_message_can_be_replaced_and_keeps_its_audience(
    app: RunningApp, control: Control, web: WebClient
) -> None:
    whisper = web.chat_postEphemeral(
        channel="C0SCCMOPS", user="U000000ADA", text="page 1", blocks=[actions(button("go"))]
    )
    url = click_url(app, whisper["message_ts"])

    respond(url, text="page 2", blocks=[actions(button("go"))], replace_original=True, response_type="in_channel")

    assert texts(control, "ada") == ["page 2"]
    assert texts(control, "grace") == []
    assert click_url(app, whisper["message_ts"]) != url


def test_a_clicked_message_can_be_deleted(app: RunningApp, control: Control, web: WebClient) -> None:
    ts = web.chat_postMessage(channel="C0SCCMOPS", text="card", blocks=[actions(button("go"))])["ts"]

    respond(click_url(app, ts), delete_original=True)

    assert texts(control, "grace") == []


def test_without_replacing_a_click_gets_a_new_whisper(app: RunningApp, control: Control, web: WebClient) -> None:
    ts = web.chat_postMessage(channel="C0SCCMOPS", text="card", blocks=[actions(button("go"))])["ts"]

    respond(click_url(app, ts), text="noted", blocks=[section()])

    assert texts(control, "ada") == ["card", "noted"]
    assert texts(control, "grace") == ["card"]


def test_a_command_line_itself_can_be_neither_replaced_nor_deleted(command_url: str, control: Control) -> None:
    assert respond(command_url, text="new", replace_original=True)[0] == 200
    assert respond(command_url, delete_original=True)[0] == 400

    assert texts(control, "ada") == ["new"]


def test_an_answer_works_where_the_app_is_no_member(app: RunningApp, control: Control) -> None:
    control.do("channel", id="C0OTHERS", name="others", members=["U000000ADA"])
    control.command(channel="others")

    assert respond(app.bodies[-1]["response_url"], text="hello")[0] == 200
    assert [message["text"] for message in control.messages("others", "ada")] == ["hello"]


def test_an_answer_can_be_made_to_fail(command_url: str, control: Control) -> None:
    control.do("faults", method="response_url", status=500)

    assert respond(command_url, text="x")[0] == 500
    assert respond(command_url, text="x")[0] == 200
