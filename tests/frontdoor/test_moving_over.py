"""What one process did alone, another does after its death, with the lease of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.audit_trail import pending_outbox
from tests.frontdoor.databases import ENGINES, harness_on, read
from tests.frontdoor.resets import FAST_TIMING, apply, approve, ask_for, card_of, id_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness import Harness


@pytest.fixture(params=ENGINES[-1:])
def shared_stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    """Yield a harness whose store is on a server, as where several processes share it."""
    with harness_on(request.param, tmp_path, "moving", timing=FAST_TIMING) as harness:
        del harness.settings["PKGSTATUS_WORK__LEASE"]
        yield harness


def test_the_relay_and_the_schedule_move_over(shared_stage: Harness) -> None:
    shared_stage.start_bot()
    apply(shared_stage, ask_for(shared_stage, "PS100112 dp:LON-DP01"))
    card = ask_for(shared_stage, "PS100112 dp:MUC-DP01")
    shared_stage.wait_for(lambda: pending_outbox(shared_stage) == 0)
    known = holders(shared_stage)
    survivor = shared_stage.start_bot()
    dead = shared_stage.bots[0]
    assert {pid for name, pid in known.items() if name in {"relay", "apply"}} == {dead.process.pid}

    dead.kill()
    approve(shared_stage, card, "grace", "linus")
    card_of(shared_stage, id_of(card), "changed, each with its backup")

    moved = {survivor.process.pid}
    shared_stage.wait_for(lambda: {pid for name, pid in holders(shared_stage).items() if name in known} == moved)


def holders(harness: Harness) -> dict[str, int]:
    """Return which process holds what only one may do."""
    rows = read(
        harness.settings["PKGSTATUS_STORE"], "SELECT name, holder FROM dbo.lease WHERE name NOT LIKE 'process %'"
    )
    return {name: int(holder.split("-")[-2]) for name, holder in rows}
