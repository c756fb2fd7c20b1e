"""The bot in one workspace of an Enterprise Grid organisation, whose people are at home all over it.

Shapes that were seen: no root `team_id` in users.info, a home workspace elsewhere, a click that names a sister
workspace, one person with an id here and another in the whole organisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.domain.refusal import Reason, Refusal
from bot.views.replies import refused
from tests.frontdoor.installer import check
from tests.frontdoor.resets import (
    APPROVALS,
    QUICK,
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
from tests.frontdoor.seen import CSV, words
from tests.frontdoor.test_home import shows
from tests.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.stage import Json

ORG, HERE, SISTER = "E0CONTOSO", "T0CONTOSO", "T0SISTER"
BOTH = [SISTER, HERE]
ELSEWHERE = "Only members of the workspace that installed me can use me"
OTHER_APP = refused(Refusal(Reason.OTHER_APP)).text
ORG_WIDE = refused(Refusal(Reason.ORG_WIDE)).text
OWN = "You made this request, so somebody else has to decide"
TWICE = "You have approved this already"


def join_organisation(stage: Stage) -> None:
    """Make the workspace one of an organisation, with people at home in both of its workspaces."""
    stage.do("place", enterprise_id=ORG)
    stage.do("person", id="ada", team_id=SISTER, teams=BOTH, has_root_team=False)
    stage.do("person", id="grace", teams=[HERE], has_root_team=False)
    stage.do("person", id="linus", team_id=SISTER, teams=BOTH)
    stage.do("person", id="margaret", teams=BOTH, acts_in=SISTER, global_id="W0MARGARET")
    stage.do("person", id="U00000HEIDI", handle="heidi", name="Heidi", team_id=SISTER, teams=[SISTER])
    stage.do("person", id="gus", team_id=SISTER, teams=BOTH)
    everybody = [user["id"] for user in stage.look("workspace")["users"]]
    for channel in ("sccm-ops", "sccm-approvals"):
        stage.do("channel", id=channel, members=everybody)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Yield a stage in an organisation with a bot; each test asks for rows of its own."""
    with Stage(tmp_path_factory.mktemp("stage"), clockwork=QUICK) as stage:
        join_organisation(stage)
        stage.start_bot()
        yield stage


@pytest.fixture
def fresh_stage(tmp_path: Path) -> Iterator[Stage]:
    """Yield a stage in an organisation without a bot."""
    with Stage(tmp_path, clockwork=QUICK) as stage:
        join_organisation(stage)
        yield stage


@pytest.mark.parametrize("user", ["ada", "grace", "linus", "margaret"])
def test_whoever_is_a_member_may_look_and_click(stage: Stage, user: str) -> None:
    answer = stage.ask(user, "PS100112")
    assert answer["text"].startswith("PS100112 Boot image")

    stage.click(user, answer, CSV)

    assert "sent you the CSV" in stage.answer_to(user)["text"]


def test_a_reset_is_requested_approved_and_applied_by_people_from_all_over_it(stage: Stage) -> None:
    card = ask_for(stage, "PS100112 dp:NYC-DP03", "ada")
    stage.do("open_home", user="linus")
    shows(stage, "linus", "Waiting for your vote (")

    apply(stage, card)

    votes = [entry.user for entry in entries(stage, "approved") if id_of(card) in entry.stream]
    assert votes == ["U00000GRACE", "U00000LINUS"]


def test_a_requester_cannot_approve_as_somebody_of_the_organisation(stage: Stage) -> None:
    card = ask_for(stage, "PS100112 dp:LON-DP01", "margaret")
    try:
        stage.do("person", id="margaret", acts_as="W0MARGARET")
        assert press(stage, "margaret", card).startswith(OWN)
        reject(stage, "margaret", card)
        stage.wait_for(lambda: [reason for _, reason in refusals(stage)].count("own request") >= 2)
        assert "Approve" in words(card_of(stage, id_of(card)))
        stage.do("open_home", user="margaret")
        shows(stage, "margaret", "Your open requests (1)")
    finally:
        stage.do("person", id="margaret", acts_as="")

    assert not [entry for entry in entries(stage, "approved") if id_of(card) in entry.stream]


@pytest.mark.parametrize("first", ["", "W0MARGARET"])
def test_nobody_votes_twice_by_two_ids(fresh_stage: Stage, first: str) -> None:
    fresh_stage.start_bot()
    card = ask_for(fresh_stage, "PS100112 dp:NYC-DP03", "ada")
    fresh_stage.do("person", id="margaret", acts_as=first)
    approve(fresh_stage, card, "margaret")

    fresh_stage.do("person", id="margaret", acts_as="" if first else "W0MARGARET")

    assert press(fresh_stage, "margaret", card).startswith(TWICE)
    assert len(entries(fresh_stage, "approved")) == 1
    approve(fresh_stage, card, "linus")
    card_of(fresh_stage, id_of(card), "changed, each with its backup")


