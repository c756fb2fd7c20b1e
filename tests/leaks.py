"""Finds secrets in what a program printed: those it was given, and whatever looks like one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_PASSWORD = re.compile(r"(?i)(?:pwd|password|accesstoken)\s*=\s*\{?((?:[^;}\"\\]|\\.)+)")
_SHAPES = re.compile(
    r"""(?ix) xox[a-z]-\w[\w-]{3,} | xapp-\w[\w-]{3,} | (?:pwd|password|accesstoken)\s*=\s*(?!\*\*\*)[^\s"']{2,}
    | /(?:response|upload/v1|services|commands|actions)/\w[\w/-]{7,} | [?&]ticket=\w+"""
)


def secrets_in(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the tokens and passwords among settings."""
    tokens = {value for name, value in environment.items() if name.endswith("_TOKEN")}
    return frozenset(tokens.union(*map(_PASSWORD.findall, environment.values())))


def leaks(path: Path, secrets: Iterable[str] = ()) -> list[str]:
    """Return each line of a file that shows a secret."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    spelled = {spelling for secret in secrets for spelling in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1])}
    return [line for line in lines if _SHAPES.search(line) or any(spelling in line for spelling in spelled)]
