"""What scans make of a site that changes: first seen, healed, gone, started anew, and never healed by a failure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.digest import SiteSeen
from bot.domain.drift_classes import DriftClass
from bot.domain.drift_history import DriftEpisode, Moved, moved
from bot.domain.package import PackageId, PackageTable, SiteCode
from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.audit.recorder import AuditLog
from bot.usecases.drift.scan import LEASE, ScanService
from bot.usecases.ports.store import ClassCount
from tests.builders import GRACE, NOW, ago, dp_row, job, package, site_row, story, table
from tests.drift_history import FakeHistory
from tests.fakes import FakeClock, FakeSite

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.domain.package import Row
    from bot.store import Store

PS1, P02 = SiteCode("PS1"), SiteCode("P02")
BOOT = PackageId("PS100112")
BEHIND = dp_row(held_version=7)


@dataclass
class World:
    """A site that changes, a clock that moves, and the scans between them."""

    store: Store
    clock: FakeClock = field(default_factory=FakeClock)
    history: FakeHistory = field(default_factory=FakeHistory)
    sites: dict[SiteCode, FakeSite] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store.leases.hold(LEASE)
        self.scans = ScanService(
            sites=self.sites,
            history=self.history,
            audit_log=AuditLog(self.store.ledger),
            leases=self.store.leases,
            clock=self.clock,
            monotonic=self.seconds,
            grace=GRACE,
            every=timedelta(minutes=15),
        )

    def seconds(self) -> float:
        return self.clock.now.timestamp()

    def scan(self, *rows: Row, of: Any = None, minutes: float = 15) -> None:
        """Let time pass, let the site's one package look like this, and scan it."""
        self.holds(table(site_row(), *rows, of=of))
        self.clock.move(minutes=minutes)
        self.scans.scan(PS1)

    def holds(self, *tables: PackageTable, code: SiteCode = PS1) -> None:
        self.sites[code] = FakeSite(*tables, code=code)

    def episode(self, host: str = "NYC-DP01") -> DriftEpisode:
        """Return what is written of a DP."""
        (found,) = (line for line in self.history.lines.values() if line.row.server.startswith(host))
        return found

    def verbs(self) -> list[str]:
        return [entry.kind for entry in self.store.ledger.entries()]


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


def test_a_row_is_new_once_and_keeps_the_moment_when_it_was_seen_first(world: World) -> None:
    world.scan(dp_row(), dp_row("B"))
    began = world.clock.now
    world.scan(BEHIND, dp_row("B"))
    first = world.clock.now

    for _ in range(3):
        world.scan(BEHIND, dp_row("B"))

    assert [line.row.server for line in world.history.lines.values()] == ["NYC-DP01.contoso.com"]
    assert (world.episode().seen_at, world.episode().drifted_at, world.episode().healed_at) == (first, first, None)
    assert world.history.sites() == [SiteSeen(PS1, world.clock.now, first_at=began)]


def test_a_row_that_is_in_sync_again_has_healed(world: World) -> None:
    world.scan(BEHIND)
    before = world.clock.now
    world.scan(dp_row())

    assert (world.episode().healed_at, world.episode().gone) == (world.clock.now, False)
    assert moved(world.episode(), before) is Moved.HEALED


@pytest.mark.parametrize("left", [[], [dp_row("NEW-DP01", held_version=7)]], ids=["taken away", "renamed"])
def test_a_row_that_is_no_longer_there_is_gone_and_not_healed(world: World, left: list[Row]) -> None:
    world.scan(BEHIND)
    before = world.clock.now
    world.scan(*left)

    assert (world.episode().healed_at, world.episode().gone) == (world.clock.now, True)
    assert [moved(line, before) for line in world.history.lines.values()] == [Moved.GONE, *[Moved.NEWLY] * len(left)]


def test_a_package_that_vanished_is_gone_and_not_healed(world: World) -> None:
    world.scan(BEHIND)
    world.holds()
    world.clock.move(minutes=15)
    world.scans.scan(PS1)

    assert world.episode().gone


