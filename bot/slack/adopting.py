"""Answer what a process that died took in and left: once it is certain that nobody else will.

A process keeps a lease on its own name for as long as it lives. Whoever gets that lease knows that it is dead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.slack.desk import Desk
    from bot.usecases.ports import Clock
    from bot.usecases.store_ports import Inbox, Leases


@dataclass(frozen=True, slots=True)
class Adopting:
    """Shows that this process lives, and looks for others that do not."""

    me: str
    inbox: Inbox
    leases: Leases
    desk: Desk
    clock: Clock

    def live(self) -> None:
        """Show that this process lives; call it every few seconds. Raises StoreError."""
        self.leases.hold(_lease(self.me))

    def look(self) -> None:
        """Take over from every process whose lease is free. Raises StoreError."""
        for holder in self.inbox.holders():
            if self.leases.hold(_lease(holder)):
                for item in self.inbox.adopt(holder):
                    self.desk.take_over(item, self.clock() - item.received_at)
                self.leases.release(_lease(holder))


def _lease(holder: str) -> str:
    return f"process {holder}"
