"""A package ID as somebody typed it: understood, or told what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from string import ascii_lowercase, ascii_uppercase

from bot.domain.package import PACKAGE_ID, PackageId

ID_LENGTH = 8
PREFIX_LENGTH = 3
_ALONE = r"(?<![^\W_])({})(?![^\W_])"
_INSIDE = (
    re.compile(_ALONE.format("[A-Z0-9]{3}[0-9A-F]{5}")),
    re.compile(r"(?<![^\W_])([A-Z0-9]{3}[0-9A-F]{5})[0-9]{1,4}(?![^\W_])"),
    re.compile(_ALONE.format("[A-Z0-9]{3}[-_ :./][0-9A-F]{5}")),
)
"""An ID in a text: by itself; with a version stuck to it, as in file names; with a sign behind the site code."""
_GUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
_PLAIN_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "Q": "0", "S": "5", "Z": "2", "G": "6"})


class IdFault(StrEnum):
    """What is wrong with a text that should be a package ID."""

    LENGTH = "length"
    CHARACTERS = "characters"
    LOOKALIKE = "lookalike"


@dataclass(frozen=True, slots=True)
class BadId:
    """The text is no package ID; `suggestion` is the ID it probably meant, `meant` are likely readings of it all."""

    text: str
    fault: IdFault
    detail: str
    suggestion: PackageId | None = None
    meant: tuple[str, ...] = field(default=(), compare=False)


def read_id(text: str) -> PackageId | BadId:
    """Return the package ID in upper case, or say what is wrong with it."""
    candidate = text.translate(_PLAIN_UPPER)
    if PACKAGE_ID.fullmatch(candidate):
        return PackageId(candidate)
    if len(candidate) != ID_LENGTH:
        return BadId(text, IdFault.LENGTH, str(len(candidate)))
    prefix, number = candidate[:PREFIX_LENGTH], candidate[PREFIX_LENGTH:]
    repaired = prefix + number.translate(_LOOKALIKES)
    if PACKAGE_ID.fullmatch(repaired):
        slip = next(char for char in number if char not in "0123456789ABCDEF")
        return BadId(text, IdFault.LOOKALIKE, slip, PackageId(repaired))
    return BadId(text, IdFault.CHARACTERS, _wrong_characters(prefix, number))


def ids_in(text: str) -> tuple[PackageId, ...]:
    """Return the package IDs inside a text, in any case, in their order: of a path, a file name, a sentence.

    Words and dates of eight signs are none: an ID in a text has both letters and digits. Nor are the ends of a GUID.
    """
    upper = _GUID.sub(" ", text.translate(_PLAIN_UPPER))
    for form in _INSIDE:
        found = [re.sub("[^A-Z0-9]", "", match[1]) for match in form.finditer(upper)]
        ids = [each for each in found if re.search("[A-Z]", each) and re.search("[0-9]", each)]
        if ids:
            return tuple(PackageId(each) for each in dict.fromkeys(ids))
    return ()


def _wrong_characters(prefix: str, number: str) -> str:
    wrong = [char for char in prefix if not re.fullmatch("[A-Z0-9]", char)]
    wrong += [char for char in number if not re.fullmatch("[0-9A-F]", char)]
    return " ".join(dict.fromkeys(wrong))
