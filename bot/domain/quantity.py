"""Counts in words: `1 row`, `2 rows`, `1,234 rows`. Every sentence that counts something goes through here."""

from __future__ import annotations

IRREGULAR = {"person": "people", "entry": "entries", "copy": "copies", "is": "are", "has": "have", "was": "were"}
_WORDS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}


def quantity(count: int, noun: str) -> str:
    """Return a count with its noun, given in the singular."""
    return f"{count:,} {plural(count, noun)}"


def plural(count: int, word: str) -> str:
    """Return a noun or verb, given in the singular, as it goes with a count."""
    return word if count == 1 else IRREGULAR.get(word, f"{word}s")


def number(count: int) -> str:
    """Return a count as it begins or ends a phrase: small ones as a word, `two`, others as digits."""
    return _WORDS.get(count, f"{count:,}")


def all_of(count: int, noun: str) -> str:
    """Return a whole in words: `all 12 rows`, `the only row`."""
    return f"the only {noun}" if count == 1 else f"all {quantity(count, noun)}"
