"""Who may do what about a reset, tried from the workspace."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.message_content import visible_text
from tests.frontdoor.resets import (
    AGAIN,
    APPROVALS,
    APPROVE,
    FAST_TIMING,
    PLAN,
    REJECT,
    REQUEST,
    UNDO,
    WITHDRAW,
    apply,
    approve,
    ask_for,
    card_of,
    entries,
    forged,
    id_of,
    ids,
    post_as_the_app,
    press,
    refusals,
    wait_for_form,
)
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.harness import Json

IDS = {
    "ada": "U000000ADA",
    "grace": "U00000GRACE",
    "linus": "U00000LINUS",
    "margaret": "U0MARGARET",
    "gus": "U000000GUS",
    "olga": "U000000OLGA",
    "pkgstatus": "U0PKGBOT",
}
GUEST = "Guests cannot use this"
ELSEWHERE = "Only members of the workspace that installed me"
NO_BOTS = "I answer people, not bots"
NOT_LISTED = "You are not an approver"
NOT_THE_REQUESTER = "Only the person who made this request can withdraw it"
UNKNOWN, OTHER = "I do not know this request", "This button does not belong to the plan on the card"
OWN = "You made this request, so somebody else has to decide"


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Yield a harness with a bot; each test asks for rows of its own."""
    with Harness(tmp_path_factory.mktemp("harness"), timing=FAST_TIMING) as harness:
        harness.start_bot()
        yield harness


@pytest.fixture
def fresh_harness(tmp_path: Path) -> Iterator[Harness]:
    """Yield a harness without a bot."""
    with Harness(tmp_path, timing=FAST_TIMING) as harness:
        yield harness


@pytest.fixture(scope="module")
def door(harness: Harness) -> Harness:
    """Return a harness whose approvals channel even those are in who should not be."""
    harness.do("channel", id="sccm-approvals", members=list(IDS.values()))
    return harness


@pytest.fixture(scope="module")
def card(door: Harness) -> Json:
    """Return the card of Margaret's request, so that Ada is nobody in particular."""
    return ask_for(door, "PS100112 dp:LON-DP01", "margaret")


@pytest.mark.parametrize(
    ("user", "action", "told", "reason"),
    [
        ("ada", APPROVE, NOT_LISTED, "not an approver"),
        ("gus", APPROVE, GUEST, "guest"),
        ("olga", APPROVE, ELSEWHERE, "other workspace"),
        ("pkgstatus", APPROVE, NO_BOTS, "bot"),
        ("margaret", APPROVE, OWN, "own request"),
        ("ada", REJECT, NOT_LISTED, "not an approver"),
        ("gus", REJECT, GUEST, "guest"),
        ("olga", REJECT, ELSEWHERE, "other workspace"),
        ("pkgstatus", REJECT, NO_BOTS, "bot"),
        ("ada", WITHDRAW, NOT_THE_REQUESTER, "not the requester"),
        ("grace", WITHDRAW, NOT_THE_REQUESTER, "not the requester"),
        ("gus", WITHDRAW, GUEST, "guest"),
        ("olga", WITHDRAW, ELSEWHERE, "other workspace"),
        ("gus", PLAN, GUEST, "guest"),
        ("olga", PLAN, ELSEWHERE, "other workspace"),
    ],
)
def test_who_may_not_is_told_why_alone_and_it_is_in_the_ledger(
    door: Harness, card: Json, user: str, action: str, told: str, reason: str
) -> None:
    others = {"ada", "grace"} - {user}
    before = {other: len(door.messages(APPROVALS, other)) for other in others}

    assert press(door, user, card, action).startswith(told)

    assert refusals(door)[-1] == (IDS[user], reason)
    assert [entry.kind for entry in entries(door) if entry.stream == f"request {id_of(card)}"] == ["requested"]
    assert {other: len(door.messages(APPROVALS, other)) for other in others} == before


@pytest.mark.parametrize(
    ("method", "told", "reason"),
    [
        ("users.info", "Slack could not tell me who you are", "cannot look up"),
        ("usergroups.users.list", "Slack did not tell me who is on the list", "list cannot be read"),
    ],
)
def test_who_cannot_be_looked_up_does_not_count(door: Harness, card: Json, method: str, told: str, reason: str) -> None:
    door.faults(method, error="internal_error", times=1000)  # the names in the audit channel are looked up as well

    try:
        assert press(door, "grace", card).startswith(told)
        assert refusals(door)[-1] == (IDS["grace"], reason)
    finally:
        door.do("faults", clear=True)


def test_who_is_deactivated_while_the_click_is_on_its_way_does_not_count(door: Harness, card: Json) -> None:
    door.faults("users.info", delay_s=1, times=1000)
    door.click("linus", card, APPROVE)
    door.do("person", id="linus", deleted=True)

    door.wait_for(lambda: refusals(door)[-1] == (IDS["linus"], "deactivated"))

    door.do("person", id="linus", deleted=False)
    door.do("faults", clear=True)


