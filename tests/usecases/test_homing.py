"""What one person's App Home says: whose vote a request waits for, whose it is, and what is the same for everybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.domain.approval import Approve
from bot.domain.home import Home, NextDigest
from bot.domain.package import SiteCode
from bot.domain.refusal import Reason, Refusal
from bot.domain.waiting import USUAL, Waiting, What
from bot.store.requests import RequestTable
from bot.usecases.access import Access, Actor, Allowed
from bot.usecases.digesting import Digesting
from bot.usecases.freezing import Freezing
from bot.usecases.homing import Homing
from bot.usecases.request_ports import Card
from bot.usecases.requests import Requests, Telling
from bot.usecases.standing import Standing
from tests.builders import NOW
from tests.drift_history import FakeHistory, spell
from tests.fakes import ADA, APPROVERS, GRACE, GUS, HERE, LINUS, TEAM, FakeClock, contoso
from tests.requests import asked, plan, plan_row
from tests.usecases.conftest import AUDIT, tamper

if TYPE_CHECKING:
    from bot.store import Store
    from bot.usecases.ports import Person

MORNING = NextDigest("morning", NOW + timedelta(hours=24), "C0SCCMOPS")


@pytest.fixture
def homing(store: Store) -> Homing:
    clock, index, people = FakeClock(), RequestTable(store.database), contoso()
    requests = Requests(store.ledger, index, "C0APPROVE", Telling(lambda *_: None, lambda *_: None), clock)
    freezing = Freezing(store.ledger, index, "C0APPROVE")
    digesting = Digesting(
        [SiteCode("PS1")], FakeHistory(), requests, freezing, store.ledger, store.outbox, AUDIT, clock
    )
    standing = Standing(
        HERE,
        Allowed(),
        Allowed(groups=frozenset({APPROVERS})),
        people,
        freezing,
        lambda: timedelta(0),
        timedelta(minutes=10),
    )
    return Homing(digesting, Access(HERE, Allowed(), people), standing, lambda _: (MORNING,))


def home_of(person: Person, homing: Homing) -> Home:
    """Return somebody's Home, which must not be refused."""
    found = homing.home(Actor(person.id, person.team_id), homing.glance())
    assert isinstance(found, Home)
    return found


def opened(homing: Homing, **changes: object) -> str:
    """Record a request of Ada's and return its id."""
    request = asked(**changes)
    homing.digesting.requests.open(request, {})
    return request.id


def ids(requests: object) -> list[str]:
    return [request.id for request in requests]  # type: ignore[attr-defined]


def test_a_request_waits_for_approvers_and_is_its_requesters_own(homing: Homing) -> None:
    request_id = opened(homing)

    grace, ada = home_of(GRACE, homing), home_of(ADA, homing)

    assert (ids(grace.to_vote), ids(grace.own)) == ([request_id], [])
    assert (ids(ada.to_vote), ids(ada.own)) == ([], [request_id])


def test_who_has_voted_already_is_not_waited_for(homing: Homing) -> None:
    request_id = opened(homing)
    vote = Approve(GRACE.id, TEAM, asked().plan.fingerprint)
    homing.digesting.requests.change(request_id, vote, {"click": "K1"})

    assert ids(home_of(GRACE, homing).to_vote) == []
    assert ids(home_of(LINUS, homing).to_vote) == [request_id]


def test_an_approver_is_not_offered_their_own_request(homing: Homing) -> None:
    opened(homing, requester=GRACE.id)

    home = home_of(GRACE, homing)

    assert (ids(home.to_vote), len(home.own)) == ([], 1)


def test_a_card_that_is_posted_is_linked(homing: Homing) -> None:
    request_id = opened(homing)
    requests = homing.digesting.requests
    assert homing.glance().links == {}
    request = requests.load(request_id)
    assert request

    requests.note_card(request, Card("C0APPROVE", "1.0", "https://contoso.slack.com/archives/C0APPROVE/p1"))

    assert homing.glance().links == {request_id: "https://contoso.slack.com/archives/C0APPROVE/p1"}


def test_a_digest_that_slack_refuses_or_has_not_taken_for_long_is_on_every_home(homing: Homing) -> None:
    refused = Waiting(What.DIGEST, "morning", "C0SCCMOPS", NOW, "is_archived")
    late = Waiting(What.DIGEST, "evening", "C0SCCMOPS", NOW - 2 * USUAL)
    on_its_way = Waiting(What.DIGEST, "noon", "C0SCCMOPS", NOW)
    homing = replace(homing, undelivered=lambda: (refused, late, on_its_way))

    assert homing.glance().undelivered == (refused, late)


def test_a_guest_is_refused(homing: Homing) -> None:
    assert homing.home(Actor(GUS.id, GUS.team_id), homing.glance()) == Refusal(Reason.GUEST)


def test_what_everybody_sees_has_the_next_digests_the_freeze_and_the_trail(homing: Homing) -> None:
    homing.digesting.freezing.freeze(Actor(GRACE.id, TEAM), "site update", "K1")

    glance = homing.glance()

    assert glance.digests == (MORNING,)
    assert glance.freeze is not None
    assert glance.trail.head.sequence == glance.trail.untold == 1
    assert glance.audit_channel == AUDIT


def test_each_scan_makes_a_new_picture_and_time_alone_does_not(homing: Homing) -> None:
    history, site = homing.digesting.history, SiteCode("PS1")
    history.finish(site, NOW - timedelta(days=1), ())
    history.finish(site, NOW, ())
    before = homing.glance().picture
    seen = spell(seen_at=NOW, moved_at=NOW, drifted_at=NOW)

    history.write([seen], ())
    assert homing.glance().picture == before
    history.finish(site, NOW + timedelta(seconds=1), ())

    assert homing.glance().picture.newly.count == 1


def test_traces_change_with_whatever_a_home_shows_and_not_without(homing: Homing, store: Store) -> None:
    history = homing.digesting.history
    before = homing.traces()
    assert homing.traces() == before

    history.finish(SiteCode("PS1"), NOW, ())
    scanned = homing.traces()
    opened(homing)
    asked_for = homing.traces()
    store.outbox.settle(store.outbox.pending(AUDIT), AUDIT, "1.0")

    assert len({repr(each) for each in (before, scanned, asked_for, homing.traces())}) == 4


def test_a_request_that_cannot_be_read_hides_no_other(homing: Homing, store: Store) -> None:
    altered = opened(homing, id="altered", plan=plan(plan_row("NYC-DP03")))
    whole = opened(homing, id="whole", plan=plan(plan_row("NYC-DP04")))
    tamper(store, altered, "{}")

    assert homing.glance().lost == (altered,)
    assert ids(home_of(ADA, homing).own) == [whole]
    assert ids(home_of(GRACE, homing).to_vote) == [whole]


def test_the_log_hears_once_of_a_request_that_cannot_be_read(homing: Homing, store: Store) -> None:
    request_id = opened(homing, id="altered and looked at again and again")
    tamper(store, request_id, "{}")

    with capture_logs() as events:
        for _ in range(3):
            homing.glance()

    told = [event for event in events if event["event"] == "a request cannot be read"]
    assert [event["request"] for event in told] == [request_id]
