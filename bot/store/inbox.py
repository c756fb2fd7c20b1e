"""The inbox's table: what came in from Slack, kept before it is acknowledged and answered once.

An item is in the hands of the process that put it there, until that process is known to be dead and another adopts it.
Each bears the bot's own mark, by which what somebody else wrote here, or changed, is known when it is adopted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot.domain.ledger import moment_read, moment_text
from bot.usecases.store_ports import Item

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.dbapi import Connection
    from bot.domain.signet import Signet
    from bot.store.database import StoreDatabase
    from bot.usecases.ports import Clock


class InboxTable:
    """Fills the port `Inbox`. `holder` names this process and must never have named another one."""

    def __init__(self, database: StoreDatabase, holder: str, clock: Clock, signet: Signet) -> None:
        self._database = database
        self._holder = holder
        self._clock = clock
        self._signet = signet

    def put(self, key: str, kind: str, body: Mapping[str, Any]) -> bool:
        """Keep an item, in this process's hands; False if it was seen before."""
        text, at = json.dumps(body), moment_text(self._clock())
        row = (key, kind, f"{self._signet.mark(key, kind, text, at)} {text}", at, self._holder)

        def work(connection: Connection) -> None:
            connection.execute(
                "INSERT INTO dbo.inbox (id, kind, body, received_at, state, holder) VALUES (?, ?, ?, ?, 'new', ?)", row
            )

        return self._database.write_new(work)

    def done(self, key: str) -> None:
        """Note that nothing more is owed for an item; that is final."""

        def work(connection: Connection) -> None:
            connection.execute("UPDATE dbo.inbox SET state = 'done' WHERE id = ?", (key,))

        self._database.write(work)

    def owes(self, key: str) -> bool:
        """Whether an item still waits for an answer by this process: look before it is given."""
        sql = "SELECT id FROM dbo.inbox WHERE id = ? AND state = 'new' AND holder = ?"
        return bool(self._database.read(lambda connection: connection.query(sql, (key, self._holder))))

    def holders(self) -> Sequence[str]:
        """Return the other processes that have unanswered items in their hands, dead or alive."""
        rows = self._database.read(
            lambda connection: connection.query(
                "SELECT DISTINCT holder FROM dbo.inbox WHERE state = 'new' AND holder <> ? ORDER BY holder",
                (self._holder,),
            )
        )
        return [holder for (holder,) in rows]

    def adopt(self, holder: str) -> Sequence[Item]:
        """Take over what another process left unanswered, oldest first; two that try share nothing."""
        return self._database.write(lambda connection: self._adopt(connection, holder))

    def purge(self, before: datetime) -> None:
        """Forget answered items that came in before a moment."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM dbo.inbox WHERE state = 'done' AND received_at < ?", (moment_text(before),))

        self._database.write(work)

    def _adopt(self, connection: Connection, holder: str) -> Sequence[Item]:
        # One by one: an item that a holder thought dead puts there meanwhile must not change hands unseen.
        left = {row[0] for row in _unanswered(connection, holder)}
        for key in sorted(left):
            connection.execute(
                "UPDATE dbo.inbox SET holder = ? WHERE id = ? AND state = 'new' AND holder = ?",
                (self._holder, key, holder),
            )
        return [self._item(*row) for row in _unanswered(connection, self._holder) if row[0] in left]

    def _item(self, key: str, kind: str, body: object, at: str) -> Item:
        mark, _, text = str(body).partition(" ")
        if self._signet.is_on(mark, key, kind, text, at):
            return Item(key, kind, json.loads(text), moment_read(at))
        return Item(key, kind, {}, self._clock(), is_ours=False)


def _unanswered(connection: Connection, holder: str) -> Sequence[Sequence[Any]]:
    return connection.query(
        "SELECT id, kind, body, received_at FROM dbo.inbox WHERE state = 'new' AND holder = ? ORDER BY received_at, id",
        (holder,),
    )
