"""Two bots on one store, and people and the site's own software that come at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.resets import (
    APPROVE,
    PATIENCE,
    QUICK,
    WITHDRAW,
    approve,
    ask_for,
    backups,
    card_of,
    direct,
    entries,
    id_of,
    press,
    site_rows,
)
from tests.frontdoor.seen import words
from tests.frontdoor.sites import change, locked
from tests.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stage import Json

BEFORE, AFTER = (7, 3), (0, 2)
ENDS = {"applied", "failed", "stale", "withdrawn", "expired", "rejected"}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Yield a stage with two bots on one store; Slack gives each click to either."""
    with Stage(tmp_path_factory.mktemp("pair"), clockwork=QUICK) as stage:
        for _ in range(2):
            stage.start_bot(work__query_timeout="2s")
        yield stage


def story(stage: Stage, card: Json) -> list[str]:
    """Return the kinds of a request's events."""
    return [entry.kind for entry in entries(stage) if entry.stream == f"request {id_of(card)}"]


def end(stage: Stage, card: Json) -> str:
    """Return how a request ended."""
    return stage.wait_for(lambda: next((kind for kind in story(stage, card) if kind in ENDS), None), PATIENCE)


def at_once(stage: Stage, card: Json, *presses: tuple[str, str]) -> list[str]:
    """Let people press buttons at the same moment; return what each is told."""
    with ThreadPoolExecutor(len(presses)) as pool:
        list(pool.map(lambda press: stage.click(press[0], card, press[1]), presses))
    return [stage.wait_for(lambda user=user: told(stage, user), PATIENCE) for user, _ in presses]  # type: ignore[misc]


def told(stage: Stage, user: str) -> str | None:
    """Return what somebody was told since the last click."""
    return next((m["text"] for m in stage.answers(user, "#sccm-approvals") if m["ephemeral"]), None)


def test_of_two_last_votes_at_once_one_makes_the_quorum_and_both_are_answered(pair: Stage) -> None:
    for host in ("LON-DP01", "LON-DP02", "LON-DP03"):
        card = ask_for(pair, f"PS100112 dp:{host}")
        approve(pair, card, "grace")

        answers = at_once(pair, card, ("linus", APPROVE), ("margaret", APPROVE))

        assert sorted(answer.split()[0] for answer in answers) == ["This", "Your"], answers
        assert end(pair, card) == "applied"
        kinds = story(pair, card)
        assert (kinds.count("approved"), kinds.count("quorum reached"), kinds.count("applying")) == (2, 1, 1)
        assert [row[1:] for row in backups(pair.site) if row[0] == id_of(card)] == [(1, host, *BEFORE)]


def test_of_a_last_vote_and_a_withdrawal_at_once_one_counts(pair: Stage) -> None:
    for host in ("LON-DP04", "LON-DP05", "MUC-DP01"):
        card = ask_for(pair, f"PS100112 dp:{host}")
        approve(pair, card, "grace")

        voted, withdrawn = at_once(pair, card, ("linus", APPROVE), ("ada", WITHDRAW))

        ended = end(pair, card)
        is_applied = ended == "applied"
        assert ended in {"applied", "withdrawn"}
        assert ("will be applied" in voted, "is withdrawn" in withdrawn) == (is_applied, not is_applied)
        assert site_rows(pair.site, "PS100112")[host] == (AFTER if is_applied else BEFORE)
        assert [row[0] for row in backups(pair.site) if row[2] == host] == ([id_of(card)] if is_applied else [])


def test_many_requests_through_two_bots_are_each_applied_once(pair: Stage) -> None:
    hosts = ["ZRH-DP01", "ZRH-DP02", "ZRH-DP03", "PAR-DP01", "PAR-DP02"]
    cards = [ask_for(pair, f"PS100112 dp:{host}") for host in hosts]
    for user in ("grace", "linus"):
        with ThreadPoolExecutor(len(cards)) as pool:
            list(pool.map(lambda card, user=user: pair.click(user, card, APPROVE), cards))  # type: ignore[misc]

    assert [end(pair, card) for card in cards] == ["applied"] * len(cards)
    rows = site_rows(pair.site, "PS100112")
    assert [rows[host] for host in hosts] == [AFTER] * len(hosts)
    kept = [(request, host) for request, _, host, *_ in backups(pair.site) if host in hosts]
    assert sorted(kept) == sorted((id_of(card), host) for card, host in zip(cards, hosts, strict=True))
    assert [story(pair, card).count("applying") for card in cards] == [1] * len(cards)


