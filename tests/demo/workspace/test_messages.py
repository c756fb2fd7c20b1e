import json
from typing import Any

import pytest
from slack_sdk import WebClient

from tests.demo.workspace.conftest import StartWorkspace
from tests.demo.workspace.driver import Control, actions, answer_of, button, error_of, fetch, section

OPS = "C0SCCMOPS"


def test_a_post_is_seen_by_the_members_with_its_blocks(web: WebClient, control: Control) -> None:
    posted = web.chat_postMessage(channel=OPS, text="hello", blocks=[section(), actions(button("go"))])

    seen = control.messages("sccm-ops", "grace")[-1]
    assert (seen["ts"], seen["text"], seen["bot_id"], seen["ephemeral"]) == (posted["ts"], "hello", "B0PKGBOT", False)
    assert seen["blocks"][0]["block_id"]
    assert seen["blocks"] == posted["message"]["blocks"]


def test_blocks_may_come_as_a_form_with_json_inside(web: WebClient, control: Control) -> None:
    web.api_call("chat.postMessage", params={"channel": "#sccm-ops", "text": "x", "blocks": json.dumps([section()])})

    assert control.messages("sccm-ops", "ada")[-1]["blocks"][0]["text"]["text"] == "hello"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"channel": OPS}, "no_text"),
    ({"channel": OPS, "text": "  "}, "no_text"),
    ({"channel": OPS, "text": "x", "blocks": "{"}, "invalid_blocks_format"),
    ({"channel": OPS, "text": "x", "blocks": {"type": "section"}}, "invalid_blocks_format"),
    ({"channel": OPS, "text": "x", "markdown_text": "x"}, "markdown_text_conflict"),
    ({"channel": OPS, "markdown_text": "x" * 12_001}, "msg_too_long"),
    ({"channel": "C0NONE", "text": "x"}, "channel_not_found"),
    ({"channel": "U0NOBODY", "text": "x"}, "channel_not_found"),
    ({"channel": OPS, "text": "x", "thread_ts": "1.2"}, "cannot_reply_to_message"),
    ({"channel": OPS, "text": "x", "metadata": "{"}, "invalid_metadata_format"),
    ({"channel": OPS, "text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
    ({"channel": OPS, "text": "x", "metadata": {"event_type": "a", "event_payload": "b"}}, "invalid_metadata_schema"),
    ({"text": "x"}, "invalid_arguments"),
]


@pytest.mark.parametrize(("arguments", "error"), REFUSED)
def test_a_post_that_slack_would_refuse_is_refused(web: WebClient, arguments: dict[str, Any], error: str) -> None:
    assert error_of(lambda: web.api_call("chat.postMessage", json=arguments)) == error


def test_a_text_is_cut_off_where_slack_cuts_it_off(web: WebClient, control: Control) -> None:
    assert web.chat_postMessage(channel=OPS, text="x" * 40_000 + "y")["ok"]
    assert control.messages("sccm-ops", "ada")[-1]["text"] == "x" * 40_000


def test_bad_blocks_are_answered_with_all_reasons(web: WebClient) -> None:
    bad = answer_of(lambda: web.chat_postMessage(channel=OPS, text="x", blocks=[section(""), {"type": "poem"}]))

    assert bad["error"] == "invalid_blocks"
    assert bad["errors"][1] == "unsupported type: poem [json-pointer:/blocks/1/type]"
    assert bad["response_metadata"]["messages"][1] == f"[ERROR] {bad['errors'][1]}"


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ({"id": "C0CLOSED", "is_archived": True, "members": ["U0PKGBOT"]}, "is_archived"),
        ({"id": "C0OTHERS", "members": ["U000000ADA"]}, "not_in_channel"),
        ({"id": "G0OTHERS", "is_private": True, "members": ["U000000ADA"]}, "channel_not_found"),
    ],
)
def test_a_channel_that_is_closed_to_the_app_is_refused(
    web: WebClient, control: Control, channel: dict[str, Any], error: str
) -> None:
    control.do("channel", **channel)

    assert error_of(lambda: web.chat_postMessage(channel=channel["id"], text="x")) == error


def test_a_direct_message_has_an_id_of_its_own_that_updates_and_permalinks_want(
    web: WebClient, control: Control
) -> None:
    posted = web.chat_postMessage(channel="U000000ADA", text="yours")

    assert error_of(lambda: web.chat_update(channel="U000000ADA", ts=posted["ts"], text="x")) == "channel_not_found"
    web.chat_update(channel=posted["channel"], ts=posted["ts"], text="still yours")
    assert [message["text"] for message in control.messages("@ada", "ada")] == ["still yours"]
    assert control.attempt("say", user="grace", channel="@ada", text="let me see")[0] == 403


def test_nobody_else_sees_a_direct_message(web: WebClient, control: Control) -> None:
    web.chat_postMessage(channel="U000000ADA", text="yours")

    status, _ = fetch(f"{control.url}/control/messages?channel=@ada&user=grace")

    assert status == 403


