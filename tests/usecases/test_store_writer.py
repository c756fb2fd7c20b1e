"""Who may write the bot's database and has nothing else: no token, no right at a site, no vote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.domain.ledger import Draft, seal
from bot.domain.request import Stage
from bot.domain.signet import Signet
from tests.fakes import GRACE, LINUS, TEAM
from tests.usecases.reset_house import BEHIND

if TYPE_CHECKING:
    from bot.domain.ledger import JSON
    from bot.domain.request import Request
    from tests.usecases.reset_house import House

NOT_OURS = "a vote in its record was not taken by this bot, or its app-level token is a new one: please ask again"


def forge(house: House, request: Request, kind: str, user: str, facts: dict[str, JSON]) -> None:
    """Append an entry whose place in the chain and whose hash are as they must be."""
    stream = f"request {request.id}"
    last = "SELECT sequence, at, hash FROM ledger_entry ORDER BY sequence DESC LIMIT 1"
    ((sequence, at, previous),) = house.sql(last, database="store.db")
    draft = Draft(stream, None, kind, user, TEAM if user else "", facts)
    entry = seal(draft, int(sequence) + 1, str(at), house.now(request).version + 1, str(previous))
    insert = f"INSERT INTO ledger_entry VALUES ({', '.join('?' * len(entry))})"
    house.sql(insert, *entry, database="store.db")
    house.sql("UPDATE request SET stage = 'approved' WHERE id = ?", request.id, database="store.db")


@pytest.mark.parametrize("marked", [False, True], ids=["without a mark", "with the mark of another key"])
def test_votes_that_nobody_clicked_are_worth_nothing(house: House, marked: bool) -> None:  # noqa: FBT001 - a parameter
    request = house.ask()
    plan = request.plan.fingerprint
    for user in (GRACE.id, LINUS.id):
        mark = Signet().mark(request.id, plan, user, TEAM, "click") if marked else ""
        forge(house, request, "approved", user, {"fingerprint": plan, "click": "click", "mark": mark})
    forge(house, request, "quorum reached", "", {})

    house.applying.work_off()

    assert house.now(request).stage is Stage.FAILED
    assert house.now(request).note == NOT_OURS
    assert set(house.reads().values()) == {BEHIND}


def test_one_vote_does_not_become_two_by_being_copied_under_another_name(house: House) -> None:
    request = house.ask()
    house.vote(request, GRACE)
    (vote,) = house.now(request).votes
    plan = request.plan.fingerprint
    forge(house, request, "approved", LINUS.id, {"fingerprint": plan, "click": vote.click, "mark": vote.mark})
    forge(house, request, "quorum reached", "", {})

    house.applying.work_off()

    assert house.now(request).note == NOT_OURS
    assert set(house.reads().values()) == {BEHIND}
