"""Posting to the local workspace, whole and disturbed: every failure gets the name that the relay acts on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.demo.launch import manifest_path
from bot.demo.workspace.server import RunningWorkspace
from bot.slack.sender import SlackMessageSender
from bot.slack.web_client import Client
from bot.usecases.ports.slack import Posted, PostError, PostErrorKind
from bot.views.block_kit import section
from bot.views.tables import Form, Table
from tests.slack.answering import ANSWERS, answering

if TYPE_CHECKING:
    from tests.harness import Harness

AUDIT, ADA = "C0SCCMAUDIT", "U000000ADA"
HELLO: dict[str, Any] = {"text": "hello"}
TIMEOUT_SECONDS = 1
LATER, UNREACHABLE, CHANNEL, PERSON, DENIED, REFUSED, UNKNOWN = PostErrorKind

Json = dict[str, Any]


@pytest.fixture
def harness(fresh_harness: Harness) -> Harness:
    return fresh_harness


@pytest.fixture
def sender(harness: Harness) -> SlackMessageSender:
    return poster_at(harness.workspace.api_url)


def poster_at(address: str, token: str = RunningWorkspace.bot_token) -> SlackMessageSender:
    return SlackMessageSender(Client(token=token, base_url=address, timeout=TIMEOUT_SECONDS))


def texts(harness: Harness, channel: str = AUDIT) -> list[str]:
    return [message["text"] for message in harness.messages(channel)]


def failure(sender: SlackMessageSender, destination: str = AUDIT, payload: Json | None = None) -> PostError:
    with pytest.raises(PostError) as caught:
        sender.post(destination, HELLO if payload is None else payload)
    return caught.value


def test_a_message_is_posted_and_its_place_returned(harness: Harness, sender: SlackMessageSender) -> None:
    posted = sender.post(AUDIT, HELLO)

    (message,) = harness.messages(AUDIT)
    assert (posted.channel, posted.ts) == (AUDIT, message["ts"])
    assert message["text"] == "hello"


def test_a_person_is_written_to_by_user_id_and_the_conversation_returned(
    harness: Harness, sender: SlackMessageSender
) -> None:
    posted = sender.post(ADA, HELLO)

    assert posted.channel.startswith("D")
    assert texts(harness, "@ada") == ["hello"]


@pytest.mark.parametrize("kept_back", [[], ["table"]])
def test_which_tables_slack_does_not_give_back_is_learnt_from_its_answers(
    harness: Harness, kept_back: list[str]
) -> None:
    withheld: set[str] = set()
    sender = SlackMessageSender(Client(token=RunningWorkspace.bot_token, base_url=harness.workspace.api_url), withheld)
    harness.do("keep_back", answers=kept_back)

    posted = sender.post(AUDIT, HELLO)
    assert withheld == set()
    blocks = [section("rows"), *Table("Rows", ("Server",), (("NYC-DP03",),)).draw(Form.TABLE)]
    sender.replace(posted, HELLO | {"blocks": blocks})

    assert withheld == set(kept_back)


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        ({"error": "ratelimited"}, LATER),
        ({"status": 429}, LATER),
        ({"status": 500}, UNREACHABLE),
        ({"status": 503}, UNREACHABLE),
        ({"drop": True}, UNREACHABLE),
        ({"delay_s": TIMEOUT_SECONDS + 1}, UNREACHABLE),
        ({"error": "internal_error"}, UNREACHABLE),
        ({"error": "service_unavailable"}, UNREACHABLE),
        ({"error": "an_error_that_slack_invents_tomorrow"}, UNKNOWN),
        ({"error": "invalid_auth"}, DENIED),
        ({"error": "missing_scope"}, DENIED),
        ({"error": "account_inactive"}, DENIED),
        ({"error": "channel_not_found"}, CHANNEL),
        ({"error": "not_in_channel"}, CHANNEL),
        ({"error": "is_archived"}, CHANNEL),
        ({"error": "restricted_action"}, CHANNEL),
        ({"error": "restricted_action_thread_only_channel"}, CHANNEL),
        ({"error": "no_permission"}, CHANNEL),
        ({"error": "invalid_blocks"}, REFUSED),
        ({"error": "invalid_blocks_format"}, REFUSED),
        ({"error": "msg_too_long"}, REFUSED),
        ({"error": "msg_blocks_too_long"}, REFUSED),
        ({"error": "too many characters"}, REFUSED),
        ({"error": "no_text"}, REFUSED),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value),
)
def test_each_failure_is_named_and_the_next_post_goes_through(
    harness: Harness, sender: SlackMessageSender, fault: Json, trouble: PostErrorKind
) -> None:
    # The client repeats a call whose connection was cut once; then it is a failure.
    harness.faults("chat.postMessage", **fault, times=2 if "drop" in fault else 1)

    assert failure(sender).kind is trouble

    sender.post(AUDIT, {"text": "again"})
    assert texts(harness)[-1] == "again"


def test_slack_s_wish_for_a_pause_is_passed_on(harness: Harness, sender: SlackMessageSender) -> None:
    harness.faults("chat.postMessage", status=429, retry_after=42)

    assert failure(sender).retry_after == 42


def test_what_slack_took_before_it_failed_is_an_ordinary_failure(harness: Harness, sender: SlackMessageSender) -> None:
    harness.faults("chat.postMessage", status=500, after_effect=True)
    harness.faults("chat.postMessage", delay_s=TIMEOUT_SECONDS + 1, after_effect=True)

    failures = [failure(sender), failure(sender)]

    assert [(found.kind, found.is_unclear) for found in failures] == [(UNREACHABLE, True)] * 2
    assert texts(harness) == ["hello", "hello"]


def test_more_posts_than_slack_takes_in_a_second_are_told_to_come_later(sender: SlackMessageSender) -> None:
    for _ in range(5):
        sender.post(AUDIT, HELLO)

    found = failure(sender)

    assert found.kind is LATER
    assert found.retry_after >= 1


@pytest.mark.parametrize(
    ("destination", "payload", "trouble"),
    [
        ("C0NOWHERE", HELLO, CHANNEL),
        ("U0NOBODY", HELLO, PERSON),
        (AUDIT, {"markdown_text": "x" * 12_001}, REFUSED),
        (AUDIT, {"text": "x", "blocks": [{"type": "section"}]}, REFUSED),
        (AUDIT, {"text": "x", "blocks": [{"type": "divider"}] * 51}, REFUSED),
    ],
    ids=["no such channel", "no such person", "long text", "half a block", "many blocks"],
)
def test_what_slack_itself_refuses_is_named(
    sender: SlackMessageSender, destination: str, payload: Json, trouble: PostErrorKind
) -> None:
    assert failure(sender, destination, payload).kind is trouble


def test_an_archived_channel_is_trouble_with_the_channel(harness: Harness, sender: SlackMessageSender) -> None:
    harness.do("channel", id=AUDIT, is_archived=True)

    assert failure(sender).kind is CHANNEL


def test_a_wrong_token_is_waited_out_because_an_admin_can_mend_it(harness: Harness) -> None:
    assert failure(poster_at(harness.workspace.api_url, "xoxb-wrong")).kind is DENIED


def test_nobody_at_the_address_is_unreachable() -> None:
    workspace = RunningWorkspace(manifest=manifest_path())
    with workspace:
        address = workspace.api_url

    found = failure(poster_at(address))

    assert (found.kind, found.is_unclear) == (UNREACHABLE, False)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_whatever_stands_between_us_and_slack_may_answer_it_is_a_passing_failure(answer: bytes) -> None:
    with answering(answer) as address:
        assert failure(poster_at(address)).kind in {LATER, UNREACHABLE}


def test_a_posted_message_gets_new_content(harness: Harness, sender: SlackMessageSender) -> None:
    posted = sender.post(AUDIT, HELLO)

    assert sender.replace(posted, {"text": "changed"})

    assert texts(harness) == ["changed"]


def test_a_message_that_is_gone_cannot_be_replaced(sender: SlackMessageSender) -> None:
    assert not sender.replace(Posted(AUDIT, "1.000000"), HELLO)


def test_a_replacement_that_fails_otherwise_is_named_like_a_post(harness: Harness, sender: SlackMessageSender) -> None:
    posted = sender.post(AUDIT, HELLO)
    harness.faults("chat.update", status=429, retry_after=7)

    with pytest.raises(PostError) as caught:
        sender.replace(posted, {"text": "changed"})

    assert (caught.value.kind, caught.value.retry_after) == (LATER, 7)
    assert texts(harness) == ["hello"]


def test_the_address_of_a_message_is_known_unless_slack_does_not_say(
    harness: Harness, sender: SlackMessageSender
) -> None:
    posted = sender.post(AUDIT, HELLO)

    assert sender.link(posted).endswith(f"/archives/{AUDIT}/p{posted.ts.replace('.', '')}")
    harness.faults("chat.getPermalink", status=500)
    assert sender.link(posted) == ""
