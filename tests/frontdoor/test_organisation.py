"""The bot in one workspace of an Enterprise Grid organisation, whose people are at home all over it.

Shapes that were seen: no root `team_id` in users.info, a home workspace elsewhere, a click that names a sister
workspace, one person with an id here and another in the whole organisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.domain.refusal import Reason, Refusal
from bot.views.replies import refusal_message
from tests.frontdoor.check_command import check
from tests.frontdoor.message_content import CSV, visible_text
from tests.frontdoor.resets import (
    APPROVALS,
    FAST_TIMING,
    REJECT,
    apply,
    approve,
    ask_for,
    card_of,
    entries,
    id_of,
    press,
    refusals,
    reject,
    wait_for_form,
)
from tests.frontdoor.test_home import shows
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness import Json

ORG, HERE, SISTER = "E0CONTOSO", "T0CONTOSO", "T0SISTER"
BOTH = [SISTER, HERE]
ELSEWHERE = "Only members of the workspace that installed me can use me"
OTHER_APP = refusal_message(Refusal(Reason.OTHER_APP)).text
ORG_WIDE = refusal_message(Refusal(Reason.ORG_WIDE)).text
OWN = "You made this request, so somebody else has to decide"
TWICE = "You have approved this already"


def join_organisation(harness: Harness) -> None:
    """Make the workspace one of an organisation, with people at home in both of its workspaces."""
    harness.do("place", enterprise_id=ORG)
    harness.do("person", id="ada", team_id=SISTER, teams=BOTH, has_root_team=False)
    harness.do("person", id="grace", teams=[HERE], has_root_team=False)
    harness.do("person", id="linus", team_id=SISTER, teams=BOTH)
    harness.do("person", id="margaret", teams=BOTH, acts_in=SISTER, global_id="W0MARGARET")
    harness.do("person", id="U00000HEIDI", handle="heidi", name="Heidi", team_id=SISTER, teams=[SISTER])
    harness.do("person", id="gus", team_id=SISTER, teams=BOTH)
    everybody = [user["id"] for user in harness.query("workspace")["users"]]
    for channel in ("sccm-ops", "sccm-approvals"):
        harness.do("channel", id=channel, members=everybody)


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Yield a harness in an organisation with a bot; each test asks for rows of its own."""
    with Harness(tmp_path_factory.mktemp("harness"), timing=FAST_TIMING) as harness:
        join_organisation(harness)
        harness.start_bot()
        yield harness


@pytest.fixture
def fresh_harness(tmp_path: Path) -> Iterator[Harness]:
    """Yield a harness in an organisation without a bot."""
    with Harness(tmp_path, timing=FAST_TIMING) as harness:
        join_organisation(harness)
        yield harness


@pytest.mark.parametrize("user", ["ada", "grace", "linus", "margaret"])
def test_whoever_is_a_member_may_look_and_click(harness: Harness, user: str) -> None:
    answer = harness.ask(user, "PS100112")
    assert answer["text"].startswith("PS100112 Boot image")

    harness.click(user, answer, CSV)

    assert "sent you the CSV" in harness.answer_to(user)["text"]


def test_a_reset_is_requested_approved_and_applied_by_people_from_all_over_it(harness: Harness) -> None:
    card = ask_for(harness, "PS100112 dp:NYC-DP03", "ada")
    harness.do("open_home", user="linus")
    shows(harness, "linus", "Waiting for your vote (")

    apply(harness, card)

    votes = [entry.user for entry in entries(harness, "approved") if id_of(card) in entry.stream]
    assert votes == ["U00000GRACE", "U00000LINUS"]


def test_a_requester_cannot_approve_as_somebody_of_the_organisation(harness: Harness) -> None:
    card = ask_for(harness, "PS100112 dp:LON-DP01", "margaret")
    try:
        harness.do("person", id="margaret", acts_as="W0MARGARET")
        assert press(harness, "margaret", card).startswith(OWN)
        reject(harness, "margaret", card)
        harness.wait_for(lambda: [reason for _, reason in refusals(harness)].count("own request") >= 2)
        assert "Approve" in visible_text(card_of(harness, id_of(card)))
        harness.do("open_home", user="margaret")
        shows(harness, "margaret", "Your open requests (1)")
    finally:
        harness.do("person", id="margaret", acts_as="")

    assert not [entry for entry in entries(harness, "approved") if id_of(card) in entry.stream]


@pytest.mark.parametrize("first", ["", "W0MARGARET"])
def test_nobody_votes_twice_by_two_ids(fresh_harness: Harness, first: str) -> None:
    fresh_harness.start_bot()
    card = ask_for(fresh_harness, "PS100112 dp:NYC-DP03", "ada")
    fresh_harness.do("person", id="margaret", acts_as=first)
    approve(fresh_harness, card, "margaret")

    fresh_harness.do("person", id="margaret", acts_as="" if first else "W0MARGARET")

    assert press(fresh_harness, "margaret", card).startswith(TWICE)
    assert len(entries(fresh_harness, "approved")) == 1
    approve(fresh_harness, card, "linus")
    card_of(fresh_harness, id_of(card), "changed, each with its backup")


