"""One reference from the click to the statements to the entries to the card; no secret on the way."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.audit_trail import pending_outbox
from tests.frontdoor.databases import ENGINES, harness_on
from tests.frontdoor.resets import FAST_TIMING, apply, ask_for, entries, id_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness import Harness, Json

PASSWORD = "hunter2-and-a-half"  # noqa: S105 - the tests' PostgreSQL asks for none


@pytest.fixture(params=ENGINES)
def traced_stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    """Yield a harness whose bot prints all that it can, with logins that have a password where there are logins."""
    with harness_on(request.param, tmp_path, "tracing", timing=FAST_TIMING) as harness:
        if request.param == "postgresql":  # which lets this login in with any password
            harness.settings["PKGSTATUS_STORE"] += f";Pwd={PASSWORD}"
            sites = json.loads(harness.settings["PKGSTATUS_SITES"])
            sites["PS1"]["database"] += f";Pwd={PASSWORD}"
            harness.settings["PKGSTATUS_SITES"] = json.dumps(sites)
        harness.start_bot(logs__level="debug", logs__format="json")
        yield harness


def test_a_last_vote_can_be_followed_to_the_changed_rows_and_the_edited_card(traced_stage: Harness) -> None:
    card = ask_for(traced_stage, "PS100112 dp:LON-DP01 dp:MUC-DP01")
    apply(traced_stage, card)
    traced_stage.wait_for(lambda: pending_outbox(traced_stage) == 0)

    recorded = {entry.kind: entry.facts for entry in entries(traced_stage) if entry.stream == f"request {id_of(card)}"}
    ref = recorded["quorum reached"]["ref"]
    assert {kind for kind, facts in recorded.items() if facts["ref"] == ref} >= {"approved", "applying", "applied"}
    assert recorded["requested"]["ref"] == id_of(card)[: len(ref)]
    said = [event for event in printed(traced_stage) if ref in str(event.get("ref", "")).split()]
    assert in_order(
        said,
        "statement INSERT INTO dbo.inbox",
        "taken in",
        "statement INSERT INTO dbo.ledger_entry",
        "statement UPDATE dbo.PkgStatus",
        "applied",
        "statement INSERT INTO dbo.ledger_entry",
        "card edited",
    )
    assert any(event["event"] == "answered" for event in said)
    assert PASSWORD not in traced_stage.log()


def test_a_question_can_be_followed_from_its_statements_to_its_line_in_the_audit_channel(
    fresh_harness: Harness,
) -> None:
    fresh_harness.start_bot(logs__level="debug", logs__format="console", ready=False)
    fresh_harness.ask("ada", "PS100112")
    fresh_harness.wait_for(lambda: pending_outbox(fresh_harness) == 0)

    ref = next(entry.facts["ref"] for entry in entries(fresh_harness, "looked up"))
    lines = [line for line in fresh_harness.log().splitlines() if re.search(rf"\bref='?[ 0-9a-f]*{ref}", line)]
    for step in ("taken in", "dbo.PkgStatus", "INSERT INTO dbo.ledger_entry", "answered", "told"):
        assert any(step in line for line in lines), step


def printed(harness: Harness) -> list[Json]:
    """Return every event that the bot printed."""
    return [json.loads(line) for line in harness.log().splitlines()]


def in_order(events: list[Json], *steps: str) -> bool:
    """Whether the steps come one after the other, whatever comes between."""
    said = iter(f"{event['event']} {event.get('sql', '')}" for event in events)
    return all(any(line.startswith(step) for line in said) for step in steps)
