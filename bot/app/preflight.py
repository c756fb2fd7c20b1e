"""What must hold before the bot connects: the two-person rule can be kept, and ODBC drivers are installed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.dbapi.engines import SQLITE, missing_driver, missing_source
from bot.domain.quantity import number, quantity
from bot.settings.odbc_strings import driver_of, sources_of
from bot.usecases.ports.slack import PeopleError
from bot.views import replies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.app.resets import ResetParts
    from bot.settings import Settings


class PolicyRefused(Exception):
    """The two-person rule cannot be kept with these settings; said in one sentence."""


def check_policy(resets: ResetParts) -> None:
    """Raise PolicyRefused where two people can never approve, or where the approvals channel is unfit for votes."""
    fault = resets.eligibility.channel_fault()
    if fault:
        raise PolicyRefused(replies.refusal_message(fault).text)
    quorum = resets.submission.policy.quorum
    try:
        count = resets.eligibility.eligible_approvers(quorum)
    except PeopleError as error:
        raise PolicyRefused(f"Slack does not say who the approvers are: {error}") from error
    if count < quorum:
        raise PolicyRefused(
            f"{quantity(count, 'person')} could approve a reset, and {number(quorum)} are needed: "
            "check PKGSTATUS_APPROVERS."
        )


def obstacles(settings: Settings) -> Iterator[str]:
    """Name each setting whose ODBC driver is not installed, or whose data source is not set up."""
    for name, address in _addresses(settings):
        if why := "" if address.startswith(SQLITE) else missing_part(address):
            yield f"{name} {why}."


def missing_part(address: str) -> str:
    """Return half a sentence on what an ODBC string names that is not on this machine, or an empty text."""
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
