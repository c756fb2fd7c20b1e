"""Test data: packages, rows and answers that are in sync and quiet unless a test says otherwise.

Invented servers of Contoso; every moment counts back from NOW.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.domain.command import Filter
from bot.domain.drift_classes import judge
from bot.domain.drift_history import ages
from bot.domain.lookup_result import Answer, SnapshotKey, StoredAnswer
from bot.domain.package import (
    Job,
    JobAction,
    JobState,
    Package,
    PackageId,
    PackageTable,
    Row,
    RowType,
    SiteCode,
    Status,
)
from bot.domain.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Iterable

SIGNER = Signer(b"a key that all processes of a test share")
NOW = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)
GRACE = timedelta(hours=4)
LONG_AGO = NOW - timedelta(days=60)
SOURCE_VERSION = 13
BOOT_IMAGE = 258
KEY = SnapshotKey("snapshot-key")


def ago(**parts: float) -> datetime:
    """Return the moment that long before NOW, like `ago(hours=3)`."""
    return NOW - timedelta(**parts)


def nal_path(server: str, site: str = "PS1") -> str:
    """Return a DP's `PkgServer`, as the product writes it."""
    return rf'["Display=\\{server}\"]MSWNET:["SMS_SITE={site}"]\\{server}' + "\\"


def package(package_id: str = "PS100112", **changes: Any) -> Package:
    """Return a boot image at version 13, changed two months ago, whose files the source site has."""
    version = changes.get("source_version", SOURCE_VERSION)
    plain = Package(
        id=PackageId(package_id),
        name="Boot image (x64)",
        source_site=SiteCode("PS1"),
        source_version=SOURCE_VERSION,
        version="13.0",
        manufacturer="Contoso",
        type_number=BOOT_IMAGE,
        changed_at=LONG_AGO,
        source_flag=2,
        flags=0,
        stored_version=version,
    )
    return replace(plain, **changes)


def site_row(site: str = "PS1", **changes: Any) -> Row:
    """Return a site server's row that holds the source version."""
    server = {"PS1": "CM01.contoso.com", "P02": "CM02.contoso.com"}.get(site, f"CM-{site}.contoso.com")
    plain = Row(RowType.SITE, SiteCode(site), server, SOURCE_VERSION, Status.RECEIVED, LONG_AGO)
    return replace(plain, **changes)


def dp_row(host: str = "NYC-DP01", site: str = "PS1", open_jobs: int = 0, **changes: Any) -> Row:
    """Return a DP's row that holds the source version, with so many jobs that are sending it."""
    path = nal_path(f"{host}.contoso.com", site)
    plain = Row(RowType.DP, SiteCode(site), path, SOURCE_VERSION, Status.INSTALLED, LONG_AGO, dp_known=True)
    placed = replace(plain, jobs=(job(),) * open_jobs, dp_site=SiteCode(site))
    if changes.get("dp_known", True) is not True:
        placed = replace(placed, dp_site=None)
    return replace(placed, **changes)


def job(**changes: Any) -> Job:
    """Return a job that is sending the source version, and moved two hours ago."""
    plain = Job(SOURCE_VERSION, JobState.IN_PROGRESS, JobAction.ADD, ago(hours=3), ago(hours=2))
    return replace(plain, **changes)


def table(*rows: Row, of: Package | None = None, unread: tuple[str, ...] = ()) -> PackageTable:
    """Return these rows as one read."""
    return PackageTable(of or package(), rows, unread)


def answer(
    of: PackageTable, row_filter: Filter | None = None, query: str = "PS100112", site: str = "PS1", asker: str = "U0ADA"
) -> Answer:
    """Return what a question about this table got at NOW."""
    drift = judge(of, NOW, GRACE)
    return Answer(drift, row_filter or Filter(), query, SiteCode(site), NOW, asker, since=ages(drift, (), NOW))


def kept(of: PackageTable, row_filter: Filter | None = None, query: str = "PS100112") -> StoredAnswer:
    """Return the same, kept for paging."""
    return StoredAnswer(KEY, answer(of, row_filter, query))


def story() -> PackageTable:
    """Return the story of PS100112: the primary is at 13, all of P02 and some servers of PS1 stayed behind."""
    stuck: dict[str, Any] = {"held_version": 7, "updated_at": ago(days=22)}
    return table(
        site_row("PS1", status_number=Status.INSTALLED),
        site_row("P02", **stuck),
        dp_row("NYC-DP01"),
        dp_row("NYC-DP02", status_number=Status.FAILED, held_version=12, updated_at=ago(days=20)),
        dp_row("NYC-DP03", **stuck),
        dp_row("BOS-DP01", held_version=14),
        dp_row("CHI-DP01", held_version=0, status_number=Status.RECEIVED, updated_at=ago(minutes=30)),
        dp_row("DAL-DP01", status_number=42),
        dp_row("OSL-DP01", held_version=9, dp_known=False),
        dp_row("SEA-DP01", **stuck, open_jobs=1),
        dp_row("MEX-DP01", status_number=Status.RETRY_REMOVE),
        *points(3, "P02", **stuck),
        of=package(changed_at=ago(days=21)),
    )


def points(count: int, site: str = "PS1", **changes: Any) -> Iterable[Row]:
    """Return the rows of that many distribution points of a site."""
    return (dp_row(f"DP{number:04}", site, **changes) for number in range(1, count + 1))
