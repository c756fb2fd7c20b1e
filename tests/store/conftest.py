"""Every contract of the store runs on every engine; a server needs a database of its own for it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from bot.dbapi import Connection, Database, Timeouts
from bot.store import Store, open_store
from tests.builders import SIGNER
from tests.engines import SQLITE, STORE_ODBC, empty, postgresql_in, server_in
from tests.store.clock import SteppingClock

AUDIT = "C0SCCMAUDIT"
ENGINES = [SQLITE, server_in(STORE_ODBC)]
ONLY_POSTGRESQL = [pytest.param("postgresql", id="PostgreSQL", marks=postgresql_in(STORE_ODBC))]

Opener = Callable[..., Store]


class Outside:
    """Somebody with SQL and no manners, beside the bot."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def run(self, sql: str, *parameters: object) -> None:
        self.database.write(lambda connection: connection.execute(sql, parameters))

    def read(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.database.read(lambda connection: connection.query(sql, parameters))]

    def hold(self, work: Callable[[Connection], object], meanwhile: Callable[[], None]) -> None:
        """Do something in a transaction, and something else before it ends."""

        def both(connection: Connection) -> None:
            work(connection)
            meanwhile()

        self.database.write(both)


@pytest.fixture(params=ENGINES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return address_on(request.param, tmp_path)


def address_on(engine: str, tmp_path: Path) -> str:
    """Return where a store can be made that nobody has touched."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    empty(os.environ[STORE_ODBC])
    return os.environ[STORE_ODBC]


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def opened(address: str, clock: SteppingClock) -> Iterator[Opener]:
    """Return a function that opens the store as one process does; all are closed at the end."""
    with ExitStack() as stack:

        def open_as(holder: str = "one", timeouts: Timeouts | None = None) -> Store:
            store = open_store(
                address, audit_channel=AUDIT, holder=holder, clock=clock, timeouts=timeouts, signer=SIGNER
            )
            return stack.enter_context(closing(store))

        yield open_as


@pytest.fixture
def store(opened: Opener) -> Store:
    return opened()


@pytest.fixture
def outside(address: str) -> Iterator[Outside]:
    """Return a way round the store; nothing is connected before it is used."""
    with closing(Database(address, Timeouts(query=5))) as database:
        yield Outside(database)
