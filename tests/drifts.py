"""Test data: pictures of drift and digests, quiet unless a test says otherwise; every moment counts back from NOW."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.domain.digest import (
    DAYS_SHOWN,
    AuditStatus,
    Day,
    Digest,
    DriftedRow,
    DriftSummary,
    RowList,
    SiteSeen,
    TopEntry,
)
from bot.domain.drift_classes import DriftClass
from bot.domain.ledger_entry import Head
from bot.domain.package import PackageId, SiteCode
from tests.builders import NOW, SOURCE_VERSION, ago, dp_row

if TYPE_CHECKING:
    from collections.abc import Mapping

ZURICH = ZoneInfo("Europe/Zurich")
HEAD = Head(4711, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
STILL_OPEN = {
    DriftClass.FAILED: 4,
    DriftClass.SITE_BEHIND: 47,
    DriftClass.DP_BEHIND: 7,
    DriftClass.UNKNOWN: 1,
    DriftClass.IN_FLIGHT: 9,
}


def drifted(host: str = "NYC-DP03", **changes: Any) -> DriftedRow:
    """Return a DP's row that has been six versions behind for 22 days."""
    plain = DriftedRow(
        site=SiteCode("PS1"),
        package_id=PackageId("PS100112"),
        package_name="Boot image (x64)",
        row=dp_row(host, held_version=7),
        drift_class=DriftClass.DP_BEHIND,
        expected_version=SOURCE_VERSION,
        first_seen_at=ago(days=22),
    )
    return replace(plain, **changes)


def listed(count: int, **changes: Any) -> RowList:
    """Return a list of that many rows, of which it holds the first page."""
    return RowList(count, tuple(drifted(f"DP{number:05}", **changes) for number in range(min(count, 10))))


def days(counts: Mapping[DriftClass, list[int | None]]) -> tuple[Day, ...]:
    """Return the last days with these counts of each class; None stands for a day without a scan."""
    length = max(map(len, counts.values()))
    every = []
    for place in range(length):
        line = {kind: values[place] for kind, values in counts.items()}
        known = {kind: value for kind, value in line.items() if value is not None}
        every.append(Day((NOW - timedelta(days=length - 1 - place)).date(), known or None))
    return tuple(every)


def fortnight() -> tuple[Day, ...]:
    """Return two weeks in which drift came and went, with two days that nobody scanned."""
    shape: list[int | None] = [52, 52, 51, 49, 49, None, None, 66, 64, 58, 50, 47, 47, 47]
    return days(
        {
            DriftClass.SITE_BEHIND: shape,
            DriftClass.DP_BEHIND: [None if n is None else n // 6 for n in shape],
            DriftClass.FAILED: [None if n is None else 2 + n % 5 for n in shape],
        }
    )


def summary(**changes: Any) -> DriftSummary:
    """Return a moment at which nothing has changed since yesterday, and some rows are open."""
    plain = DriftSummary(
        at=NOW,
        since=ago(days=1),
        sites=(SiteSeen(SiteCode("PS1"), ago(minutes=5)),),
        counts=STILL_OPEN,
        newly=RowList(0),
        healed=RowList(0),
        still=listed(59),
    )
    return replace(plain, **changes)


def busy_picture(**changes: Any) -> DriftSummary:
    """Return a moment with something of everything."""
    hosts = ("NYC-DP02", "SEA-DP02", "LON-DP04", "PAR-DP02", "MUC-DP01")
    new = tuple(drifted(host, first_seen_at=ago(hours=hours)) for hours, host in enumerate(hosts, start=2))
    well = tuple(drifted(host, first_seen_at=ago(days=3), healed_at=ago(hours=5)) for host in ("GRU-DP01", "MEX-DP01"))
    plain = summary(
        newly=RowList(len(new), new),
        healed=RowList(len(well), well),
        still=listed(54),
        top_packages=(
            TopEntry("Boot image (x64)", 20, PackageId("PS100112")),
            TopEntry("Office LTSC", 16, PackageId("PS100051")),
            TopEntry("Client Health", 12, PackageId("PS10000F")),
        ),
        top_servers=(TopEntry("LON-DP01.contoso.com", 6), TopEntry("NYC-DP03.contoso.com", 4)),
        days=fortnight(),
    )
    return replace(plain, **changes)


def digest(**changes: Any) -> Digest:
    """Return the morning's digest of a quiet picture, on time."""
    plain = Digest(
        name="morning",
        due_at=NOW.astimezone(ZURICH),
        summary=summary(),
        waiting=(),
        resets=(),
        freeze=None,
        trail=AuditStatus(HEAD, 0),
    )
    return replace(plain, **changes)


def crowded(count: int) -> DriftSummary:
    """Return a picture with that many drifted rows, most of them new, on every day of the chart."""
    each = dict.fromkeys(DriftClass, count)
    return busy_picture(
        counts=each,
        newly=listed(count),
        healed=listed(count, healed_at=ago(hours=1)),
        still=listed(count),
        top_packages=tuple(TopEntry(f"Package {n}", count, PackageId(f"PS10{n:04X}")) for n in range(20)),
        top_servers=tuple(TopEntry(f"DP{n:05}.contoso.com", count) for n in range(20)),
        days=days({kind: [count] * DAYS_SHOWN for kind in DriftClass}),
        sites=tuple(SiteSeen(SiteCode(f"P{n:02}"), ago(hours=n)) for n in range(40)),
    )
