"""A plan: its fingerprint, which rows may be in it, what it warns of, and what speaks against applying it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.drift_classes import RESETTABLE, DriftClass, Verdict, judge
from bot.domain.package import Job, JobAction, PackageId, Row, SiteCode, Status
from bot.domain.plan import (
    Action,
    Plan,
    PlanRow,
    RowFault,
    RowsAllowed,
    differences,
    refusals,
    reset_plan,
    resettable,
    row_fault,
    shape_fault,
    statement,
    undo_fault,
    undo_plan,
    violations,
)
from bot.domain.refusal import Reason
from tests.builders import GRACE, NOW, ago, dp_row, job, nal_path, package, site_row, story, table
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


PS1 = SiteCode("PS1")


def as_read(row: PlanRow, **changes: Any) -> Row:
    """Return a plan's row as a fresh read would find it before the change."""
    plain = Row(
        row.type_number, row.site_code, row.server_path, row.version_before, row.status_before, None, dp_known=True
    )
    return replace(plain, **changes)


def verdict(row: Row, drift_class: DriftClass, *, missing: bool = False) -> Verdict:
    return Verdict(row, drift_class, None, 13, missing)


@pytest.mark.parametrize("drift_class", DriftClass)
def test_only_rows_that_are_behind_or_failed_may_be_asked_for(drift_class: DriftClass) -> None:
    refused = RowFault.NOT_SERVED if drift_class is DriftClass.NOT_SERVED else RowFault.CLASS
    expected = None if drift_class in RESETTABLE else refused

    assert row_fault(verdict(dp_row(), drift_class), RowsAllowed.ANY) is expected


@pytest.mark.parametrize(
    ("row", "is_missing", "allowed", "fault"),
    [
        (dp_row(), False, RowsAllowed.ANY, None),
        (site_row(), False, RowsAllowed.ANY, None),
        (site_row(), False, RowsAllowed.SITE, None),
        (dp_row(), False, RowsAllowed.SITE, RowFault.SITE_ROWS_ONLY),
        (site_row(), True, RowsAllowed.ANY, RowFault.MISSING),
        (dp_row(server_path=r"\\HEL-NAS01\SMSPKGD$"), False, RowsAllowed.ANY, RowFault.UNREADABLE_NAME),
        (dp_row(server_path=" "), False, RowsAllowed.ANY, RowFault.UNREADABLE_NAME),
        (site_row(server_path=nal_path("CM02.contoso.com")), False, RowsAllowed.ANY, RowFault.UNREADABLE_NAME),
        (site_row(server_path=""), False, RowsAllowed.SITE, RowFault.UNREADABLE_NAME),
    ],
)
def test_a_row_may_be_asked_for_or_there_is_a_reason(
    row: Row,
    is_missing: bool,  # noqa: FBT001 - a column of the table above
    allowed: RowsAllowed,
    fault: RowFault | None,
) -> None:
    assert row_fault(verdict(row, DriftClass.SITE_BEHIND, missing=is_missing), allowed) is fault


def test_a_reset_freezes_the_rows_as_they_were_read_site_rows_first() -> None:
    drift = judge(story(), NOW, GRACE)

    frozen = reset_plan(drift, PS1, resettable(drift, RowsAllowed.ANY))

    assert [row.is_site for row in frozen.rows] == [True] + [False] * (len(frozen.rows) - 1)
    assert [row.server for row in frozen.rows][:3] == [
        "CM02.contoso.com", "NYC-DP02.contoso.com", "DP0001.contoso.com",
    ]  # fmt: skip
    assert {(row.version_after, row.status_after) for row in frozen.rows} == {(0, 2)}
    assert {(row.version_before, row.status_before) for row in frozen.rows} == {(7, 2), (7, 3), (12, 5)}
    assert (frozen.action, frozen.site, frozen.package_id, frozen.source_version) == (
        Action.RESET,
        "PS1",
        "PS100112",
        13,
    )


def test_a_row_of_unknown_values_is_never_frozen() -> None:
    for unknown in (dp_row(held_version=None), dp_row(status_number=None), dp_row(type_number=None)):
        drift = judge(table(site_row()), NOW, GRACE)
        with pytest.raises(ValueError, match="unknown values"):
            reset_plan(drift, PS1, [verdict(unknown, DriftClass.FAILED)])


