"""The lines of dbo.drift_row: how a spell is written, many in one statement, and how it is read again.

A line is written by taking the old one away and putting the new one in, so writing it twice does no harm.
"""

from __future__ import annotations

import hashlib
from functools import partial
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from bot.domain.drift import DriftClass
from bot.domain.history import Spell
from bot.domain.ledger import moment_read, moment_text, storable
from bot.domain.package import PackageId, Row, SiteCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from bot.dbapi import Connection

Thing = TypeVar("Thing")
Piece: TypeAlias = "Sequence[Sequence[Spell]]"
Work: TypeAlias = "Callable[[Connection], None]"

LINES_PER_STATEMENT = 100
"""SQL Server takes at most 2,100 parameters."""
STATEMENTS_PER_PIECE = 5
"""A piece is one transaction; everybody else who writes waits for it."""

_LINES = (
    "SELECT r.site, r.package, n.name, r.type, r.site_code, r.server_path, r.held, r.status, r.expected,"
    " r.drift_class, r.seen_at, r.moved_at, r.drifted_at, r.healed_at, r.gone"
    " FROM dbo.drift_row r INNER JOIN dbo.drift_name n ON n.site = r.site AND n.package = r.package WHERE r.site = ?"
)
OPEN_OF_SITE = f"{_LINES} AND (r.healed_at = '' OR r.healed_at > ?)"
OPEN_OF_PACKAGE = f"{OPEN_OF_SITE} AND r.package = ?"
OF_GROUP = (
    f"{_LINES} AND r.package = ? AND r.drift_class = ? AND r.seen_at = ? AND r.drifted_at = ? AND r.healed_at = ?"
    " AND r.gone = ? ORDER BY r.type, r.site_code, r.server, r.row_key"
)
_KEY_LENGTH = 200


def pieces(spells: Iterable[Spell]) -> Iterator[Piece]:
    """Cut spells into what one statement takes, by package, and these into what one transaction takes."""
    by_package = groupby(sorted(spells, key=attrgetter("package_id")), key=attrgetter("package_id"))
    statements = [part for _, group in by_package for part in cut(list(group), LINES_PER_STATEMENT)]
    return cut(statements, STATEMENTS_PER_PIECE)


def putting(piece: Piece) -> Work:
    """Make the transaction that writes a piece."""
    return partial(_each, piece, _put)


def dropping(piece: Piece) -> Work:
    """Make the transaction that takes a piece away."""
    return partial(_each, piece, _drop)


def _each(piece: Piece, work: Callable[[Connection, Sequence[Spell]], None], connection: Connection) -> None:
    for spells in piece:
        work(connection, spells)


def cut(things: Sequence[Thing], size: int) -> Iterator[Sequence[Thing]]:
    """Cut a long list into pieces."""
    return (things[start : start + size] for start in range(0, len(things), size))


def _drop(connection: Connection, spells: Sequence[Spell]) -> None:
    """Take the lines of some rows of one package away."""
    marks = ", ".join("?" * len(spells))
    connection.execute(
        f"DELETE FROM dbo.drift_row WHERE site = ? AND package = ? AND row_key IN ({marks})",
        (spells[0].site, spells[0].package_id, *map(row_key, spells)),
    )


def _put(connection: Connection, spells: Sequence[Spell]) -> None:
    """Write the lines of some rows of one package anew."""
    _drop(connection, spells)
    lines = [_line(spell) for spell in spells]
    marks = "), (".join([", ".join("?" * len(lines[0]))] * len(lines))
    connection.execute(
        "INSERT INTO dbo.drift_row (site, package, row_key, type, site_code, server_path, server, held, status,"
        f" expected, drift_class, seen_at, moved_at, drifted_at, healed_at, gone) VALUES ({marks})",
        list(chain.from_iterable(lines)),
    )


def row_key(spell: Spell) -> str:
    """Name a row of a package in a form that fits into a key."""
    return hashlib.sha256(storable(repr(spell.row.key)).encode()).hexdigest()


def _line(spell: Spell) -> tuple[object, ...]:
    row = spell.row
    return (
        spell.site,
        spell.package_id,
        row_key(spell),
        row.type_number,
        storable(row.site_code),
        storable(row.server_path),
        storable(row.server)[:_KEY_LENGTH],
        row.held_version,
        row.status_number,
        spell.expected_version,
        str(spell.drift_class),
        moment_text(spell.seen_at),
        moment_text(spell.moved_at),
        written(spell.drifted_at),
        written(spell.healed_at),
        int(spell.gone),
    )


def spell(line: Sequence[Any]) -> Spell:
    """Read a line of one of the statements above."""
    site, package, name, kind, code, path, held, status, expected, drift_class, *moments, gone = line
    seen_at, moved_at, drifted_at, healed_at = moments
    return Spell(
        site=SiteCode(site),
        package_id=PackageId(package),
        package_name=name,
        row=Row(kind, SiteCode(code), path, held, status, None),
        drift_class=DriftClass(drift_class),
        expected_version=expected,
        seen_at=moment_read(seen_at),
        moved_at=moment_read(moved_at),
        drifted_at=read(drifted_at),
        healed_at=read(healed_at),
        gone=bool(gone),
    )


def written(at: datetime | None) -> str:
    """Write a moment that may not have come."""
    return moment_text(at) if at else ""


def read(text: str) -> datetime | None:
    """Read what `written` wrote."""
    return moment_read(text) if text else None
