"""Who may write the bot's database and has nothing else: no token, no right at a site, no vote."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.domain.chain import Break, Tampering
from bot.domain.ledger_entry import Draft, Entry, seal
from bot.domain.plan import Action
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Kind, Stage, Vote
from bot.domain.signing import Signer, vote_parts
from bot.usecases.resets.freeze import FROZE, STREAM, UNFROZE
from bot.usecases.resets.request_repository import NOT_OURS as NOT_RECORDED
from bot.usecases.resets.request_repository import QUORUM_NOT_OURS
from bot.usecases.resets.voting import CardClick, VoteService
from tests.builders import NOW, SIGNER
from tests.fakes import ADA, GRACE, LINUS, MARGARET, TEAM
from tests.usecases.reset_harness import BEHIND, RESET

if TYPE_CHECKING:
    from bot.domain.ledger_entry import JSON
    from bot.domain.plan import Plan
    from bot.domain.request import Request
    from tests.usecases.reset_harness import ResetHarness

NOT_OURS = "a vote in its record was not taken by this bot, or its app-level token is a new one: please ask again"


def forge(harness: ResetHarness, request: Request, kind: str, user: str, facts: dict[str, JSON]) -> None:
    """Append an entry whose place in the chain and whose hash are as they must be."""
    stream = f"request {request.id}"
    last = "SELECT sequence, at, hash FROM ledger_entry ORDER BY sequence DESC LIMIT 1"
    ((sequence, at, previous),) = harness.sql(last, database="store.db")
    draft = Draft(stream, None, kind, user, TEAM if user else "", facts)
    entry = seal(draft, int(sequence) + 1, str(at), harness.now(request).version + 1, str(previous))
    insert(harness, entry)
    harness.sql("UPDATE request SET stage = 'approved' WHERE id = ?", request.id, database="store.db")


def insert(harness: ResetHarness, entry: Entry) -> None:
    """Write an entry into the ledger's table."""
    harness.sql(f"INSERT INTO ledger_entry VALUES ({', '.join('?' * len(entry))})", *entry, database="store.db")


def rewrite(harness: ResetHarness, stream: str, kind: str, facts: dict[str, JSON] | None = None, **fields: str) -> None:
    """Change an entry, and seal it and all that follow anew, so that the chain holds."""
    entries = [
        Entry(*row)  # type: ignore[call-arg, arg-type]
        for row in harness.sql("SELECT * FROM ledger_entry ORDER BY sequence", database="store.db")
    ]
    harness.sql("DELETE FROM ledger_entry", database="store.db")
    previous = "0" * 64
    for entry in entries:
        is_it = (entry.stream, entry.kind) == (stream, kind)
        now = entry._replace(**fields) if is_it else entry  # type: ignore[arg-type]
        known = {**now.facts, **(facts or {})} if is_it else now.facts
        draft = Draft(now.stream, None, now.kind, now.actor_user, now.actor_team, known)
        sealed = seal(draft, now.sequence, now.moment, now.version, previous)
        previous = sealed.hash
        insert(harness, sealed)
    assert harness.store.ledger.verify() is None


def ends_unapplied(harness: ResetHarness, request: Request, note: str) -> None:
    """Let the bot work; the request ends, says why, holds no row, and no row was changed."""
    harness.watcher.tick()
    harness.executor.run_pending()
    now = harness.now(request)
    assert (now.stage, now.note) == (Stage.FAILED, note)
    assert set(harness.reads().values()) == {BEHIND}
    assert harness.sql("SELECT request FROM request_row WHERE request = ?", request.id, database="store.db") == []


