import json
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.demo.workspace.server import RunningWorkspace
from tests.demo.workspace.conftest import SCOPES, StartWorkspace
from tests.demo.workspace.driver import Control, answer_of, button, error_of, fetch, modal, plain, section

NEEDED: list[tuple[str, dict[str, Any], str]] = [
    ("chat.postMessage", {"channel": "C0SCCMOPS", "text": "x"}, "chat:write"),
    ("chat.update", {"channel": "C0SCCMOPS", "ts": "1.1", "text": "x"}, "chat:write"),
    ("chat.delete", {"channel": "C0SCCMOPS", "ts": "1.1"}, "chat:write"),
    ("chat.postEphemeral", {"channel": "C0SCCMOPS", "user": "U000000ADA", "text": "x"}, "chat:write"),
    ("files.getUploadURLExternal", {"filename": "a.csv", "length": 1}, "files:write"),
    ("files.completeUploadExternal", {"files": "[]"}, "files:write"),
    ("users.info", {"user": "U000000ADA"}, "users:read"),
    ("users.list", {}, "users:read"),
    ("usergroups.list", {}, "usergroups:read"),
    ("usergroups.users.list", {"usergroup": "S0APPROVERS"}, "usergroups:read"),
    ("conversations.info", {"channel": "C0SCCMOPS"}, "channels:read"),
    ("conversations.members", {"channel": "C0SCCMOPS"}, "channels:read"),
    ("conversations.list", {}, "channels:read"),
]


@pytest.mark.parametrize(("method", "arguments", "scope"), NEEDED)
def test_a_method_needs_its_scope_and_says_which(
    start_workspace: StartWorkspace, method: str, arguments: dict[str, Any], scope: str
) -> None:
    workspace = start_workspace(scopes=[other for other in SCOPES if other != scope])
    web = WebClient(token=workspace.bot_token, base_url=workspace.api_url)

    answer = answer_of(lambda: web.api_call(method, params=arguments))

    assert answer["error"] == "missing_scope"
    assert scope in answer["needed"].split(",")
    assert scope not in answer["provided"].split(",")


def test_opening_a_direct_message_needs_a_scope_that_posting_to_a_person_does_not(web: WebClient) -> None:
    assert error_of(lambda: web.conversations_open(users="U000000ADA")) == "missing_scope"

    assert web.chat_postMessage(channel="U000000ADA", text="hello")["channel"].startswith("D")


@pytest.mark.parametrize(
    ("method", "token", "error"),
    [
        ("auth.test", "", "not_authed"),
        ("auth.test", "xoxb-of-somebody-else", "invalid_auth"),
        ("auth.test", "xapp-1-A0PKGSTATUS-1-contoso", "not_allowed_token_type"),
        ("apps.connections.open", "xoxb-contoso-demo", "not_allowed_token_type"),
        ("chat.whisper", "xoxb-contoso-demo", "unknown_method"),
    ],
)
def test_a_call_without_the_right_token_is_refused(
    workspace: RunningWorkspace, method: str, token: str, error: str
) -> None:
    status, text = fetch(f"{workspace.api_url}{method}", b"{}", {"Authorization": f"Bearer {token}"} if token else {})

    assert (status, json.loads(text)["ok"], json.loads(text)["error"]) == (200, False, error)


def test_the_token_may_also_be_an_argument(workspace: RunningWorkspace) -> None:
    _, text = fetch(f"{workspace.api_url}auth.test", f"token={workspace.bot_token}".encode(), {"X-A": "b"})

    assert json.loads(text)["user_id"] == "U0PKGBOT"


@pytest.mark.parametrize("sent", [b"{", b"[]"])
def test_json_that_is_no_object_is_refused(workspace: RunningWorkspace, sent: bytes) -> None:
    headers = {"Authorization": f"Bearer {workspace.bot_token}", "Content-Type": "application/json"}

    _, text = fetch(f"{workspace.api_url}auth.test", sent, headers)

    assert json.loads(text)["error"] in ("invalid_json", "json_not_object")


def test_people_come_with_their_team_and_their_flags(web: WebClient, control: Control) -> None:
    control.do("person", id="linus", deleted=True)

    olga, gus, linus = (web.users_info(user=user)["user"] for user in ("U000000OLGA", "U000000GUS", "U00000LINUS"))

    assert (olga["team_id"], olga["is_stranger"]) == ("T0FABRIKAM", False)
    assert (gus["is_restricted"], gus["deleted"]) == (True, False)
    assert linus["deleted"]
    assert error_of(lambda: web.users_info(user="U0NOBODY")) == "user_not_found"


def test_a_group_has_only_active_members(web: WebClient, control: Control) -> None:
    assert web.usergroups_users_list(usergroup="S0APPROVERS")["users"] == ["U00000GRACE", "U00000LINUS", "U0MARGARET"]

    control.do("person", id="grace", deleted=True)
    control.do("group", id="sccm-approvers", users=["U00000GRACE", "U0MARGARET"])

    assert web.usergroups_users_list(usergroup="S0APPROVERS")["users"] == ["U0MARGARET"]
    assert error_of(lambda: web.usergroups_users_list(usergroup="S0NONE")) == "no_such_subteam"
    assert [group["handle"] for group in web.usergroups_list()["usergroups"]] == ["sccm-approvers"]


