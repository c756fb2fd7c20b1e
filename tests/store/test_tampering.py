"""Somebody with SQL changes the ledger's table: the store names what was done, and where it starts."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bot.domain.chain import Break, Tampering
from bot.domain.ledger_entry import Head, moment_text, seal
from bot.store import Store
from tests.store.conftest import Outside
from tests.store.drafts import draft

LENGTH = 7
COLUMNS = "at, stream, version, kind, actor_user, actor_team, facts, previous_hash, hash"
ALTERED, REMOVED, INSERTED, REORDERED, TRUNCATED = Tampering

Change = Callable[[Outside], None]


@pytest.fixture
def filled(store: Store) -> Store:
    store.ledger.append_all([draft(facts={"row": row}) for row in range(LENGTH)])
    return store


def number(outside: Outside, old: int, new: int) -> None:
    outside.run("UPDATE dbo.ledger_entry SET sequence = ? WHERE sequence = ?", new, old)


def set_column(column: str, value: object) -> Change:
    return lambda outside: outside.run(f"UPDATE dbo.ledger_entry SET {column} = ? WHERE sequence = 4", value)


def remove(outside: Outside) -> None:
    outside.run("DELETE FROM dbo.ledger_entry WHERE sequence = 4")


def remove_and_close_the_gap(outside: Outside) -> None:
    remove(outside)
    for old in range(5, LENGTH + 1):
        number(outside, old, old - 1)


def insert(outside: Outside) -> None:
    for old in range(LENGTH, 3, -1):
        number(outside, old, old + 1)
    outside.run(
        f"INSERT INTO dbo.ledger_entry (sequence, {COLUMNS})"
        " SELECT 4, at, stream, 99, 'approved', actor_user, actor_team, facts, previous_hash, hash"
        " FROM dbo.ledger_entry WHERE sequence = 2"
    )


def swap(outside: Outside) -> None:
    for old, new in [(3, 100), (6, 3), (100, 6)]:
        number(outside, old, new)


def cut_the_end(outside: Outside) -> None:
    outside.run("DELETE FROM dbo.ledger_entry WHERE sequence > 5")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(set_column("at", "2026-03-09T07:29:00.000000Z"), Break(4, ALTERED), id="moment"),
        pytest.param(set_column("at", "yesterday"), Break(4, ALTERED), id="no moment at all"),
        pytest.param(set_column("stream", "another"), Break(4, ALTERED), id="stream"),
        pytest.param(set_column("version", 99), Break(4, ALTERED), id="version"),
        pytest.param(set_column("kind", "approved"), Break(4, ALTERED), id="kind"),
        pytest.param(set_column("actor_user", "U0MALLORY"), Break(4, ALTERED), id="user"),
        pytest.param(set_column("actor_team", ""), Break(4, ALTERED), id="team"),
        pytest.param(set_column("facts", '{"row": 3}'), Break(4, ALTERED), id="facts that mean the same"),
        pytest.param(set_column("facts", "{"), Break(4, ALTERED), id="facts that are no JSON"),
        pytest.param(set_column("previous_hash", "0" * 64), Break(4, ALTERED), id="previous hash"),
        pytest.param(set_column("hash", "0" * 64), Break(4, ALTERED), id="hash"),
        pytest.param(remove, Break(4, REMOVED), id="removed"),
        pytest.param(remove_and_close_the_gap, Break(4, REMOVED), id="removed, gap closed"),
        pytest.param(insert, Break(4, INSERTED), id="inserted"),
        pytest.param(swap, Break(3, REORDERED), id="two swapped"),
        pytest.param(cut_the_end, Break(6, TRUNCATED), id="end cut off"),
        pytest.param(set_column("sequence", 10**12), Break(4, REORDERED), id="number"),
    ],
)
def test_tampering_in_the_table_is_named(filled: Store, outside: Outside, change: Change, expected: Break) -> None:
    kept = filled.ledger.head()
    assert filled.ledger.verify(kept) is None

    change(outside)

    assert filled.ledger.verify(kept) == expected
    assert filled.ledger.verify() == expected


def test_an_end_cut_off_with_all_its_traces_shows_against_a_head_that_was_kept(filled: Store, outside: Outside) -> None:
    kept = filled.ledger.head()

    cut_the_end(outside)
    outside.run("DELETE FROM dbo.outbox WHERE sequence > 5")

    assert filled.ledger.verify() is None
    assert filled.ledger.verify(kept) == Break(6, TRUNCATED)


def test_an_entry_that_fits_at_the_end_but_never_went_through_the_store_was_inserted(
    filled: Store, outside: Outside
) -> None:
    kept = filled.ledger.head()
    forged = seal(draft(), LENGTH + 1, moment_text(datetime(2026, 3, 10, tzinfo=UTC)), LENGTH + 1, kept.hash)

    outside.run(f"INSERT INTO dbo.ledger_entry (sequence, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *forged)

    assert filled.ledger.verify() == filled.ledger.verify(kept) == Break(LENGTH + 1, INSERTED)


@pytest.mark.parametrize("sequence", [0, -1, -(2**63), 2**63 - 1, 2**63 - 2, LENGTH + 300])
def test_an_entry_anywhere_beside_the_chain_was_inserted(filled: Store, outside: Outside, sequence: int) -> None:
    kept = filled.ledger.head()
    forged = seal(draft("freeze"), sequence, moment_text(datetime(2026, 3, 10, tzinfo=UTC)), 1, kept.hash)

    outside.run(f"INSERT INTO dbo.ledger_entry (sequence, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *forged)

    assert filled.ledger.verify() == filled.ledger.verify(kept) == Break(sequence, INSERTED)
    assert len(list(filled.ledger.entries())) == LENGTH + 1, "an export shows it too"


@pytest.mark.parametrize("sequence", [0, 2**62, 2**63 - 1])
def test_an_entry_beside_the_chain_takes_no_number_from_the_next_one(
    filled: Store, outside: Outside, sequence: int
) -> None:
    kept = filled.ledger.head()
    forged = seal(draft("freeze"), sequence, moment_text(datetime(2026, 3, 10, tzinfo=UTC)), 1, kept.hash)
    outside.run(f"INSERT INTO dbo.ledger_entry (sequence, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *forged)

    entry = filled.ledger.append(draft())

    assert (entry.sequence, entry.previous_hash) == (LENGTH + 1, kept.hash)
    assert filled.ledger.head() == Head(entry.sequence, entry.hash)


def test_a_ledger_that_was_emptied_is_truncated_from_its_first_entry(filled: Store, outside: Outside) -> None:
    kept = filled.ledger.head()

    outside.run("DELETE FROM dbo.ledger_entry")

    assert filled.ledger.verify() == filled.ledger.verify(kept) == Break(1, TRUNCATED)


def test_a_head_of_another_ledger_is_not_on_the_chain(filled: Store) -> None:
    assert filled.ledger.verify(Head(5, "a" * 64)) == Break(5, ALTERED)
