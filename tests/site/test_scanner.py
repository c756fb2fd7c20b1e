"""A scan says of every row that is not in sync what a lookup of its package says, and of no other row anything."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dbapi import Database
from bot.domain.drift_classes import DriftClass, Verdict, judge
from bot.domain.package import PackageTable, Row, SiteCode, Status
from bot.domain.site_error_kind import SiteErrorKind
from bot.site.scanner import SiteScanner
from bot.usecases.ports.site import SiteError
from tests.builders import GRACE, LONG_AGO, NOW, ago, dp_row, job, nal_path, package, points, site_row, story, table
from tests.engines import ENGINES
from tests.fakes import FakeSite
from tests.site.makers import SiteMaker, SqliteSite, make

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.usecases.ports.site import SiteScanner as Port

QUIET = {DriftClass.IN_SYNC, DriftClass.EXEMPT}
PS1, P02 = SiteCode("PS1"), SiteCode("P02")


def scanner(maker: SiteMaker, code: str = "PS1") -> SiteScanner:
    return SiteScanner(SiteCode(code), Database(maker.address))


@pytest.fixture(params=["fake", *ENGINES])
def site_with(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Port]]:
    """Return a function that makes a scanner of a site with these tables."""
    if request.param == "fake":
        yield FakeSite
        return
    making = make(request.param, tmp_path)
    maker = next(making)
    with closing(scanner(maker)) as opened:

        def site_with(*tables: PackageTable) -> Port:
            maker.add(*tables)
            return opened

        yield site_with
    next(making, None)


def loud(*tables: PackageTable) -> Counter[tuple[str, Verdict]]:
    """Return every verdict that a digest would count; why a row is not reset is a matter of the form."""
    found: Counter[tuple[str, Verdict]] = Counter()
    for each in tables:
        drift = judge(each, NOW, GRACE)
        found.update(
            (each.package.id, replace(one, barrier=None))
            for one in (*drift.sites, *drift.dps)
            if one.drift_class not in QUIET
        )
    return found


def scanned(site: Port, *elsewhere: SiteCode) -> list[PackageTable]:
    tables: list[PackageTable] = site.scan(elsewhere, list)
    return tables


def both_ways(maker: SiteMaker) -> tuple[PackageTable, list[PackageTable]]:
    """Return what a lookup reads of the story's package, and what a scan of its site finds."""
    looked_up = maker.reader().package(story().package.id)
    assert looked_up is not None
    with closing(scanner(maker)) as site:
        return looked_up, scanned(site)