def test_a_new_dp_is_in_flight_first_and_drifts_when_the_grace_time_is_over(world: World) -> None:
    fresh = dp_row("NEW-DP01", held_version=0, status_number=1, updated_at=NOW - timedelta(hours=14))
    fresh = replace(fresh, held_version=7)
    world.scan()
    world.scan(fresh)
    first = world.clock.now
    assert (world.episode("NEW").drift_class, world.episode("NEW").drifted_at) == (DriftClass.IN_FLIGHT, None)

    world.scan(fresh, minutes=300)

    assert (world.episode("NEW").drift_class, world.episode("NEW").drifted_at) == (
        DriftClass.DP_BEHIND,
        world.clock.now,
    )
    assert world.episode("NEW").seen_at == first


def test_what_was_only_in_flight_is_forgotten_when_it_arrived(world: World) -> None:
    world.scan(dp_row(held_version=7, open_jobs=1))
    world.scan(dp_row())

    assert world.history.lines == {}


def test_drift_that_is_being_repaired_is_not_new_when_the_repair_fails(world: World) -> None:
    world.scan(BEHIND)
    first = world.clock.now
    world.scan(dp_row(held_version=7, open_jobs=1))
    assert moved(world.episode(), first) is None

    world.scan(BEHIND)

    assert world.episode().drifted_at == first
    assert moved(world.episode(), first) is Moved.STILL


def test_a_row_that_falls_behind_again_starts_anew(world: World) -> None:
    world.scan(BEHIND)
    world.scan(dp_row())
    world.scan(dp_row(held_version=13, status_number=5))

    assert (world.episode().seen_at, world.episode().healed_at) == (world.clock.now, None)


@pytest.mark.parametrize("version", [14, 12], ids=["a new source version", "a site restored to an older state"])
def test_another_source_version_starts_every_row_anew(world: World, version: int) -> None:
    world.scan(BEHIND, dp_row("AHEAD", held_version=13))
    other = package(source_version=version)

    world.scan(BEHIND, dp_row("AHEAD", held_version=13), of=other)

    assert world.episode().seen_at == world.clock.now
    expected = DriftClass.AHEAD if version < 13 else DriftClass.SOURCE_BEHIND
    assert world.episode("AHEAD").drift_class is expected
    assert world.episode("AHEAD").drifted_at == world.clock.now


def test_a_copy_that_is_missing_is_kept_and_heals(world: World) -> None:
    world.holds(table(site_row(), dp_row("A", "P02")))
    world.scans.scan(PS1)
    (missing,) = world.history.lines.values()
    assert (missing.drift_class, missing.row.site_code, missing.row.server) == (DriftClass.SITE_BEHIND, "P02", "")

    world.holds(table(site_row(), dp_row("A", "P02"), site_row("P02")))
    world.clock.move(minutes=15)
    world.scans.scan(PS1)

    (healed,) = world.history.lines.values()
    assert (healed.healed_at, healed.gone) == (world.clock.now, False)


@pytest.mark.parametrize("trouble", SiteErrorKind)
def test_a_scan_that_failed_heals_nothing_and_is_recorded_once_until_it_works_again(
    world: World, trouble: SiteErrorKind
) -> None:
    world.scan(BEHIND)
    scanned_at, written = world.clock.now, dict(world.history.lines)
    world.sites[PS1].trouble = trouble

    for _ in range(3):
        world.clock.move(minutes=15)
        world.scans.scan(PS1)

    assert world.history.lines == written
    assert world.history.sites() == [SiteSeen(PS1, scanned_at, trouble, world.clock.now, scanned_at)]
    assert world.verbs() == ["scan failed"]
    world.scan(BEHIND)
    assert world.verbs() == ["scan failed", "scans work again"]
    assert world.history.sites() == [SiteSeen(PS1, world.clock.now, first_at=scanned_at)]


