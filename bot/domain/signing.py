"""Signatures (HMAC-SHA-256) of what the bot records, and the parts that each of them covers.

Pure. The parts are all that a later decision relies on, and nothing else. Who can write the store can compute hashes
but no signatures, so a record whose signature does not match was not made by this bot: it is forged, rewritten, of a
version that signed nothing, or of another app-level token. In the ledger's facts a signature is called `mark`.
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
    return ("quorum", request.id, at, *(vote.signature for vote in request.votes))


def freeze_parts(kind: str, version: int, user_id: str, team_id: str, why: str) -> Parts:
    """Return a freeze or unfreeze at its version of the stream, so that a copy of an earlier one does not verify."""
    return (kind, str(version), user_id, team_id, why)


def card_parts(request_id: str, channel: str, ts: str, link: str) -> Parts:
    """Return where the card of a request is."""
    return ("card", request_id, channel, ts, link)


def notice_parts(sequence: int, number: int, destination: str, payload: str) -> Parts:
    """Return a message of the outbox, at its place."""
    return ("notice", str(sequence), str(number), destination, payload)


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and verifies with one key of 32 bytes; without a given key it makes a random one."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @classmethod
    def of(cls, secret: str, purpose: str) -> Signer:
        """Derive a signer from a secret, which cannot be found from it; each purpose has a key of its own."""
        return cls(hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256))

    def key_for(self, purpose: str) -> bytes:
        """Derive a key of 32 bytes for something else than signatures, which cannot be found from it either."""
        return hmac.digest(self.key, purpose.encode(), hashlib.sha256)

    def sign(self, *parts: str) -> str:
        """Return the signature of these parts in this order, as 64 hexadecimal digits."""
        return hmac.new(self.key, json.dumps(parts).encode(), hashlib.sha256).hexdigest()

    def verify(self, signature: str, *parts: str) -> bool:
        """Whether this is the signature of these parts, compared in constant time."""
        return hmac.compare_digest(signature.encode("utf-8", "replace"), self.sign(*parts).encode())
