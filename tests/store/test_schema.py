"""What only SQL Server would say of our tables: keys that are too wide, names that are reserved, NULL by silence."""

import re
from collections.abc import Iterator

import pytest
import sqlglot
from sqlglot import expressions as exp

from bot.dbapi import Engine
from bot.store.migrations import VERSION_TABLE, schema, statements
from tests.store.test_statements import FOUND

CLUSTERED_KEY, OTHER_KEY = 900, 1700
"""The most bytes of a key of SQL Server, in the order of the rows and beside it."""
RESERVED_WORDS = """
add all alter and any as asc authorization backup begin between break browse bulk by cascade case check checkpoint
close clustered coalesce collate column commit compute constraint contains containstable continue convert create
cross current current_date current_time current_timestamp current_user cursor database dbcc deallocate declare
default delete deny desc disk distinct distributed double drop dump else end errlvl escape except exec execute
exists exit external fetch file fillfactor for foreign freetext freetexttable from full function goto grant group
having holdlock identity identity_insert identitycol if in index inner insert intersect into is join key kill left
like lineno load merge national nocheck nonclustered not null nullif of off offsets on open opendatasource openquery
openrowset openxml option or order outer over percent pivot plan precision primary print proc procedure public
raiserror read readtext reconfigure references replication restore restrict return revert revoke right rollback
rowcount rowguidcol rule save schema securityaudit select semantickeyphrasetable session_user set setuser shutdown
some statistics system_user table tablesample textsize then to top tran transaction trigger truncate try_convert
tsequal union unique unpivot update updatetext use user values varying view waitfor when where while with writetext
"""
"""By Microsoft's list for Transact-SQL."""
TREES = [
    tree
    for step in [VERSION_TABLE, *schema()]
    for sql in statements(step, Engine.SQL_SERVER)
    if isinstance(tree := sqlglot.parse_one(sql, dialect="tsql"), exp.Create)
]
INDEXES = [tree for tree in TREES if tree.kind == "INDEX"]
TABLES = [tree for tree in TREES if tree.kind == "TABLE"]


def name_of(tree: exp.Create) -> str:
    """Return the table that a statement is about."""
    table = tree.find(exp.Table)
    assert table
    return table.name


def widths(table: exp.Create) -> dict[str, int]:
    """Return how many bytes each column of a table can take in a key; what has no place in one counts as too many."""
    found = {}
    for column in table.find_all(exp.ColumnDef):
        kind = column.args["kind"].sql(dialect="tsql").lower()
        text = re.fullmatch(r"nvarchar\((\d+)\)", kind)
        found[column.name] = 2 * int(text[1]) if text else 8 if kind == "bigint" else OTHER_KEY + 1
    return found


def keys(table: exp.Create) -> Iterator[tuple[int, list[str]]]:
    """Yield the keys of a table with the most bytes that each may take."""
    for column in table.find_all(exp.ColumnDef):
        if column.find(exp.PrimaryKeyColumnConstraint):
            yield CLUSTERED_KEY, [column.name]
    for limit, kind in ((CLUSTERED_KEY, exp.PrimaryKey), (OTHER_KEY, exp.UniqueColumnConstraint)):
        yield from ((limit, [name.name for name in key.find_all(exp.Identifier)]) for key in table.find_all(kind))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.find(exp.Table).name)
def test_every_key_is_narrow_enough_for_sql_server(table: exp.Create) -> None:
    wide = {limit: [key for most, key in keys(table) if most == limit] for limit in (CLUSTERED_KEY, OTHER_KEY)}

    assert any(wide.values())
    for limit, found in wide.items():
        assert [key for key in found if sum(widths(table)[name] for name in key) > limit] == []


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: index.this.name)
def test_every_index_is_narrow_enough_for_sql_server(index: exp.Create) -> None:
    (table,) = (each for each in TABLES if name_of(each) == name_of(index))
    columns = [ordered.this.name for ordered in index.find_all(exp.Ordered)]

    assert columns
    assert sum(widths(table)[name] for name in columns) <= OTHER_KEY


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.find(exp.Table).name)
def test_every_column_says_whether_it_may_be_null_because_servers_differ_on_silence(table: exp.Create) -> None:
    assert [each.name for each in table.find_all(exp.ColumnDef) if not each.find(exp.NotNullColumnConstraint)] == []


def test_no_table_column_or_alias_is_called_by_a_reserved_word() -> None:
    trees = [*TABLES, *(sqlglot.parse_one(sql, dialect="tsql") for _, sql in FOUND)]
    names = {name.name.lower() for tree in trees for name in tree.find_all(exp.Identifier)}

    assert {"sequence", "at", "state", "version"} <= names
    assert names & set(RESERVED_WORDS.split()) == set()
