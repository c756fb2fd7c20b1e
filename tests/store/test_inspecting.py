"""What a look at the store finds of a login's rights: all that the bot needs, or which are missing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.dbapi import Patience
from bot.domain.finding import Mark
from bot.store.inspecting import StoreLook
from bot.usecases.checks.store import StoreCheck
from tests.store.conftest import ONLY_POSTGRESQL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.store import Store
    from tests.store.conftest import Outside

LOGIN = "pkgstatus_try_store"
LOGIN_EXISTS = "SELECT 1 FROM pg_roles WHERE rolname = ?"


def said(address: str) -> list[tuple[Mark, str]]:
    """Return what a check says of the store."""
    look = StoreLook(address, lambda: datetime.now(UTC), Patience())
    return [(finding.mark, finding.sentence) for finding in StoreCheck(look).findings()]


@pytest.fixture
def login(store: Store, outside: Outside, address: str) -> Iterator[str]:
    """Yield the store's address for a login that may only read."""
    del store
    if outside.read(LOGIN_EXISTS, LOGIN):
        outside.run(f"DROP OWNED BY {LOGIN}")
        outside.run(f"DROP ROLE {LOGIN}")
    outside.run(f"CREATE ROLE {LOGIN}")
    outside.run(f"GRANT USAGE ON SCHEMA dbo TO {LOGIN}")
    outside.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA dbo TO {LOGIN}")
    yield f"{address};ConnSettings={{SET ROLE {LOGIN}}}"
    outside.run(f"DROP OWNED BY {LOGIN}")
    outside.run(f"DROP ROLE {LOGIN}")


@pytest.mark.usefixtures("store")
def test_a_login_that_may_do_what_the_bot_does_is_good(address: str) -> None:
    assert {mark for mark, _ in said(address)} == {Mark.GOOD}


@pytest.mark.parametrize("address", ONLY_POSTGRESQL, indirect=True)
def test_rights_that_are_missing_are_wrong_and_named(login: str, outside: Outside) -> None:
    (lacking,) = [sentence for mark, sentence in said(login) if mark is Mark.WRONG]
    assert lacking.startswith("this login may not INSERT on dbo.ledger_entry; ")
    assert "INSERT, UPDATE on dbo.outbox" in lacking

    outside.run(f"GRANT INSERT, UPDATE ON ALL TABLES IN SCHEMA dbo TO {LOGIN}")
    outside.run(f"REVOKE UPDATE ON dbo.ledger_entry FROM {LOGIN}")

    assert {mark for mark, _ in said(login)} == {Mark.GOOD}
