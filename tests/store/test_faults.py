"""What a machine can do to the store: nothing is written by halves, the trouble has its name, and it mends itself."""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from bot.dbapi import Timeouts
from bot.store import Store, open_store
from bot.usecases.ports.store import Notification, StoreError, StoreErrorKind
from tests.store.clock import SteppingClock
from tests.store.conftest import AUDIT, ONLY_POSTGRESQL, Opener, Outside
from tests.store.drafts import draft

NOBODY = 65534
BIG = {"rows": "x" * 300_000}


@contextmanager
def nothing_happens(store: Store, trouble: StoreErrorKind) -> Iterator[None]:
    """Expect the trouble from the block, and everything as it was afterwards."""
    before = (store.ledger.head(), store.outbox.backlog(AUDIT).count)
    with pytest.raises(StoreError) as failed:
        yield
    assert failed.value.kind is trouble, failed.value.detail
    assert (store.ledger.head(), store.outbox.backlog(AUDIT).count) == before


def test_a_locked_store_says_so_within_the_patience_and_works_again_when_it_is_free(
    opened: Opener, outside: Outside
) -> None:
    store = opened("one", Timeouts(query=1))
    store.ledger.append(draft())

    def append() -> None:
        with nothing_happens(store, StoreErrorKind.LOCKED):
            store.ledger.append(draft(), [Notification("U1", {})])

    outside.hold(lambda connection: connection.execute("UPDATE dbo.ledger_lock SET id = 1"), append)

    assert store.ledger.append(draft()).sequence == 2
    assert store.ledger.verify() is None


def test_a_slow_writer_of_the_same_process_makes_others_wait_no_longer_than_their_patience(opened: Opener) -> None:
    store = opened("one", Timeouts(query=1))
    troubles: list[StoreErrorKind] = []

    def append() -> None:
        try:
            store.ledger.append(draft())
        except StoreError as error:
            troubles.append(error.kind)

    def meanwhile(_connection: object, _entry: object) -> None:
        other = threading.Thread(target=append)
        other.start()
        other.join()

    store.ledger.append(draft(), also=[meanwhile])

    assert troubles == [StoreErrorKind.BUSY]
    assert store.ledger.head().sequence == 1


def test_reading_goes_on_while_somebody_writes(store: Store, outside: Outside) -> None:
    entry = store.ledger.append(draft())

    def read() -> None:
        assert list(store.ledger.entries()) == [entry]

    outside.hold(lambda connection: connection.execute("DELETE FROM dbo.ledger_entry"), read)


def local_store(folder: Path, *, timeouts: Timeouts | None = None) -> Store:
    return open_store(
        f"sqlite:///{folder}/store.db", audit_channel=AUDIT, holder="one", clock=SteppingClock(), timeouts=timeouts
    )


def test_a_full_sqlite_file_refuses_and_recovers(tmp_path: Path) -> None:
    with closing(local_store(tmp_path)) as store:
        store.ledger.append(draft())
        # Holds for this connection only, and until the store replaces it.
        store.database.read(lambda connection: connection.query("PRAGMA dbo.max_page_count = 40"))

        with nothing_happens(store, StoreErrorKind.FULL):
            store.ledger.append(draft(facts=BIG))

        assert store.ledger.append(draft(facts=BIG)).sequence == 2
        assert store.ledger.verify() is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of one megabyte, which only root may do."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("only root can mount a small disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run([umount, "--lazy", str(folder)], check=True)


def test_a_full_disk_refuses_every_action_until_there_is_room_again(small_disk: Path) -> None:
    with closing(local_store(small_disk)) as store:
        store.ledger.append(draft())
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"x" * (shutil.disk_usage(small_disk).free // 4096 * 4096))

        for _ in range(3):
            with nothing_happens(store, StoreErrorKind.FULL):
                store.ledger.append(draft(facts=BIG))
        with pytest.raises(StoreError, match="full"):
            store.inbox.put("T1", "command", {"text": BIG["rows"]})
        ballast.unlink()

        assert store.ledger.append(draft(facts=BIG)).sequence == 2
        assert store.inbox.put("T1", "command", {})
        assert store.ledger.verify() is None


@pytest.fixture
def as_ordinary_user() -> Iterator[None]:
    """Give up root's right to write what is read-only."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    yield
    if is_root:
        os.seteuid(0)


@pytest.mark.usefixtures("as_ordinary_user")
def test_a_read_only_sqlite_file_refuses_every_action_until_it_is_writable_again() -> None:
    with tempfile.TemporaryDirectory() as folder, closing(local_store(Path(folder))) as store:
        store.ledger.append(draft())
        store.close()
        Path(folder, "store.db").chmod(0o444)

        for _ in range(2):
            with nothing_happens(store, StoreErrorKind.READ_ONLY):
                store.ledger.append(draft())
        for file in Path(folder).iterdir():
            file.chmod(0o644)
        # The connection that read meanwhile stays as it was opened, until it fails.
        with suppress(StoreError):
            store.ledger.append(draft())

        assert store.ledger.append(draft()).sequence == 2
        assert store.ledger.verify() is None


@pytest.mark.parametrize("address", ONLY_POSTGRESQL, indirect=True)
def test_a_read_only_server_refuses_every_action_until_it_is_writable_again(store: Store, outside: Outside) -> None:
    store.ledger.append(draft())
    setting = "SET SESSION CHARACTERISTICS AS TRANSACTION READ"
    store.database.read(lambda connection: connection.execute(f"{setting} ONLY"))

    with nothing_happens(store, StoreErrorKind.READ_ONLY):
        store.ledger.append(draft())

    assert store.ledger.append(draft()).sequence == 2
    assert outside.read("SELECT COUNT(*) FROM dbo.ledger_entry") == [(2,)]


@pytest.mark.parametrize("address", ONLY_POSTGRESQL, indirect=True)
def test_a_server_that_drops_its_sessions_is_unreachable_once_and_then_back(store: Store, outside: Outside) -> None:
    store.ledger.append(draft())
    drop = (
        "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )

    with nothing_happens(store, StoreErrorKind.UNREACHABLE):
        outside.read(drop)
        store.ledger.append(draft())

    assert store.ledger.append(draft()).sequence == 2
    assert store.ledger.verify() is None
