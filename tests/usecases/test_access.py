"""Who may look: full members of our workspace, or those on the list; nobody whom Slack cannot vouch for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.refusal import Reason
from bot.usecases.access import Access, Actor, Allowed, Installation, distinct
from bot.usecases.ports.slack import Person
from tests.fakes import ADA, APPROVERS, ELSEWHERE, GRACE, GUS, HERE, OLGA, PKGSTATUS, TEAM, FakePeople, contoso

case = pytest.param
ANYONE = Allowed()


def reason(person: Person, viewers: Allowed = ANYONE, team: str = TEAM, people: FakePeople | None = None) -> str | None:
    """Return why this person may not look."""
    refusal = Access(HERE, viewers, people or contoso()).refusal(Actor(person.id, team))
    return refusal.reason if refusal else None


def only(person: Person) -> FakePeople:
    return FakePeople(person)


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        case(ADA, None, id="a full member"),
        case(GUS, Reason.GUEST, id="a guest"),
        case(PKGSTATUS, Reason.BOT, id="a bot"),
        case(OLGA, Reason.OTHER_WORKSPACE, id="somebody of another workspace in a shared channel"),
        case(replace(ADA, is_deactivated=True), Reason.DEACTIVATED, id="somebody who has left"),
        case(replace(ADA, is_external=True), Reason.OTHER_WORKSPACE, id="a stranger"),
        case(replace(ADA, team_id=""), Reason.OTHER_WORKSPACE, id="somebody without a team"),
        case(replace(OLGA, is_guest=True, is_bot=True), Reason.OTHER_WORKSPACE, id="a foreign guest bot"),
        case(replace(GUS, is_deactivated=True), Reason.DEACTIVATED, id="a guest who has left"),
    ],
)
def test_without_a_list_every_full_member_may_look(person: Person, expected: Reason | None) -> None:
    assert reason(person, people=only(person)) == expected


@pytest.mark.parametrize("person", [ADA, OLGA])
def test_whoever_acts_for_another_workspace_is_refused(person: Person) -> None:
    assert reason(person, team=ELSEWHERE) == Reason.OTHER_WORKSPACE


ORG, SISTER = "E0CONTOSO", "T0SISTER"
AT_HOME_ELSEWHERE = Person("U0HEIDI", SISTER, teams=frozenset({SISTER, TEAM}), global_id="W0HEIDI")


@pytest.mark.parametrize("team", [TEAM, SISTER, ORG, "T0THIRD"])
@pytest.mark.parametrize(
    ("person", "expected"),
    [
        case(AT_HOME_ELSEWHERE, None, id="at home elsewhere in the organisation"),
        case(replace(AT_HOME_ELSEWHERE, team_id=""), None, id="without a root team"),
        case(replace(AT_HOME_ELSEWHERE, team_id=ORG), None, id="with the organisation as team"),
        case(replace(ADA, teams=frozenset({TEAM})), None, id="at home here"),
        case(replace(AT_HOME_ELSEWHERE, teams=frozenset({SISTER})), Reason.OTHER_WORKSPACE, id="of a sister only"),
        case(Person("U0HEIDI", ""), Reason.OTHER_WORKSPACE, id="without any team"),
        case(OLGA, Reason.OTHER_WORKSPACE, id="of another company"),
        case(replace(AT_HOME_ELSEWHERE, is_external=True), Reason.OTHER_WORKSPACE, id="a stranger"),
        case(replace(AT_HOME_ELSEWHERE, is_guest=True), Reason.GUEST, id="a guest"),
        case(replace(AT_HOME_ELSEWHERE, is_bot=True), Reason.BOT, id="a bot"),
        case(replace(AT_HOME_ELSEWHERE, is_deactivated=True), Reason.DEACTIVATED, id="somebody who has left"),
    ],
)
def test_in_an_organisation_slack_s_word_on_a_person_counts_and_not_the_payload_s(
    person: Person, team: str, expected: Reason | None
) -> None:
    found = Access(Installation(TEAM, ORG), ANYONE, only(person)).refusal(Actor(person.id, team))

    assert (found and found.reason) == expected


@pytest.mark.parametrize("named", ["U0HEIDI", "W0HEIDI"])
@pytest.mark.parametrize("acts_as", ["U0HEIDI", "W0HEIDI"])
def test_a_list_may_name_people_by_either_of_their_ids(named: str, acts_as: str) -> None:
    people = FakePeople(AT_HOME_ELSEWHERE, S0=[named])
    people.also_known_as("W0HEIDI", AT_HOME_ELSEWHERE)

    for viewers in (Allowed(users=frozenset({named})), Allowed(groups=frozenset({"S0"}))):
        assert Access(Installation(TEAM, ORG), viewers, people).refusal(Actor(acts_as, SISTER)) is None


@pytest.mark.parametrize(
    ("people", "count"),
    [
        ([], 0),
        ([{"U1"}, {"U2"}], 2),
        ([{"U1", "W1"}, {"W1"}], 1),
        ([{"U1"}, {"W1"}, {"U1", "W1"}], 1),
        ([{"U1", "W1"}, {"U2", "W2"}, {"W2"}], 2),
        ([{"U1", "W1"}, {"W1", "W2"}, {"U1"}], 1),
    ],
)
def test_people_are_counted_as_humans_and_not_as_ids(people: list[set[str]], count: int) -> None:
    assert distinct(map(frozenset, people)) == count


@pytest.mark.parametrize(
    ("viewers", "expected"),
    [
        case(Allowed(users=frozenset({ADA.id})), Reason.NOT_A_VIEWER, id="another person"),
        case(Allowed(users=frozenset({GRACE.id})), None, id="this person"),
        case(Allowed(groups=frozenset({APPROVERS})), None, id="a group of this person"),
        case(Allowed(users=frozenset({ADA.id}), groups=frozenset({APPROVERS})), None, id="either of both"),
    ],
)
def test_with_a_list_only_those_on_it_may_look(viewers: Allowed, expected: Reason | None) -> None:
    assert reason(GRACE, viewers) == expected


def test_being_on_the_list_does_not_make_a_guest_a_member() -> None:
    assert reason(GUS, Allowed(users=frozenset({GUS.id}))) == Reason.GUEST


def test_who_is_in_no_listed_group_may_not_look() -> None:
    assert reason(ADA, Allowed(groups=frozenset({APPROVERS}))) == Reason.NOT_A_VIEWER


@pytest.mark.parametrize("viewers", [ANYONE, Allowed(groups=frozenset({"S0GONE"}))])
def test_whom_slack_cannot_look_up_is_refused(viewers: Allowed) -> None:
    people = contoso()
    people.is_down = viewers.is_anyone

    assert reason(ADA, viewers, people=people) == Reason.CANNOT_LOOK_UP


def test_somebody_unknown_to_slack_is_refused() -> None:
    assert reason(Person("U0NOBODY", TEAM)) == Reason.CANNOT_LOOK_UP