REWRITINGS: dict[str, tuple[dict[str, JSON], dict[str, str]]] = {
    "who asked": ({}, {"actor_user": MARGARET.id}),
    "from where": ({}, {"actor_team": "T0OTHER"}),
    "also known as": ({"also": ["U0SOMEBODY"]}, {}),
    "why": ({"reason_given": "nothing special"}, {}),
    "how long": ({"expires_at": "2099-01-01T00:00:00+00:00"}, {}),
    "since when": ({"created_at": "2020-01-01T00:00:00+00:00"}, {}),
    "by which rule": ({"requester_counts": True}, {}),
    "into which backup table": ({"backup_table": "dbo.Elsewhere"}, {}),
    "how many rows": ({"max_rows": 1_000_000}, {}),
    "how many approvals, fewer": ({"quorum": 1}, {}),
    "how many approvals, more": ({"quorum": 3}, {}),
    "what it takes back": ({"undoes": "0123456789abcdef"}, {}),
    "a mark of somebody else": ({"mark": Signer().sign("request")}, {}),
    "no mark, as older versions recorded it": ({"mark": ""}, {}),
}


@pytest.mark.parametrize(("facts", "fields"), REWRITINGS.values(), ids=REWRITINGS)
def test_a_request_that_was_rewritten_while_it_waited_takes_no_vote_and_ends(
    harness: ResetHarness, facts: dict[str, JSON], fields: dict[str, str]
) -> None:
    request = harness.ask()
    rewrite(harness, f"request {request.id}", Kind.REQUESTED, facts, **fields)

    pressed = CardClick(
        harness.actor(GRACE), request.id, request.plan.fingerprint, "C0APPROVALS", request.id, harness.click(), {}
    )
    assert VoteService(harness.requests, harness.eligibility).approve(pressed) == Refusal(Reason.NOT_OUR_RECORD)

    ends_unapplied(harness, request, NOT_RECORDED)
    assert harness.store.ledger.stream(f"request {request.id}")[-1].kind == Kind.FAILED


@pytest.mark.parametrize(("facts", "fields"), REWRITINGS.values(), ids=REWRITINGS)
def test_a_request_that_was_rewritten_after_its_votes_is_not_applied(
    harness: ResetHarness, facts: dict[str, JSON], fields: dict[str, str]
) -> None:
    request = harness.approved()
    rewrite(harness, f"request {request.id}", Kind.REQUESTED, facts, **fields)

    ends_unapplied(harness, request, NOT_RECORDED)


def test_other_rows_than_those_that_were_approved_are_not_applied(harness: ResetHarness) -> None:
    request = harness.approved("NYC-DP03")
    facts = request.plan.to_facts()
    facts["rows"] = [[*row[:5], 99, 3, *row[7:]] for row in facts["rows"]]
    rewrite(harness, f"request {request.id}", Kind.REQUESTED, {"plan": facts})

    harness.executor.run_pending()

    assert set(harness.reads().values()) == {BEHIND}
    assert harness.now(request).stage is Stage.FAILED


def test_the_requester_s_own_vote_does_not_count_because_somebody_else_is_written_as_requester(
    harness: ResetHarness,
) -> None:
    request = harness.ask(who=GRACE)
    rewrite(harness, f"request {request.id}", Kind.REQUESTED, actor_user=ADA.id)
    pressed = CardClick(
        harness.actor(GRACE), request.id, request.plan.fingerprint, "C0APPROVALS", request.id, harness.click(), {}
    )

    assert VoteService(harness.requests, harness.eligibility).approve(pressed) == Refusal(Reason.NOT_OUR_RECORD)


