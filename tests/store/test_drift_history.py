"""The contract of the drift history, on every engine and in memory."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.domain.digest import SiteSeen
from bot.domain.drift_classes import DriftClass
from bot.domain.drift_history import DriftEpisode, Group
from bot.domain.package import PackageId, RowType, SiteCode
from bot.domain.site_error_kind import SiteErrorKind
from bot.store import open_store
from bot.store.drift_history import DriftTables
from bot.usecases.ports.store import ClassCount, DriftHistory
from tests.builders import NOW, dp_row, site_row
from tests.drift_history import FakeHistory, episode
from tests.store.clock import SteppingClock
from tests.store.conftest import AUDIT, ENGINES, address_on

PS1, P02 = SiteCode("PS1"), SiteCode("P02")
BOOT, OFFICE = PackageId("PS100112"), PackageId("PS100200")
LATER = NOW + timedelta(minutes=15)
LATEST = NOW + timedelta(minutes=30)


@pytest.fixture(params=["fake", *ENGINES])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DriftHistory]:
    if request.param == "fake":
        yield FakeHistory()
        return
    address = address_on(request.param, tmp_path)
    with closing(open_store(address, audit_channel=AUDIT, holder="one", clock=SteppingClock())) as store:
        yield DriftTables(store.database)


def scanned(history: DriftHistory, *episodes: DriftEpisode, at: object = NOW, site: SiteCode = PS1) -> DriftHistory:
    """Write what a whole scan saw."""
    history.write(episodes, ())
    history.finish(site, at, ())  # type: ignore[arg-type]
    return history


def found(history: DriftHistory, site: SiteCode = PS1) -> set[DriftEpisode]:
    return set(history.episodes(site))


def test_nothing_is_known_before_the_first_scan(history: DriftHistory) -> None:
    assert list(history.sites()) == []
    assert list(history.episodes(PS1)) == []
    assert list(history.groups(NOW)) == []
    assert dict(history.days(PS1, NOW.date())) == {}
    assert dict(history.servers(None)) == {}


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(episode(), id="a DP"),
        pytest.param(episode(row=site_row("P02", updated_at=None)), id="a site"),
        pytest.param(
            episode(row=site_row("P02", server_path="", held_version=None, status_number=None, updated_at=None)),
                     id="a site row that is not there"),
        pytest.param(episode(row=dp_row(type_number=None, server_path="\t", updated_at=None, dp_known=None)),
                     id="a row that makes no sense"),
        pytest.param(episode(package_name="Büro 日本 '\"%_"), id="a name with everything in it"),
        pytest.param(episode(row=dp_row("X" * 230, updated_at=None, dp_known=None)), id="a long name"),
        pytest.param(episode(expected_version=None, drifted_at=None, drift_class=DriftClass.IN_FLIGHT), id="in flight"),
    ],
)  # fmt: skip
def test_a_row_is_kept_as_it_was_seen(history: DriftHistory, written: DriftEpisode) -> None:
    scanned(history, written)

    assert found(history) == {written}
    assert found(history, P02) == set()
    assert history.names() == {(PS1, BOOT): written.package_name}


def test_writing_a_row_again_replaces_it(history: DriftHistory) -> None:
    scanned(history, episode(), episode("NYC-DP04"))
    changed = episode(drift_class=DriftClass.FAILED, moved_at=LATER)

    scanned(history, changed, at=LATER)
    scanned(history, changed, at=LATER)

    assert found(history) == {changed, episode("NYC-DP04")}


def test_a_forgotten_row_is_gone(history: DriftHistory) -> None:
    scanned(history, episode(), episode("NYC-DP04"))

    history.write((), [episode()])

    assert found(history) == {episode("NYC-DP04")}


def test_the_same_server_in_another_case_is_the_same_row(history: DriftHistory) -> None:
    scanned(history, episode("nyc-dp03"))
    scanned(history, episode("NYC-DP03"), at=LATER)

    assert found(history) == {episode("NYC-DP03")}


def test_what_ended_is_no_longer_open_and_is_counted_from_the_moment_when_it_ended(history: DriftHistory) -> None:
    healed = episode(healed_at=LATER)
    gone = episode("NYC-DP04", healed_at=LATER, gone=True)
    scanned(history, episode(), episode("NYC-DP04"), episode("NYC-DP05"))
    scanned(history, healed, gone, at=LATER)

    assert found(history) == {episode("NYC-DP05")}
    assert {(group.healed_at, group.gone, group.count) for group in history.groups(NOW)} == {
        (None, False, 1),
        (LATER, False, 1),
        (LATER, True, 1),
    }
    assert {group.healed_at for group in history.groups(LATER)} == {None}
    assert {group.healed_at for group in history.groups(None)} == {None}


def test_what_ended_in_a_scan_that_was_not_finished_is_still_handed_out(history: DriftHistory) -> None:
    scanned(history, episode(), episode("NYC-DP04", healed_at=NOW))

    history.write([episode(healed_at=LATER), episode("NYC-DP05", seen_at=LATER)], ())

    assert found(history) == {episode(healed_at=LATER), episode("NYC-DP05", seen_at=LATER)}


def test_rows_are_grouped_by_all_that_a_picture_asks_for(history: DriftHistory) -> None:
    scanned(history, episode("A"), episode("B"), episode("C", drift_class=DriftClass.FAILED), episode("D", "PS100200"))
    scanned(history, episode("E", site=P02), site=P02)

    assert {(each.site, each.package_id, each.drift_class, each.count) for each in history.groups(None)} == {
        (PS1, BOOT, DriftClass.DP_BEHIND, 2),
        (PS1, BOOT, DriftClass.FAILED, 1),
        (PS1, OFFICE, DriftClass.DP_BEHIND, 1),
        (P02, BOOT, DriftClass.DP_BEHIND, 1),
    }


def test_the_rows_of_a_group_come_in_a_fixed_order(history: DriftHistory) -> None:
    rows = [episode(host) for host in ("C", "A", "B")]
    scanned(history, *rows, episode("D", drift_class=DriftClass.FAILED))
    (group,) = (each for each in history.groups(None) if each.drift_class is DriftClass.DP_BEHIND)

    assert [each.row.server for each in history.rows(group)] == ["A.contoso.com", "B.contoso.com", "C.contoso.com"]
    assert list(history.rows(replace(group, drift_class=DriftClass.AHEAD))) == []
    assert list(history.rows(Group(PS1, BOOT, DriftClass.DP_BEHIND, NOW, NOW, LATER, gone=False, count=1))) == []


def test_servers_are_counted_with_their_drifted_rows_only(history: DriftHistory) -> None:
    scanned(
        history,
        episode("A"),
        episode("A", "PS100200"),
        episode("B", drift_class=DriftClass.IN_FLIGHT, drifted_at=None),
        episode("C", healed_at=NOW),
        episode(row=site_row("P02", updated_at=None)),
    )

    assert dict(history.servers(None)) == {(PS1, "A.contoso.com"): 2}
    assert dict(history.servers([BOOT])) == {(PS1, "A.contoso.com"): 1}
    assert dict(history.servers([])) == {}
    assert dict(history.servers([PackageId(f"PS1{number:05X}") for number in range(2000)])) == {
        (PS1, "A.contoso.com"): 2
    }


def test_the_last_scan_of_a_day_is_what_counts_for_it(history: DriftHistory) -> None:
    behind, office = ClassCount(BOOT, DriftClass.DP_BEHIND, 7), ClassCount(OFFICE, DriftClass.FAILED, 2)
    yesterday = NOW - timedelta(days=1)
    history.finish(PS1, yesterday, [behind, office])
    history.finish(PS1, NOW, [behind])
    history.finish(PS1, LATER, [])
    history.finish(P02, LATER, [office])

    assert {day: list(tallies) for day, tallies in history.days(PS1, date.min).items()} == {
        yesterday.date(): [behind, office],
        NOW.date(): [],
    }
    assert list(history.days(PS1, NOW.date())) == [NOW.date()]


def test_a_failed_scan_is_noted_beside_what_was_known(history: DriftHistory) -> None:
    history.fail(P02, NOW, SiteErrorKind.LOGIN)
    scanned(history, episode())
    history.fail(PS1, LATER, SiteErrorKind.UNREACHABLE)

    assert list(history.sites()) == [
        SiteSeen(P02, None, SiteErrorKind.LOGIN, NOW),
        SiteSeen(PS1, NOW, SiteErrorKind.UNREACHABLE, LATER, first_at=NOW),
    ]
    assert found(history) == {episode()}
    history.finish(PS1, LATEST, ())
    assert list(history.sites())[1] == SiteSeen(PS1, LATEST, first_at=NOW)


def test_a_package_is_known_as_the_last_finished_scan_saw_it(history: DriftHistory) -> None:
    assert list(history.known(PS1, BOOT)) == []
    scanned(history, episode(), episode("B", "PS100200"))
    scanned(history, episode(site=P02), site=P02)
    ended = episode("C", seen_at=NOW, healed_at=LATER)
    history.write([episode("NEW", seen_at=LATER, drifted_at=LATER), ended], ())

    assert {each.row.server.partition(".")[0] for each in history.known(PS1, BOOT)} == {"NYC-DP03", "C"}
    assert {each.healed_at for each in history.known(PS1, BOOT)} == {None}


def test_what_ended_long_ago_is_forgotten_and_what_is_open_is_not(history: DriftHistory) -> None:
    long_ago = NOW - timedelta(days=60)
    old = episode(seen_at=long_ago, moved_at=long_ago, drifted_at=long_ago)
    scanned(history, old, episode("B", healed_at=long_ago, seen_at=long_ago), episode("C", healed_at=NOW))
    history.finish(PS1, long_ago, ())
    history.finish(PS1, NOW, ())

    history.purge(NOW - timedelta(days=45))

    assert {(group.healed_at, group.count) for group in history.groups(long_ago - timedelta(days=1))} == {
        (None, 1),
        (NOW, 1),
    }
    assert list(history.days(PS1, date.min)) == [NOW.date()]


def test_many_rows_are_written_and_read_whole(history: DriftHistory) -> None:
    rows = [episode(f"DP{number}", f"PS1{number % 7:05X}") for number in range(2345)]

    scanned(history, *rows)

    assert found(history) == set(rows)
    assert sum(group.count for group in history.groups(None)) == 2345
    assert {each.row.type_number for each in history.episodes(PS1)} == {RowType.DP}
