"""How the real reader treats a site: probing, degrading, types, round trips and faults, on every engine."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

import pytest

from bot.demo.sample.packages import PACKAGES
from bot.demo.sample.rows import rows as sample_rows
from bot.domain.distribution_message import DistributionMessage
from bot.domain.drift_classes import DriftClass, judge
from bot.domain.package import JobState, PackageId, PackageTable, RowType
from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.ports.site import SiteError
from tests.builders import GRACE, NOW, ago, dp_row, job, nal_path, package, site_row, story, table
from tests.engines import needs_postgresql, renamed, run, site_odbc
from tests.site.makers import PostgresqlSite, SiteMaker, SqliteSite
from tests.transact_sql import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.domain.package import Row
    from bot.site.reader import SiteDatabase

ID = PackageId("PS100112")
HELD = dp_row("NYC-DP01", held_version=7)
OPEN = table(site_row(), dp_row(open_jobs=1), dp_row("OSL-DP01", dp_known=False), dp_row("MEX-DP01", dp_leaving=True))


def read(site: SiteDatabase) -> PackageTable:
    """Return the package of the story."""
    found = site.package(ID)
    assert found is not None
    return found


def card_fault_of(site: SiteDatabase) -> SiteErrorKind:
    """Return why a site gives no answer."""
    with pytest.raises(SiteError) as caught:
        site.package(ID)
    return caught.value.kind


def without(maker: SiteMaker, *columns: str) -> None:
    """Replace the documented view by one that lacks these columns."""
    names = {
        "PackageID": "PkgID AS PackageID",
        "PkgSourceFlag": "StorePkgFlag AS PkgSourceFlag",
        **{name: name for name in ("Name", "SourceSite", "SourceVersion", "Version", "Manufacturer", "PackageType")},
        **{name: name for name in ("SourceDate", "PkgFlags", "StoredPkgVersion")},
    }
    chosen = ", ".join(text for name, text in names.items() if name not in columns)
    source = "SMSPackages" if maker.engine == "sqlite" else "dbo.SMSPackages"
    maker.run("DROP VIEW dbo.v_Package", f"CREATE VIEW dbo.v_Package AS SELECT {chosen} FROM {source}")


WIDTHS = {("PkgStatus", "SiteCode"): 8, ("PkgStatus", "PkgServer"): 300, ("SMSPackages", "SourceSite"): 5}
WIDTHS[("SMSPackages", "Version")] = 9
FIXED_WIDTHS = {
    "postgresql": [f"ALTER TABLE dbo.{name} ALTER {column} TYPE char({n})" for (name, column), n in WIDTHS.items()],
    "sqlserver": [
        "DROP INDEX PkgStatus_ID_idx ON dbo.PkgStatus",
        *(f"ALTER TABLE dbo.{name} ALTER COLUMN {column} nchar({n})" for (name, column), n in WIDTHS.items()),
    ],
}


def test_what_is_said_to_sql_server_is_transact_sql() -> None:
    for statement in FIXED_WIDTHS["sqlserver"]:
        parsed(statement)


class TestRoundTrips:
    def test_a_package_takes_one_once_the_site_is_known(self, maker: SiteMaker) -> None:
        maker.add(table(site_row(), dp_row(), dp_row("BOS-DP01", open_jobs=2)))
        site = maker.reader()
        site.probe()
        maker.recorded.statements.clear()

        for _ in range(3):
            site.package(ID)

        assert len(maker.recorded.statements) == 3

    def test_a_package_takes_one_more_where_a_row_is_left_over(self, maker: SiteMaker) -> None:
        maker.add(story())
        site = maker.reader()
        site.probe()
        maker.recorded.statements.clear()

        site.package(ID)

        assert len(maker.recorded.statements) == 2

    def test_the_list_of_packages_takes_one(self, maker: SiteMaker) -> None:
        maker.add(story())
        site = maker.reader()
        site.probe()
        maker.recorded.statements.clear()

        site.packages()

        assert len(maker.recorded.statements) == 1

    def test_the_site_is_looked_at_once_even_without_being_asked_to(self, maker: SiteMaker) -> None:
        site = maker.reader()

        for _ in range(3):
            site.package(ID)

        assert [text for text in maker.recorded.statements if text.startswith("the columns")] == [
            "the columns of dbo.v_Package",
            "the columns of dbo.PkgStatus",
            "the columns of dbo.DistributionPoints",
            "the columns of dbo.DistributionJobs",
            "the columns of dbo.PkgServers",
            "the columns of dbo.vSMS_DistributionDPStatus",
        ]

    def test_a_connection_is_made_only_when_something_is_asked(self, tmp_path: Path) -> None:
        SqliteSite(tmp_path / "site.db").reader("Driver={No such driver}").close()


class TestTheNewestMessage:
    def message(self, maker: SiteMaker, number: int | None = 2391, row: Row = HELD, **columns: object) -> None:
        """Let the site hold a message of the package on the DP of a row."""
        plain = {"PackageID": ID, "NALPath": row.server_path, "MessageID": number, "MessageState": 4}
        maker.insert("vSMS_DistributionDPStatus", {"ID": next(self.keys), **plain, **columns})

    @pytest.fixture(autouse=True)
    def numbers(self) -> None:
        self.keys = count(1)

    def test_comes_with_its_row_in_the_same_statement(self, maker: SiteMaker) -> None:
        maker.add(table(HELD, dp_row("NYC-DP02")))
        self.message(maker, LastUpdateDate=ago(hours=2), InsString1=HELD.server_path, InsString3="0x80070070 ")
        site = maker.reader()
        site.probe()
        maker.recorded.statements.clear()

        found = {row.server_path: row.message for row in read(site).rows}

        assert len(maker.recorded.statements) == 1
        strings = (HELD.server_path, "0x80070070")
        assert found.pop(HELD.server_path) == DistributionMessage(2391, 4, ago(hours=2), strings)
        assert set(found.values()) == {None}

    def test_is_the_newest_of_several_and_the_row_stays_one(self, maker: SiteMaker) -> None:
        maker.add(table(replace(HELD, jobs=(job(), job(state=JobState.SUSPENDED)))))
        self.message(maker, 2330, LastUpdateDate=ago(hours=5))
        self.message(maker, 2391, LastUpdateDate=ago(hours=2))
        self.message(maker, 2302)

        (row,) = read(maker.reader()).rows

        assert row.message is not None
        assert row.message.number == 2391
        assert row.jobs is not None
        assert len(row.jobs) == 2

    def test_makes_two_equal_rows_no_more_than_two(self, maker: SiteMaker) -> None:
        maker.add(table(HELD, HELD))
        self.message(maker, 2330)
        self.message(maker, 2391)

        assert len(read(maker.reader()).rows) == 2

    def test_of_nulls_and_of_a_state_nobody_documented_is_what_it_is(self, maker: SiteMaker) -> None:
        maker.add(table(HELD))
        self.message(maker, None, MessageState=99)

        (row,) = read(maker.reader()).rows

        assert row.message == DistributionMessage(None, 99)

    def test_of_another_package_or_another_dp_is_none_of_this_row(self, maker: SiteMaker) -> None:
        maker.add(table(HELD))
        self.message(maker, PackageID="PS100113")
        self.message(maker, NALPath=dp_row("NYC-DP02").server_path)

        (row,) = read(maker.reader()).rows

        assert row.message is None

    def test_of_a_target_without_a_row_is_read_too(self, maker: SiteMaker) -> None:
        maker.add(table(HELD))
        waiting = dp_row("NYC-DP02")
        maker.insert("DistributionPoints", {"DPID": 77, "NALPath": waiting.server_path, "SMSSiteCode": "PS1"})
        maker.insert("PkgServers", {"PkgID": ID, "NALPath": waiting.server_path, "SiteCode": "PS1", "Action": 0})
        self.message(maker, 2371, waiting)

        (target,) = read(maker.reader()).targets_without_row

        assert target.message is not None
        assert target.message.number == 2371

    def test_is_unknown_where_the_view_is_missing_and_the_answer_says_so(self, maker: SiteMaker) -> None:
        maker.add(table(HELD))
        maker.run("DROP TABLE dbo.vSMS_DistributionDPStatus")

        found = read(maker.reader())

        assert found.unread == ("vSMS_DistributionDPStatus",)
        assert {row.message for row in found.rows} == {None}

    def test_is_read_without_its_strings_where_the_view_has_none(self, maker: SiteMaker) -> None:
        maker.add(table(HELD))
        self.message(maker, InsString1="0x80070070", InsString2="disk full")
        for column in ("MessageState", "InsString2", "InsString10"):
            maker.run(f"ALTER TABLE dbo.vSMS_DistributionDPStatus DROP COLUMN {column}")

        (row,) = read(maker.reader()).rows

        assert row.message == DistributionMessage(2391, None, None, ("0x80070070",))


class TestASiteThatShowsLess:
    def test_shows_everything_when_nothing_is_closed(self, maker: SiteMaker) -> None:
        maker.add(OPEN)

        assert maker.reader().probe().unread == ()

    def test_without_the_list_of_dps_nobody_is_an_orphan_and_no_job_is_known(self, maker: SiteMaker) -> None:
        maker.add(OPEN)
        maker.run("DROP TABLE dbo.DistributionPoints")

        found = read(maker.reader())

        assert found.unread == ("DistributionPoints",)
        assert {(row.dp_known, row.dp_leaving, row.jobs) for row in found.rows} == {(None, False, None)}

    def test_without_the_list_of_jobs_none_is_known(self, maker: SiteMaker) -> None:
        maker.add(OPEN)
        maker.run("DROP TABLE dbo.DistributionJobs")

        found = read(maker.reader())

        assert found.unread == ("DistributionJobs",)
        assert {row.jobs for row in found.rows} == {None}
        assert {row.dp_known for row in found.rows if not row.is_site} == {True, False}

    def test_without_the_numbers_of_dps_no_job_is_known(self, maker: SiteMaker) -> None:
        maker.add(OPEN)
        maker.run("DROP TABLE dbo.DistributionPoints", "CREATE TABLE dbo.DistributionPoints (NALPath varchar(255))")
        maker.run(f"INSERT INTO dbo.DistributionPoints VALUES ('{nal_path('NYC-DP01.contoso.com')}')")

        found = read(maker.reader())

        assert found.unread == ("DistributionPoints.DPID", "DistributionPoints.SMSSiteCode")
        assert {row.server.partition(".")[0]: row.dp_known for row in found.rows} == {
            "CM01": None,
            "NYC-DP01": True,
            "OSL-DP01": False,
            "MEX-DP01": False,
        }

    def test_without_the_moment_of_update_ages_are_unknown(self, maker: SiteMaker) -> None:
        maker.add(OPEN)
        maker.run("ALTER TABLE dbo.PkgStatus DROP COLUMN UpdateTime")

        found = read(maker.reader())

        assert found.unread == ("PkgStatus.UpdateTime",)
        assert {row.updated_at for row in found.rows} == {None}

    def test_without_decoration_the_package_has_less_of_it(self, maker: SiteMaker) -> None:
        maker.add(OPEN)
        decoration = ["Version", "Manufacturer", "PackageType", "SourceDate", "PkgSourceFlag", "PkgFlags"]
        without(maker, *decoration, "StoredPkgVersion")

        found = read(maker.reader())

        assert found.unread == ("v_Package.SourceDate", "v_Package.StoredPkgVersion")
        assert found.package == package(
            version=None,
            manufacturer=None,
            type_number=None,
            changed_at=None,
            source_flag=None,
            flags=None,
            stored_version=None,
        )
        assert len(found.rows) == len(OPEN.rows)

    @pytest.mark.parametrize("column", ["Name", "SourceSite", "SourceVersion"])
    def test_gives_no_answer_without_what_is_needed_of_packages(self, maker: SiteMaker, column: str) -> None:
        without(maker, column)

        assert card_fault_of(maker.reader()) is SiteErrorKind.SCHEMA

    @pytest.mark.parametrize("column", ["PkgServer", "Status", "SourceVersion"])
    def test_gives_no_answer_without_what_is_needed_of_rows(self, maker: SiteMaker, column: str) -> None:
        maker.run(f"ALTER TABLE dbo.PkgStatus DROP COLUMN {column}")

        with pytest.raises(SiteError) as caught:
            maker.reader().packages()

        assert caught.value.kind is SiteErrorKind.SCHEMA
        assert caught.value.detail == f"dbo.PkgStatus has no column {column}"

    @pytest.mark.parametrize("statement", ["DROP VIEW dbo.v_Package", "DROP TABLE dbo.PkgStatus"])
    def test_gives_no_answer_without_a_table_that_is_needed(self, maker: SiteMaker, statement: str) -> None:
        maker.run(statement)

        assert card_fault_of(maker.reader()) is SiteErrorKind.SCHEMA

    def test_answers_as_soon_as_what_was_missing_is_there(self, maker: SiteMaker) -> None:
        maker.add(OPEN)
        maker.run(renamed(maker.engine, "PkgStatus", "Hidden"))
        site = maker.reader()
        assert card_fault_of(site) is SiteErrorKind.SCHEMA

        maker.run(renamed(maker.engine, "Hidden", "PkgStatus"))

        assert len(read(site).rows) == len(OPEN.rows)

    def test_degrades_when_something_goes_away_later(self, maker: SiteMaker) -> None:
        maker.add(OPEN)
        site = maker.reader()
        assert read(site).unread == ()

        maker.run("DROP TABLE dbo.DistributionJobs")
        assert card_fault_of(site) is SiteErrorKind.SCHEMA

        assert read(site).unread == ("DistributionJobs",)


READER = f"pkgstatus_reader_{os.getpid()}"


@needs_postgresql
class TestALoginWithFewRights:
    @pytest.fixture
    def maker(self) -> Iterator[SiteMaker]:
        """Return a site whose tables a login of its own may read."""
        maker = PostgresqlSite()
        maker.add(OPEN)
        run(f"DROP ROLE IF EXISTS {READER}", f"CREATE ROLE {READER}", f"GRANT USAGE ON SCHEMA dbo TO {READER}")
        run(f"GRANT SELECT ON ALL TABLES IN SCHEMA dbo TO {READER}")
        yield maker
        maker.close()
        run(f"DROP ROLE {READER}")

    @pytest.fixture
    def site(self, maker: SiteMaker) -> SiteDatabase:
        """Return the reader that uses that login."""
        return maker.reader(site_odbc(ConnSettings=f"SET ROLE {READER}"))

    def test_reads_what_it_may(self, maker: SiteMaker, site: SiteDatabase) -> None:
        maker.run(f"REVOKE ALL ON dbo.SMSPackages FROM {READER}")

        assert read(site).unread == ()

    @pytest.mark.parametrize("closed", ["DistributionJobs", "DistributionPoints"])
    def test_degrades_where_a_table_is_closed(self, maker: SiteMaker, site: SiteDatabase, closed: str) -> None:
        maker.run(f"REVOKE ALL ON dbo.{closed} FROM {READER}")

        assert closed in read(site).unread

    @pytest.mark.parametrize("closed", ["v_Package", "PkgStatus"])
    def test_gives_no_answer_where_a_needed_table_is_closed(
        self, maker: SiteMaker, site: SiteDatabase, closed: str
    ) -> None:
        maker.run(f"REVOKE ALL ON dbo.{closed} FROM {READER}")
        assert card_fault_of(site) is SiteErrorKind.PERMISSION

        maker.run(f"GRANT SELECT ON dbo.{closed} TO {READER}")
        assert read(site).rows

    def test_degrades_when_a_table_is_closed_later(self, maker: SiteMaker, site: SiteDatabase) -> None:
        assert read(site).unread == ()

        maker.run(f"REVOKE ALL ON dbo.DistributionJobs FROM {READER}")
        assert card_fault_of(site) is SiteErrorKind.PERMISSION

        assert read(site).unread == ("DistributionJobs",)


class TestWhatASiteHolds:
    def test_a_dp_that_is_listed_twice_does_not_double_its_row(self, maker: SiteMaker) -> None:
        maker.add(table(dp_row(open_jobs=1)))
        path = nal_path("NYC-DP01.contoso.com")
        maker.insert("DistributionPoints", {"DPID": 900, "NALPath": path, "Action": 3})
        maker.add_job(ID, 900, job(state=JobState.READY))

        (row,) = read(maker.reader()).rows

        assert (row.dp_known, row.dp_leaving, row.jobs) == (True, True, (job(), job(state=JobState.READY)))

    @pytest.mark.parametrize(
        ("listed", "moved_to"),
        [
            pytest.param({"NALPath": nal_path("NYC-DP01.contoso.com", "P02"), "SMSSiteCode": "P02"}, "P02", id="there"),
            pytest.param({"NALPath": nal_path("nyc-dp01.CONTOSO.com", "P02"), "SMSSiteCode": "P02"}, "P02", id="case"),
            pytest.param({"NALPath": nal_path("NYC-DP01.contoso.com", "P02")}, "P02", id="the path names the site"),
            pytest.param(
                {"NALPath": nal_path("NYC-DP01.contoso.com", "P02"), "SMSSiteCode": "P02", "Action": 3},
                None,
                id="leaving there, too",
            ),
            pytest.param(
                {"NALPath": nal_path("NYC-DP11.contoso.com", "P02"), "SMSSiteCode": "P02"}, None, id="another server"
            ),
        ],
    )
    def test_a_row_that_is_left_over_says_where_its_server_is_listed_now(
        self, maker: SiteMaker, listed: dict[str, object], moved_to: str | None
    ) -> None:
        maker.add(table(dp_row(dp_known=False)))
        maker.insert("DistributionPoints", {"DPID": 900} | listed)

        (row,) = read(maker.reader()).rows

        assert (row.dp_known, row.moved_to) == (False, moved_to)

    def test_a_row_of_a_dp_that_is_listed_says_nothing_of_another_place(self, maker: SiteMaker) -> None:
        maker.add(table(dp_row(), dp_row("BOS-DP01", dp_known=False)))

        assert {row.moved_to for row in read(maker.reader()).rows} == {None}

    def test_a_job_of_another_package_is_none_of_this_one(self, maker: SiteMaker) -> None:
        maker.add(table(dp_row(open_jobs=1)), table(dp_row(), of=package("PS100113")))

        found = maker.reader().package(PackageId("PS100113"))

        assert found is not None
        assert [row.jobs for row in found.rows] == [()]

    @pytest.mark.parametrize(
        ("target", "point", "is_served"),
        [
            pytest.param({}, {}, True, id="there"),
            pytest.param({}, {"SMSSiteCode": None}, True, id="a DP of an unknown site"),
            pytest.param({"Action": None}, {"Action": None}, True, id="nothing is under way"),
            pytest.param({"Action": 3}, {}, False, id="a target that is taken away"),
            pytest.param({}, {"Action": 3}, False, id="a DP that is leaving"),
            pytest.param({"SiteCode": "PS1"}, {"SMSSiteCode": None}, False, id="a target of another site"),
            pytest.param({}, {"SMSSiteCode": "PS1"}, False, id="a DP of another site"),
            pytest.param({}, {"NALPath": nal_path("BOS-DP01.contoso.com", "P02")}, False, id="a DP that is gone"),
            pytest.param({"PkgID": "PS100113"}, {}, False, id="a target of another package"),
        ],
    )
    def test_a_site_is_served_if_the_package_is_targeted_to_a_dp_of_it_that_is_there_to_stay(
        self, maker: SiteMaker, target: dict[str, object], point: dict[str, object], *, is_served: bool
    ) -> None:
        path = nal_path("LON-DP01.contoso.com", "P02")
        maker.add(table(site_row("P02", held_version=7)))
        maker.insert("PkgServers", {"PkgID": ID, "NALPath": path, "SiteCode": "P02", "Action": 0} | target)
        maker.insert("DistributionPoints", {"DPID": 900, "NALPath": path, "SMSSiteCode": "P02", "Action": 0} | point)

        assert read(maker.reader()).served == ({"P02"} if is_served else set())

    @pytest.mark.parametrize(("code", "stored"), [("PS1", 12), ("P02", None)])
    def test_what_a_site_stores_says_something_of_the_source_only_at_the_source_site(
        self, maker: SiteMaker, code: str, stored: int | None
    ) -> None:
        maker.add(table(site_row(), of=package(stored_version=12)))

        found = maker.reader(code=code).package(ID)

        assert found is not None
        assert found.package.stored_version == stored

    @pytest.mark.parametrize(("state", "is_open"), [(state, state in {0, 1, 2, 3, 4, 8}) for state in range(10)])
    def test_a_job_is_open_in_the_states_in_which_it_may_still_deliver(
        self, maker: SiteMaker, state: int, *, is_open: bool
    ) -> None:
        maker.add(table(dp_row()))
        maker.insert("DistributionPoints", {"DPID": 900, "NALPath": nal_path("NYC-DP01.contoso.com")})
        maker.add_job(ID, 900, job(state=state))

        (row,) = read(maker.reader()).rows

        assert row.jobs == ((job(state=state),) if is_open else ())

    def test_jobs_and_dps_mean_nothing_for_a_site_row(self, maker: SiteMaker) -> None:
        maker.add(table(site_row()))
        maker.insert("DistributionPoints", {"DPID": 900, "NALPath": "CM01.contoso.com", "Action": 3})
        maker.add_job(ID, 900, job())

        assert read(maker.reader()).rows == (site_row(),)

    def test_columns_of_fixed_width_lose_their_padding(self, maker: SiteMaker) -> None:
        maker.add(OPEN)
        if maker.engine == "sqlite":
            maker.run("UPDATE dbo.PkgStatus SET SiteCode = SiteCode || '   '")
            maker.run("UPDATE dbo.SMSPackages SET SourceSite = SourceSite || '  ', Version = '   '")
        else:
            maker.run("DROP VIEW dbo.v_Package", *FIXED_WIDTHS[maker.engine])
            maker.run("UPDATE dbo.SMSPackages SET Version = ''", "CREATE VIEW dbo.v_Package AS SELECT 1 AS Nothing")
            without(maker)

        found = read(maker.reader())

        assert set(found.rows) == set(OPEN.rows)
        assert (found.package.source_site, found.package.version) == ("PS1", None)

    @pytest.mark.parametrize(
        ("written", "read_as"),
        [
            pytest.param("2026-03-09 07:30:00", NOW, id="as the sample writes it"),
            pytest.param("2026-03-09T07:30:00", NOW, id="ISO"),
            pytest.param("2026-03-09 07:30:00.250", NOW.replace(microsecond=250_000), id="with a fraction"),
            pytest.param("2026-03-09 08:30:00+01:00", NOW, id="with a zone"),
            pytest.param("2026-03-09", datetime(2026, 3, 9, tzinfo=UTC), id="a day"),
            pytest.param("9999-12-31 23:59:59", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), id="the end of time"),
            pytest.param("yesterday", None, id="no moment at all"),
            pytest.param("", None, id="nothing"),
        ],
    )
    def test_a_moment_that_is_kept_as_text_is_read(
        self, tmp_path: Path, written: str, read_as: datetime | None
    ) -> None:
        maker = SqliteSite(tmp_path / "site.db")
        maker.add(table(dp_row()))
        maker.run(f"UPDATE dbo.PkgStatus SET UpdateTime = '{written}'")

        (row,) = read(maker.reader()).rows

        assert row.updated_at == read_as
        maker.close()

    @needs_postgresql
    @pytest.mark.parametrize("kind", ["timestamptz", "varchar"])
    def test_a_moment_is_read_whatever_its_type(self, kind: str) -> None:
        maker = PostgresqlSite()
        maker.add(table(dp_row(updated_at=datetime(2026, 3, 9, tzinfo=UTC))))
        maker.run(
            "SET timezone = 'UTC'", f"ALTER TABLE dbo.PkgStatus ALTER UpdateTime TYPE {kind} USING UpdateTime::{kind}"
        )

        (row,) = read(maker.reader(site_odbc(ConnSettings="SET timezone = 'UTC'"))).rows

        assert row.updated_at == datetime(2026, 3, 9, tzinfo=UTC)
        maker.close()

    @pytest.mark.parametrize("written", ["'seven'", "''", "x'00'", "9e999"])
    def test_a_number_that_is_none_is_unknown(self, tmp_path: Path, written: str) -> None:
        maker = SqliteSite(tmp_path / "site.db")
        maker.add(table(dp_row()))
        maker.run(f"UPDATE dbo.PkgStatus SET SourceVersion = {written}")

        (row,) = read(maker.reader()).rows

        assert row.held_version is None
        maker.close()


class TestTheSample:
    @pytest.fixture
    def sample(self, maker: SiteMaker) -> SiteDatabase:
        """Return a reader of the sample site."""
        maker.run("DELETE FROM dbo.SMSData")
        for name, rows in sample_rows(NOW).items():
            maker.load(name, rows)
        return maker.reader()

    def test_has_every_class_somewhere(self, sample: SiteDatabase) -> None:
        tables = [sample.package(PackageId(each.package_id)) for each in PACKAGES]
        counts = [judge(found, NOW, GRACE).counts for found in tables if found]

        assert len(counts) == len(PACKAGES)
        assert set().union(*counts) == set(DriftClass)

    def test_tells_the_story(self, sample: SiteDatabase) -> None:
        drift = judge(read(sample), NOW, GRACE)

        assert [(verdict.row.site_code, verdict.row.held_version) for verdict in drift.sites] == [
            ("P02", 7),
            ("PS1", 13),
        ]
        assert {verdict.row.held_version for verdict in drift.dps} == {7, 12, 13}
        assert {row.type_number for row in read(sample).rows} == {RowType.SITE, RowType.DP}
