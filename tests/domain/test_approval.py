"""The two-person rule as a table: every stage with every command, and every way a vote is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.approval import (
    Abandon,
    Approve,
    Claim,
    Command,
    Delay,
    Disown,
    Finish,
    MarkInDoubt,
    MarkStale,
    Reject,
    Tick,
    Undone,
    Watched,
    Withdraw,
    decide,
    votes_required,
)
from bot.domain.ledger_entry import GENESIS, Draft, Entry, moment_text, seal
from bot.domain.plan import Action
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import OPEN, QUORUM, Event, Kind, Request, Stage, advance, opening, replay
from tests.builders import NOW
from tests.fakes import ADA, GRACE, LINUS, MARGARET, TEAM
from tests.requests import HALF_TIME, SOON, TOO_LATE, after, approve, asked, plan, plan_row, reached

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

ROWS = 2
COMMANDS: dict[str, Command] = {
    "approve": Approve(MARGARET.id, TEAM, asked().plan.fingerprint),
    "reject": Reject(MARGARET.id, TEAM, "not during the rollout"),
    "withdraw": Withdraw(ADA.id, TEAM),
    "tick": Tick(),
    "outdate": MarkStale(("NYC-DP03: version 13, status 3 instead of 7, 3",)),
    "give-up": Finish("frozen", claimed=False),
    "pretend": Finish(claimed=False),
    "wait": Delay("site PS1 does not answer"),
    "claim": Claim(),
    "moved": MarkStale(("NYC-DP03: no such row",), claimed=True),
    "finish": Finish(),
    "fail": Finish("the site database said: timeout"),
    "doubt": MarkInDoubt("the site database does not say (unreachable)"),
    "look": Watched(),
    "some": Watched(frozenset({1})),
    "all": Watched(frozenset(range(1, ROWS + 1))),
    "overdue": Watched(frozenset({1}), "open distmgr.log at the source site"),
    "abandon": Abandon("open distmgr.log at the source site"),
    "undone": Undone("fedcba9876543210"),
    "disown": Disown("this bot did not record it"),
}
PEOPLE_AND_TIME = """
            approve    reject     withdraw   tick
pending     approved   rejected   withdrawn  -
approved    decided    decided    decided    -
applying    decided    decided    decided    -
applied     decided    decided    decided    -
converged   decided    decided    decided    -
stalled     decided    decided    decided    -
failed      decided    decided    decided    -
rejected    decided    decided    decided    -
withdrawn   withdrawn! withdrawn! withdrawn! -
expired     expired!   expired!   expired!   -
stale       outdated!  outdated!  outdated!  -
abandoned   decided    decided    decided    -
undone      decided    decided    decided    -
"""
BEFORE_AND_BEHIND_THE_CLAIM = """
            outdate give-up pretend wait                  claim    moved finish  fail   doubt    disown
pending     stale   no      no      no                    no       no    no      no     no       failed
approved    stale   failed  no      waiting_to_be_applied applying no    no      no     no       failed
applying    no      no      no      no                    no       stale applied failed in_doubt no
applied     no      no      no      no                    no       no    no      no     no       no
converged   no      no      no      no                    no       no    no      no     no       no
stalled     no      no      no      no                    no       no    no      no     no       no
failed      no      no      no      no                    no       no    no      no     no       no
rejected    no      no      no      no                    no       no    no      no     no       no
withdrawn   no      no      no      no                    no       no    no      no     no       no
expired     no      no      no      no                    no       no    no      no     no       no
stale       no      no      no      no                    no       no    no      no     no       no
abandoned   no      no      no      no                    no       no    no      no     no       no
undone      no      no      no      no                    no       no    no      no     no       no
"""
AFTER_THE_APPLY = """
            look some       all       overdue    abandon   undone
