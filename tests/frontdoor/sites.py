"""What happens to a site database while the bot runs: somebody changes it, or locks it."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def change(site: Path, *statements: str) -> None:
    """Run statements as the site's own software does."""
    with closing(sqlite3.connect(site, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


@contextmanager
def locked(site: Path) -> Iterator[None]:
    """Let nobody else read for as long as the block lasts: every query waits."""
    with closing(sqlite3.connect(site, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")
