"""What somebody may have meant who typed a name that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def nearest(name: str, known: Iterable[str], most: int = 1, likeness: float = 0.6) -> Sequence[str]:
    """Return the known names that are most like this one, the likest first; from 0 (anything) to 1 (the same)."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it, and it would cost every start

    return get_close_matches(name, list(known), most, likeness)
