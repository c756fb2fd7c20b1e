"""A bot that is killed at any step between a last vote and what is told of the apply: another one ends the work.

Each lane is a stage on which one bot after the other dies, each at its own step and over a request of its own; the
lanes run side by side, because most of a crash is waiting for the leases of the dead.
"""

from __future__ import annotations

import signal
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pytest

from bot import failpoints
from tests.frontdoor.databases import ENGINES, run, site_of, stage_on
from tests.frontdoor.judge import end_of, judge, story_of
from tests.frontdoor.mortal_bot import arm, mortal
from tests.frontdoor.resets import (
    APPROVE,
    QUICK,
    ask_for,
    card_of,
    direct,
    form,
    id_of,
    ids,
    in_thread,
    press,
    refusals,
    submit,
)
from tests.frontdoor.trail import assert_trail_is_whole, unanswered, untold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.stage import Stage

LANES = 6
STEPS = [name for name in failpoints.NAMES if not name.startswith("digest: ")]
PATIENCE_SECONDS = 90
LEASE = "3s"
"""Only one bot lives at a time here: nobody can be mistaken for dead."""
SERVERS = [f"dp:LON-DP0{number} dp:MUC-DP0{number}" for number in range(1, 5)]
APPLIED, FAILED = ("applied", ""), ("failed", "the bot stopped before it happened")
ENDS = {
    "answer: worked out": {APPLIED, FAILED},
    "answer: recorded": {APPLIED, FAILED},
    "answer: given": {APPLIED, FAILED},
    "deliver: before post": {APPLIED, FAILED},
    "deliver: posted": {APPLIED, FAILED},
    "deliver: settled": {APPLIED, FAILED},
    "apply: claimed": {FAILED},
    "apply: first row changed": {FAILED},
    "apply: before commit": {FAILED},
}
"""Where a crash leaves a claim without an effect, nothing is tried again; everywhere else the work is ended.

Answers leave and cards are drawn beside the apply, so a death there may come before the claim or behind it.
"""


class Outcome(NamedTuple):
    """What is left of a request after a crash and the end of the work by another bot."""

    exit_code: int
    end: str
    why: str
    card: str


@pytest.fixture(scope="module", params=ENGINES)
def lanes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Future[dict[str, Outcome]]]]:
    """Yield what comes of each lane on an engine."""
    with ThreadPoolExecutor(LANES) as pool:
        yield [pool.submit(play, request.param, lane, tmp_path_factory.mktemp("lane")) for lane in range(LANES)]
        pool.shutdown(cancel_futures=True)


def play(engine: str, lane: int, folder: Path) -> dict[str, Outcome]:
    """Let one bot after the other die; then judge all that they left."""
    steps = STEPS[lane::LANES]
    with stage_on(engine, folder, f"reset_{lane}", clockwork=QUICK) as stage:
        stage.settings["PKGSTATUS_WORK__LEASE"] = LEASE
        stage.start_bot(mortal(steps[0]))
        found = {}
        for step, following, servers in zip(steps, [*steps[1:], ""], SERVERS, strict=False):
            found[step] = crash(stage, servers, following)
        if lane == 0:
            replay_a_form(stage)
        assert refusals(stage) == [], "what was done before a death is not refused to the one who does it again"
        judge(stage)
        assert_trail_is_whole(stage)
        return found


def crash(stage: Stage, servers: str, following: str) -> Outcome:
    """Let the bot die over a last vote, and the next one end what it left."""
    dying = stage.bots[-1]
    card = ask_for(stage, f"PS100112 {servers}")
    assert "is counted" in press(stage, "grace", card)
    stage.wait_for(lambda: untold(stage) == 0, PATIENCE_SECONDS)
    arm(stage, dying)

    stage.click("linus", card, APPROVE)
    exit_code = dying.wait(PATIENCE_SECONDS)
    stage.start_bot(mortal(following))

    end = stage.wait_for(lambda: end_of(stage, id_of(card)), PATIENCE_SECONDS)
    stage.wait_for(lambda: unanswered(stage) == 0, PATIENCE_SECONDS)
    why = str(story_of(stage, id_of(card))[-1].facts.get("trouble", ""))
    words = "changed, each with its backup" if end == "applied" else "🔴 failed"
    card_of(stage, id_of(card), words)
    if end == "applied":
        in_thread(stage, card, "Next step")
    direct(stage, "ada", "was approved and applied" if end == "applied" else "could not be applied")
    return Outcome(exit_code, end, why, words)


def replay_a_form(stage: Stage) -> None:
    """Let a bot die when a request was just recorded, and its rows change before the next one works on the form."""
    dying = stage.start_bot(mortal("append: committed"))
    stage.bots[-2].stop()
    known = set(ids(stage))
    form(stage, "ada", "PS100112 dp:ZRH-DP01")
    arm(stage, dying)
    submit(stage, "ada")
    assert dying.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    run(site_of(stage), "UPDATE dbo.PkgStatus SET SourceVersion = 8 WHERE PkgServer LIKE '%ZRH-DP01%'")
    stage.start_bot()

    stage.wait_for(lambda: unanswered(stage) == 0, PATIENCE_SECONDS)
    (request_id,) = set(ids(stage)) - known
    card = card_of(stage, request_id)
    assert not [m for m in stage.messages("@ada", "ada") if "rows have changed" in m["text"]]
    assert "is withdrawn" in press(stage, "ada", card, "request_withdraw")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_changes_no_row_twice_and_ends_where_a_person_can_read_it(
    lanes: list[Future[dict[str, Outcome]]], step: str
) -> None:
    outcome = lanes[STEPS.index(step) % LANES].result()[step]

    assert outcome.exit_code == -signal.SIGKILL
    assert (outcome.end, outcome.why) in ENDS.get(step, {APPLIED})
