"""What an apply promises on every engine: exactly the rows of the plan, each with its backup, once, or nothing."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pytest

from bot.dbapi import Connection, Database, DatabaseError, Engine, ErrorKind, Timeouts
from bot.dbapi.catalogue import quoted, table_name
from bot.demo.sample.schema import PKG_STATUS
from bot.domain.package import SiteCode
from bot.domain.plan import Action, undo_plan
from bot.domain.site_error_kind import SiteErrorKind
from bot.domain.undo import Undoing
from bot.site.writer import SiteWriter
from bot.usecases.ports.site import ChangeAltered, RowMoved, SiteError
from tests import engines
from tests.builders import dp_row, nal_path, site_row, table
from tests.engines import needs_postgresql
from tests.grants import grants
from tests.requests import plan, plan_row, site_plan_row
from tests.site.makers import SiteMaker, SqliteSite, make
from tests.transact_sql import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

BACKUP = "dbo.PkgStatus_BU"
Result = TypeVar("Result")
PRODUCTS = {"sqlite": Engine.SQLITE, "postgresql": Engine.POSTGRESQL, "sqlserver": Engine.SQL_SERVER}
NUMBERS = {"PKID", "Type", "Status", "SourceVersion", "Personality", "State"}
BEHIND: dict[str, Any] = {"held_version": 7}
PLAN = plan(site_plan_row(), plan_row("NYC-DP03"), plan_row("NYC-DP04"))
ONE = "PkgServer LIKE '%NYC-DP04%'"
"""Tells the last row of the plan from the others."""


class Site:
    """A site with the rows of the plan among others, and somebody who looks at it from outside."""

    def __init__(self, maker: SiteMaker, timeouts: Timeouts | None = None) -> None:
        self.maker = maker
        self.outside = Database(maker.address, Timeouts(query=20))
        self.database = Database(maker.address, timeouts or Timeouts(query=20))
        self.writer = SiteWriter(SiteCode("PS1"), self.database, BACKUP)
        behind = [dp_row(host, **BEHIND) for host in ("NYC-DP03", "NYC-DP04", "NYC-DP05")]
        maker.add(table(site_row("PS1"), site_row("P02", **BEHIND), dp_row("NYC-DP01"), *behind))
        self._rows = self.rows

    def restore(self) -> None:
        """Put every row back as it was at first."""
        marks = ", ".join("?" * len(PKG_STATUS.columns))

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM dbo.PkgStatus")
            for row in self._rows.values():
                connection.execute(f"INSERT INTO dbo.PkgStatus VALUES ({marks})", row)

        self.outside.write(work)

    @property
    def rows(self) -> dict[int, tuple[Any, ...]]:
        """Every row of PkgStatus, whole, by its own key."""
        return {row[0]: tuple(row) for row in self.look("SELECT * FROM dbo.PkgStatus")}

    @property
    def backup(self) -> list[tuple[Any, ...]]:
        """Every row of the backup table, whole, in order."""
        return self.look("SELECT * FROM dbo.PkgStatus_BU ORDER BY RequestId, RowNumber")

    def readings(self) -> dict[str, tuple[int, int]]:
        """Version and status of each server."""
        found = self.look("SELECT PkgServer, SourceVersion, Status FROM dbo.PkgStatus")
        return {path.split("\\")[2] if "\\" in path else path: (version, status) for path, version, status in found}

    def look(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.outside.read(lambda connection: connection.query(sql, parameters))]

    def change(self, sql: str, *parameters: object) -> None:
        self.outside.write(lambda connection: connection.execute(sql, parameters))

    @contextmanager
    def nothing_happens(self) -> Iterator[None]:
        """Expect every row and every backup as they were before the block."""
        before = (self.rows, self.backup)
        yield
        assert (self.rows, self.backup) == before

    def close(self) -> None:
        self.writer.close()
        self.outside.close()


@pytest.fixture
def site(maker: SiteMaker) -> Iterator[Site]:
    site = Site(maker)
    yield site
    site.close()


@pytest.fixture
def hasty(maker: SiteMaker) -> Iterator[Site]:
    """Yield a site whose writer waits no longer than a second."""
    site = Site(maker, Timeouts(query=1))
    yield site
    site.close()


def trigger(maker: SiteMaker, name: str, on: str, told: Told) -> None:
    """Make a trigger, told to each engine in its own words."""
    made = f"CREATE TRIGGER dbo.{name} ON dbo.{on} {told.sqlserver}"
    parsed(made)  # on every engine: SQL Server's words are at least Transact-SQL where there is no SQL Server
    if maker.engine == "sqlserver":
        maker.run(made)
    elif maker.engine == "sqlite":
        maker.run(f"CREATE TRIGGER dbo.{name} {told.when} ON {on} FOR EACH ROW BEGIN {told.sqlite}; END")
    else:
        maker.run(
            f"CREATE FUNCTION dbo.{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {told.postgresql}; END $$",
            f"CREATE TRIGGER {name} {told.when} ON dbo.{on} FOR EACH ROW EXECUTE FUNCTION dbo.{name}()",
        )


def test_an_apply_changes_the_rows_of_the_plan_and_no_other(site: Site) -> None:
    before = site.rows
    site.writer.apply("R1", PLAN)

    assert site.readings() == {
        "CM01.contoso.com": (13, 2),
        "CM02.contoso.com": (0, 2),
        "NYC-DP01.contoso.com": (13, 3),
        "NYC-DP03.contoso.com": (0, 2),
        "NYC-DP04.contoso.com": (0, 2),
        "NYC-DP05.contoso.com": (7, 3),
    }
    assert {key: changed_columns(before[key], row) for key, row in site.rows.items() if row != before[key]}.keys() == {
        key for key, row in before.items() if row[3:5] in {(row.site_code, row.server_path) for row in PLAN.rows}
    }
    assert {changed for key, row in site.rows.items() for changed in changed_columns(before[key], row)} == {5, 10}


def changed_columns(before: tuple[Any, ...], after: tuple[Any, ...]) -> list[int]:
    """Return the places at which a row differs; 5 is Status and 10 is SourceVersion."""
    return [place for place, (was, is_) in enumerate(zip(before, after, strict=True)) if was != is_]


def test_the_backup_holds_each_changed_row_whole_as_it_was_in_the_order_of_the_plan(site: Site) -> None:
    before = {row[3:5]: row for row in site.rows.values()}
    site.writer.apply("R1", PLAN)

    assert [row[:2] for row in site.backup] == [("R1", 1), ("R1", 2), ("R1", 3)]
    assert [row[2:17] for row in site.backup] == [before[row.site_code, row.server_path] for row in PLAN.rows]


def test_the_way_back_restores_every_row_as_it_was_with_a_backup_of_its_own(site: Site) -> None:
    before = site.rows
    site.writer.apply("R1", PLAN)
    with closing(site.maker.reader()) as reader:
        found = reader.package(PLAN.package_id)
    assert found
    back, moved = undo_plan(PLAN, found.rows, {})
    assert back
    assert moved == ()

    assert list(site.writer.undo_violations(Undoing("R1"), back.package_id, back.rows)) == [""] * len(back.rows)
    site.writer.apply("R2", back, Undoing("R1"))

    assert site.rows == before
    assert [row[:2] for row in site.backup] == [(request, number) for request in ("R1", "R2") for number in (1, 2, 3)]


BACK = plan(*(row.reversed() for row in PLAN.rows), action=Action.UNDO)
ITS_COPY = "RequestId = 'R1' AND RowNumber = 3"
COPY_AGAIN = (
    f"INSERT INTO dbo.PkgStatus_BU (RequestId, RowNumber, BackedUpAt, {', '.join(PKG_STATUS.columns)})"
    f" SELECT '{{other}}', 1, {{at}}, {', '.join(PKG_STATUS.columns)} FROM dbo.PkgStatus_BU WHERE {ITS_COPY}"
)
NOT_AS_LEFT = {
    "it came back and was reset by hand": (
        f"UPDATE dbo.PkgStatus SET UpdateTime = '2999-01-01 00:00:00' WHERE {ONE}",
        "its UpdateTime reads 2999-01-01 00:00:00 and not ",
    ),
    "its time is gone": (f"UPDATE dbo.PkgStatus SET UpdateTime = NULL WHERE {ONE}", "its UpdateTime reads nothing"),
    "another column": (f"UPDATE dbo.PkgStatus SET State = 1 WHERE {ONE}", "its State reads 1 and not nothing"),
    "another row in its place": (f"UPDATE dbo.PkgStatus SET PKID = PKID + 1000 WHERE {ONE}", "its PKID reads "),
    "a later copy": (
        COPY_AGAIN.format(other="R9", at="'2999-01-01 00:00:00'"),
        "the backup table also has a copy of it by request R9",
    ),
    "a copy at the same moment": (
        COPY_AGAIN.format(other="R9", at="BackedUpAt"),
        "the backup table also has a copy of it by request R9",
    ),
    "a copy without a moment": (
        COPY_AGAIN.format(other="R9", at="NULL"),
        "the backup table also has a copy of it by request R9",
    ),
    "its copy has no moment and there is another": (
        COPY_AGAIN.format(other="R9", at="'1999-01-01 00:00:00'")
        + f"; UPDATE dbo.PkgStatus_BU SET BackedUpAt = NULL WHERE {ITS_COPY}",
        "the backup table also has a copy of it by request R9",
    ),
    "no copy": (
        f"DELETE FROM dbo.PkgStatus_BU WHERE {ITS_COPY}",
        "the backup table has no copy of it by request R1",
    ),
    "two copies": (
        COPY_AGAIN.format(other="R1", at="BackedUpAt").replace("'R1', 1,", "'R1', 9,"),
        "the backup table has 2 copies of it by request R1",
    ),
    "a copy of other values": (
        f"UPDATE dbo.PkgStatus_BU SET SourceVersion = 9 WHERE {ITS_COPY}",
        "its copy in the backup table has version 9, status 3, and not version 7, status 3",
    ),
    "another version": (f"UPDATE dbo.PkgStatus SET SourceVersion = 13 WHERE {ONE}", "version 13, status 2 instead of "),
}


@pytest.mark.parametrize(("statements", "said"), NOT_AS_LEFT.values(), ids=NOT_AS_LEFT)
def test_one_row_that_its_reset_was_not_the_last_to_change_stops_the_whole_way_back(
    site: Site, statements: str, said: str
) -> None:
    site.writer.apply("R1", PLAN)
    for statement in statements.split("; "):
        site.change(statement)

    with site.nothing_happens(), pytest.raises(RowMoved) as moved:
        site.writer.apply("R2", BACK, Undoing("R1"))

    assert moved.value.row == BACK.rows[2]
    assert moved.value.found.casefold().startswith(said.casefold()), "PostgreSQL spells columns in small letters"
    asked = site.writer.undo_violations(Undoing("R1"), BACK.package_id, BACK.rows)
    assert list(asked) == ["", "", moved.value.found]


@pytest.mark.parametrize("undoing", [None, Undoing("R9"), Undoing("")])
def test_nothing_is_taken_back_of_a_reset_that_is_not_named(site: Site, undoing: Undoing | None) -> None:
    site.writer.apply("R1", PLAN)

    with site.nothing_happens(), pytest.raises(RowMoved):
        site.writer.apply("R2", BACK, undoing)


@pytest.mark.parametrize(
    ("at", "older"), [("'1999-01-01 00:00:00'", frozenset()), ("NULL", frozenset({"R0"}))], ids=["by time", "by ledger"]
)
def test_a_copy_that_is_older_speaks_against_no_way_back(site: Site, at: str, older: frozenset[str]) -> None:
    before = site.rows
    site.writer.apply("R1", PLAN)
    site.change(COPY_AGAIN.format(other="R0", at=at))

    site.writer.apply("R2", BACK, Undoing("R1", older))

    assert site.rows == before


def test_a_copy_by_a_request_that_was_given_up_is_none(site: Site) -> None:
    before = site.rows
    site.writer.apply("R1", PLAN)
    site.writer.forbid("R9")

    site.writer.apply("R2", BACK, Undoing("R1"))

    assert site.rows == before


@pytest.mark.parametrize("other", ["", "R0"])
def test_without_moments_in_the_backup_table_only_a_lone_copy_tells_that_nobody_came_later(
    site: Site, other: str
) -> None:
    site.maker.run("ALTER TABLE dbo.PkgStatus_BU DROP COLUMN BackedUpAt")
    site.writer.apply("R1", PLAN)
    if other:
        site.change(COPY_AGAIN.format(other=other, at="").replace(" BackedUpAt,", "").replace(" 1, ,", " 1,"))

    said = site.writer.undo_violations(Undoing("R1"), BACK.package_id, BACK.rows)

    assert [bool(each) for each in said] == [False, False, bool(other)]


def test_without_times_in_the_rows_nothing_is_taken_back(site: Site) -> None:
    for each in ("PkgStatus", "PkgStatus_BU"):
        site.maker.run(f"ALTER TABLE dbo.{each} DROP COLUMN UpdateTime")
    site.writer.apply("R1", PLAN)

    with site.nothing_happens(), pytest.raises(RowMoved, match="no UpdateTime"):
        site.writer.apply("R2", BACK, Undoing("R1"))


CHANGES = {
    "another version": f"UPDATE dbo.PkgStatus SET SourceVersion = 8 WHERE {ONE}",
    "another status": f"UPDATE dbo.PkgStatus SET Status = 5 WHERE {ONE}",
    "reset by somebody else": f"UPDATE dbo.PkgStatus SET SourceVersion = 0, Status = 2 WHERE {ONE}",
    "no version": f"UPDATE dbo.PkgStatus SET SourceVersion = NULL WHERE {ONE}",
    "no status": f"UPDATE dbo.PkgStatus SET Status = NULL WHERE {ONE}",
    "no type": f"UPDATE dbo.PkgStatus SET Type = NULL WHERE {ONE}",
    "another type": f"UPDATE dbo.PkgStatus SET Type = 1 WHERE {ONE}",
    "another site": f"UPDATE dbo.PkgStatus SET SiteCode = 'P02' WHERE {ONE}",
    "another package": f"UPDATE dbo.PkgStatus SET ID = 'PS100113' WHERE {ONE}",
    "another name": f"UPDATE dbo.PkgStatus SET PkgServer = 'NYC-DP04' WHERE {ONE}",
    "gone": f"DELETE FROM dbo.PkgStatus WHERE {ONE}",
    "there twice": "INSERT INTO dbo.PkgStatus (PKID, ID, Type, SiteCode, PkgServer, Status, SourceVersion)"
    f" SELECT PKID + 1000, ID, Type, SiteCode, PkgServer, Status, SourceVersion FROM dbo.PkgStatus WHERE {ONE}",
    "there twice, once changed": "INSERT INTO dbo.PkgStatus (PKID, ID, Type, SiteCode, PkgServer, Status,"
    " SourceVersion) SELECT PKID + 1000, ID, Type, SiteCode, PkgServer, 3, 13"
    f" FROM dbo.PkgStatus WHERE {ONE}",
    "there twice, once unknown": "INSERT INTO dbo.PkgStatus (PKID, ID, Type, SiteCode, PkgServer, Status,"
    " SourceVersion) SELECT PKID + 1000, ID, Type, SiteCode, PkgServer, NULL, NULL"
    f" FROM dbo.PkgStatus WHERE {ONE}",
}


def test_one_row_that_is_not_exactly_as_the_approvers_saw_it_stops_the_whole_apply(site: Site) -> None:
    for name, statement in CHANGES.items():
        site.change(statement)

        with site.nothing_happens(), pytest.raises(RowMoved) as moved:
            site.writer.apply(name, PLAN)

        assert moved.value.row == PLAN.rows[2], name
        assert str(moved.value).startswith("NYC-DP04.contoso.com: ")
        assert not site.writer.was_applied(name)
        site.restore()
    site.writer.apply("nothing was wrong", PLAN)


def test_a_request_is_applied_once_even_when_its_rows_read_as_before_again(site: Site) -> None:
    site.writer.apply("R1", PLAN)
    site.change("UPDATE dbo.PkgStatus SET SourceVersion = 7, Status = 3 WHERE SourceVersion = 0 AND Type = 2")
    site.change("UPDATE dbo.PkgStatus SET SourceVersion = 7 WHERE SourceVersion = 0")

    with site.nothing_happens(), pytest.raises(SiteError):
        site.writer.apply("R1", PLAN)

    site.writer.apply("R2", PLAN)
    assert len(site.backup) == 6


def test_whether_a_request_was_applied_is_read_from_the_backup(site: Site) -> None:
    assert not site.writer.was_applied("R1")
    site.writer.apply("R1", PLAN)

    assert site.writer.was_applied("R1")
    assert not site.writer.was_applied("R2")
    assert not site.writer.was_applied("")


def test_rows_are_read_in_the_order_of_the_plan_and_what_is_not_there_once_is_none(site: Site) -> None:
    assert site.writer.readings(PLAN) == [(7, 2), (7, 3), (7, 3)]
    site.change(CHANGES["there twice"])
    site.change("UPDATE dbo.PkgStatus SET SourceVersion = NULL WHERE PkgServer LIKE '%NYC-DP03%'")

    assert site.writer.readings(PLAN)[1:] == [(None, 3), None]
    site.change(f"DELETE FROM dbo.PkgStatus WHERE {ONE}")
    assert site.writer.readings(PLAN)[2] is None


def test_a_forbidden_request_can_never_be_applied_and_others_can(site: Site) -> None:
    assert site.writer.forbid("R1")
    assert site.writer.forbid("R1"), "forbidding again says the same"
    assert not site.writer.was_applied("R1")

    with site.nothing_happens(), pytest.raises(SiteError):
        site.writer.apply("R1", PLAN)

    site.writer.apply("R2", PLAN)
    assert site.writer.was_applied("R2")


def test_what_was_applied_can_no_longer_be_forbidden_and_its_backup_stays(site: Site) -> None:
    site.writer.apply("R1", PLAN)

    with site.nothing_happens():
        assert not site.writer.forbid("R1")
        assert not site.writer.forbid("R1")


class Pausing(Database):
    """A database that waits before the end of each piece of writing, until it is told how to end."""

    def __init__(self, address: str) -> None:
        super().__init__(address, Timeouts(query=20))
        self.is_done = threading.Event()
        self.may_end = threading.Event()
        self.fails = False

    def write(self, work: Callable[[Connection], Any]) -> Any:
        def paused(connection: Connection) -> Any:
            result = work(connection)
            self.is_done.set()
            assert self.may_end.wait(20)
            if self.fails:
                raise RuntimeError("a fault that the test wants")
            return result

        return super().write(paused)


@pytest.mark.parametrize("ending", ["commits", "rolls back"])
def test_forbidding_waits_for_an_apply_that_is_under_way_and_tells_how_it_ended(site: Site, ending: str) -> None:
    fails = ending == "rolls back"
    pausing = Pausing(site.maker.address)
    pausing.fails = fails
    with ThreadPoolExecutor(2) as pool:
        executor = pool.submit(SiteWriter(SiteCode("PS1"), pausing, BACKUP).apply, "R1", PLAN)
        assert pausing.is_done.wait(20)
        forbidding = pool.submit(site.writer.forbid, "R1")
        with pytest.raises(TimeoutError):
            forbidding.result(0.3)
        pausing.may_end.set()

        assert forbidding.result(20) is fails
        assert (executor.exception(20) is not None) is fails
    pausing.close()
    assert site.writer.was_applied("R1") is not fails
    assert site.readings()["NYC-DP03.contoso.com"] == ((7, 3) if fails else (0, 2))


@pytest.mark.parametrize("requests", [("R1", "R1"), ("R1", "R2")], ids=["one request", "two requests"])
def test_of_two_applies_at_once_on_the_same_rows_one_happens(site: Site, requests: tuple[str, str]) -> None:
    gate = threading.Barrier(2)

    def attempt(request: str) -> bool:
        with closing(Database(site.maker.address, Timeouts(query=20))) as database:
            writer = SiteWriter(SiteCode("PS1"), database, BACKUP)
            writer.was_applied(request)
            gate.wait(20)
            try:
                writer.apply(request, PLAN)
            except (RowMoved, SiteError):
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, requests)) == [False, True]
    assert [row[1] for row in site.backup] == [1, 2, 3]
    assert site.readings()["NYC-DP03.contoso.com"] == (0, 2)


class Told(NamedTuple):
    """What a trigger does, in the words of each engine; SQL Server's run once for a statement, not for each row."""

    when: str
    sqlite: str
    postgresql: str
    sqlserver: str


