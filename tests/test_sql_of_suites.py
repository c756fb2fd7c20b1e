"""What the suites say to a database must be Transact-SQL too, because they run on a SQL Server as they are."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.transact_sql import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent
SOURCES = sorted(
    file
    for folder in ("dbapi", "site", "store", "deploy", "frontdoor")
    for file in (TESTS / folder).glob("*.py")
    if "ODBC" in file.read_text(encoding="utf-8")
    or re.search(r"\b(maker|outside|databases|server_in)\b", file.read_text(encoding="utf-8"))
)
STATEMENT = re.compile(
    r"(SELECT .*\bFROM |INSERT INTO \S+ \(|INSERT INTO \S+ VALUES|UPDATE \S+ SET |DELETE FROM |EXEC |WITH \w+\(|IF "
    r"|(CREATE|ALTER|DROP) (TABLE|VIEW|INDEX|ROLE|DATABASE|TRIGGER|SCHEMA) )",
    re.DOTALL,
)
OTHER_ENGINES = re.compile(
    r"pg_|plpgsql|PRAGMA|RAISE\b|OWNED BY|CASCADE|SCHEMA|FOR EACH ROW|\(FORCE\)|ALLOW_CONNECTIONS|RECURSIVE|::\w"
    r"|NOCASE"
    r"| TYPE |ALTER UpdateTime|\|\||\bRETURN (NULL|NEW)|\b(NEW|OLD)\.|sqlite_|CREATE ROLE IF|ROLE IF EXISTS|RENAME"
)
"""Words of the other engines: what has one stands beside what is said to SQL Server instead."""
HALF = re.compile(r"\{table\}|CREATE TRIGGER dbo\.(something|note_change AFTER)")
"""What is put together elsewhere, where it is parsed, and SQLite's own triggers."""


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the strings of a source; what is put into one later is some name."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "something" for part in parts)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from texts(child)


def said_in(source: Path) -> list[str]:
    """Return the whole statements of a source that are meant for every engine, or for SQL Server."""
    found = texts(ast.parse(source.read_text(encoding="utf-8")))
    whole = [text for text in found if STATEMENT.match(text) and not OTHER_ENGINES.search(text)]
    return [_filled(text) for text in whole if not HALF.search(text)]


def _filled(text: str) -> str:
    text = re.sub(r"\{\w*\}|\$\w+", "something", text).replace("?", "@value")
    return re.sub(r"\bsomething(?=[,)])", "something int", text) if text.startswith("CREATE TABLE") else text


SAID = {source: said_in(source) for source in SOURCES}


def test_the_statements_of_the_suites_are_found() -> None:
    assert sum(map(len, SAID.values())) > 100


@pytest.mark.parametrize("source", [source for source, said in SAID.items() if said], ids=lambda source: source.name)
def test_a_statement_of_the_suites_is_transact_sql(source: Path) -> None:
    # CREATE VIEW and CREATE TRIGGER must be alone in their batch.
    parsed("\nGO\n".join(dict.fromkeys(SAID[source])))


def test_the_suites_of_databases_run_on_the_sql_server_that_a_string_names() -> None:
    odbc = "Driver={ODBC Driver 18 for SQL Server};Server=trial;Database=test_site;Trusted_Connection=yes"
    named = {"PKGSTATUS_TEST_SITE_ODBC": odbc, "PKGSTATUS_TEST_STORE_ODBC": odbc}
    folders = ("dbapi", "site", "store", "frontdoor")
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", *(f"tests/{name}" for name in folders)],
        env=os.environ | named,
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    on_sql_server = re.findall(
        r"^tests/(\w+)/(\w+)\.py::.*\b(?:SQL Server|sqlserver)\b.*\]$", collected.stdout, re.MULTILINE
    )

    assert {folder for folder, _ in on_sql_server} == set(folders)
    assert {name for _, name in on_sql_server} >= {
        "test_connection",
        "test_login_inspector",
        "test_reader_contract",
        "test_scanner",
        "test_writer",
        "test_ledger",
        "test_migrations",
        "test_store_inspector",
        "test_reset_crashes",
        "test_reset_races",
    }


def test_a_table_is_renamed_in_the_words_of_each_engine_and_nowhere_else() -> None:
    """SQL Server has no RENAME; what changes only a SQLite file may say it."""
    renaming = {
        file.relative_to(TESTS).as_posix()
        for folder in ("dbapi", "site", "store", "deploy")
        for file in (TESTS / folder).glob("*.py")
        if "RENAME TO" in file.read_text(encoding="utf-8")
    }

    assert renaming == set()
