"""How long the store is waited for: as the settings say, and longer where nobody waits for the answer."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from bot.app.factories import make_store
from bot.cli.existing_store import existing_store
from bot.settings import load
from bot.usecases.ports.store import StoreError, StoreErrorKind
from tests.frontdoor.test_ledger_commands import settings
from tests.store.drafts import draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.settings import Settings

LONG, SHORT = "300s", "1s"
LONGER_THAN_SHORT_SECONDS = 2.5


@pytest.fixture
def settings_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Settings]:
    """Return a function that loads settings with these two timeouts: of answers, and of upkeep."""

    def loaded(answer: str, upkeep: str) -> Settings:
        timeouts = {"PKGSTATUS_WORK__STORE_TIMEOUT": answer, "PKGSTATUS_WORK__STORE_UPKEEP_TIMEOUT": upkeep}
        for name, value in (settings(tmp_path / "store.db") | timeouts).items():
            monkeypatch.setenv(name, value)
        return load()

    return loaded


@contextmanager
def closed_to_others(path: Path, *, readers: bool = True) -> Iterator[Callable[[], None]]:
    """Let nobody write a SQLite file, and nobody read it either, until the function that is yielded is called.

    A file that somebody has open can be closed to writers only.
    """
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)) as connection:
        connection.execute(f"PRAGMA locking_mode = {'EXCLUSIVE' if readers else 'NORMAL'}")
        connection.execute("BEGIN EXCLUSIVE")
        yield connection.close


def waits_until_it_is_open(path: Path, work: Callable[[], object], *, readers: bool = True) -> bool:
    """Return whether a piece of work succeeds on a file that is closed to it for longer than the short timeout."""
    with closed_to_others(path, readers=readers) as open_again, ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        time.sleep(LONGER_THAN_SHORT_SECONDS)
        open_again()
        try:
            working.result()
        except StoreError as error:
            assert error.kind is StoreErrorKind.LOCKED  # noqa: PT017 - either outcome is an answer here
            return False
    return True


def test_an_answer_waits_for_the_store_no_longer_than_its_setting(
    settings_with: Callable[[str, str], Settings], tmp_path: Path
) -> None:
    with closing(make_store(settings_with(SHORT, LONG), "one")) as store:
        store.ledger.append(draft())
        gave_up = threading.Event()

        def append() -> None:
            with pytest.raises(StoreError):
                store.ledger.append(draft())
            gave_up.set()

        with closed_to_others(tmp_path / "store.db", readers=False) as open_again, ThreadPoolExecutor(1) as pool:
            appending = pool.submit(append)
            assert gave_up.wait(90)
            open_again()
            appending.result()


def test_an_answer_waits_for_the_store_as_long_as_its_setting(
    settings_with: Callable[[str, str], Settings], tmp_path: Path
) -> None:
    with closing(make_store(settings_with("90s", "90s"), "one")) as store:
        store.ledger.append(draft())

        assert waits_until_it_is_open(tmp_path / "store.db", lambda: store.ledger.append(draft()), readers=False)


@pytest.mark.parametrize(("upkeep", "waits"), [(LONG, True), (SHORT, False)])
def test_the_tables_are_made_with_the_time_of_upkeep(
    settings_with: Callable[[str, str], Settings], tmp_path: Path, upkeep: str, *, waits: bool
) -> None:
    made = settings_with(SHORT, upkeep)
    file = tmp_path / "store.db"
    file.touch()

    assert waits_until_it_is_open(file, lambda: make_store(made, "one").close()) is waits


@pytest.mark.parametrize(("upkeep", "waits"), [(LONG, True), (SHORT, False)])
def test_the_ledger_commands_read_with_the_time_of_upkeep(
    settings_with: Callable[[str, str], Settings], tmp_path: Path, upkeep: str, *, waits: bool
) -> None:
    given = settings_with(SHORT, upkeep)
    with closing(make_store(given, "one")) as store:
        store.ledger.append(draft())
    with closing(existing_store(given, "auditor")) as audited:
        assert waits_until_it_is_open(tmp_path / "store.db", audited.ledger.verify) is waits
