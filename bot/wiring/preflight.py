"""What can be known to be in the way of a start before anything is connected: a line for each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.dbapi.engines import missing_driver, missing_source
from bot.settings.odbc_strings import driver_of, sources_of
from bot.wiring.offline import SQLITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings import Settings


def obstacles(settings: Settings) -> Iterator[str]:
    """Name each setting whose ODBC driver is not installed, or whose data source is not set up."""
    for name, address in _addresses(settings):
        if why := "" if address.startswith(SQLITE) else lacking(address):
            yield f"{name} {why}."


def lacking(address: str) -> str:
    """Say in half a sentence what an ODBC string names that is not on this machine, or return an empty text."""
    driver, (source, file) = driver_of(address), sources_of(address)
    if driver:
        return missing_driver(driver)
    if file:
        return "" if Path(file).exists() else "names the file of a data source (FILEDSN) that is not there"
    return missing_source(source)


def _addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    for code, site in settings.sites.items():
        yield f"PKGSTATUS_SITES__{code}__DATABASE", site.database.get_secret_value()
        if site.writer:
            yield f"PKGSTATUS_SITES__{code}__WRITER", site.writer.get_secret_value()
    yield "PKGSTATUS_STORE", settings.store.get_secret_value()
