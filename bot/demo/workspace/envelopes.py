"""Envelopes of Socket Mode and what becomes of them.

Values only; `sockets` sends them and waits.
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.demo.workspace.failure import Json


class Outcome(StrEnum):
    """What became of an envelope."""

    ACKNOWLEDGED = "acknowledged"
    TIMED_OUT = "operation_timeout"
    NOBODY_CONNECTED = "dispatch_failed"


@dataclass(frozen=True)
class Delivery:
    """An envelope's fate: when it was acknowledged, if at all, and with what."""

    outcome: Outcome
    ack_ms: float | None = None
    payload: Json | None = None

    @property
    def is_acknowledged(self) -> bool:
        """Tell whether the app answered in time."""
        return self.outcome is Outcome.ACKNOWLEDGED


@dataclass(frozen=True)
class Retry:
    """Why an event comes again, and for which time."""

    attempt: int
    reason: str = "timeout"


@dataclass(frozen=True)
class Envelope:
    """What goes to the app, apart from the id that each sending gets anew."""

    kind: str
    payload: Json
    accepts_response: bool = False

    def frame(self, envelope_id: str, retry: Retry | None) -> Json:
        """Return the frame for one sending."""
        frame: Json = {"envelope_id": envelope_id, "payload": self.payload, "type": self.kind}
        frame["accepts_response_payload"] = self.accepts_response
        return frame | ({"retry_attempt": retry.attempt, "retry_reason": retry.reason} if retry else {})
