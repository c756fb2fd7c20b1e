"""The drift history's tables: which rows were not in sync, since when, and what each day's last scan counted.

Nothing here judges. A scan is written in short transactions and counts once it is finished.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from bot.domain.digest import DRIFTED, SiteSeen
from bot.domain.drift_classes import DriftClass
from bot.domain.drift_history import Group, as_of
from bot.domain.ledger_entry import moment_read, moment_text, storable
from bot.domain.package import PackageId, RowType, SiteCode
from bot.domain.site_error_kind import SiteErrorKind
from bot.store import drift_rows
from bot.store.drift_rows import cut, read, written
from bot.usecases.ports.store import ClassCount

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from bot.dbapi import Connection
    from bot.domain.drift_history import DriftEpisode
    from bot.store.database import StoreDatabase

KEPT_FOR = timedelta(days=45)
"""A monthly digest, sent late, still knows all that healed since the one before."""
LINES_PER_STATEMENT = 200
PACKAGES_PER_STATEMENT = 500
_NEVER = "~"
"""Sorts behind every moment."""
_DRIFTED = sorted(map(str, DRIFTED))
_SITES = (
    "SELECT s.site, s.scanned_at, s.trouble, s.tried_at, f.first_at FROM dbo.drift_site s"
    " LEFT JOIN dbo.drift_first_look f ON f.site = s.site ORDER BY s.site"
)
_SERVERS = (
    "SELECT site, server, COUNT(*) FROM dbo.drift_row"
    f" WHERE healed_at = '' AND type = ? AND drift_class IN ({', '.join('?' * len(_DRIFTED))})"
)


class DriftTables:
    """Implements `DriftHistory`."""

    def __init__(self, database: StoreDatabase) -> None:
        self._database = database

    def sites(self) -> Sequence[SiteSeen]:
        """Return when each site was last read through, and what hindered a newer attempt."""
        rows = self._query(_SITES)
        return [
            SiteSeen(
                SiteCode(site),
                read(scanned_at),
                SiteErrorKind(trouble) if trouble else None,
                read(tried_at),
                read(first_at or ""),
            )
            for site, scanned_at, trouble, tried_at, first_at in rows
        ]

    def episodes(self, site: SiteCode) -> Sequence[DriftEpisode]:
        """Read the rows of a site that are not in sync, or ended since its last finished scan, as written so far."""
        finished_at = next((seen.scanned_at for seen in self.sites() if seen.site == site), None)
        return [drift_rows.episode(row) for row in self._query(drift_rows.OPEN_OF_SITE, site, written(finished_at))]

    def known(self, site: SiteCode, package_id: PackageId) -> Sequence[DriftEpisode]:
        """Read the rows of a package that the site's last finished scan saw not in sync."""
        finished_at = next((seen.scanned_at for seen in self.sites() if seen.site == site), None)
        if finished_at is None:
            return []
        lines = self._query(drift_rows.OPEN_OF_PACKAGE, site, written(finished_at), package_id)
        episodes = (as_of(drift_rows.episode(line), finished_at) for line in lines)
        return [episode for episode in episodes if episode]

    def write(self, put: Sequence[DriftEpisode], drop: Sequence[DriftEpisode]) -> None:
        """Write spells as they are now, and forget others; in pieces, so that nobody waits long for the store."""
        names = {(episode.site, episode.package_id): episode.package_name for episode in put}
        self._database.write(lambda connection: _name(connection, names))
        for piece in drift_rows.pieces(put):
            self._database.write(drift_rows.putting(piece))
        for piece in drift_rows.pieces(drop):
            self._database.write(drift_rows.dropping(piece))

    def finish(self, site: SiteCode, at: datetime, tallies: Sequence[ClassCount]) -> None:
        """Note that a scan is whole: all that was written for it counts from now on."""
        day = at.astimezone(UTC).date().isoformat()
        lines = [
            (site, day, class_count.package_id, str(class_count.drift_class), class_count.count)
            for class_count in tallies
        ]

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM dbo.drift_day WHERE site = ? AND day = ?", (site, day))
            _count(connection, [(site, day, "", "", 0), *lines])
            _save_site(connection, site, (moment_text(at), "", ""))
            if not connection.query("SELECT site FROM dbo.drift_first_look WHERE site = ?", (site,)):
                first = (site, moment_text(at))
                connection.execute("INSERT INTO dbo.drift_first_look (site, first_at) VALUES (?, ?)", first)

        self._database.write(work)

    def fail(self, site: SiteCode, at: datetime, trouble: SiteErrorKind) -> None:
        """Note that a site could not be read through; what was known of it stays."""

        def work(connection: Connection) -> None:
            rows = connection.query("SELECT scanned_at FROM dbo.drift_site WHERE site = ?", (site,))
            _save_site(connection, site, (rows[0][0] if rows else "", moment_text(at), str(trouble)))

        self._database.write(work)

    def groups(self, since: datetime | None) -> Sequence[Group]:
        """Count all rows that are not in sync, and those whose spell ended after `since`, as written so far."""
        rows = self._query(
            "SELECT site, package, drift_class, seen_at, drifted_at, healed_at, gone, COUNT(*) FROM dbo.drift_row"
            " WHERE healed_at = '' OR healed_at > ?"
            " GROUP BY site, package, drift_class, seen_at, drifted_at, healed_at, gone",
            written(since) or _NEVER,
        )
        return [_group(row) for row in rows]

    def rows(self, group: Group) -> Sequence[DriftEpisode]:
        """Read the rows of a group, in a fixed order."""
        moments = (moment_text(group.seen_at), written(group.drifted_at), written(group.healed_at))
        key = (group.site, group.package_id, str(group.drift_class), *moments, int(group.gone))
        return [drift_rows.episode(row) for row in self._query(drift_rows.OF_GROUP, *key)]

    def servers(self, packages: Collection[PackageId] | None) -> Mapping[tuple[SiteCode, str], int]:
        """Count the drifted rows of each distribution point; None for all packages."""
        if packages is None:
            return _servers(self._query(f"{_SERVERS} GROUP BY site, server", int(RowType.DP), *_DRIFTED))
        found: Counter[tuple[SiteCode, str]] = Counter()
        for piece in cut(sorted(packages), PACKAGES_PER_STATEMENT):
            only = f"{_SERVERS} AND package IN ({', '.join('?' * len(piece))}) GROUP BY site, server"
            found.update(_servers(self._query(only, int(RowType.DP), *_DRIFTED, *piece)))
        return found

    def names(self) -> Mapping[tuple[SiteCode, PackageId], str]:
        """Return the names of all packages that ever had a row here, at each site."""
        rows = self._query("SELECT site, package, name FROM dbo.drift_name")
        return {(SiteCode(site), PackageId(package)): name for site, package, name in rows}

    def days(self, site: SiteCode, since: date) -> Mapping[date, Sequence[ClassCount]]:
        """Return what the last scan of each day counted; a day (UTC) without a scan is not there."""
        rows = self._query(
            "SELECT day, package, drift_class, amount FROM dbo.drift_day WHERE site = ? AND day >= ? ORDER BY day",
            site,
            since.isoformat(),
        )
        found: dict[date, list[ClassCount]] = {}
        for day, package, drift_class, count in rows:
            tallies = found.setdefault(date.fromisoformat(day), [])
            if package:
                tallies.append(ClassCount(PackageId(package), DriftClass(drift_class), count))
        return found

    def purge(self, before: datetime) -> None:
        """Forget spells that ended, and days that were over, before a moment."""
        day = before.astimezone(UTC).date().isoformat()
        moment = moment_text(before)

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM dbo.drift_day WHERE day < ?", (day,))
            connection.execute("DELETE FROM dbo.drift_row WHERE healed_at <> '' AND healed_at < ?", (moment,))

        self._database.write(work)

    def _query(self, statement: str, *parameters: object) -> list[Any]:
        return self._database.read(lambda connection: connection.query(statement, parameters))


