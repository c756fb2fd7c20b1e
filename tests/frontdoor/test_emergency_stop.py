"""Freezing, rejecting and withdrawing go through whatever else is pressed, and however slow Slack takes answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.frontdoor.http_watching_bot import ELSEWHERE, PROGRAM, THERE
from tests.frontdoor.resets import APPROVALS, PATIENCE, REJECT, ask_for, entries, form, submit
from tests.frontdoor.sites import locked

if TYPE_CHECKING:
    from tests.stage import Json, Stage

CLICKS, AT_ONCE = 120, 4
SLOW_SECONDS = 60
"""Far longer than Slack waits for an acknowledgement, and than this test needs."""


def press_often(stage: Stage, user: str, message: Json, action: str) -> list[Json]:
    """Press a button a hundred times and return how each was acknowledged."""
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        return list(crowd.map(lambda _: stage.click(user, message, action), range(CLICKS)))


def is_frozen(stage: Stage) -> bool:
    return bool(entries(stage, "froze resets"))


def test_a_freeze_goes_through_while_clicks_wait_and_slack_takes_their_answers_slowly(fresh_stage: Stage) -> None:
    fresh_stage.start_bot(work__workers=2, work__waiting=3)
    table = fresh_stage.ask("ada", "PS100112")
    fresh_stage.faults("response_url", delay_s=SLOW_SECONDS, times=10 * CLICKS)

    with locked(fresh_stage.site):
        pressed = press_often(fresh_stage, "ada", table, "status_csv")
        frozen = fresh_stage.command("grace", "freeze wrong package", APPROVALS)
        fresh_stage.wait_for(lambda: is_frozen(fresh_stage), PATIENCE)

    assert [click for click in pressed if not click["acked"]] == []
    assert frozen["acked"]


def test_a_freeze_goes_through_while_slack_opens_forms_slowly(fresh_stage: Stage) -> None:
    fresh_stage.start_bot()
    card = ask_for(fresh_stage, "PS100112 dp:BOS-DP02*")
    fresh_stage.faults("views.open", delay_s=SLOW_SECONDS, times=10 * CLICKS)
    fresh_stage.faults("response_url", delay_s=SLOW_SECONDS, times=10 * CLICKS)

    pressed = press_often(fresh_stage, "grace", card, REJECT)
    frozen = fresh_stage.command("grace", "freeze wrong package", APPROVALS)
    fresh_stage.wait_for(lambda: is_frozen(fresh_stage), PATIENCE)

    assert [click for click in pressed if not click["acked"]] == []
    assert frozen["acked"]


def test_no_acknowledging_thread_ever_calls_slack(fresh_stage: Stage) -> None:
    fresh_stage.start_bot(PROGRAM, work__workers=1, work__waiting=1)
    table = fresh_stage.ask("ada", "PS100112")
    form(fresh_stage, "ada", "PS100112")

    submit(fresh_stage, "ada", "no")
    with locked(fresh_stage.site):
        for user in ("ada", "linus", "grace"):
            fresh_stage.command(user, "PS100112")
        fresh_stage.click("grace", table, "status_csv")
        assert fresh_stage.answer_to("grace")["text"].startswith("I am busy")
        submit(fresh_stage, "ada")
    fresh_stage.do("open_home", user="ada")
    fresh_stage.command("grace", "freeze wrong package", APPROVALS)
    fresh_stage.wait_for(lambda: is_frozen(fresh_stage), PATIENCE)

    log = fresh_stage.log()
    assert log.count(ELSEWHERE) > 0
    assert log.count(THERE) == 0
