"""What can be known to be in the way of a start before anything is connected: a line for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.dbapi.engines import missing_driver
from bot.settings.odbc_strings import driver_of
from bot.wiring.offline import SQLITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings import Settings


def obstacles(settings: Settings) -> Iterator[str]:
    """Name each setting whose ODBC driver is not installed."""
    for name, address in _addresses(settings):
        driver = "" if address.startswith(SQLITE) else driver_of(address)
        if driver and (why := missing_driver(driver)):
            yield f"{name} {why}."


def _addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    for code, site in settings.sites.items():
        yield f"PKGSTATUS_SITES__{code}__DATABASE", site.database.get_secret_value()
        if site.writer:
            yield f"PKGSTATUS_SITES__{code}__WRITER", site.writer.get_secret_value()
    yield "PKGSTATUS_STORE", settings.store.get_secret_value()
