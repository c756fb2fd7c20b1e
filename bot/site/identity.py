"""Whose database is this? PkgStatus is replicated, so its rows read alike at every site: only the database can tell.

`v_Identification` is one of Microsoft's site administration views. Where it is absent, closed to us or names several
sites, the owner is unknown: that is never taken for proof, and never for its opposite.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.dbapi import Connection, DatabaseError, Engine, ErrorKind
from bot.domain.package import SiteCode

IDENTIFICATION = "dbo.v_Identification"


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """Where a login landed: the name of a database, and the site that the database says it belongs to."""

    database: str
    owner: SiteCode | None


def identify(connection: Connection) -> DatabaseIdentity:
    """Return where a connection is; outside a transaction, which a question that is refused would end."""
    try:
        return identify_exactly(connection)
    except DatabaseError as error:
        if error.fault not in {ErrorKind.SCHEMA, ErrorKind.PERMISSION}:
            raise
    return DatabaseIdentity(_name(connection), None)


def identify_exactly(connection: Connection) -> DatabaseIdentity:
    """Return where a connection is that may ask for the owner. Raises DatabaseError."""
    rows = connection.query(f"SELECT ThisSiteCode FROM {IDENTIFICATION}")
    owner = str(rows[0][0] or "").strip() if len(rows) == 1 else ""
    return DatabaseIdentity(_name(connection), SiteCode(owner) if owner else None)


def objection(site: SiteCode, reader: DatabaseIdentity | None, writer: DatabaseIdentity) -> str:
    """Say why rows of a site may not be changed there, and what to set; empty where nothing speaks against it.

    `reader` is None where one login does both.
    """
    for setting, found in (("WRITER", writer), ("DATABASE", reader)) if reader else (("DATABASE", writer),):
        if found.owner and found.owner.casefold() != site.casefold():
            return f"{found.database} is the database of site {found.owner}; {_let(site, setting)} that of {site}"
    if reader and reader.database != writer.database:
        told = _let(site, "WRITER")
        return f"rows are read in {reader.database} and would be changed in {writer.database}; {told} {reader.database}"
    return ""


def _let(site: SiteCode, setting: str) -> str:
    return f"let PKGSTATUS_SITES__{site}__{setting} name"


def _name(connection: Connection) -> str:
    """SQL Server does not tell names apart by case."""
    return connection.database.casefold() if connection.product == Engine.SQL_SERVER else connection.database
