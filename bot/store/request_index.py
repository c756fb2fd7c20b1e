"""The index of requests and the rows they hold; follows the ledger in the transaction of each entry.

The place of a card bears the bot's own mark: where somebody else put one, there is none.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from bot.domain.ledger_entry import moment_text, storable
from bot.domain.signing import Signer, card_parts
from bot.usecases.ports.store import Card, RowsHeld

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.dbapi import Connection
    from bot.domain.ledger_entry import Entry
    from bot.domain.package import PackageId
    from bot.domain.plan import PlanRow
    from bot.domain.request import Request, Stage
    from bot.store.database import StoreDatabase
    from bot.usecases.ports.store import Step

_ROW = "site = ? AND package = ? AND type = ? AND site_code = ? AND server = ?"


class RequestTable:
    """Implements `RequestIndex`."""

    def __init__(self, database: StoreDatabase, signer: Signer | None = None) -> None:
        self._database = database
        self._signer = signer or Signer()

    def follow(self, request: Request) -> Step:
        """Make the step that notes where a request stands and holds or frees its rows; it raises RowsHeld."""

        def step(connection: Connection, _entry: Entry) -> None:
            _save_request(connection, request)
            if request.is_open:
                for row in request.plan.rows:
                    _reserve_row(connection, request, row)
            else:
                connection.execute("DELETE FROM dbo.request_row WHERE request = ?", (request.id,))

        return step

    def place_card(self, request_id: str, card: Card) -> Step:
        """Make the step that notes where a request's card is."""
        mark = self._signer.sign(*card_parts(request_id, *_place_fields(card)))

        def step(connection: Connection, _entry: Entry) -> None:
            connection.execute(
                "UPDATE dbo.request SET card_channel = ?, card_ts = ?, card_link = ?, card_mark = ? WHERE id = ?",
                (*_place_fields(card), mark, request_id),
            )

        return step

    def card(self, request_id: str) -> Card | None:
        """Return where this bot put a request's card, or None before it was posted."""
        rows = self._database.read(
            lambda connection: connection.query(
                "SELECT card_mark, card_channel, card_ts, card_link FROM dbo.request WHERE id = ? AND card_ts <> ''",
                (request_id,),
            )
        )
        is_ours = rows and self._signer.verify(str(rows[0][0]), *card_parts(request_id, *map(str, rows[0][1:])))
        return Card(*rows[0][1:]) if is_ours else None

    def request_at(self, channel: str, ts: str) -> str | None:
        """Return the request whose card a message is, or None."""
        rows = self._database.read(
            lambda connection: connection.query(
                "SELECT id FROM dbo.request WHERE card_channel = ? AND card_ts = ?", (channel, ts)
            )
        )
        return str(rows[0][0]) if rows else None

    def in_stages(self, stages: Collection[Stage], limit: int | None = None) -> Sequence[str]:
        """Return the ids of requests in these stages, newest first."""
        marks = ", ".join("?" for _ in stages)
        sql = f"SELECT id FROM dbo.request WHERE stage IN ({marks}) ORDER BY created_at DESC, id"
        rows = self._database.read(lambda connection: connection.query(sql, [str(stage) for stage in stages]))
        return [request_id for (request_id,) in rows[:limit]]

    def of_package(self, package_id: PackageId, limit: int | None = None) -> Sequence[str]:
        """Return the ids of a package's requests, newest first."""
        rows = self._database.read(
            lambda connection: connection.query(
                "SELECT id FROM dbo.request WHERE package = ? ORDER BY created_at DESC, id", (package_id,)
            )
        )
        return [request_id for (request_id,) in rows[:limit]]


def _place_fields(card: Card) -> tuple[str, str, str]:
    return card.channel, card.ts, card.link


def _save_request(connection: Connection, request: Request) -> None:
    known = connection.query("SELECT id FROM dbo.request WHERE id = ?", (request.id,))
    if known:
        connection.execute("UPDATE dbo.request SET stage = ? WHERE id = ?", (str(request.stage), request.id))
        return
    plan = request.plan
    connection.execute(
        "INSERT INTO dbo.request (id, stage, site, package, requester, created_at, card_channel, card_ts, card_link,"
        " card_mark) VALUES (?, ?, ?, ?, ?, ?, '', '', '', '')",
        (
            request.id,
            str(request.stage),
            plan.site,
            plan.package_id,
            request.requester,
            moment_text(request.created_at),
        ),
    )


def _reserve_row(connection: Connection, request: Request, row: PlanRow) -> None:
    server = hashlib.sha256(storable(row.server_path).casefold().encode()).hexdigest()
    key = (request.plan.site, request.plan.package_id, row.type_number, row.site_code, server)
    holders = connection.query(f"SELECT request FROM dbo.request_row WHERE {_ROW}", key)
    if not holders:
        connection.execute(
            "INSERT INTO dbo.request_row (site, package, type, site_code, server, request) VALUES (?, ?, ?, ?, ?, ?)",
            (*key, request.id),
        )
    elif holders[0][0] != request.id:
        raise RowsHeld(holders[0][0])
