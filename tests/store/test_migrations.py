"""The contract of opening a store: steps run once, one starter at a time, and never backwards; on every engine."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from bot.store.database import StoreDatabase
from bot.store.migrations import migrate, schema
from bot.usecases.ports.store import StoreError, StoreErrorKind
from tests.store.conftest import Opener, Outside
from tests.store.drafts import draft

STEPS = [
    "CREATE TABLE dbo.first (id $number NOT NULL PRIMARY KEY); INSERT INTO dbo.first (id) VALUES (1)",
    "INSERT INTO dbo.first (id) VALUES (2)",
    "INSERT INTO dbo.first (id) VALUES (3)",
]
BROKEN = "INSERT INTO dbo.first (id) VALUES (4); INSERT INTO dbo.first (id) VALUES (1)"

Starter = Callable[[], StoreDatabase]


@pytest.fixture
def starter(address: str) -> Iterator[Starter]:
    """Return a function that starts a process as far as its connection."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(StoreDatabase(address)))


def rows(outside: Outside) -> list[int]:
    return [number for (number,) in outside.read("SELECT id FROM dbo.first ORDER BY id")]


def test_steps_run_once_in_order_and_later_ones_are_added(starter: Starter, outside: Outside) -> None:
    migrate(starter(), STEPS[:1])
    migrate(starter(), STEPS[:1])
    assert rows(outside) == [1]

    migrate(starter(), STEPS)

    assert rows(outside) == [1, 2, 3]


def test_a_store_of_a_newer_program_is_refused_with_a_sentence_and_left_alone(
    starter: Starter, outside: Outside
) -> None:
    migrate(starter(), STEPS)

    with pytest.raises(StoreError, match="at version 3, this program knows 2; start a newer program") as refused:
        migrate(starter(), STEPS[:2])

    assert refused.value.kind is StoreErrorKind.NEWER
    assert outside.read("SELECT version FROM dbo.store_version") == [(3,)]


def test_a_step_that_fails_leaves_the_version_before_it_and_can_be_mended(starter: Starter, outside: Outside) -> None:
    migrate(starter(), STEPS[:2])

    with pytest.raises(StoreError):
        migrate(starter(), [*STEPS, BROKEN])
    assert rows(outside) == [1, 2]

    migrate(starter(), STEPS)
    assert rows(outside) == [1, 2, 3]


@pytest.mark.parametrize("done_before", [0, 1])
def test_of_many_that_start_at_once_each_finds_every_step_done_once(
    starter: Starter, outside: Outside, done_before: int
) -> None:
    if done_before:
        migrate(starter(), STEPS[:done_before])
    databases = [starter() for _ in range(6)]
    together, failures = threading.Barrier(len(databases)), []

    def start(database: StoreDatabase) -> None:
        together.wait()
        try:
            migrate(database, STEPS)
        except StoreError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=start, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert rows(outside) == [1, 2, 3]


def test_a_starter_waits_for_the_steps_of_another_before_it_looks_again(starter: Starter, outside: Outside) -> None:
    """The row of the version is the lock: whoever has it is not disturbed, and the other sees what it did."""
    migrate(starter(), STEPS[:1])
    late = threading.Thread(target=migrate, args=(starter(), STEPS[:2]))

    def migrate_by_hand() -> None:
        late.start()
        late.join(0.3)
        assert late.is_alive()

    outside.hold(
        lambda connection: [
            connection.execute("UPDATE dbo.store_version SET version = 2"),
            connection.execute("INSERT INTO dbo.first (id) VALUES (20)"),
        ],
        migrate_by_hand,
    )
    late.join()

    assert rows(outside) == [1, 20]


def test_the_real_store_opens_again_and_again_with_everything_in_it(opened: Opener, outside: Outside) -> None:
    entry = opened().ledger.append(draft())

    assert list(opened("two").ledger.entries()) == [entry]
    assert outside.read("SELECT version FROM dbo.store_version") == [(len(schema()),)]


def test_a_store_that_cannot_be_reached_says_so(tmp_path: object) -> None:
    with closing(StoreDatabase(f"sqlite:///{tmp_path}/nowhere/store.db")) as database:
        with pytest.raises(StoreError) as refused:
            migrate(database)

        assert refused.value.kind is StoreErrorKind.UNREACHABLE
