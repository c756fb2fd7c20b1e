"""A database that notes every statement it is asked to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bot.dbapi import Connection, Database

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Result = TypeVar("Result")


class RecordingDatabase(Database):
    """A real database whose statements are kept in `statements`, in their order."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.statements: list[str] = []

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run a piece of reading and note its statements."""
        return super().read(lambda connection: work(_Noting(connection, self.statements)))


class _Noting(Connection):
    """Hands everything on to another connection."""

    def __init__(self, connection: Connection, statements: list[str]) -> None:
        self._connection = connection
        self._statements = statements
        self._raw = connection._raw
        self.engine = connection.engine

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        self._statements.append(sql)
        return self._connection.query(sql, parameters)

    def names(self, table: str) -> dict[str, str]:
        self._statements.append(f"the columns of {table}")
        return self._connection.names(table)
