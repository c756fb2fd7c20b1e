"""A plan: the exact rows that a request will change, before and after, frozen. Its making, and whether it still holds.

Pure. A plan is compared with a fresh read and never repaired: what the approvers saw is what happens, or nothing.

The fingerprint is the SHA-256, in 64 small hexadecimal digits, of one line of UTF-8 JSON without spaces, with nothing
escaped that JSON does not demand, and the rows in the plan's order:

    {"action":…,"site":…,"package":…,"source_version":…,"rows":[[type,site code,PkgServer,
     version before,status before,version after,status after],…]}
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.domain.drift_classes import RESETTABLE, Barrier, Drift, DriftClass, Verdict, is_target
from bot.domain.package import PackageId, Row, RowType, SiteCode, Status
from bot.domain.refusal import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


class RowFault(StrEnum):
    """Why a row may not be in a plan."""

    CLASS = "its class is never reset"
    NOT_SERVED = "no distribution point of its site is targeted, so a reset would bring nothing"
    SITE_ROWS_ONLY = "only site rows may be reset here"
    UNREADABLE_NAME = "its PkgServer has a form that is not understood"
    MISSING = "there is no row to reset"


SOURCE_UNKNOWN = (
    "It is not known whether the source site itself has taken the source version: v_Package.StoredPkgVersion cannot be "
    "read here, is empty, or is no version up to it. Look into distmgr.log there first."
)

_AGAINST_UNDO = {
    Reason.JOBS_UNREADABLE: "the distribution jobs cannot be read, so the old values may no longer be true",
    Reason.JOB_STARTED: "a distribution job has started, so the old values are no longer true",
}


def row_fault(verdict: Verdict, allowed: RowsAllowed) -> RowFault | Barrier | None:
    """Return why a row may not be reset, or None when it may be asked for."""
    is_behind = verdict.drift_class in RESETTABLE or verdict.drift_class is DriftClass.SOURCE_BEHIND
    faults = (
        (verdict.missing, RowFault.MISSING),
        (verdict.drift_class is DriftClass.NOT_SERVED, RowFault.NOT_SERVED),
        (is_behind and verdict.barrier is not None, verdict.barrier),
        (verdict.drift_class not in RESETTABLE, RowFault.CLASS),
        (not verdict.row.is_addressable, RowFault.UNREADABLE_NAME),
        (allowed is RowsAllowed.SITE and not verdict.row.is_site, RowFault.SITE_ROWS_ONLY),
    )
    return next((fault for holds, fault in faults if holds), None)


def resettable(drift: Drift, allowed: RowsAllowed) -> tuple[Verdict, ...]:
    """Return the rows that may be asked for, site rows first: a site must have the version before its DPs can."""
    candidates = (verdict for verdict in (*drift.sites, *drift.dps) if verdict.drift_class in RESETTABLE)
    return tuple(verdict for verdict in candidates if row_fault(verdict, allowed) is None)


def refusals(verdicts: Iterable[Verdict], allowed: RowsAllowed) -> tuple[str, ...]:
    """Say why rows that look like work may not be reset, each reason once; rows that need nothing are left out."""
    faults = (row_fault(verdict, allowed) for verdict in verdicts if verdict.drift_class in _ASKED_FOR)
    return tuple(dict.fromkeys(str(fault) for fault in faults if fault))


_ASKED_FOR = RESETTABLE | {DriftClass.SOURCE_BEHIND, DriftClass.NOT_SERVED}


def reset_plan(drift: Drift, site: SiteCode, chosen: Iterable[Verdict]) -> Plan:
    """Freeze a reset of these rows."""
    rows = tuple(_plan_row(verdict) for verdict in chosen)
    package = drift.package
    version = package.source_version or 0
    warnings, follow_up = _warnings(drift, rows), _to_redistribute(drift, rows)
    return Plan(Action.RESET, site, package.id, package.name, version, rows, warnings, follow_up)


def undo_plan(done: Plan, rows: Iterable[Row], left_alone: Mapping[RowKey, str]) -> tuple[Plan | None, tuple[str, ...]]:
    """Freeze the way back for rows that still are as this reset left them; say of each other one why not.

    `left_alone` says that of rows that may read so and yet are not this reset's doing.
    """
    present = _by_key(rows)
    still: list[PlanRow] = []
    left: list[str] = []
    for row in (row.reversed() for row in done.rows):
        why = _what_is_wrong(row, present.get(row.key, [])) or left_alone.get(row.key, "")
        if why:
            left.append(f"{row.server}: {why}")
        else:
            still.append(row)
    if not still:
        return None, tuple(left)
    plan = Plan(Action.UNDO, done.site, done.package_id, done.package_name, done.source_version, tuple(still))
    return plan, tuple(left)


def undo_fault(drift: Drift, source_version: int) -> Reason | None:
    """Return why a reset of this package may not be taken back now: Distribution Manager may be acting on it.

    Only a job counts that moves, and brings the version of that reset or the present one.
    """
    rows = [verdict.row for verdict in (*drift.sites, *drift.dps) if not verdict.missing]
    if any(row.jobs is None for row in rows):
        return Reason.JOBS_UNREADABLE
    versions = {source_version, drift.package.source_version}
    jobs = (job for row in rows for job in row.jobs or ())
    is_moving = any(drift.basis.is_moving(job, version) for job in jobs for version in versions)
    return Reason.JOB_STARTED if is_moving else None


def violations(plan: Plan, drift: Drift, allowed: RowsAllowed) -> tuple[str, ...]:
    """Say why a plan may not be applied to what was read and judged just now; empty means that all holds.

    Every row must be there once and read as shown; a reset must also still be right: same source site, same source
    version, and each row of a class that may be reset.
    """
    verdicts = (*drift.sites, *drift.dps)
    found = list(differences(plan, [verdict.row for verdict in verdicts if not verdict.missing]))
    package = drift.package
    if package.source_site != plan.site:
        found.append(f"the source site is {package.source_site} now, not {plan.site}")
    if plan.action is Action.RESET:
        if package.source_version != plan.source_version:
            found.append(f"the source version is {package.source_version} now, not {plan.source_version}")
        found += _not_to_be_reset(plan, verdicts, allowed)
    elif fault := undo_fault(drift, plan.source_version):
        found.append(_AGAINST_UNDO[fault])
    return tuple(dict.fromkeys(found))


def looks_applied(plan: Plan, readings: Iterable[tuple[int | None, int | None] | None], *, suspected: bool) -> bool:
    """Whether rows speak for an apply that the backup table knows nothing of.

    One row that reads as it should afterwards is enough to suspect it; then only rows that all read as before end that.
    """
    pairs = list(zip(plan.rows, readings, strict=True))
    if suspected:
        return any(reads != (row.version_before, row.status_before) for row, reads in pairs)
    return any(reads == (row.version_after, row.status_after) for row, reads in pairs)


def differences(plan: Plan, rows: Iterable[Row]) -> tuple[str, ...]:
    """Compare a plan with a fresh read of its package; empty means every row is there once and as shown."""
    present = _by_key(rows)
    wrong = ((row, _what_is_wrong(row, present.get(row.key, []))) for row in plan.rows)
    return tuple(f"{row.server}: {found}" for row, found in wrong if found)


def _not_to_be_reset(plan: Plan, verdicts: Iterable[Verdict], allowed: RowsAllowed) -> list[str]:
    keys = {row.key for row in plan.rows}
    faults = {
        (verdict.row.server, verdict.drift_class): row_fault(verdict, allowed)
        for verdict in verdicts
        if (verdict.row.type_number, verdict.row.site_code, verdict.row.server_path) in keys
    }
    return [f"{server} is {kind}: {fault}" for (server, kind), fault in faults.items() if fault]


def _to_redistribute(drift: Drift, rows: tuple[PlanRow, ...]) -> tuple[str, ...]:
    """Choose the DPs to redistribute to: those reset themselves, and one of each site whose own row is reset."""
    on_site_servers = {verdict.row.server.casefold() for verdict in drift.sites}
    own = [row.server for row in rows if not row.is_site]
    sites = {row.site_code for row in rows if row.is_site}
    candidates = {
        code: [verdict.row.server for verdict in drift.dps if _can_be_sent_to(verdict, code)] for code in sites
    }
    chosen = [next((s for s in found if s.casefold() not in on_site_servers), "") for found in candidates.values()]
    behind_their_site = {row.server for row in rows if not row.is_site and row.site_code in sites}
    wanted = [*chosen, *(server for server in own if server not in behind_their_site)]
    return tuple(dict.fromkeys(server for server in wanted if server and server.casefold() not in on_site_servers))


def _can_be_sent_to(verdict: Verdict, site: SiteCode) -> bool:
    """Whether a Redistribute to this DP brings the files to its site: it is there to stay, and belongs to that site."""
    row = verdict.row
    is_certain = verdict.drift_class not in {DriftClass.AMBIGUOUS, DriftClass.UNKNOWN}
    is_of_site = row.other_site is None and row.site_code.casefold() == site.casefold()
    return is_target(row) and is_certain and is_of_site and row.is_addressable


def shape_fault(plan: Plan, undone: Plan | None) -> str:
    """Say why no request of this bot can have such a plan; empty when one can. `undone` is what an undo takes back."""
    if plan.action is Action.RESET:
        is_reset = all((row.version_after, row.status_after) == (RESET_VERSION, RESET_STATUS) for row in plan.rows)
        return "" if is_reset and plan.rows and undone is None else "its rows do not end as those of a reset do"
    if undone is None or undone.action is not Action.RESET or not plan.rows:
        return "it takes back no reset that was applied"
    is_of_it = (plan.site, plan.package_id) == (undone.site, undone.package_id)
    back = {_exactly(row.reversed()) for row in undone.rows}
    rows = [_exactly(row) for row in plan.rows]
    is_reverse = is_of_it and set(rows) <= back and len(rows) == len(set(rows)) and not shape_fault(undone, None)
    return "" if is_reverse else "it is not the reverse of the reset that it takes back"


def _exactly(row: PlanRow) -> tuple[object, ...]:
    return (*row.key, row.version_before, row.status_before, row.version_after, row.status_after)


def _plan_row(verdict: Verdict) -> PlanRow:
    row = verdict.row
    if row.type_number is None or row.held_version is None or row.status_number is None:
        raise ValueError("a row with unknown values cannot be in a plan")
    return PlanRow(
        row.type_number,
        row.site_code,
        row.server_path,
        row.held_version,
        row.status_number,
        drift_class=str(verdict.drift_class),
    )


def _warnings(drift: Drift, rows: Iterable[PlanRow]) -> tuple[str, ...]:
    classes = Counter(row.drift_class for row in rows if not row.is_site)
    warnings = []
    if drift.source_unknown:
        warnings.append(SOURCE_UNKNOWN)
    if classes[DriftClass.DP_BEHIND] or classes[DriftClass.NEVER_RECEIVED] or classes[DriftClass.FAILED]:
        warnings.append("A DP row whose site is current: Redistribute is the documented action.")
    if classes[DriftClass.SITE_BEHIND]:
        warnings.append("A DP row whose site is behind: it cannot catch up before the site row has.")
    if drift.changed_lately:
        warnings.append("The package changed within the grace time: it may still be on its way.")
    if drift.counts[DriftClass.IN_FLIGHT]:
        warnings.append("Other rows of this package are in flight: it may still be on its way.")
    return tuple(warnings)


def _by_key(rows: Iterable[Row]) -> dict[RowKey, list[Row]]:
    found: dict[RowKey, list[Row]] = {}
    for row in rows:
        if row.type_number is not None:
            found.setdefault((row.type_number, row.site_code, row.server_path), []).append(row)
    return found


def _what_is_wrong(row: PlanRow, fresh: list[Row]) -> str:
    if not fresh:
        return "the row is gone"
    if len(fresh) > 1:
        return f"there are {len(fresh)} such rows"
    reads = (fresh[0].held_version, fresh[0].status_number)
    if reads == (row.version_before, row.status_before):
        return ""
    return f"version {reads[0]}, status {reads[1]} instead of {row.version_before}, {row.status_before}"
