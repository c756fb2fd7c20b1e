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

from bot.domain.drift import RESETTABLE, Drift, DriftClass, Hop, Verdict, judge, settled_age
from bot.domain.package import Package, PackageTable, Row, SiteCode, Status
from tests.builders import GRACE, LONG_AGO, NOW, ago, dp_row, nal_path, package, site_row, story, table

if TYPE_CHECKING:
    from random import Random

BEHIND: dict[str, Any] = {"held_version": 7}
SENT: dict[str, Any] = {"status_number": Status.SENT}
SITE = site_row()
case = pytest.param


def judged(*rows: Row, of: Package | None = None) -> Verdict:
    """Return the verdict on the first of these rows."""
    drift = judge(table(*rows, of=of), NOW, GRACE)
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
    changed = package(changed_at=ago(hours=hours))

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
    case([dp_row(**BEHIND), site_row(held_version=14)], id="a DP that lags behind a site beyond the source"),
]


@pytest.mark.parametrize("rows", AHEAD)
def test_ahead_is(rows: list[Row]) -> None:
    assert judged(*rows).drift_class is DriftClass.AHEAD


RESET = [
    case([site_row(held_version=0, status_number=Status.RECEIVED)], id="a site row after the known edit"),
    case([dp_row(held_version=0, status_number=Status.RECEIVED), SITE], id="a DP row after the known edit"),
    case([dp_row(held_version=0, status_number=Status.INSTALLED), SITE], id="a DP row that says installed at 0"),
    case([dp_row(held_version=0, updated_at=NOW), SITE], id="a DP row that was reset just now"),
]


@pytest.mark.parametrize("rows", RESET)
def test_reset_is(rows: list[Row]) -> None:
    assert judged(*rows).drift_class is DriftClass.RESET


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
    open_jobs=st.sampled_from([0, 0, 1, None]),
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

    assert hops <= {(DriftClass.SITE_BEHIND, Hop.SITE), (DriftClass.DP_BEHIND, Hop.DP)}


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
