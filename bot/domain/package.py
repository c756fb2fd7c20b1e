"""What a site database says of one package: its identity, its rows, and the words for the numbers in them.

Values only. Nothing here judges whether a row is right (that is drift_classes.py) or knows where it was read.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from bot.domain.distribution_message import DistributionMessage

PackageId = NewType("PackageId", str)
SiteCode = NewType("SiteCode", str)

PACKAGE_ID = re.compile(r"[A-Z0-9]{3}[0-9A-F]{5}")

SITE_CODE_LENGTH = 3
HANDLE_LENGTH = 24
NEVER_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
"""The product is younger: an earlier moment is a placeholder such as 1900-01-01 or 1980-01-01, and means never."""
NO_SOURCE_FILES = 1
"""`PkgSourceFlag` of a package without source files."""
NEEDS_NO_DP = 0x10000000
"""Bit of `PkgFlags` for a package that is not distributed."""
TASK_SEQUENCE = 4
"""`PackageType` without content of its own."""

PACKAGE_TYPES = {
    0: "Package",
    3: "Driver package",
    4: "Task sequence",
    5: "Software update package",
    6: "Device settings",
    7: "Virtual application",
    8: "Application content",
    257: "Operating system image",
    258: "Boot image",
    259: "Operating system upgrade package",
    260: "Virtual hard disk",
}

_SERVER = re.compile(r"[A-Za-z0-9._-]+")
_NAL_PATH = re.compile(
    r'\["Display=(?P<display>\\\\)?[^"]*"\]\s*MSWNET:\["SMS_SITE=(?P<site>[^"\]]+)"\]\\\\(?P<server>[A-Za-z0-9._-]+)\\?',
    re.IGNORECASE,
)
"""What is displayed is a UNC path; of a cloud distribution point it is an address."""


class RowType(IntEnum):
    """`PkgStatus.Type`."""

    SITE = 1
    DP = 2


class Status(IntEnum):
    """`PkgStatus.Status`, as Microsoft's content troubleshooting page lists it."""

    NONE = 0
    SENT = 1
    RECEIVED = 2
    INSTALLED = 3
    RETRY = 4
    FAILED = 5
    REMOVED = 6
    PENDING_REMOVE = 7
    REMOVE_FAILED = 8
    RETRY_REMOVE = 9


class JobState(IntEnum):
    """`DistributionJobs.State`."""

    PENDING = 0
    READY = 1
    STARTED = 2
    IN_PROGRESS = 3
    PENDING_RESTART = 4
    COMPLETE = 5
    FAILED = 6
    CANCELLED = 7
    SUSPENDED = 8


class JobAction(IntEnum):
    """`DistributionJobs.Action`."""

    UPDATE = 1
    ADD = 2
    DELETE = 3
    VALIDATE = 4
    CANCEL = 5


@dataclass(frozen=True, slots=True)
class Job:
    """A distribution job of one package for one DP that is not finished; moments are the site's own clock as UTC."""

    version: int | None
    state: int | None
    action: int | None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def moved_at(self) -> datetime | None:
        """When it last moved: its last update, else its creation; None where neither is known."""
        return known_moment(self.updated_at) or known_moment(self.created_at)

    def sends(self, version: int | None) -> bool:
        """Whether it is there to bring this version to its DP, and is not suspended or finished."""
        return (
            version is not None
            and self.version == version
            and self.action in {JobAction.UPDATE, JobAction.ADD}
            and self.state in _DELIVERING
        )


_DELIVERING = {
    JobState.PENDING,
    JobState.READY,
    JobState.STARTED,
    JobState.IN_PROGRESS,
    JobState.PENDING_RESTART,
}


