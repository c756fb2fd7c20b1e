"""The exact rows a request will change, before and after, frozen; what may be in it, and whether it still holds.

Pure. How a plan is made, and whether it still holds, is in planning.py.

The fingerprint is the SHA-256, in 64 small hexadecimal digits, of one line of UTF-8 JSON without spaces, with nothing
escaped that JSON does not demand, and the rows in the plan's order:

    {"action":…,"site":…,"package":…,"source_version":…,"rows":[[type,site code,PkgServer,
     version before,status before,version after,status after],…]}
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.domain.package import PackageId, Row, RowType, SiteCode, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

RESET_VERSION = 0
RESET_STATUS = int(Status.RECEIVED)

RowKey = tuple[int, str, str]
"""Type, site code and PkgServer, exactly as the database holds them."""


class Action(StrEnum):
    """What a plan does to its rows."""

    RESET = "reset"
    UNDO = "undo"


class RowsAllowed(StrEnum):
    """Which rows may be requested, `reset.rows` in the settings."""

    ANY = "any"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One row: how it reads now, and how it shall read."""

    type_number: int
    site_code: SiteCode
    server_path: str
    version_before: int
    status_before: int
    version_after: int = RESET_VERSION
    status_after: int = RESET_STATUS
    drift_class: str = ""

    @property
    def key(self) -> RowKey:
        """What names the row in the database, besides its package."""
        return (self.type_number, self.site_code, self.server_path)

    @property
    def is_site(self) -> bool:
        """True for a site server's copy."""
        return self.type_number == RowType.SITE

    @property
    def server(self) -> str:
        """The server for people to read."""
        return Row(self.type_number, self.site_code, self.server_path, None, None, None).server

    def reversed(self) -> PlanRow:
        """Return the row that takes this one's change back."""
        return PlanRow(
            self.type_number,
            self.site_code,
            self.server_path,
            self.version_after,
            self.status_after,
            self.version_before,
            self.status_before,
            self.drift_class,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request will do, and nothing else."""

    action: Action
    site: SiteCode
    package_id: PackageId
    package_name: str
    source_version: int
    rows: tuple[PlanRow, ...]
    warnings: tuple[str, ...] = ()
    redistribute: tuple[str, ...] = ()
    """The DPs to redistribute to afterwards; never the one on a site server, where that does nothing."""

    @property
    def fingerprint(self) -> str:
        """What votes are bound to; see the head of this file."""
        rows = [
            [*row.key, row.version_before, row.status_before, row.version_after, row.status_after] for row in self.rows
        ]
        known = {
            "action": self.action,
            "site": self.site,
            "package": self.package_id,
            "source_version": self.source_version,
            "rows": rows,
        }
        line = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(line.encode()).hexdigest()

    def to_facts(self) -> dict[str, Any]:
        """Return the plan as facts for the ledger."""
        rows = [
            [*row.key, row.version_before, row.status_before, row.version_after, row.status_after, row.drift_class]
            for row in self.rows
        ]
        return {
            "action": str(self.action),
            "site": self.site,
            "package": self.package_id,
            "name": self.package_name,
            "source_version": self.source_version,
            "rows": rows,
            "warnings": list(self.warnings),
            "redistribute": list(self.redistribute),
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Plan:
        """Read a plan back from the ledger."""
        return cls(
            Action(facts["action"]),
            SiteCode(facts["site"]),
            PackageId(facts["package"]),
            facts["name"],
            facts["source_version"],
            tuple(PlanRow(*row) for row in facts["rows"]),
            tuple(facts["warnings"]),
            tuple(facts["redistribute"]),
        )


def statement(row: PlanRow, package_id: PackageId) -> str:
    """Return the statement for one row with its values, for people to read; it is never run from this text."""
    site, path = (text.replace("'", "''") for text in (row.site_code, row.server_path))
    return (
        f"UPDATE dbo.PkgStatus SET SourceVersion = {row.version_after}, Status = {row.status_after} "
        f"WHERE ID = '{package_id}' AND Type = {row.type_number} AND SiteCode = '{site}' "
        f"AND PkgServer = '{path}' AND SourceVersion = {row.version_before} AND Status = {row.status_before}"
    )
