"""Query a login's rights and its server's facts, in each engine's own SQL: the only statements that differ by engine.

Only `check` uses them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from bot.dbapi.engines import Engine
from bot.dbapi.errors import DatabaseError

if TYPE_CHECKING:
    from bot.dbapi.connection import Connection


class Right(StrEnum):
    """What a login may do to a table, as both SQL Server and PostgreSQL call it."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """Facts about the database of a login; None where the engine does not tell.

    `moment` is the server's clock (UTC); `is_owner` whether the login owns the database or is its administrator.
    """

    collation: str
    moment: datetime | None
    is_updatable: bool | None
    is_owner: bool | None


class _Queries(NamedTuple):
    server: str
    on_table: str
    on_column: str


_QUERIES = {
    Engine.SQL_SERVER: _Queries(
        "SELECT CONVERT(varchar(128), DATABASEPROPERTYEX(DB_NAME(), 'Collation')), GETUTCDATE(),"
        " CASE WHEN CONVERT(varchar(16), DATABASEPROPERTYEX(DB_NAME(), 'Updateability')) = 'READ_WRITE'"
        " THEN 1 ELSE 0 END,"
        " CASE WHEN IS_SRVROLEMEMBER('sysadmin') = 1 OR IS_MEMBER('db_owner') = 1 THEN 1 ELSE 0 END",
        "SELECT HAS_PERMS_BY_NAME(?, 'OBJECT', ?)",
        "SELECT HAS_PERMS_BY_NAME(?, 'OBJECT', ?, ?, 'COLUMN')",
    ),
    Engine.POSTGRESQL: _Queries(
        "SELECT datcollate, clock_timestamp() AT TIME ZONE 'UTC',"
        " CASE WHEN current_setting('transaction_read_only') = 'off' THEN 1 ELSE 0 END,"
        " CASE WHEN pg_has_role(datdba, 'USAGE') THEN 1 ELSE 0 END"
        " FROM pg_database WHERE datname = current_database()",
        "SELECT CASE WHEN has_table_privilege(CAST(? AS text), CAST(? AS text)) THEN 1 ELSE 0 END",
        "SELECT CASE WHEN has_column_privilege(CAST(? AS text), CAST(? AS text), CAST(? AS text)) THEN 1 ELSE 0 END",
    ),
}
_SQLITE_SERVER = "SELECT file, strftime('%Y-%m-%d %H:%M:%f', 'now') FROM pragma_database_list WHERE name = 'dbo'"


def has_logins(engine: str) -> bool:
    """Whether rights can be told on this engine; SQLite has none."""
    return engine in _QUERIES


def server_facts(connection: Connection) -> ServerFacts:
    """Return the facts about the database of a connection. Raises DatabaseError."""
    queries = _QUERIES.get(connection.engine)  # type: ignore[call-overload]  # an engine we do not know is no key
    if queries:
        collation, moment, is_updatable, is_owner = connection.query(queries.server)[0]
        return ServerFacts(str(collation), _utc(moment), _as_bool(is_updatable), _as_bool(is_owner))
    if connection.engine == Engine.SQLITE:
        path, moment = connection.query(_SQLITE_SERVER)[0]
        return ServerFacts("", _utc(moment), os.access(path, os.W_OK), None)
    return ServerFacts("", None, None, None)


def has_right(connection: Connection, right: Right, table: str, column: str = "") -> bool | None:
    """Return whether this login has a right; None where the engine does not tell, or knows no such table."""
    queries = _QUERIES.get(connection.engine)  # type: ignore[call-overload]  # the same
    if queries is None:
        return None
    # SQL Server wants the right before the column, PostgreSQL the column before the right.
    names = (right, column) if connection.engine == Engine.SQL_SERVER else (column, right)
    statement, parameters = (queries.on_column, (table, *names)) if column else (queries.on_table, (table, right))
    try:
        return _as_bool(connection.query(statement, tuple(map(str, parameters)))[0][0])
    except DatabaseError:
        return None


def _as_bool(value: object) -> bool | None:
    return None if value is None else str(value) == "1"


def _utc(moment: datetime | str) -> datetime:
    """FreeTDS hands some moments over as text."""
    return (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).replace(tzinfo=UTC)
