"""Which rows of an applied reset may still be taken back: asked when somebody asks for the undo, and again before it.

What the ledger knows comes first (the stage, the rows that were ever seen back, later requests), then what the site's
backup table and the row itself say, which also know of what an older copy of the store has forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.plan import Action
from bot.domain.request import Stage
from bot.domain.undo import Undoing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain.plan import Plan, RowKey
    from bot.domain.request import Request
    from bot.usecases.ports.site import SiteWriter
    from bot.usecases.resets.request_repository import RequestRepository

UNDOABLE = frozenset({Stage.APPLIED, Stage.STALLED, Stage.ABANDONED})


def stage_violation(done: Request) -> str:
    """Say why nothing of a request can be taken back at its stage; empty when something may."""
    if done.stage is Stage.CONVERGED:
        return (
            f"request {done.id} is converged: every row was seen back, and one that reads as reset now was reset by"
            " somebody else"
        )
    return "" if done.stage in UNDOABLE else f"request {done.id} is {done.stage}"


def undoing_of(requests: RequestRepository, done: Request) -> Undoing:
    """Return what the writer must know of the reset that is taken back. Raises StoreError."""
    return Undoing(done.id, frozenset(other.id for other, is_later in _beside(requests, done) if not is_later))


def rows_left_alone(requests: RequestRepository, writer: SiteWriter, done: Request) -> Mapping[RowKey, str]:
    """Say why rows of an applied reset may not be taken back, by row. Raises SiteError, StoreError."""
    beside = list(_beside(requests, done))
    undoing = Undoing(done.id, frozenset(other.id for other, is_later in beside if not is_later))
    later = {row.key: other.id for other, is_later in beside if is_later for row in other.plan.rows}
    back = [row.reversed() for row in done.plan.rows]
    at_site = writer.undo_violations(undoing, done.plan.package_id, back)
    found = {}
    for number, (row, said) in enumerate(zip(back, at_site, strict=True), start=1):
        if done.seen_back is None:
            found[row.key] = "only how many rows were seen back was recorded, and this may be one of them"
        elif number in done.seen_back:
            found[row.key] = "it was seen back, so what it reads now is not this reset's doing"
        elif row.key in later:
            found[row.key] = f"request {later[row.key]} changed it afterwards"
        elif said:
            found[row.key] = said
    return found


def undo_violations(
    requests: RequestRepository, writer: SiteWriter, plan: Plan, done: Request | None
) -> tuple[str, ...]:
    """Say why an undo may not be applied now, besides how its rows read. Raises SiteError, StoreError."""
    if done is None or done.plan.action is not Action.RESET:
        return ("the ledger does not know the reset that it takes back",)
    if said := stage_violation(done):
        return (said,)
    back = {row.reversed() for row in done.plan.rows}
    others = [row for row in plan.rows if row not in back]
    if others or (plan.site, plan.package_id) != (done.plan.site, done.plan.package_id):
        return tuple(f"{row.server}: request {done.id} did not change it so" for row in others or plan.rows)
    left = rows_left_alone(requests, writer, done)
    return tuple(f"{row.server}: {left[row.key]}" for row in plan.rows if row.key in left)


def _beside(requests: RequestRepository, done: Request) -> Iterator[tuple[Request, bool]]:
    """Yield the other applied requests of the package, and whether they were applied later."""
    own_place = requests.applied_place(done.id)
    for request_id in requests.index.of_package(done.plan.package_id):
        place = requests.applied_place(request_id)
        other = requests.load(request_id) if place and request_id != done.id else None
        if other and place and own_place:
            yield other, place > own_place
