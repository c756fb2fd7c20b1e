"""Every way of tampering with a chain is found, and named at the first bad place."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.chain import Break, Tampering, verify
from bot.domain.ledger_entry import GENESIS, Entry, Head
from tests.domain.tampering import (
    LENGTH,
    Change,
    alter,
    alter_and_reseal,
    chain,
    give_another_number,
    insert_copy,
    insert_fitting,
    insert_loose,
    insert_unsealed,
    move,
    remove,
    remove_and_number,
    repeat_line,
    resealed,
    swap,
    swap_lines,
    unlink_and_reseal,
)


def head_of(entries: list[Entry]) -> Head:
    return Head(entries[-1].sequence, entries[-1].hash)


ALTERED, REMOVED, INSERTED, REORDERED, TRUNCATED = Tampering


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (alter(1), Break(1, ALTERED)),
        (alter(5), Break(5, ALTERED)),
        (alter(9), Break(9, ALTERED)),
        (alter_and_reseal(1), Break(1, ALTERED)),
        (alter_and_reseal(5), Break(5, ALTERED)),
        (unlink_and_reseal(1), Break(1, ALTERED)),
        (unlink_and_reseal(5), Break(5, ALTERED)),
        (remove(1), Break(1, REMOVED)),
        (remove(5, 3), Break(5, REMOVED)),
        (remove_and_number(1), Break(1, REMOVED)),
        (remove_and_number(5), Break(5, REMOVED)),
        (remove_and_number(4, 3), Break(4, REMOVED)),
        (remove_and_number(8), Break(8, REMOVED)),
        (insert_fitting(1), Break(1, INSERTED)),
        (insert_fitting(5), Break(5, INSERTED)),
        (insert_fitting(5, 3), Break(5, INSERTED)),
        (insert_fitting(9), Break(9, INSERTED)),
        (insert_loose(1), Break(1, INSERTED)),
        (insert_loose(5), Break(5, INSERTED)),
        (insert_unsealed(5), Break(5, INSERTED)),
        (insert_copy(2, 6), Break(6, INSERTED)),
        (insert_copy(6, 2), Break(2, INSERTED)),
        (insert_copy(5, 6), Break(6, INSERTED)),
        (swap(1, 2), Break(1, REORDERED)),
        (swap(5, 6), Break(5, REORDERED)),
        (swap(3, 8), Break(3, REORDERED)),
        (swap(8, 9), Break(8, REORDERED)),
        (move(2, 5), Break(2, REORDERED)),
        (move(5, 2), Break(2, REORDERED)),
        (move(1, 9), Break(1, REORDERED)),
        (swap_lines(3, 4), Break(3, REORDERED)),
        (repeat_line(2, 5), Break(2, INSERTED)),
        (give_another_number(5, 100), Break(5, REORDERED)),
        (give_another_number(5, -3), Break(-3, INSERTED)),
    ],
)
def test_tampering_is_named_at_the_first_bad_place(change: Change, expected: Break) -> None:
    entries = chain()
    change(entries)

    found = verify(iter(entries))

    assert found == expected
    assert str(expected.sequence) in expected.sentence


def test_an_honest_chain_has_no_break() -> None:
    assert verify(iter(chain())) is None
    assert verify([]) is None
    assert verify([], GENESIS) is None
    assert verify(chain(), head_of(chain(4)), head_of(chain())) is None


@pytest.mark.parametrize("kept", [0, 1, 5, LENGTH - 1])
def test_a_cut_off_end_shows_against_a_head_that_was_kept(kept: int) -> None:
    assert verify(chain()[:kept]) is None
    assert verify(chain()[:kept], head_of(chain())) == Break(kept + 1, TRUNCATED)


def test_a_chain_sealed_anew_to_its_end_shows_only_against_a_head_that_was_kept() -> None:
    entries = chain()
    entries[4] = entries[4]._replace(actor_user="U0MALLORY")
    for place in range(4, LENGTH):
        entries[place] = resealed(entries[place]._replace(previous_hash=entries[place - 1].hash))

    assert verify(entries) is None
    assert verify(entries, head_of(chain(7))) == Break(7, ALTERED)


@pytest.mark.parametrize("is_first", [True, False])
def test_each_of_two_heads_of_one_entry_must_lie_on_the_chain(is_first: bool) -> None:  # noqa: FBT001 - a parameter
    true, other = head_of(chain(7)), Head(7, "a" * 64)

    assert verify(chain(), *([other, true] if is_first else [true, other])) == Break(7, ALTERED)


numbers = st.integers(-3, 99)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=70)
changes = st.one_of(
    st.tuples(st.sampled_from(["sequence", "version"]), numbers),
    st.tuples(
        st.sampled_from(
            ["moment", "stream", "kind", "actor_user", "actor_team", "facts_text", "previous_hash", "hash"]
        ),
        texts,
    ),
    st.tuples(st.sampled_from(["version", "kind", "facts_text", "hash"]), st.none() | st.binary(max_size=9)),
)


@settings(deadline=None)  # naming a break may try a thousand places
@given(st.integers(1, LENGTH), changes)
def test_no_single_field_can_be_changed_unseen(place: int, change: tuple[str, Any]) -> None:
    name, value = change
    entries = chain()
    original = getattr(entries[place - 1], name)
    entries[place - 1] = entries[place - 1]._replace(**{name: value})
    entries.sort(key=lambda entry: entry.sequence)

    found = verify(entries, head_of(chain()))

    if value == original:
        assert found is None
    else:
        assert found is not None
        assert name == "sequence" or found == Break(place, ALTERED)