CASES: dict[str, Sequence[Row]] = {
    "nothing at all": (),
    "all in sync": (site_row(), dp_row()),
    "a site received": (site_row(status_number=Status.RECEIVED), site_row("P02", status_number=Status.INSTALLED)),
    "a DP behind": (site_row(), dp_row(held_version=7), dp_row("NYC-DP02")),
    "a site behind": (site_row("P02", held_version=7), dp_row("A", "P02"), dp_row("B", "P02", held_version=7)),
    "a copy ahead": (site_row(held_version=14), dp_row(held_version=7)),
    "a site on its way": (site_row(held_version=12, updated_at=ago(hours=1)), dp_row(held_version=12)),
    "a site that has it and failed": (site_row(status_number=Status.FAILED), dp_row(held_version=7)),
    "a site sent to long ago": (site_row(status_number=Status.SENT), dp_row(held_version=7)),
    "no copy, DPs in sync": (dp_row("A", "P02"), dp_row("B", "P02"), site_row()),
    "no copy, a DP behind": (dp_row("A", "P02", held_version=7),),
    "no copy, a DP that leaves": (dp_row("A", "P02", dp_leaving=True), dp_row("B", "P03", dp_known=False)),
    "two rows of a DP, both in sync": (site_row(), dp_row(), dp_row()),
    "two rows of a DP, one behind": (site_row(), dp_row(), dp_row(held_version=7)),
    "two DPs of one site": (site_row(), dp_row("A"), dp_row("B"), dp_row("A", "P02"), site_row("P02")),
    "two copies of a site": (site_row(), site_row(server_path="CM99.contoso.com"), dp_row(held_version=7), dp_row("B")),
    "a DP that is gone": (site_row(), dp_row(dp_known=False)),
    "a DP that leaves": (site_row(), dp_row(dp_leaving=True)),
    "removals": (site_row(), *(dp_row(f"A{n}", status_number=n) for n in (6, 7, 8, 9))),
    "every status": (site_row(), *(dp_row(f"A{n}", status_number=n, held_version=7) for n in range(12))),
    "every status of a site": tuple(site_row(f"P{n:02}", status_number=n) for n in range(12)),
    "open jobs": (site_row(), dp_row(held_version=7, open_jobs=2), dp_row("B", open_jobs=1)),
    "nothing known": (dp_row(held_version=None), dp_row("B", status_number=None), dp_row("C", updated_at=None)),
    "reset": (site_row(held_version=0), dp_row(held_version=0, status_number=2)),
    "below nothing": (site_row(), dp_row(held_version=-1)),
    "types that nobody documented": (site_row(), *(dp_row(type_number=kind, dp_known=None) for kind in (3, None))),
    "no server": (site_row(), dp_row(server_path="", dp_known=False), site_row("P02", server_path="")),
    "a site nobody needs": (site_row(), dp_row(), site_row("P02", held_version=7), dp_row("A", "P02", dp_leaving=True)),
    "a DP of another site": (
        site_row(),
        site_row("P02", held_version=7),
        dp_row(held_version=12, dp_site=P02),
        dp_row("B", dp_site=SiteCode("P03")),
    ),
    "jobs of every kind": (
        site_row(),
        dp_row("A", held_version=7, jobs=(job(version=7), job(updated_at=ago(days=90)))),
        dp_row("B", held_version=7, status_number=5, jobs=(job(action=5),)),
        dp_row("C", held_version=7, jobs=(job(state=8), job())),
    ),
    "the source site behind": (site_row(held_version=7), site_row("P02"), dp_row(), dp_row("A", "P02", held_version=7)),
    "many": (site_row(), *points(50, held_version=7), *points(50, "P02")),
}  # fmt: skip


@pytest.mark.parametrize("rows", CASES.values(), ids=CASES)
def test_a_scan_says_what_a_lookup_says(site_with: Callable[..., Port], rows: Sequence[Row]) -> None:
    expected = table(*rows)

    assert loud(*scanned(site_with(expected))) == loud(expected)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"source_version": None}, id="no source version"),
        pytest.param({"source_version": 0}, id="version 0"),
        pytest.param({"source_version": -1}, id="below nothing"),
        pytest.param({"changed_at": ago(hours=1)}, id="changed lately"),
        pytest.param({"changed_at": None}, id="no date"),
        pytest.param({"source_flag": 1}, id="no source files"),
        pytest.param({"flags": 0x10000000}, id="needs no DP"),
        pytest.param({"type_number": 4}, id="a task sequence"),
        pytest.param({"source_site": None, "name": ""}, id="from nowhere"),
        pytest.param({"stored_version": 12}, id="not taken by its source"),
        pytest.param({"stored_version": None}, id="taken or not, nobody knows"),
    ],
)
def test_a_scan_says_the_same_of_every_kind_of_package(site_with: Callable[..., Port], changes: dict[str, Any]) -> None:
    rows = (site_row(), dp_row(), dp_row("B", held_version=7), dp_row("C", "P02", held_version=0), dp_row("D", "P02"))
    expected = table(*rows, of=package(**changes))

    assert loud(*scanned(site_with(expected))) == loud(expected)


def test_packages_do_not_mix(site_with: Callable[..., Port]) -> None:
    quiet = table(site_row(), dp_row("DAL-DP01"), of=package("PS100200"))
    other = table(dp_row("NYC-DP02", held_version=1), of=package("PS100113", name="Office"))

    found = scanned(site_with(story(), quiet, other))

    assert sorted(each.package.id for each in found) == ["PS100112", "PS100113"]
    assert loud(*found) == loud(story(), quiet, other)


def test_packages_of_another_site_are_left_to_it(site_with: Callable[..., Port]) -> None:
    behind = dp_row(held_version=7)
    tables = [
        table(behind, of=package("PS100001", source_site=PS1)),
        table(behind, of=package("P0200001", source_site=P02)),
        table(behind, of=package("CAS00001", source_site=SiteCode("CAS"))),
        table(behind, of=package("PS100002", source_site=None)),
    ]
    site = site_with(*tables)

    assert sorted(each.package.id for each in scanned(site, P02, SiteCode("XYZ"))) == [
        "CAS00001",
        "PS100001",
        "PS100002",
    ]
    assert len(scanned(site)) == 4


