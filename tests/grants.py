"""The rights that the scripts in deploy/sql give, statement by statement, for a role of any name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

SCRIPTS = Path(__file__).parents[1] / "deploy" / "sql"
_GRANT = re.compile(r"^GRANT (?P<verbs>[^;]+?) ON (?P<table>\S+) TO (?P<role>\w+);$", re.MULTILINE)
_VERB = re.compile(r"(\w+)(?: \(([^)]*)\))?")


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
