"""What a mark stands on: with any part of it another, it is another mark."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain import signing
from bot.domain.request import QUORUM, Vote
from tests.builders import NOW
from tests.fakes import GRACE, LINUS, TEAM
from tests.requests import asked, plan, plan_row

if TYPE_CHECKING:
    from collections.abc import Callable

ONE, OTHER = plan(plan_row()), plan(plan_row("NYC-DP04"))
VOTE = Vote(GRACE.id, TEAM, NOW, "click", "mark", frozenset({"U1"}))
REQUEST = replace(asked(plan=ONE), votes=(VOTE,), backup_table="dbo.PkgStatus_BU", max_rows=50)
ASKED: dict[str, Any] = {
    "id": "f" * 16, "plan": OTHER, "requester": LINUS.id, "requester_team": "T0OTHER", "reason": "another",
    "ticket": "CHG1", "created_at": NOW.replace(year=2020), "expires_at": NOW.replace(year=2099),
    "requester_counts": True, "undoes": "e" * 16, "requester_also": frozenset({"U2"}), "backup_table": "dbo.Elsewhere",
    "max_rows": 51, "quorum": 3,
}  # fmt: skip
VOTED: dict[str, Any] = {"user_id": LINUS.id, "team_id": "T0OTHER", "click": "another", "also": frozenset()}
PLACES: dict[str, tuple[Callable[..., tuple[str, ...]], tuple[Any, ...], tuple[Any, ...]]] = {
    "card": (signing.card_parts, ("a", "b", "c", "d"), ("1", "2", "3", "4")),
    "notice": (signing.notice_parts, (1, 2, "c", "d"), (3, 4, "5", "6")),
    "freeze": (
        signing.freeze_parts,
        ("froze resets", 1, "U1", "T1", "why"),
        ("unfroze resets", 2, "U2", "T2", "because"),
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_all_that_was_asked_for_is_in_the_mark_of_a_request(name: str) -> None:
    other = replace(REQUEST, **{name: ASKED[name]})
    assert getattr(other, name) != getattr(REQUEST, name)

    assert signing.request_parts(other) != signing.request_parts(REQUEST)


def test_how_many_must_approve_is_in_the_mark_of_a_request() -> None:
    assert signing.request_parts(REQUEST)[-1] == str(QUORUM)


@pytest.mark.parametrize("name", VOTED)
def test_all_of_a_vote_is_in_its_mark(name: str) -> None:
    other = replace(VOTE, **{name: VOTED[name]})

    assert signing.vote_parts(REQUEST, other) != signing.vote_parts(REQUEST, VOTE)


@pytest.mark.parametrize("name", ["id", "plan"])
def test_a_vote_is_for_one_plan_of_one_request(name: str) -> None:
    other = replace(REQUEST, **{name: ASKED[name]})

    assert signing.vote_parts(other, VOTE) != signing.vote_parts(REQUEST, VOTE)


@pytest.mark.parametrize(
    ("request_id", "at", "marks"),
    [("f" * 16, "then", ["mark"]), (REQUEST.id, "now", ["mark"]), (REQUEST.id, "then", [])],
)
def test_a_quorum_is_of_these_votes_at_this_moment(request_id: str, at: str, marks: list[str]) -> None:
    other = replace(REQUEST, id=request_id, votes=tuple(replace(VOTE, signature=mark) for mark in marks))

    assert signing.quorum_parts(other, at) != signing.quorum_parts(REQUEST, "then")


@pytest.mark.parametrize("kind", PLACES)
def test_every_part_of_a_place_is_in_its_mark(kind: str) -> None:
    parts, one, other = PLACES[kind]

    for number in range(len(one)):
        assert parts(*one[:number], other[number], *one[number + 1 :]) != parts(*one)


def test_what_is_marked_as_one_thing_is_no_mark_of_another() -> None:
    found = [parts(*one)[0] for parts, one, _ in PLACES.values()]
    found += [signing.request_parts(REQUEST)[0], signing.quorum_parts(REQUEST, "then")[0]]
    found += [signing.vote_parts(REQUEST, VOTE)[0]]

    assert len(set(found)) == len(found)
