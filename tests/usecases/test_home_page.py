"""What one person's App Home says: whose vote a request waits for, whose it is, and what is the same for everybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.domain.approval import Approve
from bot.domain.home_content import Home, NextDigest
from bot.domain.package import SiteCode
from bot.domain.pending_post import USUAL, PendingPost, PostKind
from bot.domain.refusal import Reason, Refusal
from bot.store.request_index import RequestTable
from bot.usecases.access import Access, Actor, Allowed
from bot.usecases.drift.digest_service import DigestService
from bot.usecases.home_page import HomePage
from bot.usecases.ports.store import Card
from bot.usecases.resets.eligibility import Eligibility
from bot.usecases.resets.freeze import FreezeService
from bot.usecases.resets.request_repository import ChangeTexts, RequestRepository
from tests.builders import NOW
from tests.drift_history import FakeHistory, episode
from tests.fakes import ADA, APPROVERS, GRACE, GUS, HERE, LINUS, TEAM, FakeClock, contoso
from tests.requests import asked, plan, plan_row
from tests.usecases.conftest import AUDIT, tamper

if TYPE_CHECKING:
    from bot.store import Store
    from bot.usecases.ports.slack import Person

MORNING = NextDigest("morning", NOW + timedelta(hours=24), "C0SCCMOPS")


@pytest.fixture
def home_page(store: Store) -> HomePage:
    clock, index, people = FakeClock(), RequestTable(store.database), contoso()
    requests = RequestRepository(store.ledger, index, "C0APPROVE", ChangeTexts(lambda *_: None, lambda *_: None), clock)
    freeze_service = FreezeService(store.ledger, index, "C0APPROVE")
    digest_service = DigestService(
        [SiteCode("PS1")], FakeHistory(), requests, freeze_service, store.ledger, store.outbox, AUDIT, clock
    )
    eligibility = Eligibility(
        HERE,
        Allowed(),
        Allowed(groups=frozenset({APPROVERS})),
        people,
        freeze_service,
        lambda: timedelta(0),
        timedelta(minutes=10),
    )
    return HomePage(digest_service, Access(HERE, Allowed(), people), eligibility, lambda _: (MORNING,))


def home_of(person: Person, home_page: HomePage) -> Home:
    """Return somebody's Home, which must not be refused."""
    found = home_page.home(Actor(person.id, person.team_id), home_page.home_snapshot())
    assert isinstance(found, Home)
    return found


def opened(home_page: HomePage, **changes: object) -> str:
    """Record a request of Ada's and return its id."""
    request = asked(**changes)
    home_page.digest_service.requests.open(request, {})
    return request.id


def ids(requests: object) -> list[str]:
    return [request.id for request in requests]  # type: ignore[attr-defined]


def test_a_request_waits_for_approvers_and_is_its_requesters_own(home_page: HomePage) -> None:
    request_id = opened(home_page)

    grace, ada = home_of(GRACE, home_page), home_of(ADA, home_page)

    assert (ids(grace.to_vote), ids(grace.own)) == ([request_id], [])
    assert (ids(ada.to_vote), ids(ada.own)) == ([], [request_id])


def test_who_has_voted_already_is_not_waited_for(home_page: HomePage) -> None:
    request_id = opened(home_page)
    vote = Approve(GRACE.id, TEAM, asked().plan.fingerprint)
    home_page.digest_service.requests.change(request_id, vote, {"click": "K1"})

    assert ids(home_of(GRACE, home_page).to_vote) == []
    assert ids(home_of(LINUS, home_page).to_vote) == [request_id]


def test_an_approver_is_not_offered_their_own_request(home_page: HomePage) -> None:
    opened(home_page, requester=GRACE.id)

    home = home_of(GRACE, home_page)

    assert (ids(home.to_vote), len(home.own)) == ([], 1)


