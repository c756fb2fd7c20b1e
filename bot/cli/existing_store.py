"""The store as the commands `ledger` and `digest` open it: it must be there already."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app.factories import make_store, upkeep_timeouts
from bot.dbapi.engines import SQLITE
from bot.store.database import StoreDatabase
from bot.store.migrations import version_of
from bot.usecases.ports.store import StoreError, StoreErrorKind

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.factory import Store


def existing_store(settings: Settings, holder: str) -> Store:
    """Open the store of these settings, without ever making one. Raises StoreError, also when there is none.

    `holder` names the process in the leases that it takes.
    """
    address = settings.store.get_secret_value()
    file = Path(address.removeprefix(SQLITE)) if address.startswith(SQLITE) else None
    if file and file.exists() and not file.is_file():
        raise StoreError(StoreErrorKind.UNREACHABLE, f"{file} is a folder or a device, no SQLite file")
    if file and not file.exists():
        raise StoreError(StoreErrorKind.UNREACHABLE, "There is no such file.")
    if file and not file.stat().st_size:
        raise StoreError(StoreErrorKind.UNREACHABLE, "The file is empty.")
    timeouts = upkeep_timeouts(settings)
    with closing(StoreDatabase(address, timeouts)) as database:
        if version_of(database) is None:
            raise StoreError(StoreErrorKind.SCHEMA, "There is no store in it; the first start of the bot makes one.")
    return make_store(settings, holder, timeouts)