def test_a_clock_that_was_set_back_does_not_undo_what_was_seen(world: World) -> None:
    world.scan(BEHIND)
    first = world.clock.now
    world.clock.move(hours=-3)

    world.scan(dp_row(), dp_row("B", held_version=7))

    assert (world.episode().healed_at or first) > first
    assert moved(world.episode(), first) is Moved.HEALED
    assert moved(world.episode("B"), first) is Moved.NEWLY


def test_a_scan_that_broke_off_while_it_was_written_is_made_good_by_the_next(world: World) -> None:
    world.scan(BEHIND, dp_row("B", held_version=7))
    before = dict(world.history.lines)
    world.scan(dp_row(), dp_row("B", held_version=7), dp_row("C", held_version=7), dp_row("D", held_version=7))
    world.history.seen[PS1] = SiteSeen(PS1, NOW + timedelta(minutes=15))

    world.scan(BEHIND, dp_row("B", held_version=7), dp_row("C", held_version=7), dp_row("D"))

    assert {key: line for key, line in world.history.lines.items() if key in before} == before
    assert world.episode("C").drifted_at == world.clock.now
    assert len(world.history.lines) == 3


def test_days_are_counted_by_package_and_class(world: World) -> None:
    world.scan(
        BEHIND, dp_row("B", held_version=7), dp_row("C", status_number=5), dp_row("D", held_version=7, open_jobs=1)
    )

    (tallies,) = world.history.counted.values()
    assert sorted(tallies, key=lambda class_count: str(class_count.drift_class)) == [
        ClassCount(BOOT, DriftClass.DP_BEHIND, 2),
        ClassCount(BOOT, DriftClass.FAILED, 1),
        ClassCount(BOOT, DriftClass.IN_FLIGHT, 1),
    ]


@pytest.mark.parametrize(
    ("job_age", "drift_class"), [(timedelta(days=1), DriftClass.DP_BEHIND), (timedelta(days=100), DriftClass.IN_FLIGHT)]
)
def test_how_long_a_job_may_stand_still_is_a_setting(world: World, job_age: timedelta, drift_class: DriftClass) -> None:
    world.scans.job_age = job_age

    world.scan(dp_row(held_version=7, jobs=(job(created_at=ago(days=90), updated_at=ago(days=90)),)))

    assert world.episode().drift_class is drift_class


def test_two_sites_do_not_report_one_row_twice(world: World) -> None:
    owned = table(site_row(), BEHIND)
    from_cas = table(site_row(), BEHIND, of=package("CAS00001", source_site=SiteCode("CAS")))
    from_p02 = table(BEHIND, of=package("P0200001", source_site=None))
    for code in (PS1, P02):
        world.holds(owned, from_cas, from_p02, code=code)

    for code in (PS1, P02):
        world.scans.scan(code)

    assert sorted((site, key[0]) for site, key in world.history.lines if key[1] == BEHIND.type_number) == [
        (P02, "P0200001"),
        (PS1, "CAS00001"),
        (PS1, "PS100112"),
    ]


def test_the_story_is_seen_as_a_lookup_shows_it(world: World) -> None:
    world.holds(story())
    world.scans.scan(PS1)

    assert {line.drift_class for line in world.history.lines.values()} == {
        DriftClass.SITE_BEHIND,
        DriftClass.DP_BEHIND,
        DriftClass.FAILED,
        DriftClass.AHEAD,
        DriftClass.RESET,
        DriftClass.UNKNOWN,
        DriftClass.ORPHAN,
        DriftClass.IN_FLIGHT,
        DriftClass.REMOVING,
    }


def test_a_process_scans_soon_after_its_start_then_every_so_often_and_only_with_the_lease(
    store: Store, opened: Callable[[str], Store]
) -> None:
    one, two = World(store), World(opened("two"))
    for world in (one, two):
        world.holds(story())

    for minutes in (0, 1, 14, 15):
        one.clock.now = two.clock.now = NOW + timedelta(minutes=minutes)
        one.scans.tick()
        two.scans.tick()

    assert one.sites[PS1].asked == ["scan", "scan"]
    assert two.sites[PS1].asked == []
    one.scans.scan_soon()
    one.scans.tick()
    assert one.sites[PS1].asked == ["scan"] * 3


