"""Two bots on one store, killed, stopped and frozen at random while people go on; the records judge what is left.

PKGSTATUS_TEST_CHAOS_SECONDS says for how long; PKGSTATUS_TEST_CHAOS_SEED plays a game again.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest

from bot.dbapi import Database
from bot.demo.workspace.clockwork import Clockwork
from bot.domain.ledger import moment_read
from tests.frontdoor.databases import ENGINES, read, site_of, stage_on
from tests.frontdoor.judge import judge
from tests.frontdoor.resets import entries
from tests.frontdoor.traffic import crowd
from tests.frontdoor.trail import assert_trail_is_whole, unanswered, untold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from tests.bots import Bot
    from tests.frontdoor.traffic import Person
    from tests.stage import Stage

SECONDS = float(os.environ.get("PKGSTATUS_TEST_CHAOS_SECONDS", "10"))
BOTS = 2
LEASE_SECONDS = 4
MOVED_OVER = timedelta(seconds=30)
"""The longest that anything may wait for another process to take over."""
ENDS = {"applied", "failed", "stale"}
QUICK = Clockwork(minute_s=1, post_interval_s=0.2)
IDS = {"ada": "U000000ADA", "grace": "U00000GRACE", "linus": "U00000LINUS", "margaret": "U0MARGARET"}


@dataclass
class Reaper:
    """Ends one of two bots after the other, in one way or another, and starts a new one in its place."""

    stage: Stage
    dice: random.Random
    ends: Counter[str] = field(default_factory=Counter)
    alive: list[Bot] = field(default_factory=list)

    def start(self) -> None:
        """Start one more bot."""
        bot = self.stage.start_bot(connected=False, answers__visibility="caller", work__lease=f"{LEASE_SECONDS}s")
        self.stage.wait_for(lambda: '"event": "ready"' in bot.log(), 40)
        self.alive.append(bot)

    def reap(self, until: threading.Event) -> None:
        """Go on until the end, which finds two bots alive."""
        while not until.wait(self.dice.uniform(0.2, 2)):
            bot = self.alive.pop(self.dice.randrange(len(self.alive)))
            end = self.dice.choices([self._kill, self._stop, self._freeze, self._kill_all], [8, 2, 2, 1])[0]
            self.ends[end.__name__.strip("_")] += 1
            end(bot)
            time.sleep(self.dice.choice([0, 0, 1]))
            while len(self.alive) < BOTS:
                self.start()

    def _kill(self, bot: Bot) -> None:
        bot.kill()

    def _kill_all(self, bot: Bot) -> None:
        for each in [bot, *self.alive]:
            each.kill()
        self.alive.clear()

    def _stop(self, bot: Bot) -> None:
        assert bot.stop() == 0

    def _freeze(self, bot: Bot) -> None:
        """Let it stand still until others must think it dead, then go on as if nothing had been, for a while."""
        bot.process.send_signal(signal.SIGSTOP)
        time.sleep(LEASE_SECONDS * 1.5)
        bot.process.send_signal(signal.SIGCONT)
        time.sleep(1)
        bot.kill()


def distribute(site: str, until: threading.Event) -> None:
    """Bring rows that were reset back to where they were stuck, as a site that is still broken would."""
    rows = "SELECT SourceVersion, Status, Type, SiteCode, PkgServer FROM dbo.PkgStatus WHERE ID = 'PS100112'"
    stuck = [row for row in read(site, rows) if row[0]]
    again = (
        "UPDATE dbo.PkgStatus SET SourceVersion = ?, Status = ? WHERE ID = 'PS100112' AND SourceVersion = 0"
        " AND Type = ? AND SiteCode = ? AND PkgServer = ?"
    )
    with closing(Database(site)) as database:
        while not until.wait(1):
            database.write(lambda connection: [connection.execute(again, row) for row in stuck])


@dataclass
class Game:
    """What was played, and who played."""

    stage: Stage
    people: list[Person]
    reaper: Reaper


def play(stage: Stage, seed: int) -> Game:
    """Let people, deaths and the site go on together, then let two bots end the work."""
    dice = random.Random(seed)  # noqa: S311 - a game
    reaper, people, over = Reaper(stage, dice), crowd(stage, dice), threading.Event()
    reaper.start()
    reaper.start()
    with ThreadPoolExecutor(8) as pool:
        deeds = [pool.submit(person.live, over) for person in people]
        deeds += [pool.submit(reaper.reap, over), pool.submit(distribute, site_of(stage), over)]
        time.sleep(SECONDS)
        over.set()
        for deed in deeds:
            deed.result()
    stage.wait_for(lambda: unanswered(stage) == 0, 60)
    close(stage, people[0])
    stage.wait_for(lambda: untold(stage) == 0, 60 + SECONDS)
    return Game(stage, people, reaper)


def close(stage: Stage, ada: Person) -> None:
    """Have what nobody decided taken back, and wait for what is decided."""
    sql = "SELECT stage FROM dbo.request WHERE stage IN ('pending', 'approved', 'applying')"

    def is_closed() -> bool:
        stages = {name for (name,) in read(stage.settings["PKGSTATUS_STORE"], sql)}
        if "pending" in stages:
            ada.withdraw()
        return not stages

    stage.wait_for(is_closed, 60)


@pytest.fixture(scope="module", params=ENGINES)
def game(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Game]:
    """Yield a game that is over."""
    seed = int(os.environ.get("PKGSTATUS_TEST_CHAOS_SEED", time.time_ns() % 1_000_000))
    folder: Path = tmp_path_factory.mktemp("chaos")
    with stage_on(request.param, folder, "chaos", clockwork=QUICK) as stage:
        played = play(stage, seed)
        waits = sorted(wait for person in played.people for wait in person.waits)
        print(  # noqa: T201 - shown with a failure, and with -rP
            f"seed {seed}, {dict(played.reaper.ends)}, "
            f"{ {person.name: (person.acknowledged, person.tried, dict(person.done)) for person in played.people} }, "
            f"{len(waits)} answers, longest {waits[-1]:.1f} s",
        )
        yield played


pytestmark = pytest.mark.timeout(240 + 3 * SECONDS)


def test_whatever_slack_said_was_taken_is_answered_and_recorded_once(game: Game) -> None:
    assert {person.name: person.unanswered for person in game.people} == {person.name: [] for person in game.people}
    store = game.stage.settings["PKGSTATUS_STORE"]
    doubled = read(
        store, "SELECT stream FROM dbo.ledger_entry WHERE stream LIKE 'in %' GROUP BY stream HAVING COUNT(*) > 1"
    )
    assert doubled == []
    heard = Counter(user for (user,) in read(store, "SELECT actor_user FROM dbo.ledger_entry WHERE stream LIKE 'in %'"))
    for person in game.people:
        decided = {click for user, click in clicks(game.stage) if user == IDS[person.name]}
        assert person.acknowledged <= heard[IDS[person.name]] + len(decided) <= person.tried


def clicks(stage: Stage) -> list[tuple[str, str]]:
    """Return who decided something, and by which click."""
    return [(entry.user, entry.facts["click"]) for entry in entries(stage) if "click" in entry.facts]


def test_every_reset_happened_once_or_not_at_all(game: Game) -> None:
    judge(game.stage)


def test_the_audit_channel_says_all_in_order(game: Game) -> None:
    assert_trail_is_whole(game.stage)


def test_what_one_process_leaves_another_goes_on_with_in_time(game: Game) -> None:
    store = game.stage.settings["PKGSTATUS_STORE"]
    sql = "SELECT o.told_at, e.at FROM dbo.outbox o INNER JOIN dbo.ledger_entry e ON e.sequence = o.sequence"
    assert max(silences([(moment_read(told), moment_read(at)) for told, at in read(store, sql)])) < MOVED_OVER
    sql = "SELECT stream, kind, at FROM dbo.ledger_entry WHERE stream LIKE 'request %' ORDER BY sequence"
    decided: dict[str, datetime] = {}
    for stream, kind, at in read(store, sql):
        if kind == "quorum reached":
            decided[stream] = moment_read(at)
        elif kind in ENDS and stream in decided:
            assert moment_read(at) - decided.pop(stream) < MOVED_OVER
    assert decided == {}


def silences(told: list[tuple[datetime, datetime]]) -> list[timedelta]:  # told at, recorded at
    """Return for how long nothing was told each time although something waited."""
    told = sorted(told)
    oldest = list(accumulate((at for _, at in reversed(told)), min))[::-1]
    return [
        after[0] - max(before[0], waiting) for before, after, waiting in zip(told, told[1:], oldest[1:], strict=False)
    ]
