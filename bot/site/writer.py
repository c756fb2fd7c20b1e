"""The one place that changes a site database: the rows of an approved plan, in one transaction, with their backup.

For each row: lock it, prove that it is the row and reads as the approvers saw it, copy it whole into the backup table
under the request's id, change it, read both back. Anything unexpected rolls the whole transaction back. The backup
table's unique key on request id and row number makes a second apply of the same request impossible: on any replica,
after any crash.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.dbapi import Connection, Database, DatabaseError, ErrorKind
from bot.dbapi.catalogue import MARK, column_types, locking, quoted, table_name
from bot.domain.plan import Action
from bot.domain.site_error_kind import SiteErrorKind
from bot.domain.undo import BackupCopy, Undoing, told, undo_violation
from bot.failpoints import reach
from bot.site.identity import DatabaseIdentity, identify, identify_or_raise, wrong_database
from bot.site.schema_probe import STATUS, marks
from bot.site.site_errors import site_error
from bot.usecases.ports.site import ChangeAltered, RowMoved, SiteError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.domain.package import PackageId, SiteCode
    from bot.domain.plan import Plan, PlanRow
    from bot.site.reader import SiteDatabase

_CHANGED = ("sourceversion", "status")
_BACKED_UP_AT = "backedupat"
"""The column of the backup table that tells when a row was copied."""
_UNCHANGED = " AND SourceVersion = ? AND Status = ?"
_SERVER_GENERATED = {"timestamp", "rowversion"}
"""Types whose values SQL Server itself changes with every UPDATE of the row."""


class _Backup(Enum):
    """What the first backup row of a request says about it."""

    NONE = "nobody tried"
    KEY_ONLY = "given up for good"
    COPY = "applied"


class _Statements(NamedTuple):
    """The statements for one row, in the words of this engine and with the columns of this site."""

    names: tuple[str, ...]
    """The columns of PkgStatus in lower case, in the order of the three that read."""
    lock: str
    look: str
    kept: str
    copy: str
    change: str
    copies: str
    """All copies of a row, whoever made them: request, moment, and the columns."""
    steady: Mapping[str, str]
    """The columns that a reset leaves as they are, in lower case and as they are spelled."""


class _DryRun(Exception):
    """Nothing that was tried shall stay."""


class SiteWriter:
    """Applies plans to one site's database; implements `SiteWriter`."""

    def __init__(
        self, code: SiteCode, database: Database, backup_table: str, reader: SiteDatabase | None = None
    ) -> None:
        """Take the reader, if another login reads, because both must be in the same database."""
        self.code = code
        self._database = database
        self._backup = backup_table
        self._reader = reader
        self._types: dict[str, Mapping[str, str]] = {}
        self._marks: dict[str, Mapping[str, str]] = {}

    def using(self, backup_table: str) -> SiteWriter:
        """Return the writer that keeps its backups in this table, over the same connections; itself for its own."""
        if backup_table in {"", self._backup}:
            return self
        return SiteWriter(self.code, self._database, backup_table, self._reader)

    def dry_run(self) -> None:
        """Try everything that an apply needs, and roll back. Raises SiteError.

        The database must be the site's own, and the one that is read. The backup table must have every column of
        PkgStatus, take a row with nothing but its key, and refuse that key the second time: all that keeps a request
        from being applied twice rests on it.
        """
        key = (f"rehearsal {secrets.token_hex(8)}", 1)

        def work(connection: Connection) -> None:
            statements = self._statements(connection, "1 = 0")
            connection.query(statements.lock)
            connection.execute(statements.copy, key)
            connection.execute(statements.change, (0, 2))
            self._take_key(connection, key)
            try:
                self._take_key(connection, key)
            except DatabaseError as error:
                if error.kind is ErrorKind.CONFLICT:
                    raise _DryRun from error
                raise
            raise DatabaseError(ErrorKind.SCHEMA, f"{self._backup} has no unique key on RequestId and RowNumber")

        try:
            self._write(work)
        except _DryRun:
            pass
        except DatabaseError as error:
            raise site_error(self.code, error) from error

    def apply(self, request_id: str, plan: Plan, undoing: Undoing | None = None) -> None:
        """Change every row of the plan, or none. Raises RowMoved, ChangeAltered, SiteError.

        RowMoved: a row is not as shown. ChangeAltered: the database itself makes something else of a change.
        An undo says which reset it takes back: a row that was changed since, or by somebody else, is one that moved.
        After a SiteError it is not known whether it happened: ask `was_applied`.
        """

        def work(connection: Connection) -> None:
            statements = self._statements(connection, self._row(), _UNCHANGED)
            back = undoing or Undoing("") if plan.action is Action.UNDO else None
            for number, row in enumerate(plan.rows, start=1):
                self._change(connection, statements, (request_id, number), row, plan.package_id, back)
                reach("apply: first row changed")
            self._check_backup_count(connection, request_id, len(plan.rows))
            reach("apply: before commit")

        try:
            self._write(work)
        except DatabaseError as error:
            raise site_error(self.code, error) from error
        reach("apply: committed")

    def was_applied(self, request_id: str) -> bool:
        """Return True when the backup table holds this request's rows. Raises SiteError."""
        return self._with_site_errors(lambda: self._first_backup(request_id)) is _Backup.COPY

    def forbid(self, request_id: str) -> bool:
        """Make sure that a request can never be applied any more; False when it was applied already.

        Takes the key of its first backup row. Whoever is still about to apply it collides with that key and rolls
        back; whoever is in the middle of it makes us wait. Raises SiteError while that cannot be told.
        """
        try:
            self._write(lambda connection: self._take_key(connection, (request_id, 1)))
        except DatabaseError as error:
            if error.kind is not ErrorKind.CONFLICT:
                raise site_error(self.code, error) from error
        found = self._with_site_errors(lambda: self._first_backup(request_id))
        if found is _Backup.NONE:
            raise SiteError(self.code, SiteErrorKind.SCHEMA, f"{self._backup} does not keep what is put into it")
        return found is _Backup.KEY_ONLY

    def readings(self, plan: Plan) -> Sequence[tuple[int | None, int | None] | None]:
        """Read version and status of each row of a plan; None where it is not there once. Raises SiteError."""
        keys = [(plan.package_id, *row.key) for row in plan.rows]

        def work(connection: Connection) -> list[list[Any]]:
            self._load_types(connection)
            sql = f"SELECT SourceVersion, Status FROM {STATUS} WHERE {self._row()}"
            return [connection.query(sql, key) for key in keys]

        try:
            found = self._database.read(work)
        except DatabaseError as error:
            raise site_error(self.code, error) from error
        return [(lines[0][0], lines[0][1]) if len(lines) == 1 else None for lines in found]

    def undo_violations(self, undoing: Undoing, package_id: PackageId, rows: Sequence[PlanRow]) -> Sequence[str]:
        """Say of each row of an undo why it may not be written back, or nothing. Raises SiteError."""

        def work(connection: Connection) -> list[str]:
            self._load_types(connection)
            statements = self._statements(connection, self._row())
            found = []
            for row in rows:
                key = (package_id, *row.key)
                try:
                    now = _read_row(
                        connection, row, (row.version_before, row.status_before), statements, statements.look, key
                    )
                    found.append(_undo_objection(connection, statements, key, row, undoing, now))
                except RowMoved as moved:
                    found.append(moved.found)
            return found

        try:
            return self._database.read(work)
        except DatabaseError as error:
            raise site_error(self.code, error) from error

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def _write(self, work: Callable[[Connection], None]) -> None:
        """Work in one transaction of the site's own database. Raises DatabaseError, SiteError if it is another one."""
        before = self._database.read(self._identify)
        reader = self._reader.identity() if self._reader else None

        def in_own_database(connection: Connection) -> None:
            now = identify_or_raise(connection) if before.owner else replace(before, database=connection.database)
            wrong = wrong_database(self.code, reader, now)
            if wrong:
                raise SiteError(self.code, SiteErrorKind.WRONG_DATABASE, wrong)
            work(connection)

        self._database.write(in_own_database)

    def _load_types(self, connection: Connection) -> None:
        """Ask once how the columns are typed; a transaction is no place for that."""
        if not self._types:
            self._types = {table: column_types(connection, table) for table in (STATUS, self._backup)}
            self._marks = {table: marks(connection.engine, types) for table, types in self._types.items()}

    def _identify(self, connection: Connection) -> DatabaseIdentity:
        self._load_types(connection)
        return identify(connection)

    def _mark(self, table: str, name: str) -> str:
        return self._marks.get(table, {}).get(name.lower(), MARK)

    def _row(self, table: str = STATUS) -> str:
        """Say which row; parameters: package, type, site and server."""
        return " AND ".join(f"{name} = {self._mark(table, name)}" for name in ("ID", "Type", "SiteCode", "PkgServer"))

    def _change(
        self,
        connection: Connection,
        statements: _Statements,
        backup_key: tuple[str, int],
        row: PlanRow,
        package_id: PackageId,
        undoing: Undoing | None,
    ) -> None:
        key = (package_id, *row.key)
        before = (row.version_before, row.status_before)
        after = (row.version_after, row.status_after)
        was = _read_row(connection, row, before, statements, statements.lock, key)
        _compare(row, _expected(package_id, row, before), was)
        objection = _undo_objection(connection, statements, key, row, undoing, was) if undoing else ""
        if objection:
            raise RowMoved(row, objection)
        connection.execute(statements.copy, (*backup_key, *key, *before))
        connection.execute(statements.change, (*after, *key, *before))
        # The row is locked since it was first read: whatever differs now is the doing of the database itself.
        try:
            now = _read_row(connection, row, after, statements, statements.look, key)
            _compare(row, _expected(package_id, row, after), now)
        except RowMoved as moved:
            raise ChangeAltered(row, _by_database(f"made something else of its change: {moved.found}")) from moved
        altered = [
            f"{spelled} ({told(was[name])} became {told(now[name])})"
            for name, spelled in statements.steady.items()
            if not _is_same(was[name], now[name])
        ]
        if altered:
            raise ChangeAltered(row, _by_database(f"also changed its {' and '.join(altered)}"))
        try:
            _compare(row, was, _read_row(connection, row, before, statements, statements.kept, backup_key))
        except RowMoved as moved:
            said = _by_database(f"made something else of its copy in {self._backup}: {moved.found}", self._backup)
            raise ChangeAltered(row, said) from moved

    def _check_backup_count(self, connection: Connection, request_id: str, count: int) -> None:
        """Prove that the transaction still holds every row: a server may have given it up and begun another unseen."""
        sql = f"SELECT RowNumber FROM {self._table(connection)} WHERE {self._request()} ORDER BY RowNumber"
        if [number for (number,) in connection.query(sql, (request_id,))] != list(range(1, count + 1)):
            raise DatabaseError(ErrorKind.OTHER, "the transaction did not stay whole, so nothing was changed")

    def _take_key(self, connection: Connection, key: tuple[str, int]) -> None:
        connection.execute(f"INSERT INTO {self._table(connection)} (RequestId, RowNumber) VALUES (?, ?)", key)

    def _first_backup(self, request_id: str) -> _Backup:
        def work(connection: Connection) -> list[Any]:
            self._load_types(connection)
            sql = f"SELECT ID FROM {self._table(connection)} WHERE {self._request()} AND RowNumber = 1"
            return connection.query(sql, (request_id,))

        rows = self._database.read(work)
        if not rows:
            return _Backup.NONE
        return _Backup.KEY_ONLY if rows[0][0] is None else _Backup.COPY

    def _with_site_errors(self, question: Callable[[], _Backup]) -> _Backup:
        try:
            return question()
        except DatabaseError as error:
            raise site_error(self.code, error) from error

    def _statements(self, connection: Connection, row: str, unchanged: str = "") -> _Statements:
        """Make the statements for the rows of a condition; a backup table that lacks a column of them is no backup."""
        engine, backup = connection.engine, self._table(connection)
        source, target = connection.names(STATUS), connection.names(backup)
        missing = source.keys() - target.keys()
        if missing:
            raise DatabaseError(ErrorKind.SCHEMA, f"{self._backup} lacks the columns {', '.join(sorted(missing))}")
        read = ", ".join(quoted(engine, name) for name in source.values())
        written = ", ".join(quoted(engine, target[name]) for name in source)
        backed_up_at = quoted(engine, target[_BACKED_UP_AT]) if _BACKED_UP_AT in target else "NULL"
        types = self._types.get(STATUS, {})
        return _Statements(
            names=tuple(source),
            lock=locking(engine, read, STATUS, row),
            look=f"SELECT {read} FROM {STATUS} WHERE {row}",
            kept=f"SELECT {written} FROM {backup} WHERE {self._request()} AND RowNumber = ?",
            copy=f"INSERT INTO {backup} (RequestId, RowNumber, {written})"
            f" SELECT CAST(? AS varchar(64)), CAST(? AS integer), {read} FROM {STATUS} WHERE {row}{unchanged}",
            change=f"UPDATE {STATUS} SET SourceVersion = ?, Status = ? WHERE {row}{unchanged}",
            copies=f"SELECT RequestId, {backed_up_at}, {written} FROM {backup} WHERE {self._row(self._backup)}",
            steady={
                name: spelled
                for name, spelled in source.items()
                if name not in _CHANGED and types.get(name) not in _SERVER_GENERATED
            },
        )

    def _request(self) -> str:
        return f"RequestId = {self._mark(self._backup, 'RequestId')}"

    def _table(self, connection: Connection) -> str:
        return table_name(connection.engine, self._backup)