def test_who_lost_the_lease_while_reading_writes_nothing(world: World, store: Store) -> None:
    world.holds(story())
    world.clock.now = ago(hours=0)
    store.leases.release(LEASE)

    world.scans.scan(PS1)

    assert (world.history.lines, world.history.sites()) == ({}, [])


@pytest.mark.parametrize(
    ("row", "changed_at", "since"),
    [
        pytest.param(ago(days=20), ago(days=60), ago(days=20, hours=-14), id="the row's own update"),
        pytest.param(ago(days=60), ago(days=20), ago(days=20, hours=-14), id="the package changed after it"),
        pytest.param(ago(days=20), None, ago(days=20, hours=-14), id="the package's change is unknown"),
        pytest.param(None, ago(days=20), NOW, id="the row's update is unknown"),
        pytest.param(datetime(1980, 1, 1, tzinfo=UTC), ago(days=20), NOW, id="a date that means never"),
        pytest.param(ago(hours=13), ago(days=20), NOW, id="within the doubt about the zone"),
        pytest.param(ago(days=-3), ago(days=20), NOW, id="a clock far ahead"),
    ],
)
def test_the_first_look_takes_ages_from_the_rows(world: World, row: Any, changed_at: Any, since: datetime) -> None:
    world.scan(dp_row(held_version=7, status_number=5, updated_at=row), of=package(changed_at=changed_at), minutes=0)

    assert (world.episode().seen_at, world.episode().drifted_at) == (since, NOW)
    assert world.history.sites() == [SiteSeen(PS1, NOW, first_at=NOW)]


def test_what_the_first_look_took_from_a_row_stays_until_another_version_is_expected(world: World) -> None:
    world.scan(BEHIND, minutes=0)
    first = world.episode().seen_at
    world.scan(dp_row(held_version=7, updated_at=NOW))
    assert world.episode().seen_at == first < NOW

    world.scan(BEHIND, of=package(source_version=14))

    assert world.episode().seen_at == world.clock.now


def test_a_row_that_falls_behind_after_the_first_look_is_as_old_as_a_scan_saw_it(world: World) -> None:
    world.scan(dp_row())
    world.scan(BEHIND)

    assert world.episode().seen_at == world.clock.now


def test_a_first_scan_that_broke_off_is_still_the_first(world: World) -> None:
    world.scan(BEHIND, minutes=0)
    first = world.episode().seen_at
    world.history.seen.clear()

    world.scan(BEHIND)

    assert world.episode().seen_at == first + timedelta(0)
    assert world.history.sites() == [SiteSeen(PS1, world.clock.now, first_at=world.clock.now)]


class TestAPackageWhoseSourceSiteIsNotRead:
    FROM_CAS = table(site_row(), BEHIND, of=package("CAS00001", source_site=SiteCode("CAS")))

    def told(self, world: World) -> set[SiteCode]:
        for code in world.sites:
            world.clock.move(minutes=15)
            world.scans.scan(code)
        return {site for site, key in world.history.lines if key[1] == BEHIND.type_number}

    def test_is_told_by_the_first_site_that_knows_it(self, world: World) -> None:
        world.holds(code=PS1)
        world.holds(self.FROM_CAS, code=P02)

        assert self.told(world) == {P02}

    @pytest.mark.parametrize("is_told_before", [True, False])
    def test_is_told_once_while_the_first_site_is_away_if_that_has_told_of_it(
        self, world: World, *, is_told_before: bool
    ) -> None:
        world.holds(*([self.FROM_CAS] if is_told_before else []), code=PS1)
        world.scans.scan(PS1)
        world.sites[PS1].trouble = SiteErrorKind.UNREACHABLE
        world.holds(self.FROM_CAS, code=P02)

        assert self.told(world) == ({PS1} if is_told_before else {P02})
