"""Freezing resets: an approver stops all applies with a reason, an approver lifts that; each is a ledger entry."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.domain.request import OPEN, Freeze, Stage
from bot.domain.signing import Signer, freeze_parts
from bot.usecases.audit.recorder import AuditAction
from bot.usecases.ports.store import CARD, Notification, StaleStream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.domain.ledger_entry import Entry
    from bot.usecases.access import Actor
    from bot.usecases.ports.store import Ledger, RequestIndex

STREAM = "freeze"
SHOWN = OPEN | {Stage.APPLIED, Stage.STALLED}
"""Requests whose cards are drawn again: those that somebody still looks at."""
FROZE, UNFROZE = "froze resets", "unfroze resets"
RECENT_CHANGES = 6
"""How many of the newest freezes and unfreezes a card may still show."""


@dataclass(frozen=True, slots=True)
class FreezeService:
    """Reads, sets and lifts the freeze; every open card is drawn again when it changes."""

    ledger: Ledger
    index: RequestIndex
    channel: str
    signer: Signer = field(default_factory=Signer)

    def now(self) -> Freeze | None:
        """Return the freeze in force, or None; only what this bot recorded itself lifts one. Raises StoreError."""
        entries = self.ledger.stream(STREAM)
        if not entries or (entries[-1].kind == UNFROZE and self._is_ours(entries[-1])):
            return None
        # An entry that this bot did not record may stand in the place of a freeze.
        return _freeze_of(next((entry for entry in reversed(entries) if entry.kind == FROZE), entries[-1]))

    def drawn(self) -> Sequence[tuple[Freeze | None, datetime | None]]:
        """Return the freezes that cards may show, with when that ended; None of what holds now. Raises StoreError.

        Of those that were lifted only the bot's own: the words of another are somebody else's.
        """
        shown: list[tuple[Freeze | None, datetime | None]] = [(self.now(), None)]
        after: datetime | None = None
        for entry in reversed(self.ledger.stream(STREAM)[-RECENT_CHANGES:]):
            if after:
                freeze = _freeze_of(entry) if entry.kind == FROZE else None
                if freeze is None or self._is_ours(entry):
                    shown.append((freeze, after))
            after = entry.at
        return [*shown, (None, after)] if after else shown

    def _is_ours(self, entry: Entry) -> bool:
        why = str(entry.facts.get("reason_given", ""))
        parts = freeze_parts(entry.kind, entry.version, entry.actor_user, entry.actor_team, why)
        return self.signer.verify(str(entry.facts.get("mark", "")), *parts)

    def freeze(self, actor: Actor, why: str, click: str) -> None:
        """Stop all applies; the same command twice is done once. Raises StoreError."""
        self._append(AuditAction(FROZE, "done", detail=why, facts={"reason_given": why, "click": click}), actor, click)

    def unfreeze(self, actor: Actor, click: str, known: int | None = None) -> Freeze | None:
        """Let applies go on; the same command twice is done once. Raises StoreError.

        With `known`, the value of `moves` when somebody asked for this, a freeze that came later
        stays, and is returned: nobody lifts what they have not seen.
        """
        return self._append(AuditAction(UNFROZE, "done", facts={"click": click}), actor, click, known)

    def _append(self, action: AuditAction, actor: Actor, click: str, known: int | None = None) -> Freeze | None:
        cards = [Notification(self.channel, {CARD: request_id}) for request_id in self.index.in_stages(SHOWN)]
        while True:
            entries = self.ledger.stream(STREAM)
            if any(entry.facts.get("click") == click for entry in entries):
                return None
            unseen = [entry for entry in entries if known is not None and entry.version > known]
            if unseen and (later := self.now()):
                return later
            version = max((entry.version for entry in entries), default=0) + 1
            why = str(action.facts.get("reason_given", ""))
            mark = self.signer.sign(*freeze_parts(action.verb, version, actor.user_id, actor.team_id, why))
            marked = replace(action, facts={**action.facts, "mark": mark})
            try:
                self.ledger.append(marked.draft(actor, STREAM, version), cards)
            except StaleStream:
                continue
            return None


def moves(ledger: Ledger) -> int:
    """Return how many times resets were frozen or unfrozen. Raises StoreError."""
    return max((entry.version for entry in ledger.stream(STREAM)), default=0)


def _freeze_of(entry: Entry) -> Freeze:
    return Freeze(entry.actor_user, entry.at, str(entry.facts.get("reason_given", "")))
