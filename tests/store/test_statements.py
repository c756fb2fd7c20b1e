"""Every statement of the store is plain SQL that three engines take, and none of them changes an entry."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import expressions as exp

import bot.store
from bot.dbapi import Engine
from bot.store.migrations import VERSION_TABLE, schema, statements

FOLDER = Path(bot.store.__file__).parent
VERBS = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ")
FUNCTIONS = (exp.Max, exp.Min, exp.Count, exp.Case, exp.Exists, exp.And, exp.Or)
DIALECTS = {"tsql": Engine.SQL_SERVER, "postgres": Engine.POSTGRESQL, "sqlite": Engine.SQLITE}


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the strings of a source; what is put into one later counts as a parameter."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in parts)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from texts(child)


def statements_in(source: Path) -> Iterator[str]:
    strings = texts(ast.parse(source.read_text(encoding="utf-8")))
    return (text for text in strings if text.startswith(VERBS) and " dbo." in text)


FOUND = sorted({(file.name, text) for file in FOLDER.glob("*.py") for text in statements_in(file)})


def test_the_statements_were_found() -> None:
    assert len(FOUND) > 25
    assert {"ledger.py", "outbox.py", "inbox.py", "leases.py", "migrations.py"} <= {name for name, _ in FOUND}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("name", "sql"), FOUND)
def test_a_statement_is_plain_sql_with_qualified_names(name: str, sql: str, dialect: str) -> None:
    tree = sqlglot.parse_one(sql, dialect=dialect)

    assert isinstance(tree, exp.Select | exp.Insert | exp.Update | exp.Delete), name
    assert all(table.db == "dbo" for table in tree.find_all(exp.Table))
    assert not list(tree.find_all(exp.Limit, exp.Fetch, exp.Offset, exp.Returning, exp.OnConflict, exp.Hint))
    assert all(isinstance(function, FUNCTIONS) for function in tree.find_all(exp.Func))


@pytest.mark.parametrize("dialect", ["tsql", "postgres"])
@pytest.mark.parametrize("step", [VERSION_TABLE, *schema()])
def test_a_step_of_the_schema_is_understood_by_the_servers(step: str, dialect: str) -> None:
    for sql in statements(step, DIALECTS[dialect]):
        tree = sqlglot.parse_one(sql, dialect=dialect)

        assert isinstance(tree, exp.Create | exp.Insert | exp.Alter), sql


def test_nothing_ever_changes_or_deletes_an_entry() -> None:
    verbs = {sql.split()[0] for _, sql in FOUND if "dbo.ledger_entry" in sql}

    assert verbs == {"SELECT", "INSERT"}
