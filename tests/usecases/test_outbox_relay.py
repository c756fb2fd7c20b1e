"""The relay between a real store and a Slack that goes wrong: everything arrives, in order, at least once."""

from __future__ import annotations

import sqlite3
import threading
import time as clock_time
import tracemalloc
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from bot.slack.responder import payload_of
from bot.store.outbox import NO_ENTRY, NOT_OURS
from bot.usecases.audit.outbox_relay import (
    MAX_PAUSE_SECONDS,
    NOT_DELIVERED,
    OTHER_LANES,
    SPACING_SECONDS,
    Lanes,
    OutboxRelay,
)
from bot.usecases.ports.slack import OutboundMessage, Posted, PostErrorKind
from bot.usecases.ports.store import Notification, StoreError, StoreErrorKind
from bot.views import audit_lines
from tests.store.drafts import draft
from tests.usecases.channels import LINES_TOGETHER, RENDERER, FakeSlack, Time, let_pass, line
from tests.usecases.conftest import AUDIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from bot.domain.ledger_entry import Entry
    from bot.store import Store
    from bot.usecases.audit.outbox_relay import MessageRenderer
    from bot.usecases.ports.slack import Payload
    from bot.usecases.ports.store import Delivery, Outbox, Step

APPROVALS = "C0APPROVALS"
ADA = "U000000ADA"
LEFT = "U000000LEFT"
DAY = 24 * 3600
AWAY = [PostErrorKind.LATER, PostErrorKind.UNREACHABLE, PostErrorKind.CHANNEL]
DEADLINE_SECONDS = 90


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def slack(time: Time) -> FakeSlack:
    return FakeSlack(time)


@pytest.fixture
def relay(store: Store, slack: FakeSlack, time: Time) -> OutboxRelay:
    return relay_of(store, slack, time)


def relay_of(
    store: Store, slack: FakeSlack, time: Callable[[], float], renderer: MessageRenderer = RENDERER, **more: Any
) -> OutboxRelay:
    return OutboxRelay(store.outbox, store.ledger, store.leases, slack, renderer, time, **more)


def append(store: Store, count: int, *notices: Notification) -> list[Entry]:
    return [store.ledger.append(draft(), notices) for _ in range(count)]


def notice(destination: str, text: str) -> Notification:
    return Notification(destination, {"text": text})


def said(delivery: Delivery) -> Payload:
    """Return what a notice says; an audit line has nothing of its own."""
    assert delivery.payload is not None
    return delivery.payload


def lines(entries: Iterable[Entry]) -> list[str]:
    return [line(entry) for entry in entries]


def is_told(store: Store) -> bool:
    return not store.outbox.destinations()


