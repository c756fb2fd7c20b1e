"""The edge to the site databases: reading, changing, scanning and inspecting one, and the errors of that.

Protocols and values only; bot/site implements them, and each protocol names its class. The contract tests in tests/site
run against every database engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import timedelta

    from bot.domain.drift_classes import RowKey
    from bot.domain.drift_history import Key
    from bot.domain.package import Package, PackageId, PackageTable, SiteCode
    from bot.domain.plan import Plan, PlanRow
    from bot.domain.site_error_kind import SiteErrorKind
    from bot.domain.undo import Undoing
    from bot.usecases.ports.store import Result

WaitingRows: TypeAlias = "Mapping[PackageId, frozenset[RowKey]]"
"""By package, the rows that an applied reset of this bot changed and that are not back yet."""
KnownResets: TypeAlias = "Callable[[SiteCode, PackageId | None], WaitingRows]"
"""Returns such rows of a site, of one package or of all."""


def no_resets(_site: SiteCode, _package_id: PackageId | None) -> WaitingRows:
    """Return no rows: for a caller without the bot's store, rows are judged by their values alone."""
    return {}


class SiteError(Exception):
    """A site's database failed. `detail` is for the log only, unless `kind` is WRONG_DATABASE."""

    def __init__(self, site: SiteCode, kind: SiteErrorKind, detail: str) -> None:
        super().__init__(f"site {site}: {kind}: {detail}")
        self.site = site
        self.kind = kind
        self.detail = detail


class SiteReader(Protocol):
    """Reads one site database. Every method raises SiteError and nothing else.

    Implemented by bot.site.reader.SiteDatabase, and by bot.usecases.audit.recorder.WatchedSite around another one.
    """

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
    """The site database, by a trigger for example, changed more than was asked; everything was rolled back."""

    def __init__(self, row: PlanRow, said: str) -> None:
        super().__init__(f"{row.server}: {said}")


class SiteWriter(Protocol):
    """Changes one site database, by approved plans only. Implemented by bot.site.writer.SiteWriter."""

    def using(self, backup_table: str) -> SiteWriter:
        """Return the writer that keeps its backups in this table; the empty name stands for that of the settings."""
        ...

    def dry_run(self) -> None:
        """Try every right that an apply needs, on no row, and roll back. Raises SiteError."""
        ...

    def apply(self, request_id: str, plan: Plan, undoing: Undoing | None = None) -> None:
        """Change every row of the plan, or none; an undo only where its reset was the last to change a row.

        Raises RowMoved, ChangeAltered, or SiteError with the outcome unknown.
        """
        ...

    def undo_violations(self, undoing: Undoing, package_id: PackageId, rows: Sequence[PlanRow]) -> Sequence[str]:
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


class SiteScanner(Protocol):
    """Reads all of a site that is not in sync. Every method raises SiteError, and whatever the work itself raises.

    Implemented by bot.site.scanner.SiteScanner.
    """

    @property
    def code(self) -> SiteCode:
        """The site code that the settings give this database."""
        ...

    def scan(self, elsewhere: Collection[SiteCode], work: Callable[[Iterator[PackageTable]], Result]) -> Result:
        """Hand over, package by package, the rows that are not in sync; the tables are partial, see PackageTable.

        Packages whose source site is one of `elsewhere` are left out. The work may be called once more, from the start,
        if the link was lost under it.
        """
        ...

    def present(self, packages: Collection[PackageId], work: Callable[[Iterator[Key]], Result]) -> Result:
        """Hand over the keys of all rows of these packages, in sync or not."""
        ...


@dataclass(frozen=True, slots=True)
class LoginFacts:
    """A login on a site database, and where it landed."""

    engine: str
    database: str
    owner: SiteCode | None
    unread: tuple[str, ...]
    excess_rights: tuple[str, ...] | None
    is_owner: bool | None
    is_updatable: bool | None
    collation: str
    key_types: tuple[str, ...]
    is_case_sensitive: bool
    clock_ahead: timedelta | None


class SiteInspector(Protocol):
    """Looks at a site's two logins. Every method raises SiteError.

    Implemented by bot.site.login_inspector.SiteLoginInspector.
    """

    @property
    def code(self) -> SiteCode:
        """The site code that the settings give this database."""
        ...

    @property
    def has_own_writer(self) -> bool:
        """Whether resets use a login of their own."""
        ...

    def reader(self) -> LoginFacts:
        """Look with the login that reads."""
        ...

    def writer(self) -> LoginFacts:
        """Try all that a reset needs on no row, then look with the login that writes."""
        ...
