from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient

from tests.demo.workspace.conftest import StartApp, StartWorkspace
from tests.demo.workspace.driver import Control, Json, RunningApp, actions, button, plain, section
from tests.waiting import wait_until

OPS = "C0SCCMOPS"
OPTIONS = [{"text": plain(name), "value": name} for name in ("one", "two", "three")]
CARD = [
    section(accessory={"type": "overflow", "action_id": "more", "options": OPTIONS}),
    actions(button("vote", "yes"), button("vote2", "no"), block_id="votes"),
    actions({"type": "static_select", "action_id": "pick", "options": OPTIONS}, block_id="picks"),
    actions({"type": "checkboxes", "action_id": "boxes", "options": OPTIONS}, block_id="ticks"),
]


def listening(app: RunningApp) -> None:
    """Acknowledge every click and remember it."""

    @app.bolt.action({"action_id": "vote"})
    @app.bolt.action({"action_id": "vote2"})
    @app.bolt.action({"action_id": "more"})
    @app.bolt.action({"action_id": "pick"})
    @app.bolt.action({"action_id": "boxes"})
    def clicked(ack: Callable[[], None], body: Json) -> None:
        app.bodies.append(body)
        ack()


@pytest.fixture
def card(web: WebClient) -> str:
    return str(web.chat_postMessage(channel=OPS, text="card", blocks=CARD)["ts"])


def click(control: Control, ts: str, action_id: str, user: str = "grace", **more: Any) -> Json:
    return control.do("click", user=user, channel="sccm-ops", ts=ts, action_id=action_id, **more)


def test_a_click_arrives_as_slack_sends_it(start_app: StartApp, control: Control, card: str) -> None:
    app = start_app(listening)

    answer = click(control, card, "vote")

    body = app.bodies[0]
    assert answer["acked"]
    assert (body["type"], body["api_app_id"], body["enterprise"]) == ("block_actions", "A0PKGSTATUS", None)
    assert body["user"] == {"id": "U00000GRACE", "username": "grace", "name": "grace", "team_id": "T0CONTOSO"}
    assert body["team"] == {"id": "T0CONTOSO", "domain": "contoso"}
    assert body["channel"] == {"id": OPS, "name": "sccm-ops"}
    container = {"type": "message", "message_ts": card, "channel_id": OPS, "is_ephemeral": False}
    assert body["container"] == container
    assert (body["message"]["ts"], len(body["message"]["blocks"])) == (card, 4)
    action = body["actions"][0]
    assert (action["block_id"], action["action_id"], action["value"]) == ("votes", "vote", "yes")
    assert (action["type"], action["text"]["text"]) == ("button", "Go")
    assert action["action_ts"]
    assert body["state"]["values"]["picks"]["pick"] == {"type": "static_select", "selected_option": None}


def test_choices_are_sent_and_remembered_for_the_person_who_made_them(
    start_app: StartApp, control: Control, card: str
) -> None:
    app = start_app(listening)

    click(control, card, "pick", option="two")
    click(control, card, "boxes", option=["one", "three"])
    click(control, card, "vote", user="linus")

    assert app.bodies[0]["actions"][0]["selected_option"] == OPTIONS[1]
    assert app.bodies[1]["actions"][0]["selected_options"] == [OPTIONS[0], OPTIONS[2]]
    assert app.bodies[1]["state"]["values"]["picks"]["pick"]["selected_option"] == OPTIONS[1]
    assert app.bodies[2]["state"]["values"]["picks"]["pick"]["selected_option"] is None


def test_an_overflow_sends_its_option_and_remembers_nothing(start_app: StartApp, control: Control, card: str) -> None:
    app = start_app(listening)

    click(control, card, "more", option="three")

    assert app.bodies[0]["actions"][0]["selected_option"]["value"] == "three"
    assert "more" not in str(app.bodies[0]["state"])


def test_buttons_of_one_action_are_told_apart_by_their_value(
    start_app: StartApp, control: Control, web: WebClient
) -> None:
    app = start_app(listening)
    rows = [actions(button("vote", value), block_id=f"row-{value}") for value in ("a", "b")]
    ts = web.chat_postMessage(channel=OPS, text="rows", blocks=rows)["ts"]

    click(control, ts, "vote", value="b")

    assert app.bodies[0]["actions"][0]["block_id"] == "row-b"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"action_id": "nothing"}, 404),
        ({"ts": "1.2"}, 404),
        ({"value": "other"}, 404),
        ({"channel": "sccm-audit"}, 404),
        ({"action_id": "pick", "option": "four"}, 409),
    ],
)
def test_what_a_person_does_not_see_cannot_be_used(control: Control, card: str, change: Json, status: int) -> None:
    document = {"user": "grace", "channel": "sccm-ops", "ts": card, "action_id": "vote"} | change

    assert control.attempt("click", **document)[0] == status


def test_the_whisper_to_one_person_cannot_be_used_by_another(
    start_app: StartApp, control: Control, web: WebClient
) -> None:
    app = start_app(listening)
    ts = web.chat_postEphemeral(channel=OPS, user="U000000ADA", text="x", blocks=CARD)["message_ts"]

    assert control.attempt("click", user="grace", channel=OPS, ts=ts, action_id="vote")[0] == 404
    click(control, ts, "vote", user="ada")
    assert app.bodies[0]["container"]["is_ephemeral"]


def test_somebody_of_another_workspace_can_click_and_is_named_as_such(
    start_app: StartApp, control: Control, card: str
) -> None:
    app = start_app(listening)

    click(control, card, "vote", user="olga")

    assert (app.bodies[0]["user"]["team_id"], app.bodies[0]["team"]["id"]) == ("T0FABRIKAM", "T0CONTOSO")


def test_a_click_that_nobody_acknowledges_shows_an_error(start_workspace: StartWorkspace, start_app: StartApp) -> None:
    app = start_app(into=start_workspace(timing={"acknowledge_s": 0.2}))
    control, web = app.control, app.bolt.client
    ts = web.chat_postMessage(channel=OPS, text="card", blocks=CARD)["ts"]

    assert click(control, ts, "vote")["error"] == "operation_timeout"
    assert "responded with an error" in control.messages("sccm-ops", "grace")[-1]["text"]


def test_an_app_that_is_not_interactive_gets_no_clicks(start_workspace: StartWorkspace) -> None:
    workspace = start_workspace(interactive=False)
    control = Control(workspace)
    web = WebClient(token=workspace.bot_token, base_url=workspace.api_url)
    ts = web.chat_postMessage(channel=OPS, text="card", blocks=CARD)["ts"]

    assert control.attempt("click", user="grace", channel=OPS, ts=ts, action_id="vote")[0] == 409


def test_elements_in_containers_and_cards_can_be_used(start_app: StartApp, control: Control, web: WebClient) -> None:
    app = start_app(listening)
    blocks = [
        {"type": "container", "title": plain("x"), "child_blocks": [actions(button("vote", "in"), block_id="in")]},
        {"type": "card", "title": plain("x"), "actions": [button("vote2", "on")], "block_id": "on"},
    ]
    ts = web.chat_postMessage(channel=OPS, text="x", blocks=blocks)["ts"]

    click(control, ts, "vote")
    click(control, ts, "vote2")

    wait_until(lambda: len(app.bodies) == 2)
    assert [body["actions"][0]["block_id"] for body in app.bodies] == ["in", "on"]
