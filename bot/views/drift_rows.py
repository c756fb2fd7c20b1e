"""The rows behind a count: a page of a table, and the buttons that lead to it and through it.

A button's value names a list and its moments; it is looked up afresh at each click and holds nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.domain.history import Moved
from bot.views.classes import MARKS
from bot.views.kit import Block, Message, actions, age, button, context, moment, plain, section
from bot.views.tables import Cell, Form, Table

if TYPE_CHECKING:
    from bot.domain.digest import DriftedRow, Listed

SHOW_ACTION = "drift_rows"
PREVIOUS_ACTION = "drift_previous"
NEXT_ACTION = "drift_next"

PAGE_ROWS = 50
"""The most that keeps within the characters of a page, however long the names are."""
NAME_CHARACTERS = 40
SERVER_CHARACTERS = 60

HEADER = ("Package", "Name", "Server", "Site", "Class", "Held", "Expected", "Since (UTC)", "For")


TITLES = {
    Moved.NEWLY: "newly drifted, worst first",
    Moved.STILL: "still open, oldest first",
    Moved.HEALED: "healed, latest first",
    Moved.GONE: "taken away, latest first",
}


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which rows a button shows: of which list, seen when and since when, where, and from which row on."""

    which: Moved
    since: datetime | None
    at: datetime
    scope: str = ""
    start: int = 0


def write(pointer: Pointer) -> str:
    """Return a button's value."""
    since = pointer.since.isoformat() if pointer.since else "-"
    return f"{pointer.which} {pointer.start} {since} {pointer.at.isoformat()} {pointer.scope}".rstrip()


def read(value: str) -> Pointer | None:
    """Read a button's value back; None when it is not one of ours."""
    which, start, since, at, scope = (*value.split(" ", 4), "", "", "", "")[:5]
    try:
        moments = (None if since == "-" else datetime.fromisoformat(since), datetime.fromisoformat(at))
        found = Pointer(Moved(which), *moments, scope, int(start))
    except ValueError:
        return None
    is_aware = all(known is None or known.tzinfo for known in moments)
    return found if found.start >= 0 and is_aware else None


def draw(pointer: Pointer, listed: Listed, form: Form) -> Message:
    """Draw one page of a list; `listed` holds all that are counted and the rows of this page."""
    if not listed.rows:
        return Message("No rows there any more.", (section("No rows there any more."),))
    caption = f"{listed.count:,} {TITLES[pointer.which]}: {_which(pointer, listed)}"
    table = Table(caption, HEADER, tuple(_line(row, pointer.at) for row in listed.rows))
    blocks = [
        *table.draw(form),
        *_pages(pointer, listed),
        context(f"As seen at {moment(pointer.at)} UTC. `/pkgstatus PACKAGEID` shows a package and offers its reset."),
    ]
    return Message(caption, tuple(blocks))


def _which(pointer: Pointer, listed: Listed) -> str:
    if len(listed.rows) == listed.count:
        return "all of them"
    return f"rows {pointer.start + 1}-{pointer.start + len(listed.rows)}"


def _line(row: DriftedRow, at: datetime) -> tuple[Cell, ...]:
    return (
        row.package_id,
        plain(row.package_name, NAME_CHARACTERS),
        plain(row.row.server, SERVER_CHARACTERS),
        plain(row.site, 3),
        f"{MARKS[row.drift_class]} {row.drift_class}",
        row.row.held_version,
        row.expected_version,
        moment(row.first_seen_at),
        age((row.healed_at or at) - row.first_seen_at),
    )


def _pages(pointer: Pointer, listed: Listed) -> list[Block]:
    """Previous and Next, as far as there is something to lead to."""
    before, after = pointer.start - PAGE_ROWS, pointer.start + len(listed.rows)
    buttons = []
    if pointer.start > 0:
        value = write(replace(pointer, start=max(before, 0)))
        buttons.append(button("◀ Previous", PREVIOUS_ACTION, value, label="Previous page"))
    if after < listed.count:
        buttons.append(button("Next ▶", NEXT_ACTION, write(replace(pointer, start=after)), label="Next page"))
    return [actions(*buttons)] if buttons else []
