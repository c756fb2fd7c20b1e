"""Which database of one's own the demo takes, and what it says of one that it does not take."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.cli.demo import demo
from bot.cli.demo_database import NotASite, OwnSite, own_site
from bot.demo.sample.build import build_sample
from tests.engines import needs_postgresql
from tests.frontdoor.sites import change
from tests.site.makers import PostgresqlSite

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "hunter2-and-a-half"  # noqa: S105 - it only has to stay out of what is said
KINDS = "Name a SQLite file, sqlite:///FILE or an ODBC string: Driver="


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.db"
    build_sample(path, now=datetime.now(UTC))
    return path


def refusal(address: object, code: str = "PS1") -> str:
    with pytest.raises(NotASite) as refused:
        own_site(str(address), code)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert PASSWORD not in sentence
    return sentence


def test_a_file_is_taken_by_its_path_and_by_its_address(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.parent)

    found = [own_site(address, " ps1 ") for address in (str(site), "site.db", "sqlite:///site.db", f"sqlite:///{site}")]

    assert {(each.code, each.address, each.package, each.notice) for each in found} == {
        ("PS1", f"sqlite:///{site}", found[0].package, "")
    }


def test_a_package_with_a_row_that_is_behind_is_the_first_to_look_at(site: Path) -> None:
    change(
        site,
        "UPDATE PkgStatus SET SourceVersion = 99, Status = 3",
        "UPDATE PkgStatus SET SourceVersion = 1 WHERE PKID = 7",
    )

    with closing(sqlite3.connect(site)) as connection:
        key, behind = connection.execute("SELECT MAX(PKID), ID FROM PkgStatus WHERE ID = 'PS100112'").fetchone()
        connection.execute("UPDATE PkgStatus SET SourceVersion = CASE PKID WHEN ? THEN 1 ELSE 999 END", (key,))
        connection.commit()
    assert own_site(str(site), "PS1").package == behind


def test_the_site_code_is_ps1_unless_another_is_given(site: Path) -> None:
    given = {code: demo.make_context("demo", ["--site", str(site), *code.split()]) for code in ("", "--site-code P02")}

    assert [context.params["site_code"] for context in given.values()] == ["PS1", "P02"]


def test_the_bot_gets_the_database_under_the_code_that_is_given(site: Path) -> None:
    change(site, "DROP VIEW v_Identification")

    settings = own_site(str(site), "P02").settings

    assert json.loads(settings["PKGSTATUS_SITES"]) == {"P02": {"database": f"sqlite:///{site}"}}


def test_looking_at_a_database_writes_nothing_to_it(site: Path) -> None:
    before = site.read_bytes()

    own_site(str(site), "PS1")

    assert site.read_bytes() == before
    assert list(site.parent.iterdir()) == [site]


@needs_postgresql
def test_a_postgresql_database_is_looked_at_through_its_odbc_string() -> None:
    with closing(PostgresqlSite()) as maker:
        found = own_site(maker.address, "PS1")
        maker.run("DROP TABLE dbo.PkgStatus_BU")
        bare = own_site(maker.address, "PS1")

    assert (found.address, found.package, found.notice) == (maker.address, None, "")
    assert bare.notice.endswith("deploy/sql/backup_table.postgresql.sql has made it.")


def test_a_database_without_packages_offers_none(site: Path) -> None:
    change(site, "DELETE FROM PkgStatus", "DELETE FROM SMSPackages", "DROP VIEW v_Identification")

    assert own_site(str(site), "PS1").package is None


def test_the_backup_table_that_is_missing_is_named_with_its_script(site: Path) -> None:
    change(site, "DROP TABLE PkgStatus_BU")

    assert own_site(str(site), "PS1").notice == (
        "There is no backup table dbo.PkgStatus_BU: every reset is refused until "
        "deploy/sql/backup_table.sqlite.sql has made it."
    )


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("jdbc:sqlserver://cm01:1433;databaseName=CM_PS1", f"--site cannot be a jdbc address. {KINDS}"),
        (f"mssql+pyodbc://bot:{PASSWORD}@cm01/CM_PS1", f"--site cannot be a mssql+pyodbc address. {KINDS}"),
        (f"postgresql://bot:{PASSWORD}@cm01/CM_PS1", f"--site cannot be a postgresql address. {KINDS}"),
        ("sqlite://site.db", f"--site cannot be a sqlite address. {KINDS}"),
        ("file:site.db?mode=ro", f"--site cannot be a file address. {KINDS}"),
        ("", f"--site is empty. {KINDS}"),
        ("/nowhere/site.db", f"--site names /nowhere/site.db, and there is no such file. {KINDS}"),
        ("/", f"--site names /, which is a folder. {KINDS}"),
        (__file__, "--site names a database that is damaged or no SQLite database: "),
        ("Driver={ODBC Driver 18 for SQL Server};Server=cm01;Encrypt=no", "--site turns encryption off on the way to "),
        ("Data Source=cm01;Initial Catalog=CM_PS1", "--site is written for .NET; ODBC writes it Driver="),
        ("Driver={SQL Server};Server=CM01\new", "--site has a control character in it "),
    ],
)
def test_what_is_no_database_is_refused_in_one_sentence(address: str, said: str) -> None:
    assert refusal(address).startswith(said)


def test_a_driver_that_is_not_there_is_said_and_the_password_is_not() -> None:
    pytest.importorskip("pyodbc")
    long = "x" * 300

    assert refusal(f"Driver={{No Such Driver}};Server={long};Pwd={PASSWORD}").startswith(
        "--site names an ODBC driver that is not installed; installed: "
    )


def test_a_link_that_may_go_unencrypted_is_refused_unless_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyodbc")
    address = f"Driver={{No Such Driver}};Server=cm01;Encrypt=no;Pwd={PASSWORD}"
    assert refusal(address).startswith("--site turns encryption off")

    monkeypatch.setenv("PKGSTATUS_UNENCRYPTED_DATABASES", "true")

    assert refusal(address).startswith("--site names an ODBC driver that is not installed")
    assert OwnSite("PS1", address, None, "").settings["PKGSTATUS_UNENCRYPTED_DATABASES"] == "true"


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["DROP VIEW v_Package"], "--site names a database with no dbo.v_Package that this login may read"),
        (["DROP TABLE PkgStatus"], "--site names a database with no dbo.v_Package and no dbo.PkgStatus that"),
        (
            ["ALTER TABLE PkgStatus RENAME COLUMN PkgServer TO Server"],
            "--site names a database that is no site database",
        ),
    ],
)
def test_a_database_that_lacks_what_is_read_is_no_site_database(site: Path, statements: list[str], said: str) -> None:
    change(site, "DROP VIEW v_Package" if "v_Package and" in said else "SELECT 1", *statements)

    assert refusal(site).startswith(said)


def test_the_database_of_another_site_is_refused_with_the_code_that_fits(site: Path) -> None:
    assert refusal(site, "P02") == "--site names the database of site PS1, not of P02: say --site-code PS1."
    change(site, "DROP VIEW v_Identification")
    assert own_site(str(site), "P02").code == "P02", "its rows know this site"
    assert refusal(site, "XYZ").startswith(
        "--site names a database without a row of site XYZ: choose with --site-code "
    )
    assert refusal(site, "PS11") == "--site-code must be a site code of 3 letters or digits."
