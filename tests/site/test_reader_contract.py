"""What every filler of the port `SiteReader` promises: the real one on each engine, and the fake of the stories."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.package import PackageId, PackageTable, Row, SiteCode, Status
from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.ports.site import SiteError, SiteReader
from tests.builders import ago, dp_row, package, points, site_row, story, table
from tests.engines import ENGINES
from tests.fakes import FakeSite
from tests.site.makers import make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SiteWith = Callable[..., SiteReader]


@pytest.fixture(params=["fake", *ENGINES])
def site_with(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SiteWith]:
    """Return a function that makes a reader of a site with these tables."""
    if request.param == "fake":
        yield FakeSite
        return
    making = make(request.param, tmp_path)
    maker = next(making)

    def site_with(*tables: PackageTable, code: str = "PS1") -> SiteReader:
        maker.add(*tables)
        return maker.reader(code=code)

    yield site_with
    next(making, None)


@pytest.fixture(params=["fake", "file"])
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> SiteReader:
    """Return a reader whose site is away."""
    if request.param == "fake":
        site = FakeSite(story(), code="P02")
        site.trouble = SiteErrorKind.UNREACHABLE
        return site
    maker = next(make("sqlite", tmp_path))
    return maker.reader(f"sqlite:///{tmp_path / 'gone.db'}", code="P02")


def read(site: SiteReader, package_id: str = "PS100112") -> PackageTable:
    """Return a package that the site knows."""
    found = site.package(PackageId(package_id))
    assert found is not None
    return found


def in_order(rows: tuple[Row, ...]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.server_path, str(row.type_number)))


def test_it_is_the_site_that_the_settings_call_it(site_with: SiteWith) -> None:
    assert site_with(code="P02").code == "P02"


def test_a_package_is_read_with_all_its_rows(site_with: SiteWith) -> None:
    expected = story()

    found = read(site_with(expected))

    assert found.package == expected.package
    assert in_order(found.rows) == in_order(expected.rows)
    assert found.unread == ()


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(dp_row(), id="a DP"),
        pytest.param(site_row(), id="a site"),
        pytest.param(dp_row(dp_known=False), id="a DP that is gone"),
        pytest.param(dp_row(dp_leaving=True), id="a DP that is leaving"),
        pytest.param(dp_row(open_jobs=2), id="a DP with two open jobs"),
        pytest.param(
            dp_row(held_version=None, status_number=None, updated_at=None), id="a DP of which nothing is known"
        ),
        pytest.param(dp_row(held_version=0, status_number=42), id="numbers that nobody documented"),
        pytest.param(dp_row(held_version=-(2**31), status_number=2**31 - 1), id="the largest numbers"),
        pytest.param(dp_row(type_number=3, dp_known=None), id="a type that nobody documented"),
        pytest.param(dp_row(server_path=r"\\HEL-NAS01\SMSPKGD$"), id="a path that does not parse"),
        pytest.param(site_row(server_path="CM02 \"Süd\" & 'Nord' 日本 🎉"), id="a name with everything in it"),
        pytest.param(site_row(server_path="%' OR 1=1 --"), id="a name that looks like SQL"),
        pytest.param(dp_row(updated_at=ago(days=30, seconds=17)), id="a moment to the second"),
    ],
)
def test_a_row_is_read_as_it_is(site_with: SiteWith, row: Row) -> None:
    assert read(site_with(table(row))).rows == (row,)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="an ordinary one"),
        pytest.param({"name": '日本語 "言語" パック\' 🎉 <beta> & =1+1'}, id="a name with everything in it"),
        pytest.param({"source_version": None, "source_site": None}, id="no source version"),
        pytest.param(
            {"version": None, "manufacturer": None, "type_number": None, "source_flag": None, "flags": None},
            id="only what it must have",
        ),
        pytest.param({"changed_at": None}, id="no date"),
        pytest.param({"flags": 0x10000000, "source_flag": 1, "type_number": 4}, id="no content"),
    ],
)
def test_a_package_is_read_as_it_is(site_with: SiteWith, changes: dict[str, Any]) -> None:
    expected = package(**changes)

    assert read(site_with(table(of=expected))).package == expected


def test_rows_that_are_there_twice_are_read_twice(site_with: SiteWith) -> None:
    assert read(site_with(table(dp_row(), dp_row()))).rows == (dp_row(), dp_row())


def test_rows_of_another_package_stay_away(site_with: SiteWith) -> None:
    other = table(dp_row(held_version=1, open_jobs=3), site_row(), of=package("PS100113"))

    assert read(site_with(table(dp_row()), other)).rows == (dp_row(),)


def test_a_package_without_rows_is_read_without_rows(site_with: SiteWith) -> None:
    assert read(site_with(table())) == PackageTable(package(), ())


def test_a_package_that_is_not_there_is_nothing(site_with: SiteWith) -> None:
    assert site_with(story()).package(PackageId("PS100113")) is None
    assert site_with().package(PackageId("' OR 1=1 --")) is None


def test_every_package_is_listed(site_with: SiteWith) -> None:
    packages = [package(f"PS1{number:05X}", name=f"Package {number}") for number in range(20)]

    listed = site_with(*(table(site_row(), dp_row(), of=each) for each in packages)).packages()

    assert sorted(listed, key=lambda each: each.id) == packages


def test_a_site_without_packages_lists_none(site_with: SiteWith) -> None:
    assert list(site_with().packages()) == []


def test_many_rows_are_read_whole(site_with: SiteWith) -> None:
    rows = (site_row(status_number=Status.INSTALLED), *points(1500, held_version=12, dp_known=False))

    assert len(read(site_with(table(*rows))).rows) == 1501


def test_a_site_that_is_away_raises_its_own_error(broken: SiteReader) -> None:
    for question in (lambda: broken.package(PackageId("PS100112")), broken.packages):
        with pytest.raises(SiteError) as caught:
            question()

        assert (caught.value.site, caught.value.kind) == (SiteCode("P02"), SiteErrorKind.UNREACHABLE)
        assert caught.value.detail
