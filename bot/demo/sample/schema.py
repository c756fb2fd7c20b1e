"""The tables of a site database that the bot reads or writes, as DDL for each engine the bot runs on.

Names and shapes are the product's own. It describes tables and never opens a connection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Engine = Literal["sqlite", "postgresql", "sqlserver"]

# Types are written as SQL Server names them; the others differ only here.
TYPES: Mapping[Engine, Mapping[str, str]] = {
    "sqlite": {"bigint": "integer"},  # SQLite takes only "integer" as the row's own key
    "postgresql": {"nvarchar": "varchar", "datetime": "timestamp"},
    "sqlserver": {},
}


@dataclass(frozen=True)
class Table:
    """One table: its columns in order, as "Name type", and the columns of its primary key."""

    name: str
    definition: str
    key: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The column names, in the order in which rows carry them."""
        return tuple(column.split()[0] for column in self._parts())

    def create(self, engine: Engine, prefix: str) -> str:
        """Return the statement that creates this table."""
        columns = [self._column(engine, *part.split(maxsplit=2)) for part in self._parts()]
        return f"CREATE TABLE {prefix}{self.name} ({', '.join(columns)}, PRIMARY KEY ({', '.join(self.key)}))"

    def insert(self, schema: str = "dbo") -> str:
        """Return the statement that adds one row, with a `?` for each column."""
        marks = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {_prefix(schema)}{self.name} ({', '.join(self.columns)}) VALUES ({marks})"

    def _parts(self) -> list[str]:
        return [part.strip() for part in self.definition.split(",")]

    def _column(self, engine: Engine, name: str, kind: str, more: str = "") -> str:
        base, bracket, size = kind.partition("(")
        required = " NOT NULL" if name in self.key else ""
        return f"{name} {TYPES[engine].get(base, base)}{bracket}{size}{required} {more}".rstrip()


STATUS_COLUMNS = """PKID bigint, ID nvarchar(8), Type int, SiteCode nvarchar(3), PkgServer nvarchar(255),
    Status int, UpdateTime datetime, Location nvarchar(255), ShareName nvarchar(255), HTTPUrl nvarchar(512),
    SourceVersion int, Personality int, State int, SigURL nvarchar(512), SigLocation nvarchar(255)"""

PKG_STATUS = Table("PkgStatus", STATUS_COLUMNS, ("PKID",))
PKG_STATUS_BACKUP = Table(
    "PkgStatus_BU",
    f"RequestId nvarchar(64), RowNumber int, {STATUS_COLUMNS}, BackedUpAt datetime DEFAULT CURRENT_TIMESTAMP",
    ("RequestId", "RowNumber"),
)
PACKAGES = Table(
    "SMSPackages",
    """PkgID nvarchar(8), Name nvarchar(255), Version nvarchar(64), Language nvarchar(64),
    Manufacturer nvarchar(128), Description nvarchar(512), Source nvarchar(255), SourceSite nvarchar(3),
    StoredPkgPath nvarchar(255), LastRefresh datetime, StoredPkgVersion int, ShareName nvarchar(255),
    StorePkgFlag int, ShareType int, Priority int, PkgFlags int, SourceVersion int, SourceDate datetime,
    SourceSize int, SourceCompSize int, ImageFlags int, PackageType int, Action int""",
    ("PkgID",),
)
PKG_SERVERS = Table(
    "PkgServers",
    """PkgID nvarchar(8), NALPath nvarchar(255), SiteCode nvarchar(3), SiteName nvarchar(255),
    SourceSite nvarchar(3), LastRefresh datetime, RefreshTrigger int, UpdateMask int, Action int""",
    ("PkgID", "NALPath"),
)
DISTRIBUTION_POINTS = Table(
    "DistributionPoints",
    "DPID int, ServerName nvarchar(255), NALPath nvarchar(255), SMSSiteCode nvarchar(3), Action int",
    ("DPID",),
)
PULL_POINTS = Table(
    "PullDPMap",
    "PullDPServerName nvarchar(255), SourceDPServerName nvarchar(255)",
    ("PullDPServerName", "SourceDPServerName"),
)
JOBS = Table(
    "DistributionJobs",
    """JobID bigint, DPID int, PkgID nvarchar(8), PackageVersion int, State int, CreationTime datetime,
    Action int, SendAction int, LastUpdateTime datetime""",
    ("JobID",),
)
MESSAGES = Table(
    "vSMS_DistributionDPStatus",  # a view of the product's, whose tables are not documented
    """ID bigint, DPID int, Name nvarchar(255), NALPath nvarchar(255), PackageID nvarchar(8), MessageID int,
    MessageCategory int, MessageState int, LastStatusID bigint, LastUpdateDate datetime, SiteCode nvarchar(3),
    MessageSeverity int, MessageFullID int, InsString1 nvarchar(255), InsString2 nvarchar(255),
    InsString3 nvarchar(255),
    InsString4 nvarchar(255), InsString5 nvarchar(255), InsString6 nvarchar(255), InsString7 nvarchar(255),
    InsString8 nvarchar(255), InsString9 nvarchar(255), InsString10 nvarchar(255)""",
    ("ID",),
)
NOTIFICATIONS = Table(
    "PkgNotification",
    "PkgID nvarchar(8), Priority int, Type int, TimeKey datetime",
    ("PkgID", "Type", "TimeKey"),
)
SITE_DATA = Table("SMSData", "ThisSiteCode nvarchar(3), ThisSiteName nvarchar(255)", ("ThisSiteCode",))
TABLES = (
    SITE_DATA,
    PACKAGES,
    PKG_STATUS,
    PKG_SERVERS,
    DISTRIBUTION_POINTS,
    PULL_POINTS,
    JOBS,
    MESSAGES,
    NOTIFICATIONS,
    PKG_STATUS_BACKUP,
)

