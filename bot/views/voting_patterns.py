"""How people voted lately, as facts in a digest: no accusation, and nothing that a reader could not count himself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.quantity import quantity
from bot.domain.voting_patterns import LOOKED_AT, QUICK
from bot.views.block_kit import Block, context, section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.domain.voting_patterns import VotingPatterns

MOST_NAMED = 5


def draw(habits: VotingPatterns, person: Callable[[str], str]) -> list[Block]:
    """Draw the facts; nothing when no request was decided. `person` names somebody by user id."""
    if not habits.quorums:
        return []
    title = f"🖋️ *How votes went* in the last {LOOKED_AT.days} days, over {quantity(habits.quorums, 'approved request')}"
    if not habits.are_noticeable:
        return [section(f"{title}: nothing stands out.")]
    note = "Facts, not judgements: a quick vote may have been a prepared one."
    return [section("\n".join([title, *_lines(habits, person)])), context(note)]


def _lines(habits: VotingPatterns, person: Callable[[str], str]) -> Iterator[str]:
    if habits.quick:
        voters = list(dict.fromkeys(person(vote.user_id) for vote in habits.quick))
        fastest = min(vote.seconds for vote in habits.quick)
        yield (
            f"• {quantity(len(habits.quick), 'vote')} within {int(QUICK.total_seconds())} s of the card, the quickest "
            f"after {fastest} s: {_named(voters)}"
        )
    for pair in habits.pairs[:MOST_NAMED]:
        yield (
            f"• {person(pair.one)} and {person(pair.other)} approved every request of each other: "
            f"{pair.of_one} and {pair.of_other}"
        )
    for often in habits.frequent[:MOST_NAMED]:
        yield f"• {person(often.user_id)} is in {often.quorums} of {quantity(habits.quorums, 'quorum')}"


def _named(voters: list[str]) -> str:
    more = f" and {len(voters) - MOST_NAMED} more" if len(voters) > MOST_NAMED else ""
    return f"{', '.join(voters[:MOST_NAMED])}{more}"