def test_a_quorum_of_long_ago_is_not_made_fresh_by_another_moment(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.clock.move(seconds=3600)
    at = harness.clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    rewrite(harness, f"request {request.id}", Kind.QUORUM, moment=at)

    ends_unapplied(harness, request, QUORUM_NOT_OURS)


def test_votes_become_no_quorum_by_an_entry_that_says_so(harness: ResetHarness) -> None:
    """The mark of each vote is good, but the bot never found them to be enough."""
    request = harness.ask()
    for user in (GRACE.id, LINUS.id):
        vote = replace_vote(user)
        facts: dict[str, JSON] = {"fingerprint": request.plan.fingerprint, "click": "click"}
        forge(harness, request, "approved", user, {**facts, "mark": SIGNER.sign(*vote_parts(request, vote))})
    forge(harness, request, "quorum reached", "", {})

    ends_unapplied(harness, request, QUORUM_NOT_OURS)


def replace_vote(user: str) -> Vote:
    return Vote(user, TEAM, NOW, "click")


def test_an_undo_of_something_that_this_bot_did_not_record_is_not_applied(harness: ResetHarness) -> None:
    done = harness.reset()
    undo = harness.undo(done)
    assert not isinstance(undo, Refusal)
    placed = harness.placed(undo)
    assert placed.plan.action is Action.UNDO
    harness.vote(placed, GRACE, LINUS)
    rewrite(harness, f"request {done.id}", Kind.REQUESTED, {"reason_given": "something else"})

    harness.executor.run_pending()

    assert harness.now(placed).stage is Stage.FAILED
    assert "was not recorded by this bot as it reads" in harness.now(placed).note
    assert set(harness.reads().values()) == {RESET}


def opened(harness: ResetHarness, like: Request, plan: Plan, undoes: str = "") -> Request:
    """Open a request that bears the bot's own mark and whose plan the bot would never make, and let two approve it."""
    request = replace(like, id="f" * 16, plan=plan, undoes=undoes, stage=Stage.PENDING, votes=(), version=0)
    request = harness.placed(harness.requests.open(request, harness.click()))
    harness.vote(request, GRACE, LINUS)
    return request


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("change", [{"version_after": 99}, {"status_after": 3}], ids=str)
def test_a_reset_of_which_one_row_ends_elsewhere_is_not_applied_whatever_mark_it_bears(
    harness: ResetHarness, number: int, change: dict[str, int]
) -> None:
    like = harness.ask()
    harness.requests.change(like.id, harness.withdrawal(ADA))
    rows = [replace(row, **change) if place == number else row for place, row in enumerate(like.plan.rows)]  # type: ignore[arg-type]
    assert len(rows) == 2

    request = opened(harness, like, replace(like.plan, rows=tuple(rows)))

    ends_unapplied(harness, request, "its rows do not end as those of a reset do")


def test_an_undo_of_what_was_never_applied_is_not_applied_whatever_mark_it_bears(harness: ResetHarness) -> None:
    like = harness.approved()
    harness.clock.move(seconds=16 * 60)
    ends_unapplied(harness, like, "it was approved too long ago")
    rows = tuple(row.reversed() for row in like.plan.rows)

    request = opened(harness, like, replace(like.plan, action=Action.UNDO, rows=rows), undoes=like.id)

    ends_unapplied(harness, request, f"what it takes back, request {like.id}, was not recorded by this bot as it reads")


def test_an_undo_is_the_reverse_of_the_applied_request_that_it_names(harness: ResetHarness) -> None:
    done = harness.reset()
    rows = tuple(replace(row.reversed(), version_after=row.version_before + 1) for row in done.plan.rows)

    request = opened(harness, done, replace(done.plan, action=Action.UNDO, rows=rows), undoes=done.id)
    harness.executor.run_pending()

    now = harness.now(request)
    assert (now.stage, now.note) == (Stage.FAILED, "it is not the reverse of the reset that it takes back")
    assert set(harness.reads().values()) == {RESET}


def test_a_card_that_somebody_put_elsewhere_is_nowhere(harness: ResetHarness) -> None:
    request = harness.ask()
    harness.sql("UPDATE request SET card_ts = '1.1' WHERE id = ?", request.id, database="store.db")

    assert harness.requests.index.card(request.id) is None


@pytest.mark.parametrize("mark", ["", "good for the one before"])
def test_only_the_bot_itself_lifts_a_freeze(harness: ResetHarness, mark: str) -> None:
    actor = harness.actor(GRACE)
    harness.freeze_service.freeze(actor, "look first", "1")
    harness.freeze_service.unfreeze(actor, "2")
    assert harness.freeze_service.now() is None
    lifted = harness.store.ledger.stream(STREAM)[-1]
    harness.freeze_service.freeze(actor, "look again", "3")
    copied = {**lifted.facts, "click": "4"} if mark else {"click": "4"}
    harness.store.ledger.append(Draft(STREAM, None, UNFROZE, GRACE.id, TEAM, copied))

    freeze = harness.freeze_service.now()

    assert freeze
    assert freeze.why == "look again"
    harness.freeze_service.unfreeze(actor, "5")
    assert harness.freeze_service.now() is None


@pytest.mark.parametrize("sequence", [0, -1, 2**63 - 1])
def test_an_unfreeze_beside_the_chain_lifts_nothing_and_is_named(harness: ResetHarness, sequence: int) -> None:
    actor = harness.actor(GRACE)
    harness.freeze_service.freeze(actor, "look first", "1")
    harness.freeze_service.unfreeze(actor, "2")
    lifted = harness.store.ledger.stream(STREAM)[-1]
    request = harness.approved()
    harness.freeze_service.freeze(actor, "look again", "3")
    forged = Draft(STREAM, None, UNFROZE, GRACE.id, TEAM, {**lifted.facts, "click": "4"})
    insert(harness, seal(forged, sequence, lifted.moment, 4, lifted.previous_hash))

    harness.executor.run_pending()

    freeze = harness.freeze_service.now()
    assert freeze
    assert freeze.why == "look again"
    assert set(harness.reads().values()) == {BEHIND}
    assert harness.now(request).note == str(Reason.FROZEN)
    assert harness.store.ledger.verify() == Break(sequence, Tampering.INSERTED)


def test_a_freeze_that_somebody_calls_an_unfreeze_still_holds(harness: ResetHarness) -> None:
    actor = harness.actor(GRACE)
    harness.freeze_service.freeze(actor, "first", "1")
    harness.freeze_service.unfreeze(actor, "2")
    harness.freeze_service.freeze(actor, "second", "3")
    harness.sql(
        "UPDATE ledger_entry SET kind = ? WHERE stream = ? AND version = 3", UNFROZE, STREAM, database="store.db"
    )

    assert harness.freeze_service.now()


def test_the_only_freeze_that_somebody_calls_an_unfreeze_still_holds(harness: ResetHarness) -> None:
    harness.freeze_service.freeze(harness.actor(GRACE), "first", "1")
    harness.sql("UPDATE ledger_entry SET kind = ? WHERE stream = ?", UNFROZE, STREAM, database="store.db")

    assert harness.freeze_service.now()


def test_a_freeze_counts_whoever_wrote_it(harness: ResetHarness) -> None:
    harness.store.ledger.append(Draft(STREAM, None, FROZE, GRACE.id, TEAM, {"reason_given": "now"}))

    assert harness.freeze_service.now()


@pytest.mark.parametrize("marked", [False, True], ids=["without a mark", "with the mark of another key"])
def test_votes_that_nobody_clicked_are_worth_nothing(harness: ResetHarness, marked: bool) -> None:  # noqa: FBT001 - a parameter
    request = harness.ask()
    plan = request.plan.fingerprint
    for user in (GRACE.id, LINUS.id):
        mark = Signer().sign(request.id, plan, user, TEAM, "click") if marked else ""
        forge(harness, request, "approved", user, {"fingerprint": plan, "click": "click", "mark": mark})
    forge(harness, request, "quorum reached", "", {})

    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.FAILED
    assert harness.now(request).note == NOT_OURS
    assert set(harness.reads().values()) == {BEHIND}


def test_one_vote_does_not_become_two_by_being_copied_under_another_name(harness: ResetHarness) -> None:
    request = harness.ask()
    harness.vote(request, GRACE)
    (vote,) = harness.now(request).votes
    plan = request.plan.fingerprint
    forge(harness, request, "approved", LINUS.id, {"fingerprint": plan, "click": vote.click, "mark": vote.signature})
    forge(harness, request, "quorum reached", "", {})

    harness.executor.run_pending()

    assert harness.now(request).note == NOT_OURS
    assert set(harness.reads().values()) == {BEHIND}
