"""Test doubles for what use cases ask of the world; each passes the contract suite of the real thing.

`FakeSite` passes tests/site/test_reader_contract.py, `FakePeople` tests/slack/test_people.py, `FakeSnapshotStore`
tests/store/test_snapshots.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from bot.domain.drift_classes import DriftClass, is_target, judge
from bot.domain.package import PackageId, PackageTable, SiteCode
from bot.usecases.access import Installation
from bot.usecases.ports.site import SiteError
from bot.usecases.ports.slack import PeopleError, Person
from tests.builders import GRACE as GRACE_TIME
from tests.builders import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from bot.domain.drift_history import Key
    from bot.domain.package import Package
    from bot.domain.site_error_kind import SiteErrorKind
    from bot.usecases.ports.store import StoredSnapshot

Result = TypeVar("Result")

TEAM = "T0CONTOSO"
HERE = Installation(TEAM)
ELSEWHERE = "T0FABRIKAM"


class FakeSite:
    """A site in memory; set `trouble` to make it fail."""

    def __init__(self, *tables: PackageTable, code: str = "PS1") -> None:
        self.code = SiteCode(code)
        self.trouble: SiteErrorKind | None = None
        self.asked: list[str] = []
        self._tables = {table.package.id: table for table in tables}

    def package(self, package_id: PackageId) -> PackageTable | None:
        """Return a package and all its rows."""
        self._be_asked(package_id)
        return self._tables.get(package_id)

    def packages(self) -> Sequence[Package]:
        """Return every package."""
        self._be_asked("packages")
        return [table.package for table in self._tables.values()]

    def scan(self, elsewhere: Collection[SiteCode], work: Callable[[Iterator[PackageTable]], Result]) -> Result:
        """Hand over the rows that are not in sync, package by package."""
        self._be_asked("scan")
        tables = (table for table in self._tables.values() if table.package.source_site not in elsewhere)
        return work(left for left in map(_not_in_sync, tables) if left.rows or left.targets_without_row)

    def present(self, packages: Collection[PackageId], work: Callable[[Iterator[Key]], Result]) -> Result:
        """Hand over the keys of all rows of these packages."""
        self._be_asked("present")
        found = [self._tables[each] for each in packages if each in self._tables]
        return work((table.package.id, *row.key) for table in found for row in table.rows)

    def _be_asked(self, question: str) -> None:
        self.asked.append(question)
        if self.trouble:
            raise SiteError(self.code, self.trouble, "a fault that the test wants")


def _not_in_sync(table: PackageTable) -> PackageTable:
    """Leave out what is in sync, except the DPs of a site without a copy: they show that the copy is missing."""
    copies = {row.site_code for row in table.rows if row.is_site}
    served = frozenset(row.own_site for row in table.rows if is_target(row)) | table.served
    drift = judge(table, NOW, GRACE_TIME)
    left = {
        id(each.row)
        for each in (*drift.sites, *drift.dps)
        if each.drift_class is not DriftClass.IN_SYNC or each.row.own_site not in copies
    }
    rows = tuple(row for row in table.rows if id(row) in left)
    shown = (*rows, *table.targets_without_row)
    in_sync = frozenset(row.own_site for row in shown) & copies - {row.site_code for row in rows if row.is_site}
    return replace(table, rows=rows, copies_in_sync=in_sync, served=served)


class FakePeople:
    """People and user groups in memory; `is_down` makes every question fail."""

    def __init__(self, *persons: Person, **groups: Sequence[str]) -> None:
        self.is_down = False
        self.asked: list[str] = []
        self._persons = {person.id: person for person in persons}
        self._groups: dict[str, Sequence[str]] = groups

    def leave(self, group_id: str, person: Person) -> None:
        """Take somebody off a group."""
        self._groups = {**self._groups, group_id: [each for each in self._groups[group_id] if each != person.id]}

    def also_known_as(self, user_id: str, person: Person) -> None:
        """Let somebody be found by another id, or as somebody else."""
        self._persons[user_id] = person

    def deactivate(self, user_id: str) -> None:
        """Let somebody leave the company."""
        self._persons[user_id] = replace(self._persons[user_id], is_deactivated=True)

    def find(self, user_id: str) -> Person:
        """Look one person up."""
        self._be_asked(user_id)
        if user_id not in self._persons:
            raise PeopleError("user_not_found")
        return self._persons[user_id]

    def members(self, group_id: str) -> frozenset[str]:
        """Return the user ids of a user group."""
        self._be_asked(group_id)
        if group_id not in self._groups:
            raise PeopleError("no_such_subteam")
        return frozenset(self._groups[group_id])

    def _be_asked(self, question: str) -> None:
        self.asked.append(question)
        if self.is_down:
            raise PeopleError("a fault that the test wants")


class FakeSnapshotStore:
    """Answers kept in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, StoredSnapshot] = {}

    def put(self, key: str, stored: StoredSnapshot, since: datetime, most_rows: int) -> None:
        """Keep an answer."""
        known = [(old, each) for old, each in self.kept.items() if each.at >= since]
        self.kept = {key: stored}
        room = most_rows - stored.row_count
        for old, each in sorted(known, key=lambda item: item[1].at, reverse=True):
            room -= each.row_count
            if room >= 0:
                self.kept[old] = each

    def find(self, key: str) -> StoredSnapshot | None:
        """Return what is kept under a key."""
        return self.kept.get(key)


@dataclass
class FakeClock:
    """A clock that stands still until it is told to move."""

    now: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.now

    def move(self, **parts: float) -> None:
        """Let time pass."""
        self.now += timedelta(**parts)


ADA = Person("U000000ADA", TEAM)
GRACE = Person("U00000GRACE", TEAM)
LINUS = Person("U00000LINUS", TEAM)
MARGARET = Person("U0MARGARET", TEAM)
GUS = Person("U000000GUS", TEAM, is_guest=True)
OLGA = Person("U000000OLGA", ELSEWHERE)
PKGSTATUS = Person("U0PKGBOT", TEAM, is_bot=True)
APPROVERS = "S0APPROVERS"


def contoso() -> FakePeople:
    """Return the people of the invented company and the group of those who approve."""
    return FakePeople(
        ADA, GRACE, LINUS, MARGARET, GUS, OLGA, PKGSTATUS, **{APPROVERS: [GRACE.id, LINUS.id, MARGARET.id]}
    )
