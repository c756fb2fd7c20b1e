"""An apply that is disturbed: somebody else at the rows, locks, a deadlock, a process that was thought dead.

The bot is stopped exactly where the moment matters; everything is judged by the ledger and the site database.
"""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from bot.dbapi import Database
from tests.frontdoor.databases import needs_postgresql, run, site_of, stage_on
from tests.frontdoor.judge import end_of, ended, judge, story_of
from tests.frontdoor.mortal_bot import arm, go_on, mortal, stop, wait_until_it_stands
from tests.frontdoor.resets import APPROVE, PATIENCE, QUICK, approve, ask_for, card_of, direct, entries, id_of
from tests.frontdoor.seen import words
from tests.frontdoor.trail import unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.dbapi import Connection
    from tests.bots import Bot
    from tests.stage import Json, Stage

LEASE = "3s"
FIRST, SECOND = "PkgServer LIKE '%LON-DP01%'", "PkgServer LIKE '%LON-DP02%'"
TWO_ROWS = "PS100112 dp:LON-DP01 dp:LON-DP02"


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Stage]:
    """Yield a stage on SQLite without a bot."""
    with stage_on("sqlite", tmp_path, "", clockwork=QUICK) as stage:
        stage.settings["PKGSTATUS_WORK__LEASE"] = LEASE
        yield stage
        judge(stage)


def standing_at(stage: Stage, step: str) -> tuple[Bot, Json]:
    """Have two rows asked for and approved; return the bot whose apply stands still at a step, and the card."""
    bot = stage.start_bot(mortal(step, "stop"))
    card = ask_for(stage, TWO_ROWS)
    approve(stage, card, "grace")
    arm(stage, bot)
    stage.click("linus", card, APPROVE)
    wait_until_it_stands(stage, bot)
    return bot, card


def stopped_at(stage: Stage, step: str) -> tuple[Bot, Json]:
    """Do so and stop all of the bot there."""
    bot, card = standing_at(stage, step)
    stop(stage, bot)
    return bot, card


def test_a_freeze_between_the_last_look_and_the_claim_stops_the_apply(alone: Stage) -> None:
    bot, card = standing_at(alone, "apply: before claim")
    alone.command("grace", "freeze site update tonight")
    alone.wait_for(lambda: entries(alone, "froze resets"), PATIENCE)

    go_on(bot)

    assert ended(alone, card) == "failed"
    assert story_of(alone, id_of(card))[-1].facts["trouble"] == "frozen"
    assert "🧊 Resets are frozen" in words(card_of(alone, id_of(card), "🔴 failed"))


def test_a_row_that_moves_after_the_last_look_stops_the_whole_apply(alone: Stage) -> None:
    bot, card = stopped_at(alone, "apply: claimed")
    run(site_of(alone), f"UPDATE dbo.PkgStatus SET SourceVersion = 13 WHERE ID = 'PS100112' AND {SECOND}")

    go_on(bot)

    assert ended(alone, card) == "stale"
    assert "LON-DP02.contoso.com: version 13, status 3 instead of version 7" in words(
        card_of(alone, id_of(card), "⚪ outdated")
    )


def test_an_apply_that_waits_too_long_for_a_lock_changed_nothing_and_says_so(alone: Stage) -> None:
    bot, card = stopped_at(alone, "apply: claimed")
    with held(site_of(alone), f"UPDATE dbo.PkgStatus SET State = 1 WHERE {SECOND}"):
        go_on(bot)
        assert "Nothing is tried again by itself" in words(card_of(alone, id_of(card), "Whether it happened"))

    assert ended(alone, card) == "failed"
    assert "Nothing was changed" in words(card_of(alone, id_of(card), "🔴 failed"))
    direct(alone, "ada", "could not be applied, and nothing was changed")


@needs_postgresql
def test_an_apply_that_is_the_victim_of_a_deadlock_changed_nothing_and_says_so(tmp_path: Path) -> None:
    with stage_on("postgresql", tmp_path, "reset_deadlock", clockwork=QUICK) as stage:
        bot, card = stopped_at(stage, "apply: first row changed")
        with held(
            site_of(stage), "SET LOCAL deadlock_timeout = '30s'", f"UPDATE dbo.PkgStatus SET State = 1 WHERE {SECOND}"
        ) as other:
            waiting = threading.Thread(
                target=other.execute, args=(f"UPDATE dbo.PkgStatus SET State = 1 WHERE {FIRST}",)
            )
            waiting.start()
            go_on(bot)
            assert ended(stage, card) == "failed"
            waiting.join(PATIENCE)

        assert story_of(stage, id_of(card))[-1].facts["trouble"] == "the site database said: deadlock"
        assert "deadlock" in words(card_of(stage, id_of(card), "🔴 failed"))
        judge(stage)


@contextmanager
def held(site: str, *statements: str) -> Iterator[Connection]:
    """Keep a transaction of somebody else open, with the locks that its statements take."""
    ready, finish = threading.Event(), threading.Event()
    handed: list[Connection] = []

    def work(connection: Connection) -> None:
        for statement in statements:
            connection.execute(statement)
        handed.append(connection)
        ready.set()
        assert finish.wait(PATIENCE)

    def hold() -> None:
        with closing(Database(site)) as database:
            database.write(work)

    thread = threading.Thread(target=hold)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield handed[0]
    finally:
        finish.set()
        thread.join(PATIENCE)


@pytest.mark.parametrize(("step", "end"), [("apply: claimed", "failed"), ("apply: committed", "applied")])
def test_a_bot_that_was_thought_dead_in_its_apply_neither_repeats_nor_denies_it(
    alone: Stage, step: str, end: str
) -> None:
    sleeper, card = stopped_at(alone, step)
    alone.start_bot()
    assert alone.wait_for(lambda: end_of(alone, id_of(card)), PATIENCE) == end

    go_on(sleeper)
    alone.wait_for(lambda: unanswered(alone) == 0, PATIENCE)
    assert sleeper.stop() == 0

    assert ended(alone, card) == end


def test_a_bot_that_was_thought_dead_leaves_its_answer_to_the_other(alone: Stage) -> None:
    sleeper = alone.start_bot(mortal("answer: recorded", "stop"))
    arm(alone, sleeper)
    alone.command("ada", "help")
    stop(alone, sleeper)
    alone.start_bot()
    alone.wait_for(lambda: unanswered(alone) == 0 or None, PATIENCE)

    go_on(sleeper)
    alone.wait_for(lambda: "another process answers this" in sleeper.log(), PATIENCE)

    assert len(alone.responder()) == 1
