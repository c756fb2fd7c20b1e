"""The story of a lookup: the right site is asked, the answer is kept, and whoever may not look is refused first."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.domain.command import Filter, Find, Show
from bot.domain.drift_classes import DriftClass
from bot.domain.lookup_result import (
    AnswersBySite,
    Hit,
    SearchResult,
    SiteUnavailable,
    SnapshotKey,
    StoredAnswer,
    UnknownPackage,
)
from bot.domain.package import PackageId, PackageTable, SiteCode
from bot.domain.refusal import Reason, Refusal
from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.access import Access, Actor, Allowed
from bot.usecases.lookup.package_lookup import PackageLookup
from bot.usecases.lookup.site_fanout import MOST_UNANSWERED, SiteFanout
from bot.usecases.lookup.snapshots import KEPT_FOR, SnapshotCache
from bot.usecases.ports.site import SiteError
from tests.builders import GRACE, NOW, SOURCE_VERSION, ago, dp_row, job, package, site_row, story, table
from tests.drift_history import FakeHistory, episode
from tests.fakes import ADA, GUS, HERE, TEAM, FakeClock, FakeSite, FakeSnapshotStore, contoso

if TYPE_CHECKING:
    from datetime import datetime

    from bot.usecases.ports.slack import Person

ME = Actor(ADA.id, TEAM)


def lookup(*sites: FakeSite, clock: FakeClock | None = None, history: FakeHistory | None = None) -> PackageLookup:
    """Return the story over these sites, for everybody who is a full member."""
    clock = clock or FakeClock()
    access = Access(HERE, Allowed(), contoso())
    every, snapshots = SiteFanout({site.code: site for site in sites}), SnapshotCache(clock, FakeSnapshotStore())
    return PackageLookup(every, access, snapshots, clock, GRACE, history or FakeHistory())


def show(package_id: str = "PS100112", row_filter: Filter | None = None) -> Show:
    """Return the question for a package."""
    return Show(PackageId(package_id), row_filter or Filter(), package_id)


def shown(outcome: object) -> StoredAnswer:
    """Return an answer, which the outcome must be."""
    assert isinstance(outcome, StoredAnswer), outcome
    return outcome


def held(version: int, source_site: str | None = "PS1", package_id: str = "PS100112") -> PackageTable:
    """Return a package of this source version, as a site knows it."""
    site = None if source_site is None else SiteCode(source_site)
    return table(site_row(), dp_row(), of=package(package_id, source_version=version, source_site=site))


def is_away(code: str) -> FakeSite:
    """Return a site that cannot be reached."""
    site = FakeSite(code=code)
    site.trouble = SiteErrorKind.UNREACHABLE
    return site


AWAY = SiteUnavailable(SiteCode("P02"), SiteErrorKind.UNREACHABLE)


class TestAnAnswer:
    def test_judges_the_rows_as_of_now(self) -> None:
        answer = shown(lookup(FakeSite(story())).show(ME, show())).answer

        assert answer.read_at == NOW
        assert answer.drift.counts[DriftClass.SITE_BEHIND] == 4
        assert answer.row_count == 14

    def test_knows_its_site_its_asker_its_filter_and_its_question(self) -> None:
        only_failed = Filter(frozenset({DriftClass.FAILED}))
        query = Show(PackageId("PS100112"), only_failed, "PS100112 failed")

        answer = shown(lookup(FakeSite(story())).show(ME, query)).answer

        assert (answer.site, answer.asker, answer.filter, answer.query) == (
            "PS1",
            ADA.id,
            only_failed,
            "PS100112 failed",
        )

    def test_is_found_again_as_it_was(self) -> None:
        story_of_lookup = lookup(FakeSite(story()))
        kept = shown(story_of_lookup.show(ME, show()))

        assert story_of_lookup.again(ME, kept.key) == kept

    def test_is_gone_after_half_an_hour(self) -> None:
        clock = FakeClock()
        story_of_lookup = lookup(FakeSite(story()), clock=clock)
        kept = shown(story_of_lookup.show(ME, show()))

        clock.move(minutes=KEPT_FOR.total_seconds() / 60, seconds=1)

        assert story_of_lookup.again(ME, kept.key) == Refusal(Reason.SNAPSHOT_GONE)

    def test_is_not_found_under_a_key_of_somebodys_invention(self) -> None:
        assert lookup().again(ME, SnapshotKey("invented")) == Refusal(Reason.SNAPSHOT_GONE)


class TestAnAge:
    STUCK = table(site_row(), dp_row("A", held_version=7, updated_at=ago(days=20)), dp_row("B"))
    OWN = ago(days=20, hours=-14)

    def since(self, history: FakeHistory) -> list[datetime]:
        return list(shown(lookup(FakeSite(self.STUCK), history=history).show(ME, show())).answer.since.values())

    def test_is_the_rows_own_until_a_scan_has_seen_it(self) -> None:
        assert self.since(FakeHistory()) == [self.OWN]

    def test_is_what_scans_saw_as_a_digest_has_it(self) -> None:
        history = FakeHistory()
        history.write([episode("A", seen_at=ago(days=30), drifted_at=ago(days=30))], ())
        assert self.since(history) == [self.OWN], "that scan is not finished"
        history.finish(SiteCode("PS1"), NOW, ())

        assert self.since(history) == [ago(days=30)]

    def test_is_not_what_a_scan_saw_of_another_version(self) -> None:
        history = FakeHistory()
        history.write([episode("A", seen_at=ago(days=30), expected_version=12)], ())
        history.finish(SiteCode("PS1"), NOW, ())

        assert self.since(history) == [self.OWN]

    def test_is_kept_for_the_next_page(self) -> None:
        asking = lookup(FakeSite(self.STUCK))
        kept = shown(asking.show(ME, show()))
        asking.snapshots._kept.clear()

        assert kept.answer.since
        assert asking.again(ME, kept.key) == kept


class TestTheSiteThatIsAsked:
    def test_is_every_one_and_the_source_site_answers_for_its_hierarchy(self) -> None:
        primary, other = FakeSite(held(13)), FakeSite(held(12), code="P02")

        answer = shown(lookup(other, primary).show(ME, show())).answer

        assert (answer.site, answer.others, answer.away) == ("PS1", (), ())
        assert (primary.asked, other.asked) == (["PS100112"], ["PS100112"])

    @pytest.mark.parametrize("asked", ["PS1", "P02"])
    def test_is_only_the_one_that_a_button_names(self, asked: str) -> None:
        sites = {"PS1": FakeSite(held(13)), "P02": FakeSite(held(7, "P02"), code="P02")}
        question = replace(show(), site=SiteCode(asked))

        answer = shown(lookup(*sites.values()).show(ME, question)).answer

        assert answer.site == asked
        assert {code for code, site in sites.items() if site.asked} == {asked}

    def test_is_every_one_when_a_button_names_one_that_is_no_longer_there(self) -> None:
        assert shown(lookup(FakeSite(held(13))).show(ME, replace(show(), site=SiteCode("OLD")))).answer.site == "PS1"

    def test_is_any_that_knows_the_package(self) -> None:
        other = FakeSite(held(4, "P02", "OLD0000F"), code="P02")

        answer = shown(lookup(FakeSite(), other).show(ME, show("OLD0000F"))).answer

        assert answer.site == "P02"

    def test_is_the_owner_whose_source_version_counts(self) -> None:
        stale, owner = FakeSite(held(12, "P02")), FakeSite(held(13, "P02"), code="P02")

        answer = shown(lookup(stale, owner).show(ME, show())).answer

        assert (answer.site, answer.drift.package.source_version) == ("P02", 13)

    @pytest.mark.parametrize("owner", ["OLD", None])
    def test_stays_the_one_that_answered_when_the_owner_is_not_connected(self, owner: str | None) -> None:
        answer = shown(lookup(FakeSite(held(13, owner))).show(ME, show())).answer

        assert (answer.site, answer.drift.package.source_site) == ("PS1", owner)

    def test_stays_the_one_that_answered_when_the_owner_does_not_know_it(self) -> None:
        answer = shown(lookup(FakeSite(held(13, "P02")), FakeSite(code="P02")).show(ME, show())).answer

        assert answer.site == "PS1"


class TestASiteThatFails:
    def test_is_told_when_it_is_the_only_one(self) -> None:
        site = FakeSite(story())
        site.trouble = SiteErrorKind.TIMEOUT

        with pytest.raises(SiteError) as caught:
            lookup(site).show(ME, show())
        assert caught.value.kind is SiteErrorKind.TIMEOUT

    def test_is_named_beside_those_that_do_not_know_the_package(self) -> None:
        near = package("PS100111")
        outcome = lookup(FakeSite(table(of=near)), is_away("P02")).show(ME, show())

        assert outcome == UnknownPackage(
            PackageId("PS100112"), (SiteCode("PS1"),), (Hit(near, SiteCode("PS1")),), (AWAY,)
        )

    def test_is_named_when_another_owns_the_package(self) -> None:
        answer = shown(lookup(is_away("P02"), FakeSite(held(13))).show(ME, show())).answer

        assert (answer.site, answer.away) == ("PS1", (AWAY,))

    def test_is_named_when_it_owns_the_package_because_another_may_know_an_old_version(self) -> None:
        answer = shown(lookup(is_away("P02"), FakeSite(held(12, "P02"))).show(ME, show())).answer

        assert (answer.site, answer.drift.package.source_site, answer.away) == ("PS1", "P02", (AWAY,))

    def test_is_kept_with_the_answer_for_its_next_page(self) -> None:
        asking = lookup(is_away("P02"), FakeSite(held(13)))
        kept = shown(asking.show(ME, show()))
        asking.snapshots._kept.clear()

        assert asking.again(ME, kept.key) == kept

    @pytest.mark.parametrize("chosen", ["a filter", "a button"])
    def test_is_told_when_it_was_asked_for_by_name(self, chosen: str) -> None:
        query = show(row_filter=Filter(sites=frozenset({"P02"})))
        if chosen == "a button":
            query = replace(show(), site=SiteCode("P02"))

        with pytest.raises(SiteError) as caught:
            lookup(is_away("P02"), FakeSite(held(13))).show(ME, query)
        assert caught.value.site == "P02"

    def test_is_not_waited_for_without_end(self) -> None:
        done = threading.Event()

        class Slow(FakeSite):
            def package(self, package_id: PackageId) -> PackageTable | None:
                done.wait()
                return super().package(package_id)

        asking = lookup(FakeSite(held(13)), Slow(held(7, "P02"), code="P02"))
        asking.sites.patience = 0.05
        try:
            for _ in range(MOST_UNANSWERED + 2):
                assert shown(asking.show(ME, show())).answer.away == (
                    SiteUnavailable(SiteCode("P02"), SiteErrorKind.TIMEOUT),
                )
            assert sum(thread.name == "ask-P02" for thread in threading.enumerate()) == MOST_UNANSWERED
        finally:
            done.set()


@pytest.mark.parametrize(
    ("job_age", "drift_class"), [(timedelta(days=1), DriftClass.DP_BEHIND), (timedelta(days=100), DriftClass.IN_FLIGHT)]
)
def test_how_long_a_job_may_stand_still_is_a_setting(job_age: timedelta, drift_class: DriftClass) -> None:
    stuck = dp_row(held_version=7, jobs=(job(created_at=ago(days=90), updated_at=ago(days=90)),))
    asking = replace(lookup(FakeSite(table(site_row(), stuck))), job_age=job_age)

    (found,) = shown(asking.show(ME, show())).answer.drift.dps

    assert found.drift_class is drift_class


class TestOneIdInTwoHierarchies:
    """A package that was migrated keeps its ID, and both hierarchies go on with versions of their own."""

    ONE = table(site_row(), dp_row(), of=package(source_version=13))
    TWO = table(
        site_row("P02"),
        site_row("S02", held_version=3),
        dp_row("LON-DP01", "P02"),
        dp_row("LON-DP02", "S02", held_version=3),
        of=package(source_version=13, source_site=SiteCode("P02"), name="Boot image (London)"),
    )

    @pytest.fixture
    def both(self) -> PackageLookup:
        return lookup(FakeSite(self.ONE), FakeSite(self.TWO, code="P02"))

    def test_is_answered_by_each(self, both: PackageLookup) -> None:
        outcome = both.show(ME, show())

        assert isinstance(outcome, AnswersBySite)
        assert [(each.site, each.drift.package.name) for each in outcome.answers] == [
            ("PS1", "Boot image (x64)"),
            ("P02", "Boot image (London)"),
        ]
        assert [each.others for each in outcome.answers] == [("P02",), ("PS1",)]

    @pytest.mark.parametrize(("site", "rows"), [("PS1", 2), ("P02", 4)])
    def test_is_chosen_by_site_with_all_its_rows(self, both: PackageLookup, site: str, rows: int) -> None:
        wanted = Filter(frozenset(DriftClass), frozenset({site}))
        query = Show(PackageId("PS100112"), wanted, f"PS100112 behind Site:{site.lower()}")

        answer = shown(both.show(ME, query)).answer

        assert (answer.site, answer.query, answer.filter.sites) == (site, "PS100112 behind", frozenset())
        assert len(answer.filter.keep((*answer.drift.sites, *answer.drift.dps))) == rows
        assert answer.others == ("P02" if site == "PS1" else "PS1",)

    def test_is_chosen_by_a_site_below_with_only_its_rows(self, both: PackageLookup) -> None:
        query = show(row_filter=Filter(sites=frozenset({"S02"})))

        answer = shown(both.show(ME, query)).answer

        assert answer.site == "P02"
        assert {row.row.site_code for row in answer.filter.keep((*answer.drift.sites, *answer.drift.dps))} == {"S02"}

    def test_is_answered_by_each_when_no_site_has_the_rows_that_are_wanted(self, both: PackageLookup) -> None:
        assert isinstance(both.show(ME, show(row_filter=Filter(sites=frozenset({"XYZ"})))), AnswersBySite)

    def test_is_answered_by_the_one_that_is_there_with_word_of_the_other(self) -> None:
        answer = shown(lookup(is_away("PS1"), FakeSite(self.TWO, code="P02")).show(ME, show())).answer

        assert (answer.site, answer.away) == ("P02", (SiteUnavailable(SiteCode("PS1"), SiteErrorKind.UNREACHABLE),))

    def test_is_found_twice(self, both: PackageLookup) -> None:
        outcome = both.find(ME, Find(("boot",)))

        assert isinstance(outcome, SearchResult)
        assert [(hit.package.name, hit.site) for hit in outcome.hits] == [
            ("Boot image (London)", "P02"),
            ("Boot image (x64)", "PS1"),
        ]

    def test_of_a_source_site_that_nobody_reads_is_told_apart_by_its_name(self) -> None:
        one, two = held(13, "OLD"), held(7, "XYZ")

        outcome = lookup(FakeSite(one), FakeSite(two, code="P02")).show(ME, show())

        assert isinstance(outcome, AnswersBySite)

    def test_of_the_same_source_site_is_one_package(self) -> None:
        answer = shown(lookup(FakeSite(held(13, "OLD")), FakeSite(held(12, "OLD"), code="P02")).show(ME, show())).answer

        assert (answer.site, answer.others) == ("PS1", ())


class TestAnUnknownPackage:
    def test_offers_those_whose_ids_look_like_it(self) -> None:
        near, far = package("PS100111"), package("XYZ00ABC")

        outcome = lookup(FakeSite(table(of=near), table(of=far))).show(ME, show())

        assert outcome == UnknownPackage(PackageId("PS100112"), (SiteCode("PS1"),), (Hit(near, SiteCode("PS1")),))

    def test_offers_at_most_five_of_all_sites_and_each_once(self) -> None:
        many = [table(of=package(f"PS10011{number}")) for number in (0, 1, 3, 4, 5, 6, 7)]

        outcome = lookup(FakeSite(*many), FakeSite(*many, code="P02")).show(ME, show())

        assert isinstance(outcome, UnknownPackage)
        assert len({each.package.id for each in outcome.near}) == len(outcome.near) == 5


class TestFinding:
    SITE = FakeSite(
        table(of=package("PS100111", name="Boot image (arm64)", version="2.0", manufacturer="Contoso")),
        table(of=package("PS100112", name="Boot image (x64)", version="13.0", manufacturer="Contoso")),
        table(of=package("PS10001C", name="Drucker Zürich Süd", version=None, manufacturer=None)),
        table(of=package("PS100124", name="Citrix™ Workspace ②")),
        table(of=package("PS100021", name="日本語 言語パック")),
        table(of=package("PS100099", name="a tool", manufacturer="Straße & Söhne")),
    )

    @pytest.mark.parametrize(
        ("words", "ids"),
        [
            pytest.param(("boot", "image"), ["PS100111", "PS100112"], id="words of the name"),
            pytest.param(("image", "BOOT"), ["PS100111", "PS100112"], id="in any order and case"),
            pytest.param(("boot", "x64"), ["PS100112"], id="every word must be there"),
            pytest.param(("2.0",), ["PS100111"], id="the version"),
            pytest.param(("ps10001c",), ["PS10001C"], id="the ID"),
            pytest.param(("ZÜRICH",), ["PS10001C"], id="other letters"),
            pytest.param(("言語",), ["PS100021"], id="other scripts"),
            pytest.param(("STRASSE",), ["PS100099"], id="the maker, however it is written"),
            pytest.param(("CitrixTM",), ["PS100124"], id="signs, as a keyboard or Slack makes them of what was copied"),
            pytest.param(("nothing",), [], id="nothing"),
        ],
    )
    def test_looks_for_every_word(self, words: tuple[str, ...], ids: list[str]) -> None:
        outcome = lookup(self.SITE).find(ME, Find(words))

        assert isinstance(outcome, SearchResult)
        assert [hit.package.id for hit in outcome.hits] == ids

    def test_lists_a_package_of_two_sites_once_and_sorts_by_name(self) -> None:
        names = {"PS1000A0": "b", "PS1000A1": "A", "PS1000A2": "c"}
        tables = [table(of=package(each, name=name)) for each, name in names.items()]

        outcome = lookup(FakeSite(*tables), FakeSite(*tables, code="P02")).find(ME, Find(("PS1000A",)))

        assert isinstance(outcome, SearchResult)
        assert [hit.package.name for hit in outcome.hits] == ["A", "b", "c"]
        assert {hit.site for hit in outcome.hits} == {"PS1"}

    def test_tells_of_a_site_that_fails(self) -> None:
        site = FakeSite()
        site.trouble = SiteErrorKind.PERMISSION

        with pytest.raises(SiteError):
            lookup(site).find(ME, Find(("x",)))

    @pytest.mark.parametrize(("word", "hits"), [("boot", 2), ("nothing", 0)])
    def test_names_a_site_that_fails_beside_the_hits_of_those_that_answer(self, word: str, hits: int) -> None:
        outcome = lookup(is_away("P02"), self.SITE).find(ME, Find((word,)))

        assert isinstance(outcome, SearchResult)
        assert (len(outcome.hits), outcome.sites, outcome.away) == (hits, ("PS1",), (AWAY,))


@pytest.mark.parametrize("who", [GUS])
def test_who_may_not_look_is_refused_before_any_site_is_asked(who: Person) -> None:
    site = FakeSite(story())
    story_of_lookup = lookup(site)
    actor = Actor(who.id, TEAM)
    key = shown(story_of_lookup.show(ME, show())).key
    site.asked.clear()

    outcomes = [
        story_of_lookup.show(actor, show()),
        story_of_lookup.find(actor, Find(("boot",))),
        story_of_lookup.again(actor, key),
    ]

    assert outcomes == [Refusal(Reason.GUEST)] * 3
    assert site.asked == []


def test_the_version_that_everyone_should_hold_is_the_one_of_the_package() -> None:
    assert shown(lookup(FakeSite(story())).show(ME, show())).answer.drift.package.source_version == SOURCE_VERSION
