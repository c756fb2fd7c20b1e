"""Comparing an export of the audit channel with the ledger: every line that was edited, deleted or is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.usecases.audit.channel_comparison import ChannelComparison, Discrepancy
from bot.usecases.ports.store import Notification
from tests.store.drafts import draft
from tests.usecases.channels import line
from tests.usecases.conftest import AUDIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.domain.ledger_entry import Entry
    from bot.store import Store

Messages = dict[str, dict[str, Any]]
TOGETHER = [(1, 2, 3), (4,), (5, 6)]
"""Which entries one message told."""


def text_of(entries: Sequence[Entry]) -> str:
    return "\n".join(line(entry) for entry in entries)


def entries_missing_from(entries: Sequence[Entry], message: Mapping[str, Any]) -> Sequence[Entry]:
    return [entry for entry in entries if line(entry) not in message["text"].split("\n")]


@pytest.fixture
def told(store: Store) -> Messages:
    """Record six entries, tell them in three messages, and return these as an export holds them."""
    store.ledger.append_all([draft(facts={"row": row}) for row in range(6)])
    return {f"{first}.000000": tell(store, len((first, *rest))) for first, *rest in TOGETHER}


def tell(store: Store, count: int, *, is_gap: bool = False) -> dict[str, Any]:
    batch = store.outbox.pending(AUDIT)[:count]
    ts = f"{batch[0].entry.sequence}.000000"
    store.outbox.mark_sent(batch, AUDIT, ts, is_gap=is_gap)
    return {"type": "message", "ts": ts, "text": text_of([delivery.entry for delivery in batch])}


def findings(store: Store, messages: Messages) -> list[Discrepancy]:
    return list(ChannelComparison(store.ledger, store.outbox, entries_missing_from).findings(AUDIT, messages))


def test_a_channel_that_says_the_same_leaves_nothing_to_say(store: Store, told: Messages) -> None:
    assert findings(store, told) == []


def test_an_empty_ledger_says_the_same_as_an_empty_channel(store: Store) -> None:
    assert findings(store, {}) == []


@pytest.mark.parametrize("message", TOGETHER)
def test_a_tombstone_is_what_slack_leaves_of_a_deleted_message_with_a_thread(
    store: Store, told: Messages, message: tuple[int, ...]
) -> None:
    ts = f"{message[0]}.000000"
    told[ts] = {"type": "message", "subtype": "tombstone", "ts": ts, "text": "This message was deleted."}

    what = f"was deleted from the channel (posted at {ts})"
    assert findings(store, told) == [Discrepancy(sequence, what) for sequence in message]


@pytest.mark.parametrize("message", TOGETHER)
def test_a_deleted_message_is_named_by_each_line_it_held(
    store: Store, told: Messages, message: tuple[int, ...]
) -> None:
    ts = f"{message[0]}.000000"
    del told[ts]

    beyond = {1: ", or the export begins later", 5: ", or the export ends earlier"}.get(message[0], "")
    what = f"was deleted from the channel{beyond} (posted at {ts})"
    assert findings(store, told) == [Discrepancy(sequence, what) for sequence in message]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "#4 00000000"},
        {"text": ""},
        {"edited": {"user": "U0PKGBOT", "ts": "9.000000"}},
    ],
    ids=["other words", "no words", "edited to the same words"],
)
def test_an_edited_message_is_found(store: Store, told: Messages, change: dict[str, Any]) -> None:
    told["4.000000"] |= change

    assert findings(store, told) == [Discrepancy(4, "was edited in the channel (posted at 4.000000)")]


def test_of_a_message_only_the_lines_that_were_edited_are_found(store: Store, told: Messages) -> None:
    told["5.000000"]["text"] = told["5.000000"]["text"].replace("#6", "", 1)

    assert [finding.sequence for finding in findings(store, told)] == [6]


def test_two_messages_that_changed_places_are_found(store: Store, told: Messages) -> None:
    told["1.000000"]["text"], told["4.000000"]["text"] = told["4.000000"]["text"], told["1.000000"]["text"]

    assert [finding.sequence for finding in findings(store, told)] == [1, 2, 3, 4]


def test_a_line_that_waits_to_be_told_is_missing(store: Store, told: Messages) -> None:
    store.ledger.append(draft())

    assert findings(store, told) == [Discrepancy(7, "is missing: not told yet")]


def test_a_gap_notice_proves_its_entry_by_number_and_hash(store: Store, told: Messages) -> None:
    entry = store.ledger.append(draft())
    told["7.000000"] = tell(store, 1, is_gap=True)
    told["7.000000"]["text"] = f"{line(entry)} could not be shown here; the ledger holds it."
    assert findings(store, told) == []

    told["7.000000"]["text"] = f"#7 {'0' * 8} could not be shown here; the ledger holds it."
    assert [finding.sequence for finding in findings(store, told)] == [7]


def test_notices_in_the_audit_channel_are_no_lines(store: Store, told: Messages) -> None:
    store.ledger.append(draft(), [Notification(AUDIT, {"text": "a notice"})])
    told["7.000000"] = tell(store, 1)
    store.outbox.mark_sent(store.outbox.pending(AUDIT), AUDIT, "8.000000")

    assert findings(store, told) == []


def test_what_people_write_between_the_lines_is_not_ours_to_judge(store: Store, told: Messages) -> None:
    told["4.500000"] = {"type": "message", "ts": "4.500000", "user": "U000000ADA", "text": "#4 looks odd to me"}

    assert findings(store, told) == []


def test_many_findings_come_in_ledger_order(store: Store, told: Messages) -> None:
    del told["4.000000"]
    told["1.000000"]["text"] = "nothing"
    store.ledger.append(draft())

    assert [finding.sequence for finding in findings(store, told)] == [1, 2, 3, 4, 7]
