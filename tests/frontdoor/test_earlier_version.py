"""A bot of this version goes on with the store of an earlier one, and writes what it records under the same names."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.dbapi import Database
from bot.demo.launch import digest_settings
from tests.bot_process import CHECKOUT
from tests.frontdoor.audit_trail import pending_inbox, pending_outbox, store_path
from tests.frontdoor.message_content import visible_text
from tests.frontdoor.resets import FAST_TIMING, approve, ask_for, card_of, entries, press
from tests.harness import OPS, Harness
from tests.store.earlier_version import HEAD, NO_CARD, ONE_VOTE, write_earlier_store

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLIED = "changed, each with its backup"


@pytest.fixture
def earlier(tmp_path: Path) -> Iterator[Harness]:
    """Yield a harness without a bot, whose store an earlier version wrote."""
    with Harness(tmp_path, timing=FAST_TIMING) as harness:
        write_earlier_store(Path(store_path(harness)))
        harness.settings |= digest_settings(datetime.now(UTC))
        harness.settings |= {"PKGSTATUS_WATCH__STALL_AFTER": "3649d", "PKGSTATUS_WATCH__GIVE_UP_AFTER": "3650d"}
        yield harness


def verified(harness: Harness) -> str:
    """Return what `pkgstatus-bot ledger verify` says, given the head that the earlier version left."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PKGSTATUS_")}
    head = f"{HEAD[0]}:{HEAD[1]}"
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "ledger", "verify", "--head", head],
        env=inherited | harness.settings, cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ended.stdout


def names_in(harness: Harness, *, earlier: bool) -> dict[str, set[str]]:
    """Return the names of streams and facts by the kind of entry: `froze resets` -> {freeze, outcome, mark...}."""
    found: dict[str, set[str]] = {}
    for place, entry in enumerate(entries(harness)):
        if (place < HEAD[0]) == earlier:
            found.setdefault(entry.kind, set()).update({entry.stream.split()[0], *entry.facts})
    return found


def leases(harness: Harness) -> set[str]:
    """Return the first words of the names of the leases."""
    database = Database(harness.settings["PKGSTATUS_STORE"])
    rows: list[Any] = database.read(lambda connection: connection.query("SELECT name FROM dbo.lease"))
    database.close()
    return {name.split()[0] for (name,) in rows}


def test_a_bot_goes_on_where_the_earlier_version_stopped(earlier: Harness) -> None:
    assert verified(earlier).startswith("The chain holds: 79 entries")
    known = leases(earlier)

    earlier.start_bot()

    # What Slack had not taken is posted, and what was taken in is answered.
    pending = card_of(earlier, ONE_VOTE)
    fresh = card_of(earlier, NO_CARD)
    earlier.wait_for(lambda: [m for m in earlier.messages() if m["text"].startswith("Digest daily")] or None)
    earlier.wait_for(lambda: pending_inbox(earlier) == 0)
    assert "<@U00000GRACE>" in visible_text(pending)
    assert "second freeze: ticket CHG0005678" in visible_text(fresh)
    assert leases(earlier) == known

    # The earlier vote counts, as do the freeze and its end.
    earlier.ask("grace", "unfreeze")
    assert "is counted" in press(earlier, "linus", card_of(earlier, ONE_VOTE))
    card_of(earlier, ONE_VOTE, APPLIED)
    approve(earlier, card_of(earlier, NO_CARD), "grace", "linus")
    card_of(earlier, NO_CARD, APPLIED)

    # What is recorded from now on has the names that it had.
    approve(earlier, ask_for(earlier, "PS100112 dp:LON-DP02"), "grace", "linus")
    for text in ("freeze over Christmas", "unfreeze", "drift", "requests", "history PS100112", "help"):
        earlier.ask("grace", text, OPS)
    earlier.wait_for(lambda: pending_outbox(earlier) == 0)
    before, after = names_in(earlier, earlier=True), names_in(earlier, earlier=False)
    both = before.keys() & after.keys()
    assert {"requested", "approved", "quorum reached", "applying", "applied", "card posted", "froze resets",
            "unfroze resets", "digest posted", "looked up", "started"} <= both  # fmt: skip
    assert {kind: after[kind] - before[kind] for kind in both if after[kind] - before[kind]} == {}
    assert verified(earlier).startswith("The chain holds: ")
