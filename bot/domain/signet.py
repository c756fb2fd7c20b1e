"""The bot's signet: a keyed mark that only a bot can make and check, on what others could write into its store.

Whoever writes the store can compute hashes as well; the key comes from a secret that every process of the bot has and
the store has not.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Signet:
    """Marks and recognises; without a given key it recognises nothing but its own."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @classmethod
    def of(cls, secret: str, purpose: str) -> Signet:
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
