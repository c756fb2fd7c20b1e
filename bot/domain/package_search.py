"""Which packages `find` finds, and what was probably meant when it finds none. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.domain.suggestions import nearest
from bot.domain.typed_text import is_within, search_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.domain.package import Package

_BETWEEN = re.compile(r"[-'.,_ ]")
"""What people write or leave out: 7-Zip, 7Zip and 7 Zip are one product."""


def search(words: Sequence[str], packages: Iterable[Package]) -> tuple[tuple[Package, ...], tuple[str, ...]]:
    """Return the packages whose id, name, version or maker holds every word, by name; if none does, also better words.

    Where nothing holds a word as it is, what people leave out in names is left out on both sides.
    """
    texts = {package: _text(package) for package in packages}
    hits = [package for package, text in texts.items() if all(is_within(word, text) for word in words)]
    if not hits:
        bare = [_BETWEEN.sub("", search_form(word)) for word in words]
        hits = [
            package
            for package, text in texts.items()
            if all(bare) and all(word in _BETWEEN.sub("", text) for word in bare)
        ]
    meant = () if hits else _meant(words, list(texts.values()))
    return tuple(sorted(hits, key=lambda package: (package.name.casefold(), package.id))), meant


def _text(package: Package) -> str:
    return search_form(" ".join([package.id, package.name, package.version or "", package.manufacturer or ""]))


def _meant(words: Sequence[str], texts: Sequence[str]) -> tuple[str, ...]:
    """Put the nearest known word for each that is nowhere, or leave it out; nothing when that finds nothing either."""
    known = dict.fromkeys(word for text in texts for word in text.split())
    better: list[str] = []
    for word in words:
        if any(is_within(word, text) for text in texts):
            better.append(word)
        else:
            better += nearest(search_form(word), known)
    found = better and any(all(is_within(word, text) for word in better) for text in texts)
    return tuple(better) if found else ()
