"""The columns that statements on a site name, in one order, and what the lines of them say.

What a site does not let us read stands in a statement as NULL. Nothing here runs a statement.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.domain.distribution_message import MESSAGE_PARTS, DistributionMessage
from bot.domain.drift_classes import REMOVING
from bot.domain.package import (
    Job,
    JobAction,
    JobState,
    Package,
    PackageId,
    Row,
    RowType,
    SiteCode,
    parse_nal_path,
    site_of_nal_path,
)
from bot.site.schema_probe import JOBS, MESSAGES, PACKAGES, POINTS, STATUS, TARGETS, SiteSchema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OPEN_JOB_STATES = (
    JobState.PENDING,
    JobState.READY,
    JobState.STARTED,
    JobState.IN_PROGRESS,
    JobState.PENDING_RESTART,
    JobState.SUSPENDED,
)
UNSERVED, SERVED, NO_ROW = range(3)
"""What a statement says of a line: a row, one whose site has a target, or a target without a row."""
LEAVING = JobAction.DELETE.value
"""`Action` of a DP that is being removed, and of a target that is taken away."""

PACKAGE_COLUMNS = (
    "PackageID", "Name", "SourceSite", "SourceVersion", "Version", "Manufacturer", "PackageType", "SourceDate",
    "PkgSourceFlag", "PkgFlags", "StoredPkgVersion",
)  # fmt: skip
ROW_COLUMNS = ("ID", "Type", "SiteCode", "PkgServer", "SourceVersion", "Status", "UpdateTime")
_UPDATED = ROW_COLUMNS.index("UpdateTime")
JOB_COLUMNS = ("JobID", "PackageVersion", "State", "Action", "CreationTime", "LastUpdateTime")
_FIRST_JOB = len(ROW_COLUMNS) + 4
MESSAGE_COLUMNS = (
    "MessageID", "LastUpdateDate", "MessageState", *(f"InsString{number}" for number in range(1, MESSAGE_PARTS + 1)),
)  # fmt: skip
_END = _FIRST_JOB + len(JOB_COLUMNS)
_LAST = _END + len(MESSAGE_COLUMNS)


def point_join(schema: SiteSchema, of: str = "s", name: str = "d") -> str:
    """Join what the site says of a DP row's server; empty where the list of DPs cannot be read."""
    if not schema.has_points:
        return ""
    leaving = f"MAX(CASE WHEN Action = {LEAVING} THEN 1 ELSE 0 END)" if schema.has(POINTS, "Action") else "0"
    site = "SMSSiteCode" if _has_sites(schema) else "NULL"
    return (
        f" LEFT JOIN (SELECT NALPath, COUNT(*) AS Points, {leaving} AS Leaving, MIN({site}) AS FirstSite,"
        f" MAX({site}) AS LastSite FROM {POINTS} GROUP BY NALPath) {name}"
        f" ON {name}.NALPath = {of}.PkgServer AND {of}.Type = {RowType.DP.value}"
    )


def point_list(schema: SiteSchema) -> str:
    """Return the statement that lists the DPs that are there to stay, with the site that each belongs to."""
    site = "SMSSiteCode" if _has_sites(schema) else "NULL"
    leaving = f" WHERE Action IS NULL OR Action <> {LEAVING}" if schema.has(POINTS, "Action") else ""
    return f"SELECT NALPath, {site} FROM {POINTS}{leaving}"


def listed_points(lines: Iterable[Sequence[Any]]) -> dict[str, SiteCode]:
    """Read the lines of `point_list`: the site of each server, which its path names where the list does not."""
    found = {}
    for path, site in lines:
        server, code = parse_nal_path(text(path)), text(site) or site_of_nal_path(text(path))
        if server and code:
            found[server.casefold()] = SiteCode(code)
    return found


def own_site(schema: SiteSchema, of: str = "s", name: str = "d") -> str:
    """Name the site that feeds a row, as `Row.own_site` does: that of its DP where the list of DPs says another one."""
    if not (schema.has_points and _has_sites(schema)):
        return f"{of}.SiteCode"
    return (
        f"CASE WHEN {name}.FirstSite <> {of}.SiteCode THEN {name}.FirstSite"
        f" WHEN {name}.LastSite <> {of}.SiteCode THEN {name}.LastSite ELSE {of}.SiteCode END"
    )


def targets(schema: SiteSchema) -> str:
    """Name the targets of packages `s`, in the columns of a row."""
    moved = ", g.LastRefresh AS TargetedAt" if _has_moment(schema) else ""
    action = f" WHERE g.Action IS NULL OR g.Action <> {LEAVING}" if schema.has(TARGETS, "Action") else ""
    return (
        f"(SELECT g.PkgID AS ID, {RowType.DP.value} AS Type, g.SiteCode, g.NALPath AS PkgServer{moved}"
        f" FROM {TARGETS} g{action}) s"
    )


