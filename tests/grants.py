"""The rights that the scripts in deploy/sql give, statement by statement, and logins that have exactly these."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests import engines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SCRIPTS = Path(__file__).parents[1] / "deploy" / "sql"
PASSWORD = "Trial-login-0"  # noqa: S105 - of logins that are gone when the test ends
_GRANT = re.compile(r"^GRANT (?P<verbs>[^;]+?) ON (?P<table>\S+) TO (?P<role>\w+);$", re.MULTILINE)
_VERB = re.compile(r"(\w+)(?: \(([^)]*)\))?")
_ACCOUNT = re.compile(r"CONTOSO\\svc-pkgstatus(-w)?")


class Right(NamedTuple):
    """One verb on one table, or on one column of it."""

    verb: str
    table: str
    column: str = ""


def script(name: str) -> str:
    """Return the text of a script."""
    return (SCRIPTS / f"{name}.sqlserver.sql").read_text(encoding="utf-8")


def grants(name: str, role: str) -> list[str]:
    """Return the GRANT statements of a script, said to a role of this name."""
    return [found[0].replace(found["role"], role) for found in _GRANT.finditer(script(name))]


def rights(*names: str) -> set[Right]:
    """Return everything that scripts grant on tables."""
    return {
        Right(verb, found["table"], column)
        for name in names
        for found in _GRANT.finditer(script(name))
        for verb, columns in _VERB.findall(found["verbs"])
        for column in (columns.split(", ") if columns else [""])
    }


def undo(name: str) -> str:
    """Return the statements that take back what a script did; they stand in it as comments."""
    return "\n".join(re.findall(r"^--   (.*;)$", script(name).partition("-- Undo")[2], re.MULTILINE))


def roles(name: str) -> set[str]:
    """Return the roles to which a script grants."""
    return {found["role"] for found in _GRANT.finditer(script(name))}


class Login(NamedTuple):
    """A login of a test database, and the role that has its rights."""

    user: str
    role: str
    address: str


@contextmanager
def login(odbc: str, *names: str) -> Iterator[Login]:
    """Yield a login that has exactly the rights of these scripts in a test database.

    On PostgreSQL the GRANTs are said to a role; on SQL Server the scripts run as they are, only for another account.
    """
    who = f"pkgstatus_trial_{os.getpid()}_{'_'.join(names)}"
    if engines.engine_of(odbc) == "postgresql":
        said = [statement for name in names for statement in postgresql_grants(name, who)]
        engines.run_on(odbc, *_without(who, odbc), f"CREATE ROLE {who}", f"GRANT USAGE ON SCHEMA dbo TO {who}", *said)
        try:
            yield Login(who, who, engines.with_options(odbc, ConnSettings=f"SET ROLE {who}"))
        finally:
            engines.run_on(odbc, *_without(who, odbc))
        return
    granted = sorted({role for name in names for role in roles(name)})
    try:
        engines.run_on(odbc, *(for_account(batch, who) for name in names for batch in batches(name)))
        yield Login(who, granted[-1], engines.with_options(odbc, Uid=who, Pwd=PASSWORD, Trusted_Connection="no"))
    finally:
        engines.run_on(odbc, *sqlserver_without(who, granted))


def sqlserver_without(who: str, granted: Iterable[str]) -> list[str]:
    """Return what takes a login away from SQL Server, and each of these roles that has no other member."""
    members = "SELECT 1 FROM sys.database_role_members WHERE role_principal_id = DATABASE_PRINCIPAL_ID(N'{0}')"
    return [
        *(f"IF IS_ROLEMEMBER(N'{role}', N'{who}') = 1 ALTER ROLE {role} DROP MEMBER [{who}];" for role in granted),
        f"IF DATABASE_PRINCIPAL_ID(N'{who}') IS NOT NULL DROP USER [{who}];",
        *(
            f"IF DATABASE_PRINCIPAL_ID(N'{role}') IS NOT NULL AND NOT EXISTS ({members.format(role)}) DROP ROLE {role};"
            for role in granted
        ),
        f"IF SUSER_ID(N'{who}') IS NOT NULL DROP LOGIN [{who}];",
    ]


def batches(name: str) -> list[str]:
    """Return the batches of a script that are meant for the database at hand: not those that make a database."""
    found = re.split(r"^GO$", script(name), flags=re.MULTILINE)
    return [batch for batch in found if "GRANT" in batch]


def postgresql_grants(name: str, role: str) -> Sequence[str]:
    """Return the GRANTs of a script in PostgreSQL's words, which has no rights on a schema's tables as such."""
    return [
        re.sub(
            r"^GRANT ([^;]*), ALTER ON SCHEMA::dbo TO (\w+);$",
            r"GRANT \1 ON ALL TABLES IN SCHEMA dbo TO \2; GRANT CREATE ON SCHEMA dbo TO \2;",
            statement,
        )
        for statement in grants(name, role)
    ]


def for_account(batch: str, who: str) -> str:
    return _ACCOUNT.sub(who, batch).replace("FROM WINDOWS", f"WITH PASSWORD = N'{PASSWORD}'")


def _without(who: str, odbc: str) -> list[str]:
    known = engines.run_on(odbc, f"SELECT 1 FROM pg_roles WHERE rolname = '{who}'")
    return [f"DROP OWNED BY {who}", f"DROP ROLE {who}"] if known else []
