"""Judges what bots left behind by the records alone: the ledger, the site's rows, every change of them, the backups."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.bot_process import CHECKOUT
from tests.frontdoor.audit_trail import pending_inbox
from tests.frontdoor.databases import read, site_of
from tests.frontdoor.resets import entries, id_of

if TYPE_CHECKING:
    from tests.frontdoor.resets import Entry
    from tests.harness import Harness, Json

APPROVERS = {"U00000GRACE", "U00000LINUS", "U0MARGARET"}
HAPPENED = {"applied", "progressed", "converged", "stalled", "undone"}
DID_NOT = {"failed", "stale", "rejected", "withdrawn", "expired"}
STEPS = HAPPENED | DID_NOT | {"requested", "approved", "quorum reached", "applying", "in doubt", "reminded"}


def request_entries(harness: Harness, request_id: str) -> list[Entry]:
    """Return what the ledger holds of a request, oldest first."""
    return [entry for entry in entries(harness) if entry.stream == f"request {request_id}"]


def outcome_of(harness: Harness, request_id: str) -> str | None:
    """Return how a request ended, or None while it is open."""
    last = [entry.kind for entry in request_entries(harness, request_id)][-1]
    return last if last in HAPPENED | DID_NOT else None


def wait_for_outcome(harness: Harness, card: Json) -> str:
    """Wait for the end of a request, and until everybody has been answered."""
    end = harness.wait_for(lambda: outcome_of(harness, id_of(card)))
    harness.wait_for(lambda: pending_inbox(harness) == 0)
    return end


def assert_invariants(harness: Harness) -> None:
    """Demand all that must hold of every request, whatever happened to the processes."""
    stories = _stories(harness)
    copies = _copies(harness)
    for request_id, story in stories.items():
        kinds = Counter(entry.kind for entry in story)
        assert set(kinds) <= STEPS
        assert story[-1].kind in HAPPENED | DID_NOT, f"{request_id} is left at {story[-1].kind}"
        once = {"quorum reached", "applying", "reminded", *HAPPENED, *DID_NOT} - {"progressed"}
        assert all(kinds[kind] <= 1 for kind in once), f"{request_id}: {kinds}"
        happened = story[-1].kind in HAPPENED
        assert happened == (request_id in copies), f"{request_id} is said to be {story[-1].kind}"
        if happened:
            _two_people_and_a_whole_backup(story, copies[request_id])
    assert set(copies) <= set(stories), "a row was changed for a request that nobody made"
    expected = [row for request_id in copies for row in _rows(stories[request_id])]
    assert Counter(_changes(harness)) == Counter(expected), "a row was changed twice, or without its backup"
    verified = subprocess.run(
        [sys.executable, "-m", "bot", "ledger", "verify"],
        env=os.environ | harness.settings,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stderr) == (0, "")


def _two_people_and_a_whole_backup(story: list[Entry], copied: list[tuple[Any, ...]]) -> None:
    kinds = [entry.kind for entry in story]
    before = story[: kinds.index("applying")]
    voters = [entry.user for entry in before if entry.kind == "approved"]
    assert len(voters) == len(set(voters)) >= 2, "two different people are missing"
    assert set(voters) <= APPROVERS - {story[0].user}
    assert copied == [(number, *row[:6]) for number, row in enumerate(_rows(story), start=1)]


def _stories(harness: Harness) -> dict[str, list[Entry]]:
    stories: dict[str, list[Entry]] = {}
    for entry in entries(harness):
        if entry.stream.startswith("request "):
            stories.setdefault(entry.stream.removeprefix("request "), []).append(entry)
    return stories


def _rows(story: list[Entry]) -> list[tuple[Any, ...]]:
    plan = story[0].facts["plan"]
    return [(plan["package"], *row[:7]) for row in plan["rows"]]


def _copies(harness: Harness) -> dict[str, list[tuple[Any, ...]]]:
    sql = (
        "SELECT RequestId, RowNumber, ID, Type, SiteCode, PkgServer, SourceVersion, Status FROM dbo.PkgStatus_BU"
        " WHERE ID IS NOT NULL ORDER BY RequestId, RowNumber"
    )
    copies: dict[str, list[tuple[Any, ...]]] = {}
    for request_id, *row in read(site_of(harness), sql):
        copies.setdefault(request_id, []).append(tuple(row))
    return copies


def _changes(harness: Harness) -> list[tuple[Any, ...]]:
    """Return every change that made a row read (0, 2): only a reset does that here."""
    sql = (
        "SELECT ID, Type, SiteCode, PkgServer, version_before, status_before, version_after, status_after"
        " FROM dbo.changes WHERE version_after = 0"
    )
    return read(site_of(harness), sql)
