"""The inbox's table: what came in from Slack, kept before it is acknowledged and answered once.

An item is in the hands of the process that put it there, until that process is known to be dead and another adopts it.
A click brings an address at which anybody may replace the message that it was made in, for 30 minutes and without a
token. So what came in is encrypted, and erased when it is answered. The cipher authenticates as well: what somebody
else wrote here, or changed, is known when it is adopted.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.domain.ledger_entry import moment_read, moment_text
from bot.usecases.ports.store import InboxItem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.dbapi import Connection
    from bot.domain.signing import Signer
    from bot.store.database import StoreDatabase
    from bot.usecases.ports.clock import Clock


_CIPHER = "aes-256-gcm"
_NONCE_BYTES = 12
_KEY_PURPOSE = "encryption"


class InboxTable:
    """Implements `Inbox`. `holder` names this process and must never have named another one."""

    def __init__(self, database: StoreDatabase, holder: str, clock: Clock, signer: Signer) -> None:
        self._database = database
        self._holder = holder
        self._clock = clock
        self._signer = signer
        self._cipher = AESGCM(signer.key_for(_KEY_PURPOSE))

    def put(self, key: str, kind: str, body: Mapping[str, Any]) -> bool:
        """Keep an item, in this process's hands; False if it was seen before."""
        at = moment_text(self._clock())
        row = (key, kind, self._encrypted(json.dumps(body), key, kind, at), at, self._holder)

        def work(connection: Connection) -> None:
            connection.execute(
                "INSERT INTO dbo.inbox (id, kind, body, received_at, state, holder) VALUES (?, ?, ?, ?, 'new', ?)", row
            )

        return self._database.write_new(work)

    def done(self, key: str) -> None:
        """Note that nothing more is owed for an item, and erase what it said; that is final."""

        def work(connection: Connection) -> None:
            connection.execute("UPDATE dbo.inbox SET state = 'done', body = '' WHERE id = ?", (key,))

        self._database.write(work)

    def is_pending(self, key: str) -> bool:
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

    def claim(self, holder: str) -> Sequence[InboxItem]:
        """Take over what another process left unanswered, oldest first; two that try share nothing."""
        return self._database.write(lambda connection: self._adopt(connection, holder))

    def purge(self, before: datetime) -> None:
        """Forget answered items that came in before a moment."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM dbo.inbox WHERE state = 'done' AND received_at < ?", (moment_text(before),))

        self._database.write(work)

    def _adopt(self, connection: Connection, holder: str) -> Sequence[InboxItem]:
        # One by one: an item that a holder thought dead puts there meanwhile must not change hands unseen.
        left = {row[0] for row in _unanswered(connection, holder)}
        for key in sorted(left, key=str):
            connection.execute(
                "UPDATE dbo.inbox SET holder = ? WHERE id = ? AND state = 'new' AND holder = ?",
                (self._holder, key, holder),
            )
        return [self._item(*row) for row in _unanswered(connection, self._holder) if row[0] in left]

    def _encrypted(self, text: str, *bound_to: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, text.encode(), json.dumps(bound_to).encode())
        return f"{_CIPHER} {b64encode(nonce + sealed).decode()}"

    def _decrypted(self, encoded: str, *bound_to: str) -> str | None:
        """Return what was encrypted with our key for this place; None for anything else."""
        try:
            sealed = b64decode(encoded, validate=True)
            return self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], json.dumps(bound_to).encode()
            ).decode()
        except (InvalidTag, ValueError):
            return None

    def _item(self, key: str, kind: str, body: object, at: str) -> InboxItem:
        try:
            return self._read(key, kind, str(body), at)
        except (TypeError, ValueError, AttributeError, RecursionError):  # somebody else may have left anything here
            return InboxItem(key, kind, {}, self._clock(), is_ours=False)

    def _read(self, key: str, kind: str, body: str, at: str) -> InboxItem:
        form, _, rest = body.partition(" ")
        if form == _CIPHER:
            text = self._decrypted(rest, key, kind, at)
        else:  # as versions wrote it that marked an item instead of encrypting it
            text = rest if self._signer.verify(form, key, kind, rest, at) else None
        if text is not None:
            return InboxItem(key, kind, json.loads(text), moment_read(at))
        return InboxItem(key, kind, {}, self._clock(), is_ours=False)


def _unanswered(connection: Connection, holder: str) -> Sequence[Sequence[Any]]:
    return connection.query(
        "SELECT id, kind, body, received_at FROM dbo.inbox WHERE state = 'new' AND holder = ? ORDER BY received_at, id",
        (holder,),
    )