def target_list(schema: SiteSchema) -> str:
    """List the columns of a target as those of a row that says nothing yet."""
    return ", ".join(["s.ID, s.Type, s.SiteCode, s.PkgServer, NULL, NULL, NULL", *_around(schema)])


def status_join(of: str = "") -> str:
    """Join `r`, the row that a target has; `of` narrows it to a package.

    All at once: to look for the row of each target takes the square of the time.
    """
    return (
        f" LEFT JOIN (SELECT ID, PkgServer FROM {STATUS} WHERE Type = {RowType.DP.value}{of} GROUP BY ID, PkgServer) r"
        " ON r.ID = s.ID AND r.PkgServer = s.PkgServer"
    )


def targeted_at(schema: SiteSchema) -> str:
    """Name when a target became one, in a column of its own: tables may keep moments in different types."""
    return "s.TargetedAt" if _has_moment(schema) else "NULL"


def as_row(line: Sequence[Any]) -> Sequence[Any]:
    """Return a target's line, which ends with when it became one, as that of a row that moved then."""
    return (*line[:_UPDATED], line[-1], *line[_UPDATED + 1 :])


def is_there(schema: SiteSchema) -> str:
    """Say that the DP of a row is on the list of DPs, and there to stay."""
    return " AND d.Points > 0 AND d.Leaving = 0" if schema.has_points else ""


def _has_moment(schema: SiteSchema) -> bool:
    return schema.has(TARGETS, "LastRefresh")


def target_of_site(schema: SiteSchema) -> str:
    """Say that the site of a row has a DP that is there to stay and that the package is targeted to.

    A target stays listed for a while where the content is being removed.
    """
    if not schema.has_targets:
        return "1 = 0"
    there = ""
    if schema.has_points:
        point = f"SELECT 1 FROM {POINTS} q WHERE q.NALPath = g.NALPath"
        is_there = " AND (q.SMSSiteCode IS NULL OR q.SMSSiteCode = s.SiteCode)" if _has_sites(schema) else ""
        there = f" AND EXISTS ({point}{is_there})"
        if schema.has(POINTS, "Action"):
            there += f" AND NOT EXISTS ({point} AND q.Action = {LEAVING})"
    going = (
        f" AND NOT EXISTS (SELECT 1 FROM {STATUS} w WHERE w.ID = g.PkgID AND w.PkgServer = g.NALPath"
        f" AND w.Type = {RowType.DP.value} AND w.Status IN ({in_removal()}))"
    )
    action = f" AND (g.Action IS NULL OR g.Action <> {LEAVING})" if schema.has(TARGETS, "Action") else ""
    return f"EXISTS (SELECT 1 FROM {TARGETS} g WHERE g.PkgID = s.ID AND g.SiteCode = s.SiteCode{action}{going}{there})"


def in_removal() -> str:
    """List the statuses of content that is being removed."""
    return ", ".join(str(status.value) for status in REMOVING)


def job_join(schema: SiteSchema) -> str:
    """Join the unfinished jobs of a DP row, each of them a line; empty where jobs cannot be read."""
    if not schema.has_jobs:
        return ""
    states = ", ".join(str(state.value) for state in OPEN_JOB_STATES)
    columns = ", ".join(_job_column(schema, name) for name in JOB_COLUMNS)
    return (
        f" LEFT JOIN (SELECT job.PkgID, dp.NALPath, {columns} FROM {JOBS} job"
        f" INNER JOIN {POINTS} dp ON dp.DPID = job.DPID WHERE job.State IN ({states})) j"
        f" ON j.PkgID = s.ID AND j.NALPath = s.PkgServer AND s.Type = {RowType.DP.value}"
    )


def message_join(schema: SiteSchema) -> str:
    """Join the newest distribution message of a DP row's package; empty where messages cannot be read."""
    if not schema.has_messages:
        return ""
    return f" LEFT JOIN {MESSAGES} m ON m.PackageID = s.ID AND m.NALPath = s.PkgServer AND s.Type = {RowType.DP.value}"


def message_list(schema: SiteSchema) -> str:
    """List the columns of a message; NULL where the view, or one of them, cannot be read."""
    return ", ".join(
        f"m.{name}" if schema.has_messages and schema.has(MESSAGES, name) else "NULL" for name in MESSAGE_COLUMNS
    )


def _job_column(schema: SiteSchema, name: str) -> str:
    return f"job.{name}" if schema.has(JOBS, name) else f"NULL AS {name}"


def _has_sites(schema: SiteSchema) -> bool:
    return schema.has(POINTS, "SMSSiteCode")


def package_list(schema: SiteSchema) -> str:
    """List the columns of a package."""
    return ", ".join(f"p.{name}" if schema.has(PACKAGES, name) else "NULL" for name in PACKAGE_COLUMNS)


def row_list(schema: SiteSchema) -> str:
    """List the columns of a row, its package's id first, then what is said of its DP, and one of its jobs."""
    columns = [f"s.{name}" if schema.has(STATUS, name) else "NULL" for name in ROW_COLUMNS]
    return ", ".join([*columns, *_around(schema)])


