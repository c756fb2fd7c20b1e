"""The one place that changes a site database: the rows of an approved plan, in one transaction, with their backup.

For each row: copy it into the backup table under the request's id, change it only if it still reads as the approvers
saw it, read it back. Anything unexpected rolls the whole transaction back. The backup table's unique key on request id
and row number makes a second apply of the same request impossible: on any replica, after any crash.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from bot.dbapi import Connection, Database, DatabaseError, Fault
from bot.domain.trouble import SiteTrouble
from bot.failpoints import reach
from bot.site.owning import exact_place, objection, place
from bot.site.probing import STATUS
from bot.site.troubles import site_error
from bot.usecases.ports import RowMoved, SiteError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.domain.package import PackageId, SiteCode
    from bot.domain.plan import Plan, PlanRow
    from bot.site.reading import SiteDatabase

_KEY = "ID = ? AND Type = ? AND SiteCode = ? AND PkgServer = ?"
_UPDATE = f"UPDATE {STATUS} SET SourceVersion = ?, Status = ? WHERE {_KEY} AND SourceVersion = ? AND Status = ?"


class _Backup(Enum):
    """What the first backup row of a request says about it."""

    NONE = "nobody tried"
    KEY_ONLY = "given up for good"
    COPY = "applied"


class _DryRun(Exception):
    """Nothing that was tried shall stay."""


class SiteWriter:
    """Applies plans to one site's database; fills the port `SiteWriter` of the stories."""

    def __init__(
        self, code: SiteCode, database: Database, backup_table: str, reader: SiteDatabase | None = None
    ) -> None:
        """Take the reader, if another login reads, because both must be in the same database."""
        self.code = code
        self._database = database
        self._backup = backup_table
        self._reader = reader

    def rehearse(self) -> None:
        """Try everything that an apply needs, and roll back. Raises SiteError.

        The database must be the site's own, and the one that is read. The backup table must have every column of
        PkgStatus, take a row with nothing but its key, and refuse that key the second time: all that keeps a request
        from being applied twice rests on it.
        """
        key = (f"rehearsal {secrets.token_hex(8)}", 1)

        def work(connection: Connection) -> None:
            connection.execute(f"{self._copy_statement(connection)} WHERE 1 = 0", key)
            connection.execute(f"UPDATE {STATUS} SET SourceVersion = 0, Status = 2 WHERE 1 = 0")
            self._take_key(connection, key)
            try:
                self._take_key(connection, key)
            except DatabaseError as error:
                if error.fault is Fault.CONFLICT:
                    raise _DryRun from error
                raise
            raise DatabaseError(Fault.SCHEMA, f"{self._backup} has no unique key on RequestId and RowNumber")

        try:
            self._write(work)
        except _DryRun:
            pass
        except DatabaseError as error:
            raise site_error(self.code, error) from error

    def apply(self, request_id: str, plan: Plan) -> None:
        """Change every row of the plan, or none. Raises RowMoved when a row is not as shown, else SiteError.

        After a SiteError it is not known whether it happened: ask `was_applied`.
        """

        def work(connection: Connection) -> None:
            copy = self._copy_statement(connection)
            for number, row in enumerate(plan.rows, start=1):
                self._change(connection, copy, (request_id, number), row, plan.package_id)
                reach("apply: first row changed")
            self._prove_whole(connection, request_id, len(plan.rows))
            reach("apply: before commit")

        try:
            self._write(work)
        except DatabaseError as error:
            raise site_error(self.code, error) from error
        reach("apply: committed")

    def was_applied(self, request_id: str) -> bool:
        """Return True when the backup table holds this request's rows. Raises SiteError."""
        return self._asked(lambda: self._first_backup(request_id)) is _Backup.COPY

    def forbid(self, request_id: str) -> bool:
        """Make sure that a request can never be applied any more; False when it was applied already.

        Takes the key of its first backup row. Whoever is still about to apply it collides with that key and rolls
        back; whoever is in the middle of it makes us wait. Raises SiteError while that cannot be told.
        """
        try:
            self._write(lambda connection: self._take_key(connection, (request_id, 1)))
        except DatabaseError as error:
            if error.fault is not Fault.CONFLICT:
                raise site_error(self.code, error) from error
        found = self._asked(lambda: self._first_backup(request_id))
        if found is _Backup.NONE:
            raise SiteError(self.code, SiteTrouble.SCHEMA, f"{self._backup} does not keep what is put into it")
        return found is _Backup.KEY_ONLY

    def readings(self, plan: Plan) -> Sequence[tuple[int | None, int | None] | None]:
        """Read version and status of each row of a plan; None where it is not there once. Raises SiteError."""
        sql = f"SELECT SourceVersion, Status FROM {STATUS} WHERE {_KEY}"
        keys = [(plan.package_id, *row.key) for row in plan.rows]
        try:
            found = self._database.read(lambda connection: [connection.query(sql, key) for key in keys])
        except DatabaseError as error:
            raise site_error(self.code, error) from error
        return [(lines[0][0], lines[0][1]) if len(lines) == 1 else None for lines in found]

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def _write(self, work: Callable[[Connection], None]) -> None:
        """Work in one transaction of the site's own database. Raises DatabaseError, SiteError if it is another one."""
        before = self._database.read(place)
        reader = self._reader.place() if self._reader else None

        def in_its_own(connection: Connection) -> None:
            now = exact_place(connection) if before.owner else replace(before, database=connection.database)
            wrong = objection(self.code, reader, now)
            if wrong:
                raise SiteError(self.code, SiteTrouble.WRONG_DATABASE, wrong)
            work(connection)

        self._database.write(in_its_own)

    def _change(
        self, connection: Connection, copy: str, place: tuple[str, int], row: PlanRow, package_id: PackageId
    ) -> None:
        key = (package_id, *row.key)
        before = (row.version_before, row.status_before)
        after = (row.version_after, row.status_after)
        _expect(connection, row, f"{STATUS} WHERE {_KEY}", key, before)
        connection.execute(f"{copy} WHERE {_KEY} AND SourceVersion = ? AND Status = ?", (*place, *key, *before))
        connection.execute(_UPDATE, (*after, *key, *before))
        _expect(connection, row, f"{STATUS} WHERE {_KEY}", key, after)
        _expect(
            connection, row, f"{self._backup} WHERE RequestId = ? AND RowNumber = ? AND {_KEY}", (*place, *key), before
        )

    def _prove_whole(self, connection: Connection, request_id: str, count: int) -> None:
        """Prove that the transaction still holds every row: a server may have given it up and begun another unseen."""
        sql = f"SELECT RowNumber FROM {self._backup} WHERE RequestId = ? ORDER BY RowNumber"
        if [number for (number,) in connection.query(sql, (request_id,))] != list(range(1, count + 1)):
            raise DatabaseError(Fault.OTHER, "the transaction did not stay whole, so nothing was changed")

    def _take_key(self, connection: Connection, key: tuple[str, int]) -> None:
        connection.execute(f"INSERT INTO {self._backup} (RequestId, RowNumber) VALUES (?, ?)", key)

    def _first_backup(self, request_id: str) -> _Backup:
        sql = f"SELECT ID FROM {self._backup} WHERE RequestId = ? AND RowNumber = 1"
        rows = self._database.read(lambda connection: connection.query(sql, (request_id,)))
        if not rows:
            return _Backup.NONE
        return _Backup.KEY_ONLY if rows[0][0] is None else _Backup.COPY

    def _asked(self, question: Callable[[], _Backup]) -> _Backup:
        try:
            return question()
        except DatabaseError as error:
            raise site_error(self.code, error) from error

    def _copy_statement(self, connection: Connection) -> str:
        """Copy whole rows: a backup table that lacks a column of PkgStatus is no backup."""
        copied = connection.columns(STATUS)
        missing = copied - connection.columns(self._backup)
        if missing:
            raise DatabaseError(Fault.SCHEMA, f"{self._backup} lacks the columns {', '.join(sorted(missing))}")
        columns = ", ".join(sorted(copied))
        return (
            f"INSERT INTO {self._backup} (RequestId, RowNumber, {columns}) "
            f"SELECT CAST(? AS varchar(64)), CAST(? AS integer), {columns} FROM {STATUS}"
        )


def _expect(
    connection: Connection, row: PlanRow, where: str, parameters: tuple[object, ...], values: tuple[int, int]
) -> None:
    """Prove that exactly one row is there and reads so: triggers can falsify a row count."""
    lines = connection.query(f"SELECT SourceVersion, Status FROM {where}", parameters)
    found = [tuple(line) for line in lines]
    if found != [values]:
        reads = " and ".join(f"version {version}, status {status}" for version, status in found) or "no such row"
        raise RowMoved(row, f"{reads} instead of version {values[0]}, status {values[1]}")
