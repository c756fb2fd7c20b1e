"""Freezing, rejecting and withdrawing go through whatever else is pressed, and however slow Slack takes answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.frontdoor.http_call_tracer import ELSEWHERE, PROGRAM, THERE
from tests.frontdoor.resets import APPROVALS, REJECT, ask_for, entries, form, submit
from tests.frontdoor.sites import locked

if TYPE_CHECKING:
    from tests.harness import Harness, Json

CLICKS, AT_ONCE = 120, 4
ATTEMPTS, LOOKUP_SECONDS = 40, 5
SLOW_SECONDS = 60
"""Far longer than Slack waits for an acknowledgement, and than this test needs."""


def press_often(harness: Harness, user: str, message: Json, action: str) -> list[Json]:
    """Press a button a hundred times and return how each was acknowledged."""
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        return list(crowd.map(lambda _: harness.click(user, message, action), range(CLICKS)))


def is_frozen(harness: Harness) -> bool:
    return bool(entries(harness, "froze resets"))


def test_a_freeze_goes_through_while_clicks_wait_and_slack_takes_their_answers_slowly(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(work__workers=2, work__waiting=3)
    table = fresh_harness.ask("ada", "PS100112")
    fresh_harness.faults("response_url", delay_s=SLOW_SECONDS, times=10 * CLICKS)

    with locked(fresh_harness.site):
        pressed = press_often(fresh_harness, "ada", table, "status_csv")
        frozen = fresh_harness.command("grace", "freeze wrong package", APPROVALS)
        fresh_harness.wait_for(lambda: is_frozen(fresh_harness))

    assert [click for click in pressed if not click["acked"]] == []
    assert frozen["acked"]


def test_a_freeze_goes_through_while_slack_opens_forms_slowly(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    card = ask_for(fresh_harness, "PS100112 dp:BOS-DP02*")
    fresh_harness.faults("views.open", delay_s=SLOW_SECONDS, times=10 * CLICKS)
    fresh_harness.faults("response_url", delay_s=SLOW_SECONDS, times=10 * CLICKS)

    pressed = press_often(fresh_harness, "grace", card, REJECT)
    frozen = fresh_harness.command("grace", "freeze wrong package", APPROVALS)
    fresh_harness.wait_for(lambda: is_frozen(fresh_harness))

    assert [click for click in pressed if not click["acked"]] == []
    assert frozen["acked"]


def test_no_acknowledging_thread_ever_calls_slack(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(PROGRAM, work__workers=1, work__waiting=1)
    table = fresh_harness.ask("ada", "PS100112")
    form(fresh_harness, "ada", "PS100112")

    submit(fresh_harness, "ada", "no")
    with locked(fresh_harness.site):
        for user in ("ada", "linus", "grace"):
            fresh_harness.command(user, "PS100112")
        fresh_harness.click("grace", table, "status_csv")
        assert fresh_harness.answer_to("grace")["text"].startswith("I am busy")
        submit(fresh_harness, "ada")
    fresh_harness.do("open_home", user="ada")
    fresh_harness.command("grace", "freeze wrong package", APPROVALS)
    fresh_harness.wait_for(lambda: is_frozen(fresh_harness))

    log = fresh_harness.log()
    assert log.count(ELSEWHERE) > 0
    assert log.count(THERE) == 0


def test_an_approver_freezes_while_somebody_who_is_none_tries_often_and_slack_is_slow(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    fresh_harness.faults("users.info", delay_s=LOOKUP_SECONDS, times=10 * ATTEMPTS)

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        list(crowd.map(lambda _: fresh_harness.command("ada", "freeze wrong package", APPROVALS), range(ATTEMPTS)))
    fresh_harness.command("grace", "freeze wrong package", APPROVALS)

    fresh_harness.wait_for(lambda: is_frozen(fresh_harness))
    (frozen,) = entries(fresh_harness, "froze resets")
    assert frozen.user == "U00000GRACE"
