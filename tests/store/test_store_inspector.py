"""What a look at the store finds of a login's rights: all that the bot needs, or which are missing."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.dbapi import Timeouts
from bot.domain.check_finding import Severity
from bot.domain.ledger_entry import Draft
from bot.store import open_store
from bot.store.store_inspector import StoreInspection
from bot.usecases.checks.store import StoreCheck
from tests.engines import STORE_ODBC, engine_of, run_on, server_in
from tests.grants import Login, login
from tests.store.conftest import AUDIT, address_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def said(address: str) -> list[tuple[Severity, str]]:
    """Return what a check says of the store."""
    look = StoreInspection(address, lambda: datetime.now(UTC), Timeouts())
    return [(finding.mark, finding.sentence) for finding in StoreCheck(look).findings()]


@pytest.mark.usefixtures("store")
def test_a_login_that_may_do_what_the_bot_does_is_good(address: str) -> None:
    assert {mark for mark, _ in said(address)} == {Severity.GOOD}


@pytest.fixture(params=[server_in(STORE_ODBC)])
def granted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Login]:
    """Yield a login that has exactly what the script for the DBA grants, in a database without a store."""
    odbc = address_on(request.param, tmp_path)
    if request.param == "postgresql":
        run_on(odbc, "CREATE SCHEMA dbo")
    with login(odbc, "store") as found:
        yield found
        address_on(request.param, tmp_path)


def made(address: str) -> None:
    """Make a store, and record something in it."""
    with closing(open_store(address, audit_channel=AUDIT, holder="one", clock=lambda: datetime.now(UTC))) as store:
        store.ledger.append(Draft("commands", None, "looked up", "U000000ADA", "T0CONTOSO", {}))


def test_a_login_with_exactly_what_the_script_grants_makes_the_store_and_is_good(granted: Login) -> None:
    made(granted.address)

    assert {mark for mark, _ in said(granted.address)} == {Severity.GOOD}


def test_rights_that_are_missing_are_wrong_and_named(granted: Login) -> None:
    odbc, user = os.environ[STORE_ODBC], granted.user
    made(odbc)
    tables = "ALL TABLES IN SCHEMA dbo" if engine_of(odbc) == "postgresql" else "SCHEMA::dbo"
    run_on(odbc, f"GRANT SELECT ON {tables} TO {user}", f"REVOKE INSERT, UPDATE ON {tables} FROM {granted.role}")

    (missing_rights,) = [sentence for mark, sentence in said(granted.address) if mark is Severity.WRONG]
    assert missing_rights.startswith("this login may not INSERT on dbo.ledger_entry; ")
    assert "INSERT, UPDATE on dbo.outbox" in missing_rights

    denied = "REVOKE" if engine_of(odbc) == "postgresql" else "DENY"
    run_on(odbc, f"GRANT INSERT, UPDATE ON {tables} TO {user}")
    run_on(odbc, f"{denied} UPDATE ON dbo.ledger_entry {'FROM' if denied == 'REVOKE' else 'TO'} {user}")

    assert {mark for mark, _ in said(granted.address)} == {Severity.GOOD}
