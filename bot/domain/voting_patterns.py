"""What the ledger says about how people vote: three facts that may mean rubber stamps, or may not.

Pure. Facts only: nobody is judged, and nothing here stops a vote.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING

from bot.domain.request import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bot.domain.ledger_entry import Entry

LOOKED_AT = timedelta(days=28)
QUICK = timedelta(seconds=30)
"""Hardly long enough to read a card with its rows."""
LEAST_EACH_WAY = 2
"""So many requests of either, all approved by the other, make a pair."""
LEAST_QUORUMS = 4
"""Fewer say nothing about who is in most of them."""
MOST = 0.75
"""Of three approvers each is in two thirds of the quorums by chance."""

REQUEST_STREAM = "request "
CARD_STREAM = "card "
CARD_POSTED = "card posted"


@dataclass(frozen=True, slots=True)
class QuickVote:
    """An approval that came within QUICK of its card."""

    request_id: str
    user_id: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people each of whom approved every request of the other."""

    one: str
    other: str
    of_one: int
    of_other: int


@dataclass(frozen=True, slots=True)
class Frequent:
    """Somebody who is in most quorums."""

    user_id: str
    quorums: int


@dataclass(frozen=True, slots=True)
class VotingPatterns:
    """The facts of a stretch of time, and out of how many quorums they come."""

    quorums: int
    quick: tuple[QuickVote, ...] = ()
    pairs: tuple[Pair, ...] = ()
    frequent: tuple[Frequent, ...] = ()

    @property
    def are_noticeable(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.quick or self.pairs or self.frequent)


@dataclass(slots=True)
class _Story:
    """What was recorded of one request."""

    requester: str = ""
    shown_at: datetime | None = None
    votes: dict[str, datetime] = field(default_factory=dict)
    has_quorum: bool = False


def read(entries: Iterable[Entry]) -> VotingPatterns:
    """Read the facts from ledger entries, in their order."""
    stories = _stories(entries)
    decided = [story for story in stories.values() if story.has_quorum]
    return VotingPatterns(len(decided), _quick(stories), _pairs(decided), _frequent(decided))


def _stories(entries: Iterable[Entry]) -> Mapping[str, _Story]:
    stories: dict[str, _Story] = defaultdict(_Story)
    for entry in entries:
        if entry.stream.startswith(REQUEST_STREAM):
            _note(stories[entry.stream.removeprefix(REQUEST_STREAM)], entry)
        elif entry.kind == CARD_POSTED and entry.stream.startswith(CARD_STREAM):
            story = stories[entry.stream.removeprefix(CARD_STREAM)]
            story.shown_at = story.shown_at or entry.at
    return stories


def _note(story: _Story, entry: Entry) -> None:
    match entry.kind:
        case Kind.REQUESTED:
            story.requester = entry.actor_user
        case Kind.VOTED:
            story.votes.setdefault(entry.actor_user, entry.at)
        case Kind.QUORUM:
            story.has_quorum = True


def _quick(stories: Mapping[str, _Story]) -> tuple[QuickVote, ...]:
    return tuple(
        QuickVote(request_id, user, int((at - story.shown_at).total_seconds()))
        for request_id, story in stories.items()
        for user, at in story.votes.items()
        if story.shown_at and timedelta(0) <= at - story.shown_at < QUICK
    )


def _pairs(decided: Iterable[_Story]) -> tuple[Pair, ...]:
    asked: Counter[str] = Counter()
    approved: Counter[tuple[str, str]] = Counter()
    for story in decided:
        asked[story.requester] += 1
        approved.update((story.requester, voter) for voter in story.votes)
    return tuple(
        Pair(one, other, asked[one], asked[other])
        for one, other in combinations(sorted(filter(None, asked)), 2)
        if min(asked[one], asked[other]) >= LEAST_EACH_WAY
        and approved[one, other] == asked[one]
        and approved[other, one] == asked[other]
    )


def _frequent(decided: list[_Story]) -> tuple[Frequent, ...]:
    if len(decided) < LEAST_QUORUMS:
        return ()
    voters = Counter(voter for story in decided for voter in story.votes)
    return tuple(Frequent(user, count) for user, count in voters.most_common() if count > MOST * len(decided))
