"""Facts of the store for `check`, read without creating or migrating it; implements `StoreInspector`."""

from __future__ import annotations

import os
import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from bot.dbapi import Engine
from bot.dbapi.rights import Right, has_logins, has_right, server_facts
from bot.store.database import StoreDatabase
from bot.store.ledger import LedgerTable
from bot.store.migrations import schema, version_of
from bot.store.outbox import OutboxTable
from bot.usecases.audit.undelivered import Undelivered
from bot.usecases.ports.store import StoreError, StoreErrorKind, StoreFacts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bot.dbapi import Connection, Timeouts
    from bot.usecases.ports.clock import Clock

_TABLE = re.compile(r"CREATE TABLE (dbo\.\w+)")
_LEDGER = "dbo.ledger_entry"
_SQLITE = "sqlite:///"
_NO_CHANNEL = ""
"""Nothing is put into the outbox here."""


class StoreInspection:
    """Looks at the store that an address names."""

    def __init__(self, address: str, clock: Clock, timeouts: Timeouts, channels: Collection[str] = ()) -> None:
        self._address = address
        self._clock = clock
        self._timeouts = timeouts
        self._channels = channels

    def look(self) -> StoreFacts:
        """Return what is there. Raises StoreError."""
        file = Path(self._address.removeprefix(_SQLITE)) if self._address.startswith(_SQLITE) else None
        if file and not file.exists():
            _check_place(file.parent)
            return StoreFacts(Engine.SQLITE, len(schema()))
        if file and not os.access(file, os.W_OK):
            raise StoreError(StoreErrorKind.READ_ONLY, f"{file} cannot be written by this user")
        with closing(StoreDatabase(self._address, self._timeouts)) as database:
            return self._facts(database)

    def _facts(self, database: StoreDatabase) -> StoreFacts:
        known, version = len(schema()), version_of(database)
        engine = database.read(lambda connection: connection.engine)
        if version is None or version < known:
            return StoreFacts(engine, known, version)
        if version > known:
            detail = f"the store is at version {version}, this program knows {known}"
            raise StoreError(StoreErrorKind.NEWER, detail)
        outbox = OutboxTable(database, _NO_CHANNEL, self._clock)
        ledger = LedgerTable(database, outbox, self._clock)
        found = ledger.verify()
        return StoreFacts(
            engine,
            known,
            version,
            ledger.head().sequence,
            found.sentence if found else "",
            database.read(lambda connection: tuple(_missing_rights(connection))),
            tuple(
                each for each in Undelivered(outbox, ledger, self._channels).look() if each.is_overdue(self._clock())
            ),
        )


def _missing_rights(connection: Connection) -> Iterator[str]:
    """Return the rights that the bot needs and has not; nothing where the engine has no logins."""
    if not has_logins(connection.engine):
        return
    if server_facts(connection).is_updatable is False:
        raise StoreError(StoreErrorKind.READ_ONLY, "the database is read-only")
    for table in _TABLE.findall("\n".join(schema())):
        # A DBA may keep the bot from ever changing an entry: see deploy/sql.
        needed = [Right.SELECT, Right.INSERT, *([Right.UPDATE] if table != _LEDGER else [])]
        missing_rights = [right for right in needed if not has_right(connection, right, table)]
        if missing_rights:
            yield f"{', '.join(missing_rights)} on {table}"


def _check_place(folder: Path) -> None:
    if not folder.is_dir():
        raise StoreError(StoreErrorKind.UNREACHABLE, f"there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise StoreError(StoreErrorKind.READ_ONLY, f"{folder} cannot be written by this user")
