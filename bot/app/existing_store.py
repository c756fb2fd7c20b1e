"""What a command needs that works on the store of a bot without being one: the store, which must be there already."""

from __future__ import annotations

import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.app.parts import store_of, upkeep_patience
from bot.exit_codes import Exit
from bot.settings import InvalidSettings
from bot.store.database import StoreDatabase
from bot.store.migrations import version_of
from bot.usecases.ports.store import StoreError, StoreErrorKind
from bot.views import replies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings import Settings
    from bot.store.factory import Store

SQLITE = "sqlite:///"


@contextmanager
def ends_in_a_sentence() -> Iterator[None]:
    """End a command that wrong settings or a store that fails keep from being done; also half way through."""
    try:
        yield
    except InvalidSettings as wrong:
        click.echo("\n".join(wrong.lines), err=True)
        sys.exit(Exit.NOT_DONE)
    except StoreError as error:
        click.echo(replies.store_trouble(error.kind, error.detail), err=True)
        sys.exit(Exit.NOT_DONE)


def existing_store(settings: Settings, holder: str) -> Store:
    """Open the store; one that is not there must not be made by asking about it. Raises StoreError."""
    address = settings.store.get_secret_value()
    file = Path(address.removeprefix(SQLITE)) if address.startswith(SQLITE) else None
    if file and file.exists() and not file.is_file():
        raise StoreError(StoreErrorKind.UNREACHABLE, f"{file} is a folder or a device, no SQLite file")
    if file and not file.exists():
        raise StoreError(StoreErrorKind.UNREACHABLE, "There is no such file.")
    if file and not file.stat().st_size:
        raise StoreError(StoreErrorKind.UNREACHABLE, "The file is empty.")
    patience = upkeep_patience(settings)
    with closing(StoreDatabase(address, patience)) as database:
        if version_of(database) is None:
            raise StoreError(StoreErrorKind.SCHEMA, "There is no store in it; the first start of the bot makes one.")
    return store_of(settings, holder, patience)
