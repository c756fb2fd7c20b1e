"""Connections on both engines: what they read, how long they wait, and what happens when they are lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from bot.dbapi import Connection, Database, DatabaseError, Engine, ErrorKind, Timeouts, errors
from bot.dbapi.engines import SQLITE_STEPS_PER_CHECK
from tests.engines import ODBC, SQLITE, empty, needs_postgresql, run, server_in, site_odbc
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IMPATIENT = Timeouts(login=3, query=1)
NUMBERS = "t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < {last}) SELECT {what} FROM t"


def counting(engine: str, last: int, what: str = "n") -> str:
    """Return what counts from 1 on."""
    text = NUMBERS.format(last=last, what=what)
    return f"WITH {text} OPTION (MAXRECURSION 0)" if engine == Engine.SQL_SERVER else f"WITH RECURSIVE {text}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a SQLite file with a table of three numbers."""
    path = tmp_path / "with blank & ?.db"
    write(path, 1, 2, 3)
    return path


@pytest.fixture(params=[SQLITE, server_in(ODBC)])
def address(request: pytest.FixtureRequest, file: Path) -> Iterator[str]:
    """Return the address of a database with a table of three numbers."""
    if request.param == "sqlite":
        yield f"sqlite:///{file}"
        return
    empty(site_odbc())
    if request.param == "postgresql":
        run("CREATE SCHEMA dbo")
    run("CREATE TABLE dbo.Numbers (Number int)", "INSERT INTO dbo.Numbers VALUES (1), (2), (3)")
    yield site_odbc()
    empty(site_odbc())


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """Return the database at that address."""
    database = Database(address, IMPATIENT)
    yield database
    database.close()