# The documented views' columns; those that are renamed stand beside the table's own name.
PACKAGE_VIEW = """PkgID AS PackageID, Name, Version, Language, Manufacturer, Description,
    StorePkgFlag AS PkgSourceFlag, Source AS PkgSourcePath, StoredPkgPath, SourceVersion, SourceDate,
    SourceSite, StoredPkgVersion, LastRefresh AS LastRefreshTime, ShareName, ShareType, Priority, PkgFlags,
    ImageFlags, PackageType, Action AS ActionInProgress"""

VIEWS = (("v_Package", "SMSPackages", PACKAGE_VIEW), ("v_Identification", "SMSData", "ThisSiteCode, ThisSiteName"))

INDEXES = (
    ("PkgStatus_ID_idx", "PkgStatus", "ID, Type, SiteCode"),
    ("DistributionPoints_NALPath_idx", "DistributionPoints", "NALPath"),
    ("DistributionJobs_PkgID_idx", "DistributionJobs", "PkgID, DPID"),
    ("DPStatus_PackageID_idx", "vSMS_DistributionDPStatus", "PackageID, NALPath"),
    ("PkgStatus_BU_ID_idx", "PkgStatus_BU", "ID, Type, SiteCode"),
)


def statements(engine: Engine, schema: str = "dbo") -> list[str]:
    """Return the DDL of the whole site database; an empty schema leaves names unqualified."""
    return [*tables(engine, schema), *indexes(engine, schema)]


def tables(engine: Engine, schema: str = "dbo") -> list[str]:
    """Return the statements that create the tables and the views, without the indexes."""
    prefix = _prefix(schema)
    # A stored SQLite view may not name a database: the file is attached under whatever name its reader likes.
    at = "" if engine == "sqlite" else prefix
    first = [f"CREATE SCHEMA IF NOT EXISTS {schema}"] if schema and engine == "postgresql" else []
    views = [f"CREATE VIEW {prefix}{name} AS SELECT {columns} FROM {at}{table}" for name, table, columns in VIEWS]
    return [*first, *(table.create(engine, prefix) for table in TABLES), *views]


def indexes(engine: Engine, schema: str = "dbo") -> list[str]:
    """Return the statements that create the indexes, for after the rows are in."""
    prefix = _prefix(schema)
    # SQLite wants the schema on the index, everyone else on the table.
    at, on = (prefix, "") if engine == "sqlite" else ("", prefix)
    return [f"CREATE INDEX {at}{name} ON {on}{table} ({columns})" for name, table, columns in INDEXES]


def _prefix(schema: str) -> str:
    return f"{schema}." if schema else ""
