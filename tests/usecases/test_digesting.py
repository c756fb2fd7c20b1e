"""What a picture and a digest say of a history: the change since a moment, lists by page, filters, days and tops."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.digest import SiteSeen
from bot.domain.drift import DriftClass
from bot.domain.history import Moved, Spell
from bot.domain.package import PackageId, SiteCode
from bot.domain.picturing import Scope
from bot.domain.trouble import SiteTrouble
from bot.store.requests import RequestTable
from bot.usecases import digest_letter
from bot.usecases.digesting import Digesting
from bot.usecases.drift_ports import Tally
from bot.usecases.freezing import Freezing
from bot.usecases.requests import Requests, Telling
from bot.usecases.store_ports import Notice
from tests.builders import NOW, site_row
from tests.drift_history import FakeHistory, spell
from tests.fakes import FakeClock
from tests.requests import asked, plan, plan_row
from tests.store.drafts import draft
from tests.usecases.conftest import AUDIT, tamper

if TYPE_CHECKING:
    from bot.store import Store

PS1, P02 = SiteCode("PS1"), SiteCode("P02")
YESTERDAY = NOW - timedelta(days=1)
LAST_WEEK = NOW - timedelta(days=7)
BEFORE = NOW - timedelta(hours=2)
FIRST_LOOK = NOW - timedelta(days=30)
JUST_NOW = NOW - timedelta(minutes=5)


def old(host: str, package: str = "PS100112", **changes: Any) -> Spell:
    """Return a row that has been behind for a week."""
    return replace(spell(host, package, seen_at=LAST_WEEK, moved_at=LAST_WEEK, drifted_at=LAST_WEEK), **changes)


def new(host: str, package: str = "PS100112", **changes: Any) -> Spell:
    """Return a row that fell behind two hours ago."""
    return replace(spell(host, package, seen_at=BEFORE, moved_at=BEFORE, drifted_at=BEFORE), **changes)


@pytest.fixture
def history() -> FakeHistory:
    return FakeHistory()


@pytest.fixture
def digesting(store: Store, history: FakeHistory) -> Digesting:
    clock = FakeClock()
    index = RequestTable(store.database)
    requests = Requests(store.ledger, index, "C0APPROVE", Telling(lambda *_: None, lambda *_: None), clock)
    freezing = Freezing(store.ledger, index, "C0APPROVE")
    return Digesting([PS1, P02], history, requests, freezing, store.ledger, store.outbox, AUDIT, clock)


def scanned(history: FakeHistory, *spells: Spell) -> None:
    history.write(spells, ())
    for site in (PS1, P02):
        history.finish(site, FIRST_LOOK, ())
        history.finish(site, JUST_NOW, ())


def hosts(listed: object) -> list[str]:
    return [row.row.server.partition(".")[0] for row in listed.rows]  # type: ignore[attr-defined]


def test_without_any_scan_nothing_is_said_to_be_fine(digesting: Digesting) -> None:
    picture = digesting.picture(since=YESTERDAY)

    assert picture.sites == (SiteSeen(PS1, None), SiteSeen(P02, None))
    assert picture.at == NOW
    assert {day.counts for day in picture.days} == {None}
    assert len(picture.days) == 14


def test_rows_are_new_healed_gone_or_still_open(digesting: Digesting, history: FakeHistory) -> None:
    scanned(
        history,
        old("A"),
        new("B"),
        old("C", healed_at=BEFORE),
        old("D", healed_at=BEFORE, gone=True),
        old("E", healed_at=YESTERDAY),
        new("F", healed_at=JUST_NOW),
        new("G", drift_class=DriftClass.IN_FLIGHT, drifted_at=None),
        old("H", drift_class=DriftClass.IN_FLIGHT),
    )

    picture = digesting.picture(since=YESTERDAY)

    assert hosts(picture.still) == ["A"]
    assert hosts(picture.newly) == ["B"]
    assert hosts(picture.healed) == ["F", "C"]
    assert hosts(picture.gone) == ["D"]
    assert picture.counts == {DriftClass.DP_BEHIND: 2, DriftClass.IN_FLIGHT: 2}
    assert picture.drifted == 2


def test_without_a_digest_before_everything_is_still_open_and_nothing_is_news(
    digesting: Digesting, history: FakeHistory
) -> None:
    scanned(history, old("A"), new("B"), old("C", healed_at=BEFORE))

    picture = digesting.picture()

    assert (hosts(picture.still), picture.newly.count, picture.healed.count) == (["A", "B"], 0, 0)


def test_the_oldest_come_first_and_the_worst_of_the_new_ones(digesting: Digesting, history: FakeHistory) -> None:
    scanned(
        history,
        old("A", seen_at=LAST_WEEK + timedelta(hours=1)),
        old("B", "PS100200"),
        new("C"),
        new("D", drift_class=DriftClass.FAILED),
    )

    picture = digesting.picture(since=YESTERDAY)

    assert hosts(picture.still) == ["B", "A"]
    assert hosts(picture.newly) == ["D", "C"]
    assert [row.first_seen_at for row in picture.still.rows] == [LAST_WEEK, LAST_WEEK + timedelta(hours=1)]


def test_what_an_unfinished_scan_wrote_is_not_told(digesting: Digesting, history: FakeHistory) -> None:
    scanned(history, old("A"), old("B"))
    history.write([old("A", healed_at=NOW), new("C", seen_at=NOW, drifted_at=NOW)], ())

    picture = digesting.picture(since=YESTERDAY)

    assert (hosts(picture.still), picture.newly.count, picture.healed.count) == (["A", "B"], 0, 0)


def test_a_site_that_failed_keeps_what_it_said(digesting: Digesting, history: FakeHistory) -> None:
    scanned(history, old("A"))
    history.fail(PS1, NOW, SiteTrouble.UNREACHABLE)

    picture = digesting.picture(since=YESTERDAY)

    assert picture.sites[0] == SiteSeen(PS1, JUST_NOW, SiteTrouble.UNREACHABLE, NOW, FIRST_LOOK)
    assert (picture.still.count, picture.healed.count) == (1, 0)


def test_a_site_that_is_no_longer_in_the_settings_is_left_out(digesting: Digesting, history: FakeHistory) -> None:
    scanned(history, old("A"), old("B", site=SiteCode("XYZ")))
    history.finish(SiteCode("XYZ"), JUST_NOW, ())

    assert digesting.picture().drifted == 1


@pytest.mark.parametrize(
    ("sites", "packages", "expected"),
    [
        (None, None, ["A", "B", "C"]),
        ([P02], None, ["C"]),
        ([PS1], None, ["A", "B"]),
        (None, "PS100112", ["A", "C"]),
        (None, "ps1002*", ["B"]),
        (None, "boot*", ["A", "C"]),
        (None, "*OFFICE*", ["B"]),
        ([P02], "PS100200", []),
    ],
)
def test_a_picture_can_be_of_some_sites_and_packages(
    digesting: Digesting,
    history: FakeHistory,
    sites: list[SiteCode] | None,
    packages: str | None,
    expected: list[str],
) -> None:
    scanned(history, old("A"), old("B", "PS100200", package_name="Microsoft Office"), old("C", site=P02))

    picture = digesting.picture(sites, packages, YESTERDAY)

    assert sorted(hosts(picture.still)) == expected
    assert sorted(top.name.partition(".")[0] for top in picture.top_servers) == expected
    assert sum(top.count for top in picture.top_packages) == len(expected)
    assert sorted(hosts(digesting.rows(Moved.STILL, sites, packages))) == expected


def test_tops_are_the_five_with_most_rows(digesting: Digesting, history: FakeHistory) -> None:
    scanned(history, *(old(f"DP{n}", f"PS10010{n}") for n in range(7)), old("DP3", "PS100104"), old("DP9", "PS100104"))

    picture = digesting.picture()

    assert [(top.package_id, top.name, top.count) for top in picture.top_packages[:2]] == [
        ("PS100104", "Boot image (x64)", 3),
        ("PS100100", "Boot image (x64)", 1),
    ]
    assert [(top.name, top.count) for top in picture.top_servers[:2]] == [
        ("DP3.contoso.com", 2),
        ("DP0.contoso.com", 1),
    ]
    assert (len(picture.top_packages), len(picture.top_servers)) == (5, 5)


def test_lists_are_cut_and_can_be_read_on(digesting: Digesting, history: FakeHistory) -> None:
    scanned(history, *(old(f"DP{n:02}", f"PS10010{n % 3}") for n in range(35)))

    picture = digesting.picture(since=YESTERDAY)
    pages = [digesting.rows(Moved.STILL, since=YESTERDAY, start=start) for start in range(0, 40, 10)]

    assert (picture.still.count, len(picture.still.rows)) == (35, 10)
    assert [page.count for page in pages] == [35] * 4
    assert pages[0] == picture.still
    assert len({row for page in pages for row in page.rows}) == 35
    assert digesting.rows(Moved.STILL, start=90).rows == ()


def test_days_add_up_what_sites_counted_and_a_day_without_a_scan_is_unknown(
    digesting: Digesting, history: FakeHistory
) -> None:
    behind = DriftClass.DP_BEHIND
    history.write([old("A", healed_at=YESTERDAY), old("A", "PS100200", healed_at=YESTERDAY)], ())
    history.finish(PS1, NOW - timedelta(days=3), [Tally(PackageId("PS100112"), behind, 5)])
    history.finish(P02, NOW - timedelta(days=3), [Tally(PackageId("PS100112"), behind, 2)])
    history.finish(PS1, YESTERDAY, [Tally(PackageId("PS100112"), behind, 4), Tally(PackageId("PS100200"), behind, 1)])

    days = digesting.picture().days

    assert [day.day for day in days] == [(NOW - timedelta(days=13 - number)).date() for number in range(14)]
    assert [day.counts for day in days[-5:]] == [None, {behind: 7}, None, {behind: 7}, None]
    assert digesting.picture([PS1], "PS100200").days[-2].counts == {behind: 1}


def test_a_digest_tells_of_requests_freeze_and_trail(digesting: Digesting, store: Store, history: FakeHistory) -> None:
    scanned(history, old("A"), new("B", row=site_row("P02", updated_at=None)))
    request = digesting.requests.open(asked(version=0), {})
    store.ledger.append(draft(), [Notice("U1", {})])

    digest = digesting.digest("morning", NOW, since=YESTERDAY)

    assert (digest.name, digest.due_at, digest.picture) == ("morning", NOW, digesting.picture(since=YESTERDAY))
    assert [waiting.id for waiting in digest.waiting] == [request.id]
    assert digest.resets == ()
    assert digest.freeze is None
    assert digest.trail.head == store.ledger.head()
    assert digest.trail.untold == 2
    assert digesting.digest("other", NOW, Scope(packages="XYZ*")).waiting == ()


@pytest.mark.parametrize("facts", ["{", "{}", "[1]", "7", "null", '{"plan": []}', None], ids=str)
def test_a_request_whose_entries_somebody_altered_is_named_and_hides_no_other(
    digesting: Digesting, store: Store, history: FakeHistory, facts: str | None
) -> None:
    scanned(history)
    altered = digesting.requests.open(asked(id="altered", plan=plan(plan_row("NYC-DP03")), version=0), {})
    whole = digesting.requests.open(asked(id="whole", plan=plan(plan_row("NYC-DP04")), version=0), {})
    tamper(store, altered.id, facts)

    digest = digesting.digest("morning", NOW, since=YESTERDAY)

    assert [waiting.id for waiting in digest.waiting] == [whole.id]
    assert digest.lost == (altered.id,)
    assert digest_letter.read(json.loads(json.dumps(digest_letter.write(digest))), store.ledger).lost == digest.lost


class TestTheFirstLook:
    def test_calls_nothing_new_and_keeps_the_ages_of_the_rows(self, digesting: Digesting, history: FakeHistory) -> None:
        history.write([old("A", drifted_at=JUST_NOW), old("B", seen_at=BEFORE, drifted_at=JUST_NOW)], ())
        history.finish(PS1, JUST_NOW, ())

        picture = digesting.picture(since=YESTERDAY)

        assert (picture.newly.count, picture.healed.count, hosts(picture.still)) == (0, 0, ["A", "B"])
        assert picture.still.rows[0].first_seen_at == LAST_WEEK
        assert picture.sites[0].is_first_look
        assert picture.since == JUST_NOW

    def test_is_what_changes_count_from_while_it_is_later(self, digesting: Digesting, history: FakeHistory) -> None:
        history.write([old("A", drifted_at=BEFORE), new("B", drifted_at=JUST_NOW), old("C", healed_at=JUST_NOW)], ())
        history.finish(PS1, BEFORE, ())
        history.finish(PS1, JUST_NOW, ())

        picture = digesting.picture([PS1], since=YESTERDAY)

        assert (hosts(picture.newly), hosts(picture.healed), hosts(picture.still)) == (["B"], ["C"], ["A"])
        assert picture.since == BEFORE
        assert digesting.rows(Moved.NEWLY, [PS1], since=YESTERDAY) == picture.newly

    def test_at_one_site_does_not_move_the_comparison_of_another(
        self, digesting: Digesting, history: FakeHistory
    ) -> None:
        history.write([new("A"), new("B", site=P02, drifted_at=JUST_NOW)], ())
        history.finish(PS1, LAST_WEEK, ())
        history.finish(PS1, JUST_NOW, ())
        history.finish(P02, JUST_NOW, ())

        picture = digesting.picture(since=YESTERDAY)

        assert (hosts(picture.newly), hosts(picture.still)) == (["A"], ["B"])
        assert picture.since == YESTERDAY

    def test_without_any_the_moment_stays(self, digesting: Digesting) -> None:
        assert digesting.picture(since=YESTERDAY).since == YESTERDAY


def test_one_id_at_two_sites_is_two_packages(digesting: Digesting, history: FakeHistory) -> None:
    scanned(history, old("A"), old("B"), old("C", site=P02, package_name="Office (London)"))

    picture = digesting.picture()
    office = digesting.picture(packages="office*")

    assert [(top.site, top.package_id, top.name, top.count) for top in picture.top_packages] == [
        (PS1, "PS100112", "Boot image (x64)", 2),
        (P02, "PS100112", "Office (London)", 1),
    ]
    assert hosts(office.still) == ["C"]


def test_a_letter_of_an_older_version_is_read(digesting: Digesting, store: Store, history: FakeHistory) -> None:
    scanned(history, old("A"))
    digest = digesting.digest("morning", NOW, since=YESTERDAY)
    letter = json.loads(json.dumps(digest_letter.write(digest)))
    assert digest_letter.read(letter, store.ledger).picture == digest.picture

    letter["picture"]["sites"] = [site[:4] for site in letter["picture"]["sites"]]
    letter["picture"]["packages"] = [top[:3] for top in letter["picture"]["packages"]]

    picture = digest_letter.read(letter, store.ledger).picture
    assert [(site.site, site.first_at) for site in picture.sites] == [(PS1, None), (P02, None)]
    assert [(top.package_id, top.site) for top in picture.top_packages] == [("PS100112", None)]
