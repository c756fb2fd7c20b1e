"""What a command needs that works on the store of a bot without being one: the store, which must be there already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.usecases.store_ports import StoreError, StoreTrouble
from bot.wiring.parts import store_of

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.opening import Store

SQLITE = "sqlite:///"


def existing_store(settings: Settings, holder: str) -> Store:
    """Open the store; one that is not there must not be made by asking about it. Raises StoreError."""
    address = settings.store.get_secret_value()
    if address.startswith(SQLITE) and not Path(address.removeprefix(SQLITE)).is_file():
        raise StoreError(StoreTrouble.UNREACHABLE, "There is no such file.")
    return store_of(settings, holder)