def _expected(package_id: PackageId, row: PlanRow, values: tuple[int, int]) -> dict[str, object]:
    """Return what a row of the plan must read, by column."""
    site, type_number, server = row.site_code, row.type_number, row.server_path
    key = {"id": package_id, "type": type_number, "sitecode": site, "pkgserver": server}
    return key | dict(zip(_CHANGED, values, strict=True))


def _read_row(
    connection: Connection,
    row: PlanRow,
    values: tuple[int, int],
    statements: _Statements,
    sql: str,
    parameters: tuple[object, ...],
) -> dict[str, Any]:
    """Return the one row of a statement, by column. Raises RowMoved: triggers can falsify a row count."""
    found = [dict(zip(statements.names, line, strict=True)) for line in connection.query(sql, parameters)]
    wanted = f"version {values[0]}, status {values[1]}"
    if [_reading(line) for line in found] != [wanted]:
        raise RowMoved(row, f"{' and '.join(map(_reading, found)) or 'no such row'} instead of {wanted}")
    return found[0]


def _undo_objection(
    connection: Connection,
    statements: _Statements,
    key: tuple[object, ...],
    row: PlanRow,
    undoing: Undoing,
    now: Mapping[str, object],
) -> str:
    """Say why a row of an undo that reads so may not be written back; empty when it may."""
    copies = [
        BackupCopy(str(request_id).rstrip(), backed_up_at, dict(zip(statements.names, values, strict=True)))
        for request_id, backed_up_at, *values in connection.query(statements.copies, key)
    ]
    return undo_violation(row, undoing, now, copies, statements.steady)