def test_a_card_that_is_posted_is_linked(home_page: HomePage) -> None:
    request_id = opened(home_page)
    requests = home_page.digest_service.requests
    assert home_page.home_snapshot().links == {}
    request = requests.load(request_id)
    assert request

    requests.record_card(request, Card("C0APPROVE", "1.0", "https://contoso.slack.com/archives/C0APPROVE/p1"))

    assert home_page.home_snapshot().links == {request_id: "https://contoso.slack.com/archives/C0APPROVE/p1"}


def test_a_digest_that_slack_refuses_or_has_not_taken_for_long_is_on_every_home(home_page: HomePage) -> None:
    refused = PendingPost(PostKind.DIGEST, "morning", "C0SCCMOPS", NOW, "is_archived")
    late = PendingPost(PostKind.DIGEST, "evening", "C0SCCMOPS", NOW - 2 * USUAL)
    on_its_way = PendingPost(PostKind.DIGEST, "noon", "C0SCCMOPS", NOW)
    home_page = replace(home_page, undelivered=lambda: (refused, late, on_its_way))

    assert home_page.home_snapshot().undelivered == (refused, late)


def test_a_guest_is_refused(home_page: HomePage) -> None:
    assert home_page.home(Actor(GUS.id, GUS.team_id), home_page.home_snapshot()) == Refusal(Reason.GUEST)


def test_what_everybody_sees_has_the_next_digests_the_freeze_and_the_trail(home_page: HomePage) -> None:
    home_page.digest_service.freeze_service.freeze(Actor(GRACE.id, TEAM), "site update", "K1")

    home_snapshot = home_page.home_snapshot()

    assert home_snapshot.digests == (MORNING,)
    assert home_snapshot.freeze is not None
    assert home_snapshot.trail.head.sequence == home_snapshot.trail.unsent == 1
    assert home_snapshot.audit_channel == AUDIT


def test_each_scan_makes_a_new_picture_and_time_alone_does_not(home_page: HomePage) -> None:
    history, site = home_page.digest_service.history, SiteCode("PS1")
    history.finish(site, NOW - timedelta(days=1), ())
    history.finish(site, NOW, ())
    before = home_page.home_snapshot().summary
    seen = episode(seen_at=NOW, moved_at=NOW, drifted_at=NOW)

    history.write([seen], ())
    assert home_page.home_snapshot().summary == before
    history.finish(site, NOW + timedelta(seconds=1), ())

    assert home_page.home_snapshot().summary.newly.count == 1


def test_traces_change_with_whatever_a_home_shows_and_not_without(home_page: HomePage, store: Store) -> None:
    history = home_page.digest_service.history
    before = home_page.change_token()
    assert home_page.change_token() == before

    history.finish(SiteCode("PS1"), NOW, ())
    scanned = home_page.change_token()
    opened(home_page)
    asked_for = home_page.change_token()
    store.outbox.mark_sent(store.outbox.pending(AUDIT), AUDIT, "1.0")

    assert len({repr(each) for each in (before, scanned, asked_for, home_page.change_token())}) == 4


def test_a_request_that_cannot_be_read_hides_no_other(home_page: HomePage, store: Store) -> None:
    altered = opened(home_page, id="altered", plan=plan(plan_row("NYC-DP03")))
    whole = opened(home_page, id="whole", plan=plan(plan_row("NYC-DP04")))
    tamper(store, altered, "{}")

    assert home_page.home_snapshot().lost == (altered,)
    assert ids(home_of(ADA, home_page).own) == [whole]
    assert ids(home_of(GRACE, home_page).to_vote) == [whole]


def test_the_log_hears_once_of_a_request_that_cannot_be_read(home_page: HomePage, store: Store) -> None:
    request_id = opened(home_page, id="altered and looked at again and again")
    tamper(store, request_id, "{}")

    with capture_logs() as events:
        for _ in range(3):
            home_page.home_snapshot()

    told = [event for event in events if event["event"] == "a request cannot be read"]
    assert [event["request"] for event in told] == [request_id]
