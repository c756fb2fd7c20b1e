"""Parses Transact-SQL as SQL Server would read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlfluff.core import FluffConfig, Linter

if TYPE_CHECKING:
    from sqlfluff.core.parser import BaseSegment


def parsed(sql: str) -> BaseSegment:
    """Parse Transact-SQL; what is none of it is an error."""
    result = Linter(config=FluffConfig(overrides={"dialect": "tsql"})).parse_string(sql)
    assert result.tree is not None
    assert result.violations == []
    return result.tree
