"""How each engine is reached: a SQLite file attached as schema `dbo`, or an ODBC connection string.

pyodbc is imported only when an ODBC string is used: it needs the system's unixODBC, which a demo has no use for.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.dbapi import errors

if TYPE_CHECKING:
    from collections.abc import Callable

SQLITE = "sqlite:///"
SQLITE_STEPS_PER_CHECK = 100_000
"""Virtual machine steps between two looks at the clock: often enough to stop within milliseconds."""
SQLITE_PAUSE = 0.05
"""Seconds between two attempts at what SQLite does not wait for by itself."""

_SQL_SERVER_OPTIONS = (
    "SET NOCOUNT ON",
    "SET LOCK_TIMEOUT {lock}",
    "SET DEADLOCK_PRIORITY LOW",  # ConfigMgr must never be the victim
    "SET XACT_ABORT ON",
    # What views with triggers need, and a text that is too long for its column is refused, not cut.
    "SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL, QUOTED_IDENTIFIER ON",
    "SET TEXTSIZE 2147483647",  # FreeTDS may be configured to cut a long text when it is read
)
_POSTGRESQL_OPTIONS = ("SET lock_timeout = {lock}", "SET statement_timeout = {query}")
_LOCK_PART = 0.9
"""Of the timeout of a statement: a lock is given up first, so that it is called a lock."""


class Engine(StrEnum):
    """The supported engines, as their drivers name them."""

    SQLITE = "SQLite"
    SQL_SERVER = "Microsoft SQL Server"
    POSTGRESQL = "PostgreSQL"


_SESSION_OPTIONS: dict[str, tuple[str, ...]] = {
    Engine.SQL_SERVER: _SQL_SERVER_OPTIONS,
    Engine.POSTGRESQL: _POSTGRESQL_OPTIONS,
}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Timeouts in seconds of a login, a statement, and a statement that changes tables (`upkeep`).

    A link without a statement for `quiet` seconds, and a SQLite file not checked for `look` seconds, are stale.
    """

    login: int = 10
    query: int = 30
    quiet: float = 5
    look: float = 0
    upkeep: int = 0


def connect(address: str, timeouts: Timeouts, *, owned: bool) -> Any:
    """Open a DB-API connection in autocommit mode; raises DatabaseError.

    An owned SQLite file is made when it is not there, and every commit in it is synced to disk before it returns.
    """
    if address.startswith(SQLITE):
        return _connect_sqlite(address.removeprefix(SQLITE), timeouts, owned=owned)
    return _connect_odbc(address, timeouts)


def missing_driver(driver: str) -> str:
    """Say in half a sentence why an ODBC driver of this name cannot be used, or return an empty text.

    One that is named by its file is looked for there; the system finds a file without a folder in its own ways.
    """
    if "/" in driver or "\\" in driver:
        return "" if Path(driver).exists() else "names the file of an ODBC driver that is not there"
    if driver.lower().endswith((".so", ".dll", ".dylib")):
        return ""
    try:
        known = sorted(_pyodbc().drivers())
    except errors.DatabaseError as error:
        return f"needs an ODBC driver: {error.detail}"
    if driver.casefold() in map(str.casefold, known):
        return ""
    return f"names an ODBC driver that is not installed; installed: {', '.join(known) or 'none'}"


def missing_source(name: str) -> str:
    """Say in half a sentence that ODBC knows no data source of this name, or return an empty text."""
    try:
        known = sorted(_pyodbc().dataSources())
    except errors.DatabaseError as error:
        return f"needs an ODBC driver: {error.detail}"
    if name.casefold() in map(str.casefold, known):
        return ""
    return f"names an ODBC data source that is not set up here; set up: {', '.join(known) or 'none'}"


def session_options(name: str, timeouts: Timeouts) -> str:
    """Return what every new connection to an engine begins with, as one batch; empty when there is nothing to say."""
    milliseconds = timeouts.query * 1000
    options = "; ".join(_SESSION_OPTIONS.get(name, ()))
    return options.format(query=milliseconds, lock=int(milliseconds * _LOCK_PART))


def file_of(address: str) -> tuple[int, int] | None:
    """Return what tells an SQLite file from all others, whatever its name; None when there is none."""
    if not address.startswith(SQLITE):
        return None
    with suppress(OSError):
        found = os.stat(address.removeprefix(SQLITE))  # noqa: PTH116 - asked for each piece of work
        return found.st_dev, found.st_ino
    return None


def begin(raw: Any) -> None:
    """Start a transaction; SQLite takes the write lock at once, so that it cannot be refused half way."""
    if isinstance(raw, sqlite3.Connection):
        raw.execute("BEGIN IMMEDIATE")
    else:
        raw.autocommit = False


def end(raw: Any, *, commit: bool) -> None:
    """Finish a transaction and return to autocommit mode."""
    if isinstance(raw, sqlite3.Connection):
        raw.execute("COMMIT" if commit else "ROLLBACK")  # kept ready by the driver, while its commit() is not
        return
    if commit:
        raw.commit()
    else:
        raw.rollback()
    raw.autocommit = True


