"""Named places where a test can end or pause the process, to prove what a crash there leaves behind."""

from __future__ import annotations

NAMES = (
    "inbox: kept",
    "inbox: acknowledged",
    "answer: worked out",
    "answer: recorded",
    "answer: given",
    "append: before commit",
    "append: committed",
    "deliver: before post",
    "deliver: posted",
    "deliver: settled",
    "apply: before claim",
    "apply: claimed",
    "apply: first row changed",
    "apply: before commit",
    "apply: committed",
    "apply: recorded",
    "digest: drawn up",
    "digest: claimed",
)


def reach(name: str) -> None:
    """Do nothing. The tests' crash injector puts a function of its own in this place before the bot is imported."""