def _around(schema: SiteSchema) -> list[str]:
    points = "d.Points, d.Leaving, d.FirstSite, d.LastSite" if schema.has_points else "NULL, 0, NULL, NULL"
    return [points, *(f"j.{name}" if schema.has_jobs else "NULL" for name in JOB_COLUMNS)]


def package(line: Sequence[Any], read_at: SiteCode) -> Package:
    """Read the columns of `package_list`; what a site stores says something of the source only at the source site."""
    package_id, name, site, source_version, version, maker, kind, changed, flag, flags, stored = line
    source_site = SiteCode(text(site)) or None
    is_source = source_site is not None and source_site.casefold() == read_at.casefold()
    return Package(
        id=PackageId(text(package_id)),
        name=text(name),
        source_site=source_site,
        source_version=_number(source_version),
        version=text(version) or None,
        manufacturer=text(maker) or None,
        type_number=_number(kind),
        changed_at=_moment(changed),
        source_flag=_number(flag),
        flags=_number(flags),
        stored_version=_number(stored) if is_source else None,
    )


def rows(lines: Iterable[Sequence[Any]], schema: SiteSchema, *, with_messages: bool = False) -> list[Row]:
    """Read the columns of `row_list` of one package, `with_messages` followed by those of `message_list`.

    A row stands in a line for each of its jobs with each of its messages; the newest message counts.
    """
    found: list[Row] = []
    several: dict[tuple[Any, ...], list[Sequence[Any]]] = {}
    end = _LAST if with_messages else _END
    for line in lines:
        if line[_FIRST_JOB] is None and not (with_messages and _is_message(line)):
            found.append(_row(line[:_FIRST_JOB], () if schema.has_jobs else None))
        else:
            several.setdefault(tuple(line[:_FIRST_JOB]), []).append(line[:end])
    for facts, same in several.items():
        jobs = sorted(
            (line[_FIRST_JOB:_END] for line in same if line[_FIRST_JOB] is not None), key=lambda job: str(job[0])
        )
        by_id = {job[0]: _job(job[1:]) for job in jobs}
        messages = [_message(line[_END:]) for line in same if with_messages and _is_message(line)]
        newest = max(messages, key=_newness, default=None)
        twins = max(Counter((line[_FIRST_JOB], *line[_END:]) for line in same).values())
        found += [_row(facts, tuple(by_id.values()) if schema.has_jobs else None, newest)] * twins
    return found


def one_row(line: Sequence[Any]) -> Row:
    """Read one line of the same columns, without its jobs."""
    return _row(line[:_FIRST_JOB], None)


def _row(line: Sequence[Any], jobs: tuple[Job, ...] | None, message: DistributionMessage | None = None) -> Row:
    _, kind, site, server, held, status, updated, points, leaving, *sites = line
    type_number, site_code = _number(kind), SiteCode(text(site))
    return Row(
        type_number=type_number,
        site_code=site_code,
        server_path=text(server),
        held_version=_number(held),
        status_number=_number(status),
        updated_at=_moment(updated),
        dp_known=_dp_known(type_number, points, leaving),
        dp_leaving=bool(leaving),
        jobs=jobs,
        dp_site=_dp_site(site_code, sites),
        message=message,
    )


def _job(values: Sequence[Any]) -> Job:
    version, state, action, created, updated = values
    return Job(_number(version), _number(state), _number(action), _moment(created), _moment(updated))


def _is_message(line: Sequence[Any]) -> bool:
    return any(value is not None for value in line[_END:_LAST])


def _message(values: Sequence[Any]) -> DistributionMessage:
    number, at, state, *parts = values
    return DistributionMessage(
        _number(number), _number(state), _moment(at), tuple(filter(None, (text(part).strip() for part in parts)))
    )


def _newness(message: DistributionMessage) -> tuple[bool, float, int]:
    """Sort messages by age: one without a moment is older than any other."""
    at = message.at
    return at is not None, at.timestamp() if at else 0, message.number or 0


def _dp_site(site_code: SiteCode, listed: Sequence[object]) -> SiteCode | None:
    """Where the list of DPs has a DP under two sites, the one that the row does not name: so that both are said."""
    sites = [SiteCode(name) for each in listed if (name := text(each))]
    other = (name for name in sites if name.casefold() != site_code.casefold())
    return next(other, sites[0] if sites else None)


def _dp_known(type_number: int | None, points: object, leaving: object) -> bool | None:
    """NULL from the joined list means a DP that is gone; without that list the statement says 0 for `leaving`."""
    if type_number != RowType.DP or (points is None and leaving is not None):
        return None
    return points is not None


def text(value: object) -> str:
    """Read a text; fixed-width columns come padded."""
    return "" if value is None else str(value).rstrip()


def _number(value: Any) -> int | None:
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _moment(value: object) -> datetime | None:
    """The site's own clock, read as UTC because its zone is not documented; SQLite keeps it as ISO text."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
