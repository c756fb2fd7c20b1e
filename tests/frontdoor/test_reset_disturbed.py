"""An apply that is disturbed: somebody else at the rows, locks, a deadlock, a process that was thought dead.

The bot is stopped exactly where the moment matters; everything is judged by the ledger and the site database.
"""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from bot.dbapi import Database
from tests.frontdoor.audit_trail import pending_inbox
from tests.frontdoor.crash_injector import arm, crashing_bot, resume, suspend_at_failpoint, wait_until_paused
from tests.frontdoor.databases import harness_on, needs_postgresql, run, site_of
from tests.frontdoor.invariants import assert_invariants, outcome_of, request_entries, wait_for_outcome
from tests.frontdoor.message_content import visible_text
from tests.frontdoor.resets import APPROVE, FAST_TIMING, PATIENCE, approve, ask_for, card_of, direct, entries, id_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.dbapi import Connection
    from tests.bot_process import BotProcess
    from tests.harness import Harness, Json

LEASE = "3s"
FIRST, SECOND = "PkgServer LIKE '%LON-DP01%'", "PkgServer LIKE '%LON-DP02%'"
TWO_ROWS = "PS100112 dp:LON-DP01 dp:LON-DP02"


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Harness]:
    """Yield a harness on SQLite without a bot."""
    with harness_on("sqlite", tmp_path, "", timing=FAST_TIMING) as harness:
        harness.settings["PKGSTATUS_WORK__LEASE"] = LEASE
        yield harness
        assert_invariants(harness)


def standing_at(harness: Harness, step: str) -> tuple[BotProcess, Json]:
    """Have two rows asked for and approved; return the bot whose apply stands still at a step, and the card."""
    bot = harness.start_bot(crashing_bot(step, "stop"))
    card = ask_for(harness, TWO_ROWS)
    approve(harness, card, "grace")
    arm(harness, bot)
    harness.click("linus", card, APPROVE)
    wait_until_paused(harness, bot)
    return bot, card


def stopped_at(harness: Harness, step: str) -> tuple[BotProcess, Json]:
    """Do so and stop all of the bot there."""
    bot, card = standing_at(harness, step)
    suspend_at_failpoint(harness, bot)
    return bot, card


def test_a_freeze_between_the_last_look_and_the_claim_stops_the_apply(alone: Harness) -> None:
    bot, card = standing_at(alone, "apply: before claim")
    alone.command("grace", "freeze site update tonight")
    alone.wait_for(lambda: entries(alone, "froze resets"))

    resume(bot)

    assert wait_for_outcome(alone, card) == "failed"
    assert request_entries(alone, id_of(card))[-1].facts["trouble"] == "frozen"
    assert "🧊 Resets are frozen" in visible_text(card_of(alone, id_of(card), "🔴 failed"))


def test_a_row_that_moves_after_the_last_look_stops_the_whole_apply(alone: Harness) -> None:
    bot, card = stopped_at(alone, "apply: claimed")
    run(site_of(alone), f"UPDATE dbo.PkgStatus SET SourceVersion = 13 WHERE ID = 'PS100112' AND {SECOND}")

    resume(bot)

    assert wait_for_outcome(alone, card) == "stale"
    assert "LON-DP02.contoso.com: version 13, status 3 instead of version 7" in visible_text(
        card_of(alone, id_of(card), "⚪ outdated")
    )


def test_an_apply_that_waits_too_long_for_a_lock_changed_nothing_and_says_so(alone: Harness) -> None:
    bot, card = stopped_at(alone, "apply: claimed")
    with held(site_of(alone), f"UPDATE dbo.PkgStatus SET State = 1 WHERE {SECOND}"):
        resume(bot)
        assert "Nothing is tried again by itself" in visible_text(card_of(alone, id_of(card), "Whether it happened"))

    assert wait_for_outcome(alone, card) == "failed"
    assert "Nothing was changed" in visible_text(card_of(alone, id_of(card), "🔴 failed"))
    direct(alone, "ada", "could not be applied, and nothing was changed")


@needs_postgresql
def test_an_apply_that_is_the_victim_of_a_deadlock_changed_nothing_and_says_so(tmp_path: Path) -> None:
    with harness_on("postgresql", tmp_path, "reset_deadlock", timing=FAST_TIMING) as harness:
        bot, card = stopped_at(harness, "apply: first row changed")
        with held(
            site_of(harness), "SET LOCAL deadlock_timeout = '30s'", f"UPDATE dbo.PkgStatus SET State = 1 WHERE {SECOND}"
        ) as other:
            waiting = threading.Thread(
                target=other.execute, args=(f"UPDATE dbo.PkgStatus SET State = 1 WHERE {FIRST}",)
            )
            waiting.start()
            resume(bot)
            assert wait_for_outcome(harness, card) == "failed"
            waiting.join(PATIENCE)

        assert request_entries(harness, id_of(card))[-1].facts["trouble"] == "the site database said: deadlock"
        assert "deadlock" in visible_text(card_of(harness, id_of(card), "🔴 failed"))
        assert_invariants(harness)


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
    alone: Harness, step: str, end: str
) -> None:
    sleeper, card = stopped_at(alone, step)
    alone.start_bot()
    assert alone.wait_for(lambda: outcome_of(alone, id_of(card))) == end

    resume(sleeper)
    alone.wait_for(lambda: pending_inbox(alone) == 0)
    assert sleeper.stop() == 0

    assert wait_for_outcome(alone, card) == end


def test_a_bot_that_was_thought_dead_leaves_its_answer_to_the_other(alone: Harness) -> None:
    sleeper = alone.start_bot(crashing_bot("answer: recorded", "stop"))
    arm(alone, sleeper)
    alone.command("ada", "help")
    suspend_at_failpoint(alone, sleeper)
    alone.start_bot()
    alone.wait_for(lambda: pending_inbox(alone) == 0 or None)

    resume(sleeper)
    alone.wait_for(lambda: "another process answers this" in sleeper.log())

    assert len(alone.answers()) == 1
