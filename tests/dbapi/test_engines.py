"""What is said to SQL Server at the beginning of each connection, and what is still to be heard at the end of each."""

import pytest

from bot.dbapi import Engine, Timeouts
from bot.dbapi.engines import finish, session_options
from tests.engines import engine_of


def said(engine: str) -> list[str]:
    return session_options(engine, Timeouts(query=30)).split("; ")


def test_sql_server_is_told_who_is_the_victim_how_long_to_wait_and_what_an_error_does() -> None:
    assert {
        "SET NOCOUNT ON",
        "SET XACT_ABORT ON",
        "SET DEADLOCK_PRIORITY LOW",
        "SET LOCK_TIMEOUT 27000",
    } <= set(said(Engine.SQL_SERVER))


def test_a_lock_is_given_up_before_the_statement_that_waits_for_it() -> None:
    assert said(Engine.POSTGRESQL) == ["SET lock_timeout = 27000", "SET statement_timeout = 30000"]


def test_an_engine_that_nobody_knows_is_told_nothing() -> None:
    assert session_options("Some Other Server", Timeouts()) == ""


class Late:
    """A cursor as a driver gives it for a table with triggers: row counts first, and the error behind them."""

    def __init__(self, *results: bool | Exception) -> None:
        self._results = list(results)
        self.is_closed = False

    def nextset(self) -> bool:
        result = self._results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    def close(self) -> None:
        self.is_closed = True


def test_an_error_that_waits_behind_row_counts_is_heard() -> None:
    with pytest.raises(ZeroDivisionError):
        finish(Late(True, True, ZeroDivisionError("in the trigger"), False))


def test_what_has_nothing_more_to_say_is_closed() -> None:
    quiet = Late(True, False)
    finish(quiet)

    assert quiet.is_closed


@pytest.mark.parametrize(
    ("driver", "engine"),
    [
        ("{ODBC Driver 18 for SQL Server}", "sqlserver"),
        ("FreeTDS", "sqlserver"),
        ("/usr/lib/libmsodbcsql-18.so", "sqlserver"),
        ("{PostgreSQL Unicode}", "postgresql"),
    ],
)
def test_the_suites_know_which_engine_a_string_speaks_to(driver: str, engine: str) -> None:
    assert engine_of(f"Driver={driver};Server=trial;Database=test_site") == engine