def lie(statement: str, sqlserver: str) -> Told:
    """Return what a trigger does after a change, where SQLite and PostgreSQL differ in the table's name only."""
    own, their = (statement.format(table=name) for name in ("PkgStatus", "dbo.PkgStatus"))
    return Told("AFTER UPDATE", own, f"{their}; RETURN NULL", f"AFTER UPDATE AS {sqlserver}")


MINE = "WHERE PKID = NEW.PKID AND SourceVersion = 0"
THEIRS = "WHERE PKID IN (SELECT PKID FROM inserted WHERE SourceVersion = 0)"
A_TWIN = "(PKID, ID, Type, SiteCode, PkgServer, Status, SourceVersion)"
OF_NEW = "VALUES (NEW.PKID + 1000, NEW.ID, NEW.Type, NEW.SiteCode, NEW.PkgServer, 2, 0)"
LIES = {
    "it writes another version": lie(
        f"UPDATE {{table}} SET SourceVersion = 1 {MINE}", f"UPDATE dbo.PkgStatus SET SourceVersion = 1 {THEIRS}"
    ),
    "it writes another status": lie(
        f"UPDATE {{table}} SET Status = 3 {MINE} AND Status = 2", f"UPDATE dbo.PkgStatus SET Status = 3 {THEIRS}"
    ),
    "it takes the change back": lie(
        f"UPDATE {{table}} SET SourceVersion = OLD.SourceVersion, Status = OLD.Status {MINE}",
        "UPDATE p SET SourceVersion = d.SourceVersion, Status = d.Status"
        " FROM dbo.PkgStatus AS p JOIN deleted AS d ON d.PKID = p.PKID",
    ),
    "it makes a second row": lie(
        f"INSERT INTO {{table}} {A_TWIN} {OF_NEW}",
        f"INSERT INTO dbo.PkgStatus {A_TWIN}"
        " SELECT PKID + 1000, ID, Type, SiteCode, PkgServer, Status, SourceVersion FROM inserted",
    ),
    "it writes another column": lie(
        f"UPDATE {{table}} SET Location = 'elsewhere' {MINE} AND Location IS NULL",
        f"UPDATE dbo.PkgStatus SET Location = 'elsewhere' {THEIRS}",
    ),
    "it deletes the row": lie("DELETE FROM {table} WHERE PKID = NEW.PKID", f"DELETE FROM dbo.PkgStatus {THEIRS}"),
}


