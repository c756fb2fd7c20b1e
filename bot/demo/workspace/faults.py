"""Faults to inject, as given to the control API: the next calls of a method fail, stall or lose their answer.

This module only holds them; `fault_injection` applies them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.demo.workspace.failure import Json, Refused

FIELD_TYPES: Mapping[str, type | tuple[type, ...]] = MappingProxyType(
    {
        "method": str,
        "channel": str,
        "error": str,
        "status": int,
        "retry_after": int,
        "delay_s": (int, float),
        "drop": bool,
        "after_effect": bool,
        "times": int,
    }
)
"""The fields of a fault document and their types."""


@dataclass(frozen=True)
class Fault:
    """How the next `times` calls of a method go wrong."""

    method: str
    channel: str | None = None
    """Spare calls for any other channel; an id."""
    error: str | None = None
    status: int | None = None
    retry_after: int = 1
    delay_s: float = 0.0
    drop: bool = False
    """Cut the connection instead of answering."""
    after_effect: bool = False
    """Do what was asked first, then go wrong."""

    @property
    def replaces_answer(self) -> bool:
        """Tell whether the caller gets anything else than the true answer, only late."""
        return self.drop or self.error is not None or self.status is not None

    @property
    def answer(self) -> tuple[int, dict[str, str], Json]:
        """Return status, headers and body of the answer given instead."""
        status = self.status or 200
        headers = {"Retry-After": str(self.retry_after)} if status == 429 else {}  # noqa: PLR2004 - HTTP's number
        default = "ratelimited" if headers else "internal_error"
        return status, headers, {"ok": False, "error": self.error or default}


class Faults:
    """The faults still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._pending: list[tuple[Fault, int]] = []

    def add(self, document: Json) -> None:
        """Add a fault from its control document. Raises Refused for a field it does not know."""
        fields = {name: value for name, value in document.items() if value is not None}
        wrong = sorted(name for name, value in fields.items() if not isinstance(value, FIELD_TYPES.get(name, ())))
        if wrong or not fields.get("method"):
            raise Refused(f"A fault needs a method, and cannot use {wrong}.", 400)
        times = fields.pop("times", 1)
        self._pending.append((Fault(**fields), times))

    def clear(self) -> None:
        """Forget all faults still to come."""
        self._pending.clear()

    def take(self, method: str, channel: str | None = None) -> Fault | None:
        """Return the fault for this call, if there is one, and count it down."""
        for position, (fault, times) in enumerate(self._pending):
            if fault.method == method and fault.channel in {None, channel}:
                self._pending[position] = (fault, times - 1)
                self._pending = [(f, n) for f, n in self._pending if n > 0]
                return fault
        return None
