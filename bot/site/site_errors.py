"""Turn what the database seam raises into the error that the stories know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.ports.site import SiteError

if TYPE_CHECKING:
    from bot.dbapi import DatabaseError
    from bot.domain.package import SiteCode

_TROUBLES = {trouble.value: trouble for trouble in SiteErrorKind}


def site_error(code: SiteCode, error: DatabaseError) -> SiteError:
    """Name a database error for the people of a site."""
    return SiteError(code, _TROUBLES.get(error.fault.value, SiteErrorKind.OTHER), error.detail)
