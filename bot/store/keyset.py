"""Read a long table piece by piece along its sequence numbers, each piece by a statement of its own.

Nothing stays open between two pieces, so a slow reader holds no lock, and memory does not grow with the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.dbapi import Connection
    from bot.store.database import StoreDatabase

SEQUENCES_PER_PIECE = 200
"""The facts of an entry can be 100 kB."""
BEFORE_ALL = -(2**63)
"""The least number a column can hold: an entry that was slipped in below 1 must be seen."""
LAST_OF_ALL = 2**63 - 1
"""The greatest, for the same reason; no driver takes a greater one as a parameter."""


def walk(
    database: StoreDatabase, least: str, piece: str, parameters: Sequence[object] = (), start: int = BEFORE_ALL
) -> Iterator[Any]:
    """Yield rows in order. `least` finds the least sequence from `?` on, `piece` the rows from `?` to and with `?`.

    The first column of a row must be its sequence. Both statements take `parameters` before these.
    """

    def read(connection: Connection) -> Sequence[Any]:
        first = connection.query(least, (*parameters, start))[0][0]
        last = min(first + SEQUENCES_PER_PIECE - 1, LAST_OF_ALL) if isinstance(first, int) else first
        return [] if first is None else connection.query(piece, (*parameters, first, last))

    while rows := database.read(read):
        yield from rows
        if not isinstance(rows[-1][0], int) or rows[-1][0] == LAST_OF_ALL:
            return  # what is no number was written by somebody else, and sorts behind all numbers
        start = rows[-1][0] + 1