LATER = "'2999-01-01 00:00:00'"
STAMPS = lie(
    f"UPDATE {{table}} SET UpdateTime = {LATER} {MINE} AND UpdateTime <> {LATER}",
    f"UPDATE dbo.PkgStatus SET UpdateTime = {LATER} {THEIRS}",
)
ASK = "ask the DBA whether a trigger on {} does so, and to exempt the bot's login from it or to change this row by hand"


@pytest.mark.parametrize("told", LIES.values(), ids=LIES)
def test_a_trigger_that_makes_something_else_of_the_change_stops_it(site: Site, told: Told) -> None:
    trigger(site.maker, "meddling", "PkgStatus", told)

    with site.nothing_happens(), pytest.raises(ChangeAltered, match=ASK.format("dbo.PkgStatus")):
        site.writer.apply("R1", PLAN)


def test_a_column_that_changes_by_itself_is_named_with_what_the_dba_can_do(site: Site) -> None:
    """As where somebody notes when a row was last written: UpdateTime is Distribution Manager's, and proves an undo."""
    trigger(site.maker, "stamping", "PkgStatus", STAMPS)
    was = site.look(f"SELECT UpdateTime FROM dbo.PkgStatus WHERE {ONE}")[0][0]

    with site.nothing_happens(), pytest.raises(ChangeAltered) as altered:
        site.writer.apply("R1", plan(plan_row("NYC-DP04")))

    said = (
        "NYC-DP04.contoso.com: the site database by itself also changed its UpdateTime"
        f" ({was} became 2999-01-01 00:00:00); {ASK.format('dbo.PkgStatus')}"
    )
    assert str(altered.value).casefold() == said.casefold()  # PostgreSQL has its names in lower case
    assert site.writer.forbid("R1")


