"""A store that cannot be written: whoever asks is told in time, nothing happens, and it is over when the cause is."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.audit_trail import (
    assert_audit_trail_complete,
    entries,
    fill_disk,
    lines,
    locked_store,
    newest_sequence,
    store_path,
)
from tests.frontdoor.message_content import CSV

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.harness import Harness

ANSWER = "PS100112 Boot image (x64), source version 13: "
UNRECORDED = "I cannot write my records right now, so I did nothing. Please try again in a few minutes."
NO_STORE = 4
TMPFS_BYTES = 1_500_000

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder on a disk of its own that is soon full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tmpfs", folder], check=True)  # noqa: S607
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S607


@contextmanager
def full_disk(harness: Harness) -> Iterator[None]:
    """Fill the disk of the store for as long as the block lasts."""
    filler = fill_disk(Path(store_path(harness)).parent)
    yield
    filler.unlink()


@contextmanager
def failing_disk(harness: Harness) -> Iterator[None]:
    """Let the latest bot write no file any longer than the store's log is now."""
    process = harness.bots[-1].process.pid
    limits = resource.prlimit(process, resource.RLIMIT_FSIZE)
    size = Path(f"{store_path(harness)}-wal").stat().st_size
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, limits[1]))
    yield
    with suppress(ProcessLookupError):
        resource.prlimit(process, resource.RLIMIT_FSIZE, limits)


@pytest.fixture(params=[locked_store, failing_disk, pytest.param(full_disk, marks=needs_root)])
def spoiled(
    request: pytest.FixtureRequest, fresh_harness: Harness
) -> Callable[[Harness], AbstractContextManager[None]]:
    """Return what makes the store of a bot that runs unwritable."""
    spoil: Callable[[Harness], AbstractContextManager[None]] = request.param
    if spoil is full_disk:
        disk: Path = request.getfixturevalue("small_disk")
        fresh_harness.settings["PKGSTATUS_STORE"] = f"sqlite:///{disk / 'store.db'}"
    return spoil


def test_commands_and_clicks_are_told_in_time_nothing_happens_and_it_is_over_with_the_cause(
    fresh_harness: Harness, spoiled: Callable[[Harness], AbstractContextManager[None]]
) -> None:
    fresh_harness.start_bot()
    table = fresh_harness.ask("ada", "PS100112")
    assert_audit_trail_complete(fresh_harness)
    before = newest_sequence(fresh_harness)

    with spoiled(fresh_harness):
        acknowledged = fresh_harness.command("ada", "PS100112")
        clicked = fresh_harness.click("grace", table, CSV)
        sorry = fresh_harness.answer_to("grace")

    assert [acknowledged["acked"], clicked["acked"]] == [True, True]
    assert acknowledged["response"] == {"text": UNRECORDED, "response_type": "ephemeral"}
    assert (sorry["text"], sorry["ephemeral"]) == (UNRECORDED, True)
    assert fresh_harness.query("files", user="grace")["files"] == []
    assert entries(fresh_harness, before) == []
    assert fresh_harness.ask("ada", "PS100112")["text"].startswith(ANSWER)
    assert [entry.kind for entry in entries(fresh_harness, before)] == ["looked up"]
    assert_audit_trail_complete(fresh_harness)


def test_a_relay_that_cannot_note_what_it_told_does_not_tell_it_over_and_over(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    assert_audit_trail_complete(fresh_harness)
    fresh_harness.faults("chat.postMessage", status=429, retry_after=2)
    fresh_harness.ask("ada", "PS100112")
    fresh_harness.wait_for(lambda: "not delivered; trying again" in fresh_harness.log())

    with failing_disk(fresh_harness):
        much_later = time.monotonic() + 6
        fresh_harness.wait_for(lambda: time.monotonic() > much_later)

    assert_audit_trail_complete(fresh_harness)
    assert max(map(lines(fresh_harness).count, lines(fresh_harness))) <= 2


def test_a_stop_while_the_store_cannot_be_written_is_an_orderly_stop(
    fresh_harness: Harness, spoiled: Callable[[Harness], AbstractContextManager[None]]
) -> None:
    bot = fresh_harness.start_bot()
    fresh_harness.ask("ada", "PS100112")

    with spoiled(fresh_harness):
        assert bot.stop() == 0

    assert '"stopped"' in bot.log()
    assert "Traceback" not in bot.log()


def test_a_start_while_the_store_is_locked_ends_with_a_sentence(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    fresh_harness.stop_bot()

    with locked_store(fresh_harness):
        bot = fresh_harness.start_bot(connected=False, work__query_timeout="1s")
        assert bot.wait() == NO_STORE

    assert "Traceback" not in bot.log()


def test_a_start_on_a_full_disk_ends_with_a_sentence_and_succeeds_when_there_is_room(
    fresh_harness: Harness, request: pytest.FixtureRequest
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    disk: Path = request.getfixturevalue("small_disk")
    fresh_harness.settings["PKGSTATUS_STORE"] = f"sqlite:///{disk / 'store.db'}"
    filler = fill_disk(disk)

    bot = fresh_harness.start_bot(connected=False)
    assert bot.wait() == NO_STORE
    assert "Traceback" not in bot.log()

    filler.unlink()
    fresh_harness.start_bot()
    assert_audit_trail_complete(fresh_harness)


def test_a_start_on_a_store_that_may_only_be_read_ends_with_a_sentence(fresh_harness: Harness, tmp_path: Path) -> None:
    fresh_harness.start_bot()
    fresh_harness.stop_bot()

    with read_only(Path(store_path(fresh_harness)), tmp_path) as path:
        fresh_harness.settings["PKGSTATUS_STORE"] = f"sqlite:///{path}"
        bot = fresh_harness.start_bot(connected=False)
        assert bot.wait() == NO_STORE

    assert "Traceback" not in bot.log()


def test_a_store_of_a_newer_program_is_left_alone(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    fresh_harness.stop_bot()
    with closing(sqlite3.connect(store_path(fresh_harness), isolation_level=None)) as connection:
        connection.execute("UPDATE store_version SET version = 999")

    bot = fresh_harness.start_bot(connected=False)

    assert bot.wait() == NO_STORE
    assert "999" in bot.log()
    assert "Traceback" not in bot.log()


@contextmanager
def read_only(store: Path, folder: Path) -> Iterator[Path]:
    """Move a store to where nobody may write: root needs a disk for it, others the file's mode."""
    frozen = folder / "frozen"
    frozen.mkdir()
    is_root = os.geteuid() == 0
    with mounted(frozen) if is_root else nullcontext():
        target = frozen / store.name
        target.write_bytes(store.read_bytes())
        if is_root:
            subprocess.run(["mount", "-o", "remount,ro", frozen], check=True)  # noqa: S607
        else:
            target.chmod(0o444)
            frozen.chmod(0o555)
        yield target
        frozen.chmod(0o755) if not is_root else None


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)  # noqa: S607
    yield
    subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S607
