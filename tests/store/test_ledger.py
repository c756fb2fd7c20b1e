"""The contract of the ledger, on every engine."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.ledger_entry import GENESIS, JSON, Entry, Head
from bot.store import Store
from bot.usecases.ports.store import Notification, StaleStream
from tests.store.clock import SteppingClock
from tests.store.conftest import AUDIT
from tests.store.drafts import draft


def sequences(store: Store) -> list[int]:
    return [entry.sequence for entry in store.ledger.entries()]


def test_a_new_store_starts_at_genesis_and_verifies(store: Store) -> None:
    assert store.ledger.head() == GENESIS
    assert list(store.ledger.entries()) == []
    assert store.ledger.verify() is None


def test_an_entry_is_read_back_as_it_was_appended(store: Store, clock: SteppingClock) -> None:
    first = store.ledger.append(draft("request R1", 1, "requested", {"rows": [1, 2], "reason": "stuck"}))
    second = store.ledger.append(draft("request R1", 2, "approved"))

    assert list(store.ledger.entries()) == [first, second]
    assert store.ledger.stream("request R1") == [first, second]
    assert first.facts == {"rows": [1, 2], "reason": "stuck"}
    assert (first.sequence, first.version, first.previous_hash) == (1, 1, GENESIS.hash)
    assert (second.sequence, second.version, second.previous_hash) == (2, 2, first.hash)
    assert second.at == clock.now
    assert second.at.tzinfo is UTC
    assert store.ledger.head() == Head(2, second.hash)


def test_streams_count_apart_and_keys_tell_upper_from_lower_case(store: Store) -> None:
    streams = ["a", "A", "a", "ä"]

    versions = [store.ledger.append(draft(stream)).version for stream in streams]

    assert versions == [1, 1, 2, 1]
    assert [entry.sequence for entry in store.ledger.stream("a")] == [1, 3]


@pytest.mark.parametrize("version", [0, 1, 2, 4])
def test_a_decision_made_on_another_state_is_refused_and_nothing_is_written(store: Store, version: int) -> None:
    for _ in range(2):
        store.ledger.append(draft("request R1"))
    before = store.ledger.head()

    with pytest.raises(StaleStream) as refused:
        store.ledger.append(draft("request R1", version), [Notification("U1", {})], [lambda *_: pytest.fail("too far")])

    assert (refused.value.stream, refused.value.decided_on, refused.value.current) == ("request R1", version - 1, 2)
    assert store.ledger.head() == before
    assert store.outbox.backlog(AUDIT).count == 2
    assert store.outbox.backlog("U1").count == 0
    assert store.ledger.append(draft("request R1", 3)).sequence == 3


def test_several_drafts_are_recorded_together_with_the_notices_of_the_last(store: Store) -> None:
    drafts = [draft("request R1", 1, "voted"), draft("request R1", 2, "approved"), draft("bot")]

    entries = store.ledger.append_all(drafts, [Notification("U1", {"text": "done"})])

    assert [(entry.sequence, entry.kind) for entry in entries] == [(1, "voted"), (2, "approved"), (3, "looked up")]
    assert [delivery.entry for delivery in store.outbox.pending(AUDIT)] == entries
    assert [delivery.entry for delivery in store.outbox.pending("U1")] == entries[-1:]
    assert store.ledger.verify() is None


def test_one_stale_draft_of_several_undoes_them_all(store: Store) -> None:
    with pytest.raises(StaleStream):
        store.ledger.append_all([draft("request R1", 1), draft("request R1", 1)])

    assert store.ledger.head() == GENESIS
    assert store.outbox.destinations() == []


def test_a_step_that_raises_undoes_the_entry(store: Store) -> None:
    def refuse(_connection: object, entry: Entry) -> None:
        raise LookupError(entry.kind)

    with pytest.raises(LookupError, match="looked up"):
        store.ledger.append(draft(), also=[lambda *_: None, refuse])

    assert store.ledger.head() == GENESIS
    assert store.outbox.destinations() == []


PLANES = [pytest.param(chr(plane * 0x10000 + 0xABC), id=f"plane {plane}") for plane in range(17)]


@pytest.mark.parametrize("text", [*PLANES, "Grüße, 世界, שלום", "a\r\n\t'\"\\?{}%s;--", "\u2028\x7f\ufeff"])
def test_text_of_every_script_survives(store: Store, text: str) -> None:
    entry = store.ledger.append(draft(stream=text, kind=text, facts={text: text}))

    assert store.ledger.stream(text) == [entry]
    assert (entry.stream, entry.kind, entry.facts) == (text, text, {text: text})
    assert store.ledger.verify() is None


@pytest.mark.parametrize("text", [f"before{chr(code)}after" for code in (0, 0xD800, 0xDFFF)])
def test_what_no_database_can_hold_is_replaced_and_nothing_else_is_lost(store: Store, text: str) -> None:
    store.ledger.append(draft(stream=text, kind=text, facts={text: [text]}))

    (entry,) = store.ledger.stream(text)
    assert (entry.stream, entry.kind) == ("before\ufffdafter", "before\ufffdafter")
    assert entry.facts == {"before\ufffdafter": ["before\ufffdafter"]}
    assert store.ledger.verify() is None


def test_facts_of_a_hundred_kilobytes_survive(store: Store) -> None:
    facts: dict[str, JSON] = {"rows": ["Zeile \U0001f4e6 " * 10] * 1000}

    store.ledger.append(draft(facts=facts))

    (entry,) = store.ledger.entries()
    assert len(entry.facts_text.encode()) > 100_000
    assert entry.facts == facts
    assert store.ledger.verify() is None


def test_a_clock_that_jumps_back_never_makes_an_entry_older_than_the_one_before(
    store: Store, clock: SteppingClock
) -> None:
    first = store.ledger.append(draft())
    clock.now -= timedelta(hours=3)
    second = store.ledger.append(draft())
    clock.now = first.at + timedelta(minutes=1)
    third = store.ledger.append(draft())

    assert second.moment == first.moment
    assert second.at == first.at - timedelta(hours=3) + timedelta(seconds=1), "what the clock said is not lost"
    assert third.at == clock.now
    assert "clock" not in third.facts
    assert store.ledger.verify() is None


def test_after_a_clock_that_was_a_year_ahead_time_is_told_by_the_clock_again(
    store: Store, clock: SteppingClock
) -> None:
    now = clock.now
    clock.now += timedelta(days=365)
    store.ledger.append(draft())
    clock.now = now

    entries = [store.ledger.append(draft("request R1")) for _ in range(2)]

    assert [entry.at < now + timedelta(minutes=1) for entry in entries] == [True, True]
    assert [entry.at for entry in store.ledger.stream("request R1")] == [entry.at for entry in entries]
    assert list(store.ledger.entries())[1:] == entries, "a span is of the order in which they were recorded"
    assert store.ledger.verify() is None


def test_entries_of_a_span_are_read_from_its_start_to_before_its_end(store: Store, clock: SteppingClock) -> None:
    for _ in range(5):
        clock.now = datetime(2026, 3, 9, tzinfo=UTC) + timedelta(hours=store.ledger.head().sequence)
        store.ledger.append(draft())
    noon = [entry.at for entry in store.ledger.entries()]

    def span(since: datetime | None, until: datetime | None) -> list[int]:
        return [entry.sequence for entry in store.ledger.entries(since, until)]

    assert span(noon[1], noon[3]) == [2, 3]
    assert span(None, noon[2]) == [1, 2]
    assert span(noon[3], None) == [4, 5]
    assert span(noon[4] + timedelta(microseconds=1), None) == []


def test_a_long_ledger_is_read_in_pieces_without_a_gap(store: Store) -> None:
    store.ledger.append_all([draft() for _ in range(450)])

    assert sequences(store) == list(range(1, 451))
    assert store.ledger.verify() is None
