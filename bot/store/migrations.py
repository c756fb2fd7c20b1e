"""Bring the tables up to this program's version, one starter at a time; refuse a store from a newer program.

Forward only. A step and the note that it ran commit together, so a crash leaves the store at a whole version.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from bot.dbapi import Engine
from bot.usecases.ports.store import StoreError, StoreErrorKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.dbapi import Connection
    from bot.store.database import StoreDatabase

DIALECTS: dict[str, dict[str, str]] = {
    Engine.SQLITE: {
        "number": "INTEGER",
        "code": "TEXT",
        "key": "TEXT",
        "text": "TEXT",
        "clustered": "WITHOUT ROWID",
        "index": "dbo.",
        "indexed": "",
    },
    Engine.POSTGRESQL: {
        "number": "bigint",
        "code": 'varchar(64) COLLATE "C"',
        "key": 'varchar(200) COLLATE "C"',
        "text": "text",
        "clustered": "",
        "index": "",
        "indexed": "dbo.",
    },
    Engine.SQL_SERVER: {
        "number": "bigint",
        "code": "nvarchar(64) COLLATE Latin1_General_100_BIN2",
        "key": "nvarchar(200) COLLATE Latin1_General_100_BIN2",
        "text": "nvarchar(max) COLLATE Latin1_General_100_BIN2",
        "clustered": "",
        "index": "",
        "indexed": "dbo.",
    },
}
"""What the words in the schema's files mean. Keys compare byte by byte everywhere: Slack's ids need that."""

VERSION_TABLE = """
CREATE TABLE dbo.store_version (id $number NOT NULL PRIMARY KEY, version $number NOT NULL);
INSERT INTO dbo.store_version (id, version) VALUES (1, 0)
"""


def migrate(database: StoreDatabase, steps: Sequence[str] | None = None) -> None:
    """Run the steps that this store has not seen. Raises StoreError, NEWER if it knows more steps than we do."""
    steps = schema() if steps is None else steps
    version = version_of(database)
    if version is None:
        _create_version_table(database)
    if _is_outdated(version or 0, steps):
        database.write(lambda connection: _run_steps(connection, steps))


def schema() -> list[str]:
    """Return the steps of this program, in order."""
    files = (file for file in resources.files("bot.store.schema").iterdir() if file.name.endswith(".sql"))
    return [file.read_text(encoding="utf-8") for file in sorted(files, key=lambda file: file.name)]


def statements(step: str, engine: str) -> list[str]:
    """Split a step into its statements, in the words of an engine."""
    lines = (line for line in step.splitlines() if not line.startswith("--"))
    text = Template("\n".join(lines)).substitute(DIALECTS[engine])
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def version_of(database: StoreDatabase) -> int | None:
    """Return how many steps a store has seen; None when it is yet to be made. Raises StoreError."""
    try:
        return database.read(_read_version)
    except StoreError as error:
        if error.kind is StoreErrorKind.SCHEMA:
            return None
        raise


def _read_version(connection: Connection) -> int:
    return int(connection.query("SELECT version FROM dbo.store_version WHERE id = 1")[0][0])


def _create_version_table(database: StoreDatabase) -> None:
    """Make the table that everything else is locked by; of two starters one fails, and finds it made."""
    with suppress(StoreError):
        database.write(_make_schema)
    try:
        database.write(_make_version_table)
    except StoreError:
        if version_of(database) is None:
            raise


def _make_schema(connection: Connection) -> None:
    if connection.engine == Engine.POSTGRESQL:
        connection.execute("CREATE SCHEMA dbo")


def _make_version_table(connection: Connection) -> None:
    for statement in statements(VERSION_TABLE, connection.engine):
        connection.execute(statement)


def _run_steps(connection: Connection, steps: Sequence[str]) -> None:
    connection.execute("UPDATE dbo.store_version SET version = version WHERE id = 1")  # lock the row, then look
    version = _read_version(connection)
    if not _is_outdated(version, steps):
        return
    for step in steps[version:]:
        for statement in statements(step, connection.engine):
            connection.execute(statement)
    connection.execute("UPDATE dbo.store_version SET version = ? WHERE id = 1", (len(steps),))


def _is_outdated(version: int, steps: Sequence[str]) -> bool:
    if version > len(steps):
        detail = f"the store is at version {version}, this program knows {len(steps)}; start a newer program"
        raise StoreError(StoreErrorKind.NEWER, detail)
    return version < len(steps)
