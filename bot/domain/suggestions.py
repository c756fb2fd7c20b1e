"""What somebody may have meant who typed a name that is not there; the one cut-off for all of them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LIKENESS = 0.7
"""How much of two names must agree, from 0 (nothing) to 1 (all)."""


def nearest(name: str, known: Iterable[str], most: int = 1) -> Sequence[str]:
    """Return the known names that are most like this one, the likest first, in any case of letters."""
    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.casefold(), each)
    return [folded[near] for near in get_close_matches(name.casefold(), folded, most, LIKENESS)]
