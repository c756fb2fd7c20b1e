"""Map errors of the database layer to the error of the site port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.ports.site import SiteError

if TYPE_CHECKING:
    from bot.dbapi import DatabaseError
    from bot.domain.package import SiteCode

_KINDS = {kind.value: kind for kind in SiteErrorKind}


def site_error(code: SiteCode, error: DatabaseError) -> SiteError:
    """Return the SiteError of a site for a database error."""
    return SiteError(code, _KINDS.get(error.kind.value, SiteErrorKind.OTHER), error.detail)
