"""All rows of an answer as CSV, safe to open in a spreadsheet program.

A cell that such a program would run as a formula gets an apostrophe in front (OWASP: CSV injection).
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from bot.domain.package import known_moment, status_name
from bot.views.block_kit import moment
from bot.views.version_table import notes

if TYPE_CHECKING:
    from datetime import datetime

    from bot.domain.drift_classes import Verdict
    from bot.domain.lookup_result import Answer

HEADER = (
    "package", "row", "server", "site", "hop", "held", "expected", "behind", "status", "updated (site clock)", "class",
    "DP of site", "notes", "not reset because", "PkgServer",
)  # fmt: skip
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def file_name(answer: Answer) -> str:
    """Name the file after the package and the moment of reading."""
    return f"{answer.drift.package.id}-{answer.read_at:%Y%m%d-%H%M}Z.csv"


def draw(answer: Answer) -> bytes:
    """Return every row, site rows first, as UTF-8 with the mark that Excel needs to see it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for verdict in (*answer.drift.sites, *answer.drift.dps):
        writer.writerow([neutral(cell) for cell in _cells(answer, verdict)])
    return out.getvalue().encode("utf-8-sig")


def neutral(cell: object) -> object:
    """Keep numbers, and take from a text the power to be a formula."""
    if isinstance(cell, str) and cell.lstrip(" \u00a0").startswith(_FORMULA_SIGNS):
        return f"'{cell}"
    return cell


def _cells(answer: Answer, verdict: Verdict) -> tuple[object, ...]:
    row = verdict.row
    return (
        answer.drift.package.id,
        "site" if row.is_site else "DP",
        row.server,
        row.site_code,
        verdict.hop or "",
        "" if row.held_version is None else row.held_version,
        "" if verdict.expected_version is None else verdict.expected_version,
        "" if verdict.versions_behind is None else verdict.versions_behind,
        "no row" if verdict.missing else status_name(row.status_number),
        "" if verdict.missing else _updated(row.updated_at),
        str(verdict.drift_class),
        row.other_site or row.site_code,
        "; ".join(notes(verdict, answer.read_at)),
        str(verdict.barrier or ""),
        row.server_path,
    )


def _updated(at: datetime | None) -> str:
    if at is None:
        return ""
    return moment(at) if known_moment(at) else "never"