def _reading(line: Mapping[str, object]) -> str:
    version, status = (line[name] for name in _CHANGED)
    return f"version {version}, status {status}"


def _compare(row: PlanRow, wanted: Mapping[str, object], found: Mapping[str, object]) -> None:
    """Prove that every column reads as it should. Raises RowMoved.

    Collations find more than what was asked for: a server is the one of the plan only when it is spelled so.
    """
    for name, value in wanted.items():
        if not _is_same(value, found[name]) and not (name == "id" and _folded(value) == _folded(found[name])):
            raise RowMoved(row, f"{name} reads {told(found[name])} instead of {told(value)}")


def _by_database(what: str, table: str = STATUS) -> str:
    """Say what the database did beside what it was told, and what a DBA can do about it."""
    return (
        f"the site database by itself {what}; ask the DBA whether a trigger on {table} does so, and to exempt the bot's"
        " login from it or to change this row by hand"
    )


def _is_same(one: object, other: object) -> bool:
    """Fixed-width texts come padded; what a backup table keeps in another type is not compared."""
    if isinstance(one, str) and isinstance(other, str):
        return one.rstrip() == other.rstrip()
    return one == other or (one is not None and other is not None and type(one) is not type(other))


def _folded(value: object) -> str:
    return str(value).rstrip().casefold()
