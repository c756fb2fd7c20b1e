"""The brake: an approver freezes all applies with a reason, an approver lifts it; everybody sees who, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.request import OPEN, Freeze, Stage
from bot.usecases.recording import Deed
from bot.usecases.request_ports import CARD
from bot.usecases.store_ports import Notice, StaleStream

if TYPE_CHECKING:
    from bot.usecases.access import Actor
    from bot.usecases.request_ports import RequestIndex
    from bot.usecases.store_ports import Ledger

STREAM = "freeze"
SHOWN = OPEN | {Stage.APPLIED, Stage.STALLED}
"""Requests whose cards are drawn again: those that somebody still looks at."""
FROZE, UNFROZE = "froze resets", "unfroze resets"


@dataclass(frozen=True, slots=True)
class Freezing:
    """Reads and sets the brake; every open card is drawn again when it changes."""

    ledger: Ledger
    index: RequestIndex
    channel: str

    def now(self) -> Freeze | None:
        """Return the freeze in force, or None. Raises StoreError."""
        entries = self.ledger.stream(STREAM)
        if not entries or entries[-1].kind != FROZE:
            return None
        last = entries[-1]
        return Freeze(last.actor_user, last.at, str(last.facts.get("reason_given", "")))

    def freeze(self, actor: Actor, why: str, click: str) -> None:
        """Stop all applies; the same command twice is done once. Raises StoreError."""
        self._append(Deed(FROZE, "done", detail=why, facts={"reason_given": why, "click": click}), actor, click)

    def unfreeze(self, actor: Actor, click: str) -> None:
        """Let applies go on; the same command twice is done once. Raises StoreError."""
        self._append(Deed(UNFROZE, "done", facts={"click": click}), actor, click)

    def _append(self, deed: Deed, actor: Actor, click: str) -> None:
        cards = [Notice(self.channel, {CARD: request_id}) for request_id in self.index.in_stages(SHOWN)]
        while True:
            entries = self.ledger.stream(STREAM)
            if any(entry.facts.get("click") == click for entry in entries):
                return
            try:
                self.ledger.append(deed.draft(actor, STREAM, len(entries) + 1), cards)
            except StaleStream:
                continue
            return
