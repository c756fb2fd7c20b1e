"""The drift classes: every line of the table of classes as rows, and what must hold for any site at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.digest import DRIFTED
from bot.domain.drift_classes import RESETTABLE, Barrier, Drift, DriftClass, Hop, Verdict, judge, settled_age
from bot.domain.package import JobAction, JobState, Package, PackageTable, Row, SiteCode, Status
from bot.domain.plan import RowsAllowed, row_fault
from tests.builders import GRACE, LONG_AGO, NOW, ago, dp_row, job, nal_path, package, site_row, story, table

if TYPE_CHECKING:
    from random import Random

BEHIND: dict[str, Any] = {"held_version": 7}
SENT: dict[str, Any] = {"status_number": Status.SENT}
SITE = site_row()
OLD, NEVER = ago(days=90), datetime(1980, 1, 1, tzinfo=UTC)
OLD_JOB = job(created_at=OLD, updated_at=OLD)
case = pytest.param


def judged(*rows: Row, of: Package | None = None) -> Verdict:
    """Return the verdict on the first of these rows; the package comes from another site, and each site has a DP."""
    targets = [dp_row("ANY-DP99", row.site_code) for row in rows if row.is_site]
    drift = judge(table(*rows, *targets, of=of or package(source_site=SiteCode("CAS"))), NOW, GRACE)
    return next(verdict for verdict in (*drift.sites, *drift.dps) if verdict.row == rows[0])


IN_SYNC = [
    case([dp_row(), SITE], id="a DP that has installed the source version"),
    case([site_row(status_number=Status.RECEIVED)], id="a site that has received it"),
    case([site_row(status_number=Status.INSTALLED)], id="a site that has installed it"),
    case([dp_row(updated_at=None), SITE], id="a DP whose UpdateTime is unknown"),
    case([dp_row(updated_at=ago(minutes=1)), SITE], id="a DP that got it just now"),
    case([dp_row(), site_row(**BEHIND)], id="a DP that has it although its site has not"),
    case([dp_row(dp_known=None), SITE], id="a DP of a site whose list of DPs is closed to us"),
    case([dp_row(open_jobs=1), SITE], id="a DP that has it and gets it again"),
]


@pytest.mark.parametrize("rows", IN_SYNC)
def test_in_sync_is(rows: list[Row]) -> None:
    assert judged(*rows).drift_class is DriftClass.IN_SYNC


IN_FLIGHT = [
    case([dp_row(**BEHIND, updated_at=ago(hours=3)), SITE], id="a DP whose row moved 3 h ago"),
    case([dp_row(**BEHIND, updated_at=ago(hours=17.9)), SITE], id="a DP whose row moved less than 4 h + 14 h ago"),
    case([dp_row(**BEHIND, updated_at=ago(hours=-13.9)), SITE], id="a DP whose clock is 13.9 h ahead"),
    case([site_row(**BEHIND, updated_at=ago(hours=3))], id="a site whose row moved 3 h ago"),
    case([dp_row(**BEHIND, open_jobs=1), SITE], id="a DP with an open distribution job"),
    case([dp_row(**BEHIND, open_jobs=1), site_row(**BEHIND)], id="a DP with an open job, though its site is behind"),
    case([dp_row(status_number=Status.FAILED, open_jobs=1), SITE], id="a DP that failed and is tried again"),
    case([dp_row(**BEHIND, status_number=Status.FAILED, open_jobs=1), SITE], id="an older version, tried again"),
    case(
        [dp_row(status_number=Status.REMOVE_FAILED, open_jobs=1), SITE], id="a DP that could not remove it, with a job"
    ),
    case([dp_row(status_number=Status.NONE, updated_at=ago(hours=1)), SITE], id="a DP that is being filled"),
    case([dp_row(**BEHIND, jobs=(OLD_JOB, job())), SITE], id="a DP with a stuck job and one that moves"),
    case([dp_row(**BEHIND, jobs=(job(updated_at=ago(hours=37.9)),)), SITE], id="a job that moved within 1 d + 14 h"),
    case([dp_row(**BEHIND, jobs=(job(updated_at=ago(hours=-13.9)),)), SITE], id="a job whose clock is 13.9 h ahead"),
    case([dp_row(**BEHIND, jobs=(job(updated_at=None),)), SITE], id="a job that was made lately"),
    case([dp_row(**BEHIND, jobs=(job(updated_at=NEVER),)), SITE], id="a job that was made lately and never updated"),
    case([dp_row(**BEHIND, jobs=(job(action=JobAction.UPDATE),)), SITE], id="a job that updates"),
    case([dp_row(held_version=0, updated_at=NOW), SITE], id="a DP at version 0 that says installed since just now"),
    case([dp_row(**BEHIND, status_number=Status.RETRY, updated_at=ago(hours=1)), SITE], id="a DP that is tried again"),
    case([dp_row(**BEHIND), site_row(**BEHIND, updated_at=ago(hours=1))], id="a DP whose site's row moved 1 h ago"),
    case([site_row(**SENT, updated_at=ago(hours=20))], id="a site that was sent it 20 h ago"),
    case([site_row(**SENT, updated_at=ago(hours=37.9))], id="a site that was sent it less than a day + 14 h ago"),
    case([dp_row(**BEHIND), site_row(**SENT, updated_at=ago(hours=20))], id="a DP whose site was sent it 20 h ago"),
]


@pytest.mark.parametrize("rows", IN_FLIGHT)
def test_in_flight_is(rows: list[Row]) -> None:
    assert judged(*rows).drift_class is DriftClass.IN_FLIGHT


@pytest.mark.parametrize("hours", [0, 3.9, 17.9, -13.9])
@pytest.mark.parametrize("row", [dp_row(**BEHIND), site_row(**BEHIND), site_row(**SENT)])
def test_everything_that_lags_is_in_flight_while_the_package_changed_within_the_grace_time(
    row: Row, hours: float
) -> None:
    changed = package(changed_at=ago(hours=hours))

    assert judged(row, *([] if row.is_site else [SITE]), of=changed).drift_class is DriftClass.IN_FLIGHT


@pytest.mark.parametrize("hours", [18.1, 2000, -14.1, -90_000])
@pytest.mark.parametrize("row", [dp_row(**BEHIND), site_row(**BEHIND)])
def test_nothing_is_in_flight_for_a_package_that_changed_long_ago_or_in_an_impossible_future(
    row: Row, hours: float
) -> None:
    changed = package(changed_at=ago(hours=hours), source_site=SiteCode("CAS"))

    assert judged(row, *([] if row.is_site else [SITE]), of=changed).drift_class in RESETTABLE


SITE_BEHIND = [
    case([site_row(**BEHIND)], id="a site that holds an older version"),
    case([site_row(**BEHIND, updated_at=ago(hours=18.1))], id="a site whose row moved more than 4 h + 14 h ago"),
    case([site_row(**BEHIND, updated_at=ago(hours=-14.1))], id="a site whose clock is impossibly far ahead"),
    case([site_row(**BEHIND, updated_at=None)], id="a site whose UpdateTime is unknown"),
    case([site_row(**SENT, updated_at=ago(hours=38.1))], id="a site that was sent it more than a day + 14 h ago"),
    case([site_row(**SENT, **BEHIND)], id="a site that was sent an older version long ago"),
    case([site_row(status_number=Status.NONE)], id="a site at the source version that never reported receipt"),
    case([dp_row(**BEHIND), site_row(**BEHIND)], id="a DP that lags because its site does"),
    case([dp_row(**BEHIND), site_row(**SENT)], id="a DP whose site is stuck at SENT"),
    case([dp_row(**BEHIND)], id="a DP whose site has no row"),
    case([dp_row(**BEHIND), site_row(status_number=Status.FAILED)], id="a DP whose site failed"),
    case([dp_row(**BEHIND), site_row("P02")], id="a DP whose site has no row, while another site has"),
]


@pytest.mark.parametrize("rows", SITE_BEHIND)
def test_site_behind_is(rows: list[Row]) -> None:
    verdict = judged(*rows)

    assert (verdict.drift_class, verdict.hop) == (DriftClass.SITE_BEHIND, Hop.SITE)


DP_BEHIND = [
    case([dp_row(**BEHIND), SITE], id="a DP that holds an older version than its site"),
    case([dp_row(**BEHIND, updated_at=ago(hours=18.1)), SITE], id="a DP whose row moved more than 4 h + 14 h ago"),
    case([dp_row(**BEHIND, updated_at=ago(hours=-14.1)), SITE], id="a DP whose clock is impossibly far ahead"),
    case([dp_row(**BEHIND, updated_at=None), SITE], id="a DP whose UpdateTime is unknown"),
    case([dp_row(**BEHIND, status_number=Status.RETRY), SITE], id="a DP that stopped trying"),
    case([dp_row(status_number=Status.RECEIVED), SITE], id="a DP that received the source version and never installed"),
    case([dp_row(status_number=Status.NONE), SITE], id="a DP that never reported the end"),
    case([dp_row(status_number=Status.NONE), site_row(**SENT)], id="a DP that never reported, of a site at SENT"),
    case([dp_row(**BEHIND, dp_known=None), SITE], id="a DP of a site whose list of DPs is closed to us"),
    case([dp_row(**BEHIND, server_path=r"\\HEL-NAS01\SMSPKGD$"), SITE], id="a DP whose path does not parse"),
    case([dp_row(**BEHIND, site="ps1"), SITE], id="a DP that writes its site code in lower case"),
    case([dp_row(**BEHIND), site_row(held_version=14)], id="a DP below its site, which is beyond the source"),
    case([dp_row(**BEHIND, jobs=(OLD_JOB,)), SITE], id="a DP with a job that has not moved for 90 days"),
    case([dp_row(**BEHIND, jobs=(job(action=JobAction.CANCEL),)), SITE], id="a DP with a job that cancels"),
    case([dp_row(**BEHIND, jobs=(job(action=JobAction.DELETE),)), SITE], id="a DP with a job that removes"),
    case([dp_row(**BEHIND, jobs=(job(action=None),)), SITE], id="a DP with a job of unknown action"),
    case([dp_row(**BEHIND, jobs=(job(version=7),)), SITE], id="a DP with a job for an older version"),
    case([dp_row(**BEHIND, jobs=(job(version=None),)), SITE], id="a DP with a job for no known version"),
    case([dp_row(**BEHIND, jobs=(job(state=JobState.SUSPENDED),)), SITE], id="a DP with a job that is suspended"),
    case([dp_row(**BEHIND, jobs=(job(state=JobState.COMPLETE),)), SITE], id="a DP with a job that is complete"),
    case([dp_row(**BEHIND, jobs=(job(state=JobState.FAILED),)), SITE], id="a DP with a job that failed"),
    case([dp_row(**BEHIND, jobs=(job(state=JobState.CANCELLED),)), SITE], id="a DP with a job that was cancelled"),
    case([dp_row(**BEHIND, jobs=(job(action=JobAction.VALIDATE),)), SITE], id="a DP with a job that only validates"),
    case([dp_row(**BEHIND, jobs=(job(state=9),)), SITE], id="a DP with a job in a state that nobody documented"),
    case([dp_row(**BEHIND, jobs=(job(state=None),)), SITE], id="a DP with a job of unknown state"),
    case([dp_row(**BEHIND, jobs=(job(created_at=None, updated_at=None),)), SITE], id="a DP with a job without dates"),
    case([dp_row(**BEHIND, jobs=(job(updated_at=ago(hours=38.1)),)), SITE], id="a job that stopped 1 d + 14 h ago"),
    case([dp_row(**BEHIND, jobs=(job(updated_at=ago(hours=-14.1)),)), SITE], id="a job of an impossible future"),
    case([dp_row(**BEHIND, jobs=(job(created_at=OLD, updated_at=NEVER),)), SITE], id="a job that never moved"),
    case([dp_row(**BEHIND, jobs=None), SITE], id="a DP of a site whose jobs are closed to us"),
]


@pytest.mark.parametrize("rows", DP_BEHIND)
def test_dp_behind_is(rows: list[Row]) -> None:
    verdict = judged(*rows)

    assert (verdict.drift_class, verdict.hop) == (DriftClass.DP_BEHIND, Hop.DP)


FAILED = [
    case([dp_row(status_number=Status.FAILED), SITE], id="a DP that failed at the source version"),
    case([dp_row(**BEHIND, status_number=Status.FAILED), SITE], id="a DP that failed at an older version"),
    case([dp_row(status_number=Status.REMOVE_FAILED), SITE], id="a DP that could not remove it"),
    case([dp_row(status_number=Status.FAILED, updated_at=NOW), SITE], id="a DP that failed just now"),
    case([dp_row(**BEHIND, status_number=Status.FAILED), site_row(**BEHIND)], id="a DP that failed at a site behind"),
    case([site_row(status_number=Status.FAILED)], id="a site that failed"),
    case([dp_row(held_version=0, status_number=Status.FAILED), SITE], id="a DP that failed after a reset"),
    case(
        [dp_row(**BEHIND, status_number=Status.FAILED, jobs=(OLD_JOB,)), SITE], id="a DP that failed, and a stuck job"
    ),
]


@pytest.mark.parametrize("rows", FAILED)
def test_failed_is(rows: list[Row]) -> None:
    assert judged(*rows).drift_class is DriftClass.FAILED


AHEAD = [
    case([dp_row(held_version=14), SITE], id="a DP beyond the source"),
    case([site_row(held_version=14)], id="a site beyond the source"),
    case([dp_row(held_version=14), site_row(held_version=14)], id="a DP and its site beyond the source"),
    case([dp_row(held_version=14, status_number=Status.FAILED), SITE], id="a DP beyond the source that failed"),
    case([dp_row(held_version=14, updated_at=NOW), SITE], id="a DP that went beyond the source just now"),
]


@pytest.mark.parametrize("rows", AHEAD)
def test_ahead_is(rows: list[Row]) -> None:
    assert judged(*rows).drift_class is DriftClass.AHEAD


EDITED: dict[str, Any] = {"held_version": 0, "status_number": Status.RECEIVED}
RESET = [
    case([site_row(**EDITED, updated_at=ago(hours=1))], id="a site row that reads so since an hour"),
    case([dp_row(**EDITED, updated_at=ago(hours=1)), SITE], id="a DP row that reads so since an hour"),
    case([dp_row(**EDITED, updated_at=ago(hours=1)), site_row(**BEHIND)], id="the same below a site behind"),
]


@pytest.mark.parametrize("rows", RESET)
def test_reset_is(rows: list[Row]) -> None:
    assert judged(*rows).drift_class is DriftClass.RESET


@pytest.mark.parametrize("row", [site_row("P02", **EDITED), dp_row(**EDITED)])
def test_what_the_bot_reset_itself_is_reset_however_long_ago(row: Row) -> None:
    drift = judge(table(SITE, dp_row("ANY", "P02"), row), NOW, GRACE, resets=frozenset({row.key}))

    assert drift.counts[DriftClass.RESET] == 1


NEVER_RECEIVED = [
    case([dp_row(**EDITED), SITE], id="version 0, received, for two months"),
    case([dp_row(held_version=0), SITE], id="version 0, installed"),
    case([dp_row(held_version=0, status_number=Status.NONE), SITE], id="version 0, no status"),
    case([dp_row(held_version=0, status_number=Status.RETRY), SITE], id="version 0, tried again"),
    case([dp_row(**EDITED, updated_at=NEVER), SITE], id="version 0 since a date that means never"),
    case([dp_row(**EDITED, updated_at=None), SITE], id="version 0 since nobody knows when"),
    case([dp_row(**EDITED, jobs=(OLD_JOB,)), SITE], id="version 0 and a stuck job"),
    case([dp_row(held_version=0), site_row(held_version=14)], id="version 0 below a site that is ahead"),
]


@pytest.mark.parametrize("rows", NEVER_RECEIVED)
def test_never_received_is(rows: list[Row]) -> None:
    verdict = judged(*rows)

    assert (verdict.drift_class, verdict.hop) == (DriftClass.NEVER_RECEIVED, Hop.DP)


def test_a_site_at_version_0_is_behind_and_so_are_its_dps() -> None:
    assert judged(site_row(**EDITED)).drift_class is DriftClass.SITE_BEHIND
    assert judged(dp_row(**EDITED), site_row(**BEHIND)).drift_class is DriftClass.SITE_BEHIND


def verdicts_of(*rows: Row, **changes: Any) -> dict[str, Verdict]:
    """Judge a package of PS1, and return the verdict on each row by its short server name."""
    drift = judge(table(*rows, of=package(**changes)), NOW, GRACE)
    return {each.row.server.partition(".")[0]: each for each in all_of(drift)}


OTHERS = (site_row("P02", **BEHIND), dp_row("LON-DP01", "P02", **BEHIND), dp_row(**BEHIND), dp_row("NYC-DP02"))
SOURCE_BEHIND = [
    case(site_row(), {"stored_version": 12}, id="its own row is fine, what it stores is not"),
    case(site_row(**BEHIND), {}, id="its own row is behind, what it stores is not"),
    case(site_row(**BEHIND), {"stored_version": None}, id="its own row is behind, what it stores is unknown"),
    case(site_row(**BEHIND), {"stored_version": 7}, id="both are behind"),
    case(site_row(**EDITED), {}, id="its own row was reset"),
    case(site_row(status_number=Status.FAILED), {"stored_version": None}, id="its own row says failed"),
    case(site_row("ps1", **BEHIND, server_path="CM01.contoso.com"), {}, id="its own row in lower case"),
    case(site_row(**BEHIND, updated_at=NOW), {"stored_version": 12}, id="its row moves, what it stores is behind"),
]


@pytest.mark.parametrize(("own", "changes"), SOURCE_BEHIND)
def test_a_source_site_that_has_not_taken_its_version_holds_up_everything(own: Row, changes: dict[str, Any]) -> None:
    found = verdicts_of(own, *OTHERS, dp_row("BOS-DP01", held_version=7, open_jobs=1), **changes)

    assert {name: each.drift_class for name, each in found.items()} == {
        "CM01": DriftClass.SOURCE_BEHIND,
        "CM02": DriftClass.SOURCE_BEHIND,
        "LON-DP01": DriftClass.SOURCE_BEHIND,
        "NYC-DP01": DriftClass.SOURCE_BEHIND,
        "BOS-DP01": DriftClass.SOURCE_BEHIND,
        "NYC-DP02": DriftClass.IN_SYNC,
    }
    assert {each.hop for each in found.values()} == {Hop.SOURCE, None}


def test_a_row_that_failed_stays_failed_while_the_source_is_behind_and_is_not_reset() -> None:
    failed = dp_row(held_version=7, status_number=Status.FAILED)

    found = verdicts_of(site_row(), failed, stored_version=12)["NYC-DP01"]

    assert (found.drift_class, found.barrier) == (DriftClass.FAILED, Barrier.SOURCE_BEHIND)


@pytest.mark.parametrize(
    ("own", "changes"),
    [
        case(site_row(), {}, id="it stores the version"),
        case(site_row(), {"stored_version": None}, id="its own row has it"),
        case(site_row(), {"stored_version": 14}, id="it stores a newer one"),
        case(site_row(), {"stored_version": -1}, id="a number that cannot be"),
        case(site_row(), {"stored_version": 12, "changed_at": ago(hours=1)}, id="the package changed an hour ago"),
        case(site_row(**BEHIND, updated_at=NOW), {}, id="its own row is just moving"),
        case(dp_row("NYC-DP03"), {"stored_version": None}, id="it has no row of its own"),
        case(site_row(held_version=14), {}, id="its own row is ahead"),
        case(site_row(status_number=42), {}, id="its own row is unknown"),
    ],
)
def test_a_source_that_is_not_known_to_be_behind_is_not_called_so(own: Row, changes: dict[str, Any]) -> None:
    assert DriftClass.SOURCE_BEHIND not in {each.drift_class for each in verdicts_of(own, *OTHERS, **changes).values()}


def test_what_the_source_stores_is_unknown_until_it_is_read() -> None:
    assert judge(table(SITE, of=package(stored_version=None)), NOW, GRACE).source_unknown
    assert not judge(table(SITE), NOW, GRACE).source_unknown


@pytest.mark.parametrize(
    ("stored", "own", "is_unknown"),
    [
        case(None, site_row(), True, id="nothing is stored"),
        case(-1, site_row(), True, id="a number that is no version"),
        case(14, site_row(), True, id="a newer version than the source version"),
        case(None, site_row(**BEHIND), False, id="its own row says that it is behind"),
        case(12, site_row(), False, id="an older version"),
        case(13, site_row(**BEHIND, updated_at=NOW), False, id="the version, while its row is moving"),
    ],
)
def test_what_the_source_has_taken_is_unknown_only_where_nothing_tells(
    stored: int | None,
    own: Row,
    is_unknown: bool,  # noqa: FBT001 - a table row
) -> None:
    assert judge(table(own, *OTHERS, of=package(stored_version=stored)), NOW, GRACE).source_unknown is is_unknown


UNREPORTED = dp_row("LON-DP01", "P02", held_version=None, status_number=None)


@pytest.mark.parametrize(
    ("rows", "changes", "drift_class"),
    [
        case((site_row("P02"),), {}, DriftClass.NEVER_RECEIVED, id="its site has it"),
        case((site_row("P02", **BEHIND),), {}, DriftClass.SITE_BEHIND, id="its site is behind"),
        case((), {}, DriftClass.SITE_BEHIND, id="its site has no row"),
        case((site_row("P02", **SENT, updated_at=ago(hours=1)),), {}, DriftClass.IN_FLIGHT, id="its site is sent it"),
        case((site_row("P02"),) * 2, {}, DriftClass.AMBIGUOUS, id="its site has two rows"),
        case((), {"stored_version": 12}, DriftClass.SOURCE_BEHIND, id="the source is behind"),
        case((site_row("P02"),), {"source_version": None}, DriftClass.UNKNOWN, id="no source version"),
        case((site_row("P02"),), {"changed_at": ago(hours=1)}, DriftClass.IN_FLIGHT, id="the package changed lately"),
        case((site_row("P02"),), {"source_flag": 1}, None, id="no content"),
        case((site_row("P02"), dp_row("LON-DP01", "P02")), {}, DriftClass.IN_SYNC, id="its server has a row"),
    ],
)
def test_a_target_without_a_row_is_judged_like_what_never_came(
    rows: tuple[Row, ...], changes: dict[str, Any], drift_class: DriftClass | None
) -> None:
    read = replace(table(site_row(), *rows, of=package(**changes)), targets_without_row=(UNREPORTED, UNREPORTED))
    drift = judge(read, NOW, GRACE)

    assert [each.drift_class for each in drift.dps] == ([drift_class] if drift_class else [])
    assert not any(row_fault(each, RowsAllowed.ANY) is None for each in drift.dps)


def test_a_site_whose_only_target_reports_nothing_needs_a_copy() -> None:
    read = replace(table(site_row()), targets_without_row=(UNREPORTED,))
    (missing,) = [each for each in judge(read, NOW, GRACE).sites if each.missing]

    assert (missing.row.site_code, missing.drift_class) == ("P02", DriftClass.SITE_BEHIND)


LEFT_OVER = site_row("P02", **BEHIND)
NOT_SERVED = [
    case([LEFT_OVER], id="no DP at all"),
    case([site_row("P02", **BEHIND, updated_at=NOW)], id="it moved just now"),
    case([LEFT_OVER, dp_row("LON-DP01", "P02", dp_known=False)], id="only a DP that is gone"),
    case([LEFT_OVER, dp_row("LON-DP01", "P02", dp_leaving=True)], id="only a DP that is leaving"),
    case([LEFT_OVER, dp_row("LON-DP01", "P02", status_number=Status.REMOVED)], id="only a DP that removed it"),
    case([LEFT_OVER, dp_row("LON-DP01", "P02", dp_site=SiteCode("PS1"))], id="its DP belongs to another site now"),
    case([site_row("P02", held_version=14)], id="ahead"),
    case([site_row("P02", status_number=Status.FAILED)], id="failed"),
    case([site_row("P02", status_number=Status.SENT)], id="stuck at sent"),
    case([site_row("P02", held_version=0)], id="version 0"),
    case([LEFT_OVER, site_row("P02", server_path="CM77.contoso.com")], id="two rows"),
]


@pytest.mark.parametrize("rows", NOT_SERVED)
def test_not_served_is(rows: list[Row]) -> None:
    drift = judge(table(SITE, dp_row(), *rows), NOW, GRACE)
    verdict = next(each for each in drift.sites if each.row == rows[0])

    assert (verdict.drift_class, verdict.hop) == (DriftClass.NOT_SERVED, None)
    assert DriftClass.NOT_SERVED not in DRIFTED


@pytest.mark.parametrize(
    ("rows", "drift_class"),
    [
        case([LEFT_OVER, dp_row("LON-DP01", "P02", **BEHIND)], DriftClass.SITE_BEHIND, id="a DP of its own"),
        case(
            [LEFT_OVER, dp_row("X", "PS1", dp_site=SiteCode("P02"))], DriftClass.SITE_BEHIND, id="a DP under PS1's code"
        ),
        case([site_row("P02")], DriftClass.IN_SYNC, id="it has the version"),
        case([site_row("P02", status_number=Status.REMOVED)], DriftClass.REMOVING, id="it is being removed"),
        case([SITE], DriftClass.IN_SYNC, id="the source site"),
        case([site_row(**BEHIND)], DriftClass.SOURCE_BEHIND, id="the source site, behind, without a DP"),
        case([site_row(status_number=Status.FAILED)], DriftClass.FAILED, id="the source site, failed, without a DP"),
    ],
)
def test_a_site_row_that_somebody_needs_or_that_is_fine_keeps_its_class(
    rows: list[Row], drift_class: DriftClass
) -> None:
    assert judge(table(*rows), NOW, GRACE).sites[0].drift_class is drift_class


def test_a_site_that_the_list_of_targets_names_is_served_though_no_dp_has_a_row_yet() -> None:
    (verdict,) = judge(replace(table(LEFT_OVER), served=frozenset({SiteCode("p02")})), NOW, GRACE).sites

    assert verdict.drift_class is DriftClass.SITE_BEHIND


@pytest.mark.parametrize(
    ("row", "drift_class"),
    [
        case(LEFT_OVER, DriftClass.NOT_SERVED, id="an old version"),
        case(site_row("P02", **SENT, updated_at=ago(hours=1)), DriftClass.IN_FLIGHT, id="sent an hour ago"),
        case(site_row("P02", **SENT), DriftClass.UNKNOWN, id="sent long ago"),
    ],
)
def test_without_the_list_of_targets_a_copy_that_was_sent_may_have_one(row: Row, drift_class: DriftClass) -> None:
    (verdict,) = judge(replace(table(row), targets_known=False), NOW, GRACE).sites

    assert verdict.drift_class is drift_class


MISPLACED = dp_row("NYC-DP01", "PS1", **BEHIND, dp_site=SiteCode("P02"))


@pytest.mark.parametrize(
    ("copy", "drift_class"),
    [
        case(site_row("P02", **BEHIND), DriftClass.SITE_BEHIND, id="behind"),
        case(site_row("P02"), DriftClass.DP_BEHIND, id="there"),
        case(site_row("P02", **BEHIND, updated_at=NOW), DriftClass.IN_FLIGHT, id="on its way"),
    ],
)
def test_a_dp_row_under_another_site_s_code_is_judged_by_the_copy_of_its_own_site(
    copy: Row, drift_class: DriftClass
) -> None:
    verdict = verdicts_of(SITE, copy, MISPLACED)["NYC-DP01"]

    assert (verdict.drift_class, verdict.barrier) == (drift_class, Barrier.OTHER_SITE)
    assert verdict.row.other_site == "P02"


def test_both_rows_of_a_dp_that_was_reassigned_are_kept_from_a_reset() -> None:
    left = replace(MISPLACED, server_path=nal_path("NYC-DP01.contoso.com", "P02"))
    right = dp_row("NYC-DP01", "P02", **BEHIND)

    drift = judge(table(SITE, site_row("P02"), left, right), NOW, GRACE)

    assert {(each.row.site_code, each.drift_class, each.barrier) for each in drift.dps} == {
        ("PS1", DriftClass.DP_BEHIND, Barrier.OTHER_SITE),
        ("P02", DriftClass.DP_BEHIND, Barrier.TWO_ROWS),
    }


def test_two_rows_of_a_dp_whose_own_site_nobody_tells_are_ambiguous() -> None:
    rows = [replace(dp_row(**BEHIND, dp_site=None), site_code=SiteCode(site)) for site in ("PS1", "P02")]

    assert judge(table(SITE, site_row("P02"), *rows), NOW, GRACE).counts[DriftClass.AMBIGUOUS] == 2


def test_where_the_list_of_dps_does_not_tell_the_path_of_a_dp_does() -> None:
    row = replace(dp_row("NYC-DP01", "P02", **BEHIND, dp_site=None, dp_known=None), site_code=SiteCode("PS1"))

    assert verdicts_of(SITE, row)["NYC-DP01"].barrier is Barrier.OTHER_SITE


def test_a_row_that_is_kept_from_a_reset_says_why() -> None:
    found = verdicts_of(SITE, site_row("P02", **EDITED), dp_row("A", "P02"), dp_row("B", **EDITED), dp_row("C"))

    assert found["CM01"].barrier is Barrier.SOURCE_SITE
    assert (found["CM02"].barrier, found["B"].barrier) == (Barrier.RESET_ALREADY, Barrier.RESET_ALREADY)
    assert found["C"].barrier is None
    assert verdicts_of(site_row(held_version=14), dp_row(**BEHIND))["NYC-DP01"].barrier is Barrier.SITE_AHEAD


def test_jobs_that_do_not_count_are_named_and_the_limit_is_a_setting() -> None:
    row = dp_row(**BEHIND, jobs=(OLD_JOB, job()))
    assert judged(row, SITE).idle_jobs == (OLD_JOB,)

    (verdict,) = judge(table(SITE, row), NOW, GRACE, job_age=timedelta(days=100)).dps
    assert verdict.idle_jobs == ()


@pytest.mark.parametrize(
    ("row", "is_unconfirmed"),
    [(dp_row(status_number=Status.NONE), True), (dp_row(**BEHIND), False), (dp_row(), False)],
)
def test_a_row_at_the_expected_version_that_has_not_arrived_is_unconfirmed(row: Row, *, is_unconfirmed: bool) -> None:
    assert judged(row, SITE).is_unconfirmed is is_unconfirmed


def test_a_version_0_that_is_the_source_version_is_no_reset() -> None:
    empty = package(source_version=0)

    assert judged(dp_row(held_version=0), site_row(held_version=0), of=empty).drift_class is DriftClass.IN_SYNC


REMOVING = [
    case([dp_row(status_number=Status.REMOVED), SITE], id="a DP that removed it"),
    case([dp_row(**BEHIND, status_number=Status.PENDING_REMOVE), SITE], id="a DP that will remove it"),
    case([dp_row(**BEHIND, status_number=Status.RETRY_REMOVE), SITE], id="a DP that tries to remove it"),
    case([dp_row(**BEHIND, dp_leaving=True), SITE], id="a DP that is leaving the site"),
    case([dp_row(held_version=14, status_number=Status.REMOVED), SITE], id="a DP beyond the source that removed it"),
    case([site_row(**BEHIND, status_number=Status.REMOVED)], id="a site that removed it"),
]


@pytest.mark.parametrize("rows", REMOVING)
def test_removing_is(rows: list[Row]) -> None:
    assert judged(*rows).drift_class is DriftClass.REMOVING


ORPHAN = [
    case([dp_row(dp_known=False), SITE], id="a row of a DP that is gone"),
    case([dp_row(**BEHIND, dp_known=False), SITE], id="a lagging row of a DP that is gone"),
    case([dp_row(status_number=42, dp_known=False), SITE], id="an unreadable row of a DP that is gone"),
    case([dp_row(**BEHIND, dp_known=False)], id="a row of a DP that is gone, of a site without a row"),
    case([dp_row(**BEHIND, dp_known=False, moved_to=SiteCode("P02")), SITE], id="the old row of a DP that moved"),
]


@pytest.mark.parametrize("rows", ORPHAN)
def test_orphan_is(rows: list[Row]) -> None:
    assert judged(*rows).drift_class is DriftClass.ORPHAN


AMBIGUOUS = [
    case([dp_row(), dp_row(**BEHIND), SITE], id="a DP with two rows"),
    case([dp_row(), dp_row(server_path=nal_path("NYC-DP01.CONTOSO.COM")), SITE], id="two that differ in case"),
    case([dp_row(), dp_row(site="ps1"), SITE], id="two whose site codes differ in case"),
    case([site_row(), site_row(**BEHIND)], id="a site with two rows"),
    case([site_row(), site_row(server_path="CM77.contoso.com")], id="a site with the rows of two servers"),
    case([site_row(), site_row(server_path="")], id="a site with a row of a server and a row of none"),
    case([dp_row(**BEHIND), site_row(), site_row(**BEHIND)], id="a lagging DP whose site has two rows"),
]


@pytest.mark.parametrize("rows", AMBIGUOUS)
def test_ambiguous_is(rows: list[Row]) -> None:
    assert judged(*rows).drift_class is DriftClass.AMBIGUOUS


@pytest.mark.parametrize("rows", [[SITE, site_row(server_path="")], [site_row(server_path=""), SITE]])
def test_a_dp_of_a_site_with_two_rows_is_ambiguous_whichever_of_them_was_read_first(rows: list[Row]) -> None:
    assert judged(dp_row(**BEHIND), *rows).drift_class is DriftClass.AMBIGUOUS


def test_one_server_under_two_sites_is_two_keys() -> None:
    assert judged(dp_row(), dp_row(site="P02"), SITE, site_row("P02")).drift_class is DriftClass.IN_SYNC


UNKNOWN = [
    case([dp_row(status_number=42), SITE], id="a status that nobody documented"),
    case([dp_row(status_number=10), SITE], id="the number after the last status"),
    case([dp_row(status_number=-1), SITE], id="a negative status"),
    case([dp_row(status_number=None), SITE], id="no status"),
    case([dp_row(held_version=None), SITE], id="no held version"),
    case([dp_row(held_version=-1), SITE], id="a negative held version"),
    case([dp_row(type_number=3)], id="a type that nobody documented"),
    case([dp_row(type_number=None)], id="no type"),
    case([dp_row(server_path="  ")], id="no server"),
    case([site_row(status_number=42)], id="a site with a status that nobody documented"),
    case([dp_row(**BEHIND), site_row(status_number=42)], id="a lagging DP whose site's status is unknown"),
]


@pytest.mark.parametrize("rows", UNKNOWN)
def test_unknown_is(rows: list[Row]) -> None:
    assert judged(*rows).drift_class is DriftClass.UNKNOWN


@pytest.mark.parametrize("row", [dp_row(), dp_row(**BEHIND), site_row(), dp_row(held_version=0)])
def test_nothing_is_judged_against_a_source_version_that_is_unknown(row: Row) -> None:
    drift = judge(table(row, of=package(source_version=None)), NOW, GRACE)

    assert set(drift.counts) == {DriftClass.UNKNOWN}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"source_flag": 1}, id="without source files"),
        pytest.param({"flags": 0x10000000}, id="that needs no DP"),
        pytest.param({"type_number": 4}, id="that is a task sequence"),
    ],
)
@pytest.mark.parametrize(
    "row", [dp_row(**BEHIND), dp_row(status_number=Status.FAILED), site_row(**BEHIND), dp_row(status_number=42)]
)
def test_no_row_drifts_of_a_package(changes: dict[str, Any], row: Row) -> None:
    drift = judge(table(row, of=package(**changes)), NOW, GRACE)

    assert drift.counts == {DriftClass.EXEMPT: 1}


class TestASiteWithoutARow:
    def test_is_behind_and_has_a_line_of_its_own(self) -> None:
        (missing,) = judge(table(dp_row(site="P02")), NOW, GRACE).sites

        assert missing.missing
        assert (missing.row.site_code, missing.drift_class, missing.hop) == ("P02", DriftClass.SITE_BEHIND, Hop.SITE)

    def test_has_one_line_however_many_dps_it_has(self) -> None:
        drift = judge(table(dp_row("A", "P02"), dp_row("B", "P02"), dp_row("C", "p02")), NOW, GRACE)

        assert len(drift.sites) == 1

    def test_is_in_flight_while_the_package_is_new(self) -> None:
        (missing,) = judge(table(dp_row(**BEHIND), of=package(changed_at=ago(hours=1))), NOW, GRACE).sites

        assert missing.drift_class is DriftClass.IN_FLIGHT

    @pytest.mark.parametrize(
        "row",
        [
            case(dp_row(site="P02", dp_known=False), id="rows of DPs that are gone"),
            case(dp_row(site="P02", dp_leaving=True), id="rows of DPs that are leaving"),
            case(dp_row(site="P02", status_number=Status.REMOVED), id="rows of DPs that removed the package"),
        ],
    )
    def test_lacks_nothing_when_all_it_has_are(self, row: Row) -> None:
        assert judge(table(SITE, row), NOW, GRACE).counts[DriftClass.SITE_BEHIND] == 0

    def test_lacks_nothing_when_its_only_row_is_of_a_type_we_do_not_know(self) -> None:
        assert judge(table(dp_row(site="P02", type_number=3)), NOW, GRACE).sites == ()


def test_a_verdict_says_how_many_versions_a_row_is_behind() -> None:
    assert judged(dp_row(**BEHIND), SITE).versions_behind == 6
    assert judged(dp_row(held_version=14), SITE).versions_behind == -1
    assert judged(dp_row(held_version=None), SITE).versions_behind is None
    assert judged(dp_row(), of=package(source_version=None)).versions_behind is None


def test_problem_rows_come_first_and_the_most_behind_of_them_before_the_others() -> None:
    drift = judge(story(), NOW, GRACE)

    assert [(verdict.row.server.partition(".")[0], verdict.drift_class) for verdict in drift.dps] == [
        ("NYC-DP02", DriftClass.FAILED),
        ("DP0001", DriftClass.SITE_BEHIND),
        ("DP0002", DriftClass.SITE_BEHIND),
        ("DP0003", DriftClass.SITE_BEHIND),
        ("NYC-DP03", DriftClass.DP_BEHIND),
        ("BOS-DP01", DriftClass.AHEAD),
        ("DAL-DP01", DriftClass.UNKNOWN),
        ("OSL-DP01", DriftClass.ORPHAN),
        ("CHI-DP01", DriftClass.RESET),
        ("SEA-DP01", DriftClass.IN_FLIGHT),
        ("MEX-DP01", DriftClass.REMOVING),
        ("NYC-DP01", DriftClass.IN_SYNC),
    ]
    assert [verdict.row.site_code for verdict in drift.sites] == ["P02", "PS1"]


def test_what_could_not_be_read_goes_along_with_the_verdicts() -> None:
    assert judge(table(unread=("DistributionJobs",)), NOW, GRACE).unread == ("DistributionJobs",)


@pytest.mark.parametrize(
    ("moment", "age"),
    [
        pytest.param(ago(hours=20), timedelta(hours=6), id="minus 14 hours"),
        pytest.param(NOW, timedelta(hours=-14), id="now"),
        pytest.param(ago(hours=-14), timedelta(hours=-28), id="as far ahead as a zone can be"),
        pytest.param(ago(hours=-14, seconds=-1), None, id="further ahead than a zone can be"),
        pytest.param(None, None, id="unknown"),
        pytest.param(datetime(9999, 12, 31, tzinfo=UTC), None, id="the end of time"),
    ],
)
def test_an_age_is_never_more_than_the_widest_zone_allows(moment: datetime | None, age: timedelta | None) -> None:
    assert settled_age(moment, NOW) == age


BEGINNING, END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
MOMENTS = st.sampled_from([None, NOW, LONG_AGO, ago(hours=20), ago(hours=-20), BEGINNING, END])
PATHS = st.sampled_from([nal_path("DP01"), nal_path("dp01"), nal_path("DP02"), "CM01.contoso.com", r"\\NAS\PKG$", " "])
LIKELY_VERSIONS = st.sampled_from([13, 13, 7, 14, 0, None])
LIKELY_ROWS = st.builds(
    Row,
    type_number=st.sampled_from([1, 2, 2, 3]),
    site_code=st.sampled_from(["PS1", "P02", "p02"]).map(SiteCode),
    server_path=PATHS,
    held_version=LIKELY_VERSIONS,
    status_number=st.sampled_from([3, 2, 1, 0, 5, 6, 42]),
    updated_at=MOMENTS,
    dp_known=st.sampled_from([True, True, False, None]),
    dp_leaving=st.sampled_from([False, False, True]),
    jobs=st.sampled_from([(), (), (job(),), (job(version=7), job(action=JobAction.CANCEL)), None]),
)
NUMBERS = st.none() | st.integers(-(2**31), 2**31 - 1)
ANY_ROWS = st.builds(
    Row, NUMBERS, st.text(max_size=3).map(SiteCode), st.text(), NUMBERS, NUMBERS, MOMENTS, st.none() | st.booleans()
)
PACKAGES = st.builds(
    package,
    source_version=LIKELY_VERSIONS,
    type_number=st.sampled_from([258, 258, 4, None]),
    changed_at=MOMENTS,
    flags=st.sampled_from([0, 0, 0x10000000, None]),
)
TABLES = st.builds(PackageTable, PACKAGES, st.lists(LIKELY_ROWS | ANY_ROWS, max_size=5).map(tuple))
any_site = given(TABLES)
often = settings(max_examples=120, deadline=None)


def all_of(drift: Drift) -> list[Verdict]:
    return [*drift.sites, *drift.dps]


def shouted(text: str) -> str:
    """Return the text with its plain letters in upper case; what other letters do is up to the collation."""
    return "".join(char.upper() if char.isascii() else char for char in text)


@often
@any_site
def test_every_row_gets_exactly_one_verdict(read: PackageTable) -> None:
    drift = judge(read, NOW, GRACE)

    assert Counter(verdict.row for verdict in all_of(drift) if not verdict.missing) == Counter(read.rows)
    assert all(verdict.row.is_site for verdict in drift.sites)
    assert not any(verdict.row.is_site for verdict in drift.dps)
    assert sum(drift.counts.values()) == len(read.rows) + sum(verdict.missing for verdict in drift.sites)


@often
@any_site
def test_a_row_that_does_not_hold_the_source_version_is_never_in_sync(read: PackageTable) -> None:
    for verdict in all_of(judge(read, NOW, GRACE)):
        if verdict.drift_class is DriftClass.IN_SYNC:
            assert verdict.row.held_version == read.package.source_version is not None
            assert verdict.row.status_number in ({2, 3} if verdict.row.is_site else {3})


@often
@any_site
def test_only_a_row_that_one_can_be_sure_of_may_be_reset(read: PackageTable) -> None:
    keys = Counter((row.type_number, row.site_code.casefold(), row.server_path.casefold()) for row in read.rows)
    for verdict in all_of(judge(read, NOW, GRACE)):
        row = verdict.row
        if verdict.drift_class in RESETTABLE and not verdict.missing:
            assert 0 <= (row.held_version or 0) <= (read.package.source_version or 0)
            assert row.status_number in {0, 1, 2, 3, 4, 5, 8}
            assert keys[(row.type_number, row.site_code.casefold(), row.server_path.casefold())] == 1
            assert row.dp_known is not False
            assert not row.dp_leaving
            assert read.package.needs_content


@often
@any_site
def test_problems_come_first(read: PackageTable) -> None:
    rank = list(DriftClass).index
    drift = judge(read, NOW, GRACE)

    for part in (drift.sites, drift.dps):
        assert all(rank(one.drift_class) <= rank(next_one.drift_class) for one, next_one in pairwise(part))


@often
@any_site
def test_the_hop_is_the_one_that_the_class_names(read: PackageTable) -> None:
    hops = {(v.drift_class, v.hop) for v in all_of(judge(read, NOW, GRACE)) if "behind" in v.drift_class}

    assert hops <= {
        (DriftClass.SOURCE_BEHIND, Hop.SOURCE),
        (DriftClass.SITE_BEHIND, Hop.SITE),
        (DriftClass.DP_BEHIND, Hop.DP),
    }


@often
@given(TABLES, st.randoms(use_true_random=False))
def test_verdicts_do_not_depend_on_the_order_in_which_rows_were_read(read: PackageTable, random: Random) -> None:
    shuffled = list(read.rows)
    random.shuffle(shuffled)

    one, other = judge(read, NOW, GRACE), judge(replace(read, rows=tuple(shuffled)), NOW, GRACE)

    assert Counter(all_of(one)) == Counter(all_of(other))
    assert judge(read, NOW, GRACE) == one


@often
@any_site
def test_verdicts_do_not_depend_on_the_case_of_site_codes_and_servers(read: PackageTable) -> None:
    rows = [replace(r, site_code=SiteCode(shouted(r.site_code)), server_path=shouted(r.server_path)) for r in read.rows]

    one, other = judge(read, NOW, GRACE), judge(replace(read, rows=tuple(rows)), NOW, GRACE)

    assert one.counts == other.counts