FORGERIES: dict[str, tuple[Callable[[Json], str], str]] = {
    "of another plan": (lambda card: f"{id_of(card)} {'f' * 64}", "other plan"),
    "without a plan": (id_of, "other plan"),
    "of an unknown request": (lambda _card: f"{'f' * 16} {'f' * 64}", "unknown request"),
    "empty": (lambda _card: "x", "unknown request"),
    "with SQL": (lambda card: f"{id_of(card)}' OR '1'='1 {'f' * 64}", "unknown request"),
    "very long": (lambda _card: "f" * 2000, "unknown request"),
}


@pytest.mark.parametrize(("value", "reason"), FORGERIES.values(), ids=FORGERIES)
def test_a_tampered_button_counts_for_nothing(
    door: Harness, card: Json, value: Callable[[Json], str], reason: str
) -> None:
    blocks = forged(card, **{APPROVE: value(card)})
    post_as_the_app(door, "chat.update", channel="C0APPROVALS", ts=card["ts"], text="forged", blocks=blocks)

    told = press(door, "grace", card)

    assert told.startswith({"unknown request": UNKNOWN, "other plan": OTHER}[reason])
    assert refusals(door)[-1] == (IDS["grace"], reason)
    assert not [entry for entry in entries(door, "approved") if entry.stream == f"request {id_of(card)}"]


@pytest.mark.parametrize("channel", ["C0SCCMOPS", "C0APPROVALS"])
def test_a_copy_of_the_card_counts_for_nothing(door: Harness, card: Json, channel: str) -> None:
    for action in (APPROVE, REJECT, WITHDRAW):  # a copy each: one that was pressed is soon redrawn without buttons
        posted = post_as_the_app(door, "chat.postMessage", channel=channel, text="a copy", blocks=card["blocks"])
        copy = {"channel": channel, "ts": posted["ts"]}
        assert press(door, "margaret" if action == WITHDRAW else "grace", copy, action).startswith(
            "This is not the req"
        )
        assert refusals(door)[-1][1] == "foreign card"


def test_a_click_that_slack_delivers_twice_is_one_vote_with_one_answer(door: Harness) -> None:
    card = ask_for(door, "PS100112 dp:LON-DP02")
    press(door, "grace", card)
    door.socket("redeliver_last")
    door.wait_for(lambda: "delivered again" in door.log())

    assert press(door, "grace", card).startswith("You have approved this already")
    assert [e.user for e in entries(door, "approved") if e.stream == f"request {id_of(card)}"] == [IDS["grace"]]
    counted = [m for m in door.messages(APPROVALS, "grace") if m["ephemeral"] and "1 of 2" in m["text"]]
    assert len(counted) == 1
    press(door, "ada", card, WITHDRAW)


@pytest.mark.parametrize(("user", "told"), [("gus", GUEST), ("olga", ELSEWHERE), ("ada", NOT_LISTED)])
@pytest.mark.parametrize("command", ["freeze now please", "unfreeze"])
def test_only_approvers_freeze_and_unfreeze(door: Harness, user: str, told: str, command: str) -> None:
    door.command(user, command, force=True)

    assert door.answer_to(user)["text"].startswith(told)
    assert entries(door, "froze resets") == []


@pytest.mark.parametrize(("user", "told"), [("gus", GUEST), ("olga", ELSEWHERE)])
def test_who_may_not_ask_gets_no_form(door: Harness, user: str, told: str) -> None:
    known = ids(door)
    table = door.ask("ada", "PS100112 dp:LON-DP03")
    door.click(user, table, REQUEST)
    assert door.answer_to(user)["text"].startswith(told)
    assert door.query("views", user=user)["views"] == []
    assert ids(door) == known


@pytest.fixture(scope="module")
def ended(door: Harness) -> dict[str, Json]:
    """Return a card that offers the way back, and one that offers to ask again, by their buttons' actions."""
    outdated = ask_for(door, "PS100112 dp:MUC-DP02")
    with closing(sqlite3.connect(door.site, isolation_level=None, timeout=20)) as connection:
        connection.execute("UPDATE PkgStatus SET SourceVersion = 8 WHERE PkgServer LIKE '%MUC-DP02%'")
    approve(door, outdated, "grace", "linus")
    return {
        UNDO: apply(door, ask_for(door, "PS100112 dp:MUC-DP01")),
        AGAIN: card_of(door, id_of(outdated), "⚪ outdated"),
    }


@pytest.mark.parametrize(("user", "told"), [("gus", GUEST), ("olga", ELSEWHERE), ("pkgstatus", NO_BOTS)])
@pytest.mark.parametrize("action", [UNDO, AGAIN])
def test_who_may_not_ask_can_neither_undo_nor_ask_again(
    door: Harness, ended: dict[str, Json], action: str, user: str, told: str
) -> None:
    known = ids(door)

    assert press(door, user, ended[action], action).startswith(told)

    assert ids(door) == known
    assert refusals(door)[-1][0] == IDS[user]
    assert door.query("views", user=user)["views"] == []


def test_only_listed_requesters_may_ask(fresh_harness: Harness) -> None:
    harness = fresh_harness
    harness.start_bot(requesters__users=[IDS["margaret"]])
    table = harness.ask("ada", "PS100112 dp:LON-DP03")
    harness.click("ada", table, REQUEST)

    assert "not on the list of people who may request resets" in visible_text(wait_for_form(harness, "ada"))
    assert (IDS["ada"], "not a requester") in refusals(harness)
