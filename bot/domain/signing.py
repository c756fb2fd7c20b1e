"""What the bot's own mark stands on in its record: everything that a later decision relies on, and nothing else.

Pure. Whoever writes the store can compute hashes but no marks (signet.py), so what reads otherwise than it was marked
was not recorded by this bot: forged, rewritten, of a version that made no marks, or of another app-level token.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.domain.ledger_entry import facts_text
from bot.domain.request import opening

if TYPE_CHECKING:
    from bot.domain.request import Request, Vote

Parts = tuple[str, ...]


def request_parts(request: Request) -> Parts:
    """Return a request as it was asked for: who asked for what and why, under which rule, for how long."""
    asked = opening(request)
    return ("request", request.id, asked.user_id, asked.team_id, facts_text(asked.facts), str(request.quorum))


def vote_parts(request: Request, vote: Vote) -> Parts:
    """Return one vote for the plan as it reads now."""
    return (request.id, request.plan.fingerprint, vote.user_id, vote.team_id, vote.click, *sorted(vote.also))


def quorum_parts(request: Request, at: str) -> Parts:
    """Return the quorum of these votes, reached at this moment."""
    return ("quorum", request.id, at, *(vote.mark for vote in request.votes))


def freeze_parts(kind: str, version: int, user_id: str, team_id: str, why: str) -> Parts:
    """Return a pull of the brake at its place in the record: a copy of an earlier one is of another place."""
    return (kind, str(version), user_id, team_id, why)


def card_parts(request_id: str, channel: str, ts: str, link: str) -> Parts:
    """Return where the card of a request is."""
    return ("card", request_id, channel, ts, link)


def notice_parts(sequence: int, number: int, destination: str, payload: str) -> Parts:
    """Return a message that waits to be told, at its place."""
    return ("notice", str(sequence), str(number), destination, payload)


@dataclass(frozen=True, slots=True)
class Signer:
    """Marks and recognises; without a given key it recognises nothing but its own."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @classmethod
    def of(cls, secret: str, purpose: str) -> Signer:
        """Derive a signet from a secret, which cannot be found from it; each purpose has one of its own."""
        return cls(hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256))

    def key_for(self, purpose: str) -> bytes:
        """Derive a key of 32 bytes for something else than marks, which cannot be found from it either."""
        return hmac.digest(self.key, purpose.encode(), hashlib.sha256)

    def mark(self, *parts: str) -> str:
        """Return the mark of these parts in this order."""
        return hmac.new(self.key, json.dumps(parts).encode(), hashlib.sha256).hexdigest()

    def is_on(self, mark: str, *parts: str) -> bool:
        """Whether this is the mark of these parts."""
        return hmac.compare_digest(mark.encode("utf-8", "replace"), self.mark(*parts).encode())
