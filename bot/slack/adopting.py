"""Answer what a process that died took in and left: once it is certain that nobody else will.

A process keeps a lease on its own name for as long as it lives. Whoever gets that lease knows that it is dead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.events import events
from bot.usecases.recording import NOBODY, refused
from bot.usecases.store_ports import StoreError

if TYPE_CHECKING:
    from bot.slack.desk import Desk
    from bot.usecases.ports import Clock
    from bot.usecases.store_ports import Inbox, Item, Leases

log = events(__name__)

FORGED = "not written by this bot, or before its app-level token was changed"


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
                    self._take(item)
                self.leases.release(_lease(holder))

    def _take(self, item: Item) -> None:
        if item.is_ours:
            self.desk.take_over(item, self.clock() - item.received_at)
        else:
            self._turn_away(item)

    def _turn_away(self, item: Item) -> None:
        """Do nothing about what came from nobody, as far as this bot can tell, and record that it was found."""
        try:
            self.desk.ledger.append(refused("taken over", FORGED, item.kind).draft(NOBODY, f"in {item.key}"))
            self.inbox.done(item.key)
        except StoreError as error:  # what else was adopted must not wait for it
            log.error("cannot record what is not ours", trouble=error.trouble.value, detail=error.detail)


def _lease(holder: str) -> str:
    return f"process {holder}"
