"""Connection strings that would not encrypt, or not write where the bot must write, are refused before the start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.settings.odbc_strings import asked, mistake, trusts_anybody

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


@pytest.mark.parametrize("word", ["no", "No", "optional", "{no}", " false ", "0"])
@pytest.mark.parametrize("key", ["Encrypt", "ENCRYPT", " encrypt "])
def test_a_connection_string_that_turns_encryption_off_is_refused(key: str, word: str) -> None:
    assert mistake(f"{PLAIN};{key}={word}").startswith("turns encryption off")


@pytest.mark.parametrize(
    "driver",
    ["ODBC Driver 17 for SQL Server", "ODBC Driver 13.1 for SQL Server", "SQL Server", "/x/libmsodbcsql-17.so"],
)
def test_an_older_driver_must_be_told_to_encrypt(driver: str) -> None:
    assert "add Encrypt=yes" in mistake(f"Driver={{{driver}}};Server=x")
    assert mistake(f"Driver={{{driver}}};Server=x;Encrypt=yes") == ""


def test_freetds_that_shall_not_encrypt_is_refused() -> None:
    assert mistake("Driver=FreeTDS;Server=x;Encryption=off").startswith("turns encryption off")


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
