import gc
import json
from contextlib import closing
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import pytest
from slack_sdk import WebClient

from bot.demo.workspace.server import RunningWorkspace
from tests.demo.workspace.driver import Control, fetch
from tests.waiting import TIMEOUT_SECONDS, wait_until

MANIFEST = Path(__file__).parents[3] / "manifest.yml"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "workspace.example"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/auth.test", "/control/log", "/link?ticket=x"])
def test_a_foreign_host_or_page_is_refused(workspace: RunningWorkspace, headers: dict[str, str], path: str) -> None:
    assert fetch(workspace.url + path, headers=headers)[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machines_own_page_is_served(workspace: RunningWorkspace, host: str) -> None:
    port = workspace.url.rpartition(":")[2]
    headers = {"Host": f"{host}:{port}", "Origin": f"http://{host}:{port}"}

    assert fetch(f"{workspace.url}/control/workspace", headers=headers)[0] == 200


def test_the_workspace_listens_on_loopback_only(workspace: RunningWorkspace) -> None:
    assert workspace.url.startswith("http://127.0.0.1:")
    assert workspace.api_url == f"{workspace.url}/api/"


def test_the_overview_names_people_channels_groups_and_commands(control: Control) -> None:
    seen = control.query("workspace")

    people = {user["handle"]: user for user in seen["users"]}
    assert (people["gus"]["is_guest"], people["olga"]["team_id"]) == (True, "T0FABRIKAM")
    assert [channel["name"] for channel in seen["channels"]] == ["sccm-ops", "sccm-approvals", "sccm-audit"]
    assert seen["groups"] == [{"id": "S0APPROVERS", "handle": "sccm-approvers"}]
    assert seen["commands"] == [{"command": "/pkgstatus", "description": "versions", "usage_hint": "[id]"}]
    assert (seen["team"]["id"], seen["connected"]) == ("T0CONTOSO", 0)


def test_an_unknown_look_or_deed_is_refused_in_a_sentence(control: Control) -> None:
    assert fetch(f"{control.url}/control/weather")[0] == 404
    assert control.attempt("dance")[0] == 404
    assert fetch(f"{control.url}/control/say", b"[]")[0] == 400
    assert fetch(f"{control.url}/control/say", b"{")[0] == 400
    assert fetch(f"{control.url}/control/home")[0] == 400


class Stream:
    """One open stream of changes."""

    def __init__(self, control: Control, user: str) -> None:
        self.changes: list[dict[str, str]] = []
        request = Request(f"{control.url}/control/events?user={user}")  # noqa: S310 - loopback only
        self.response = urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310 - loopback only
        assert self.response.readline() == b": listening\n"
        Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        """Collect changes until the workspace stops."""
        with self.response:
            for line in self.response:
                if line.startswith(b"data: "):
                    self.changes.append(json.loads(line.removeprefix(b"data: ")))


def test_changes_are_told_to_those_who_may_know(workspace: RunningWorkspace, web: WebClient, control: Control) -> None:
    ada, grace = Stream(control, "ada"), Stream(control, "grace")

    web.chat_postEphemeral(channel="C0SCCMOPS", user="U000000ADA", text="psst")
    web.views_publish(user_id="U000000ADA", view={"type": "home", "blocks": [{"type": "divider"}]})
    web.chat_postMessage(channel="C0SCCMOPS", text="all")

    loud = {"kind": "message", "channel": "C0SCCMOPS"}
    wait_until(lambda: len(ada.changes) == 3 and len(grace.changes) == 1)
    assert ada.changes == [loud, {"kind": "home"}, loud]
    assert grace.changes == [loud]
    assert workspace.url


def test_the_committed_manifest_starts_a_workspace() -> None:
    with RunningWorkspace(manifest=MANIFEST) as workspace:
        web = WebClient(token=workspace.bot_token, base_url=workspace.api_url)
        assert web.auth_test()["bot_id"] == "B0PKGBOT"


def test_a_fixed_port_can_be_asked_for_and_is_free_again_afterwards(start_port: int) -> None:
    for _ in range(2):
        with RunningWorkspace(manifest=MANIFEST, port=start_port) as workspace:
            assert workspace.url.endswith(f":{start_port}")


@pytest.fixture
def start_port() -> int:
    with RunningWorkspace(manifest=MANIFEST) as workspace:
        return int(workspace.url.rpartition(":")[2])


def test_the_page_is_served_with_its_parts(workspace: RunningWorkspace) -> None:
    status, text = fetch(f"{workspace.url}/")

    assert (status, "<html" in text.lower()) == (200, True)
    assert fetch(f"{workspace.url}/page/index.html") == (200, text)


def test_a_permalink_opens_the_page_at_the_message(workspace: RunningWorkspace) -> None:
    status, text = fetch(f"{workspace.url}/archives/C0SCCMOPS/p1700000000000100")

    assert (status, "<html" in text.lower()) == (200, True)


@pytest.mark.parametrize("document", [{}, {"id": "ada", "colour": "red", "hat": 1}])
def test_a_change_that_makes_no_sense_is_refused(control: Control, document: dict[str, object]) -> None:
    assert control.attempt("person", **document)[0] == 400


def test_a_new_person_can_join_a_channel(control: Control) -> None:
    control.do("person", id="U0BARBARA", handle="barbara", name="Barbara")
    control.do("channel", id="sccm-audit", members=["U0BARBARA"])

    assert control.messages("sccm-audit", "barbara") == []
    assert control.do("say", user="barbara", channel="sccm-audit", text="hello")["ts"]
    assert control.attempt("say", user="barbara", channel="sccm-audit", text="x", thread_ts="1.2")[0] == 404
    control.do("channel", id="sccm-audit", is_archived=True)
    assert control.attempt("say", user="barbara", channel="sccm-audit", text="x")[0] == 403


def test_a_reader_of_the_stream_of_changes_does_not_outlive_the_workspace() -> None:
    with RunningWorkspace(manifest=MANIFEST) as workspace:
        stream = urlopen(f"{workspace.url}/control/events", timeout=TIMEOUT_SECONDS)  # noqa: S310 - our own server
        assert stream.readline() == b": listening\n"

    with closing(stream):
        assert stream.read() == b"\n"
    gc.collect()  # what was left in the middle would now complain that its loop is closed
