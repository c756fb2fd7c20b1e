"""Connection strings that would not encrypt, or not write where the bot must write, are refused before the start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.settings.odbc_strings import asked, mistake, trusts_anybody, unencrypted
from bot.settings.sources import report
from tests.settings.conftest import ENOUGH

if TYPE_CHECKING:
    from tests.settings.conftest import Places

case = pytest.param
PLAIN = "Driver={ODBC Driver 18 for SQL Server};Server=cm01.contoso.com;Database=CM_PS1;Trusted_Connection=yes"
READ_ONLY = f"{PLAIN};ApplicationIntent=ReadOnly"


@pytest.mark.parametrize(
    "address",
    [
        case(PLAIN, id="18 encrypts by itself"),
        case(f"{PLAIN};Encrypt=yes", id="said"),
        case(f"{PLAIN};Encrypt=Mandatory", id="said in the other word"),
        case(f"{PLAIN};Encrypt=strict", id="strictly"),
        case(PLAIN.replace("18", "19"), id="a newer driver"),
        case(f"{PLAIN.replace('18', '17')};Encrypt=yes", id="an older driver that is told to"),
        case("Driver=/opt/libmsodbcsql-18.6.so.2.1;Server=x", id="the driver by its file"),
        case("Driver=FreeTDS;Server=x;Port=1433;TDS_Version=7.4;Encryption=require", id="FreeTDS"),
        case("Driver={PostgreSQL Unicode};Server=x;SSLmode=verify-full", id="PostgreSQL"),
        case("DSN=site", id="only a name"),
        case(f"{PLAIN};PWD={{a;Encrypt=no}}", id="a password that looks like a wish"),
    ],
)
def test_a_connection_string_that_encrypts_is_taken(address: str) -> None:
    assert mistake(address) == ""
    assert unencrypted(address) == ""


@pytest.mark.parametrize("word", ["no", "No", "optional", "{no}", " false ", "0"])
@pytest.mark.parametrize("key", ["Encrypt", "ENCRYPT", " encrypt "])
def test_a_connection_string_that_turns_encryption_off_is_refused(key: str, word: str) -> None:
    assert unencrypted(f"{PLAIN};{key}={word}").startswith("turns encryption off")


@pytest.mark.parametrize(
    "driver",
    ["ODBC Driver 17 for SQL Server", "ODBC Driver 13.1 for SQL Server", "SQL Server", "/x/libmsodbcsql-17.so"],
)
def test_an_older_driver_must_be_told_to_encrypt(driver: str) -> None:
    assert "add Encrypt=yes" in unencrypted(f"Driver={{{driver}}};Server=x")
    assert unencrypted(f"Driver={{{driver}}};Server=x;Encrypt=yes") == ""


@pytest.mark.parametrize(
    ("address", "start"),
    [
        ("Driver=FreeTDS;Server=x;Encryption=off", "turns encryption off"),
        ("Driver=FreeTDS;Server=x;Encryption=request", "turns encryption off"),
        ("Driver=FreeTDS;Server=x", "does not insist on encryption: add Encryption=require"),
        ("Driver=/usr/lib/libtdsodbc.so;Server=x", "does not insist on encryption: add Encryption=require"),
        ("Driver={PostgreSQL Unicode};Server=x", "does not insist on encryption: add SSLmode=verify-full"),
        ("Driver={PostgreSQL Unicode};Server=x;SSLmode=prefer", "does not insist on encryption"),
        ("Driver={PostgreSQL Unicode};Server=localhost,db02", "does not insist on encryption"),
        ("Driver=psqlodbcw.so;Server=x;SSLmode=disable", "does not insist on encryption"),
        ("DSN=site;Encrypt=no", "turns encryption off"),
        ("DSN=store;SSLmode=disable", "turns encryption off"),
        ("Driver={x};Server=y;Encrypt=no", "turns encryption off"),
        (f"{PLAIN};Encrypt=no;Failover_Partner=x".replace("cm01.contoso.com", "localhost"), "turns encryption off"),
        ("Driver={SQL Server};Server=localhost.contoso.com", "names a driver that does not encrypt"),
    ],
)
def test_a_link_to_another_machine_that_may_go_unencrypted_is_refused(address: str, start: str) -> None:
    assert unencrypted(address).startswith(start)
    assert "PKGSTATUS_UNENCRYPTED_DATABASES=true" in unencrypted(address)


@pytest.mark.parametrize(
    "server",
    [
        *("localhost", "LOCALHOST,1433", "127.0.0.1", "127.8.8.8,1433", "tcp:127.0.0.1,1433", "::1", "[::1]", "."),
        *("(local)", r".\SQLEXPRESS", r"localhost\INST", r"(localdb)\MSSQLLocalDB", r"lpc:CM01", r"\\.\pipe\sql\query"),
    ],
)
def test_a_link_that_never_leaves_this_machine_may_go_unencrypted(server: str) -> None:
    assert unencrypted(f"Driver={{SQL Server}};Server={server};Encrypt=no") == ""


@pytest.mark.parametrize(
    "server", ["Server=/var/run/postgresql", "Server=127.0.0.1;Port=5432", "Database=x", "Server="]
)
def test_so_may_a_unix_socket(server: str) -> None:
    assert unencrypted(f"Driver={{PostgreSQL Unicode}};{server}") == ""


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("jdbc:sqlserver://cm01:1433;databaseName=CM_PS1;encrypt=true", "is a JDBC address"),
        ("mssql+pyodbc://bot:hunter2@cm01/CM_PS1?driver=ODBC+Driver+18", "is a URL of another library"),
        ("mssql://cm01/CM_PS1", "is a URL of another library"),
        ("sqlserver://cm01?database=CM_PS1", "is a URL of another library"),
        ("postgresql://bot:hunter2@db01/pkgstatus?sslmode=require", "is a URL of another library"),
        ("postgres://bot@db01/pkgstatus", "is a URL of another library"),
        ("Data Source=cm01;Initial Catalog=CM_PS1;Integrated Security=SSPI", "is written for .NET"),
        ("Server=cm01;Database=CM_PS1;User Id=bot;Password=hunter2", "is written for .NET"),
        ("Driver={x};Server=cm01;User ID=bot;Password=hunter2", "is written for .NET"),
        ("Provider=MSOLEDBSQL;Server=cm01;Database=CM_PS1", "is written for OLE DB"),
        ("Server=cm01;Database=CM_PS1;UID=bot;PWD=hunter2", "names no driver"),
        ("host=db01 dbname=pkgstatus user=bot", "names no driver"),
    ],
)
def test_what_was_written_for_something_else_is_refused_with_the_form_of_odbc(
    enough: Places, address: str, said: str
) -> None:
    (line,) = enough.environment(SITES=sites(database=address)).mistakes()

    assert line.startswith(f"PKGSTATUS_SITES__PS1__DATABASE {said}")
    assert "Driver={ODBC Driver 18 for SQL Server};Server=HOST;" in line
    assert "hunter2" not in line


@pytest.mark.parametrize("driver", ["Driver={ODBC Driver 18 for SQL Server;Server=x", "Driver={x};Server=y;PWD=a;b"])
def test_a_string_with_a_part_that_is_no_pair_is_refused(driver: str) -> None:
    assert mistake(driver).startswith("has a part that is not KEYWORD=value")


@pytest.mark.parametrize("port", ["0", "-1", "99999", "x", "65536", ""])
@pytest.mark.parametrize(
    "form",
    [
        "Driver={ODBC Driver 18 for SQL Server};Server=cm01,PORT",
        "Driver={ODBC Driver 18 for SQL Server};Address=cm01,PORT",
        "Driver={ODBC Driver 18 for SQL Server};Addr=tcp:cm01,PORT",
        "Driver={ODBC Driver 18 for SQL Server};Network Address=cm01,PORT",
        r"Driver={ODBC Driver 18 for SQL Server};Server={cm01\SQL , PORT}",
        "Driver={ODBC Driver 18 for SQL Server};Server=cm01;Failover_Partner=cm02,PORT",
        "DSN=site;Server=cm01,PORT",
        "Driver=x;Server=y;Port=PORT",
    ],
)
def test_a_port_that_cannot_be_is_refused(form: str, port: str) -> None:
    assert mistake(form.replace("PORT", port)).startswith("names a port that is no number from 1 to 65535")
    assert mistake(form.replace("PORT", "1433")) == ""


def test_a_colon_before_the_port_of_sql_server_is_refused() -> None:
    assert mistake("Driver={ODBC Driver 18 for SQL Server};Server=cm01:1433").startswith("has a : before the port")
    assert mistake("Driver={ODBC Driver 18 for SQL Server};Address=cm01:1433").startswith("has a : before the port")
    assert mistake(r"Driver={ODBC Driver 18 for SQL Server};Server=cm01\SQL:1433").startswith("has a : before the port")
    assert mistake("Driver={ODBC Driver 18 for SQL Server};Server=tcp:cm01,1433") == ""


@pytest.mark.parametrize(("escape", "shown"), [(r"\n", r"\n"), (r"\t", r"\t"), (r"\b", r"\x08"), (r"\u000b", r"\x0b")])
@pytest.mark.parametrize("place", ["JSON", "TOML"])
def test_a_backslash_that_was_read_as_an_escape_is_refused_with_the_cure(
    enough: Places, place: str, escape: str, shown: str
) -> None:
    address = f"{PLAIN};Note=CM01{escape}ew"
    if place == "JSON":
        enough.environment(SITES='{"PS1": {"database": "' + address + '"}}')
    else:
        enough.toml(ENOUGH.replace("sqlite:///site.db", address))

    (line,) = enough.mistakes()

    assert line.startswith(f"PKGSTATUS_SITES__PS1__DATABASE has a control character in it ('{shown}')")
    assert r"write \\ for each \, or in TOML put the whole value in 'single quotes'." in line


@pytest.mark.parametrize(
    "address", ["sqlite:///", "sqlite://site.db", "sqlite:site.db", "SQLite:///x", "sqlite:///:memory:"]
)
def test_a_sqlite_file_that_is_not_named_is_refused(enough: Places, address: str) -> None:
    (line,) = enough.environment(STORE=address).mistakes()

    assert line.startswith("PKGSTATUS_STORE names no SQLite file as sqlite:///path")


def test_a_link_without_encryption_needs_the_setting_that_says_so(enough: Places) -> None:
    loose = f"{PLAIN};UID=bot;PWD=hunter2;Encrypt=no"
    enough.environment(SITES=sites(database=PLAIN, writer=loose), STORE="Driver={PostgreSQL Unicode};Server=db01")

    site, store = enough.mistakes()
    assert site.startswith("PKGSTATUS_SITES__PS1__WRITER turns encryption off on the way to another machine; ")
    assert store.startswith("PKGSTATUS_STORE does not insist on encryption: add SSLmode=verify-full, or ")
    assert "hunter2" not in site

    assert enough.environment(UNENCRYPTED_DATABASES="true").load().sites["PS1"].writer is not None


@pytest.mark.parametrize("allowed", [False, True])
def test_a_check_asks_nothing_over_a_link_that_the_settings_refuse(enough: Places, *, allowed: bool) -> None:
    loose = f"{PLAIN};Encrypt=no"
    enough.environment(SITES=sites(database=loose), STORE=loose, AUDIT__MAX_LAG="never")
    enough.environment(UNENCRYPTED_DATABASES=str(allowed).lower())

    assert report().lacking == ({"audit"} if allowed else {"audit", "sites", "store"})


def test_of_a_keyword_that_is_given_twice_the_first_counts_as_for_the_driver() -> None:
    assert asked("Encrypt=yes;encrypt=no") == {"encrypt": "yes"}


def test_an_unchecked_certificate_is_noticed() -> None:
    assert trusts_anybody(f"{PLAIN};TrustServerCertificate=Yes")
    assert not trusts_anybody(f"{PLAIN};TrustServerCertificate=no")
    assert not trusts_anybody(PLAIN)


def sites(**addresses: str) -> str:
    return json.dumps({"PS1": addresses})


def test_encryption_that_is_off_is_one_line_that_names_the_setting_and_no_value(enough: Places) -> None:
    (line,) = enough.environment(SITES=sites(database=f"{PLAIN};UID=bot;PWD=hunter2;Encrypt=no")).mistakes()

    assert line.startswith("PKGSTATUS_SITES__PS1__DATABASE turns encryption off")
    assert "hunter2" not in line


@pytest.mark.parametrize("name", ["SITES__PS1__WRITER", "STORE"])
def test_read_only_intent_is_refused_where_the_bot_must_write(enough: Places, name: str) -> None:
    (line,) = enough.environment(**{name: READ_ONLY}).mistakes()

    assert line.startswith(f"PKGSTATUS_{name} says ApplicationIntent=ReadOnly, and the bot must write there")


def test_read_only_intent_for_reading_needs_a_writer_of_its_own(enough: Places) -> None:
    (line,) = enough.environment(SITES=sites(database=READ_ONLY)).mistakes()
    assert line.startswith("PKGSTATUS_SITES__PS1 says ApplicationIntent=ReadOnly in `database` and has no `writer`")

    settings = enough.environment(SITES=sites(database=READ_ONLY, writer=PLAIN)).load()
    assert settings.sites["PS1"].writer is not None