def test_a_closed_messages_tab_takes_no_direct_messages(start_workspace: StartWorkspace) -> None:
    workspace = start_workspace(messages=False)
    web = WebClient(token=workspace.bot_token, base_url=workspace.api_url)

    assert error_of(lambda: web.chat_postMessage(channel="U000000ADA", text="x")) == "messages_tab_disabled"


def test_an_update_with_text_alone_removes_the_blocks_and_marks_the_message(web: WebClient, control: Control) -> None:
    posted = web.chat_postMessage(
        channel=OPS, text="a", blocks=[section()], metadata={"event_type": "card", "event_payload": {"id": 1}}
    )

    web.chat_update(channel=OPS, ts=posted["ts"], text="b")

    seen = control.messages("sccm-ops", "ada")[-1]
    assert (seen["text"], seen["edited"], seen.get("blocks")) == ("b", True, None)
    assert seen["metadata"]["event_payload"] == {"id": 1}


def test_only_ones_own_messages_can_be_changed(web: WebClient, control: Control) -> None:
    hers = control.do("say", user="ada", channel="sccm-ops", text="mine")["ts"]

    assert error_of(lambda: web.chat_update(channel=OPS, ts=hers, text="x")) == "cant_update_message"
    assert error_of(lambda: web.chat_delete(channel=OPS, ts=hers)) == "cant_delete_message"
    assert error_of(lambda: web.chat_delete(channel=OPS, ts="1.2")) == "message_not_found"
    assert error_of(lambda: web.chat_update(channel=OPS, ts="1.2", text="x" * 4001)) == "message_not_found"


def test_an_update_has_a_shorter_text_than_a_post(web: WebClient) -> None:
    ts = web.chat_postMessage(channel=OPS, text="a")["ts"]

    assert web.chat_update(channel=OPS, ts=ts, text="x" * 4000)["ok"]
    assert error_of(lambda: web.chat_update(channel=OPS, ts=ts, text="x" * 4001)) == "msg_too_long"


def test_a_deleted_message_is_gone(web: WebClient, control: Control) -> None:
    ts = web.chat_postMessage(channel=OPS, text="a")["ts"]

    web.chat_delete(channel=OPS, ts=ts)

    assert control.messages("sccm-ops", "ada") == []


def test_an_ephemeral_message_is_for_one_reader_and_out_of_reach_of_updates(web: WebClient, control: Control) -> None:
    ts = web.chat_postEphemeral(channel=OPS, user="U000000ADA", text="psst")["message_ts"]

    assert control.messages("sccm-ops", "ada")[-1]["ephemeral"]
    assert control.messages("sccm-ops", "grace") == []
    assert control.query("messages", channel="sccm-ops")["messages"] == []
    assert error_of(lambda: web.chat_update(channel=OPS, ts=ts, text="x")) == "message_not_found"
    outsider = {"channel": "C0APPROVALS", "user": "U000000GUS", "text": "x"}
    assert error_of(lambda: web.api_call("chat.postEphemeral", params=outsider)) == "user_not_in_channel"


def test_replies_live_in_their_thread_and_are_counted(web: WebClient, control: Control) -> None:
    parent = web.chat_postMessage(channel=OPS, text="parent")["ts"]
    web.chat_postMessage(channel=OPS, text="reply", thread_ts=parent)
    control.do("say", user="grace", channel="sccm-ops", text="me too", thread_ts=parent)
    web.chat_postMessage(channel=OPS, text="loud", thread_ts=parent, reply_broadcast=True)

    on_top = control.messages("sccm-ops", "ada")
    thread = control.messages("sccm-ops", "ada", thread_ts=parent)

    assert [message["text"] for message in on_top] == ["parent", "loud"]
    assert on_top[0]["reply_count"] == 3
    assert [message["text"] for message in thread] == ["parent", "reply", "me too", "loud"]


def test_a_permalink_leads_back_to_this_server(web: WebClient, control: Control) -> None:
    ts = web.chat_postMessage(channel=OPS, text="a")["ts"]

    permalink = web.chat_getPermalink(channel=OPS, message_ts=ts)["permalink"]

    assert permalink == f"{control.url}/archives/{OPS}/p{ts.replace('.', '')}"
    assert error_of(lambda: web.chat_getPermalink(channel=OPS, message_ts="1.2")) == "message_not_found"


def test_a_guest_sees_only_the_channels_of_his_membership(web: WebClient, control: Control) -> None:
    web.chat_postMessage(channel="C0SCCMAUDIT", text="audit")

    status, text = fetch(f"{control.url}/control/messages?channel=sccm-audit&user=gus")

    assert (status, json.loads(text)["error"]) == (403, "This person cannot see that channel.")
    assert control.messages("sccm-ops", "gus") == []