def test_the_keys_of_all_rows_of_packages_are_handed_over(site_with: Callable[..., Port]) -> None:
    other = table(dp_row(), of=package("PS100113"))
    site = site_with(table(site_row(), dp_row(), dp_row("B", held_version=7)), other, table(of=package("PS100200")))

    found = site.present(["PS100112", "PS100200", "PS1FFFFF"], sorted)  # type: ignore[list-item]

    assert found == sorted(("PS100112", *row.key) for row in (site_row(), dp_row(), dp_row("B")))
    assert site.present([], list) == []


def test_a_site_that_is_away_raises_its_own_error(tmp_path: Path) -> None:
    away = FakeSite()
    away.trouble = SiteErrorKind.UNREACHABLE

    for site in (away, SiteScanner(PS1, Database(f"sqlite:///{tmp_path}/gone.db"))):
        for question in (lambda site=site: site.scan((), list), lambda site=site: site.present([], list)):
            with pytest.raises(SiteError) as caught:
                question()  # type: ignore[no-untyped-call]
            assert (caught.value.site, caught.value.kind) == (PS1, SiteErrorKind.UNREACHABLE)


@pytest.mark.parametrize("missing", ["DistributionPoints", "DistributionJobs", "PkgServers"])
def test_a_scan_of_a_site_that_shows_less_agrees_with_a_lookup_there(maker: SiteMaker, missing: str) -> None:
    maker.add(story())
    maker.run(f"DROP TABLE dbo.{missing}")
    looked_up, found = both_ways(maker)

    assert loud(*found) == loud(looked_up)
    assert {each.unread for each in found} == {looked_up.unread}


@pytest.mark.parametrize("status", [Status.REMOVED, Status.PENDING_REMOVE, Status.RETRY_REMOVE])
def test_a_target_whose_content_is_being_removed_serves_no_site(maker: SiteMaker, status: Status) -> None:
    going = dp_row("LON-DP01", "P02", held_version=7, status_number=status)
    maker.add(table(site_row(), site_row("P02", held_version=7), going))
    maker.insert("PkgServers", {"PkgID": "PS100112", "NALPath": going.server_path, "SiteCode": "P02", "Action": 0})
    looked_up, found = both_ways(maker)

    assert judge(looked_up, NOW, GRACE).counts[DriftClass.NOT_SERVED] == 1
    assert loud(*found) == loud(looked_up)


NO_ROW = nal_path("LON-DP07.contoso.com", "P02")
POINT = {"DPID": 77, "NALPath": NO_ROW, "SMSSiteCode": "P02", "Action": 0}
TARGET = {"PkgID": "PS100112", "NALPath": NO_ROW, "SiteCode": "P02", "LastRefresh": LONG_AGO, "Action": 0}


@pytest.mark.parametrize(
    ("rows", "changes", "drift_class"),
    [
        pytest.param((site_row("P02"),), {}, DriftClass.NEVER_RECEIVED, id="its site has the package"),
        pytest.param((site_row("P02", held_version=7),), {}, DriftClass.SITE_BEHIND, id="its site is behind"),
        pytest.param((), {}, DriftClass.SITE_BEHIND, id="its site has no row either"),
        pytest.param((site_row("P02"),), {"LastRefresh": None}, DriftClass.NEVER_RECEIVED, id="targeted at no moment"),
        pytest.param((site_row("P02"),), {"LastRefresh": NOW}, DriftClass.IN_FLIGHT, id="targeted just now"),
        pytest.param((site_row("P02", held_version=14),), {}, DriftClass.NEVER_RECEIVED, id="its site is ahead"),
        pytest.param((site_row("P02"),), {"Action": None}, DriftClass.NEVER_RECEIVED, id="nothing is under way"),
        pytest.param((site_row("P02"),), {"Action": 3}, None, id="taken away"),
        pytest.param((site_row("P02"),), {"NALPath": nal_path("GONE", "P02")}, None, id="a DP that is gone"),
        pytest.param((site_row("P02"), dp_row("LON-DP07", "P02")), {}, DriftClass.IN_SYNC, id="it has a row"),
    ],
)
def test_a_target_without_a_row_is_told(
    maker: SiteMaker, rows: Sequence[Row], changes: dict[str, object], drift_class: DriftClass | None
) -> None:
    maker.add(table(site_row(), *rows))
    if not any(row.type_number == 2 for row in rows):
        maker.insert("DistributionPoints", POINT)
    maker.insert("PkgServers", TARGET | changes)
    looked_up, found = both_ways(maker)

    drift = judge(looked_up, NOW, GRACE)
    assert [(each.drift_class, each.row.server) for each in drift.dps] == (
        [(drift_class, "LON-DP07.contoso.com")] if drift_class else []
    )
    assert loud(*found) == loud(looked_up)


