"""What the index of requests promises on every engine: it follows the ledger, and one open request holds a row."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.domain.package import PackageId, SiteCode
from bot.domain.request import OPEN, Stage
from bot.store.request_index import RequestTable
from bot.usecases.ports.store import Card, RowsHeld, StaleStream
from tests.builders import NOW
from tests.requests import plan, plan_row, reached
from tests.store.drafts import draft

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from bot.domain.request import Request
    from bot.store import Store

CARD = Card("C0APPROVALS", "1.000", "https://contoso.slack.com/archives/C0APPROVALS/p1000")
ROWS = (plan_row("NYC-DP03"), plan_row("NYC-DP04"))


def asked(request_id: str, stage: Stage = Stage.PENDING, **changes: Any) -> Request:
    """Return a request of two rows."""
    return replace(reached(stage, plan=plan(*ROWS)), id=request_id, **changes)


def follow(store: Store, *requests: Request) -> None:
    """Let the index follow, as the ledger's appends do."""
    index = RequestTable(store.database)
    for request in requests:
        store.ledger.append(draft(), also=[index.follow(request)])


@pytest.fixture
def index(store: Store) -> RequestTable:
    return RequestTable(store.database)


def test_a_request_is_found_by_its_stage_and_its_package_newest_first(store: Store, index: RequestTable) -> None:
    later = plan(plan_row("SEA-DP01"))
    follow(store, asked("a"), asked("b", created_at=NOW + timedelta(seconds=1), plan=later))
    follow(store, asked("c", plan=plan(*ROWS, package_id=PackageId("PS100113"))))

    assert list(index.in_stages({Stage.PENDING})) == ["b", "a", "c"]
    assert list(index.in_stages({Stage.PENDING, Stage.STALE}, limit=1)) == ["b"]
    assert list(index.in_stages({Stage.APPLIED})) == []
    assert list(index.of_package(PackageId("PS100112"))) == ["b", "a"]
    assert list(index.of_package(PackageId("PS100112"), limit=1)) == ["b"]
    assert list(index.of_package(PackageId("' OR 1=1"))) == []


def test_a_request_that_moved_on_is_found_at_its_new_stage_only(store: Store, index: RequestTable) -> None:
    follow(store, asked("a"), asked("a", Stage.APPROVED))

    assert list(index.in_stages({Stage.PENDING})) == []
    assert list(index.in_stages({Stage.APPROVED})) == ["a"]


@pytest.mark.parametrize("stage", sorted(OPEN))
def test_an_open_request_holds_its_rows_against_every_other(store: Store, index: RequestTable, stage: Stage) -> None:
    follow(store, asked("a", stage))
    head = store.ledger.head()

    with pytest.raises(RowsHeld) as held:
        follow(store, asked("b", plan=plan(plan_row("SEA-DP01"), ROWS[1])))

    assert held.value.request_id == "a"
    assert store.ledger.head() == head, "the entry went with it"
    assert list(index.in_stages(frozenset(Stage))) == ["a"]
    follow(store, asked("c", plan=plan(plan_row("SEA-DP01"))))


@pytest.mark.parametrize("stage", sorted(frozenset(Stage) - OPEN))
def test_a_request_that_ended_frees_its_rows(store: Store, index: RequestTable, stage: Stage) -> None:
    follow(store, asked("a"), asked("a", stage), asked("b"))

    assert list(index.in_stages({Stage.PENDING})) == ["b"]


@pytest.mark.parametrize(
    "other",
    [
        plan(ROWS[0], package_id=PackageId("PS100113")),
        plan(ROWS[0], site=SiteCode("P02")),
        plan(replace(ROWS[0], site_code=SiteCode("P02"))),
        plan(replace(ROWS[0], type_number=1)),
    ],
    ids=["another package", "another site's database", "another site code", "another type"],
)
def test_a_row_is_its_package_site_type_site_code_and_server(store: Store, other: Any) -> None:
    follow(store, asked("a"), asked("b", plan=other))


def test_two_spellings_of_a_server_are_one_row_and_names_are_only_parameters(store: Store) -> None:
    hostile = replace(ROWS[0], server_path="x'; DROP TABLE dbo.request; --\x00" + "y" * 400)
    follow(store, asked("a"), asked("h", plan=plan(hostile)))

    for spelled in (ROWS[0].server_path.upper(), ROWS[0].server_path.lower()):
        with pytest.raises(RowsHeld):
            follow(store, asked("b", plan=plan(replace(ROWS[0], server_path=spelled))))
    with pytest.raises(RowsHeld):
        follow(store, asked("b", plan=plan(hostile)))


def test_of_two_requests_at_once_on_the_same_rows_one_is_opened(opened: Callable[..., Store]) -> None:
    stores = [opened("one"), opened("two")]
    gate = threading.Barrier(2)

    def attempt(number: int) -> bool:
        gate.wait(20)
        try:
            follow(stores[number], asked(f"request {number}"))
        except RowsHeld:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, range(2))) == [False, True]
    assert len(RequestTable(stores[0].database).in_stages({Stage.PENDING})) == 1


def test_an_append_that_came_too_late_leaves_the_index_as_it_was(store: Store, index: RequestTable) -> None:
    store.ledger.append(draft("request a", 1), also=[index.follow(asked("a"))])

    with pytest.raises(StaleStream):
        store.ledger.append(draft("request a", 1), also=[index.follow(asked("a", Stage.WITHDRAWN))])

    assert list(index.in_stages({Stage.PENDING})) == ["a"]


def test_where_the_card_is_is_known_from_the_entry_on_that_tells_it(store: Store, index: RequestTable) -> None:
    follow(store, asked("a"))
    assert index.card("a") is None
    assert index.card("unknown") is None

    store.ledger.append(draft(), also=[index.place_card("a", CARD)])
    follow(store, asked("a", Stage.APPROVED))
    assert index.card("a") == CARD

    store.ledger.append(draft(), also=[index.place_card("a", replace(CARD, ts="2.000"))])
    assert index.card("a") == replace(CARD, ts="2.000")
