"""A big site: as many rows as asked for, quickly, with about one in a hundred drifted."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from bot.demo.sample.build import build_sample

ROWS = 100_000
DP_ROWS = "SELECT count(*) FROM PkgStatus WHERE Type = 2"
DRIFTED = """SELECT s.ID, s.Status FROM PkgStatus s JOIN v_Package p ON p.PackageID = s.ID
    WHERE s.Type = 2 AND s.ID LIKE 'BIG%' AND (s.SourceVersion < p.SourceVersion OR s.Status <> 3)"""


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("big") / "site.db"
    started = time.monotonic()
    build_sample(path, now=now, rows=ROWS)
    assert time.monotonic() - started < 20, "a hundred thousand rows take a second or two"
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def test_it_has_the_rows_that_were_asked_for(big: sqlite3.Connection) -> None:
    assert big.execute(DP_ROWS).fetchone() == (ROWS,)


def test_about_one_row_in_a_hundred_drifted_and_some_of_these_failed(big: sqlite3.Connection) -> None:
    drifted = big.execute(DRIFTED).fetchall()

    assert ROWS * 0.008 < len(drifted) < ROWS * 0.012
    assert {status for _, status in drifted} == {3, 5}
    assert len({package for package, _ in drifted}) > 15


def test_one_package_is_on_five_thousand_points_that_all_exist(big: sqlite3.Connection) -> None:
    found = big.execute("""SELECT count(*), count(DISTINCT d.DPID), count(DISTINCT t.NALPath) FROM PkgStatus s
        JOIN DistributionPoints d ON d.NALPath = s.PkgServer
        JOIN PkgServers t ON t.NALPath = s.PkgServer AND t.PkgID = s.ID
        WHERE s.ID = 'BIG00001' AND s.Type = 2""").fetchone()

    assert found == (5_000, 5_000, 5_000)


def test_the_story_is_in_it_too(big: sqlite3.Connection) -> None:
    rows = big.execute("SELECT count(*) FROM PkgStatus WHERE ID = 'PS100112' AND Type = 2").fetchone()

    assert rows == (39,)


def test_a_small_number_gives_that_many_points_to_the_big_package(tmp_path: Path, now: datetime) -> None:
    build_sample(tmp_path / "site.db", now=now, rows=300)

    with closing(sqlite3.connect(tmp_path / "site.db")) as connection:
        found = connection.execute("SELECT count(*) FROM PkgStatus WHERE ID = 'BIG00001' AND Type = 2").fetchone()
    assert found == (300,)