def test_a_row_that_the_site_changes_between_the_quorum_and_the_apply_is_left_alone(pair: Stage) -> None:
    card = ask_for(pair, "PS100112 dp:MUC-DP02")
    approve(pair, card, "grace")
    pair.faults("usergroups.users.list", delay_s=1.5, times=4)
    pair.click("linus", card, APPROVE)
    pair.wait_for(lambda: "quorum reached" in story(pair, card), PATIENCE)
    change(pair.site, "UPDATE PkgStatus SET SourceVersion = 8 WHERE ID = 'PS100112' AND PkgServer LIKE '%MUC-DP02%'")

    assert end(pair, card) == "stale"

    pair.do("faults", clear=True)
    assert "version 8, status 3 instead of 7, 3" in words(card_of(pair, id_of(card), "⚪ outdated"))
    assert site_rows(pair.site, "PS100112")["MUC-DP02"] == (8, 3)
    assert not [row for row in backups(pair.site) if row[0] == id_of(card)]


def test_an_approver_who_leaves_between_the_quorum_and_the_apply_does_not_count(pair: Stage) -> None:
    card = ask_for(pair, "PS100112 dp:MUC-DP03")
    approve(pair, card, "grace")
    pair.faults("usergroups.users.list", delay_s=1.5, times=4)
    pair.click("linus", card, APPROVE)
    pair.wait_for(lambda: "quorum reached" in story(pair, card), PATIENCE)
    pair.do("person", id="grace", deleted=True)

    assert end(pair, card) == "failed"

    pair.do("person", id="grace", deleted=False)
    pair.do("faults", clear=True)
    assert "an approver no longer may decide (deactivated)" in words(card_of(pair, id_of(card), "🔴 failed"))
    assert site_rows(pair.site, "PS100112")["MUC-DP03"] == BEFORE


def test_a_site_that_is_locked_during_the_apply_changes_nothing_and_says_so(pair: Stage) -> None:
    card = ask_for(pair, "PS100112 dp:MUC-DP04")
    approve(pair, card, "grace")
    pair.faults("usergroups.users.list", delay_s=1.5, times=4)
    pair.click("linus", card, APPROVE)
    pair.wait_for(lambda: "quorum reached" in story(pair, card), PATIENCE)
    with locked(pair.site):
        pair.wait_for(lambda: {"stale", "failed", "in doubt"} & set(story(pair, card)), PATIENCE)

    assert end(pair, card) in {"stale", "failed"}
    pair.do("faults", clear=True)
    assert "nothing was changed" in direct(pair, "ada", "PS100112 (1 rows at PS1)")["text"]
    assert site_rows(pair.site, "PS100112")["MUC-DP04"] == BEFORE
    assert not [row for row in backups(pair.site) if row[0] == id_of(card)]


def test_a_vote_on_the_edge_of_expiry_counts_or_is_refused_and_never_both(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with Stage(tmp_path, clockwork=QUICK) as stage:
        stage.start_bot(approvals__expire_after="4s")
        for host in ("AMS-DP01", "PAR-DP01", "PAR-DP02"):
            card = ask_for(stage, f"PS100112 dp:{host}")
            approve(stage, card, "grace")
            stage.wait_for(lambda card=card: "reminded" in story(stage, card), PATIENCE)  # type: ignore[misc]
            stage.faults("users.info", delay_s=1.7)

            answer = press(stage, "linus", card)

            ended = end(stage, card)
            assert ("is counted" in answer) == (ended == "applied"), (answer, ended)
            assert (site_rows(stage.site, "PS100112")[host] == AFTER) == (ended == "applied")
            assert {"applied", "expired"} - set(story(stage, card)), "never both"
