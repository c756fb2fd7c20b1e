"""What an ODBC connection string asks for, as far as it decides whether the bot may use it, and what it must not print.

Keywords: Microsoft's list for ODBC Driver 18, and FreeTDS's own. A string that names only a DSN is taken as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAIR = re.compile(r"\s*([^=;]+?)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*)")
_FREETDS = ("freetds", "tdsodbc")
_MICROSOFT = ("sql server", "msodbcsql")
_VERSION = re.compile(r"odbc driver (\d+)|msodbcsql-?(\d+)")
_ENCRYPTS_BY_ITSELF = 18
_PROOFS = {"pwd", "password", "accesstoken"}
_OFF = {"no", "n", "0", "false", "off", "optional"}
_ON = {"yes", "y", "1", "true"}


def asked(address: str) -> dict[str, str]:
    """Return what the string asks for, by keyword in lower case; of a keyword given twice the first counts."""
    found: dict[str, str] = {}
    for key, value in _PAIR.findall(address):
        found.setdefault(key.lower(), value.strip().removeprefix("{").removesuffix("}").strip().lower())
    return found


def passwords(address: str) -> Iterator[str]:
    """Return what proves a login, as it is written and as the server gets it."""
    for key, value in _PAIR.findall(address):
        if key.lower() in _PROOFS:
            yield from {value.strip(), value.strip().removeprefix("{").removesuffix("}").replace("}}", "}")}


def mistake(address: str) -> str:
    """Say why a connection string cannot be used as it is, in half a sentence; empty when it can."""
    wishes = asked(address)
    if wishes.get("encrypt", wishes.get("encryption")) in _OFF:
        return "turns encryption off: leave Encrypt out with ODBC Driver 18, or say Encrypt=yes"
    encrypts_by_itself = _version(wishes.get("driver", "")) >= _ENCRYPTS_BY_ITSELF
    if "encrypt" not in wishes and _is_microsofts(wishes.get("driver", "")) and not encrypts_by_itself:
        return "names a driver that does not encrypt by itself: use ODBC Driver 18 for SQL Server, or add Encrypt=yes"
    return ""


def is_read_only(address: str) -> bool:
    """Whether the string asks for a place that can only be read: a secondary replica."""
    return asked(address).get("applicationintent") == "readonly"


def trusts_anybody(address: str) -> bool:
    """Whether the string says that the server's certificate shall not be checked."""
    return asked(address).get("trustservercertificate") in _ON


def _is_microsofts(driver: str) -> bool:
    return any(word in driver for word in _MICROSOFT) and not any(word in driver for word in _FREETDS)


def _version(driver: str) -> int:
    found = _VERSION.search(driver)
    return int(found[1] or found[2]) if found else 0