def test_every_column_that_changes_by_itself_is_named(site: Site) -> None:
    trigger(site.maker, "stamping", "PkgStatus", STAMPS)
    trigger(site.maker, "meddling", "PkgStatus", LIES["it writes another column"])

    with site.nothing_happens(), pytest.raises(ChangeAltered) as altered:
        site.writer.apply("R1", PLAN)

    said = " became 2999-01-01 00:00:00) and location (nothing became elsewhere); "
    assert said in str(altered.value).casefold()


IGNORES = Told("BEFORE UPDATE", "SELECT RAISE(IGNORE)", "RETURN NULL", "INSTEAD OF UPDATE AS SET NOCOUNT ON")


def test_a_trigger_that_ignores_the_change_stops_it(site: Site) -> None:
    trigger(site.maker, "ignoring", "PkgStatus", IGNORES)

    with (
        site.nothing_happens(),
        pytest.raises(ChangeAltered, match="version 7, status 2 instead of version 0, status 2"),
    ):
        site.writer.apply("R1", PLAN)


OF_THE_REQUEST = "SET SourceVersion = 13 WHERE RequestId"
ANOTHER_PLACE = "SET Location = 'elsewhere' WHERE RequestId"
FORGETS = {
    "it keeps nothing": Told(
        "BEFORE INSERT", "SELECT RAISE(IGNORE)", "RETURN NULL", "INSTEAD OF INSERT AS SET NOCOUNT ON"
    ),
    "it keeps something else": Told(
        "AFTER INSERT",
        f"UPDATE PkgStatus_BU {OF_THE_REQUEST} = NEW.RequestId",
        f"UPDATE dbo.PkgStatus_BU {OF_THE_REQUEST} = NEW.RequestId; RETURN NULL",
        f"AFTER INSERT AS UPDATE dbo.PkgStatus_BU {OF_THE_REQUEST} IN (SELECT RequestId FROM inserted)",
    ),
}


