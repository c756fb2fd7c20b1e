"""Identify the site that a database belongs to: PkgStatus is replicated, so its rows are alike at every site.

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
    """The name of a database, and the site that it says it belongs to; None when unknown."""

    database: str
    owner: SiteCode | None


def identify(connection: Connection) -> DatabaseIdentity:
    """Return the identity of a connection's database. Only outside a transaction: a refused query ends it."""
    try:
        return identify_or_raise(connection)
    except DatabaseError as error:
        if error.kind not in {ErrorKind.SCHEMA, ErrorKind.PERMISSION}:
            raise
    return DatabaseIdentity(_name(connection), None)


def identify_or_raise(connection: Connection) -> DatabaseIdentity:
    """Return the identity of a connection's database. Raises DatabaseError when its owner may not be read."""
    rows = connection.query(f"SELECT ThisSiteCode FROM {IDENTIFICATION}")
    owner = str(rows[0][0] or "").strip() if len(rows) == 1 else ""
    return DatabaseIdentity(_name(connection), SiteCode(owner) if owner else None)


def wrong_database(site: SiteCode, reader: DatabaseIdentity | None, writer: DatabaseIdentity) -> str:
    """Return why rows of a site must not be changed in a database, and what to set; empty when they may be.

    `reader` is None where one login does both.
    """
    for setting, found in (("WRITER", writer), ("DATABASE", reader)) if reader else (("DATABASE", writer),):
        if found.owner and found.owner.casefold() != site.casefold():
            return f"{found.database} is the database of site {found.owner}; {_cure(site, setting)} that of {site}"
    if reader and reader.database != writer.database:
        cure = _cure(site, "WRITER")
        return f"rows are read in {reader.database} and would be changed in {writer.database}; {cure} {reader.database}"
    return ""


def _cure(site: SiteCode, setting: str) -> str:
    return f"let PKGSTATUS_SITES__{site}__{setting} name"


def _name(connection: Connection) -> str:
    """SQL Server does not tell names apart by case."""
    return connection.database.casefold() if connection.engine == Engine.SQL_SERVER else connection.database
