"""The lines of dbo.drift_row: how a spell is written, many in one statement, and how it is read again.

A line is written by taking the old one away and putting the new one in, so writing it twice does no harm.
"""

from __future__ import annotations

import hashlib
from functools import partial
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from bot.domain.drift_classes import DriftClass
from bot.domain.drift_history import DriftEpisode
from bot.domain.ledger_entry import moment_read, moment_text, storable
from bot.domain.package import PackageId, Row, SiteCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from bot.dbapi import Connection

Thing = TypeVar("Thing")
Piece: TypeAlias = "Sequence[Sequence[DriftEpisode]]"
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


def pieces(episodes: Iterable[DriftEpisode]) -> Iterator[Piece]:
    """Cut spells into what one statement takes, by package, and these into what one transaction takes."""
    by_package = groupby(sorted(episodes, key=attrgetter("package_id")), key=attrgetter("package_id"))
    statements = [part for _, group in by_package for part in cut(list(group), LINES_PER_STATEMENT)]
    return cut(statements, STATEMENTS_PER_PIECE)


def putting(piece: Piece) -> Work:
    """Make the transaction that writes a piece."""
    return partial(_each, piece, _put)


def dropping(piece: Piece) -> Work:
    """Make the transaction that takes a piece away."""
    return partial(_each, piece, _drop)


def _each(piece: Piece, work: Callable[[Connection, Sequence[DriftEpisode]], None], connection: Connection) -> None:
    for episodes in piece:
        work(connection, episodes)


def cut(things: Sequence[Thing], size: int) -> Iterator[Sequence[Thing]]:
    """Cut a long list into pieces."""
    return (things[start : start + size] for start in range(0, len(things), size))


def _drop(connection: Connection, episodes: Sequence[DriftEpisode]) -> None:
    """Take the lines of some rows of one package away."""
    marks = ", ".join("?" * len(episodes))
    connection.execute(
        f"DELETE FROM dbo.drift_row WHERE site = ? AND package = ? AND row_key IN ({marks})",
        (episodes[0].site, episodes[0].package_id, *map(row_key, episodes)),
    )


def _put(connection: Connection, episodes: Sequence[DriftEpisode]) -> None:
    """Write the lines of some rows of one package anew."""
    _drop(connection, episodes)
    lines = [_line(episode) for episode in episodes]
    marks = "), (".join([", ".join("?" * len(lines[0]))] * len(lines))
    connection.execute(
        "INSERT INTO dbo.drift_row (site, package, row_key, type, site_code, server_path, server, held, status,"
        f" expected, drift_class, seen_at, moved_at, drifted_at, healed_at, gone) VALUES ({marks})",
        list(chain.from_iterable(lines)),
    )


def row_key(episode: DriftEpisode) -> str:
    """Name a row of a package in a form that fits into a key."""
    return hashlib.sha256(storable(repr(episode.row.key)).encode()).hexdigest()


def _line(episode: DriftEpisode) -> tuple[object, ...]:
    row = episode.row
    return (
        episode.site,
        episode.package_id,
        row_key(episode),
        row.type_number,
        storable(row.site_code),
        storable(row.server_path),
        storable(row.server)[:_KEY_LENGTH],
        row.held_version,
        row.status_number,
        episode.expected_version,
        str(episode.drift_class),
        moment_text(episode.seen_at),
        moment_text(episode.moved_at),
        written(episode.drifted_at),
        written(episode.healed_at),
        int(episode.gone),
    )


def episode(line: Sequence[Any]) -> DriftEpisode:
    """Read a line of one of the statements above."""
    site, package, name, kind, code, path, held, status, expected, drift_class, *moments, gone = line
    seen_at, moved_at, drifted_at, healed_at = moments
    return DriftEpisode(
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
