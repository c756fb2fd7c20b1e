"""The site database of `demo --site`: checked before anything starts, and only read here."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import SecretStr, TypeAdapter, ValidationError

from bot.app.preflight import missing_part
from bot.dbapi import Database, DatabaseError, ErrorKind
from bot.dbapi.engines import SQLITE, Engine, Timeouts
from bot.settings.field_types import Address, SiteKey
from bot.settings.model import Reset
from bot.settings.odbc_strings import FORM, unencrypted
from bot.site.identity import identify
from bot.site.schema_probe import PACKAGES, STATUS, probe

if TYPE_CHECKING:
    from bot.dbapi import Connection

T = TypeVar("T")

KINDS = f"Name a SQLite file, sqlite:///FILE or an ODBC string: {FORM}."
UNENCRYPTED = "PKGSTATUS_UNENCRYPTED_DATABASES"
SCRIPTS: dict[str, str] = {Engine.SQLITE: "sqlite", Engine.POSTGRESQL: "postgresql", Engine.SQL_SERVER: "sqlserver"}
TIMEOUTS = Timeouts(login=10, query=30)
_SCHEME = re.compile(r"\s*(?!sqlite:///)([A-Za-z][A-Za-z0-9+.-]+):")
"""Of two letters or more: one is a drive of Windows."""
_BEHIND = f"""SELECT MIN(s.ID) FROM {STATUS} s JOIN {PACKAGES} p ON p.PackageID = s.ID
    WHERE s.SourceVersion < p.SourceVersion"""
_ANY = f"SELECT MIN(PackageID) FROM {PACKAGES}"
_CODES = f"SELECT SiteCode FROM {STATUS} UNION SELECT SourceSite FROM {PACKAGES}"


class NotASite(Exception):
    """The demo cannot play on this database; the message is one sentence for people, without any password."""


@dataclass(frozen=True, slots=True)
class OwnSite:
    """A site database that the demo can play on."""

    code: str
    address: str
    package: str | None
    """A package to look at first: one with a row that is behind, if there is one."""
    notice: str
    """What will not work; empty when everything will."""

    @property
    def settings(self) -> dict[str, str]:
        """The bot's settings that lead to it, as environment variables."""
        allowed_people = {UNENCRYPTED: os.environ[UNENCRYPTED]} if UNENCRYPTED in os.environ else {}
        return {"PKGSTATUS_SITES": json.dumps({self.code: {"database": self.address}})} | allowed_people


def own_site(address: str, code: str) -> OwnSite:
    """Look at a database. Raises NotASite when it is not there, is no site's, or is another site's."""
    code = _valid(SiteKey, code.strip().upper(), "--site-code")
    address = _address(address.strip())
    database = Database(address, TIMEOUTS)
    try:
        return database.read(lambda connection: _look(connection, address, code))
    except DatabaseError as error:
        raise NotASite(_sentence(error)) from None
    finally:
        database.close()


def _address(given: str) -> str:
    """Return the address as the bot's settings take it."""
    is_a_path = os.path.exists(given)  # noqa: PTH110 - a Path complains of an ODBC string that is too long for a name
    if not given:
        raise NotASite(f"--site is empty. {KINDS}")
    if (scheme := _SCHEME.match(given)) and not is_a_path:
        raise NotASite(f"--site cannot be a {scheme[1]} address. {KINDS}")
    if given.startswith(SQLITE) or "=" not in given or is_a_path:
        file = Path(given.removeprefix(SQLITE)).expanduser().absolute()
        if file.is_dir():
            raise NotASite(f"--site names {file}, which is a folder. {KINDS}")
        if not file.exists():
            raise NotASite(f"--site names {file}, and there is no such file. {KINDS}")
        return f"{SQLITE}{file}"
    address = _valid(Address, SecretStr(given), "--site").get_secret_value()
    why = "" if os.environ.get(UNENCRYPTED, "").lower() in {"true", "1", "yes", "on"} else unencrypted(address)
    if why := why or missing_part(address):
        raise NotASite(f"--site {why}.")
    return address


def _valid(kind: type[T], value: T, option: str) -> T:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise NotASite(f"{option} {error.errors()[0]['ctx']['error']}.") from None


def _look(connection: Connection, address: str, code: str) -> OwnSite:
    closed = [name for name in (PACKAGES, STATUS) if not _is_readable(connection, name)]
    if closed:
        names = " and no ".join(closed)
        raise NotASite(f"--site names a database with no {names} that this login may read: it is no site database.")
    probe(connection)
    _raise_if_another(connection, code)
    found = connection.query(_BEHIND)[0][0] or connection.query(_ANY)[0][0]
    backup, notice = Reset().backup_table, ""
    if not _is_readable(connection, backup):
        script = f"deploy/sql/backup_table.{SCRIPTS.get(connection.engine, 'sqlserver')}.sql"
        notice = f"There is no backup table {backup}: every reset is refused until {script} has made it."
    return OwnSite(code, address, str(found).strip() if found else None, notice)


def _is_readable(connection: Connection, table: str) -> bool:
    try:
        connection.columns(table)
    except DatabaseError as error:
        if error.kind not in {ErrorKind.SCHEMA, ErrorKind.PERMISSION}:
            raise
        return False
    return True


def _raise_if_another(connection: Connection, code: str) -> None:
    """Believe what the database says of its owner; where it says nothing, its rows must know the site."""
    owner = identify(connection).owner
    if owner and owner.upper() != code:
        fitting = owner.upper()
        raise NotASite(f"--site names the database of site {fitting}, not of {code}: say --site-code {fitting}.")
    codes = {str(each or "").strip().upper() for (each,) in connection.query(_CODES)} - {""}
    if not owner and codes and code not in codes:
        known = ", ".join(sorted(codes)[:10])
        raise NotASite(f"--site names a database without a row of site {code}: choose with --site-code among {known}.")


def _sentence(error: DatabaseError) -> str:
    why = {
        ErrorKind.UNREACHABLE: "cannot be reached",
        ErrorKind.DAMAGED: "is damaged or no SQLite database",
        ErrorKind.LOGIN: "does not let this login in",
        ErrorKind.DRIVER: "has no usable driver here",
        ErrorKind.SCHEMA: "is no site database",
        ErrorKind.PERMISSION: "may not be read by this login",
    }.get(error.kind, "cannot be read")
    return f"--site names a database that {why}: {' '.join(error.detail.split())}."