pending     no   no         no        no         no        no
approved    no   no         no        no         no        no
applying    no   no         no        no         no        no
applied     -    progressed converged stalled    abandoned undone
converged   no   no         no        no         no        undone
stalled     -    progressed converged progressed abandoned undone
failed      no   no         no        no         no        no
rejected    no   no         no        no         no        no
withdrawn   no   no         no        no         no        no
expired     no   no         no        no         no        no
stale       no   no         no        no         no        no
abandoned   no   no         no        no         no        undone
undone      no   no         no        no         no        no
"""
TABLES = (PEOPLE_AND_TIME, BEFORE_AND_BEHIND_THE_CLAIM, AFTER_THE_APPLY)
"""`-` means that nothing is due, a kind of event that it happens, anything else that it is refused."""

REFUSALS = {
    "no": Reason.WRONG_STAGE,
    "decided": Reason.DECIDED_ALREADY,
    "withdrawn!": Reason.WITHDRAWN,
    "expired!": Reason.EXPIRED,
    "outdated!": Reason.STALE_PLAN,
}


def cells(table: str) -> list[tuple[Stage, str, str]]:
    header, *lines = (line.split() for line in table.strip().splitlines())
    return [
        (Stage(stage), name, cell.replace("_", " "))
        for stage, *line in lines
        for name, cell in zip(header, line, strict=True)
    ]


CELLS = [cell for table in TABLES for cell in cells(table)]


def kinds(decision: object) -> list[Kind]:
    assert isinstance(decision, list), decision
    return [event.kind for event in decision]


def test_the_table_has_every_stage_with_every_command() -> None:
    pairs = [(stage, name) for stage, name, _ in CELLS]

    assert sorted(pairs) == sorted((stage, name) for stage in Stage for name in COMMANDS)
    assert {type(command) for command in COMMANDS.values()} == set(get_args(Command))


@pytest.mark.parametrize(("stage", "name", "cell"), CELLS)
def test_each_stage_takes_each_command_as_the_table_says(stage: Stage, name: str, cell: str) -> None:
    decision = decide(reached(stage), COMMANDS[name], SOON)

    if cell in REFUSALS:
        assert decision == Refusal(REFUSALS[cell])
    else:
        assert kinds(decision) == ([] if cell == "-" else [Kind(cell)])


@pytest.mark.parametrize(("stage", "name", "cell"), [row for row in CELLS if row[2] in set(Kind)])
def test_what_happens_leads_to_the_stage_of_its_name(stage: Stage, name: str, cell: str) -> None:
    stays = {Kind.VOTED, Kind.PROGRESSED, Kind.DELAYED, Kind.IN_DOUBT}

    assert after(reached(stage), COMMANDS[name]).stage is (stage if cell in stays else Stage(cell))


def test_the_second_of_two_different_approvals_makes_the_quorum_and_the_first_alone_does_not() -> None:
    request = asked()
    first = decide(request, approve(GRACE.id, request), SOON)
    second = decide(after(request, approve(GRACE.id, request)), approve(LINUS.id, request), SOON)

    assert (kinds(first), kinds(second)) == ([Kind.VOTED], [Kind.VOTED, Kind.QUORUM])
    assert QUORUM == 2


def test_a_request_needs_as_many_approvals_as_it_was_asked_for_under() -> None:
    request = replace(asked(), quorum=3)
    for number, person in enumerate((GRACE, LINUS, MARGARET), start=1):
        events = decide(request, approve(person.id, request), SOON)
        assert kinds(events) == ([Kind.VOTED, Kind.QUORUM] if number == 3 else [Kind.VOTED])
        request = after(request, approve(person.id, request))

    assert request.stage is Stage.APPROVED


@pytest.mark.parametrize("quorum", [1, 0, -1])
def test_no_record_makes_one_approval_enough(quorum: int) -> None:
    request = replace(asked(), quorum=quorum)

    assert votes_required(request) == 2
    assert kinds(decide(request, approve(GRACE.id, request), SOON)) == [Kind.VOTED]


@pytest.mark.parametrize(("quorum", "recorded"), [(2, {}), (3, {"quorum": 3}), (1, {"quorum": 1})])
def test_a_request_without_a_recorded_number_of_approvals_needs_two(quorum: int, recorded: dict[str, int]) -> None:
    request = replace(asked(), quorum=quorum)
    event = opening(request)

    assert {name: fact for name, fact in event.facts.items() if name == "quorum"} == recorded
    draft = Draft("request 1", None, event.kind, event.user_id, event.team_id, event.facts)
    entry = seal(draft, 1, moment_text(NOW), 1, GENESIS.hash)
    assert getattr(replay(request.id, [entry]), "quorum", None) == quorum


def test_a_vote_is_recorded_with_its_voter_and_the_fingerprint_that_was_shown() -> None:
    request = asked()
    decision = decide(request, approve(GRACE.id, request), SOON)

    assert decision == [
        Event(Kind.VOTED, GRACE.id, TEAM, {"fingerprint": request.plan.fingerprint, "votes": 1}),
    ]


@pytest.mark.parametrize(
    ("command", "request_", "reason"),
    [
        (approve(ADA.id, asked()), asked(), Reason.OWN_REQUEST),
        (approve(GRACE.id, asked()), after(asked(), approve(GRACE.id, asked())), Reason.VOTED_ALREADY),
        (Approve(GRACE.id, TEAM, plan(plan_row()).fingerprint), asked(), Reason.OTHER_PLAN),
        (Approve(GRACE.id, TEAM, ""), asked(), Reason.OTHER_PLAN),
        (Reject(ADA.id, TEAM, "changed my mind"), asked(), Reason.OWN_REQUEST),
        (Withdraw(GRACE.id, TEAM), asked(), Reason.NOT_REQUESTER),
        (approve(ADA.id, asked()), after(asked(requester_counts=True), approve(ADA.id, asked())), Reason.VOTED_ALREADY),
        (Reject(ADA.id, TEAM, "changed my mind"), asked(requester_counts=True), Reason.OWN_REQUEST),
    ],
    ids=[
        "the requester approves",
        "the same person twice",
        "another plan",
        "no fingerprint",
        "the requester rejects",
        "somebody else withdraws",
        "a requester who counts, twice",
        "a requester who counts rejects",
    ],
)
def test_a_pending_request_refuses(command: Command, request_: Request, reason: Reason) -> None:
    assert decide(request_, command, SOON) == Refusal(reason)


WHOLE_ADA, WHOLE_GRACE = frozenset({"W0ADA"}), frozenset({"W0GRACE"})
"""What else Slack calls them in the whole organisation."""


def vote(user_id: str, *also: str) -> Approve:
    return Approve(user_id, "T0SISTER", asked().plan.fingerprint, frozenset(also))


@pytest.mark.parametrize(
    ("command", "request_", "reason"),
    [
        (vote("W0ADA"), asked(requester_also=WHOLE_ADA), Reason.OWN_REQUEST),
        (vote("W0ADA", ADA.id), asked(), Reason.OWN_REQUEST),
        (vote("U0ELSEWHERE", "W0ADA"), asked(requester_also=WHOLE_ADA), Reason.OWN_REQUEST),
        (Reject("W0ADA", TEAM, "changed my mind"), asked(requester_also=WHOLE_ADA), Reason.OWN_REQUEST),
        (Reject("W0ADA", TEAM, "changed my mind", frozenset({ADA.id})), asked(), Reason.OWN_REQUEST),
        (vote("W0GRACE"), after(asked(), vote(GRACE.id, "W0GRACE")), Reason.VOTED_ALREADY),
        (vote("W0GRACE", GRACE.id), after(asked(), vote(GRACE.id)), Reason.VOTED_ALREADY),
        (vote("U0ELSEWHERE", "W0GRACE"), after(asked(), vote(GRACE.id, "W0GRACE")), Reason.VOTED_ALREADY),
        (Withdraw("W0GRACE", TEAM, frozenset({GRACE.id})), asked(requester_also=WHOLE_ADA), Reason.NOT_REQUESTER),
    ],
)
def test_one_person_with_two_ids_is_one_person(command: Command, request_: Request, reason: Reason) -> None:
    assert decide(request_, command, SOON) == Refusal(reason)


def test_a_requester_withdraws_by_either_id() -> None:
    assert after(asked(requester_also=WHOLE_ADA), Withdraw("W0ADA", TEAM)).stage is Stage.WITHDRAWN


def test_other_ids_of_requester_and_voters_are_read_back_and_take_no_room_where_there_are_none() -> None:
    request = asked(requester_also=WHOLE_ADA)
    opened = opening(request)
    (voted,) = as_events(decide(request, vote(GRACE.id, *WHOLE_GRACE), SOON))
    entries = [recorded(opened, NOW, [])]
    again = replay(request.id, [*entries, recorded(voted, NOW, entries)])

    assert again is not None
    assert (again.requester_ids, again.votes[0].ids) == (WHOLE_ADA | {ADA.id}, WHOLE_GRACE | {GRACE.id})
    assert "also" not in opening(asked()).facts


def as_events(decision: Sequence[Event] | Refusal) -> Sequence[Event]:
    assert not isinstance(decision, Refusal)
    return decision


def test_a_requester_who_counts_is_one_of_two_and_never_both() -> None:
    request = asked(requester_counts=True)
    own = after(request, approve(ADA.id, request))

    assert own.stage is Stage.PENDING
    assert after(own, approve(GRACE.id, request)).stage is Stage.APPROVED


@pytest.mark.parametrize(
    "command", [approve(GRACE.id, asked()), Reject(GRACE.id, TEAM, "too late for it"), Withdraw(ADA.id, TEAM)]
)
def test_nothing_is_decided_from_the_moment_of_expiry_on_even_before_the_clock_says_so(command: Command) -> None:
    assert decide(asked(), command, TOO_LATE) == Refusal(Reason.EXPIRED)
    assert not isinstance(decide(asked(), command, TOO_LATE - timedelta(microseconds=1)), Refusal)


def test_time_reminds_once_at_half_time_and_expires_at_the_end() -> None:
    request = asked()
    reminded = after(request, Tick(), at=HALF_TIME)

    assert kinds(decide(request, Tick(), HALF_TIME - timedelta(microseconds=1))) == []
    assert kinds(decide(request, Tick(), HALF_TIME)) == [Kind.REMINDED]
    assert kinds(decide(reminded, Tick(), TOO_LATE - timedelta(microseconds=1))) == []
    assert kinds(decide(reminded, Tick(), TOO_LATE)) == kinds(decide(request, Tick(), TOO_LATE)) == [Kind.EXPIRED]


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.PENDING])
def test_time_does_nothing_to_a_request_that_waits_for_nobody(stage: Stage) -> None:
    assert kinds(decide(reached(stage), Tick(), TOO_LATE + timedelta(days=9))) == []


def test_a_request_says_who_decided_when_and_why() -> None:
    rejected = reached(Stage.REJECTED)
    stale = reached(Stage.STALE)

    assert (rejected.decided_by, rejected.decided_at) == (GRACE.id, SOON)
    assert rejected.note == "not during the rollout"
    assert "version 13, status 3 instead of 7, 3" in stale.note
    assert reached(Stage.FAILED).note == "the site database said: deadlock"
    assert [vote.user_id for vote in reached(Stage.APPLIED).votes] == [GRACE.id, LINUS.id]


def test_open_stages_are_those_from_which_rows_may_still_be_changed() -> None:
    assert {stage for stage, _, cell in CELLS if cell in {"approved", "applying", "applied"}} == OPEN


def test_an_undo_waits_for_nobody_and_is_done_when_it_is_applied() -> None:
    undo = reached(Stage.APPLYING, plan=plan(action=Action.UNDO))

    assert kinds(decide(undo, Finish(), SOON)) == [Kind.APPLIED, Kind.CONVERGED]
    assert after(undo, Finish()).stage is Stage.CONVERGED


def test_a_doubt_is_said_once_and_forgotten_when_it_is_resolved() -> None:
    doubted = after(reached(Stage.APPLYING), COMMANDS["doubt"])

    assert doubted.note == "the site database does not say (unreachable)"
    assert kinds(decide(doubted, COMMANDS["doubt"], SOON)) == []
    lasting = after(doubted, MarkInDoubt("ask the DBA", is_lasting=True))
    assert lasting.note == "ask the DBA"
    assert kinds(decide(lasting, COMMANDS["doubt"], SOON)) == []
    assert kinds(decide(lasting, MarkInDoubt("ask the DBA", is_lasting=True), SOON)) == []
    assert after(doubted, Finish()).note == ""
    assert after(doubted, COMMANDS["fail"]).note == "the site database said: timeout"


CLERKS = [ADA.id, GRACE.id, LINUS.id, MARGARET.id]
FINGERPRINTS = [asked().plan.fingerprint, "f" * 64]
ANY_COMMAND = st.one_of(
    st.builds(
        Approve, st.sampled_from(CLERKS), st.just(TEAM), st.sampled_from([*FINGERPRINTS[:1] * 3, FINGERPRINTS[1]])
    ),
    st.builds(Reject, st.sampled_from(CLERKS), st.just(TEAM), st.text(max_size=9)),
    st.builds(Withdraw, st.sampled_from(CLERKS), st.just(TEAM)),
    st.just(Tick()),
    st.builds(MarkStale, st.lists(st.text(max_size=9), max_size=2).map(tuple), st.booleans()),
    st.just(Claim()),
    st.builds(Finish, st.sampled_from(["", "timeout"]), st.booleans()),
    st.builds(MarkInDoubt, st.just("unreachable")),
    st.builds(Watched, st.frozensets(st.integers(1, ROWS)), st.sampled_from(["", "distmgr.log"])),
    st.just(Abandon("distmgr.log")),
    st.just(Undone("fedcba9876543210")),
)
LIKELY = st.sampled_from([approve(GRACE.id, asked()), approve(LINUS.id, asked()), Claim(), Finish()])
HISTORIES = st.lists(st.tuples(LIKELY | ANY_COMMAND, st.integers(0, 50)), max_size=14)
END = {Stage.UNDONE, Stage.FAILED, Stage.REJECTED, Stage.WITHDRAWN, Stage.EXPIRED, Stage.STALE}


@settings(max_examples=400, deadline=None)
@given(HISTORIES, st.sampled_from([asked(), asked(requester_counts=True)]))
def test_whatever_comes_in_whatever_order_two_different_people_come_before_a_claim_and_an_end_stays(
    history: list[tuple[Command, int]], request_: Request
) -> None:
    request, now = request_, NOW
    for command, minutes in history:
        now += timedelta(minutes=minutes)
        decision = decide(request, command, now)
        was = request.stage
        if isinstance(decision, Refusal):
            continue
        request = advance(request, decision, now)
        if Kind.CLAIMED in kinds(decision):
            voters = {vote.user_id for vote in request.votes}
            assert len(voters) == len(request.votes) >= QUORUM
            assert request.requester_counts or ADA.id not in voters
        if request.stage is Stage.APPLIED and was is not Stage.APPLIED:
            assert was is Stage.APPLYING
        assert was not in END or (request.stage is was and decision == [])


@settings(max_examples=200, deadline=None)
@given(HISTORIES)
@example([(MarkStale(("a name with \x00 in it",)), 0)])
def test_a_request_read_back_from_the_ledger_is_the_request_as_it_was_decided(
    history: list[tuple[Command, int]],
) -> None:
    request, now = asked(), NOW
    entries = [recorded(opening(request), now, [])]
    assert replay(request.id, entries) == request
    for command, minutes in history:
        now += timedelta(minutes=minutes)
        decision = decide(request, command, now)
        for event in [] if isinstance(decision, Refusal) else decision:
            entries.append(recorded(event, now, entries))
            request = advance(request, [event], now)
    assert replay(request.id, entries) == request


def test_a_stream_without_entries_is_no_request() -> None:
    assert replay("0123456789abcdef", []) is None


def test_an_entry_of_a_kind_that_a_later_version_may_add_changes_nothing_but_the_version() -> None:
    request = asked()
    first = recorded(opening(request), NOW, [])
    later = recorded(Event(Kind.VOTED, GRACE.id, TEAM, {}), NOW, [first])
    unknown = seal(Draft(later.stream, None, "annotated", GRACE.id, TEAM, {}), 2, moment_text(NOW), 2, first.hash)

    found = replay(request.id, [first, unknown])

    assert found is not None
    assert (found.version, found.stage, found.votes) == (2, Stage.PENDING, ())


def recorded(event: Event, at: datetime, before: list[Entry]) -> Entry:
    """Return the entry that an event becomes, text for text as it is stored."""
    previous = before[-1].hash if before else GENESIS.hash
    number = len(before) + 1
    draft = Draft("request 0123456789abcdef", number, str(event.kind), event.user_id, event.team_id, event.facts)
    return seal(draft, number, moment_text(at), number, previous)
