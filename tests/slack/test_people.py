"""What every filler of the port `People` promises: Slack's own answers, and the fake of the stories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.demo.launch import manifest_path
from bot.demo.workspace.server import RunningWorkspace
from bot.slack.people import CACHED_FOR, CachedPeople, SlackNames, SlackPeople
from bot.slack.web_client import Client
from bot.usecases.ports.slack import PeopleError, Person
from tests.fakes import ADA, APPROVERS, ELSEWHERE, GRACE, GUS, LINUS, MARGARET, PKGSTATUS, FakeClock, contoso

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.usecases.ports.slack import People


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Return a client of a workspace."""
    with RunningWorkspace(manifest=manifest_path()) as workspace:
        yield Client(workspace.bot_token, base_url=workspace.api_url)


@pytest.fixture(params=["fake", "Slack", "remembered"])
def people(request: pytest.FixtureRequest, client: Client) -> People:
    """Return the people of the invented company, from each filler."""
    fillers: dict[str, Any] = {
        "fake": contoso,
        "Slack": lambda: SlackPeople(client),
        "remembered": lambda: CachedPeople(SlackPeople(client), FakeClock()),
    }
    filler: People = fillers[request.param]()
    return filler


@pytest.mark.parametrize("person", [ADA, GRACE, GUS, PKGSTATUS], ids=["a member", "another", "a guest", "a bot"])
def test_a_person_is_described(people: People, person: Person) -> None:
    assert people.find(person.id) == person


def test_somebody_of_another_workspace_is_of_another_team(people: People) -> None:
    assert people.find("U000000OLGA").team_id == ELSEWHERE


def test_a_group_has_its_members(people: People) -> None:
    assert people.members(APPROVERS) == {GRACE.id, LINUS.id, MARGARET.id}


def test_whoever_is_not_known_is_an_error(people: People) -> None:
    with pytest.raises(PeopleError):
        people.find("U0NOBODY")


def test_a_group_that_is_not_known_is_an_error(people: People) -> None:
    with pytest.raises(PeopleError):
        people.members("S0NOTHING")


def test_a_slack_that_cannot_be_reached_is_an_error() -> None:
    away = SlackPeople(Client("xoxb-1", base_url="http://127.0.0.1:9/api/", retry_handlers=[]))

    for question in (lambda: away.find(ADA.id), lambda: away.members(APPROVERS)):
        with pytest.raises(PeopleError):
            question()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"deleted": True}, {"is_deactivated": True}),
        ({"is_restricted": True}, {"is_guest": True}),
        ({"is_ultra_restricted": True}, {"is_guest": True}),
        ({"is_invited_user": True}, {"is_guest": True}),
        ({"is_bot": True}, {"is_bot": True}),
        ({"is_stranger": True}, {"is_external": True}),
        ({"team_id": None}, {"team_id": ""}),
        ({"id": "USLACKBOT"}, {"id": "USLACKBOT", "is_bot": True}),
        ({"enterprise_user": None}, {}),
        ({"enterprise_user": {"id": "W1", "teams": None}}, {"global_id": "W1"}),
        (
            {"team_id": None, "enterprise_user": {"id": "W1", "enterprise_id": "E1", "teams": ["T1", "T2"]}},
            {"team_id": "", "global_id": "W1", "teams": frozenset({"T1", "T2"})},
        ),
        ({"is_admin": True, "is_owner": True}, {}),
    ],
)
def test_every_flag_of_slack_is_understood(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    class Slack(Client):
        def users_info(self, **_: Any) -> Any:
            return {"user": {"id": "U1", "team_id": "T1"} | fields}

    assert SlackPeople(Slack()).find("U1") == Person(**({"id": "U1", "team_id": "T1"} | expected))


class TestMemory:
    def test_asks_once_within_a_minute(self) -> None:
        slack, clock = contoso(), FakeClock()
        remembered = CachedPeople(slack, clock)

        for _ in range(3):
            remembered.find(ADA.id)
            remembered.members(APPROVERS)
        clock.move(seconds=CACHED_FOR.total_seconds() - 1)
        remembered.find(ADA.id)

        assert slack.asked == [ADA.id, APPROVERS]

    def test_asks_again_after_a_minute(self) -> None:
        slack, clock = contoso(), FakeClock()
        remembered = CachedPeople(slack, clock)
        remembered.find(ADA.id)

        clock.move(seconds=CACHED_FOR.total_seconds())
        remembered.find(ADA.id)

        assert slack.asked == [ADA.id, ADA.id]

    def test_does_not_remember_an_error(self) -> None:
        slack = contoso()
        remembered = CachedPeople(slack, FakeClock())
        slack.is_down = True
        with pytest.raises(PeopleError):
            remembered.find(ADA.id)

        slack.is_down = False

        assert remembered.find(ADA.id) == ADA


class TestNames:
    def test_are_the_real_ones_and_asked_for_once_an_hour(self) -> None:
        client, clock = NamingClient(), FakeClock()
        names = SlackNames(client, clock)

        assert [names(ADA.id), names(ADA.id)] == ["Ada Lovelace"] * 2
        assert client.asked == [ADA.id]
        clock.move(hours=1)
        assert names(ADA.id) == "Ada Lovelace"
        assert client.asked == [ADA.id] * 2

    def test_are_the_id_while_slack_does_not_say_and_it_is_left_alone_for_a_minute(self) -> None:
        client, clock = NamingClient(), FakeClock()
        names = SlackNames(client, clock)
        names(ADA.id)
        clock.move(hours=2)
        client.is_down = True

        assert [names(GRACE.id), names(GRACE.id), names(ADA.id)] == [GRACE.id, GRACE.id, "Ada Lovelace"]
        assert client.asked == [ADA.id, GRACE.id]
        client.is_down = False
        clock.move(minutes=1)
        assert names(GRACE.id) == "Ada Lovelace"

    @pytest.mark.parametrize(
        ("user", "name"),
        [
            ({"real_name": "", "profile": {"real_name": "Ada"}}, "Ada"),
            ({"name": "ada"}, "ada"),
            ({"profile": None}, ADA.id),
        ],
    )
    def test_come_from_whatever_field_slack_filled(self, user: dict[str, Any], name: str) -> None:
        client = NamingClient()
        client.user = user

        assert SlackNames(client, FakeClock())(ADA.id) == name


class NamingClient(Client):
    """Names everybody alike and keeps who was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.user: dict[str, Any] = {"real_name": "Ada Lovelace", "name": "ada"}
        self.asked: list[str] = []
        self.is_down = False

    def users_info(self, *, user: str, **_: Any) -> Any:
        self.asked.append(user)
        if self.is_down:
            raise OSError("a fault that the test wants")
        return {"user": self.user}
