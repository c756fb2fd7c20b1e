import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.demo.workspace.conftest import StartApp, StartWorkspace
from tests.demo.workspace.driver import Control, Json, RunningApp, actions, button, section
from tests.waiting import wait_until


def answering(**answer: Any) -> Callable[[RunningApp], None]:
    """Return a listener that acknowledges every command with this."""

    def listen(app: RunningApp) -> None:
        @app.bolt.command("/pkgstatus")
        def command(ack: Callable[..., None], body: Json) -> None:
            app.bodies.append(body)
            ack(**answer)

    return listen


def test_a_command_arrives_as_slack_sends_it(start_app: StartApp, control: Control) -> None:
    app = start_app(answering())

    answer = control.command("  PS100112 <a&b> ")

    body = app.bodies[0]
    assert (answer["acked"], answer["response"]) == (True, None)
    assert answer["ack_ms"] > 0
    assert (body["command"], body["text"]) == ("/pkgstatus", "PS100112 &lt;a&amp;b&gt;")
    assert (body["team_id"], body["team_domain"]) == ("T0CONTOSO", "contoso")
    assert (body["channel_id"], body["channel_name"]) == ("C0SCCMOPS", "sccm-ops")
    assert (body["user_id"], body["user_name"], body["api_app_id"]) == ("U000000ADA", "ada", "A0PKGSTATUS")
    assert body["is_enterprise_install"] == "false"
    assert body["response_url"].startswith(f"{control.url}/response/")
    assert body["trigger_id"].count(".") == 2


def test_an_acknowledgement_with_a_text_whispers_it(start_app: StartApp, control: Control) -> None:
    start_app(answering(text="looking up"))

    assert control.command()["response"] == {"text": "looking up"}
    assert [(m["text"], m["ephemeral"]) for m in control.messages("sccm-ops", "ada")] == [("looking up", True)]
    assert control.messages("sccm-ops", "grace") == []


def test_an_acknowledgement_in_the_channel_shows_the_command_too(start_app: StartApp, control: Control) -> None:
    start_app(answering(text="done", blocks=[section()], response_type="in_channel"))

    control.command("PS100112")

    assert [m["text"] for m in control.messages("sccm-ops", "grace")] == ["/pkgstatus PS100112", "done"]


def test_an_acknowledgement_is_checked_like_a_message(start_app: StartApp, control: Control) -> None:
    start_app(answering(text="x", blocks=[actions(button("a"), button("a"))]))

    control.command()

    assert 'failed with the error "invalid_command_response"' in control.messages("sccm-ops", "ada")[-1]["text"]
    assert control.log("ack_payload")[0]["error"] == "invalid_blocks"


def test_a_command_that_nobody_acknowledges_fails_for_the_person_alone(
    start_workspace: StartWorkspace, start_app: StartApp
) -> None:
    control = start_app(into=start_workspace(timing={"acknowledge_s": 0.2})).control

    answer = control.command()

    assert (answer["acked"], answer["ack_ms"], answer["error"]) == (False, None, "operation_timeout")
    seen = control.messages("sccm-ops", "ada")[-1]
    assert seen["text"] == '/pkgstatus failed with the error "operation_timeout"'
    assert (seen["ephemeral"], seen["username"]) == (True, "Slackbot")
    assert control.messages("sccm-ops", "grace") == []


def test_a_late_acknowledgement_counts_as_none_but_its_time_is_told(
    start_workspace: StartWorkspace, start_app: StartApp
) -> None:
    def dawdle(app: RunningApp) -> None:
        @app.bolt.command("/pkgstatus")
        def command(ack: Callable[..., None]) -> None:
            time.sleep(0.3)
            ack("too late")

    workspace = start_workspace(timing={"acknowledge_s": 0.2, "linger_s": 60.0})
    control = start_app(dawdle, into=workspace).control

    answer = control.command()

    assert not answer["acked"]
    assert answer["ack_ms"] >= 300
    assert "too late" not in [message["text"] for message in control.messages("sccm-ops", "ada")]


def test_a_command_without_a_connection_cannot_be_dispatched(control: Control) -> None:
    assert control.command()["error"] == "dispatch_failed"
    assert 'failed with the error "dispatch_failed"' in control.messages("sccm-ops", "ada")[-1]["text"]


REFUSED = [
    ({"user": "ada", "channel": "sccm-ops", "command": "/nothing"}, 404),
    ({"user": "olga", "channel": "sccm-ops", "command": "/pkgstatus"}, 403),
    ({"user": "gus", "channel": "sccm-audit", "command": "/pkgstatus"}, 403),
    ({"user": "nobody", "channel": "sccm-ops", "command": "/pkgstatus"}, 404),
    ({"user": "ada", "channel": "nowhere", "command": "/pkgstatus"}, 404),
    ({"user": "ada", "channel": "sccm-ops"}, 400),
]


@pytest.mark.parametrize(("document", "status"), REFUSED)
def test_a_command_that_slacks_client_would_not_send_is_refused_in_a_sentence(
    control: Control, document: Json, status: int
) -> None:
    answered, refusal = control.attempt("command", **document)

    assert answered == status
    assert refusal["error"].endswith(".")


def test_a_guest_runs_commands_where_he_is_a_member(start_app: StartApp, control: Control) -> None:
    app = start_app(answering())

    assert control.command(user="gus")["acked"]
    assert app.bodies[0]["user_id"] == "U000000GUS"


def test_a_stranger_can_be_forced_through_to_try_the_app(start_app: StartApp, control: Control) -> None:
    app = start_app(answering())

    assert control.command(user="olga", force=True)["acked"]
    assert app.bodies[0]["team_id"] == "T0FABRIKAM"


def test_commands_need_their_scope(start_workspace: StartWorkspace) -> None:
    control = Control(start_workspace(scopes=["chat:write"]))

    assert control.attempt("command", user="ada", channel="sccm-ops", command="/pkgstatus")[0] == 404


def test_a_read_only_messages_tab_takes_no_commands(start_workspace: StartWorkspace) -> None:
    control = Control(start_workspace(read_only=True))

    assert control.attempt("command", user="ada", channel="@ada", command="/pkgstatus")[0] == 403
    assert control.attempt("say", user="ada", channel="@ada", text="hello")[0] == 403


def test_a_hundred_commands_at_once_are_each_answered(start_workspace: StartWorkspace, start_app: StartApp) -> None:
    app = start_app(answering(text="ok"), into=start_workspace(timing={"acknowledge_s": 3.0}))

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda number: app.control.command(str(number)), range(100)))

    assert all(answer["acked"] for answer in answers)
    assert sorted(int(body["text"]) for body in app.bodies) == list(range(100))
    wait_until(lambda: len(app.control.messages("sccm-ops", "ada")) == 100)
