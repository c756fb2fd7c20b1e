"""How people vote, read from the ledger: three facts, and when they are facts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.domain.ledger_entry import GENESIS, Draft, moment_text, seal
from bot.domain.request import Kind
from bot.domain.voting_patterns import QUICK, Frequent, Pair, QuickVote, VotingPatterns, read
from tests.builders import NOW
from tests.fakes import ADA, GRACE, LINUS, MARGARET, TEAM

if TYPE_CHECKING:
    from bot.domain.ledger_entry import Entry

SLOWLY = timedelta(minutes=10)


def entry(stream: str, kind: str, user: str = "", at: datetime = NOW) -> Entry:
    """Return one entry; its place in the chain does not matter here."""
    return seal(Draft(stream, None, kind, user, TEAM, {}), 1, moment_text(at), 1, GENESIS.hash)


def decided(number: int, requester: str, *voters: str, after: timedelta = SLOWLY) -> list[Entry]:
    """Return the entries of a request whose voters took that long after its card."""
    stream = f"request R{number}"
    shown_at = NOW + timedelta(hours=number)
    return [
        entry(stream, Kind.REQUESTED, requester, shown_at - timedelta(seconds=2)),
        entry(f"card R{number}", "card posted", "", shown_at),
        *(entry(stream, Kind.VOTED, voter, shown_at + after) for voter in voters),
        entry(stream, Kind.QUORUM, voters[-1], shown_at + after),
    ]


def test_nothing_recorded_is_no_habit() -> None:
    habits = read([entry("in K1", "looked up", ADA.id), entry("bot", "started")])

    assert habits == VotingPatterns(0)
    assert not habits.are_noticeable


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        (timedelta(seconds=4), [4]),
        (QUICK - timedelta(microseconds=1), [29]),
        (QUICK, []),
        (SLOWLY, []),
    ],
)
def test_a_vote_within_seconds_of_its_card_is_quick(after: timedelta, seconds: list[int]) -> None:
    habits = read(decided(1, ADA.id, GRACE.id, after=after))

    assert [vote.seconds for vote in habits.quick] == seconds


def test_a_quick_vote_names_its_request_and_its_voter_also_when_the_request_was_not_decided() -> None:
    entries = decided(1, ADA.id, GRACE.id, after=timedelta(seconds=3))[:-1]

    assert read(entries) == VotingPatterns(0, quick=(QuickVote("R1", GRACE.id, 3),))


def test_a_card_that_is_posted_anew_does_not_make_an_old_vote_quick() -> None:
    reposted = entry("card R1", "card posted", "", NOW + timedelta(hours=1) + SLOWLY - timedelta(seconds=1))
    request, card, *votes = decided(1, ADA.id, GRACE.id, LINUS.id)

    assert read([request, card, reposted, *votes]).quick == ()


def test_a_request_that_began_before_the_entries_has_no_card_to_be_quick_after() -> None:
    assert read(decided(1, ADA.id, GRACE.id, after=timedelta(seconds=1))[2:]) == VotingPatterns(1)


def test_two_who_approved_everything_of_each_other_are_a_pair() -> None:
    entries = [
        *decided(1, ADA.id, GRACE.id, LINUS.id),
        *decided(2, ADA.id, GRACE.id, MARGARET.id),
        *decided(3, GRACE.id, ADA.id, LINUS.id),
        *decided(4, GRACE.id, ADA.id, MARGARET.id),
        *decided(5, GRACE.id, ADA.id, MARGARET.id),
    ]

    assert read(entries).pairs == (Pair(ADA.id, GRACE.id, 2, 3),)


def test_one_request_that_the_other_left_to_others_makes_them_no_pair() -> None:
    entries = [
        *decided(1, ADA.id, GRACE.id, LINUS.id),
        *decided(2, ADA.id, GRACE.id, LINUS.id),
        *decided(3, GRACE.id, ADA.id, LINUS.id),
        *decided(4, GRACE.id, ADA.id, LINUS.id),
        *decided(5, GRACE.id, LINUS.id, MARGARET.id),
    ]

    assert read(entries).pairs == ()


def test_a_single_request_each_way_is_no_pair() -> None:
    assert read([*decided(1, ADA.id, GRACE.id), *decided(2, GRACE.id, ADA.id)]).pairs == ()


def test_one_person_in_most_quorums_is_named() -> None:
    entries = [
        step
        for number, voter in enumerate([LINUS.id, LINUS.id, MARGARET.id, MARGARET.id, LINUS.id])
        for step in decided(number, ADA.id, GRACE.id, voter)
    ]

    assert read(entries).frequent == (Frequent(GRACE.id, 5),)


def test_three_quorums_are_too_few_to_say_who_is_in_most_of_them() -> None:
    assert read([step for number in range(3) for step in decided(number, ADA.id, GRACE.id, LINUS.id)]).frequent == ()


def test_three_approvers_by_turns_are_nothing_to_speak_of() -> None:
    pairs = [(GRACE.id, LINUS.id), (LINUS.id, MARGARET.id), (MARGARET.id, GRACE.id)] * 2
    entries = [step for number, voters in enumerate(pairs) for step in decided(number, ADA.id, *voters)]

    assert read(entries) == VotingPatterns(6)