def test_an_approver_freezes_and_unfreezes(fresh_stage: Stage) -> None:
    fresh_stage.start_bot()
    fresh_stage.ask("linus", "freeze site update")
    assert "Resets are frozen" in press(fresh_stage, "grace", ask_before(fresh_stage))

    assert fresh_stage.ask("margaret", "unfreeze")["text"] == "Resets may go on."


def ask_before(stage: Stage) -> Json:
    """Return a card that was asked for while nothing was frozen."""
    stage.ask("margaret", "unfreeze")
    card = ask_for(stage, "PS100112 dp:NYC-DP03", "ada")
    stage.ask("linus", "freeze site update")
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
    stage: Stage, user: str, told: str, reason: str
) -> None:
    answer = stage.ask("ada", "PS100112")
    stage.click(user, answer, CSV)

    assert stage.answer_to(user)["text"].startswith(told)
    assert refusals(stage)[-1][1] == reason


def test_a_stranger_whose_click_claims_to_be_of_ours_is_refused(stage: Stage) -> None:
    answer = stage.ask("ada", "PS100112")
    stage.do("person", id="olga", acts_in=HERE)

    stage.click("olga", answer, CSV)

    assert stage.answer_to("olga")["text"].startswith(ELSEWHERE)


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
        self, stage: Stage, place: Json, told: str, reason: str
    ) -> None:
        card = card_of_margaret(stage)
        votes, table = len(entries(stage, "approved")), stage.ask("ada", "PS100112")
        try:
            stage.do("place", named_only=True, **place)
            assert press(stage, "grace", card) == told or press(stage, "grace", card).startswith(told)
            stage.click("ada", table, CSV)
            assert stage.answer_to("ada")["text"].startswith(told)
            if "is_org_wide" not in place:  # a command names its workspace in any case
                assert stage.command("ada", "PS100112")["response"]["text"].startswith(told)
        finally:
            stage.do("place")

        assert len(entries(stage, "approved")) == votes
        assert ("U00000GRACE", reason) in refusals(stage)

    def test_end_a_form_in_the_same_sentence(self, stage: Stage, place: Json, told: str, reason: str) -> None:
        card = card_of_margaret(stage)
        stage.click("linus", card, REJECT)
        wait_for_form(stage, "linus")
        try:
            stage.do("place", named_only=True, **place)
            values = {"reason": {"field": "not during the rollout"}}
            stage.do("submit", user="linus", values=values)
        finally:
            stage.do("place")

        assert told in words(stage.look("views", user="linus")["views"][-1])
        stage.do("close", user="linus", all=True)
        assert ("U00000LINUS", reason) in refusals(stage)
        assert "Approve" in words(card_of(stage, id_of(card)))


def card_of_margaret(stage: Stage) -> Json:
    """Return the open card for one row, asked for by whoever is first."""
    known = [m for m in stage.messages(APPROVALS, "grace") if "LON-DP02" in words(m) and "Approve" in words(m)]
    return known[-1] if known else ask_for(stage, "PS100112 dp:LON-DP02", "ada")


def test_check_counts_them_as_people_who_could_vote(stage: Stage, tmp_path: Path) -> None:
    assert check(stage.settings, tmp_path).marked("good")["votes"] == "3 people could vote today"

    same = check(stage.settings, tmp_path, approvers__users='["U0MARGARET", "W0MARGARET"]', approvers__groups="[]")
    assert same.wrong["votes"].startswith("1 person could vote today, two must; some are named by two of their ids")


def test_two_ids_of_one_person_are_not_two_approvers_at_the_start(fresh_stage: Stage) -> None:
    bot = fresh_stage.start_bot(connected=False, approvers__users=["U0MARGARET", "W0MARGARET"], approvers__groups=[])

    assert bot.wait() != 0
    assert "1 person could approve a reset, and two are needed" in bot.log()


def test_an_installation_for_the_whole_organisation_is_said_in_one_line(fresh_stage: Stage, tmp_path: Path) -> None:
    fresh_stage.do("place", enterprise_id=ORG, is_org_wide=True)

    checked = check(fresh_stage.settings, tmp_path)
    bot = fresh_stage.start_bot(connected=False)

    assert checked.wrong["bot token"].startswith("is for the whole organisation Contoso Group")
    assert bot.wait() == 3
    assert "install the app to that workspace" in bot.log()
    assert "Traceback" not in bot.log()


def test_tokens_of_two_apps_are_found_by_check(fresh_stage: Stage, tmp_path: Path) -> None:
    fresh_stage.do("place", app_id="A0OTHER")

    wrong = check(fresh_stage.settings, tmp_path).wrong

    assert wrong["app token"].startswith("is of the app A0PKGSTATUS, and the bot token is of A0OTHER")