@pytest.mark.parametrize(
    ("rows", "warned"),
    [
        ([site_row("P02", held_version=7)], []),
        ([dp_row(held_version=7)], ["Redistribute is the documented action"]),
        ([dp_row(held_version=12, status_number=Status.FAILED)], ["Redistribute is the documented action"]),
        (
            [site_row("P02", held_version=7), dp_row(site="P02", held_version=7)],
            ["cannot catch up before the site row"],
        ),
        (
            [dp_row(held_version=7), dp_row("SEA-DP01", held_version=7, open_jobs=1)],
            ["Redistribute is the documented action", "are in flight"],
        ),
    ],
)
def test_what_is_doubtful_about_a_plan_is_said_in_its_warnings(rows: list[Row], warned: list[str]) -> None:
    drift = judge(table(site_row(), *rows), NOW, GRACE)
    warnings = reset_plan(drift, PS1, resettable(drift, RowsAllowed.ANY)).warnings

    assert len(warnings) == len(warned)
    assert all(part in warning for part, warning in zip(warned, warnings, strict=True))


def test_a_package_that_changed_within_grace_offers_nothing() -> None:
    fresh = table(site_row(), dp_row(held_version=7), of=package(changed_at=ago(hours=1)))

    assert resettable(judge(fresh, NOW, GRACE), RowsAllowed.ANY) == ()


def test_a_fresh_read_that_shows_every_row_once_and_as_frozen_makes_no_difference() -> None:
    known = plan()
    others = [dp_row("ELSEWHERE"), as_read(known.rows[1], site_code=SiteCode("P02"))]

    assert differences(known, [*map(as_read, known.rows), *others]) == ()


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], "the row is gone"),
        ([{"held_version": 8}], "version 8, status 3 instead of 7, 3"),
        ([{"status_number": 5}], "version 7, status 5 instead of 7, 3"),
        ([{"held_version": None}], "version None, status 3 instead of 7, 3"),
        ([{"held_version": 0, "status_number": 2}], "version 0, status 2 instead of 7, 3"),
        ([{}, {}], "there are 2 such rows"),
        ([{}, {"held_version": 8}], "there are 2 such rows"),
        ([{"type_number": 1}], "the row is gone"),
        ([{"type_number": None}], "the row is gone"),
        ([{"site_code": "P02"}], "the row is gone"),
        ([{"server_path": nal_path("NYC-DP03.contoso.com").upper()}], "the row is gone"),
    ],
)
def test_a_row_that_is_not_there_exactly_once_and_as_frozen_is_a_difference(
    rows: list[dict[str, Any]], found: str
) -> None:
    row = plan_row()

    assert differences(plan(row), [as_read(row, **changes) for changes in rows]) == (f"NYC-DP03.contoso.com: {found}",)


def test_an_undo_takes_back_what_still_reads_as_the_reset_left_it_and_names_the_rest() -> None:
    done = plan(plan_row("A"), plan_row("B"), plan_row("C"), plan_row("D"))
    left = {"held_version": 0, "status_number": 2}
    a, b, c, _gone = done.rows

    back, moved = undo_plan(done, [as_read(a, **left), as_read(b), as_read(c, **left), as_read(c, **left)], {})

    assert back is not None
    assert (back.action, back.package_id) == (Action.UNDO, done.package_id)
    assert [(row.server_path, row.version_before, row.status_before) for row in back.rows] == [(a.server_path, 0, 2)]
    assert [(row.version_after, row.status_after) for row in back.rows] == [(7, 3)]
    assert moved == (
        "B.contoso.com: version 7, status 3 instead of 0, 2",
        "C.contoso.com: there are 2 such rows",
        "D.contoso.com: the row is gone",
    )
    assert back.fingerprint != done.fingerprint


def test_an_undo_leaves_rows_alone_that_only_read_as_its_reset_left_them() -> None:
    done = plan(plan_row("A"), plan_row("B"))
    left = [as_read(row, held_version=0, status_number=2) for row in done.rows]

    back, moved = undo_plan(done, left, {done.rows[0].key: "it was seen back"})

    assert back is not None
    assert [row.server for row in back.rows] == ["B.contoso.com"]
    assert moved == ("A.contoso.com: it was seen back",)


def test_there_is_nothing_to_undo_when_every_row_moved_on() -> None:
    rows = tuple(f"{row.server}: the row is gone" for row in plan().rows)

    assert undo_plan(plan(), [], {}) == (None, rows)


BEHIND: dict[str, Any] = {"held_version": 7}


def frozen(*rows: Row) -> Plan:
    """Return the reset of everything that may be reset among these rows."""
    drift = judge(table(site_row(), *rows), NOW, GRACE)
    return reset_plan(drift, PS1, resettable(drift, RowsAllowed.ANY))


def test_nothing_speaks_against_a_plan_whose_rows_are_as_they_were_and_still_of_their_class() -> None:
    rows = (site_row("P02", **BEHIND), dp_row("LON-DP01", "P02", **BEHIND), dp_row(**BEHIND))
    later = judge(table(site_row(), *rows, dp_row("NEW-DP01")), NOW, GRACE)

    assert violations(frozen(*rows), later, RowsAllowed.ANY) == ()


