"""What a plan's fingerprint covers, how it is kept, and the statement that people read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.package import PackageId, SiteCode
from bot.domain.plan import Action, Plan, PlanRow, statement
from tests.builders import nal_path
from tests.requests import plan, plan_row, site_plan_row

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_fingerprint_is_the_hash_of_the_line_that_the_file_describes() -> None:
    known = plan(plan_row(server_path="Süd'\"\\"), site=SiteCode("P'2"))
    line = (
        '{"action":"reset","site":"P\'2","package":"PS100112","source_version":13,'
        '"rows":[[2,"PS1","Süd\'\\"\\\\",7,3,0,2]]}'
    )

    assert known.fingerprint == hashlib.sha256(line.encode()).hexdigest()


CHANGED: dict[str, Callable[[Plan], Plan]] = {
    "the action": lambda known: replace(known, action=Action.UNDO),
    "the site": lambda known: replace(known, site=SiteCode("P02")),
    "the package": lambda known: replace(known, package_id=PackageId("PS100113")),
    "the source version": lambda known: replace(known, source_version=14),
    "the order of rows": lambda known: replace(known, rows=known.rows[::-1]),
    "a row more": lambda known: replace(known, rows=(*known.rows, plan_row("NYC-DP04"))),
    "a row less": lambda known: replace(known, rows=known.rows[:1]),
    "a row twice": lambda known: replace(known, rows=(*known.rows, known.rows[0])),
    "no rows": lambda known: replace(known, rows=()),
}
ROW_CHANGES: list[dict[str, Any]] = [
    {"type_number": 1},
    {"site_code": "P03"},
    {"server_path": nal_path("NYC-DP03.contoso.com").lower()},
    {"server_path": nal_path("NYC-DP03.contoso.com") + " "},
    {"version_before": 8},
    {"status_before": 2},
    {"version_after": 1},
    {"status_after": 3},
]


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_another_plan_has_another_fingerprint(change: Callable[[Plan], Plan]) -> None:
    assert change(plan()).fingerprint != plan().fingerprint


@pytest.mark.parametrize("changes", ROW_CHANGES, ids=str)
def test_a_plan_with_another_row_has_another_fingerprint(changes: dict[str, Any]) -> None:
    assert plan(plan_row(**changes)).fingerprint != plan(plan_row()).fingerprint


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
PLAN_ROWS = st.builds(
    PlanRow, st.integers(1, 2), TEXT.map(SiteCode), TEXT, st.integers(0, 2**31), st.integers(0, 9), drift_class=TEXT
)
PLANS = st.builds(
    Plan,
    st.sampled_from(Action),
    TEXT.map(SiteCode),
    TEXT.map(PackageId),
    TEXT,
    st.integers(0, 2**31),
    st.lists(PLAN_ROWS, max_size=4).map(tuple),
    st.lists(TEXT, max_size=2).map(tuple),
    st.lists(TEXT, max_size=2).map(tuple),
)


@given(PLANS, PLANS)
def test_two_plans_share_a_fingerprint_only_when_they_do_the_same_to_the_same_rows(one: Plan, other: Plan) -> None:
    def deeds(known: Plan) -> object:
        rows = [
            (row.key, row.version_before, row.status_before, row.version_after, row.status_after) for row in known.rows
        ]
        return (known.action, known.site, known.package_id, known.source_version, rows)

    assert (one.fingerprint == other.fingerprint) == (deeds(one) == deeds(other))


@given(PLANS)
def test_a_plan_comes_back_from_the_ledger_as_it_was(known: Plan) -> None:
    back = Plan.from_facts(json.loads(json.dumps(known.to_facts())))

    assert back == known
    assert back.fingerprint == known.fingerprint


def test_the_statement_that_people_read_has_the_values_of_the_row_and_cannot_be_broken_out_of() -> None:
    row = plan_row(server_path="x' OR 1=1 --", site_code=SiteCode("P'2"))

    assert statement(row, PackageId("PS100112")) == (
        "UPDATE dbo.PkgStatus SET SourceVersion = 0, Status = 2 WHERE ID = 'PS100112' AND Type = 2 "
        "AND SiteCode = 'P''2' AND PkgServer = 'x'' OR 1=1 --' AND SourceVersion = 7 AND Status = 3"
    )


def test_a_reversed_row_reversed_again_is_the_row() -> None:
    assert site_plan_row().reversed().reversed() == site_plan_row()
