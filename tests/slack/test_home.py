"""Homes are published again when they say something new, for those who opened them lately, a few at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.domain.home_content import NextDigest
from bot.domain.package import SiteCode
from bot.slack.dispatcher import Dispatcher
from bot.slack.inbound import InboundRequest
from bot.slack.listeners.home import FRESH_FOR, MAX_PEOPLE, MAX_PER_REFRESH, HomeListeners
from bot.store.factory import open_store
from bot.store.request_index import RequestTable
from bot.usecases.access import Access, Actor, Allowed
from bot.usecases.drift.digest_service import DigestService
from bot.usecases.home_page import HomePage
from bot.usecases.ports.slack import Person
from bot.usecases.resets.eligibility import Eligibility
from bot.usecases.resets.freeze import FreezeService
from bot.usecases.resets.request_repository import ChangeTexts, RequestRepository
from tests.builders import NOW
from tests.drift_history import FakeHistory
from tests.fakes import GUS, HERE, TEAM, FakeClock, FakePeople

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.store import Store

CROWD = [Person(f"U{number:04}", TEAM) for number in range(MAX_PEOPLE + 5)]


class Publishing(WebClient):
    """A Slack that notes for whom it was asked to publish, and refuses when told to."""

    def __init__(self) -> None:
        super().__init__(token="xoxb-of-this-test")  # noqa: S106 - an invented token
        self.published: list[str] = []
        self.is_down = False

    def views_publish(self, *, user_id: str, **_: Any) -> Any:
        """Note for whom."""
        if self.is_down:
            raise SlackApiError("not now", {"error": "ratelimited"})
        self.published.append(user_id)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    store = open_store(address, audit_channel="C0AUDIT", holder="here", clock=FakeClock())
    yield store
    store.close()


@pytest.fixture
def slack() -> Publishing:
    return Publishing()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def people() -> FakePeople:
    return FakePeople(*CROWD, GUS)


@pytest.fixture
def planned() -> list[NextDigest]:
    """Return the digests that are due next: none until a test plans one."""
    return []


@pytest.fixture
def homes(
    store: Store, slack: Publishing, clock: FakeClock, people: FakePeople, planned: list[NextDigest]
) -> HomeListeners:
    index = RequestTable(store.database)
    requests = RequestRepository(store.ledger, index, "C0APPROVE", ChangeTexts(lambda *_: None, lambda *_: None), clock)
    freeze_service = FreezeService(store.ledger, index, "C0APPROVE")
    digest_service = DigestService(
        [SiteCode("PS1")], FakeHistory(), requests, freeze_service, store.ledger, store.outbox, "C0AUDIT", clock
    )
    eligibility = Eligibility(
        HERE, Allowed(), Allowed(), people, freeze_service, lambda: timedelta(0), timedelta(minutes=10)
    )
    home_page = HomePage(digest_service, Access(HERE, Allowed(), people), eligibility, lambda _: tuple(planned))
    dispatcher = Dispatcher(None, None, None, store.inbox, store.ledger)  # type: ignore[arg-type]  # nothing is taken in here
    return HomeListeners(home_page, dispatcher, slack, str, clock)


def open_for(homes: HomeListeners, *people: Person) -> None:
    """Let people open their Homes."""
    for person in people:
        homes._open(InboundRequest("K", person.id, person.team_id, "app_home_opened", "home")).send()


def freeze(homes: HomeListeners, why: str = "site update") -> None:
    """Change something that every Home shows."""
    homes.home_page.digest_service.freeze_service.freeze(Actor("U0MARGARET", TEAM), why, why)


def test_nothing_is_published_while_nothing_changes(homes: HomeListeners, slack: Publishing) -> None:
    open_for(homes, CROWD[0])

    for _ in range(3):
        homes.refresh()

    assert slack.published == [CROWD[0].id]


def test_an_entry_that_no_home_shows_is_no_reason_to_publish(
    homes: HomeListeners, slack: Publishing, clock: FakeClock
) -> None:
    open_for(homes, CROWD[0])
    homes.refresh()

    clock.move(minutes=1)
    homes.home_page.digest_service.freeze_service.unfreeze(Actor("U0MARGARET", TEAM), "K")
    homes.refresh()

    assert slack.published == [CROWD[0].id]


def test_a_change_is_published_a_few_at_a_time_until_everybody_has_it(homes: HomeListeners, slack: Publishing) -> None:
    open_for(homes, *CROWD[:25])
    slack.published.clear()
    freeze(homes)

    looks = []
    for _ in range(4):
        homes.refresh()
        looks.append(len(slack.published))

    assert looks == [MAX_PER_REFRESH, 2 * MAX_PER_REFRESH, 25, 25]
    assert sorted(slack.published) == [person.id for person in CROWD[:25]]


def test_who_opened_it_long_ago_is_left_alone(homes: HomeListeners, slack: Publishing, clock: FakeClock) -> None:
    open_for(homes, CROWD[0])
    clock.move(seconds=FRESH_FOR.total_seconds() + 1)
    open_for(homes, CROWD[1])
    slack.published.clear()
    freeze(homes)

    homes.refresh()

    assert slack.published == [CROWD[1].id]


def test_of_very_many_people_only_the_latest_are_refreshed(homes: HomeListeners, slack: Publishing) -> None:
    open_for(homes, *CROWD)
    slack.published.clear()
    freeze(homes)

    for _ in CROWD:
        homes.refresh()

    assert sorted(slack.published) == [person.id for person in CROWD[-MAX_PEOPLE:]]


def test_a_home_that_slack_refused_is_published_at_a_later_refresh(homes: HomeListeners, slack: Publishing) -> None:
    open_for(homes, CROWD[0])
    slack.published.clear()
    freeze(homes)

    slack.is_down = True
    homes.refresh()
    slack.is_down = False
    homes.refresh()

    assert slack.published == [CROWD[0].id]


def test_a_home_stays_as_it_is_while_slack_does_not_say_who_somebody_is(
    homes: HomeListeners, slack: Publishing, people: FakePeople
) -> None:
    open_for(homes, CROWD[0])
    slack.published.clear()
    freeze(homes)

    people.is_down = True
    homes.refresh()

    assert slack.published == []


def test_a_guest_sees_a_refusal_and_is_not_kept_up_to_date(homes: HomeListeners, slack: Publishing) -> None:
    open_for(homes, GUS)
    freeze(homes)

    homes.refresh()

    assert slack.published == [GUS.id]


def test_the_next_digest_alone_makes_a_home_new(
    homes: HomeListeners, slack: Publishing, planned: list[NextDigest]
) -> None:
    open_for(homes, CROWD[0])
    homes.refresh()
    slack.published.clear()

    planned.append(NextDigest("morning", NOW, "C0OPS"))
    homes.refresh()

    assert slack.published == [CROWD[0].id]