FORGETS["it keeps another column as something else"] = Told(
    "AFTER INSERT",
    f"UPDATE PkgStatus_BU {ANOTHER_PLACE} = NEW.RequestId",
    f"UPDATE dbo.PkgStatus_BU {ANOTHER_PLACE} = NEW.RequestId; RETURN NULL",
    f"AFTER INSERT AS UPDATE dbo.PkgStatus_BU {ANOTHER_PLACE} IN (SELECT RequestId FROM inserted)",
)


@pytest.mark.parametrize("told", FORGETS.values(), ids=FORGETS)
def test_a_backup_that_does_not_hold_the_row_as_it_was_stops_the_apply(site: Site, told: Told) -> None:
    trigger(site.maker, "forgetting", "PkgStatus_BU", told)

    with (
        site.nothing_happens(),
        pytest.raises(ChangeAltered, match=ASK.format("dbo.PkgStatus_BU")),
    ):
        site.writer.apply("R1", PLAN)


ELSEWHERE = {
    column: f"UPDATE {{table}} SET {column} = 9 WHERE PKID = NEW.PKID" for column in ("SourceVersion", "Status")
}


@pytest.mark.parametrize("column", ELSEWHERE)
def test_a_row_that_changes_between_its_backup_and_its_change_is_not_written_over(site: Site, column: str) -> None:
    """Somebody else's change that comes in between, which a server can let happen in the middle of a transaction."""
    change = ELSEWHERE[column]
    meanwhile = Told(
        "AFTER INSERT",
        change.format(table="PkgStatus"),
        f"{change.format(table='dbo.PkgStatus')}; RETURN NULL",
        f"AFTER INSERT AS UPDATE dbo.PkgStatus SET {column} = 9 WHERE PKID IN (SELECT PKID FROM inserted)",
    )
    trigger(site.maker, "meanwhile", "PkgStatus_BU", meanwhile)

    with site.nothing_happens(), pytest.raises(ChangeAltered):
        site.writer.apply("R1", PLAN)


def test_forbidding_where_the_backup_table_keeps_nothing_is_no_answer(site: Site) -> None:
    trigger(site.maker, "forgetting", "PkgStatus_BU", FORGETS["it keeps nothing"])

    with site.nothing_happens(), pytest.raises(SiteError) as caught:
        site.writer.forbid("R1")

    assert caught.value.kind is SiteErrorKind.SCHEMA
    assert "does not keep what is put into it" in caught.value.detail


REFUSES = Told(
    "BEFORE UPDATE",
    "SELECT RAISE(ABORT, 'not here') WHERE NEW.PkgServer LIKE '%NYC-DP04%'",
    "IF NEW.PkgServer LIKE '%NYC-DP04%' THEN RAISE EXCEPTION 'not here'; END IF; RETURN NEW",
    "AFTER UPDATE AS IF EXISTS (SELECT 1 FROM inserted WHERE PkgServer LIKE '%NYC-DP04%') THROW 50000, 'not here', 1",
)


def test_a_trigger_that_refuses_the_change_is_an_error_of_the_site_and_nothing_happens(site: Site) -> None:
    trigger(site.maker, "refusing", "PkgStatus", REFUSES)

    with site.nothing_happens(), pytest.raises(SiteError, match="not here"):
        site.writer.apply("R1", PLAN)


def as_view(maker: SiteMaker, told: Told) -> None:
    """Put a view with a trigger of its own in the place of PkgStatus."""
    maker.run(engines.renamed(maker.engine, "PkgStatus", "PkgStatus_inside"))
    at = "" if maker.engine == "sqlite" else "dbo."
    maker.run(f"CREATE VIEW dbo.PkgStatus AS SELECT * FROM {at}PkgStatus_inside")
    trigger(maker, "writing_through", "PkgStatus", told)


