"""What a picture and a digest say of a history: the change since a moment, lists by page, filters, days and tops."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.digest import SiteSeen
from bot.domain.drift_classes import DriftClass
from bot.domain.drift_history import DriftEpisode, Moved
from bot.domain.drift_summary import DriftScope
from bot.domain.package import PackageId, SiteCode
from bot.domain.site_error_kind import SiteErrorKind
from bot.store.request_index import RequestTable
from bot.usecases.drift import digest_message
from bot.usecases.drift.digest_service import DigestService
from bot.usecases.ports.store import ClassCount, Notification
from bot.usecases.resets.freeze import FreezeService
from bot.usecases.resets.request_repository import ChangeTexts, RequestRepository
from tests.builders import NOW, site_row
from tests.drift_history import FakeHistory, episode
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
REDRAW_GRACE = NOW - timedelta(minutes=5)


def old(host: str, package: str = "PS100112", **changes: Any) -> DriftEpisode:
    """Return a row that has been behind for a week."""
    return replace(episode(host, package, seen_at=LAST_WEEK, moved_at=LAST_WEEK, drifted_at=LAST_WEEK), **changes)


def new(host: str, package: str = "PS100112", **changes: Any) -> DriftEpisode:
    """Return a row that fell behind two hours ago."""
    return replace(episode(host, package, seen_at=BEFORE, moved_at=BEFORE, drifted_at=BEFORE), **changes)


@pytest.fixture
def history() -> FakeHistory:
    return FakeHistory()


@pytest.fixture
def digest_service(store: Store, history: FakeHistory) -> DigestService:
    clock = FakeClock()
    index = RequestTable(store.database)
    requests = RequestRepository(store.ledger, index, "C0APPROVE", ChangeTexts(lambda *_: None, lambda *_: None), clock)
    freeze_service = FreezeService(store.ledger, index, "C0APPROVE")
    return DigestService([PS1, P02], history, requests, freeze_service, store.ledger, store.outbox, AUDIT, clock)


def scanned(history: FakeHistory, *episodes: DriftEpisode) -> None:
    history.write(episodes, ())
    for site in (PS1, P02):
        history.finish(site, FIRST_LOOK, ())
        history.finish(site, REDRAW_GRACE, ())


def hosts(listed: object) -> list[str]:
    return [row.row.server.partition(".")[0] for row in listed.rows]  # type: ignore[attr-defined]


def test_without_any_scan_nothing_is_said_to_be_fine(digest_service: DigestService) -> None:
    summary = digest_service.summary(since=YESTERDAY)

    assert summary.sites == (SiteSeen(PS1, None), SiteSeen(P02, None))
    assert summary.at == NOW
    assert {day.counts for day in summary.days} == {None}
    assert len(summary.days) == 14


def test_rows_are_new_healed_gone_or_still_open(digest_service: DigestService, history: FakeHistory) -> None:
    scanned(
        history,
        old("A"),
        new("B"),
        old("C", healed_at=BEFORE),
        old("D", healed_at=BEFORE, gone=True),
        old("E", healed_at=YESTERDAY),
        new("F", healed_at=REDRAW_GRACE),
        new("G", drift_class=DriftClass.IN_FLIGHT, drifted_at=None),
        old("H", drift_class=DriftClass.IN_FLIGHT),
    )

    summary = digest_service.summary(since=YESTERDAY)

    assert hosts(summary.still) == ["A"]
    assert hosts(summary.newly) == ["B"]
    assert hosts(summary.healed) == ["F", "C"]
    assert hosts(summary.gone) == ["D"]
    assert summary.counts == {DriftClass.DP_BEHIND: 2, DriftClass.IN_FLIGHT: 2}
    assert summary.drifted == 2


def test_without_a_digest_before_everything_is_still_open_and_nothing_is_news(
    digest_service: DigestService, history: FakeHistory
) -> None:
    scanned(history, old("A"), new("B"), old("C", healed_at=BEFORE))

    summary = digest_service.summary()

    assert (hosts(summary.still), summary.newly.count, summary.healed.count) == (["A", "B"], 0, 0)


def test_the_oldest_come_first_and_the_worst_of_the_new_ones(
    digest_service: DigestService, history: FakeHistory
) -> None:
    scanned(
        history,
        old("A", seen_at=LAST_WEEK + timedelta(hours=1)),
        old("B", "PS100200"),
        new("C"),
        new("D", drift_class=DriftClass.FAILED),
    )

    summary = digest_service.summary(since=YESTERDAY)

    assert hosts(summary.still) == ["B", "A"]
    assert hosts(summary.newly) == ["D", "C"]
    assert [row.first_seen_at for row in summary.still.rows] == [LAST_WEEK, LAST_WEEK + timedelta(hours=1)]


def test_what_an_unfinished_scan_wrote_is_not_told(digest_service: DigestService, history: FakeHistory) -> None:
    scanned(history, old("A"), old("B"))
    history.write([old("A", healed_at=NOW), new("C", seen_at=NOW, drifted_at=NOW)], ())

    summary = digest_service.summary(since=YESTERDAY)

    assert (hosts(summary.still), summary.newly.count, summary.healed.count) == (["A", "B"], 0, 0)


def test_a_site_that_failed_keeps_what_it_said(digest_service: DigestService, history: FakeHistory) -> None:
    scanned(history, old("A"))
    history.fail(PS1, NOW, SiteErrorKind.UNREACHABLE)

    summary = digest_service.summary(since=YESTERDAY)

    assert summary.sites[0] == SiteSeen(PS1, REDRAW_GRACE, SiteErrorKind.UNREACHABLE, NOW, FIRST_LOOK)
    assert (summary.still.count, summary.healed.count) == (1, 0)


def test_a_site_that_is_no_longer_in_the_settings_is_left_out(
    digest_service: DigestService, history: FakeHistory
) -> None:
    scanned(history, old("A"), old("B", site=SiteCode("XYZ")))
    history.finish(SiteCode("XYZ"), REDRAW_GRACE, ())

    assert digest_service.summary().drifted == 1


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
    digest_service: DigestService,
    history: FakeHistory,
    sites: list[SiteCode] | None,
    packages: str | None,
    expected: list[str],
) -> None:
    scanned(history, old("A"), old("B", "PS100200", package_name="Microsoft Office"), old("C", site=P02))

    summary = digest_service.summary(sites, packages, YESTERDAY)

    assert sorted(hosts(summary.still)) == expected
    assert sorted(top.name.partition(".")[0] for top in summary.top_servers) == expected
    assert sum(top.count for top in summary.top_packages) == len(expected)
    assert sorted(hosts(digest_service.rows(Moved.STILL, sites, packages))) == expected


def test_tops_are_the_five_with_most_rows(digest_service: DigestService, history: FakeHistory) -> None:
    scanned(history, *(old(f"DP{n}", f"PS10010{n}") for n in range(7)), old("DP3", "PS100104"), old("DP9", "PS100104"))

    summary = digest_service.summary()

    assert [(top.package_id, top.name, top.count) for top in summary.top_packages[:2]] == [
        ("PS100104", "Boot image (x64)", 3),
        ("PS100100", "Boot image (x64)", 1),
    ]
    assert [(top.name, top.count) for top in summary.top_servers[:2]] == [
        ("DP3.contoso.com", 2),
        ("DP0.contoso.com", 1),
    ]
    assert (len(summary.top_packages), len(summary.top_servers)) == (5, 5)


def test_lists_are_cut_and_can_be_read_on(digest_service: DigestService, history: FakeHistory) -> None:
    scanned(history, *(old(f"DP{n:02}", f"PS10010{n % 3}") for n in range(35)))

    summary = digest_service.summary(since=YESTERDAY)
    pages = [digest_service.rows(Moved.STILL, since=YESTERDAY, start=start) for start in range(0, 40, 10)]

    assert (summary.still.count, len(summary.still.rows)) == (35, 10)
    assert [page.count for page in pages] == [35] * 4
    assert pages[0] == summary.still
    assert len({row for page in pages for row in page.rows}) == 35
    assert digest_service.rows(Moved.STILL, start=90).rows == ()


def test_days_add_up_what_sites_counted_and_a_day_without_a_scan_is_unknown(
    digest_service: DigestService, history: FakeHistory
) -> None:
    behind = DriftClass.DP_BEHIND
    history.write([old("A", healed_at=YESTERDAY), old("A", "PS100200", healed_at=YESTERDAY)], ())
    history.finish(PS1, NOW - timedelta(days=3), [ClassCount(PackageId("PS100112"), behind, 5)])
    history.finish(P02, NOW - timedelta(days=3), [ClassCount(PackageId("PS100112"), behind, 2)])
    history.finish(
        PS1, YESTERDAY, [ClassCount(PackageId("PS100112"), behind, 4), ClassCount(PackageId("PS100200"), behind, 1)]
    )

    days = digest_service.summary().days

    assert [day.day for day in days] == [(NOW - timedelta(days=13 - number)).date() for number in range(14)]
    assert [day.counts for day in days[-5:]] == [None, {behind: 7}, None, {behind: 7}, None]
    assert digest_service.summary([PS1], "PS100200").days[-2].counts == {behind: 1}


def test_a_digest_tells_of_requests_freeze_and_trail(
    digest_service: DigestService, store: Store, history: FakeHistory
) -> None:
    scanned(history, old("A"), new("B", row=site_row("P02", updated_at=None)))
    request = digest_service.requests.open(asked(version=0), {})
    store.ledger.append(draft(), [Notification("U1", {})])

    digest = digest_service.digest("morning", NOW, since=YESTERDAY)

    assert (digest.name, digest.due_at, digest.summary) == ("morning", NOW, digest_service.summary(since=YESTERDAY))
    assert [waiting.id for waiting in digest.waiting] == [request.id]
    assert digest.resets == ()
    assert digest.freeze is None
    assert digest.trail.head == store.ledger.head()
    assert digest.trail.unsent == 2
    assert digest_service.digest("other", NOW, DriftScope(packages="XYZ*")).waiting == ()


@pytest.mark.parametrize("facts", ["{", "{}", "[1]", "7", "null", '{"plan": []}', None], ids=str)
def test_a_request_whose_entries_somebody_altered_is_named_and_hides_no_other(
    digest_service: DigestService, store: Store, history: FakeHistory, facts: str | None
) -> None:
    scanned(history)
    altered = digest_service.requests.open(asked(id="altered", plan=plan(plan_row("NYC-DP03")), version=0), {})
    whole = digest_service.requests.open(asked(id="whole", plan=plan(plan_row("NYC-DP04")), version=0), {})
    tamper(store, altered.id, facts)

    digest = digest_service.digest("morning", NOW, since=YESTERDAY)

    assert [waiting.id for waiting in digest.waiting] == [whole.id]
    assert digest.lost == (altered.id,)
    assert digest_message.read(json.loads(json.dumps(digest_message.write(digest))), store.ledger).lost == digest.lost


class TestTheFirstLook:
    def test_calls_nothing_new_and_keeps_the_ages_of_the_rows(
        self, digest_service: DigestService, history: FakeHistory
    ) -> None:
        history.write([old("A", drifted_at=REDRAW_GRACE), old("B", seen_at=BEFORE, drifted_at=REDRAW_GRACE)], ())
        history.finish(PS1, REDRAW_GRACE, ())

        summary = digest_service.summary(since=YESTERDAY)

        assert (summary.newly.count, summary.healed.count, hosts(summary.still)) == (0, 0, ["A", "B"])
        assert summary.still.rows[0].first_seen_at == LAST_WEEK
        assert summary.sites[0].is_first_look
        assert summary.since == REDRAW_GRACE

    def test_is_what_changes_count_from_while_it_is_later(
        self, digest_service: DigestService, history: FakeHistory
    ) -> None:
        history.write(
            [old("A", drifted_at=BEFORE), new("B", drifted_at=REDRAW_GRACE), old("C", healed_at=REDRAW_GRACE)], ()
        )
        history.finish(PS1, BEFORE, ())
        history.finish(PS1, REDRAW_GRACE, ())

        summary = digest_service.summary([PS1], since=YESTERDAY)

        assert (hosts(summary.newly), hosts(summary.healed), hosts(summary.still)) == (["B"], ["C"], ["A"])
        assert summary.since == BEFORE
        assert digest_service.rows(Moved.NEWLY, [PS1], since=YESTERDAY) == summary.newly

    def test_at_one_site_does_not_move_the_comparison_of_another(
        self, digest_service: DigestService, history: FakeHistory
    ) -> None:
        history.write([new("A"), new("B", site=P02, drifted_at=REDRAW_GRACE)], ())
        history.finish(PS1, LAST_WEEK, ())
        history.finish(PS1, REDRAW_GRACE, ())
        history.finish(P02, REDRAW_GRACE, ())

        summary = digest_service.summary(since=YESTERDAY)

        assert (hosts(summary.newly), hosts(summary.still)) == (["A"], ["B"])
        assert summary.since == YESTERDAY

    def test_without_any_the_moment_stays(self, digest_service: DigestService) -> None:
        assert digest_service.summary(since=YESTERDAY).since == YESTERDAY


def test_one_id_at_two_sites_is_two_packages(digest_service: DigestService, history: FakeHistory) -> None:
    scanned(history, old("A"), old("B"), old("C", site=P02, package_name="Office (London)"))

    summary = digest_service.summary()
    office = digest_service.summary(packages="office*")

    assert [(top.site, top.package_id, top.name, top.count) for top in summary.top_packages] == [
        (PS1, "PS100112", "Boot image (x64)", 2),
        (P02, "PS100112", "Office (London)", 1),
    ]
    assert hosts(office.still) == ["C"]


def test_a_letter_of_an_older_version_is_read(
    digest_service: DigestService, store: Store, history: FakeHistory
) -> None:
    scanned(history, old("A"))
    digest = digest_service.digest("morning", NOW, since=YESTERDAY)
    outbound = json.loads(json.dumps(digest_message.write(digest)))
    assert digest_message.read(outbound, store.ledger).summary == digest.summary

    outbound["picture"]["sites"] = [site[:4] for site in outbound["picture"]["sites"]]
    outbound["picture"]["packages"] = [top[:3] for top in outbound["picture"]["packages"]]

    summary = digest_message.read(outbound, store.ledger).summary
    assert [(site.site, site.first_at) for site in summary.sites] == [(PS1, None), (P02, None)]
    assert [(top.package_id, top.site) for top in summary.top_packages] == [("PS100112", None)]
