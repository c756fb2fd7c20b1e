"""Every command is acknowledged in time and answered once, whatever happens to the database or to Slack meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.message_content import table_rows, visible_text
from tests.frontdoor.sites import locked

if TYPE_CHECKING:
    from tests.harness import Harness, Json

ANSWER = "PS100112 Boot image (x64), source version 13: "
BUSY = "I am busy with many other questions"
PEOPLE = ("ada", "grace", "linus", "margaret")


def test_a_slow_answer_is_announced_to_its_asker_and_follows(harness: Harness) -> None:
    with locked(harness.site):
        assert harness.command("ada", "PS100112")["acked"]
        note = harness.wait_for(lambda: [m for m in harness.messages() if m["text"].startswith("Looking up PS100112")])

    assert note[0]["ephemeral"]
    assert harness.answer_to("ada")["text"].startswith(ANSWER)


def test_the_announcement_never_comes_after_the_answer(harness: Harness) -> None:
    before, answered = len(harness.messages()), harness.log().count('"answered"')
    harness.faults("response_url", delay_s=2, after_effect=True)
    harness.command("ada", "PS100112")
    harness.wait_for(lambda: harness.log().count('"answered"') > answered)
    harness.ask("ada", "help")

    assert [message["text"][:10] for message in harness.messages()[before:]] == [ANSWER[:10], "*`/pkgstat"]


def test_what_slack_delivers_twice_is_answered_once(harness: Harness) -> None:
    harness.ask("ada", "PS100112")
    harness.socket("redeliver_last")
    harness.wait_for(lambda: "delivered again" in harness.log())

    assert harness.ask("grace", "PS100111")["text"].startswith("PS100111")
    assert sum(message["text"].startswith(ANSWER) for message in harness.messages()[-2:]) == 1
    assert "nothing listens to this" not in harness.log()


def test_a_click_that_slack_delivers_twice_brings_one_file(harness: Harness) -> None:
    answer = harness.ask("ada", "PS100112")
    harness.click("ada", answer, "status_csv")
    harness.answer_to("ada")
    before = harness.log().count("delivered again")

    harness.socket("redeliver_last")

    harness.wait_for(lambda: harness.log().count("delivered again") > before)
    harness.ask("ada", "help")
    assert len(harness.query("files", user="ada")["files"]) == 1


def test_a_hundred_commands_at_once_are_all_acknowledged_before_the_first_query_ends_and_answered_after_it(
    fresh_harness: Harness,
) -> None:
    fresh_harness.start_bot(work__query_timeout="1h")
    with locked(fresh_harness.site), ThreadPoolExecutor(100) as crowd:
        users = [PEOPLE[number % len(PEOPLE)] for number in range(100)]
        acknowledged = list(crowd.map(lambda user: fresh_harness.command(user, "PS100112"), users))

    assert [ack for ack in acknowledged if not ack["acked"]] == [], "while no query got an answer"
    responder = fresh_harness.wait_for(lambda: shown(fresh_harness, 100))
    askers = [visible_text(answer["blocks"][-1]) for answer in responder]
    assert {sum(f"<@{id_}>" in asker for asker in askers) for id_ in ids(fresh_harness)} == {25}


def test_when_there_is_no_place_left_the_asker_is_told_to_try_again(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(work__workers=2, work__waiting=3)
    table_shown = fresh_harness.ask("grace", "PS100112")

    with locked(fresh_harness.site):
        acknowledged = [fresh_harness.command("ada", "PS100112") for _ in range(9)]
        fresh_harness.click("grace", table_shown, "status_csv")
        assert fresh_harness.answer_to("grace")["text"].startswith(BUSY)

    busy = [ack for ack in acknowledged if ack["response"]]
    assert all(ack["acked"] for ack in acknowledged)
    assert [ack["response"]["text"][: len(BUSY)] for ack in busy] == [BUSY] * 4
    assert {ack["response"]["response_type"] for ack in busy} == {"ephemeral"}
    fresh_harness.wait_for(lambda: shown(fresh_harness, 1 + 5))
    assert fresh_harness.ask("ada", "PS100111")["text"].startswith("PS100111"), "all places are free again"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 404, "error": "expired_url"},
        {"error": "used_url"},
        {"status": 500},
        {"status": 429, "retry_after": 3600},
        {"drop": True, "times": 3},
    ],
    ids=["expired", "used up, said with 200", "failing", "limited for an hour", "cut"],
)
def test_an_answer_that_cannot_go_where_it_was_asked_comes_by_direct_message(harness: Harness, fault: Json) -> None:
    harness.faults("response_url", **fault)

    harness.command("linus", "PS100112")

    answer = harness.answer_to("linus", "@linus")
    assert answer["text"].startswith(ANSWER)
    assert len(table_rows(answer)) == 40
    assert harness.answers("linus") == []


def test_an_answer_that_comes_too_fast_for_slack_waits_as_long_as_it_says(harness: Harness) -> None:
    harness.faults("response_url", status=429, retry_after=1)

    harness.command("linus", "PS100112")

    assert harness.answer_to("linus")["text"].startswith(ANSWER)
    assert harness.answers("linus", "@linus") == []


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_blocks_too_long"])
def test_a_table_that_slack_does_not_take_comes_in_a_simpler_form(fresh_harness: Harness, error: str) -> None:
    fresh_harness.start_bot()
    fresh_harness.faults("response_url", error=error)

    answer = fresh_harness.ask("linus", "PS100112")

    assert "table" in [block["type"] for block in answer["blocks"]]


def test_an_answer_that_can_go_nowhere_now_comes_when_slack_takes_messages_again(harness: Harness) -> None:
    harness.faults("response_url", status=500)
    harness.faults("chat.postMessage", error="internal_error", times=2)

    harness.command("linus", "PS100112")

    assert harness.answer_to("linus", "@linus")["text"].startswith(ANSWER)


def shown(harness: Harness, count: int) -> list[Json] | None:
    """Return the version tables in the channel when there are that many."""
    responder = [message for message in harness.messages() if message["text"].startswith(ANSWER)]
    assert len(responder) <= count
    return responder if len(responder) == count else None


def ids(harness: Harness) -> list[str]:
    return [user["id"] for user in harness.query("workspace")["users"] if user["handle"] in PEOPLE]
