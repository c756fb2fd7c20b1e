"""The rows behind a count: a page of a table, and the buttons that lead to it and through it.

A button's value names a list and what it is of; it is looked up afresh at each click and holds nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.domain.drift_history import Moved
from bot.domain.drift_summary import DriftScope
from bot.domain.package import SiteCode
from bot.views.block_kit import Block, Message, actions, age, button, context, escape, moment, plain, section
from bot.views.drift_classes import MARKS
from bot.views.tables import Cell, Form, Table

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.domain.digest import DriftedRow, RowList

SHOW_ACTION = "drift_rows"
PREVIOUS_ACTION = "drift_previous"
NEXT_ACTION = "drift_next"

PAGE_ROWS = 50
"""The most that keeps within the characters of a page, however long the names are."""
NAME_CHARACTERS = 40
SERVER_CHARACTERS = 60

ALL = "*"

HEADER = ("Package", "Name", "Server", "Site", "Class", "Held", "Expected", "Since (UTC)", "For")


TITLES = {
    Moved.NEWLY: "newly drifted, worst first",
    Moved.STILL: "still open, oldest first",
    Moved.HEALED: "healed, latest first",
    Moved.GONE: "taken away, latest first",
}


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which rows a button shows: of which list, since when, of what, and from which row on."""

    which: Moved
    since: datetime | None
    scope: DriftScope = field(default_factory=DriftScope)
    start: int = 0


def encode_pointer(pointer: Pointer) -> str:
    """Return a button's value."""
    since = pointer.since.isoformat() if pointer.since else ALL
    sites = ",".join(sorted(pointer.scope.sites)) if pointer.scope.sites is not None else ALL
    return f"{pointer.which} {pointer.start} {since} {sites} {pointer.scope.packages or ALL}"


def parse_pointer(value: str) -> Pointer | None:
    """Read a button's value back; None when it is not one of ours."""
    which, start, since, sites, packages = (*value.split(" ", 4), "", "", "", "")[:5]
    if not (start.isascii() and start.isdigit() and sites and packages):
        return None
    scope = DriftScope(
        None if sites == ALL else frozenset(map(SiteCode, sites.split(","))), None if packages == ALL else packages
    )
    try:
        found = Pointer(Moved(which), None if since == ALL else datetime.fromisoformat(since), scope, int(start))
    except ValueError:
        return None
    return found if found.since is None or found.since.tzinfo else None


def draw(pointer: Pointer, page: RowList, at: datetime, form: Form) -> Message:
    """Draw one page of a list as it is known at a moment; `page` counts all of it and holds only its rows."""
    if not page.rows:
        nothing = f"No more rows there by now: {page.count:,} {TITLES[pointer.which]}."
        return Message(nothing, (section(nothing),))
    since = f", counted from {moment(pointer.since)}" if pointer.since else ""
    caption = f"{page.count:,} {TITLES[pointer.which]}: {_range(pointer, page)}"
    table = Table(caption, HEADER, tuple(_table_row(row, at) for row in page.rows))
    blocks = [
        *table.draw(form),
        *_page_buttons(pointer, page),
        context(f"As known at {moment(at)} UTC{since}. `/pkgstatus PACKAGEID` shows a package and offers its reset."),
    ]
    return Message(caption, tuple(blocks))


def _range(pointer: Pointer, page: RowList) -> str:
    if len(page.rows) == page.count:
        return "all of them"
    return f"rows {pointer.start + 1}-{pointer.start + len(page.rows)}"


def _table_row(row: DriftedRow, at: datetime) -> tuple[Cell, ...]:
    return (
        row.package_id,
        plain(row.package_name, NAME_CHARACTERS),
        plain(_server(row), SERVER_CHARACTERS),
        plain(row.row.site_code, 3),
        f"{MARKS[row.drift_class]} {row.drift_class}",
        row.row.held_version,
        row.expected_version,
        moment(row.first_seen_at),
        age((row.healed_at or at) - row.first_seen_at),
    )


def _server(row: DriftedRow) -> str:
    return f"{row.row.server} (site server)" if row.row.is_site else row.row.server


def _page_buttons(pointer: Pointer, page: RowList) -> list[Block]:
    """Previous and Next, as far as there is something to lead to."""
    before, after = pointer.start - PAGE_ROWS, pointer.start + len(page.rows)
    buttons = []
    if pointer.start > 0:
        value = encode_pointer(replace(pointer, start=max(before, 0)))
        buttons.append(button("◀ Previous", PREVIOUS_ACTION, value, label="Previous page"))
    if after < page.count:
        buttons.append(button("Next ▶", NEXT_ACTION, encode_pointer(replace(pointer, start=after)), label="Next page"))
    return [actions(*buttons)] if buttons else []


def unknown_site(asked: Collection[str], known: Collection[str]) -> Message:
    """Say which sites are read."""
    unknown, sites = (", ".join(escape(site, 10) for site in sorted(each)) for each in (asked, known))
    text = (
        f"I read no database of {unknown}, only of {sites}; rows of a secondary site are in the database of its "
        f"primary. Use `/pkgstatus drift`, or `/pkgstatus drift site:{min(known)}`."
    )
    return Message(text, (section(text),))