@pytest.mark.parametrize(
    ("point", "found"),
    [
        pytest.param({"Action": None}, [("P02", DriftClass.NEVER_RECEIVED)], id="nothing is under way"),
        pytest.param({"Action": 3}, [], id="leaving"),
        pytest.param({"SMSSiteCode": "PS1"}, [("P02", DriftClass.NEVER_RECEIVED)], id="of another site, that has it"),
        pytest.param({"SMSSiteCode": "P03"}, [("P02", DriftClass.SITE_BEHIND)], id="of a site without a copy"),
    ],
)
def test_a_target_without_a_row_is_told_as_its_dp_is_listed(
    maker: SiteMaker, point: dict[str, object], found: list[tuple[str, DriftClass]]
) -> None:
    maker.add(table(site_row(), site_row("P02")))
    maker.insert("DistributionPoints", POINT | point)
    maker.insert("PkgServers", TARGET)

    looked_up, found_by_scan = both_ways(maker)

    assert [(each.row.site_code, each.drift_class) for each in judge(looked_up, NOW, GRACE).dps] == found
    assert loud(*found_by_scan) == loud(looked_up)


@pytest.mark.parametrize(("named", "other"), [("P02", "P03"), ("P03", "P02")])
@pytest.mark.parametrize(
    ("copies", "held", "drift_class"),
    [
        pytest.param({"other": None}, 12, DriftClass.SITE_BEHIND, id="the other has no copy"),
        pytest.param({"other": 7}, 12, DriftClass.SITE_BEHIND, id="the other's copy is behind"),
        pytest.param({"other": 13}, 12, DriftClass.DP_BEHIND, id="the other has the version"),
        pytest.param({"named": 7, "other": 13}, 12, DriftClass.DP_BEHIND, id="only the other has the version"),
        pytest.param({"other": 7}, 13, DriftClass.IN_SYNC, id="the DP has it, the other's copy does not"),
        pytest.param({"other": None}, 13, DriftClass.IN_SYNC, id="the DP has it, the other has no copy"),
    ],
)
def test_a_dp_that_is_listed_under_two_sites_is_judged_by_the_copy_of_the_one_that_its_row_does_not_name(
    maker: SiteMaker, named: str, other: str, copies: dict[str, int | None], held: int, drift_class: DriftClass
) -> None:
    versions = {named: copies.get("named", 13), other: copies["other"]}
    row = dp_row("LON-DP01", named, held_version=held)
    sites = [site_row(code, held_version=version) for code, version in versions.items() if version is not None]
    maker.add(table(site_row(), *sites, row))
    maker.insert("DistributionPoints", {"DPID": 900, "NALPath": row.server_path, "SMSSiteCode": other, "Action": 0})

    looked_up, found_by_scan = both_ways(maker)

    drift = judge(looked_up, NOW, GRACE)
    assert [(each.row.other_site, each.drift_class) for each in drift.dps] == [(other, drift_class)]
    of_other = [each.drift_class for each in drift.sites if each.row.site_code == other]
    assert of_other == [DriftClass.IN_SYNC if copies["other"] == 13 else DriftClass.SITE_BEHIND]
    assert loud(*found_by_scan) == loud(looked_up)


@pytest.mark.parametrize(
    "lost",
    [
        "DROP TABLE dbo.DistributionPoints",
        "ALTER TABLE dbo.PkgServers DROP COLUMN LastRefresh",
        "ALTER TABLE dbo.PkgServers DROP COLUMN Action",
    ],
)
def test_a_target_without_a_row_is_told_by_a_site_that_shows_less(maker: SiteMaker, lost: str) -> None:
    maker.add(table(site_row(), site_row("P02"), dp_row()))
    maker.insert("DistributionPoints", POINT)
    maker.insert("PkgServers", TARGET)
    maker.run(lost)
    looked_up, found = both_ways(maker)

    assert judge(looked_up, NOW, GRACE).counts[DriftClass.NEVER_RECEIVED] == 1
    assert loud(*found) == loud(looked_up)


