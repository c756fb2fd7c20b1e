"""What differs between engines in names, column types and row locks.

Names come from a catalogue or from a setting and may hold anything. Types come from INFORMATION_SCHEMA, which SQL
Server and PostgreSQL share.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.dbapi.engines import Engine
from bot.dbapi.errors import DatabaseError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.dbapi.connection import Connection

_PART = re.compile(r'\[((?:[^\]]|\]\])+)\]|"((?:[^"]|"")+)"|([^.\[\]"]+)')
_TYPES = "SELECT COLUMN_NAME, DATA_TYPE FROM {}INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?"
_SINGLE_BYTE = {"varchar", "char", "text"}
_NOT_TOLD = {ErrorKind.SCHEMA, ErrorKind.PERMISSION, ErrorKind.OTHER}
# Longer than any key: a CAST cuts what is too long, and a key that was cut would be another row's.
_AS_VARCHAR = "CAST(? AS varchar(8000))"
MARK = "?"


def quoted(engine: str, name: str) -> str:
    """Return one name, exactly as the catalogue has it, for use in a statement."""
    if engine == Engine.SQL_SERVER:
        return f"[{name.replace(']', ']]')}]"
    return '"{}"'.format(name.replace('"', '""'))


def table_name(engine: str, name: str) -> str:
    """Return a configured name (`schema.table`, `database.schema.table`; parts plain, [in brackets] or "quoted")."""
    return ".".join(quoted(engine, part) for part in _parts(engine, name))


def column_types(connection: Connection, table: str) -> Mapping[str, str]:
    """Return the type of each column, both in lower case; empty where the engine does not tell. Raises DatabaseError.

    Only outside a transaction: a question that is refused ends it.
    """
    if connection.engine not in {Engine.SQL_SERVER, Engine.POSTGRESQL}:
        return {}
    *database, schema, name = _parts(connection.engine, table)
    # PostgreSQL knows no other database than the connection's own.
    at = f"{quoted(connection.engine, database[0])}." if database and connection.engine == Engine.SQL_SERVER else ""
    try:
        rows = connection.query(_TYPES.format(at), (schema, name))
    except DatabaseError as error:
        if error.kind not in _NOT_TOLD:
            raise
        return {}
    return {str(column).lower(): str(kind).lower() for column, kind in rows}


def mark(engine: str, kind: str | None) -> str:
    """Return the place for a text that is compared with a column of this type.

    Drivers send every text as nvarchar. Under an SQL collation SQL Server then converts the whole column, row by row,
    instead of seeking in its index: https://learn.microsoft.com/sql/t-sql/data-types/data-type-precedence-transact-sql.
    """
    return _AS_VARCHAR if engine == Engine.SQL_SERVER and kind in _SINGLE_BYTE else MARK


def locking(engine: str, select: str, table: str, where: str) -> str:
    """Return a SELECT whose rows nobody else can change before the transaction ends.

    SQLite locks the whole file at the beginning of a transaction.
    """
    hint = " WITH (UPDLOCK, ROWLOCK)" if engine == Engine.SQL_SERVER else ""
    ending = " FOR UPDATE" if engine == Engine.POSTGRESQL else ""
    return f"SELECT {select} FROM {table}{hint} WHERE {where}{ending}"


def _parts(engine: str, name: str) -> list[str]:
    """Split a name into its parts without their quotes; PostgreSQL folds what stands without any."""
    fold = str.lower if engine == Engine.POSTGRESQL else str
    return [
        bracketed.replace("]]", "]") or doubled.replace('""', '"') or fold(plain)
        for bracketed, doubled, plain in _PART.findall(name)
    ]