def engine_name(raw: Any) -> str:
    """Return the name of the engine at the other end: one of Engine, or one we do not know."""
    if isinstance(raw, sqlite3.Connection):
        return Engine.SQLITE
    return str(raw.getinfo(_pyodbc().SQL_DBMS_NAME))


def database(raw: Any) -> str:
    """Return which database a connection is in: its name, or the true path of a SQLite file."""
    if isinstance(raw, sqlite3.Connection):
        files = {name: path for _, name, path in raw.execute("PRAGMA database_list")}
        return os.path.realpath(str(files["dbo"]))
    return str(raw.getinfo(_pyodbc().SQL_DATABASE_NAME))


def runner(raw: Any) -> Callable[..., Any]:
    """Return what runs a statement whose rows are read at once, and gives its cursor."""
    if isinstance(raw, sqlite3.Connection):
        cursor: sqlite3.Cursor = raw.cursor()  # one for all: making one takes as long as many a statement
        return cursor.execute
    execute: Callable[..., Any] = raw.execute
    return execute


def finish(cursor: Any) -> None:
    """Take in everything a statement still has to say: behind a trigger's row counts an error can wait unseen."""
    while cursor.nextset():
        pass
    cursor.close()


def driver_errors(raw: Any) -> type[Exception]:
    """Return the base of all exceptions that this connection's driver raises."""
    return sqlite3.Error if isinstance(raw, sqlite3.Connection) else _pyodbc().Error


def bound(raw: Any, is_late: Callable[[], bool]) -> None:
    """Interrupt a SQLite statement once `is_late` is true; ODBC drivers got their timeout when they connected."""
    if isinstance(raw, sqlite3.Connection):
        raw.set_progress_handler(is_late, SQLITE_STEPS_PER_CHECK)


def _connect_sqlite(path: str, timeouts: Timeouts, *, owned: bool) -> sqlite3.Connection:
    if not owned and not Path(path).exists():
        raise errors.DatabaseError(errors.ErrorKind.UNREACHABLE, f"there is no file {path}")
    if owned and not Path(path).absolute().parent.is_dir():
        raise errors.DatabaseError(errors.ErrorKind.UNREACHABLE, f"there is no folder {Path(path).parent}")
    # check_same_thread is off only so that closing time can close every thread's connection.
    raw = sqlite3.connect(":memory:", timeout=timeouts.query, isolation_level=None, uri=True, check_same_thread=False)
    try:
        raw.execute("ATTACH DATABASE ? AS dbo", (f"file:{quote(path)}?mode={'rwc' if owned else 'rw'}",))
        raw.execute("SELECT COUNT(*) FROM dbo.sqlite_master")
        if owned:
            _write_ahead(raw, time.monotonic() + timeouts.query)
            raw.execute("PRAGMA dbo.synchronous = FULL")
    except sqlite3.Error as error:
        raw.close()
        named = errors.from_driver(error)
        if named.kind is errors.ErrorKind.UNREACHABLE and (why := _open_error(Path(path), owned=owned)):
            named = errors.DatabaseError(*why)
        raise named from error
    return raw


def _open_error(file: Path, *, owned: bool) -> tuple[errors.ErrorKind, str] | None:
    """Say why a SQLite file cannot be opened, of which SQLite itself says only that it cannot."""
    if file.exists() and not file.is_file():
        return errors.ErrorKind.UNREACHABLE, f"{file} is a folder or a device, no SQLite file"
    if file.exists() and not os.access(file, os.R_OK):
        return errors.ErrorKind.PERMISSION, f"{file} cannot be read by this user"
    target = file if file.exists() else file.absolute().parent
    if owned and not (os.access(target, os.W_OK) and os.access(file.absolute().parent, os.W_OK)):
        return errors.ErrorKind.READ_ONLY, f"{target} or its folder cannot be written by this user"
    return None


def _write_ahead(raw: sqlite3.Connection, deadline: float) -> None:
    """Switch the file to write-ahead logging; of two that switch a new file at once SQLite refuses one unwaited."""
    while True:
        try:
            raw.execute("PRAGMA dbo.journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(SQLITE_PAUSE)
        else:
            return


def _connect_odbc(address: str, timeouts: Timeouts) -> Any:
    pyodbc = _pyodbc()
    try:
        raw = pyodbc.connect(address, timeout=timeouts.login, autocommit=True)
        if engine_name(raw) != Engine.POSTGRESQL:  # its driver refuses this; statement_timeout does it there
            raw.timeout = timeouts.query
        if options := session_options(engine_name(raw), timeouts):
            raw.execute(options)
    except pyodbc.Error as error:
        raise errors.from_driver(error, connecting=True) from error
    return raw


def _pyodbc() -> Any:
    try:
        import pyodbc  # noqa: PLC0415 - needs the system's unixODBC, which a SQLite site must not demand
    except ImportError as error:
        hint = f"pyodbc cannot be loaded ({error}); install unixODBC (Debian: apt-get install unixodbc)"
        raise errors.DatabaseError(errors.ErrorKind.DRIVER, hint) from error
    # Pooled sessions are not reset between uses on Linux, so session options would leak from one to the next.
    pyodbc.pooling = False
    return pyodbc
