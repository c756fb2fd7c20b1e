"""What is printed is one event a line, and no token, password or answer address is ever in it."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot import logs
from bot.cli.main import main
from bot.exit_codes import Exit
from tests.leaks import leaks, secrets_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MARKER = "hunter2"
SECRETS = [
    "token=xoxb-1234-hunter2",
    "xapp-1-A012-hunter2",
    "xoxe-1-hunter2",
    "Driver={ODBC Driver 18 for SQL Server};UID=bot;PWD=hunter2;Encrypt=yes",
    "UID=bot;pwd = hunter2",
    "PWD={a;hunter2}",
    "PWD={a}}hunter2}",
    "PWD=a hunter2;Encrypt=yes",
    "Password=hunter2",
    "AccessToken=hunter2",
    "https://hooks.slack.com/commands/T0/1/hunter2",
    "https://hooks.slack.com/actions/T0/1/hunter2",
    "https://hooks.slack.com/services/T0/B0/hunter2",
    "https://files.slack.com/upload/v1/hunter2",
    "wss://wss.slack.com/link/?ticket=hunter2&app_id=A0",
]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Return what the test printed, and put logging back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    with monkeypatch.context() as hooks:
        hooks.setattr(sys, "excepthook", sys.excepthook)
        hooks.setattr(threading, "excepthook", threading.excepthook)
        yield lambda: capsys.readouterr().err
    logging.captureWarnings(capture=False)
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_is_printed_by_whoever_logs_it(secret: str, as_json: bool, printed: Callable[[], str]) -> None:  # noqa: FBT001 - a table row
    logs.configure("debug", as_json=as_json)

    structlog.stdlib.get_logger("bot.test").warning("event", detail=secret)
    logging.getLogger("some.library").error("refused: %s", secret)
    structlog.stdlib.get_logger("bot.test").error("broke", exc_info=ValueError(secret))

    lines = printed()
    assert lines.count("***") >= 3
    assert MARKER not in lines


@pytest.mark.parametrize("secret", ["hunter2", "hunt'er2", 'hunt"er2', "hunt\\er2", "hunt;er2", "hünter2", "h&unter 2"])
@pytest.mark.parametrize("as_json", [True, False])
def test_the_secrets_of_the_settings_are_not_printed_however_they_are_spelled(
    secret: str,
    as_json: bool,  # noqa: FBT001 - a table row
    printed: Callable[[], str],
) -> None:
    logs.configure("debug", as_json=as_json, secrets=[secret])

    structlog.stdlib.get_logger("bot.test").warning(
        f"refused {secret}", login=secret, tried=[f"as {secret}"], said={"why": f"{secret}!"}
    )
    structlog.stdlib.get_logger("bot.test").error(
        "broke", exc_info=ValueError(secret), address=f"https://cm01/?key={quote(secret)}"
    )

    lines = printed()
    assert lines.count("***") >= 6
    assert not any(
        spelled in lines for spelled in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret))
    )
    assert not as_json or [json.loads(line) for line in lines.splitlines()]


def test_what_nobody_caught_and_what_was_warned_of_is_an_event_without_secrets(printed: Callable[[], str]) -> None:
    logs.configure("info", as_json=True)

    def breaks() -> None:
        raise ValueError(SECRETS[3])

    thread = threading.Thread(target=breaks)
    thread.start()
    thread.join()
    sys.excepthook(ValueError, ValueError(SECRETS[0]), None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warnings, "filters", [])
        warnings.warn(SECRETS[1], stacklevel=1)

    found = [json.loads(line) for line in printed().splitlines()]
    assert [event["level"] for event in found] == ["critical", "critical", "warning"]
    assert "breaks" in found[0]["exception"]
    assert MARKER not in json.dumps(found)


def test_a_leak_would_be_found(tmp_path: Path) -> None:
    printed = tmp_path / "output.txt"
    given = {"PKGSTATUS_SLACK__APP_TOKEN": "t-1", "PKGSTATUS_STORE": "Driver=x;PWD={a;hunter2};Database=y"}
    harmless = ["must begin with xoxb-. It is the bot token.", "PWD=***;Encrypt=yes", "connected 3 t-0"]
    for secret in [*SECRETS, '"error": "a;hunter2 is wrong"', "t-1"]:
        printed.write_text("\n".join([*harmless, secret]), encoding="utf-8")

        assert leaks(printed, secrets_in(given)) == [secret]


@given(
    st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=30).filter(lambda text: "hunter2" not in text)
)
def test_redaction_leaves_all_other_text_alone(text: str) -> None:
    harmless = text.replace("=", "").replace("/", "").replace("xox", "").replace("xapp", "").replace("XOX", "")

    assert "***" in logs.redacted(f"{harmless};PWD=hunter2;")
    assert logs.redacted(f"PWD=hunter2;{harmless}").startswith("PWD=***;")


def test_the_end_of_a_line_survives_the_redaction() -> None:
    line = "login failed for Server=cm01;UID=bot;PWD=hunter2;Encrypt=yes on site PS1"

    assert logs.redacted(line) == "login failed for Server=cm01;UID=bot;PWD=***;Encrypt=yes on site PS1"


def test_json_lines_carry_level_moment_logger_and_reference(printed: Callable[[], str]) -> None:
    logs.configure("info", as_json=True)

    with structlog.contextvars.bound_contextvars(ref="ab12cd34"):
        logging.getLogger("some.library").warning("from a library")

    event: dict[str, Any] = json.loads(printed())
    assert event["event"] == "from a library"
    assert (event["level"], event["logger"], event["ref"]) == ("warning", "some.library", "ab12cd34")
    assert event["timestamp"].endswith("Z")


def test_what_is_less_important_than_the_level_is_not_printed(printed: Callable[[], str]) -> None:
    logs.configure("warning", as_json=True)

    structlog.stdlib.get_logger("bot.test").info("chatter")
    logging.getLogger("slack_bolt").info("chatter")

    assert printed() == ""


def test_the_chatter_of_slacks_libraries_is_not_printed_even_at_debug(printed: Callable[[], str]) -> None:
    logs.configure("debug", as_json=True)

    logging.getLogger("slack_sdk.socket_mode").info("chatter")

    assert printed() == ""


def test_an_event_stays_on_one_line_of_the_console_whatever_was_typed(printed: Callable[[], str]) -> None:
    logs.configure("info", as_json=False)

    structlog.stdlib.get_logger("bot.test").info("answered", text="PS100112\n2026-01-01 error forged", kind="click")

    (line,) = printed().splitlines()
    assert line.endswith(r"text='PS100112\n2026-01-01 error forged' kind=click")


@pytest.mark.parametrize("as_json", [True, False])
def test_what_is_named_a_password_is_not_printed_nor_a_secret_that_is_a_name(
    as_json: bool,  # noqa: FBT001 - a table row
    printed: Callable[[], str],
) -> None:
    logs.configure("debug", as_json=as_json, secrets=["s3cret"])

    structlog.stdlib.get_logger("bot.test").warning("login", PWD=MARKER, by={"s3cret": {"password": MARKER}})

    (line,) = printed().splitlines()
    assert line.count("***") == 3
    assert not {MARKER, "s3cret"} & set(re.findall(r"\w+", line))


def test_a_fault_of_a_command_is_printed_with_its_traceback_and_without_secrets(
    printed: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks() -> None:
        logs.configure("critical", as_json=True)
        raise ValueError(SECRETS[3])

    monkeypatch.setitem(main.commands, "break", click.Command("break", callback=breaks))

    with pytest.raises(SystemExit) as end:
        main(["break"])

    event = json.loads(printed())
    assert end.value.code == Exit.FAULT
    assert "breaks" in event["exception"]
    assert MARKER not in json.dumps(event)


def test_an_event_that_nobody_configured_goes_nowhere_near_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    structlog.stdlib.get_logger("bot.test").error("before any command")

    assert capfd.readouterr().out == ""
