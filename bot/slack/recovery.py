"""Recovers requests that a process stored in the inbox and died before answering.

Each process holds a lease named after it while it runs; whoever acquires the lease of another may claim its items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.usecases.audit.recorder import NOBODY, refused
from bot.usecases.ports.store import StoreError

if TYPE_CHECKING:
    from bot.slack.dispatcher import Dispatcher
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.store import Inbox, InboxItem, Leases

log = structlog.stdlib.get_logger(__name__)

UNREADABLE = "cannot be read: left by another version, or changed by somebody"
FORGED = "not written by this bot, or before its app-level token was changed"


@dataclass(frozen=True, slots=True)
class OrphanRecovery:
    """Renews the lease of this process, and claims the inbox items of processes without one.

    `holder` is the name of this process in the inbox and the leases.
    """

    holder: str
    inbox: Inbox
    leases: Leases
    dispatcher: Dispatcher
    clock: Clock

    def renew_lease(self) -> None:
        """Renew the lease of this process; to be called every few seconds. Raises StoreError."""
        self.leases.hold(_lease(self.holder))

    def scan(self) -> None:
        """Claim and resume the items of every process whose lease is free. Raises StoreError."""
        for other in self.inbox.holders():
            if self.leases.hold(_lease(other)):
                for item in self.inbox.claim(other):
                    self._resume(item)
                self.leases.release(_lease(other))

    def _resume(self, item: InboxItem) -> None:
        if not item.is_ours:
            self._discard(item, FORGED)
            return
        try:
            self.dispatcher.resume(item, self.clock() - item.received_at)
        except StoreError:
            raise
        except Exception:
            log.exception("cannot take over what was left unanswered", kind=item.kind)
            self._discard(item, UNREADABLE)

    def _discard(self, item: InboxItem, reason: str) -> None:
        """Record an item that cannot be used, once, and mark it as done."""
        try:
            self.dispatcher.ledger.append(refused("taken over", reason, str(item.kind)).draft(NOBODY, f"in {item.key}"))
            self.inbox.done(item.key)
        except StoreError as error:  # the other claimed items must not wait for it
            log.error("cannot record what is not ours", trouble=error.kind.value, detail=error.detail)


def _lease(holder: str) -> str:
    return f"process {holder}"
