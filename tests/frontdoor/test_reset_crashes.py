"""A bot that is killed at any step between a last vote and what is told of the apply: another one ends the work.

Each lane is a harness on which one bot after the other dies, each at its own step and over a request of its own; the
lanes run side by side, because most of a crash is waiting for the leases of the dead.
"""

from __future__ import annotations

import signal
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pytest

from bot import failpoints
from tests.frontdoor.audit_trail import assert_audit_trail_complete, pending_inbox, pending_outbox
from tests.frontdoor.crash_injector import arm, crashing_bot
from tests.frontdoor.databases import ENGINES, harness_on, run, site_of
from tests.frontdoor.invariants import assert_invariants, outcome_of, request_entries
from tests.frontdoor.resets import (
    APPROVE,
    FAST_TIMING,
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

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness import Harness

LANES = 6
STEPS = [name for name in failpoints.NAMES if not name.startswith("digest: ")]
TIMEOUT_SECONDS = 90
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
    with harness_on(engine, folder, f"reset_{lane}", timing=FAST_TIMING) as harness:
        harness.settings["PKGSTATUS_WORK__LEASE"] = LEASE
        harness.start_bot(crashing_bot(steps[0]))
        found = {}
        for step, following, servers in zip(steps, [*steps[1:], ""], SERVERS, strict=False):
            found[step] = crash(harness, servers, following)
        if lane == 0:
            replay_a_form(harness)
        assert refusals(harness) == [], "what was done before a death is not refused to the one who does it again"
        assert_invariants(harness)
        assert_audit_trail_complete(harness)
        return found


def crash(harness: Harness, servers: str, following: str) -> Outcome:
    """Let the bot die over a last vote, and the next one end what it left."""
    dying = harness.bots[-1]
    card = ask_for(harness, f"PS100112 {servers}")
    assert "is counted" in press(harness, "grace", card)
    harness.wait_for(lambda: pending_outbox(harness) == 0, TIMEOUT_SECONDS)
    arm(harness, dying)

    harness.click("linus", card, APPROVE)
    exit_code = dying.wait(TIMEOUT_SECONDS)
    harness.start_bot(crashing_bot(following))

    end = harness.wait_for(lambda: outcome_of(harness, id_of(card)), TIMEOUT_SECONDS)
    harness.wait_for(lambda: pending_inbox(harness) == 0, TIMEOUT_SECONDS)
    why = str(request_entries(harness, id_of(card))[-1].facts.get("trouble", ""))
    words = "changed, each with its backup" if end == "applied" else "🔴 failed"
    card_of(harness, id_of(card), words)
    if end == "applied":
        in_thread(harness, card, "Next step")
    direct(harness, "ada", "was approved and applied" if end == "applied" else "could not be applied")
    return Outcome(exit_code, end, why, words)


def replay_a_form(harness: Harness) -> None:
    """Let a bot die when a request was just recorded, and its rows change before the next one works on the form."""
    dying = harness.start_bot(crashing_bot("append: committed"))
    harness.bots[-2].stop()
    known = set(ids(harness))
    form(harness, "ada", "PS100112 dp:ZRH-DP01")
    arm(harness, dying)
    submit(harness, "ada")
    assert dying.wait(TIMEOUT_SECONDS) == -signal.SIGKILL
    run(site_of(harness), "UPDATE dbo.PkgStatus SET SourceVersion = 8 WHERE PkgServer LIKE '%ZRH-DP01%'")
    harness.start_bot()

    harness.wait_for(lambda: pending_inbox(harness) == 0, TIMEOUT_SECONDS)
    (request_id,) = set(ids(harness)) - known
    card = card_of(harness, request_id)
    assert not [m for m in harness.messages("@ada", "ada") if "rows have changed" in m["text"]]
    assert "is withdrawn" in press(harness, "ada", card, "request_withdraw")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_changes_no_row_twice_and_ends_where_a_person_can_read_it(
    lanes: list[Future[dict[str, Outcome]]], step: str
) -> None:
    outcome = lanes[STEPS.index(step) % LANES].result()[step]

    assert outcome.exit_code == -signal.SIGKILL
    assert (outcome.end, outcome.why) in ENDS.get(step, {APPLIED})
