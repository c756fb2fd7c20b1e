"""After a reset the rows come back one hop at a time; without one nothing moves."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.demo.sample.distribution_manager import POINTS_PER_STEP, step
from bot.demo.sample.hierarchy import nal_path

P02_ROWS = "FROM PkgStatus WHERE ID = 'PS100112' AND SiteCode = 'P02' AND Type = "
RESET = "UPDATE PkgStatus SET SourceVersion = 0, Status = 2 WHERE ID = 'PS100112' AND PkgServer = ?"
NYC = nal_path("NYC-DP03.contoso.com", "PS1")
LON = nal_path("LON-DP01.contoso.com", "P02")


class Watched:
    """The demo's site database, with someone to look at it between two steps."""

    def __init__(self, path: Path, now: datetime) -> None:
        self.path, self.now = path, now
        self.connection = sqlite3.connect(path, isolation_level=None)

    def reset(self, holder: str) -> None:
        assert self.connection.execute(RESET, (holder,)).rowcount == 1

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += timedelta(seconds=5)
            step(self.path, self.now)

    def site_row(self) -> tuple[int, int]:
        version, status = self.connection.execute("SELECT SourceVersion, Status " + P02_ROWS + "1").fetchone()
        return version, status

    def points_at(self, version: int) -> int:
        query = "SELECT count(*) " + P02_ROWS + "2 AND SourceVersion = ? AND Status = 3"
        return int(self.connection.execute(query, (version,)).fetchone()[0])

    def state(self, holder: str) -> tuple[int, int]:
        query = "SELECT SourceVersion, Status FROM PkgStatus WHERE ID = 'PS100112' AND PkgServer = ?"
        version, status = self.connection.execute(query, (holder,)).fetchone()
        return version, status

    def everything(self) -> list[str]:
        return list(self.connection.iterdump())


@pytest.fixture
def watched(own_copy: Path, now: datetime) -> Iterator[Watched]:
    site = Watched(own_copy, now)
    with closing(site.connection):
        yield site


def test_without_a_reset_nothing_moves(watched: Watched) -> None:
    before = watched.everything()

    watched.step(times=3)

    # The sample's own reset rows stay as well: the source site lost what they wait for.
    assert watched.everything() == before


def test_a_reset_site_receives_first_and_its_points_follow_a_few_at_a_time(watched: Watched) -> None:
    watched.reset("CM02.contoso.com")

    watched.step()
    assert (watched.site_row(), watched.points_at(13)) == ((13, 2), 0)

    seen = []
    for _ in range(5):
        watched.step()
        seen.append(watched.points_at(13))
    assert seen == [POINTS_PER_STEP, 8, 12, 16, 16]


def test_what_came_back_carries_the_moment_it_came(watched: Watched) -> None:
    watched.reset("CM02.contoso.com")

    watched.step(times=6)

    oldest = watched.connection.execute("SELECT min(UpdateTime) " + P02_ROWS + "2").fetchone()[0]
    assert oldest == f"{watched.now - timedelta(seconds=20):%Y-%m-%d %H:%M:%S}"


def test_points_that_wait_their_turn_have_an_open_job(watched: Watched) -> None:
    open_jobs = "SELECT count(*) FROM DistributionJobs WHERE PkgID = 'PS100112' AND State < 5"
    watched.reset("CM02.contoso.com")

    watched.step(times=2)
    assert watched.connection.execute(open_jobs).fetchone() == (12,)

    watched.step(times=4)
    assert watched.connection.execute(open_jobs).fetchone() == (0,)


def test_a_reset_point_comes_back_and_its_neighbours_stay(watched: Watched) -> None:
    watched.reset(NYC)

    watched.step(times=3)

    assert watched.state(NYC) == (13, 3)
    assert watched.state(nal_path("SEA-DP02.contoso.com", "PS1")) == (7, 3)


def test_a_reset_point_waits_while_its_site_is_behind(watched: Watched) -> None:
    watched.reset(LON)
    watched.step(times=3)
    assert watched.state(LON) == (0, 2)

    watched.reset("CM02.contoso.com")
    watched.step(times=6)
    assert watched.state(LON) == (13, 3)
    assert watched.points_at(13) == 16
