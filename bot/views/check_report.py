"""The page that `pkgstatus-bot check` prints: for each finding a mark, a sentence and the cure; or the same as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from bot.domain.check_finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MARKS = {Severity.GOOD: "✓", Severity.WARNING: "!", Severity.WRONG: "✗", Severity.UNKNOWN: "?"}
_COLOURS = {Severity.GOOD: "32", Severity.WARNING: "33", Severity.WRONG: "31", Severity.UNKNOWN: "36"}


def page(findings: Sequence[Finding], *, coloured: bool) -> Iterator[str]:
    """Return the lines of the page."""
    for area, group in groupby(findings, attrgetter("area")):
        yield area.value
        for finding in group:
            yield f"  {_mark(finding.mark, coloured=coloured)} {finding.subject}: {_one_line(finding.sentence)}"
            if finding.cure:
                yield f"      → {finding.cure}"
        yield ""
    yield summary(findings)


def summary(findings: Sequence[Finding]) -> str:
    """Count in one sentence."""
    count = Counter(finding.mark for finding in findings)
    good, warning, unknown = (count[each] for each in (Severity.GOOD, Severity.WARNING, Severity.UNKNOWN))
    rest = f"{good} good, {warning} to think about, {unknown} not to be told."
    return f"{count[Severity.WRONG]} wrong, {rest}" if count[Severity.WRONG] else f"Nothing is wrong: {rest}"


def as_json(findings: Sequence[Finding]) -> str:
    """Return the same for a program."""
    is_fit = all(finding.mark is not Severity.WRONG for finding in findings)
    return json.dumps({"fit": is_fit, "findings": [asdict(finding) for finding in findings]}, indent=2)


def _mark(mark: Severity, *, coloured: bool) -> str:
    return f"\033[{_COLOURS[mark]}m{MARKS[mark]}\033[0m" if coloured else MARKS[mark]


def _one_line(text: str) -> str:
    return " ".join(text.split())
