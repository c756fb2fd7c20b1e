"""What the stories need from the world: its shapes, and the faults each part may raise.

Only shapes. Who fills them is decided in wiring.py; contract tests hold every filler to the same behaviour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.domain.drift import RowKey
    from bot.domain.package import Package, PackageId, PackageTable, SiteCode
    from bot.domain.plan import Plan, PlanRow
    from bot.domain.trouble import SiteTrouble
    from bot.domain.undoing import Undoing

Clock = Callable[[], datetime]
"""Returns the present moment, aware and in UTC."""


WaitingRows: TypeAlias = "Mapping[PackageId, frozenset[RowKey]]"
"""Rows by package that a reset of ours has changed and that are not back yet."""
KnownResets: TypeAlias = "Callable[[SiteCode, PackageId | None], WaitingRows]"
"""Returns such rows of a site, of one package or of all."""


def no_resets(_site: SiteCode, _package_id: PackageId | None) -> WaitingRows:
    """Know of none: what is not ours is judged by what the rows say."""
    return {}


class SiteError(Exception):
    """A site's database failed; `detail` is for the log only, unless it is the wrong database."""

    def __init__(self, site: SiteCode, trouble: SiteTrouble, detail: str) -> None:
        super().__init__(f"site {site}: {trouble}: {detail}")
        self.site = site
        self.trouble = trouble
        self.detail = detail


class SiteReader(Protocol):
    """Reads one site database. Every method raises SiteError and nothing else."""

    @property
    def code(self) -> SiteCode:
        """The site code that the settings give this database."""
        ...

    def package(self, package_id: PackageId) -> PackageTable | None:
        """Read a package and all its rows in one round trip; None when the site does not know it."""
        ...

    def packages(self) -> Sequence[Package]:
        """Read every package, without rows."""
        ...


class RowMoved(Exception):
    """A row was not as the plan shows it, so nothing at all was changed."""

    def __init__(self, row: PlanRow, found: str) -> None:
        super().__init__(f"{row.server}: {found}")
        self.row = row
        self.found = found


class ChangeAltered(Exception):
    """The site database made something else of the change of a row by itself, so nothing at all was changed."""

    def __init__(self, row: PlanRow, said: str) -> None:
        super().__init__(f"{row.server}: {said}")


class SiteWriter(Protocol):
    """Changes one site database, by approved plans only."""

    def using(self, backup_table: str) -> SiteWriter:
        """Return the writer that keeps its backups in this table; the empty name stands for that of the settings."""
        ...

    def rehearse(self) -> None:
        """Try every right that an apply needs, on no row, and roll back. Raises SiteError."""
        ...

    def apply(self, request_id: str, plan: Plan, undoing: Undoing | None = None) -> None:
        """Change every row of the plan, or none; an undo only where its reset was the last to change a row.

        Raises RowMoved, ChangeAltered, or SiteError with the outcome unknown.
        """
        ...

    def undo_objections(self, undoing: Undoing, package_id: PackageId, rows: Sequence[PlanRow]) -> Sequence[str]:
        """Say of each row of an undo why it may not be written back, or nothing. Raises SiteError."""
        ...

    def was_applied(self, request_id: str) -> bool:
        """Return True when the backup table holds this request's rows. Raises SiteError."""
        ...

    def readings(self, plan: Plan) -> Sequence[tuple[int | None, int | None] | None]:
        """Read version and status of each row of a plan; None where it is not there once. Raises SiteError."""
        ...

    def forbid(self, request_id: str) -> bool:
        """Make sure a request can never be applied any more; False when it was applied. Raises SiteError."""
        ...


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in Slack, as `users.info` describes them at this moment."""

    id: str
    team_id: str
    is_bot: bool = False
    is_deactivated: bool = False
    is_guest: bool = False
    is_external: bool = False
    teams: frozenset[str] = frozenset()
    """The workspaces of an Enterprise Grid organisation that they belong to; empty outside one."""
    global_id: str = ""
    """Their id in the whole organisation, which may differ from `id`; empty outside one."""

    @property
    def ids(self) -> frozenset[str]:
        """Every id that Slack may give this one human."""
        return frozenset({self.id, self.global_id} - {""})


class PeopleError(Exception):
    """Slack could not say who somebody is, or who is in a group."""


class People(Protocol):
    """Looks people up. Every method raises PeopleError when Slack gives no answer."""

    def find(self, user_id: str) -> Person:
        """Look one person up."""
        ...

    def members(self, group_id: str) -> frozenset[str]:
        """Return the user ids of a user group."""
        ...