@dataclass(frozen=True, slots=True)
class Package:
    """One line of `v_Package`; a field is None where the site does not let us read it or holds nothing.

    `stored_version` is the version whose files the source site itself holds; only its own database tells.
    """

    id: PackageId
    name: str
    source_site: SiteCode | None
    source_version: int | None
    version: str | None = None
    manufacturer: str | None = None
    type_number: int | None = None
    changed_at: datetime | None = None
    source_flag: int | None = None
    flags: int | None = None
    stored_version: int | None = None

    @property
    def type_name(self) -> str:
        """The package's type in words; a number nobody documented is shown as that number."""
        if self.type_number is None:
            return "unknown type"
        return PACKAGE_TYPES.get(self.type_number, f"other ({self.type_number})")

    @property
    def needs_content(self) -> bool:
        """False where there is nothing to distribute, so nothing can drift."""
        return not (
            self.source_flag == NO_SOURCE_FILES or (self.flags or 0) & NEEDS_NO_DP or self.type_number == TASK_SEQUENCE
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One row of `PkgStatus`, with what the site says of its DP; numbers as the database holds them.

    `updated_at` is the site's own `UpdateTime` read as UTC: its zone is not documented.
    `jobs` are the unfinished distribution jobs of a DP row. They and `dp_known` are None where the site does not tell.
    `dp_site` is the site that the list of DPs says the DP belongs to; None where it does not say.
    `moved_to` is where that list has the server of a row that it does not have itself; a scan does not look for it.
    `message` is the newest distribution message of the package on the row's DP; a scan does not read it either.
    """

    type_number: int | None
    site_code: SiteCode
    server_path: str
    held_version: int | None
    status_number: int | None
    updated_at: datetime | None
    dp_known: bool | None = None
    dp_leaving: bool = False
    jobs: tuple[Job, ...] | None = ()
    dp_site: SiteCode | None = None
    moved_to: SiteCode | None = None
    message: DistributionMessage | None = None

    @property
    def is_site(self) -> bool:
        """True for a site server's copy (Type 1)."""
        return self.type_number == RowType.SITE

    @property
    def server(self) -> str:
        """The server for people to read: the FQDN of a site row, the host of a NAL path, else the raw text."""
        return parse_nal_path(self.server_path) or self.server_path

    @property
    def own_site(self) -> SiteCode:
        """The site whose copy feeds the row: that of its DP, which may be another one than the row's own code says."""
        return self.dp_site or self.site_code

    @property
    def other_site(self) -> SiteCode | None:
        """The site that a DP belongs to, where that is another one than its row says; else None.

        Where the list of DPs does not tell, the DP's NAL path does.
        """
        if self.type_number != RowType.DP:
            return None
        site = self.dp_site or site_of_nal_path(self.server_path)
        return site if site and site.casefold() != self.site_code.casefold() else None

    @property
    def is_addressable(self) -> bool:
        """True when `PkgServer` has the form its type demands; another form is shown and never changed."""
        if self.is_site:
            return _SERVER.fullmatch(self.server_path) is not None
        match = _NAL_PATH.fullmatch(self.server_path.strip())
        return match is not None and match["display"] is not None

    @property
    def handle(self) -> str:
        """A short name that fits into a form's option: a key to look up, never a statement."""
        text = "\n".join([str(self.type_number), self.site_code, self.server_path])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:HANDLE_LENGTH]

    @property
    def key(self) -> tuple[int | None, str, str]:
        """What makes the row one row of its package; site databases compare text without regard to case."""
        return (self.type_number, self.site_code.casefold(), self.server_path.casefold())


@dataclass(frozen=True, slots=True)
class PackageTable:
    """A package and all its rows, from one read; `unread` names what this site does not let us read.

    A scan leaves out rows that are in sync; `copies_in_sync` then names the sites whose own copy is among them.
    `served` are sites to which the package is targeted, as far as the rows themselves do not show it;
    `targets_known` is False where the site's list of targets cannot be read. `targets_without_row` are DPs that the
    package is targeted to and for which nothing is reported yet; such a row moved when it was targeted.
    """

    package: Package
    rows: tuple[Row, ...]
    unread: tuple[str, ...] = ()
    copies_in_sync: frozenset[SiteCode] = frozenset()
    served: frozenset[SiteCode] = frozenset()
    targets_known: bool = True
    targets_without_row: tuple[Row, ...] = ()


@lru_cache(maxsize=16_384)
def parse_nal_path(text: str) -> str | None:
    """Return the server named by a DP's NAL path, or None when the text is not such a path."""
    match = _NAL_PATH.fullmatch(text.strip())
    return match["server"] if match else None


def site_of_nal_path(text: str) -> SiteCode | None:
    """Return the site named by a DP's NAL path, or None when the text is not such a path."""
    match = _NAL_PATH.fullmatch(text.strip())
    return SiteCode(match["site"]) if match else None


def known_moment(moment: datetime | None) -> datetime | None:
    """Return a moment of the site's clock, or None where it stands for never."""
    return moment if moment and moment >= NEVER_BEFORE else None


def status_name(number: int | None) -> str:
    """Say a status in words; a number that Microsoft does not list stays visible as unknown."""
    if number is None:
        return "unknown"
    try:
        return Status(number).name.replace("_", " ").capitalize()
    except ValueError:
        return f"unknown ({number})"