SERVERS = st.sampled_from(["A", "B", "C", "D"])
JOBS = st.lists(
    st.builds(
        job,
        version=st.sampled_from([13, 13, 12, None]),
        state=st.sampled_from([3, 3, 8]),
        action=st.sampled_from([1, 2, 2, 5, None]),
        updated_at=st.sampled_from([ago(hours=1), ago(days=90), None]),
    ),
    max_size=2,
).map(tuple)
ANY_DP = st.builds(
    dp_row,
    SERVERS,
    st.sampled_from(["PS1", "P02", "P03"]),
    held_version=st.sampled_from([13, 13, 13, 13, 12, 0, 14, -1, None]),
    status_number=st.sampled_from([3, 3, 3, 3, 2, 1, 5, 7, 42, None]),
    updated_at=st.sampled_from([LONG_AGO, ago(hours=1), None]),
    jobs=st.just(()) | JOBS,
)
ANY_SITE = st.builds(
    site_row,
    st.sampled_from(["PS1", "P02", "P03"]),
    server_path=st.sampled_from(["CM01.contoso.com", "CM01.contoso.com", "CM02.contoso.com", ""]),
    held_version=st.sampled_from([13, 13, 13, 12, 0, 14, None]),
    status_number=st.sampled_from([2, 3, 1, 5, 9, 42]),
    updated_at=st.sampled_from([LONG_AGO, ago(hours=1)]),
)
GONE = st.frozensets(SERVERS, max_size=2)
TARGETS = st.lists(
    st.builds(
        lambda number, host, site, action: {
            "PkgID": f"PS10000{number}",
            "NALPath": nal_path(f"{host}.contoso.com", site),
            "SiteCode": site,
            "Action": action,
        },
        st.integers(0, 2),
        SERVERS,
        st.sampled_from(["PS1", "P02", "P03"]),
        st.sampled_from([None, 0, 3]),
    ),
    max_size=3,
    unique_by=lambda each: (each["PkgID"], each["NALPath"]),
)


@st.composite
def packages(draw: st.DrawFn) -> list[PackageTable]:
    """Some packages whose DPs agree on whether they are there."""
    gone, leaving = draw(GONE), draw(GONE)
    moved = draw(st.dictionaries(SERVERS, st.sampled_from(["PS1", "P02", "P03"]), max_size=2))
    rows = st.lists(ANY_DP | ANY_SITE, max_size=8)
    versions = st.sampled_from([13, 13, 13, 0, None])
    return [
        table(
            *(_placed(row, gone, leaving, moved) for row in draw(rows)),
            of=package(
                f"PS10000{number}",
                source_version=draw(versions),
                stored_version=draw(st.sampled_from([13, 13, 12, None])),
            ),
        )
        for number in range(draw(st.integers(1, 3)))
    ]


def _placed(row: Row, gone: frozenset[str], leaving: frozenset[str], moved: dict[str, str]) -> Row:
    host = row.server.partition(".")[0]
    if row.is_site:
        return row
    return dp_row(
        host,
        row.site_code,
        held_version=row.held_version,
        status_number=row.status_number,
        updated_at=row.updated_at,
        dp_known=host not in gone,
        dp_leaving=host in leaving and host not in gone,
        dp_site=None if host in gone else SiteCode(moved.get(host, row.site_code)),
        jobs=() if host in gone else row.jobs,
    )


@settings(max_examples=150, deadline=None)
@given(packages(), TARGETS)
def test_whatever_a_site_holds_scan_and_lookup_agree(
    tables: list[PackageTable], targets: list[dict[str, object]]
) -> None:
    with TemporaryDirectory() as folder:
        maker = SqliteSite(Path(folder) / "site.db")
        maker.add(*tables)
        maker.insert("PkgServers", *targets)
        reader = maker.reader()
        with closing(scanner(maker)) as site:
            looked_up = [found for each in tables if (found := reader.package(each.package.id))]

            assert loud(*scanned(site)) == loud(*looked_up)
            assert loud(*scanned(FakeSite(*looked_up))) == loud(*looked_up)
        maker.close()