@pytest.mark.parametrize(
    ("row", "package_changes", "allowed", "objection"),
    [
        ({}, {"source_site": "P02"}, RowsAllowed.ANY, "the source site is P02 now, not PS1"),
        ({}, {"source_version": 14}, RowsAllowed.ANY, "the source version is 14 now, not 13"),
        ({}, {"source_version": 7}, RowsAllowed.ANY, "NYC-DP01.contoso.com is in sync: its class is never reset"),
        ({}, {"changed_at": ago(hours=1)}, RowsAllowed.ANY, "NYC-DP01.contoso.com is in flight: its class is"),
        ({"open_jobs": 1}, {}, RowsAllowed.ANY, "NYC-DP01.contoso.com is in flight: its class is never reset"),
        ({"dp_known": False}, {}, RowsAllowed.ANY, "NYC-DP01.contoso.com is orphan: its class is never reset"),
        ({"dp_leaving": True}, {}, RowsAllowed.ANY, "NYC-DP01.contoso.com is removing: its class is never reset"),
        ({}, {}, RowsAllowed.SITE, "NYC-DP01.contoso.com is DP behind: only site rows may be reset here"),
        ({"held_version": 8}, {}, RowsAllowed.ANY, "NYC-DP01.contoso.com: version 8, status 3 instead of 7, 3"),
        ({"held_version": 13}, {}, RowsAllowed.ANY, "NYC-DP01.contoso.com: version 13, status 3 instead of 7, 3"),
    ],
)
def test_whatever_is_no_longer_right_speaks_against_a_reset(
    row: dict[str, Any], package_changes: dict[str, Any], allowed: RowsAllowed, objection: str
) -> None:
    known = frozen(dp_row(**BEHIND))
    now = table(site_row(), dp_row(**(BEHIND | row)), of=package(**package_changes))

    found = violations(known, judge(now, NOW, GRACE), allowed)

    assert any(said.startswith(objection) for said in found), found


def test_a_row_that_is_there_twice_speaks_against_a_reset() -> None:
    row = dp_row(**BEHIND)
    found = violations(frozen(row), judge(table(site_row(), row, row), NOW, GRACE), RowsAllowed.ANY)

    assert "NYC-DP01.contoso.com: there are 2 such rows" in found


def test_an_undo_is_stopped_by_a_job_and_by_not_knowing_of_any_and_not_by_the_class_of_its_rows() -> None:
    done = frozen(dp_row(**BEHIND))
    left = dp_row(held_version=0, status_number=2)
    back, _ = undo_plan(done, [left], {})
    assert back

    quiet = judge(table(site_row(), left), NOW, GRACE)
    busy = judge(table(site_row(), left, dp_row("SEA-DP01", open_jobs=1)), NOW, GRACE)

    blind = judge(table(site_row(), replace(left, jobs=None)), NOW, GRACE)

    assert violations(back, quiet, RowsAllowed.SITE) == ()
    assert violations(back, busy, RowsAllowed.ANY) == (
        "a distribution job has started, so the old values are no longer true",
    )
    assert violations(back, blind, RowsAllowed.ANY) == (
        "the distribution jobs cannot be read, so the old values may no longer be true",
    )


def test_a_package_is_redistributed_to_the_rows_themselves_or_to_one_dp_of_a_site_and_never_on_a_site_server() -> None:
    on_site_server = dp_row("CM02", "P02", **BEHIND)
    site, others = site_row("P02", **BEHIND), [dp_row(f"LON-DP0{n}", "P02", **BEHIND) for n in (1, 2)]
    own, on_primary = dp_row("NYC-DP03", **BEHIND), dp_row("CM01", "PS1", **BEHIND)

    known = frozen(site, on_site_server, *others, own, on_primary)

    assert len(known.rows) == 6
    assert known.redistribute == ("LON-DP01.contoso.com", "NYC-DP03.contoso.com")


def test_a_site_whose_only_dp_is_on_the_site_server_has_no_dp_to_redistribute_to() -> None:
    assert frozen(site_row("P02", **BEHIND), dp_row("CM02", "P02", **BEHIND)).redistribute == ()


@pytest.mark.parametrize("other", [{"dp_known": False}, {"dp_leaving": True}, {"dp_site": SiteCode("PS1")}])
def test_a_dp_that_is_gone_is_leaving_or_belongs_elsewhere_is_never_the_one_to_redistribute_to(
    other: dict[str, Any],
) -> None:
    rows = (site_row("P02", **BEHIND), dp_row("AAA-DP01", "P02", **BEHIND | other), dp_row("LON-DP01", "P02"))
    drift = judge(table(site_row(), *rows), NOW, GRACE)
    (site,) = (each for each in resettable(drift, RowsAllowed.ANY) if each.row.is_site)

    assert reset_plan(drift, PS1, [site]).redistribute == ("LON-DP01.contoso.com",)