def test_lists_come_in_pages(web: WebClient) -> None:
    pages = [page["members"] for page in web.users_list(limit=3)]

    assert [len(page) for page in pages] == [3, 3, 1]
    assert error_of(lambda: web.users_list(limit=0)) == "invalid_limit"


def test_a_channel_tells_whether_it_is_shared_and_archived(web: WebClient, control: Control) -> None:
    control.do("channel", id="sccm-audit", is_archived=True)

    shown = {channel["name"]: channel for channel in web.conversations_list()["channels"]}

    assert shown["sccm-ops"]["is_ext_shared"]
    assert not shown["sccm-approvals"]["is_ext_shared"]
    assert web.conversations_info(channel="C0SCCMAUDIT")["channel"]["is_archived"]
    assert "U000000GUS" in web.conversations_members(channel="C0SCCMOPS")["members"]
    assert error_of(lambda: web.conversations_info(channel="C0NONE")) == "channel_not_found"


def test_a_private_channel_needs_the_scope_of_private_channels(web: WebClient, control: Control) -> None:
    control.do("channel", id="G0SECRET", name="secret", is_private=True, members=["U000000ADA", "U0PKGBOT"])

    assert answer_of(lambda: web.conversations_info(channel="G0SECRET"))["needed"] == "groups:read"
    assert answer_of(lambda: web.conversations_list(types="private_channel"))["needed"] == "groups:read"
    assert error_of(lambda: web.conversations_list(types="poems")) == "invalid_types"


def test_too_many_calls_a_minute_are_told_when_to_come_again(web: WebClient) -> None:
    for _ in range(20):
        web.usergroups_list()

    with pytest.raises(SlackApiError) as limited:
        web.usergroups_list()

    response = limited.value.response
    assert (response.status_code, response["error"]) == (429, "ratelimited")
    assert 1 <= int(response.headers["Retry-After"]) <= 3


def test_posts_to_one_channel_are_paced_after_a_burst_and_other_channels_are_not(
    start_workspace: StartWorkspace,
) -> None:
    workspace = start_workspace(timing={"post_interval_s": 30.0, "post_burst": 2})
    web = WebClient(token=workspace.bot_token, base_url=workspace.api_url)

    for _ in range(2):
        web.chat_postMessage(channel="C0SCCMOPS", text="x")

    with pytest.raises(SlackApiError) as limited:
        web.chat_postMessage(channel="C0SCCMOPS", text="x")
    assert limited.value.response.headers["Retry-After"] == "30"
    assert web.chat_postMessage(channel="C0SCCMAUDIT", text="x")["ok"]


def test_blocks_can_be_validated_without_a_token(workspace: RunningWorkspace) -> None:
    nobody = WebClient(base_url=workspace.api_url)

    assert nobody.blocks_validate(blocks=[section()])["ok"]
    assert nobody.blocks_validate(view=modal(section()))["ok"]
    bad = answer_of(lambda: nobody.blocks_validate(message={"text": "x", "blocks": [button("go")]}))
    assert (bad["error"], bad["errors"][0]["pointer"]) == ("invalid_message", "/blocks/0/type")
    assert error_of(nobody.blocks_validate) == "invalid_arguments"
    assert error_of(lambda: nobody.blocks_validate(view=modal(section(), title=plain("")))) == "invalid_view"


def test_every_call_is_in_the_log_without_its_token(workspace: RunningWorkspace, control: Control) -> None:
    fetch(
        f"{workspace.api_url}chat.postMessage",
        f"token={workspace.bot_token}&channel=C0NONE&text=x".encode(),
        {"A": "b"},
    )

    entry = control.log("chat.postMessage")[0]

    assert (entry["ok"], entry["error"]) == (False, "channel_not_found")
    assert workspace.bot_token not in json.dumps(entry)


def test_a_direct_message_can_be_opened_with_the_scope_for_it(start_workspace: StartWorkspace) -> None:
    workspace = start_workspace(scopes=["im:write", "im:read"])
    web = WebClient(token=workspace.bot_token, base_url=workspace.api_url)

    channel = web.conversations_open(users="U000000ADA")["channel"]["id"]

    assert web.conversations_info(channel=channel)["channel"]["user"] == "U000000ADA"
    assert error_of(lambda: web.conversations_open(users="U0NOBODY")) == "user_not_found"


def test_socket_mode_must_be_switched_on(start_workspace: StartWorkspace) -> None:
    workspace = start_workspace(socket_mode=False)
    web = WebClient(base_url=workspace.api_url)

    answer = answer_of(lambda: web.apps_connections_open(app_token=workspace.app_token))

    assert answer["error"] == "socket_mode_not_enabled"