def _name(connection: Connection, names: Mapping[tuple[SiteCode, PackageId], str]) -> None:
    lines = connection.query("SELECT site, package, name FROM dbo.drift_name") if names else []
    known = {(site, package): name for site, package, name in lines}
    changed = {key: storable(name) for key, name in names.items() if known.get(key) != storable(name)}
    for key, name in changed.items():
        connection.execute("DELETE FROM dbo.drift_name WHERE site = ? AND package = ?", key)
        connection.execute("INSERT INTO dbo.drift_name (site, package, name) VALUES (?, ?, ?)", (*key, name))


def _count(connection: Connection, lines: Sequence[tuple[object, ...]]) -> None:
    for piece in cut(lines, LINES_PER_STATEMENT):
        marks = "), (".join(["?, ?, ?, ?, ?"] * len(piece))
        connection.execute(
            f"INSERT INTO dbo.drift_day (site, day, package, drift_class, amount) VALUES ({marks})",
            list(chain.from_iterable(piece)),
        )


def _save_site(connection: Connection, site: SiteCode, seen: tuple[str, str, str]) -> None:
    connection.execute("DELETE FROM dbo.drift_site WHERE site = ?", (site,))
    connection.execute(
        "INSERT INTO dbo.drift_site (site, scanned_at, tried_at, trouble) VALUES (?, ?, ?, ?)", (site, *seen)
    )


def _servers(rows: Sequence[Any]) -> dict[tuple[SiteCode, str], int]:
    return {(SiteCode(site), server): count for site, server, count in rows}


def _group(row: Sequence[Any]) -> Group:
    site, package, drift_class, seen_at, drifted_at, healed_at, gone, count = row
    return Group(
        SiteCode(site),
        PackageId(package),
        DriftClass(drift_class),
        moment_read(seen_at),
        read(drifted_at),
        read(healed_at),
        bool(gone),
        count,
    )