HELD_BACK: dict[str, tuple[list[Row], dict[str, Any], str]] = {
    "source behind": (
        [site_row("P02", **BEHIND), dp_row("LON-DP01", "P02", **BEHIND), dp_row(held_version=7, status_number=5)],
        {"stored_version": 12},
        "the source site itself has not taken the source version",
    ),
    "not served": ([site_row("P02", **BEHIND)], {}, "no distribution point of its site is targeted"),
    "another site's code": (
        [site_row("P02"), dp_row(**BEHIND, dp_site=SiteCode("P02"))],
        {},
        "its DP belongs to another site than the row says",
    ),
    "reset already": ([dp_row(held_version=0, status_number=2)], {}, "it reads version 0 and Received already"),
}


@pytest.mark.parametrize(("rows", "changes", "why"), HELD_BACK.values(), ids=HELD_BACK)
def test_what_is_held_back_is_never_offered_and_a_plan_with_it_is_refused_with_the_reason(
    rows: list[Row], changes: dict[str, Any], why: str
) -> None:
    drift = judge(table(site_row(), *rows, of=package(**changes)), NOW, GRACE)
    made_before = [verdict for verdict in (*drift.sites, *drift.dps) if verdict.row in rows]

    assert resettable(drift, RowsAllowed.ANY) == ()
    assert any(said.startswith(why) for said in refusals((*drift.sites, *drift.dps), RowsAllowed.ANY))
    for one in made_before:
        against = violations(reset_plan(drift, PS1, [one]), drift, RowsAllowed.ANY)
        assert against
        assert why in " ".join(against) or one.drift_class is DriftClass.IN_SYNC


def test_a_plan_says_when_nobody_knows_what_the_source_stores() -> None:
    drift = judge(table(site_row(), dp_row(**BEHIND), of=package(stored_version=None)), NOW, GRACE)

    assert any("StoredPkgVersion" in said for said in reset_plan(drift, PS1, drift.dps).warnings)


@pytest.mark.parametrize(
    ("jobs", "fault"),
    [
        ((job(),), Reason.JOB_STARTED),
        ((job(updated_at=ago(days=90)),), None),
        ((job(action=JobAction.CANCEL),), None),
        ((job(version=7),), None),
        (None, Reason.JOBS_UNREADABLE),
    ],
)
def test_only_a_job_that_moves_stands_in_the_way_of_an_undo(jobs: tuple[Job, ...] | None, fault: Reason | None) -> None:
    left = dp_row(held_version=0, status_number=2, jobs=jobs)

    assert undo_fault(judge(table(site_row(), left), NOW, GRACE), 13) is fault


def test_a_job_that_brings_the_version_of_the_reset_stands_in_the_way_though_the_source_has_moved_on() -> None:
    left = dp_row(held_version=0, status_number=2, jobs=(job(version=13),))

    assert undo_fault(judge(table(left, of=package(source_version=14)), NOW, GRACE), 13) is Reason.JOB_STARTED


def done_plan() -> Plan:
    rows = (PlanRow(2, SiteCode("PS1"), nal_path(f"DP{n}"), 7, 3) for n in (1, 2))
    return Plan(Action.RESET, SiteCode("PS1"), PackageId("PS100112"), "Boot image", 13, tuple(rows))


def way_back(done: Plan) -> Plan:
    return replace(done, action=Action.UNDO, rows=tuple(row.reversed() for row in done.rows))


def test_a_reset_ends_at_the_same_values_on_every_row() -> None:
    done = done_plan()
    first, second = done.rows

    assert shape_fault(done, None) == ""
    for bad in (replace(second, version_after=99), replace(second, status_after=3)):
        assert shape_fault(replace(done, rows=(first, bad)), None)
    assert shape_fault(replace(done, rows=()), None)
    assert shape_fault(done, done)


def test_an_undo_is_the_exact_reverse_of_some_rows_of_the_reset_that_it_names() -> None:
    done = done_plan()
    back = way_back(done)
    first, second = back.rows

    assert shape_fault(back, done) == ""
    assert shape_fault(replace(back, rows=(first,)), done) == ""
    assert shape_fault(back, None)
    assert shape_fault(replace(back, rows=(replace(back.rows[0], status_after=5),)), done)
    bad = replace(done, rows=(replace(done.rows[0], version_after=99),))
    assert shape_fault(replace(back, rows=tuple(row.reversed() for row in bad.rows)), bad)
    assert shape_fault(back, back)
    for rows in (
        (),
        (first, first),
        (first, replace(second, version_after=8)),
        (replace(first, site_code=SiteCode("P02")),),
    ):
        assert shape_fault(replace(back, rows=rows), done)
    assert shape_fault(replace(back, package_id=PackageId("PS100113")), done)
    assert shape_fault(replace(back, site=SiteCode("P02")), done)
    assert shape_fault(back, replace(done, rows=(replace(done.rows[0], version_after=99), done.rows[1])))
