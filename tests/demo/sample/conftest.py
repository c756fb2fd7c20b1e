"""One sample site, built once and read by many tests; a test that writes asks for its own copy."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.sample.build import build_sample

NOW = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "site.db"
    build_sample(path, now=NOW)
    return path


@pytest.fixture
def own_copy(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(built, tmp_path))


@pytest.fixture
def site(built: Path) -> Iterator[sqlite3.Connection]:
    """Return a connection that sees the sample as the bot does: attached as dbo."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("ATTACH DATABASE ? AS dbo", (str(built),))
        yield connection