WRITE = "PkgStatus_inside SET SourceVersion = NEW.SourceVersion, Status = NEW.Status WHERE PKID = OLD.PKID"
# It reports no changed row at all: what is read back counts.
WRITES = Told(
    "INSTEAD OF UPDATE",
    f"UPDATE {WRITE}",
    f"UPDATE dbo.{WRITE}; RETURN NULL",
    "INSTEAD OF UPDATE AS UPDATE p SET SourceVersion = i.SourceVersion, Status = i.Status"
    " FROM dbo.PkgStatus_inside AS p JOIN inserted AS i ON i.PKID = p.PKID",
)
SAYS_IT_WROTE = Told("INSTEAD OF UPDATE", "SELECT 1", "RETURN NEW", "INSTEAD OF UPDATE AS SET NOCOUNT ON")


def test_a_view_whose_trigger_writes_the_row_is_as_good_as_a_table(site: Site) -> None:
    as_view(site.maker, WRITES)

    site.writer.apply("R1", PLAN)

    assert site.readings()["NYC-DP04.contoso.com"] == (0, 2)
    assert len(site.backup) == 3


def test_a_view_whose_trigger_only_says_that_it_wrote_stops_the_apply(site: Site) -> None:
    as_view(site.maker, SAYS_IT_WROTE)

    with site.nothing_happens(), pytest.raises(ChangeAltered):
        site.writer.apply("R1", PLAN)


class Forgetting(Connection):
    """Hands statements on; after some of them the server gives the transaction up and begins another, unseen."""

    def __init__(self, connection: Connection, after: int) -> None:
        self._raw = connection._raw
        self._connection = connection
        self._left = after
        self.engine = connection.engine

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        return self._then_forget(self._connection.query(sql, parameters))

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        return self._then_forget(self._connection.execute(sql, parameters))

    def names(self, table: str) -> dict[str, str]:
        return self._connection.names(table)

    def _then_forget(self, result: Result) -> Result:
        self._left -= 1
        if self._left == 0:
            self._raw.rollback()
            if self.engine == Engine.SQLITE:
                self._raw.execute("BEGIN IMMEDIATE")
        return result


class Forgetful(Database):
    """A database that loses what a transaction did so far behind a missed error, as only SQL Server does."""

    def __init__(self, address: str, after: int) -> None:
        super().__init__(address, Timeouts(query=20))
        self._after = after

    def write(self, work: Callable[[Connection], Any]) -> Any:
        return super().write(lambda connection: work(Forgetting(connection, self._after)))


STATEMENTS_BEFORE, STATEMENTS_PER_ROW = 1, 5
"""Whose database it is comes first, and what is lost there is nothing yet."""
LAST = STATEMENTS_BEFORE + STATEMENTS_PER_ROW * len(PLAN.rows)


@pytest.mark.parametrize("after", range(STATEMENTS_BEFORE + 2, LAST + 1))
def test_a_transaction_that_the_server_gave_up_unseen_stops_the_apply(site: Site, after: int) -> None:
    with closing(Forgetful(site.maker.address, after)) as database:
        writer = SiteWriter(SiteCode("PS1"), database, BACKUP)

        with site.nothing_happens(), pytest.raises((SiteError, RowMoved, ChangeAltered)):
            writer.apply("R1", PLAN)


HOSTILE = [
    "x' OR 1=1 --",
    "'; DROP TABLE PkgStatus; --",
    '"; DELETE FROM dbo.PkgStatus; --',
    "%",
    "_______",
    "? ?1 :name $1 {fn now()} {0}",
    "\\' || chr(39) || \\",
    "\u202egnp.exe\u202c",
    "日本語 👩‍👩‍👧‍👦 Z͑ͫ̓a̴̵l̸g̷o",
    "\t\r\n",
    "<!channel> *bold* `code` &amp;",
    "x" * 255,
]


def test_whatever_a_server_is_called_only_its_own_row_is_changed(site: Site) -> None:
    known = {"ID": "PS100112", "Type": 2, "SiteCode": "PS1", "SourceVersion": 7, "Status": 3}
    site.maker.insert("PkgStatus", *({"PKID": n, "PkgServer": name} | known for n, name in enumerate(HOSTILE, 90)))

    for name in HOSTILE:
        before = site.rows
        site.writer.apply(name[:60], plan(plan_row(server_path=name)))

        assert [row[4] for key, row in site.rows.items() if row != before[key]] == [name]
        assert site.rows.keys() == before.keys()
    assert sorted(row[6] for row in site.backup) == sorted(HOSTILE)


def test_a_name_that_only_looks_the_same_is_another_row_also_where_the_collation_calls_them_one(site: Site) -> None:
    twin = nal_path("NYC-DP03.contoso.com").replace("NYC", "nyc")

    with site.nothing_happens(), pytest.raises(RowMoved):
        site.writer.apply("R1", plan(plan_row(server_path=twin)))


def test_a_row_is_not_changed_for_a_name_that_the_collation_alone_calls_its_own(tmp_path: Path) -> None:
    """On SQLite as well, whose texts tell upper from lower case unless a column says otherwise."""
    with closing(SqliteSite(tmp_path / "site.db")) as maker, closing(Site(maker)) as site:
        maker.run(
            "ALTER TABLE dbo.PkgStatus ADD COLUMN Named TEXT COLLATE NOCASE",
            "UPDATE dbo.PkgStatus SET Named = PkgServer",
            "ALTER TABLE dbo.PkgStatus DROP COLUMN PkgServer",
            "ALTER TABLE dbo.PkgStatus RENAME COLUMN Named TO PkgServer",
        )
        twin = plan_row(server_path=nal_path("NYC-DP03.contoso.com").replace("NYC", "nyc"))

        with site.nothing_happens(), pytest.raises(RowMoved, match="pkgserver reads"):
            site.writer.apply("R1", plan(twin))


class Stepping(Connection):
    """Hands statements on, and lets somebody else try something after each."""

    def __init__(self, connection: Connection, step: Callable[[str], None]) -> None:
        self._raw = connection._raw
        self._connection = connection
        self._step = step
        self.engine = connection.engine

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        found = self._connection.query(sql, parameters)
        self._step(sql)
        return found

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        count = self._connection.execute(sql, parameters)
        self._step(sql)
        return count

    def names(self, table: str) -> dict[str, str]:
        return self._connection.names(table)


