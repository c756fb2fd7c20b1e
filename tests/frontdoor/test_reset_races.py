"""What happens at the same moment with two bots on one store: two last votes, a vote and its end.

Everything is judged by the ledger and the site database.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.databases import ENGINES, harness_on
from tests.frontdoor.invariants import assert_invariants, request_entries, wait_for_outcome
from tests.frontdoor.resets import (
    APPROVE,
    FAST_TIMING,
    WITHDRAW,
    approve,
    ask_for,
    entries,
    id_of,
    refusals,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.harness import Harness, Json

ROUNDS = 3
LEASE = "8s"
"""Long enough that on a busy machine neither bot mistakes the other for dead."""


def at_once(*deeds: Callable[[], object]) -> None:
    """Do several things at the same moment, as near as threads come."""
    together = threading.Barrier(len(deeds))

    def do(action: Callable[[], object]) -> None:
        together.wait()
        action()

    with ThreadPoolExecutor(len(deeds)) as pool:
        for done in [pool.submit(do, action) for action in deeds]:
            done.result()


def kinds(harness: Harness, card: Json) -> list[str]:
    return [entry.kind for entry in request_entries(harness, id_of(card))]


@pytest.fixture(scope="module", params=ENGINES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Yield a harness with two bots on one store; Slack gives each click to either."""
    with harness_on(request.param, tmp_path_factory.mktemp("pair"), "reset_pair", timing=FAST_TIMING) as harness:
        harness.settings["PKGSTATUS_WORK__LEASE"] = LEASE
        harness.start_bot()
        harness.start_bot()
        yield harness
        assert_invariants(harness)


def test_of_two_last_votes_at_once_one_makes_the_quorum_and_the_rows_change_once(pair: Harness) -> None:
    for number in range(1, ROUNDS + 1):
        card = ask_for(pair, f"PS100112 dp:LON-DP0{number}")
        approve(pair, card, "grace")

        at_once(
            lambda card=card: pair.do("click", user="linus", action_id=APPROVE, **place(card)),  # type: ignore[misc]
            lambda card=card: pair.do("click", user="margaret", action_id=APPROVE, **place(card)),  # type: ignore[misc]
        )

        assert wait_for_outcome(pair, card) == "applied"
        assert kinds(pair, card)[:4] == ["requested", "approved", "approved", "quorum reached"]
        late = [(user, reason) for user, reason in refusals(pair) if user in {"U00000LINUS", "U0MARGARET"}]
        assert len(late) == number
        assert {reason for _, reason in late} == {"decided already"}


def test_of_a_last_vote_and_a_withdrawal_at_once_one_counts(pair: Harness) -> None:
    for number in range(1, ROUNDS + 1):
        card = ask_for(pair, f"PS100112 dp:MUC-DP0{number}")
        approve(pair, card, "grace")

        at_once(
            lambda card=card: pair.do("click", user="linus", action_id=APPROVE, **place(card)),  # type: ignore[misc]
            lambda card=card: pair.do("click", user="ada", action_id=WITHDRAW, **place(card)),  # type: ignore[misc]
        )

        end = wait_for_outcome(pair, card)
        assert (end == "applied") != ("withdrawn" in kinds(pair, card))
        assert ("quorum reached" in kinds(pair, card)) == (end == "applied")


def place(card: Json) -> dict[str, str]:
    return {"channel": card["channel"], "ts": card["ts"]}


def test_of_votes_around_the_expiry_none_counts_after_it_and_two_bots_expire_and_remind_once(tmp_path: Path) -> None:
    with harness_on("sqlite", tmp_path, "", timing=FAST_TIMING) as harness:
        harness.settings["PKGSTATUS_WORK__LEASE"] = LEASE
        harness.start_bot(approvals__expire_after="8s")
        harness.start_bot(approvals__expire_after="8s")
        card = ask_for(harness, "PS100112 dp:LON-DP01")
        (opened,) = entries(harness, "requested")
        approve(harness, card, "grace")
        expires_at = datetime.fromisoformat(opened.facts["expires_at"])

        harness.wait_for(lambda: datetime.now(UTC) >= expires_at or None)
        voters = ("linus", "margaret", "linus")
        at_once(
            *(lambda user=user: harness.do("click", user=user, action_id=APPROVE, **place(card)) for user in voters)
        )

        assert wait_for_outcome(harness, card) == "expired"
        assert kinds(harness, card).count("reminded") == 1
        assert kinds(harness, card).count("expired") == 1
        assert {reason for user, reason in refusals(harness) if user != "U00000GRACE"} == {"expired"}
        assert_invariants(harness)
