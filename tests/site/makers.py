"""Makes site databases with the product's own tables, on each engine, and fills them from test data."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, Any

from bot.demo.sample import schema
from bot.domain.package import Job, JobAction, JobState, RowType, SiteCode
from bot.site.reader import SiteDatabase
from tests import engines
from tests.recording import RecordingDatabase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from bot.demo.sample.schema import Engine
    from bot.domain.package import Package, PackageTable, Row

DONE = Job(1, JobState.COMPLETE, JobAction.ADD)
LEAVING = 3


class SiteMaker:
    """One empty site database, its texts of another type if one is given; `reader` opens the real reader on it."""

    engine: Engine

    def __init__(self, texts: str | None = None) -> None:
        self._keys = count(1)
        self._points: dict[str, int] = {}
        self._readers: list[SiteDatabase] = []
        self.run(*(_retyped(each, texts) if texts else each for each in schema.statements(self.engine)))
        self.insert("SMSData", {"ThisSiteCode": "PS1"})

    @property
    def address(self) -> str:
        """The address of the database, as settings give it."""
        raise NotImplementedError

    def run(self, *statements: str) -> None:
        """Run statements as the owner of the database."""
        raise NotImplementedError

    def load(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        """Insert whole rows into a table."""
        raise NotImplementedError

    def reader(self, address: str | None = None, code: str = "PS1") -> SiteDatabase:
        """Return the real reader; its statements are recorded in `recorded`."""
        self.recorded = RecordingDatabase(address or self.address)
        self._readers.append(SiteDatabase(SiteCode(code), self.recorded))
        return self._readers[-1]

    def close(self) -> None:
        """Close every reader."""
        for reader in self._readers:
            reader.close()

    def add(self, *tables: PackageTable) -> None:
        """Insert packages with their rows, DPs and jobs."""
        lines: dict[str, list[dict[str, object]]] = {each.name: [] for each in schema.TABLES}
        for table in tables:
            lines["SMSPackages"].append(_package(table.package))
            for row in table.rows:
                lines["PkgStatus"].append(self._row(table.package, row))
                if row.type_number == RowType.DP and row.dp_known:
                    self._place(table.package, row, lines)
        for name, rows in lines.items():
            self.insert(name, *rows)

    def insert(self, table: str, *rows: Mapping[str, object]) -> None:
        """Insert rows; columns that are not named hold NULL."""
        (shape,) = (each for each in schema.TABLES if each.name == table)
        self.load(table, [[self._written(row.get(column)) for column in shape.columns] for row in rows])

    def add_job(self, package_id: str, point: int, job: Job) -> None:
        """Insert a distribution job."""
        self.insert("DistributionJobs", self._job(package_id, point, job))

    def _written(self, value: object) -> object:
        return value

    def _row(self, package: Package, row: Row) -> dict[str, object]:
        return {
            "PKID": next(self._keys),
            "ID": package.id,
            "Type": row.type_number,
            "SiteCode": row.site_code,
            "PkgServer": row.server_path,
            "Status": row.status_number,
            "UpdateTime": row.updated_at,
            "SourceVersion": row.held_version,
        }

    def _place(self, package: Package, row: Row, lines: dict[str, list[dict[str, object]]]) -> None:
        if row.server_path not in self._points:
            number = self._points[row.server_path] = next(self._keys)
            action = LEAVING if row.dp_leaving else 0
            point = {"DPID": number, "NALPath": row.server_path, "Action": action, "SMSSiteCode": row.dp_site}
            lines["DistributionPoints"].append(point)
        lines["DistributionJobs"] += [
            self._job(package.id, self._points[row.server_path], each) for each in (*(row.jobs or ()), DONE)
        ]

    def _job(self, package_id: str, point: int, job: Job) -> dict[str, object]:
        return {
            "JobID": next(self._keys),
            "DPID": point,
            "PkgID": package_id,
            "PackageVersion": job.version,
            "State": job.state,
            "Action": job.action,
            "CreationTime": job.created_at,
            "LastUpdateTime": job.updated_at,
        }


class SqliteSite(SiteMaker):
    """A site in a file."""

    engine: Engine = "sqlite"

    def __init__(self, path: Path, texts: str | None = None) -> None:
        self._path = path
        self._path.touch()
        super().__init__(texts)

    @property
    def address(self) -> str:
        """The address of the file."""
        return f"sqlite:///{self._path}"

    def run(self, *statements: str) -> None:
        """Run statements where the bot runs its own: with the file attached as dbo."""
        with closing(self._attached()) as connection:
            for statement in statements:
                connection.execute(statement)

    def load(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        """Insert whole rows into a table."""
        (shape,) = (each for each in schema.TABLES if each.name == table)
        with closing(self._attached()) as connection:
            connection.execute("BEGIN")
            connection.executemany(shape.insert(), rows)
            connection.execute("COMMIT")

    def _written(self, value: object) -> object:
        return f"{value:%Y-%m-%d %H:%M:%S}" if hasattr(value, "tzinfo") else value

    def _attached(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.execute("ATTACH DATABASE ? AS dbo", (str(self._path),))
        connection.execute("PRAGMA dbo.synchronous = OFF")
        return connection


class ServerSite(SiteMaker):
    """A site in the schema dbo of the database that an ODBC string names."""

    def __init__(self, texts: str | None = None) -> None:
        engines.empty(self.address)
        super().__init__(texts)

    @property
    def address(self) -> str:
        """The ODBC string of the database."""
        return engines.site_odbc()

    def run(self, *statements: str) -> None:
        """Run statements as the owner of the database."""
        engines.run(*statements)

    def load(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        """Insert whole rows into a table."""
        (shape,) = (each for each in schema.TABLES if each.name == table)
        lines = list(rows)
        if lines:
            engines.fill(shape.insert(), lines)

    def close(self) -> None:
        """Close every reader and leave the database as it was."""
        super().close()
        engines.empty(self.address)

    def _written(self, value: Any) -> object:
        moment: datetime | None = value if hasattr(value, "tzinfo") else None
        return moment.replace(tzinfo=None) if moment else value


class PostgresqlSite(ServerSite):
    """A site on PostgreSQL."""

    engine: Engine = "postgresql"


class SqlServerSite(ServerSite):
    """A site on SQL Server."""

    engine: Engine = "sqlserver"


def make(engine: str, folder: Path, texts: str | None = None) -> Iterator[SiteMaker]:
    """Yield an empty site database on an engine, and close it afterwards; `texts` as `varchar({size}) COLLATE ...`."""
    servers = {"postgresql": PostgresqlSite, "sqlserver": SqlServerSite}
    maker = servers[engine](texts) if engine in servers else SqliteSite(folder / "site.db", texts)
    yield maker
    maker.close()


def _retyped(statement: str, texts: str) -> str:
    return re.sub(r"\bn?varchar\((?P<size>\d+)\)", lambda found: texts.format(size=found["size"]), statement)


def _package(package: Package) -> dict[str, object]:
    return {
        "PkgID": package.id,
        "Name": package.name,
        "Version": package.version,
        "Manufacturer": package.manufacturer,
        "SourceSite": package.source_site,
        "SourceVersion": package.source_version,
        "SourceDate": package.changed_at,
        "PackageType": package.type_number,
        "StorePkgFlag": package.source_flag,
        "PkgFlags": package.flags,
        "StoredPkgVersion": package.stored_version,
    }
