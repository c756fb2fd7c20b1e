"""What can never be told or ended holds up nothing else, and people read of it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bot.usecases.audit.outbox_relay import NOT_DELIVERED
from tests.frontdoor.audit_trail import audit_messages
from tests.frontdoor.message_content import buttons, visible_text
from tests.frontdoor.resets import FAST_TIMING, approve, ask_for, card_of, direct, entries, id_of
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADA = "U000000ADA"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    """Yield a harness without a bot."""
    with Harness(tmp_path, timing=FAST_TIMING) as harness:
        yield harness


def audit(harness: Harness) -> str:
    return "\n".join(message["text"] for message in audit_messages(harness))


def test_what_somebody_who_left_will_never_read_is_told_in_the_audit_channel_and_holds_up_nobody(
    harness: Harness,
) -> None:
    harness.start_bot()
    card = ask_for(harness, "PS100112 dp:LON-DP01")
    harness.do("person", id="ada", deleted=True)

    approve(harness, card, "grace", "linus")

    harness.wait_for(lambda: entries(harness, NOT_DELIVERED))
    harness.wait_for(lambda: re.search(rf"not delivered {ADA} → failed: .*channel.not.found", audit(harness)))


@pytest.mark.parametrize("error", ["user_disabled", "cannot_dm_bot", "team_access_not_granted", "account_inactive"])
def test_each_name_that_slack_has_for_never_ends_in_a_gap(harness: Harness, error: str) -> None:
    harness.start_bot()
    harness.faults("chat.postMessage", channel=ADA, error=error, times=10_000)

    ask_for(harness, "PS100112 dp:LON-DP01")

    shown = error.replace("_", ".")  # the audit channel makes harmless what could be markup
    harness.wait_for(lambda: re.search(rf"not delivered {ADA} → failed: .*{shown}", audit(harness)))


def test_a_row_of_the_outbox_that_cannot_be_read_is_told_once_and_the_rest_arrives(
    harness: Harness, tmp_path: Path
) -> None:
    harness.start_bot()
    harness.ask("ada", "PS100112")
    with closing(sqlite3.connect(tmp_path / "store.db", timeout=60, isolation_level=None)) as outside:
        outside.execute("INSERT INTO outbox VALUES (?, 0, 1, 9, 'oops', 0, '', '', '')", (ADA,))
        outside.execute("INSERT INTO outbox VALUES ('C0SCCMAUDIT', 0, 9223372036854775807, 0, NULL, 0, '', '', '')")

    harness.wait_for(lambda: f"not delivered {ADA}" in audit(harness))
    harness.wait_for(lambda: "#9223372036854775807 was to be told here" in audit(harness))
    harness.ask("ada", "PS100111")
    harness.wait_for(lambda: "looked up PS100111" in audit(harness))

    assert audit(harness).count(f"not delivered {ADA}") == 1


def test_a_reset_whose_rows_never_come_back_ends_as_abandoned_and_can_be_undone(harness: Harness) -> None:
    harness.start_bot(watch__first_look="1s", watch__stall_after="2s", watch__give_up_after="5s")
    card = ask_for(harness, "PS100112 dp:LON-DP01")
    approve(harness, card, "grace", "linus")

    ended = card_of(harness, id_of(card), "abandoned, not all rows came back")

    assert "Not all seen back within 5 seconds; I look no more." in visible_text(ended)
    assert "Undo …" in buttons(ended)
    assert "is abandoned: 0 of 1 row is back" in direct(harness, "ada", "abandoned")["text"]
