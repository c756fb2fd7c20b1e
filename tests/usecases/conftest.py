"""A real store in a file, as stories use it, and a house with all that a reset needs."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from bot.store import open_store
from tests.builders import SIGNER
from tests.store.clock import SteppingClock
from tests.usecases.reset_harness import ResetHarness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.store import Store

AUDIT = "C0SCCMAUDIT"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """Return a function that opens the store as one more process does; all are closed at the end."""
    clock = SteppingClock()
    with ExitStack() as stack:

        def open_as(holder: str) -> Store:
            store = open_store(
                f"sqlite:///{tmp_path}/store.db", audit_channel=AUDIT, holder=holder, clock=clock, signer=SIGNER
            )
            return stack.enter_context(closing(store))

        yield open_as


@pytest.fixture
def store(opened: Callable[[str], Store]) -> Store:
    return opened("one")


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[ResetHarness]:
    with closing(ResetHarness(tmp_path)) as harness:
        yield harness


def tamper(store: Store, request_id: str, facts: str | None) -> None:
    """Exchange the facts of a request's first entry, or take its entries away."""
    stream = f"request {request_id}"
    if facts is None:
        store.database.write(lambda c: c.execute("DELETE FROM dbo.ledger_entry WHERE stream = ?", (stream,)))
    else:
        change = "UPDATE dbo.ledger_entry SET facts = ? WHERE stream = ?"
        store.database.write(lambda c: c.execute(change, (facts, stream)))