class Stepped(Database):
    """A database between whose statements somebody else tries something."""

    def __init__(self, address: str, step: Callable[[str], None]) -> None:
        super().__init__(address, Timeouts(query=20))
        self._step = step

    def write(self, work: Callable[[Connection], Any]) -> Any:
        return super().write(lambda connection: work(Stepping(connection, self._step)))


@pytest.mark.parametrize("action", Action)
def test_from_the_first_look_on_nobody_else_changes_any_column_of_the_row(site: Site, action: Action) -> None:
    is_undo = action is Action.UNDO
    one = plan(site_plan_row())
    back = plan(site_plan_row().reversed(), action=Action.UNDO)
    if is_undo:
        site.writer.apply("R0", one)
    tried: list[str] = []

    def meddle(sql: str) -> None:
        if "pkgstatus" not in sql.lower():
            return
        with closing(Database(site.maker.address, Timeouts(query=1))) as somebody, pytest.raises(DatabaseError) as kept:
            somebody.write(lambda connection: connection.execute("UPDATE dbo.PkgStatus SET Location = 'elsewhere'"))
        assert kept.value.kind is ErrorKind.LOCKED
        tried.append(sql)

    with closing(Stepped(site.maker.address, meddle)) as database:
        SiteWriter(SiteCode("PS1"), database, BACKUP).apply("R1", back if is_undo else one, Undoing("R0"))

    assert len(tried) == STATEMENTS_PER_ROW + 1 + is_undo
    assert {row[7] for row in site.rows.values()} == {None}


class _Undone(Exception):
    """The transaction of somebody else ends without effect."""


def hold(site: Site, statement: str, meanwhile: Callable[[Connection], None]) -> None:
    """Keep what a statement locks until something else is done, in a transaction that changes nothing in the end."""

    def both(connection: Connection) -> None:
        connection.execute(statement)
        meanwhile(connection)
        raise _Undone

    with pytest.raises(_Undone):
        site.outside.write(both)


def test_a_lock_that_somebody_holds_too_long_is_said_to_be_one_and_nothing_happens(hasty: Site) -> None:
    troubles: list[SiteErrorKind] = []

    def attempt(_connection: Connection) -> None:
        for request in ("R1", "R2"):
            with pytest.raises(SiteError) as failed:
                hasty.writer.apply(request, PLAN)
            troubles.append(failed.value.kind)

    with hasty.nothing_happens():
        hold(hasty, f"UPDATE dbo.PkgStatus SET Status = 5 WHERE {ONE}", attempt)

    assert troubles == [SiteErrorKind.LOCKED] * 2
    assert not hasty.writer.was_applied("R1")
    hasty.writer.apply("R1", PLAN)


def test_forbidding_that_waits_too_long_says_that_it_does_not_know(hasty: Site) -> None:
    insert = "INSERT INTO dbo.PkgStatus_BU (RequestId, RowNumber) VALUES ('R1', 1)"

    def attempt(_connection: Connection) -> None:
        with pytest.raises(SiteError) as failed:
            hasty.writer.forbid("R1")
        assert failed.value.kind is SiteErrorKind.LOCKED

    with hasty.nothing_happens():
        hold(hasty, insert, attempt)
    hasty.writer.apply("R1", PLAN)


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Site]:
    """Yield a site on PostgreSQL, whose writer notices a deadlock two seconds after it began to wait."""
    for maker in make("postgresql", tmp_path):
        site = Site(maker)
        patient = engines.site_odbc(ConnSettings="SET deadlock_timeout = '2s'")
        site.writer.close()
        site.writer = SiteWriter(SiteCode("PS1"), Database(patient, Timeouts(query=20)), BACKUP)
        yield site
        site.close()


@needs_postgresql
def test_the_victim_of_a_deadlock_changed_nothing_and_says_what_it_was(postgresql: Site) -> None:
    site = postgresql
    waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%PkgStatus%'"

    def deadlock(connection: Connection) -> None:
        executor = pool.submit(site.writer.apply, "R1", PLAN)
        while not connection.query(waiting)[0][0]:
            assert not executor.done()
            connection.query("SELECT pg_stat_clear_snapshot()")
        connection.execute("SET LOCAL deadlock_timeout = '20s'")
        connection.execute("UPDATE dbo.PkgStatus SET State = 1 WHERE PkgServer = 'CM02.contoso.com'")
        error = executor.exception(20)
        assert isinstance(error, SiteError)
        assert error.kind is SiteErrorKind.DEADLOCK

    with ThreadPoolExecutor(1) as pool, site.nothing_happens():
        hold(site, f"UPDATE dbo.PkgStatus SET State = 1 WHERE {ONE}", deadlock)
    assert not site.writer.was_applied("R1")


def test_a_rehearsal_where_everything_is_in_place_leaves_nothing_behind(site: Site) -> None:
    with site.nothing_happens():
        site.writer.dry_run()
        site.writer.dry_run()


WHOLE = ", ".join(f"{name} {'int' if name in NUMBERS else 'varchar(512)'}" for name in PKG_STATUS.columns)
KEYED = "RequestId varchar(64) NOT NULL, RowNumber int NOT NULL, PRIMARY KEY (RequestId, RowNumber)"
UNFIT = {
    "not there": None,
    "without a request": f"{WHOLE}, RowNumber int",
    "without a number": f"{WHOLE}, RequestId varchar(64)",
    "without a key": f"{WHOLE}, RequestId varchar(64), RowNumber int",
    "without the version": f"{WHOLE.replace('SourceVersion', 'Version')}, {KEYED}",
    "without the server": f"{WHOLE.replace('PkgServer', 'Server')}, {KEYED}",
    "without a column that only the product needs": f"{WHOLE.replace('SigURL', 'Url')}, {KEYED}",
    "without room for a request that was given up": f"{WHOLE.replace('512)', '512) NOT NULL')}, {KEYED}",
}


