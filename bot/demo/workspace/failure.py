"""The two ways of saying no: to the app (`Failure`, an `ok: false` answer) and to a person (`Refused`).

Both carry what the caller is told and nothing else.
"""

from typing import Any

Json = dict[str, Any]


class Failure(Exception):
    """A Web API call that Slack would answer with `ok: false`."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra

    @property
    def body(self) -> Json:
        """The answer as Slack words it."""
        return {"ok": False, "error": self.error, **self.extra}


def with_messages(error: str, reasons: list[str], **extra: Any) -> Failure:
    """Return the failure that lists its reasons the way Slack does for blocks, views and arguments."""
    return Failure(error, response_metadata={"messages": [f"[ERROR] {reason}" for reason in reasons]}, **extra)


class Refused(Exception):
    """Something the Slack client would not let this person do."""

    def __init__(self, sentence: str, status: int = 409) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
