"""Taking votes: every rule is checked here, on the server, at every click, and every refusal is recorded.

Refusals: who may not decide, what stops all resets, a card that is not the request's own, and all that
domain/approval.py refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from bot.domain.approval import Approve, Disown, Reject, Withdraw
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Freeze, Request, Stage
from bot.usecases.resets.request_repository import NOT_OURS

if TYPE_CHECKING:
    from bot.usecases.access import Actor
    from bot.usecases.ports.slack import Person
    from bot.usecases.resets.eligibility import Eligibility
    from bot.usecases.resets.request_repository import RequestRepository


@dataclass(frozen=True, slots=True)
class CardClick:
    """A button on a card: what it says, and the message it was pressed on."""

    actor: Actor
    request_id: str
    fingerprint: str
    channel: str
    ts: str
    origin: Mapping[str, str]
    message: Mapping[str, Any] | None = None
    """What the message showed, as Slack tells it with the click; without that a vote does not count."""


class Reading(Enum):
    """What a message is, compared with one drawing of a card."""

    SAME = auto()
    WITHOUT_ROWS = auto()
    """The same, but its table did not come back with the click: nothing tells which rows were seen."""
    OTHER = auto()


Reads = Callable[[Mapping[str, Any], Request, Freeze | None], Reading]
"""Compares a message with the card of a request, in any of its forms; views/ fills it."""
REDRAW_GRACE = timedelta(minutes=2)
"""For so long after a vote, or after a freeze was lifted, a card that does not show it yet still counts.

Cards are redrawn one after the other, so of two people who press at once the second would be sent away by a card that
nobody could see yet. What is decided never differs between two drawings: no event of an open request changes its rows,
requester, reason, rule or expiry.
"""


@dataclass(frozen=True, slots=True)
class VoteService:
    """Takes votes."""

    requests: RequestRepository
    eligibility: Eligibility
    reads: Reads = lambda _message, _request, _freeze: Reading.SAME

    def approve(self, click: CardClick) -> Request | Refusal:
        """Count an approval. Raises StoreError."""
        voter = self.check_card(click) or self._own(click) or self.eligibility.approver(click.actor)
        if isinstance(voter, Refusal):
            return voter
        if refusal := self.eligibility.blocked_by() or self.check_words(click):
            return refusal
        command = Approve(*_who(click), click.fingerprint, _also(click, voter))
        return self.requests.change(click.request_id, command, click.origin)

    def reject(self, click: CardClick, reason: str) -> Request | Refusal:
        """End a request by a reasoned no. Raises StoreError."""
        voter = self.check_card(click) or self.eligibility.approver(click.actor)
        if isinstance(voter, Refusal):
            return voter
        command = Reject(*_who(click), reason, _also(click, voter))
        return self.requests.change(click.request_id, command, click.origin)

    def withdraw(self, click: CardClick) -> Request | Refusal:
        """End a request at its requester's wish. Raises StoreError."""
        asker = self.check_card(click) or self.eligibility.requester(click.actor)
        asker = asker if isinstance(asker, Refusal) else self.check_words(click) or asker
        if isinstance(asker, Refusal):
            return asker
        command = Withdraw(*_who(click), _also(click, asker))
        return self.requests.change(click.request_id, command, click.origin)

    def withdraw_own(self, actor: Actor, request_id: str, origin: Mapping[str, str]) -> Request | Refusal:
        """End a request at its requester's wish, wherever the button was: it needs no card. Raises StoreError."""
        asker = self.eligibility.requester(actor)
        if isinstance(asker, Refusal):
            return asker
        return self.requests.change(request_id, Withdraw(actor.user_id, actor.team_id, asker.ids), origin)

    def _own(self, click: CardClick) -> Refusal | None:
        """Requesters hear that they are the requester, before they hear that they are no approver."""
        request = self.requests.load(click.request_id)
        is_own = request and click.actor.user_id in request.requester_ids and not request.requester_counts
        return Refusal(Reason.OWN_REQUEST) if is_own else None

    def check_words(self, click: CardClick) -> Refusal | None:
        """Refuse a press on an open request's card that did not read as it is drawn, and draw it anew.

        Raises StoreError.
        """
        request = self.requests.load(click.request_id)
        if request is None or request.stage is not Stage.PENDING:
            return None
        if click.message is None:
            return Refusal(Reason.CARD_NOT_SENT)
        if click.fingerprint != request.plan.fingerprint:
            return Refusal(Reason.OTHER_PLAN)
        reason = self._difference(click.message, request)
        if reason is None:
            return None
        self.requests.redraw(request, reason)
        return Refusal(reason)

    def _difference(self, message: Mapping[str, Any], request: Request) -> Reason | None:
        """Say what keeps a message from being the card as it is drawn now, or was just before the last change."""
        now = self.requests.clock()
        drawings = [
            (self.reads(message, each, freeze), min(until, lifted or now))
            for each, until in [(request, now), *self.requests.before(request.id)]
            for freeze, lifted in self.eligibility.freeze_service.drawn()
        ]
        replaced_at = max((until for reading, until in drawings if reading is Reading.SAME), default=None)
        if replaced_at is not None:
            return None if abs(now - replaced_at) <= REDRAW_GRACE else Reason.CARD_CHANGED
        is_bare = any(reading is Reading.WITHOUT_ROWS for reading, _ in drawings)
        return Reason.ROWS_WITHHELD if is_bare else Reason.CARD_ALTERED

    def check_card(self, click: CardClick) -> Refusal | None:
        """Refuse a click on anything but a request's own newest card, and have an old one say so. Raises StoreError."""
        request = self.requests.load(click.request_id)
        if request is None:
            return Refusal(Reason.UNKNOWN_REQUEST)
        if not self.requests.is_ours(request):
            self.requests.change(request.id, Disown(NOT_OURS))
            return Refusal(Reason.NOT_OUR_RECORD)
        card = self.requests.index.card(click.request_id)
        if card is None:
            return Refusal(Reason.CARD_UNRECORDED)
        if (card.channel, card.ts) != (click.channel, click.ts):
            self.requests.replace_card(request, click.channel, click.ts)
            return Refusal(Reason.FOREIGN_CARD, link=card.link)
        return None


def _who(click: CardClick) -> tuple[str, str]:
    return click.actor.user_id, click.actor.team_id


def _also(click: CardClick, person: Person) -> frozenset[str]:
    """Return the ids that the click does not name: Slack knows more of a person than one payload says."""
    return person.ids - {click.actor.user_id}
