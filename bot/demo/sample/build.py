"""Writes the sample site database as one SQLite file that the bot attaches as `dbo`.

It replaces whatever file stood there, and promises the same file for the same moment and size.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

from bot.demo.sample.row_states import SAMPLE_STATES, RowStates
from bot.demo.sample.rows import Row
from bot.demo.sample.rows import rows as sample_rows
from bot.demo.sample.schema import TABLES, indexes, tables


def build_sample(path: Path, *, now: datetime, rows: int | None = None, states: RowStates = SAMPLE_STATES) -> None:
    """Write the sample to `path`; `rows`: a site with about that many DP rows; `states`: the rows not in sync."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # A build that dies half way is built again, so nothing here needs to survive a crash.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        _fill(connection, sample_rows(now, rows, states))
        connection.execute("COMMIT")


def _fill(connection: sqlite3.Connection, contents: Mapping[str, Iterable[Row]]) -> None:
    for statement in tables("sqlite", schema=""):
        connection.execute(statement)
    for table in TABLES:
        connection.executemany(table.insert(schema=""), contents.get(table.name, ()))
    for statement in indexes("sqlite", schema=""):
        connection.execute(statement)
