"""What admins copy, export and type at a settings file: each slip is called what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.settings.conftest import Places

case = pytest.param
ODBC = "Driver={ODBC Driver 18 for SQL Server};Server=cm01;Database=CM_PS1;Pwd=hunter2"
TOKEN = "xapp-hunter2"  # noqa: S105 - it only has to stay out of what is printed


@pytest.mark.parametrize(
    ("content", "said"),
    [
        case(TOKEN.encode("utf-16"), "is written in UTF-16", id="UTF-16"),
        case(TOKEN.encode("utf-16-le"), "is written in UTF-16", id="UTF-16 without a mark"),
        case(TOKEN.encode("utf-16-be"), "is written in UTF-16", id="UTF-16, the other way round"),
        case("xapp-€-hunter2".encode("utf-16-le"), "is written in UTF-16", id="UTF-16 with more than ASCII"),
        case(TOKEN.encode("utf-32"), "is written in UTF-32", id="UTF-32"),
        case(f"xapp-\0{TOKEN}".encode(), "holds NUL characters: it is no text", id="a NUL inside"),
        case(bytes(range(256)), "holds NUL characters: it is no text", id="anything but text"),
        case(TOKEN.encode() + b"\xe9", "is not UTF-8 text", id="Latin-1"),
    ],
)
def test_a_file_in_another_encoding_is_called_by_its_own(enough: Places, content: bytes, said: str) -> None:
    (line,) = enough.secret("slack__app_token", content).mistakes()

    assert said in line
    assert "hunter2" not in line


@pytest.mark.parametrize("mark", ["\u202e", "\u200b", "\u2028", "\x85", "\ufeff", "\u00ad", "\u2066"])
def test_what_nobody_sees_in_a_connection_string_is_told(enough: Places, mark: str) -> None:
    (line,) = enough.environment(STORE=ODBC.replace("cm01", f"cm{mark}01")).mistakes()

    assert line.startswith("PKGSTATUS_STORE has a character in it that nobody sees (U+")
    assert f"U+{ord(mark):04X}" in line
    assert "hunter2" not in line


@pytest.mark.parametrize("named", ["Driver=;", "Driver={};", "DSN=;", "Driver= ;DSN=;"])
def test_an_empty_driver_is_none(enough: Places, named: str) -> None:
    (line,) = enough.environment(STORE=f"{named}Server=cm01;Encrypt=yes").mistakes()

    assert line.startswith("PKGSTATUS_STORE names no driver; ODBC writes it ")


@pytest.mark.parametrize(
    "url", ["oracle+cx_oracle://ada:hunter2@cm01/CM", "my_db://cm01/CM", "mssql+pyodbc:///?x=hunter2"]
)
def test_a_url_of_any_library_is_one(enough: Places, url: str) -> None:
    (line,) = enough.environment(STORE=url).mistakes()

    assert line.startswith("PKGSTATUS_STORE is a URL of another library; ")
    assert "hunter2" not in line


@pytest.mark.parametrize(
    "text",
    [
        '{"PS1": {"database": "sqlite:///a"}, "PS1": {"database": "sqlite:///b"}}',
        '{"PS1": {"database": "sqlite:///a"}, "ps1": {"database": "sqlite:///b"}}',
        '{"PS1": {"database": "sqlite:///a", "database": "sqlite:///b"}}',
    ],
    ids=["a site", "a site in another case", "inside a site"],
)
def test_what_stands_twice_in_json_is_not_chosen_by_its_place(enough: Places, text: str) -> None:
    (line,) = enough.environment(SITES=text).mistakes()

    assert line.startswith("PKGSTATUS_SITES names ")
    assert " twice: leave one out." in line
    assert "sqlite:///a" not in line


def digest(cron: str = "0 8 * * *", zone: str = "UTC") -> str:
    return f'[{{"name": "m", "cron": "{cron}", "timezone": "{zone}", "channel": "C0OPS"}}]'


@pytest.mark.parametrize("cron", ["0 8 * * mon–fri", "0 8 * * sun‑thu", "0 8–10 * * mon—wed"])
def test_a_range_with_a_dash_of_word_is_a_range(enough: Places, cron: str) -> None:
    enough.environment(DIGESTS=digest(cron)).load()


@pytest.mark.parametrize("weekday", ["mon#6", "fril5", "mon1"])
def test_a_weekday_that_is_none_is_not_called_a_number(enough: Places, weekday: str) -> None:
    (line,) = enough.environment(DIGESTS=digest(f"0 8 * * {weekday}")).mistakes()

    assert "has no such weekday: it takes mon to sun" in line


@pytest.mark.parametrize(
    "zone", ["GMT+1", "UTC+01:00", "+01:00", "UTC-5", "gmt -3", "(UTC+01:00) Amsterdam", "GMT+0530"]
)
def test_an_offset_is_not_called_a_zone(enough: Places, zone: str) -> None:
    (line,) = enough.environment(DIGESTS=digest(zone=zone)).mistakes()

    assert "is an offset, which knows no summer time: name a place, like Europe/Zurich" in line


@pytest.mark.parametrize(("zone", "meant"), [("utc", "UTC"), ("europe/zurich", "Europe/Zurich"), ("cet", "CET")])
def test_a_zone_in_another_case_is_the_zone_that_is_meant(enough: Places, zone: str, meant: str) -> None:
    (line,) = enough.environment(DIGESTS=digest(zone=zone)).mistakes()

    assert f"is no IANA time zone; perhaps it is {meant}." in line


@pytest.mark.parametrize("zone", ["localtime", "Local", "posixrules"])
def test_what_is_only_this_machines_is_no_zone(enough: Places, zone: str) -> None:
    (line,) = enough.environment(DIGESTS=digest(zone=zone)).mistakes()

    assert "is no IANA time zone" in line
    assert "perhaps it is localtime" not in line


def test_too_few_approvers_are_told_with_the_whole_names(enough: Places) -> None:
    (line,) = enough.environment(APPROVERS__USERS='["U012AB3CD"]', APPROVERS__GROUPS="[]").mistakes()

    assert line.startswith(
        "PKGSTATUS_APPROVERS names fewer than two people; "
        "set PKGSTATUS_APPROVERS__USERS or PKGSTATUS_APPROVERS__GROUPS."
    )