def write(path: Path, *numbers: int) -> None:
    """Make a new SQLite file with these numbers."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE Numbers (Number int)")
        raw.executemany("INSERT INTO Numbers VALUES (?)", [(number,) for number in numbers])


def numbers(connection: Connection) -> list[int]:
    return [row[0] for row in connection.query("SELECT Number FROM dbo.Numbers WHERE Number > ? ORDER BY Number", (0,))]


def error_kind(database: Database, sql: str) -> ErrorKind:
    """Return how a statement fails."""
    with pytest.raises(DatabaseError) as caught:
        database.read(lambda connection: connection.query(sql))
    return caught.value.kind


def test_rows_come_back_for_parameters(database: Database) -> None:
    assert database.read(numbers) == [1, 2, 3]


def test_columns_are_named_in_lower_case(database: Database) -> None:
    assert database.read(lambda connection: connection.columns("dbo.Numbers")) == {"number"}


def test_a_stream_gives_every_row(database: Database) -> None:
    rows = database.read(lambda connection: [row[0] for row in connection.stream(counting(connection.engine, 2500))])

    assert rows == list(range(1, 2501))


def test_a_stream_that_outlives_its_connection_ends_under_our_names_and_closes_without_a_word(
    database: Database,
) -> None:
    left: list[Iterator[Any]] = []

    def work(connection: Connection) -> None:
        left.extend(connection.stream(counting(connection.engine, 2500)) for _ in range(2))
        assert [next(rows)[0] for rows in left] == [1, 1]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.read(work)

    with pytest.raises(DatabaseError):
        list(left[0])
    left[1].close()  # type: ignore[attr-defined]  # what happens to a generator that nobody reads any more


def test_what_is_missing_is_named(database: Database) -> None:
    assert error_kind(database, "SELECT * FROM dbo.Missing") is ErrorKind.SCHEMA
    assert error_kind(database, "SELECT Missing FROM dbo.Numbers") is ErrorKind.SCHEMA
    assert error_kind(database, "SELEC") is ErrorKind.OTHER
    assert database.read(numbers) == [1, 2, 3]


def test_a_statement_is_not_waited_for_longer_than_patience_lasts(database: Database) -> None:
    endless = counting(database.read(lambda connection: connection.engine), 2_000_000_000, "COUNT(*)")

    assert error_kind(database, endless) is ErrorKind.TIMEOUT
    assert database.read(numbers) == [1, 2, 3]


def test_a_lock_is_not_waited_for_longer_than_patience_lasts(address: str) -> None:
    first, second = (Database(address, IMPATIENT, owned=True) for _ in range(2))

    def change(connection: Connection) -> int:
        return connection.execute("UPDATE dbo.Numbers SET Number = 4 WHERE Number = 3")

    def while_locked(connection: Connection) -> ErrorKind:
        change(connection)
        with pytest.raises(DatabaseError) as caught:
            second.write(change)
        return caught.value.kind

    assert first.write(while_locked) is ErrorKind.LOCKED
    assert second.read(numbers) == [1, 2, 4]
    first.close()
    second.close()


def test_a_transaction_happens_as_a_whole_or_not_at_all(database: Database) -> None:
    def half(connection: Connection) -> None:
        connection.execute("INSERT INTO dbo.Numbers VALUES (?)", (4,))
        connection.query("SELECT * FROM dbo.Missing")

    with pytest.raises(DatabaseError):
        database.write(half)
    assert database.read(numbers) == [1, 2, 3]

    assert database.write(lambda connection: connection.execute("INSERT INTO dbo.Numbers VALUES (?)", (4,))) == 1
    assert database.read(numbers) == [1, 2, 3, 4]


def test_an_exception_of_the_work_itself_undoes_the_transaction_and_comes_out_unchanged(database: Database) -> None:
    def broken(connection: Connection) -> None:
        connection.execute("DELETE FROM dbo.Numbers")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(broken)
    assert database.read(numbers) == [1, 2, 3]


def test_work_one_after_another_shares_a_connection_whatever_the_thread(database: Database) -> None:
    first = database.read(lambda connection: connection)
    with ThreadPoolExecutor(1) as other:
        assert other.submit(database.read, lambda connection: connection).result() is first


def test_work_at_the_same_time_has_a_connection_each_and_they_are_kept(database: Database) -> None:
    together = threading.Barrier(2)

    def meet(connection: Connection) -> Connection:
        together.wait(90)
        return connection

    with ThreadPoolExecutor(2) as pool:
        first, second, *again = [
            each.result() for _ in range(2) for each in [pool.submit(database.read, meet) for _ in range(2)]
        ]

    assert first is not second
    assert {id(connection) for connection in again} == {id(first), id(second)}


def test_the_patience_with_a_statement_is_not_used_up_by_resting_before_a_transaction(file: Path) -> None:
    database = Database(f"sqlite:///{file}", IMPATIENT)
    assert database.read(numbers) == [1, 2, 3]
    time.sleep(IMPATIENT.query)  # more than the last statement was given

    # SQLite asks for the time after a certain number of steps, which a beginning has reached after so many runs.
    runs = [database.write(lambda _: True) for _ in range(SQLITE_STEPS_PER_CHECK // 2)]

    assert all(runs)
    database.close()


def test_after_closing_the_next_reading_connects_again(database: Database) -> None:
    assert database.read(numbers) == [1, 2, 3]

    database.close()

    assert database.read(numbers) == [1, 2, 3]


def test_a_file_that_was_replaced_is_not_read_any_more(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/now.db")) as database:
        _replaced_while_read(tmp_path, database)

        assert database.read(numbers) == [2]


def test_a_file_that_is_looked_for_now_and_then_is_found_replaced_at_the_next_look(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/now.db", Timeouts(look=0.2))) as database:
        _replaced_while_read(tmp_path, database)

        wait_until(lambda: database.read(numbers) == [2])


def _replaced_while_read(folder: Path, database: Database) -> None:
    write(folder / "now.db", 1)
    write(folder / "next.db", 2)
    assert database.read(numbers) == [1]
    (folder / "next.db").rename(folder / "now.db")


def test_closing_waits_for_no_work_and_its_connection_is_closed_with_it(database: Database) -> None:
    at_work, may_end = threading.Event(), threading.Event()

    def work(connection: Connection) -> Connection:
        at_work.set()
        assert may_end.wait(90)
        assert numbers(connection) == [1, 2, 3]
        return connection

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(database.read, work)
        assert at_work.wait(90)
        database.close()
        may_end.set()
        left = working.result()

    with pytest.raises(Exception, match=r"(?i)closed"):
        left.query("SELECT 1")


class DriverError(Exception):
    """An error as pyodbc raises it: the state, and the message."""


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("HY000", "[FreeTDS][SQL Server]Unknown error (0) (SQLExecDirectW)"),
        ("HY000", "The driver did not supply an error! (0) (SQLExecDirectW)"),
        ("08S01", "[FreeTDS][SQL Server]Unexpected EOF from the server (20017) (SQLExecDirectW)"),
        ("08S01", "[Microsoft][ODBC Driver 18 for SQL Server]Communication link failure (0) (SQLExecDirectW)"),
        ("IMC06", "[Microsoft][ODBC Driver 18 for SQL Server]The connection is broken (0) (SQLExecDirectW)"),
    ],
    ids=["unknown error", "no error", "end of file", "link failure", "no recovery"],
)
def test_a_reading_whose_link_was_lost_is_run_once_more_and_a_writing_is_not(
    file: Path, state: str, message: str
) -> None:
    lost = errors.from_driver(DriverError(state, f"[{state}] {message}"))
    readers: list[Connection] = []
    writers: list[Connection] = []

    def lost_at_first(connection: Connection) -> list[int]:
        readers.append(connection)
        if len(readers) == 1:
            raise lost
        return numbers(connection)

    def always_lost(connection: Connection) -> None:
        writers.append(connection)
        raise lost

    with closing(Database(f"sqlite:///{file}")) as database:
        assert database.read(lost_at_first) == [1, 2, 3]
        with pytest.raises(DatabaseError):
            database.write(always_lost)

    assert readers[0] is not readers[1]
    assert len(writers) == 1


def test_a_reading_whose_link_is_lost_each_time_is_run_twice_in_all(database: Database) -> None:
    runs: list[Connection] = []

    def always_lost(connection: Connection) -> None:
        runs.append(connection)
        raise DatabaseError(ErrorKind.UNREACHABLE, "Communication link failure")

    with pytest.raises(DatabaseError):
        database.read(always_lost)
    assert len(runs) == 2


def test_a_reading_that_failed_is_not_run_again_on_a_link_that_holds(database: Database) -> None:
    runs: list[int] = []

    def work(connection: Connection) -> Any:
        runs.append(1)
        return connection.query("SELECT * FROM dbo.Missing")

    with pytest.raises(DatabaseError):
        database.read(work)
    assert len(runs) == 1


class TestALostConnection:
    @needs_postgresql
    def test_is_replaced_within_the_same_reading(self) -> None:
        database = Database(site_odbc(), IMPATIENT)
        (before,) = database.read(lambda connection: connection.query("SELECT pg_backend_pid()"))

        run(f"SELECT pg_terminate_backend({before[0]})")
        (after,) = database.read(lambda connection: connection.query("SELECT pg_backend_pid()"))

        assert before[0] != after[0]
        database.close()

    @needs_postgresql
    def test_is_replaced_once_within_the_first_reading_too(self) -> None:
        database = Database(site_odbc(), IMPATIENT)
        cut: list[int] = []

        def work(connection: Connection) -> list[Any]:
            if len(cut) < 2:
                cut.append(connection.query("SELECT pg_backend_pid()")[0][0])
                run(f"SELECT pg_terminate_backend({cut[-1]})")
            return connection.query("SELECT 1")

        with pytest.raises(DatabaseError) as caught:
            database.read(work)
        assert (caught.value.kind, len(cut)) == (ErrorKind.UNREACHABLE, 2)

        del cut[1:]
        assert [tuple(row) for row in database.read(work)] == [(1,)]
        database.close()

    @needs_postgresql
    def test_ends_a_writing_which_is_not_run_again(self) -> None:
        database = Database(site_odbc(), IMPATIENT)
        runs: list[int] = []

        def work(connection: Connection) -> list[Any]:
            runs.append(1)
            (pid,) = connection.query("SELECT pg_backend_pid()")
            run(f"SELECT pg_terminate_backend({pid[0]})")
            return connection.query("SELECT 1")

        with pytest.raises(DatabaseError) as caught:
            database.write(work)

        assert (caught.value.kind, len(runs)) == (ErrorKind.UNREACHABLE, 1)
        assert database.write(lambda connection: connection.query("SELECT 1")[0][0]) == 1
        database.close()

    @needs_postgresql
    def test_that_was_quiet_for_long_is_found_dead_and_replaced_before_a_writing_begins(self) -> None:
        patient, doubting = (Database(site_odbc(), Timeouts(login=3, query=1, quiet=quiet)) for quiet in (3600, 0))

        def write_error_kind(database: Database) -> ErrorKind | None:
            (pid,) = database.write(lambda connection: connection.query("SELECT pg_backend_pid()"))
            run(f"SELECT pg_terminate_backend({pid[0]})")
            try:
                database.write(lambda connection: connection.query("SELECT 1"))
            except DatabaseError as error:
                return error.kind
            finally:
                database.close()
            return None

        assert write_error_kind(patient) is ErrorKind.UNREACHABLE
        assert write_error_kind(doubting) is None

    def test_to_a_file_that_was_spoiled_is_replaced_once_the_file_is_well_again(self, file: Path) -> None:
        database = Database(f"sqlite:///{file}", IMPATIENT)
        assert database.read(numbers) == [1, 2, 3]

        file.write_bytes(b"This is no database at all. " * 400)
        assert error_kind(database, "SELECT * FROM dbo.Numbers") is ErrorKind.DAMAGED
        write(file, 7)

        assert database.read(numbers) == [7]
        database.close()


class TestADatabaseThatIsNotThere:
    def test_is_unreachable_as_a_file(self, tmp_path: Path) -> None:
        missing = tmp_path / "missing.db"

        assert error_kind(Database(f"sqlite:///{missing}"), "SELECT 1") is ErrorKind.UNREACHABLE
        assert not missing.exists()

    def test_is_made_as_a_file_when_it_is_our_own(self, tmp_path: Path) -> None:
        own = Database(f"sqlite:///{tmp_path / 'own.db'}", owned=True)

        assert own.read(lambda connection: connection.query("PRAGMA dbo.journal_mode")) == [("wal",)]
        assert own.read(lambda connection: connection.query("PRAGMA dbo.synchronous")) == [(2,)]
        own.close()

    def test_is_told_by_its_folder_when_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(DatabaseError) as failed:
            Database(f"sqlite:///{tmp_path}/nowhere/own.db", owned=True).read(numbers)

        assert failed.value.kind is ErrorKind.UNREACHABLE
        assert failed.value.detail == f"there is no folder {tmp_path}/nowhere"

    def test_is_found_once_it_is_there(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path / 'late.db'}")
        assert error_kind(database, "SELECT 1") is ErrorKind.UNREACHABLE

        write(tmp_path / "late.db", 5)

        assert database.read(numbers) == [5]
        database.close()

    def test_is_unreachable_when_a_folder_stands_there(self, tmp_path: Path) -> None:
        assert error_kind(Database(f"sqlite:///{tmp_path}"), "SELECT 1") is ErrorKind.UNREACHABLE

    @needs_postgresql
    def test_is_unreachable_where_nobody_listens(self) -> None:
        address = site_odbc(Server="127.0.0.1", Port="9")

        assert error_kind(Database(address, IMPATIENT), "SELECT 1") is ErrorKind.UNREACHABLE

    @needs_postgresql
    def test_refuses_the_login_when_the_server_has_no_such_database(self) -> None:
        assert error_kind(Database(site_odbc(Database="no such one"), IMPATIENT), "SELECT 1") is ErrorKind.LOGIN

    @needs_postgresql
    def test_refuses_the_login_of_somebody_it_does_not_know(self) -> None:
        assert error_kind(Database(site_odbc(Uid="nobody at all"), IMPATIENT), "SELECT 1") is ErrorKind.LOGIN

    @needs_postgresql
    def test_has_no_driver_when_the_string_names_one_that_is_not_installed(self) -> None:
        assert error_kind(Database("Driver={No such driver};Server=x"), "SELECT 1") is ErrorKind.DRIVER


def test_pyodbc_is_not_imported_before_an_odbc_string_is_used(file: Path) -> None:
    code = (
        "import sys; from bot.dbapi import Database; "
        f"Database('sqlite:///{file}').read(lambda c: c.query('SELECT 1')); import bot.app.bot; "
        "sys.exit('pyodbc' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_machine_without_unixodbc_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyodbc", None)

    with pytest.raises(DatabaseError) as caught:
        Database("Driver=x;Server=y").read(lambda connection: connection.query("SELECT 1"))

    assert caught.value.kind is ErrorKind.DRIVER
    assert "install unixODBC" in caught.value.detail
