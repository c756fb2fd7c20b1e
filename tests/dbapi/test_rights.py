"""The questions about rights are in the words of each engine; a parser of its language reads those of SQL Server."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlglot

from bot.dbapi import Database, Engine, rights

if TYPE_CHECKING:
    from pathlib import Path

DIALECTS = {Engine.SQL_SERVER: "tsql", Engine.POSTGRESQL: "postgres"}


@pytest.mark.parametrize("engine", DIALECTS)
def test_each_question_is_one_statement_that_reads(engine: Engine) -> None:
    for statement in rights._QUERIES[engine]:
        (parsed,) = sqlglot.parse(statement, dialect=DIALECTS[engine])
        assert parsed is not None
        assert parsed.key == "select"


def test_an_engine_without_logins_says_so_and_still_tells_its_time(tmp_path: Path) -> None:
    (tmp_path / "site.db").touch()
    with closing(Database(f"sqlite:///{tmp_path}/site.db")) as database:
        found = database.read(rights.server_facts)
        may = database.read(lambda connection: rights.has_right(connection, rights.Right.DELETE, "dbo.PkgStatus"))

    assert not rights.has_logins(Engine.SQLITE)
    assert may is None
    assert found.is_updatable
    assert found.is_owner is None
    assert found.moment is not None