def test_an_approver_freezes_and_unfreezes(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    fresh_harness.ask("linus", "freeze site update")
    assert "Resets are frozen" in press(fresh_harness, "grace", ask_before(fresh_harness))

    assert fresh_harness.ask("margaret", "unfreeze")["text"] == "Resets may go on."


def ask_before(harness: Harness) -> Json:
    """Return a card that was asked for while nothing was frozen."""
    harness.ask("margaret", "unfreeze")
    card = ask_for(harness, "PS100112 dp:NYC-DP03", "ada")
    harness.ask("linus", "freeze site update")
    return card


@pytest.mark.parametrize(
    ("user", "told", "reason"),
    [
        ("heidi", ELSEWHERE, "other workspace"),
        ("olga", ELSEWHERE, "other workspace"),
        ("gus", "Guests cannot use this", "guest"),
    ],
)
def test_whoever_is_no_member_of_this_very_workspace_is_refused(
    harness: Harness, user: str, told: str, reason: str
) -> None:
    answer = harness.ask("ada", "PS100112")
    harness.click(user, answer, CSV)

    assert harness.answer_to(user)["text"].startswith(told)
    assert refusals(harness)[-1][1] == reason


def test_a_stranger_whose_click_claims_to_be_of_ours_is_refused(harness: Harness) -> None:
    answer = harness.ask("ada", "PS100112")
    harness.do("person", id="olga", acts_in=HERE)

    harness.click("olga", answer, CSV)

    assert harness.answer_to("olga")["text"].startswith(ELSEWHERE)


@pytest.mark.parametrize(
    ("place", "told", "reason"),
    [
        ({"team_id": SISTER}, ELSEWHERE, "other workspace"),
        ({"enterprise_id": "E0FABRIKAM"}, ELSEWHERE, "other workspace"),
        ({"app_id": "A0OTHER"}, OTHER_APP, "other app"),
        ({"is_org_wide": True}, ORG_WIDE, "installed for an organisation"),
    ],
    ids=["a sister workspace", "another organisation", "another app", "an installation for the organisation"],
)
class TestPayloadsFromElsewhere:
    def test_count_nothing_and_are_answered_in_a_sentence(
        self, harness: Harness, place: Json, told: str, reason: str
    ) -> None:
        card = card_of_margaret(harness)
        votes, table = len(entries(harness, "approved")), harness.ask("ada", "PS100112")
        try:
            harness.do("place", named_only=True, **place)
            assert press(harness, "grace", card) == told or press(harness, "grace", card).startswith(told)
            harness.click("ada", table, CSV)
            assert harness.answer_to("ada")["text"].startswith(told)
            if "is_org_wide" not in place:  # a command names its workspace in any case
                assert harness.command("ada", "PS100112")["response"]["text"].startswith(told)
        finally:
            harness.do("place")

        assert len(entries(harness, "approved")) == votes
        assert ("U00000GRACE", reason) in refusals(harness)

    def test_end_a_form_in_the_same_sentence(self, harness: Harness, place: Json, told: str, reason: str) -> None:
        card = card_of_margaret(harness)
        harness.click("linus", card, REJECT)
        wait_for_form(harness, "linus")
        try:
            harness.do("place", named_only=True, **place)
            values = {"reason": {"field": "not during the rollout"}}
            harness.do("submit", user="linus", values=values)
        finally:
            harness.do("place")

        assert told in visible_text(harness.query("views", user="linus")["views"][-1])
        harness.do("close", user="linus", all=True)
        assert ("U00000LINUS", reason) in refusals(harness)
        assert "Approve" in visible_text(card_of(harness, id_of(card)))


def card_of_margaret(harness: Harness) -> Json:
    """Return the open card for one row, asked for by whoever is first."""
    known = [
        m
        for m in harness.messages(APPROVALS, "grace")
        if "LON-DP02" in visible_text(m) and "Approve" in visible_text(m)
    ]
    return known[-1] if known else ask_for(harness, "PS100112 dp:LON-DP02", "ada")


def test_check_counts_them_as_people_who_could_vote(harness: Harness, tmp_path: Path) -> None:
    assert check(harness.settings, tmp_path).marked("good")["votes"] == "3 people could vote today"

    same = check(harness.settings, tmp_path, approvers__users='["U0MARGARET", "W0MARGARET"]', approvers__groups="[]")
    assert same.wrong["votes"].startswith("1 person could vote today, two must; some are named by two of their ids")


def test_two_ids_of_one_person_are_not_two_approvers_at_the_start(fresh_harness: Harness) -> None:
    bot = fresh_harness.start_bot(connected=False, approvers__users=["U0MARGARET", "W0MARGARET"], approvers__groups=[])

    assert bot.wait() != 0
    assert "1 person could approve a reset, and two are needed" in bot.log()


def test_an_installation_for_the_whole_organisation_is_said_in_one_line(fresh_harness: Harness, tmp_path: Path) -> None:
    fresh_harness.do("place", enterprise_id=ORG, is_org_wide=True)

    checked = check(fresh_harness.settings, tmp_path)
    bot = fresh_harness.start_bot(connected=False)

    assert checked.wrong["bot token"].startswith("is for the whole organisation Contoso Group")
    assert bot.wait() == 3
    assert "install the app to that workspace" in bot.log()
    assert "Traceback" not in bot.log()


def test_tokens_of_two_apps_are_found_by_check(fresh_harness: Harness, tmp_path: Path) -> None:
    fresh_harness.do("place", app_id="A0OTHER")

    wrong = check(fresh_harness.settings, tmp_path).wrong

    assert wrong["app token"].startswith("is of the app A0PKGSTATUS, and the bot token is of A0OTHER")
