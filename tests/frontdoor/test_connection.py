"""The connection to Slack: kept up through cuts and refusals, and closed in order at a stop."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.sites import locked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Harness

ANSWER = "PS100112 Boot image (x64), source version 13: "
NO_STORE = 4
STOPPING = "I am just restarting. Please try again in a minute."


def test_the_bot_comes_back_after_slack_cut_the_connection_and_took_no_other_for_a_while(
    fresh_harness: Harness,
) -> None:
    fresh_harness.start_bot()
    fresh_harness.socket("refuse")
    fresh_harness.socket("drop")
    fresh_harness.wait_for(lambda: fresh_harness.connections() == 0)
    assert not fresh_harness.command("ada", "PS100112")["acked"]
    asked = tickets(fresh_harness)
    fresh_harness.wait_for(lambda: tickets(fresh_harness) > asked)

    fresh_harness.socket("accept")

    fresh_harness.wait_for(lambda: fresh_harness.connections() == 1)
    assert fresh_harness.ask("ada", "PS100112")["text"].startswith(ANSWER)
    assert "Traceback" not in fresh_harness.log()


def test_a_cut_is_noticed_at_once_and_not_by_a_pong_that_does_not_come(fresh_harness: Harness) -> None:
    bot = fresh_harness.start_bot()

    fresh_harness.socket("drop")

    fresh_harness.wait_for(lambda: "connection lost" in bot.log())
    (lost,) = [json.loads(line) for line in bot.log().splitlines() if "connection lost" in line]
    assert lost["pong_age"] is None
    fresh_harness.wait_for(lambda: fresh_harness.connections() == 1)


@pytest.mark.parametrize("how", ["refresh", "warning"])
def test_a_connection_that_slack_replaces_costs_no_command_its_acknowledgement(
    fresh_harness: Harness, how: str
) -> None:
    fresh_harness.start_bot()
    fresh_harness.ask("ada", "PS100112")

    fresh_harness.socket(how)

    assert fresh_harness.command("ada", "PS100112")["acked"]
    assert fresh_harness.answer_to("ada")["text"].startswith(ANSWER)
    fresh_harness.wait_for(lambda: fresh_harness.connections() == 1)
    assert "Traceback" not in fresh_harness.log()


def test_a_slack_that_dismisses_every_new_connection_at_once_is_not_stormed(fresh_harness: Harness) -> None:
    fresh_harness.socket("dismiss")
    bot = fresh_harness.start_bot(connected=False)
    fresh_harness.wait_for(lambda: tickets(fresh_harness) >= 4)

    at = [entry["at"] for entry in fresh_harness.query("log")["entries"] if is_ticket(entry)]
    # Each is counted from an answer, which comes after the question that is compared: load makes it longer only.
    pauses = [after - before for before, after in pairwise(at[:4])]
    assert [pause >= least for pause, least in zip(pauses, (1, 2, 4), strict=True)] == [True] * 3, pauses
    fresh_harness.socket("accept")
    fresh_harness.wait_for(lambda: fresh_harness.connections() == 1)
    assert fresh_harness.ask("ada", "PS100112")["text"].startswith(ANSWER)
    assert "Traceback" not in bot.log()


def test_a_start_while_slack_takes_no_connections_waits_and_makes_one_connection(fresh_harness: Harness) -> None:
    fresh_harness.socket("refuse")
    bot = fresh_harness.start_bot(connected=False)
    fresh_harness.wait_for(lambda: "Slack did not open a connection" in bot.log())

    fresh_harness.socket("accept")

    fresh_harness.wait_for(lambda: '"connected"' in bot.log())
    fresh_harness.wait_for(lambda: fresh_harness.connections() == 1)
    assert fresh_harness.ask("ada", "PS100112")["text"].startswith(ANSWER)


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("auth.test", {"drop": True, "times": 2}),
        ("apps.connections.open", {"status": 503}),
    ],
)
def test_a_start_while_slack_is_in_trouble_tries_again(
    fresh_harness: Harness, method: str, fault: dict[str, object]
) -> None:
    fresh_harness.faults(method, **fault)

    fresh_harness.start_bot()

    assert fresh_harness.ask("ada", "PS100112")["text"].startswith(ANSWER)
    assert "Traceback" not in fresh_harness.log()


@pytest.mark.parametrize("fault", [{"error": "internal_error"}, {"delay_s": 1.5}], ids=["in trouble", "slow"])
def test_no_connection_is_asked_for_before_slack_said_who_the_bot_is(
    fresh_harness: Harness, fault: dict[str, object]
) -> None:
    fresh_harness.faults("auth.test", **fault)

    fresh_harness.start_bot()

    asked = methods(fresh_harness)
    assert asked.index("apps.connections.open") > len(asked) - 1 - asked[::-1].index("auth.test")
    assert fresh_harness.command("ada", "PS100112")["acked"]


def test_a_bot_that_cannot_load_its_store_takes_no_command_from_one_that_can(
    fresh_harness: Harness, tmp_path: Path
) -> None:
    (tmp_path / "store.txt").write_text("no database at all, but long enough to be looked at as one\n" * 100)
    bot = fresh_harness.start_bot(connected=False, store=f"sqlite:///{tmp_path}/store.txt")

    assert bot.wait() == NO_STORE
    assert "apps.connections.open" not in methods(fresh_harness)


def test_trouble_between_the_first_and_the_second_question_at_a_start_is_no_end(fresh_harness: Harness) -> None:
    fresh_harness.faults("auth.test", delay_s=0.01)
    fresh_harness.faults("auth.test", error="internal_error")

    fresh_harness.start_bot()

    assert fresh_harness.ask("ada", "PS100112")["text"].startswith(ANSWER)


def test_a_stop_finishes_what_runs_and_takes_nothing_new(fresh_harness: Harness) -> None:
    bot = fresh_harness.start_bot(work__drain="1h", work__query_timeout="1h")
    with locked(fresh_harness.site):
        fresh_harness.command("ada", "PS100112")
        bot.process.terminate()
        fresh_harness.wait_for(lambda: '"stopping"' in bot.log())

        late = fresh_harness.command("grace", "PS100112")

        assert bot.process.poll() is None, "what runs waits for the site"
    assert late["response"] == {"text": STOPPING, "response_type": "ephemeral"}
    assert bot.wait() == 0
    assert [message["text"].startswith(ANSWER) for message in fresh_harness.messages(user="linus")] == [True]
    assert '"stopped"' in bot.log()
    assert "Traceback" not in bot.log()
    fresh_harness.wait_for(lambda: fresh_harness.connections() == 0)


def test_a_stop_waits_no_longer_than_its_drain_time(fresh_harness: Harness) -> None:
    bot = fresh_harness.start_bot(work__drain="1s", work__query_timeout="1h")
    with locked(fresh_harness.site):
        fresh_harness.command("ada", "PS100112")

        assert bot.stop() == 0

    assert "stopped before everything was finished" in bot.log()


def test_a_stop_before_slack_was_reached_is_a_stop_too(fresh_harness: Harness) -> None:
    fresh_harness.faults("auth.test", error="internal_error", times=100)
    bot = fresh_harness.start_bot(connected=False)
    fresh_harness.wait_for(lambda: "Slack does not say who we are" in bot.log())

    assert bot.stop() == 0


def is_ticket(entry: dict[str, object]) -> bool:
    """Whether the bot asked for a connection."""
    return entry.get("method") == "apps.connections.open"


def tickets(harness: Harness) -> int:
    """Count how often the bot asked for a connection."""
    return methods(harness).count("apps.connections.open")


def methods(harness: Harness) -> list[str]:
    """Return which methods of the Web API were called, in order."""
    return [entry["method"] for entry in harness.query("log")["entries"] if "method" in entry]