@pytest.mark.parametrize("columns", UNFIT.values(), ids=UNFIT)
def test_a_rehearsal_refuses_a_backup_table_that_could_not_keep_the_promise(site: Site, columns: str | None) -> None:
    site.maker.run("DROP TABLE dbo.PkgStatus_BU", *([f"CREATE TABLE dbo.PkgStatus_BU ({columns})"] if columns else []))

    with pytest.raises(SiteError):
        site.writer.dry_run()


def test_a_rehearsal_accepts_a_backup_table_with_columns_of_its_own(site: Site) -> None:
    moment = "datetime" if site.maker.engine == "sqlserver" else "timestamp"
    more = f"BackedUpAt {moment} NOT NULL DEFAULT CURRENT_TIMESTAMP, Note varchar(20)"
    site.maker.run("DROP TABLE dbo.PkgStatus_BU", f"CREATE TABLE dbo.PkgStatus_BU ({WHOLE}, {more}, {KEYED})")

    site.writer.dry_run()


MORE = ("Order", "My Col", "it's", 'say "x"', "a]b", "Größe")


def test_columns_of_any_name_are_kept_too(site: Site) -> None:
    names = [quoted(PRODUCTS[site.maker.engine], name) for name in MORE]
    for each in ("PkgStatus", "PkgStatus_BU"):
        site.maker.run(*(f"ALTER TABLE dbo.{each} ADD {name} varchar(20)" for name in names))
    site.change(f"UPDATE dbo.PkgStatus SET {names[1]} = 'kept'")

    site.writer.dry_run()
    site.writer.apply("R1", PLAN)

    kept = site.look(f"SELECT {', '.join(names)} FROM dbo.PkgStatus_BU")
    assert kept == [(None, "kept", None, None, None, None)] * 3


@pytest.mark.parametrize("name", ["dbo.[Pkg Status-BU]", 'dbo."Order"', "dbo.[a.b]", "dbo.Order"])
def test_a_backup_table_may_have_any_name(site: Site, name: str) -> None:
    kind = "datetime" if site.maker.engine == "sqlserver" else "timestamp"
    whole = WHOLE.replace("UpdateTime varchar(512)", f"UpdateTime {kind}")
    backup = table_name(PRODUCTS[site.maker.engine], name)
    site.maker.run("DROP TABLE dbo.PkgStatus_BU", f"CREATE TABLE {backup} ({whole}, {KEYED})")
    writer = SiteWriter(SiteCode("PS1"), site.database, name)

    writer.dry_run()
    writer.apply("R1", PLAN)

    assert writer.was_applied("R1")
    assert not writer.forbid("R1")
    assert writer.forbid("R2")


def test_a_site_whose_texts_are_varchar_is_reset_like_any_other(site: Site) -> None:
    """On SQL Server these are the statements whose texts travel as varchar, so that keys are found by their index."""
    if site.maker.engine == "sqlserver":
        texts = {"ID": 8, "SiteCode": 3, "PkgServer": 255}
        site.maker.run("DROP INDEX PkgStatus_ID_idx ON dbo.PkgStatus")
        site.maker.run(*(f"ALTER TABLE dbo.PkgStatus ALTER COLUMN {name} varchar({n})" for name, n in texts.items()))

    site.writer.dry_run()
    site.writer.apply("R1", PLAN)

    assert site.writer.was_applied("R1")
    assert site.readings()["NYC-DP04.contoso.com"] == (0, 2)


WRITER = f"pkgstatus_writer_{os.getpid()}"
RIGHTS = [*grants("writer", WRITER), *grants("backup_table", WRITER)]


@pytest.fixture
def writer_of_its_own(postgresql: Site) -> Iterator[Site]:
    """Yield a site whose writer has no more than the rights that the scripts for the DBA give."""
    site = postgresql
    engines.run(f"DROP ROLE IF EXISTS {WRITER}", f"CREATE ROLE {WRITER}", f"GRANT USAGE ON SCHEMA dbo TO {WRITER}")
    engines.run(*RIGHTS)
    site.writer.close()
    login = Database(engines.site_odbc(ConnSettings=f"SET ROLE {WRITER}"), Timeouts(query=20))
    site.writer = SiteWriter(SiteCode("PS1"), login, BACKUP)
    yield site
    site.writer.close()
    engines.run("DROP SCHEMA dbo CASCADE", f"DROP ROLE {WRITER}", "CREATE SCHEMA dbo")


@needs_postgresql
def test_the_rights_that_the_scripts_give_are_enough(writer_of_its_own: Site) -> None:
    writer_of_its_own.writer.dry_run()
    writer_of_its_own.writer.apply("R1", PLAN)
    assert writer_of_its_own.writer.was_applied("R1")
    writer_of_its_own.writer.apply("R3", BACK, Undoing("R1"))
    assert writer_of_its_own.writer.forbid("R2")


@needs_postgresql
@pytest.mark.parametrize(
    "missing",
    [
        "UPDATE (SourceVersion, Status) ON dbo.PkgStatus",
        "UPDATE (SourceVersion) ON dbo.PkgStatus",
        "UPDATE (Status) ON dbo.PkgStatus",
        "SELECT ON dbo.PkgStatus",
        "INSERT ON dbo.PkgStatus_BU",
        "SELECT ON dbo.PkgStatus_BU",
    ],
)
def test_a_rehearsal_misses_each_right_that_an_apply_needs(writer_of_its_own: Site, missing: str) -> None:
    engines.run(f"REVOKE {missing} FROM {WRITER}")

    with pytest.raises(SiteError) as failed:
        writer_of_its_own.writer.dry_run()
    assert failed.value.kind is SiteErrorKind.PERMISSION


def test_a_site_that_is_away_is_an_error_of_the_site(tmp_path: Path) -> None:
    away = SiteWriter(SiteCode("P02"), Database(f"sqlite:///{tmp_path / 'away.db'}"), BACKUP)

    for action in (
        away.dry_run,
        lambda: away.apply("R1", PLAN),
        lambda: away.undo_violations(Undoing("R1"), PLAN.package_id, PLAN.rows),
        lambda: away.was_applied("R1"),
        lambda: away.forbid("R1"),
    ):
        with pytest.raises(SiteError) as failed:
            action()
        assert (failed.value.site, failed.value.kind) == ("P02", SiteErrorKind.UNREACHABLE)
