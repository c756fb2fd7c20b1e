"""The file as a whole: counts, names, and that it is the same file for the same moment."""

import re
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

from bot.demo.sample.build import build_sample
from bot.demo.sample.schema import TABLES


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def _count(site: sqlite3.Connection, source: str) -> int:
    return int(site.execute(f"SELECT count(*) FROM {source}").fetchone()[0])


def test_there_are_thirty_packages_of_many_types_and_forty_points_in_two_sites(
    site: sqlite3.Connection,
) -> None:
    types = {row[0] for row in site.execute("SELECT PackageType FROM dbo.v_Package")}
    points = dict(site.execute("SELECT SMSSiteCode, count(*) FROM dbo.DistributionPoints GROUP BY SMSSiteCode"))

    assert _count(site, "dbo.v_Package") == 30
    assert types == {0, 3, 4, 5, 6, 7, 8, 257, 258, 259, 260}
    assert points == {"PS1": 24, "P02": 16}
    assert _count(site, "dbo.PullDPMap") == 4


def test_every_package_id_anywhere_is_valid(site: sqlite3.Connection) -> None:
    ids = site.execute("SELECT PackageID FROM dbo.v_Package UNION SELECT ID FROM dbo.PkgStatus").fetchall()

    assert len(ids) == 30
    assert all(re.fullmatch(r"[A-Z0-9]{3}[0-9A-F]{5}", package_id) for (package_id,) in ids)


def test_names_carry_everything_a_card_or_a_csv_can_trip_over(site: sqlite3.Connection) -> None:
    names = [row[0] for row in site.execute("SELECT Name FROM dbo.v_Package")]

    assert all(any(mark in name for name in names) for mark in ["'", '"', "&", "<", ">", "ü", "日本語", "🎉"])
    assert any(name.startswith("=") for name in names)


def test_every_moment_is_utc_text_and_never_in_the_future(site: sqlite3.Connection, now: datetime) -> None:
    moments = [row[0] for row in site.execute("SELECT UpdateTime FROM dbo.PkgStatus")]
    moments += [row[0] for row in site.execute("SELECT SourceDate FROM dbo.v_Package")]

    assert all(datetime.strptime(text + "Z", "%Y-%m-%d %H:%M:%S%z") < now for text in moments)


def test_the_backup_table_is_empty_and_mirrors_pkgstatus(site: sqlite3.Connection) -> None:
    live = [(row[1], row[2]) for row in site.execute("PRAGMA dbo.table_info(PkgStatus)")]
    backup = [(row[1], row[2]) for row in site.execute("PRAGMA dbo.table_info(PkgStatus_BU)")]

    assert _count(site, "dbo.PkgStatus_BU") == 0
    assert [name for name, _ in backup[:2]] == ["RequestId", "RowNumber"]
    assert backup[2:-1] == live
    assert backup[-1][0] == "BackedUpAt"


def test_every_table_but_the_backup_has_rows(site: sqlite3.Connection) -> None:
    empty = {table.name for table in TABLES if not _count(site, f"dbo.{table.name}")}

    assert empty == {"PkgStatus_BU"}


def test_the_same_moment_builds_the_same_site_in_any_zone(built: Path, tmp_path: Path, now: datetime) -> None:
    elsewhere = now.astimezone(timezone(timedelta(hours=9)))

    build_sample(tmp_path / "again.db", now=elsewhere)

    assert _dump(tmp_path / "again.db") == _dump(built)


def test_building_replaces_what_stood_there(built: Path, tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "site.db"
    path.write_bytes(b"not a database")
    path.with_name("site.db-wal").write_bytes(b"left by a crash")

    build_sample(path, now=now)

    assert _dump(path) == _dump(built)
    assert list(tmp_path.iterdir()) == [path]
