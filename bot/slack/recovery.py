"""Answer what a process that died took in and left: once it is certain that nobody else will.

A process keeps a lease on its own name for as long as it lives. Whoever gets that lease knows that it is dead.
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
    """Shows that this process lives, and looks for others that do not."""

    holder: str
    inbox: Inbox
    leases: Leases
    dispatcher: Dispatcher
    clock: Clock

    def renew_lease(self) -> None:
        """Show that this process lives; call it every few seconds. Raises StoreError."""
        self.leases.hold(_lease(self.holder))

    def scan(self) -> None:
        """Take over from every process whose lease is free. Raises StoreError."""
        for holder in self.inbox.holders():
            if self.leases.hold(_lease(holder)):
                for item in self.inbox.adopt(holder):
                    self._take(item)
                self.leases.release(_lease(holder))

    def _take(self, item: InboxItem) -> None:
        if not item.is_ours:
            self._turn_away(item, FORGED)
            return
        try:
            self.dispatcher.resume(item, self.clock() - item.received_at)
        except StoreError:
            raise
        except Exception:
            log.exception("cannot take over what was left unanswered", kind=item.kind)
            self._turn_away(item, UNREADABLE)

    def _turn_away(self, item: InboxItem, reason: str) -> None:
        """Do nothing about what cannot be used, put it aside, and record once that it was found."""
        try:
            self.dispatcher.ledger.append(refused("taken over", reason, str(item.kind)).draft(NOBODY, f"in {item.key}"))
            self.inbox.done(item.key)
        except StoreError as error:  # what else was adopted must not wait for it
            log.error("cannot record what is not ours", trouble=error.kind.value, detail=error.detail)


def _lease(holder: str) -> str:
    return f"process {holder}"