def test_lines_arrive_in_ledger_order_with_as_many_in_a_message_as_the_pen_says(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    entries = append(store, 7)

    let_pass(relay, time, 10)

    assert slack.lines(AUDIT) == lines(entries)
    assert [len(text.splitlines()) for text in slack.texts(AUDIT)] == [LINES_TOGETHER, LINES_TOGETHER, 1]
    assert is_told(store)


def test_a_notice_travels_alone_and_keeps_its_place_among_the_lines(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    before = append(store, 2)
    with_notices = append(store, 1, notice(AUDIT, "first"), notice(AUDIT, "second"))
    after = append(store, 2)

    let_pass(relay, time, 10)

    together = "\n".join(lines(before + with_notices))
    assert slack.texts(AUDIT) == [together, "first", "second", "\n".join(lines(after))]


def test_every_destination_gets_its_own_notices_in_order(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    for number in range(4):
        append(store, 1, notice(APPROVALS, f"card {number}"), notice(ADA, f"message {number}"))

    let_pass(relay, time, 10)

    assert slack.texts(APPROVALS) == [f"card {number}" for number in range(4)]
    assert slack.texts(ADA) == [f"message {number}" for number in range(4)]


def test_posts_to_one_destination_keep_their_distance_and_do_not_slow_another(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    for number in range(4):
        append(store, 1, notice(APPROVALS, f"card {number}"), notice(ADA, f"message {number}"))

    let_pass(relay, time, 10)

    distances = [later - earlier for earlier, later in pairwise(slack.moments(APPROVALS))]
    assert all(SPACING_SECONDS <= distance <= SPACING_SECONDS + 0.5 for distance in distances)
    assert slack.moments(APPROVALS) == slack.moments(ADA)


def test_the_next_look_comes_when_the_next_post_may_and_a_quiet_relay_looks_twice_a_second(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    append(store, 4 * LINES_TOGETHER)
    assert relay.pause() == 0.5
    store.leases.hold("relay")

    while not is_told(store):
        relay.deliver()
        time.now += relay.pause()

    assert slack.moments(AUDIT) == pytest.approx([number * SPACING_SECONDS for number in range(4)])
    time.now += SPACING_SECONDS
    assert relay.pause() == 0.5


def test_an_answer_of_429_is_obeyed_to_the_second(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    append(store, 1)
    slack.fail(AUDIT, PostErrorKind.LATER, retry_after=37)

    let_pass(relay, time, 60)

    assert slack.tried[AUDIT] == [0, 37]
    assert is_told(store)


@pytest.mark.parametrize("trouble", AWAY)
def test_pauses_double_up_to_a_minute_and_begin_anew_after_a_success(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time, trouble: PostErrorKind
) -> None:
    append(store, 1)
    slack.fail(AUDIT, trouble, times=9)

    let_pass(relay, time, 400)

    pauses = [later - earlier for earlier, later in pairwise(slack.tried[AUDIT])]
    assert pauses == [1, 2, 4, 8, 16, 32, *[MAX_PAUSE_SECONDS] * 3]
    append(store, 1)
    slack.fail(AUDIT, trouble)
    failed_at = time.now
    let_pass(relay, time, 5)
    assert slack.tried[AUDIT][-2:] == [failed_at, failed_at + 1]


@pytest.mark.parametrize("trouble", AWAY)
def test_nothing_is_given_up_however_long_slack_is_away(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time, trouble: PostErrorKind
) -> None:
    entries = append(store, 5)
    slack.fail(AUDIT, trouble, times=100)

    let_pass(relay, time, 100 * MAX_PAUSE_SECONDS, look_every=MAX_PAUSE_SECONDS)
    let_pass(relay, time, 10)

    assert [text.removesuffix(" again") for text in slack.lines(AUDIT)] == lines(entries)
    assert not [post for post in store.outbox.posts(AUDIT) if post.is_gap]


def test_a_destination_in_trouble_stops_no_other_one(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    entries = append(store, 3, notice(APPROVALS, "card"), notice(ADA, "message"))
    slack.fail(APPROVALS, PostErrorKind.CHANNEL, times=1000)

    let_pass(relay, time, 10)

    assert slack.lines(AUDIT) == lines(entries)
    assert slack.texts(ADA) == ["message"] * 3
    assert store.outbox.destinations() == [APPROVALS]


def test_a_line_that_slack_never_takes_is_replaced_by_a_gap_notice_at_its_place(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    entries = append(store, 7)
    bad = entries[4]
    slack.poison = lambda text: line(bad) in text and not text.startswith("gap")

    let_pass(relay, time, 30)

    shown = lines(entries)
    shown[4] = f"gap {line(bad)} invalid_blocks"
    assert slack.lines(AUDIT) == shown
    posts = {post.sequence: post for post in store.outbox.posts(AUDIT)}
    assert [sequence for sequence, post in posts.items() if post.is_gap] == [bad.sequence]
    assert len(posts) == len(entries)


def test_after_a_gap_lines_travel_together_again(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    bad, *_ = append(store, 2)
    slack.poison = lambda text: line(bad) in text and not text.startswith("gap")
    let_pass(relay, time, 10)
    assert is_told(store)

    append(store, LINES_TOGETHER)
    let_pass(relay, time, 10)

    assert len(slack.texts(AUDIT)[-1].splitlines()) == LINES_TOGETHER


def test_a_refused_notice_is_drawn_simpler_before_a_gap_stands_for_it(
    store: Store, slack: FakeSlack, time: Time
) -> None:
    forms = ["data_table", "table", "text"]

    def simpler() -> bool:
        forms.pop(0)
        return True

    def draw(delivery: Delivery) -> OutboundMessage:
        return OutboundMessage({"text": f"{said(delivery)['text']} as {forms[0]}"}, simpler=simpler)

    renderer = replace(RENDERER, notice=draw)
    relay = relay_of(store, slack, time, renderer)
    append(store, 1, notice(APPROVALS, "card"))
    slack.poison = lambda text: "table" in text

    let_pass(relay, time, 10)

    assert slack.texts(APPROVALS) == ["card as text"]


def test_a_notice_that_slack_takes_in_no_form_leaves_a_gap_notice_with_its_proof(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    (entry,) = append(store, 1, notice(APPROVALS, "card"))
    append(store, 1, notice(APPROVALS, "next"))
    slack.poison = lambda text: text == "card"

    let_pass(relay, time, 10)

    assert slack.texts(APPROVALS) == [f"gap {line(entry)} invalid_blocks", "next"]


def test_a_gap_notice_that_does_not_get_through_is_tried_again_and_nothing_overtakes_it(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    bad, good = append(store, 2)
    slack.poison = lambda text: line(bad) in text

    let_pass(relay, time, 5 * MAX_PAUSE_SECONDS, look_every=5)
    assert slack.texts(AUDIT) == []

    slack.poison = lambda text: line(bad) in text and not text.startswith("gap")
    let_pass(relay, time, 2 * MAX_PAUSE_SECONDS, look_every=5)
    assert slack.lines(AUDIT) == [f"gap {line(bad)} invalid_blocks", line(good)]


def test_what_arrived_although_slack_never_said_so_comes_again_and_is_recognisable(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    entries = append(store, 4)
    slack.fail(AUDIT, PostErrorKind.UNREACHABLE, after_effect=True)

    let_pass(relay, time, 20)

    first, again, rest = slack.texts(AUDIT)
    assert first == "\n".join(lines(entries[:3]))
    assert again == "\n".join(f"{each} again" for each in lines(entries[:3]))
    assert rest == line(entries[3])


def test_what_arrived_but_could_not_be_noted_comes_again_before_anything_else(
    store: Store, slack: FakeSlack, time: Time
) -> None:
    entries = append(store, 4)
    relay = OutboxRelay(Forgetful(store.outbox), store.ledger, store.leases, slack, RENDERER, time)

    with pytest.raises(StoreError):
        let_pass(relay, time, 20)
    let_pass(relay, time, 20)

    repeated = [f"{each} again" for each in lines(entries[:3])]
    assert slack.lines(AUDIT) == [*lines(entries[:3]), *repeated, line(entries[3])]


def test_a_relay_that_starts_again_goes_on_where_the_last_one_was(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    entries = append(store, 8)
    let_pass(relay, time, 2)
    assert 0 < len(slack.lines(AUDIT)) < len(entries)

    let_pass(relay_of(store, slack, time), time, 20)

    assert slack.lines(AUDIT) == lines(entries)


def test_who_does_not_hold_the_lease_posts_nothing(
    relay: OutboxRelay, opened: Callable[[str], Store], slack: FakeSlack, time: Time
) -> None:
    let_pass(relay, time, 1)
    other = opened("two")
    append(other, 1)

    let_pass(relay_of(other, slack, time), time, 20)

    assert slack.tried == {}


def test_who_lost_the_lease_between_two_destinations_stops_at_once(store: Store, slack: FakeSlack, time: Time) -> None:
    append(store, 1, notice(ADA, "message"))
    relay = OutboxRelay(store.outbox, store.ledger, LostAfter(looks=1), slack, RENDERER, time)

    let_pass(relay, time, 0.5)

    assert sum(map(len, slack.tried.values())) == 1


def test_of_two_processes_one_delivers_and_the_other_goes_on_when_it_stops(
    store: Store, opened: Callable[[str], Store]
) -> None:
    slack = FakeSlack(clock_time.monotonic)
    entries = append(store, 15)
    first, second = (relay_of(each, slack, clock_time.monotonic, spacing=0) for each in (store, opened("two")))

    with running(second), running(first):
        wait_for(lambda: len(slack.lines(AUDIT)) > LINES_TOGETHER)
    # Whichever held the lease gave it up at its stop, so a third one needs no waiting.
    with running(relay_of(opened("three"), slack, clock_time.monotonic, spacing=0)):
        wait_for(lambda: is_told(store))

    assert slack.lines(AUDIT) == lines(entries)


def test_two_that_both_believe_they_hold_the_lease_repeat_lines_but_lose_none_and_swap_none(
    store: Store, opened: Callable[[str], Store]
) -> None:
    slack = FakeSlack(clock_time.monotonic)
    entries = append(store, 15)
    twins = [
        OutboxRelay(each.outbox, each.ledger, LostAfter(looks=10_000), slack, RENDERER, clock_time.monotonic, spacing=0)
        for each in (store, opened("two"))
    ]

    with running(twins[0]), running(twins[1]):
        wait_for(lambda: is_told(store))

    told = [each.removesuffix(" again") for each in slack.lines(AUDIT)]
    assert list(dict.fromkeys(told)) == lines(entries)


def test_a_relay_goes_on_after_the_store_was_away(store: Store) -> None:
    slack = FakeSlack(clock_time.monotonic)
    entries = append(store, 2)
    relay = OutboxRelay(
        store.outbox, store.ledger, AwayFor(store.leases, times=2), slack, RENDERER, clock_time.monotonic
    )

    with running(relay):
        wait_for(lambda: is_told(store))

    assert slack.lines(AUDIT) == lines(entries)


def test_a_relay_that_is_woken_does_not_wait_for_its_next_look(store: Store) -> None:
    slack = FakeSlack(clock_time.monotonic)
    relay = relay_of(store, slack, clock_time.monotonic)

    with running(relay):
        wait_for(lambda: store.leases.holds("relay"))
        (entry,) = append(store, 1)
        relay.wake()
        wait_for(lambda: is_told(store))

    assert slack.lines(AUDIT) == [line(entry)]


def test_a_notice_that_cannot_be_drawn_stops_neither_the_relay_nor_another_destination(store: Store) -> None:
    def draw(delivery: Delivery) -> OutboundMessage:
        if said(delivery)["text"] == "card":
            raise LookupError("a notice names a request that the ledger does not know")
        return OutboundMessage(said(delivery))

    slack = FakeSlack(clock_time.monotonic)
    entries = append(store, 1, notice(APPROVALS, "card"), notice(ADA, "message"))

    with running(relay_of(store, slack, clock_time.monotonic, replace(RENDERER, notice=draw))):
        wait_for(lambda: slack.texts(ADA) == ["message"] and slack.lines(AUDIT)[:1] == lines(entries))
        more = append(store, 1)
        wait_for(lambda: slack.lines(AUDIT)[-1:] == lines(more))


def test_an_entry_that_cannot_be_drawn_leaves_a_gap_notice_and_holds_nobody_up(
    store: Store, slack: FakeSlack, time: Time
) -> None:
    entries = append(store, 4)

    def draw(batch: Sequence[Entry], repeated: frozenset[int]) -> Payload:
        if entries[1] in batch:
            raise ValueError("its facts are no JSON any more")
        return RENDERER.lines(batch, repeated)

    relay = relay_of(store, slack, time, replace(RENDERER, lines=draw))
    let_pass(relay, time, 30)

    shown = slack.lines(AUDIT)
    assert shown[1].startswith(f"gap {line(entries[1])} ")
    assert shown[:1] + shown[2:] == lines(entries[:1] + entries[2:])


def test_a_letter_gives_new_content_to_the_message_it_replaces(store: Store, slack: FakeSlack, time: Time) -> None:
    posted = Posted(APPROVALS, "99.000000")
    relay = relay_of(
        store, slack, time, replace(RENDERER, notice=lambda delivery: OutboundMessage(said(delivery), replaces=posted))
    )
    append(store, 1, notice(APPROVALS, "card"))

    let_pass(relay, time, 5)

    assert slack.texts(f"{APPROVALS} 99.000000") == ["card"]
    assert slack.texts(APPROVALS) == []
    assert is_told(store)


def test_a_letter_for_a_message_that_is_gone_is_posted_and_says_where(
    store: Store, slack: FakeSlack, time: Time
) -> None:
    gone, places = Posted(APPROVALS, "99.000000"), list[Posted]()
    slack.delete(gone)
    renderer = replace(
        RENDERER, notice=lambda delivery: OutboundMessage(said(delivery), replaces=gone, sent=places.append)
    )
    append(store, 1, notice(APPROVALS, "card"))

    let_pass(relay_of(store, slack, time, renderer), time, 5)

    assert slack.texts(APPROVALS) == ["card"]
    assert [place.channel for place in places] == [APPROVALS]


HELD_IF_ALL_WERE_READ = 5_000 * 1_000
"""Bytes: an entry with these facts, as Python holds it, is larger than this."""


def test_memory_does_not_grow_with_the_backlog(opened: Callable[[str], Store], time: Time) -> None:
    store = opened("one")
    few, many = (peak_while_delivering(store, time, entries) for entries in (300, 5_000))

    assert many - few < HELD_IF_ALL_WERE_READ / 5


def peak_while_delivering(store: Store, time: Time, count: int) -> int:
    store.ledger.append_all([draft(facts={"object": "PS100112", "detail": "x" * 200}) for _ in range(count)])
    renderer = replace(RENDERER, how_many=lambda entries: min(len(entries), 40))
    relay = OutboxRelay(store.outbox, store.ledger, store.leases, Forgotten(), renderer, time, spacing=0)
    tracemalloc.start()
    while not is_told(store):
        let_pass(relay, time, 0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def given_up(store: Store) -> list[tuple[str, str]]:
    """Return what the ledger says of messages that nobody will get: for whom, and why."""
    found = [entry.facts for entry in store.ledger.entries() if entry.kind == NOT_DELIVERED]
    return [(str(facts["object"]), str(facts["reason"])) for facts in found]


def gaps(store: Store, destination: str) -> int:
    return sum(post.is_gap for post in store.outbox.posts(destination))


def test_messages_to_somebody_who_has_left_end_in_one_gap_that_the_audit_channel_tells(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time
) -> None:
    append(store, 5, notice(LEFT, "message"), notice(ADA, "message"))
    slack.fail(LEFT, PostErrorKind.PERSON, times=1000)

    let_pass(relay, time, 10)

    assert given_up(store) == [(LEFT, "5 messages: a fault that the test wants")]
    assert (gaps(store, LEFT), len(slack.tried[LEFT])) == (5, 1)
    assert slack.texts(ADA) == ["message"] * 5
    assert slack.lines(AUDIT) == lines(store.ledger.entries())
    assert is_told(store)


@pytest.mark.parametrize("trouble", [PostErrorKind.CHANNEL, PostErrorKind.DENIED, PostErrorKind.UNKNOWN])
def test_what_slack_takes_for_everybody_but_one_person_is_given_up_after_some_tries(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time, trouble: PostErrorKind
) -> None:
    append(store, 1, notice(LEFT, "message"))
    slack.fail(LEFT, trouble, times=1000)

    let_pass(relay, time, 120)

    assert 3 < len(slack.tried[LEFT]) < 10
    assert given_up(store) == [(LEFT, "1 message: a fault that the test wants")]


@pytest.mark.parametrize("trouble", [PostErrorKind.DENIED, *AWAY])
def test_nobody_s_message_is_given_up_while_slack_takes_nothing_at_all(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time, trouble: PostErrorKind
) -> None:
    append(store, 1)
    let_pass(relay, time, 5)
    append(store, 1, notice(ADA, "message"))
    slack.fail(ADA, trouble, times=2000)
    slack.fail(AUDIT, trouble, times=2000)

    let_pass(relay, time, 2 * DAY, look_every=MAX_PAUSE_SECONDS)

    assert given_up(store) == []
    slack.recover()
    let_pass(relay, time, 200, look_every=MAX_PAUSE_SECONDS)
    assert slack.texts(ADA)[-1:] == ["message"]


@pytest.mark.parametrize("trouble", [PostErrorKind.UNREACHABLE, PostErrorKind.LATER])
def test_a_message_that_fails_for_a_day_while_others_arrive_is_given_up(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time, trouble: PostErrorKind
) -> None:
    append(store, 1, notice(LEFT, "message"))
    slack.fail(LEFT, trouble, times=5000)

    for _ in range(23):
        append(store, 1)
        let_pass(relay, time, 3600, look_every=MAX_PAUSE_SECONDS)
    assert given_up(store) == []
    for _ in range(3):
        append(store, 1)
        let_pass(relay, time, 3600, look_every=MAX_PAUSE_SECONDS)

    assert given_up(store) == [(LEFT, "1 message: a fault that the test wants")]


@pytest.mark.parametrize("trouble", sorted(set(PostErrorKind) - {PostErrorKind.REFUSED}))
def test_a_channel_is_never_given_up_whatever_slack_says_of_it(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time, trouble: PostErrorKind
) -> None:
    append(store, 1, notice(APPROVALS, "card"))
    slack.fail(APPROVALS, trouble, times=20)

    let_pass(relay, time, 3600, look_every=MAX_PAUSE_SECONDS)

    assert given_up(store) == []
    assert slack.texts(APPROVALS) == ["card"]


LINE = f"INSERT INTO outbox VALUES ('{AUDIT}', 0, {{}}, 0, NULL, 0, '', '', '')"
POISON = {
    "a payload that is no JSON": "UPDATE outbox SET payload = 'oops' WHERE number = 1 AND sequence = 2",
    "a payload that is a list": "UPDATE outbox SET payload = '[]' WHERE number = 1 AND sequence = 2",
    "a payload of bytes": "UPDATE outbox SET payload = x'ff00' WHERE number = 1 AND sequence = 2",
    "a payload that is nested too deep": "UPDATE outbox SET payload = '" + "[" * 9_000 + "' WHERE number = 1 AND"
    " sequence = 2",
    "an entry whose moment is none": "UPDATE ledger_entry SET at = 'noon' WHERE sequence = 2",
    "an entry whose facts are none": "UPDATE ledger_entry SET facts = '\"clock\":' WHERE sequence = 2",
    "an entry with bytes for a stream": "UPDATE ledger_entry SET stream = x'00' WHERE sequence = 2",
    "an entry with bytes for a hash": "UPDATE ledger_entry SET hash = x'00', facts = x'00' WHERE sequence = 2",
    "an entry of the greatest number": "INSERT INTO ledger_entry SELECT 9223372036854775807, at, stream, version + 99,"
    " kind, actor_user, actor_team, facts, previous_hash, hash FROM ledger_entry WHERE sequence = 4",
    "a line of the greatest number": LINE.format(2**63 - 1),
    "a line of the least number": LINE.format(-(2**63)),
    "a line whose number is a word": LINE.format("'one'"),
    "a notice of no entry": f"INSERT INTO outbox VALUES ('{ADA}', 0, -5, 1, '{{}}', 0, '', '', '')",
    "a destination of bytes": "INSERT INTO outbox VALUES (x'00', 0, 2, 7, '{}', 0, '', '', '')",
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_a_row_that_cannot_be_read_is_put_aside_and_holds_up_nobody(
    store: Store, slack: FakeSlack, time: Time, tmp_path: Path, poison: str
) -> None:
    append(store, 4, notice(ADA, "message"), notice(APPROVALS, "card"))
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as outside:
        outside.execute(poison)
    relay = relay_of(
        store, slack, time, replace(RENDERER, lines=_sober_lines, gap=_sober_gap), first=(AUDIT, APPROVALS)
    )

    let_pass(relay, time, 300)

    assert store.outbox.destinations() == []
    for place, text in ((ADA, "message"), (APPROVALS, "card")):
        assert slack.texts(place).count(text) >= 3
    assert all(f"#{number} " in "\n".join(slack.texts(AUDIT)) for number in (1, 3))
    assert store.outbox.backlog(AUDIT).count == 0


def test_a_line_that_cannot_be_read_never_travels_with_others(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time, tmp_path: Path
) -> None:
    append(store, 4)
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as outside:
        outside.execute(POISON["an entry with bytes for a stream"])

    let_pass(relay, time, 300)

    told = slack.lines(AUDIT)
    assert [text.split()[0] for text in told] == ["#1", "gap", "#3", "#4"]
    assert told[1].startswith("gap #2 ")
    assert is_told(store)


def test_a_notice_that_cannot_be_read_is_recorded_as_not_delivered_and_never_sent_empty(
    relay: OutboxRelay, store: Store, slack: FakeSlack, time: Time, tmp_path: Path
) -> None:
    append(store, 1, notice(ADA, "message"))
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as outside:
        outside.execute("UPDATE outbox SET payload = 'oops' WHERE number = 1")

    let_pass(relay, time, 30)

    assert given_up(store) == [(ADA, f"1 message: {NOT_OURS}")]
    assert all(slack.texts(ADA))
    assert is_told(store)


def _sober_lines(entries: Sequence[Entry], repeated: frozenset[int]) -> Payload:
    return payload_of(audit_lines.draw(entries, repeated=repeated))


def _sober_gap(entry: Entry, error: str) -> Payload:
    return payload_of(audit_lines.missing_line(entry, error))


def test_a_backlog_whose_moment_cannot_be_read_pauses_resets_instead_of_breaking_them(
    store: Store, tmp_path: Path
) -> None:
    append(store, 1)
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as outside:
        outside.execute("UPDATE ledger_entry SET at = 'noon'")

    backlog = store.outbox.backlog(AUDIT)

    assert backlog.count == 1
    assert backlog.oldest_at is not None
    assert backlog.oldest_at.year == 1


@pytest.mark.parametrize("sequence", [2**63 - 1, "far away"])
def test_what_somebody_queued_beyond_all_numbers_is_read_like_everything_else(
    store: Store, tmp_path: Path, sequence: object
) -> None:
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as outside:
        for told in (0, 1):
            outside.execute("INSERT INTO outbox VALUES (?, ?, ?, 1, '{}', 0, '', 'D1', '1.0')", (ADA, told, sequence))

    assert [(each.entry.sequence, each.trouble) for each in store.outbox.pending(ADA)] == [(sequence, NO_ENTRY)]
    assert [post.sequence for post in store.outbox.posts(ADA)] == [sequence]


def test_what_fails_as_nobody_foresaw_is_put_aside_after_some_tries(store: Store, slack: FakeSlack, time: Time) -> None:
    def sent(_posted: Posted) -> None:
        raise ZeroDivisionError

    renderer = replace(RENDERER, notice=lambda delivery: OutboundMessage(said(delivery), sent=sent))
    relay = relay_of(store, slack, time, renderer)
    append(store, 1, notice(APPROVALS, "card"))

    let_pass(relay, time, 60)

    assert slack.texts(APPROVALS) == ["card"] * 3
    assert given_up(store) == [(APPROVALS, "1 message: ZeroDivisionError")]
    assert is_told(store)


def test_the_audit_channel_and_the_approvals_come_before_all_others(store: Store, slack: FakeSlack, time: Time) -> None:
    append(store, 1, notice(ADA, "message"))
    append(store, 1, notice(APPROVALS, "card"))
    order: list[str] = []

    def seen(text: str) -> bool:
        order.append(text)
        return False

    slack.poison = seen
    relay = relay_of(store, slack, time, first=(AUDIT, APPROVALS))

    let_pass(relay, time, 0.5)

    assert [text[:1] for text in order] == ["#", "c", "m"]


def test_slow_posts_to_many_people_delay_neither_the_audit_channel_nor_the_approvals(store: Store) -> None:
    """Every post to a person hangs for as long as the test wants; nothing here waits for a clock."""
    goes_on = threading.Event()

    class Hanging(FakeSlack):
        def post(self, destination: str, payload: Payload) -> Posted:
            if destination.startswith("U"):
                assert goes_on.wait(DEADLINE_SECONDS)
            return super().post(destination, payload)

    slack = Hanging(clock_time.monotonic)
    people = [f"U{number:09}" for number in range(3 * OTHER_LANES)]
    entries = append(store, 3, *(notice(person, "message") for person in people), notice(APPROVALS, "card"))
    relay = relay_of(store, slack, clock_time.monotonic, spacing=0, first=(AUDIT, APPROVALS))

    with running(relay):
        wait_for(lambda: slack.lines(AUDIT) == lines(entries) and slack.texts(APPROVALS) == ["card"] * 3)
        assert not any(slack.texts(person) for person in people)
        goes_on.set()
        wait_for(lambda: is_told(store))

    assert all(slack.texts(person) == ["message"] * 3 for person in people)


def test_each_of_the_first_destinations_has_a_lane_that_nobody_else_can_fill() -> None:
    """So many others are visited at once that every shared lane has one."""
    threads: dict[str, int] = {}
    all_at_once = threading.Barrier(OTHER_LANES)
    first = (AUDIT, APPROVALS)

    def visit(destination: str) -> None:
        threads[destination] = threading.get_ident()
        if destination not in first:
            all_at_once.wait(DEADLINE_SECONDS)

    lanes = Lanes(visit, first, threading.Event())
    for destination in (*first, *map(str, range(OTHER_LANES))):
        lanes.take(destination)

    assert lanes.end(DEADLINE_SECONDS)
    assert len(set(threads.values())) == len(first) + OTHER_LANES


def test_whatever_goes_wrong_on_a_lane_it_goes_on_to_the_next_destination() -> None:
    visited: list[str] = []

    def visit(destination: str) -> None:
        visited.append(destination)
        raise ZeroDivisionError

    lanes = Lanes(visit, (), threading.Event())
    for number in range(2 * OTHER_LANES):
        lanes.take(str(number))

    assert lanes.end(DEADLINE_SECONDS)
    assert len(visited) == 2 * OTHER_LANES


def test_what_breaks_before_a_post_is_of_no_concern_to_other_destinations(
    store: Store, slack: FakeSlack, time: Time
) -> None:
    def subject(delivery: Delivery) -> str:
        if delivery.destination == ADA:
            raise ZeroDivisionError
        return "any"

    entries = append(store, 1, notice(ADA, "message"), notice(APPROVALS, "card"))
    relay = relay_of(store, slack, time, replace(RENDERER, subject=subject), first=(ADA,))

    let_pass(relay, time, 5)

    assert slack.lines(AUDIT) == lines(entries)
    assert slack.texts(APPROVALS) == ["card"]


class running:  # noqa: N801 - read as a phrase
    """Let a relay run in a thread for as long as the block lasts."""

    def __init__(self, relay: OutboxRelay) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=relay.run, args=(self._stopping,))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = clock_time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert clock_time.monotonic() < deadline, "this should have happened by now"
        clock_time.sleep(0.01)


class Forgotten:
    """A Slack that keeps nothing, so that its memory is not measured."""

    def post(self, destination: str, _payload: Payload) -> Posted:
        return Posted(destination, "1.000000")

    def replace(self, _posted: Posted, _payload: Payload) -> bool:
        return True


@dataclass
class LostAfter:
    """A lease that is believed to be ours for so many looks."""

    looks: int

    def hold(self, _name: str) -> bool:
        return True

    def holds(self, _name: str) -> bool:
        self.looks -= 1
        return self.looks >= 0

    def release(self, _name: str) -> None:
        pass


class AwayFor(LostAfter):
    """Leases whose database is away the first few times."""

    def __init__(self, leases: Any, times: int) -> None:
        self._leases, self._times = leases, times

    def hold(self, name: str) -> bool:
        if self._times:
            self._times -= 1
            raise StoreError(StoreErrorKind.UNREACHABLE, "a fault that the test wants")
        return bool(self._leases.hold(name))

    def holds(self, name: str) -> bool:
        return bool(self._leases.holds(name))

    def release(self, name: str) -> None:
        self._leases.release(name)


class Forgetful:
    """An outbox that fails to note the first thing that was told."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._fails = True

    def mark_sent(self, deliveries: Iterable[Delivery], channel: str, ts: str, *, is_gap: bool = False) -> None:
        if self._fails:
            self._fails = False
            raise StoreError(StoreErrorKind.FULL, "a fault that the test wants")
        self._outbox.mark_sent(deliveries, channel, ts, is_gap=is_gap)

    def destinations(self) -> Sequence[str]:
        return self._outbox.destinations()

    def mark_sent_step(self, deliveries: Sequence[Delivery], channel: str, ts: str, *, is_gap: bool) -> Step:
        return self._outbox.mark_sent_step(deliveries, channel, ts, is_gap=is_gap)

    def pending(self, destination: str, limit: int = 50, since: int = -(2**63)) -> Sequence[Delivery]:
        return self._outbox.pending(destination, limit, since)

    def notices(self, destination: str) -> Sequence[Delivery]:
        return self._outbox.notices(destination)

    def attempt(self, deliveries: Iterable[Delivery], *, failed: bool = False) -> None:
        self._outbox.attempt(deliveries, failed=failed)

    def backlog(self, destination: str) -> Any:
        return self._outbox.backlog(destination)

    def delivered_at(self, destination: str) -> Any:
        return self._outbox.delivered_at(destination)

    def posts(self, destination: str) -> Iterator[Any]:
        return self._outbox.posts(destination)
