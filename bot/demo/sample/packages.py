"""The sample's thirty packages: one of each type, with the names that people really give.

It knows what a package is and how old its sources are, never who holds it.
"""

from dataclasses import dataclass
from datetime import timedelta

NO_SOURCE, DIRECT = 1, 2  # PkgSourceFlag
NEEDS_NO_POINT = 0x10000000  # PkgFlags


@dataclass(frozen=True)
class Package:
    """One package: `version` is its source version, `changed` how long ago that became so."""

    package_id: str
    name: str
    kind: int
    version: int
    changed: timedelta
    source_flag: int = DIRECT
    flags: int = 0
    stored_version: int | None = None
    sites: tuple[str, ...] = ("PS1", "P02")

    @property
    def has_content(self) -> bool:
        """Whether there is anything to copy to a distribution point."""
        return self.source_flag != NO_SOURCE and not self.flags & NEEDS_NO_POINT


def _days(days: float) -> timedelta:
    return timedelta(days=days)


PACKAGES = (
    Package("PS100002", "Configuration Manager Client Package", 0, 4, _days(41)),
    Package("PS100003", "Configuration Manager Client Upgrade Package", 0, 2, _days(41), sites=("PS1",)),
    Package("PS10000A", "7-Zip 24.08 (x64)", 8, 3, _days(90)),
    Package("PS10000F", "Office LTSC 2024 Standard", 8, 6, _days(12)),
    Package("PS100010", 'Visio "Professional" Viewer', 8, 2, _days(77)),
    Package("PS100014", "O'Reilly Bookshelf", 8, 5, _days(33)),
    Package("PS10001B", "R&D Tools <beta>", 0, 9, _days(16)),
    Package("PS10001C", "Drucker Zürich Süd", 0, 7, _days(48)),
    Package("PS100021", "日本語 言語パック", 8, 4, _days(27)),
    Package("PS100022", "Party Planner 🎉", 8, 8, _days(19)),
    Package("PS100023", "Legacy ERP Client", 0, 11, _days(55), stored_version=10),
    Package("PS100024", "Adobe Reader DC", 8, 17, _days(24)),
    Package("PS10002D", '=HYPERLINK("http://finance.contoso.com";"Finance Add-in")', 8, 3, _days(36)),
    Package("PS100030", "Dell Latitude 7450 drivers", 3, 5, _days(14)),
    Package("PS100031", "HP EliteBook 840 G11 drivers", 3, 6, _days(9)),
    Package("PS10003A", "Lenovo ThinkPad dock firmware", 3, 2, _days(8)),
    Package("PS100040", "Windows 11 Monthly Updates", 5, 22, _days(10)),
    Package("PS100041", "Microsoft 365 Apps Updates", 5, 31, _days(7)),
    Package("PS100042", "Defender Definitions", 5, 214, timedelta(minutes=20)),
    Package("PS100050", "Windows 11 24H2 Enterprise", 257, 3, _days(18)),
    Package("PS100051", "Windows Server 2025 Datacenter", 257, 3, _days(6)),
    Package("PS100058", "Windows 11 24H2 Upgrade", 259, 2, _days(30)),
    Package("PS100111", "Boot image (arm64)", 258, 2, _days(21)),
    Package("PS100112", "Boot image (x64)", 258, 13, _days(21)),
    Package("PS100120", "Deploy Windows 11", 4, 1, _days(15), source_flag=NO_SOURCE),
    Package("PS100121", "Greeting script", 0, 3, _days(62), source_flag=NO_SOURCE),
    Package("PS100122", "Kiosk settings", 6, 5, _days(44), flags=NEEDS_NO_POINT),
    Package("PS100123", "Citrix Workspace 2405", 7, 2, _days(130)),
    Package("PS100124", "USB imaging disk", 260, 1, _days(150), sites=("PS1",)),
    Package("OLD0000F", "SAP GUI 8.00 (migrated)", 0, 12, _days(29)),
)
