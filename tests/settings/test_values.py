"""What admins paste: secrets with something around them, tokens that are none, addresses, ports, channels, limits."""

from __future__ import annotations

import codecs
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.settings.conftest import ENOUGH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.settings.conftest import Places

MARKER = "hunter2"
TOKEN = f"xoxb-1-{MARKER}"
ADDRESS = "Driver={ODBC Driver 18 for SQL Server};Server=cm01"
BOM = "\ufeff"
AROUND = [
    "{}\n",
    "{}\r\n",
    " {}\t",
    f"{BOM}{{}}",
    "{}\u200b",
    "\u00a0{}",
    '"{}"',
    "'{}'",
    ' "{}" \n',
    "“{}”",
    "”{}”",
    "»{}«",
    "«{}»",
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("place", ["environment", "secret", "TOML", "JSON"])
def test_what_was_copied_along_with_a_secret_is_taken_off(enough: Places, place: str, around: str) -> None:
    token, address = around.format(TOKEN), around.format(ADDRESS)
    match place:
        case "environment":
            enough.environment(SLACK__BOT_TOKEN=token, SITES__PS1__DATABASE=address)
        case "secret":
            enough.secret("slack__bot_token", token).secret("sites__ps1__database", address)
        case "TOML":
            text = ENOUGH.replace('"xoxb-from-toml"', json.dumps(token))
            enough.toml(text.replace('"sqlite:///site.db"', json.dumps(address)))
        case "JSON":
            enough.environment(SLACK=json.dumps({"bot_token": token}), SITES=json.dumps({"PS1": {"database": address}}))

    settings = enough.load()

    assert settings.slack.bot_token.get_secret_value() == TOKEN
    assert settings.sites["PS1"].database.get_secret_value() == ADDRESS


def test_json_in_the_quotes_that_docker_keeps_is_read(enough: Places) -> None:
    enough.environment(VIEWERS__USERS="""'["U012AB3CD"]'""", WORK__WORKERS='"4"', LOGS__LEVEL="debug\r")

    settings = enough.load()

    assert settings.viewers.users == {"U012AB3CD"}
    assert settings.work.workers == 4


@pytest.mark.parametrize("nothing", ["", "\r\n", BOM, '""'])
def test_a_secret_with_nothing_but_what_was_copied_along_is_empty(enough: Places, nothing: str) -> None:
    (line,) = enough.secret("slack__bot_token", nothing).mistakes()

    assert line.startswith("PKGSTATUS_SLACK__BOT_TOKEN is empty: give it a value or leave it out. It is ")


def test_json_in_a_secret_is_read_with_what_was_copied_along(enough: Places) -> None:
    enough.secret("viewers__users", """\ufeff'["U012AB3CD"]'\r\n""")

    assert enough.load().viewers.users == {"U012AB3CD"}


def test_what_was_copied_along_with_the_name_of_a_file_or_folder_is_taken_off(enough: Places, tmp_path: Path) -> None:
    enough.secret("slack__bot_token", TOKEN)
    enough.environment(CONFIG=f'"{tmp_path}/settings.toml"\r', SECRETS=f" {tmp_path}/secrets\n")

    assert enough.load().slack.bot_token.get_secret_value() == TOKEN


def test_a_mark_of_utf_8_before_a_file_is_passed_over(enough: Places) -> None:
    enough.toml(codecs.BOM_UTF8 + ENOUGH.encode()).secret("slack__bot_token", codecs.BOM_UTF8 + TOKEN.encode())

    assert enough.load().slack.bot_token.get_secret_value() == TOKEN


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_said(enough: Places, encoding: str) -> None:
    (line,) = enough.secret("slack__bot_token", TOKEN.encode(encoding)).mistakes()
    assert line.startswith("PKGSTATUS_SLACK__BOT_TOKEN cannot be read from the secrets folder: it is written in UTF-16")

    (_, line) = enough.toml(ENOUGH.encode(encoding)).mistakes()
    assert line.startswith("PKGSTATUS_CONFIG names a file that is written in UTF-16: save it as UTF-8 (PowerShell: ")


def test_a_file_in_an_old_encoding_is_said(enough: Places) -> None:
    (line,) = enough.toml((ENOUGH + "# für Zürich\n").encode("latin-1")).mistakes()

    assert line == "PKGSTATUS_CONFIG names a file that is not UTF-8 text: save it as UTF-8."


NO_TOKENS = [
    (
        "xapp-1-hunter2",
        "must begin with xoxb-; this is an app-level token, which belongs into PKGSTATUS_SLACK__APP_TOK",
    ),
    ("xoxp-1-hunter2", "must begin with xoxb-; this is a user token"),
    ("xoxe.xoxb-1-hunter2", "must begin with xoxb-; this is a token that rotates: switch token rotation off"),
    ("hunter2", "must begin with xoxb-."),
    ("Bearer xoxb-1-hunter2", "must begin with xoxb-: leave out what stands before it."),
    ("token=xoxb-1-hunter2", "must begin with xoxb-: leave out what stands before it."),
    ('"xoxb-1-hunter2', "must begin with xoxb-: leave out what stands before it."),
    ("xoxb-1-hunter2\\n", "has a character that no token has"),
    ('xoxb-1-hunter2"', "has a character that no token has"),
    ("xoxb-", "holds an example and no token"),
    ("xoxb-...", "holds an example and no token"),
    ("xoxb-your-token", "holds an example and no token"),
    ("xoxb-<hunter2>", "holds an example and no token"),
    ("xoxb-xxxxxxx", "holds an example and no token"),
    ("xoxb-1 hunter2", "has a blank or a line break inside"),
    ("xoxb-1\nxoxb-hunter2", "has a blank or a line break inside"),
    ("xoxb-1–hunter2", "has a character that no token has"),
    ("xoxb-1;hunter2", "has a character that no token has"),
    ("xoxb-1\u200bhunter2", "has a character that no token has"),
]


@pytest.mark.parametrize(("text", "said"), NO_TOKENS)
@pytest.mark.parametrize("place", ["environment", "secret"])
def test_what_cannot_be_a_bot_token_is_said_in_one_line(enough: Places, place: str, text: str, said: str) -> None:
    if place == "environment":
        enough.environment(SLACK__BOT_TOKEN=text)
    else:
        enough.secret("slack__bot_token", text)

    (line,) = enough.mistakes()

    assert line.startswith(f"PKGSTATUS_SLACK__BOT_TOKEN {said}")
    assert MARKER not in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("xoxb-1-hunter2", "must begin with xapp-; this is a bot token, which belongs into PKGSTATUS_SLACK__BOT_TOKEN"),
        ("xapp-", "holds an example and no token"),
        ("xapp-...", "holds an example and no token"),
    ],
)
def test_what_cannot_be_an_app_token_is_said_in_one_line(enough: Places, text: str, said: str) -> None:
    (line,) = enough.environment(SLACK__APP_TOKEN=text).mistakes()

    assert line.startswith(f"PKGSTATUS_SLACK__APP_TOKEN {said}")


@pytest.mark.parametrize("name", ["SLACK__BOT_TOKEN", "STORE", "CHANNELS__DIGEST", "VIEWERS__USERS", "WORK__WORKERS"])
@pytest.mark.parametrize("nothing", ["", " ", "\n", BOM, '""'])
def test_an_empty_value_is_said(enough: Places, name: str, nothing: str) -> None:
    (line,) = enough.environment(**{name: nothing}).mistakes()

    assert line.startswith(f"PKGSTATUS_{name} is empty: give it a value or leave it out. It is ")


@pytest.mark.parametrize(
    "address",
    [
        *("https://slack.com/api/", "https://slack-gov.com/api/", "http://127.0.0.1:8080/", "http://localhost:1/api/"),
        *("http://[::1]:5000/api/", "https://slack.internal.contoso.com:8443/proxy/api/"),
    ],
)
def test_an_address_of_slack_is_taken(enough: Places, address: str) -> None:
    assert enough.environment(SLACK__API_URL=address).load().slack.api_url == address


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("slack.com/api/", "must begin with https:// and a host."),
        ("https:///api/", "must begin with https:// and a host."),
        ("wss://slack.com/api/", "must begin with https:// and a host."),
        ("http://slack.com/api/", "must begin with https://, as tokens go there; http:// is for this machine only."),
        ("http://10.0.0.7/api/", "must begin with https://, as tokens go there"),
        ("http://localhost.contoso.com/api/", "must begin with https://, as tokens go there"),
        ("https://slack.com/", "must end with /api/ and nothing else"),
        ("https://slack.com", "must end with /api/ and nothing else"),
        ("https://slack.com/api", "must end with /api/ and nothing else"),
        ("https://contoso.slack.com/api", "must end with /api/ and nothing else"),
        ("https://slack.com/api/chat.postMessage/", "must end with /api/ and nothing else"),
        ("https://proxy.contoso.com/api", "must end with a /, as in https://slack.com/api/."),
        ("https://proxy.contoso.com:99999/api/", "has no host, or a port that is no number from 1 to 65535."),
        ("https://proxy.contoso.com:0/api/", ""),
        ("https://proxy.contoso.com:x/api/", "has no host, or a port that is no number from 1 to 65535."),
        ("https://me:hunter2@proxy.contoso.com/api/", "must be an address alone, without a login, ? or #."),
        ("https://proxy.contoso.com/api/?x=/", "must be an address alone, without a login, ? or #."),
        ("https://proxy .contoso.com/api/", "has a character that no web address has."),
        ("https://[::1/api/", "has no host, or a port"),
    ],
)
def test_an_address_where_no_api_can_be_is_refused(enough: Places, address: str, said: str) -> None:
    (line,) = enough.environment(SLACK__API_URL=address).mistakes()

    assert line.startswith(f"PKGSTATUS_SLACK__API_URL {said}")
    assert MARKER not in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("127.0.0.1:99999", "names a port above 65535"),
        ("127.0.0.1:-1", "must be host:port, or off"),
        ("127.0.0.1:http", "must be host:port, or off"),
        ("127.0.0.1:", "must be host:port, or off"),
        (":9464", "must be host:port, or off"),
        ("http://127.0.0.1:9464", "must be host:port, or off"),
        ("[::1]:99999", "names a port above 65535"),
        ("::1:9464", "must be host:port, or off; an IPv6 address stands in brackets, like [::1]:9464"),
        ("::1", "must be host:port, or off; an IPv6 address stands in brackets"),
        ("[::1]", "must be host:port, or off"),
        ("[::1]9464", "must be host:port, or off"),
        ("[127.0.0.1]:9464", "must be host:port, or off"),
        ("[:::1]:9464", "must be host:port, or off"),
        ("[]:9464", "must be host:port, or off"),
        ("http://[::1]:9464", "must be host:port, or off"),
    ],
)
def test_a_port_that_cannot_be_is_refused(enough: Places, text: str, said: str) -> None:
    (line,) = enough.environment(HEALTH__ADDRESS=text).mistakes()

    assert line.startswith(f"PKGSTATUS_HEALTH__ADDRESS {said}")
    assert enough.environment(HEALTH__ADDRESS="127.0.0.1:65535").load()
    assert enough.environment(HEALTH__ADDRESS="127.0.0.1:0").load()


@pytest.mark.parametrize(
    "text", ["[::1]:9464", "[::]:0", "[2001:db8::7]:9464", "[fe80::1%eth0]:9464", "localhost:1", "off"]
)
def test_an_address_of_the_pages_may_be_any_of_this_machine(enough: Places, text: str) -> None:
    assert enough.environment(HEALTH__ADDRESS=text).load().health.address == text


def test_approvals_and_audit_need_a_channel_each(enough: Places) -> None:
    (line,) = enough.environment(CHANNELS__AUDIT="C0APPROVALS").mistakes()

    assert line.startswith("PKGSTATUS_CHANNELS names one channel for approvals and audit: make a channel for each.")


@pytest.mark.parametrize("text", ["61min", "1d", "3650d"])
def test_the_audit_channel_may_not_be_behind_for_longer_than_an_hour(enough: Places, text: str) -> None:
    (line,) = enough.environment(AUDIT__MAX_LAG=text).mistakes()

    assert line.startswith("PKGSTATUS_AUDIT__MAX_LAG must be 1h or less")
    assert enough.environment(AUDIT__MAX_LAG="1h").load()


@pytest.mark.parametrize("name", ["DRIFT__GRACE", "APPROVALS__EXPIRE_AFTER", "DIGEST__CATCH_UP"])
@pytest.mark.parametrize("text", ["3651d", "999999999d", f"{'9' * 5000}d"])
def test_a_duration_of_ages_is_refused(enough: Places, name: str, text: str) -> None:
    (line,) = enough.environment(**{name: text}).mistakes()

    assert line.startswith(f"PKGSTATUS_{name} is longer than ten years. It is ")


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[None]:
    """Do what follows as a user who may read little; root may read everything."""
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    yield
    if is_root:
        os.seteuid(0)


def test_a_secrets_folder_that_may_not_be_read(enough: Places, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    enough.secret("slack__bot_token", TOKEN)
    (tmp_path / "secrets").chmod(0o000)
    request.getfixturevalue("nobody")

    (line,) = enough.mistakes()

    assert line == "PKGSTATUS_SECRETS names a folder that cannot be read: Permission denied."


def test_a_secret_that_may_not_be_read(enough: Places, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    enough.secret("slack__bot_token", TOKEN)
    (tmp_path / "secrets" / "slack__bot_token").chmod(0o000)
    request.getfixturevalue("nobody")

    (line,) = enough.mistakes()

    assert line == "PKGSTATUS_SLACK__BOT_TOKEN cannot be read from the secrets folder: Permission denied."


def test_a_secrets_folder_that_is_a_file(enough: Places, tmp_path: Path) -> None:
    (line,) = enough.environment(SECRETS=str(tmp_path / "settings.toml")).mistakes()

    assert line == "PKGSTATUS_SECRETS names a file; it must name the folder that holds a file for each secret."


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("U012AB3CD", "a list stands in brackets"),
        ("U012AB3CD,U012AB3CE", "a list stands in brackets"),
        ("[U012AB3CD]", ""),
        ("['U012AB3CD']", "it takes double quotes only"),
        ("[“U012AB3CD”]", "its quotes are typographic"),
        ("[" * 100_000, ""),
    ],
)
@pytest.mark.parametrize("name", ["VIEWERS__USERS", "APPROVERS__USERS"])
def test_a_list_that_is_not_written_as_one_is_blamed_by_its_name(
    enough: Places, name: str, text: str, hint: str
) -> None:
    (line,) = enough.environment(**{name: text}).mistakes()

    assert line.startswith(f"PKGSTATUS_{name} is not valid JSON{f': {hint}' if hint else '.'}")
    assert 'Example: ["U012AB3CD"]' in line


@pytest.mark.parametrize("name", ["viewers.users", "requesters.groups"])
def test_a_list_of_one_without_brackets_in_toml_is_blamed_by_its_name(enough: Places, name: str) -> None:
    (line,) = enough.toml(f'{name} = "U012AB3CD"\n{ENOUGH}').mistakes()

    setting = f"PKGSTATUS_{name.upper().replace('.', '__')}"
    assert line.startswith(
        f"{setting} must be a list in brackets, with a comma between its values and each text in quo"
    )


def test_a_backslash_in_json_gets_its_cure(enough: Places) -> None:
    (line,) = enough.environment(SITES=r'{"PS1": {"database": "Driver={x};Server=CM01\SQL"}}').mistakes()

    assert line.startswith(r"PKGSTATUS_SITES is not valid JSON: a \ in it is written \\.")


def test_a_backslash_in_toml_gets_its_place_and_cure(enough: Places) -> None:
    (line,) = enough.toml(ENOUGH.replace("sqlite:///site.db", r"Driver={x};Server=CM01\SQL")).mistakes()

    assert line.startswith("PKGSTATUS_CONFIG names a file that is not valid TOML: look at line 11, column ")
    assert r"for each \ write \\, or put the whole value in 'single quotes'." in line


@pytest.mark.parametrize("quotes", ["“xoxb-1”", "„xoxb-1“", "‘xoxb-1’", "«xoxb-1»"])
def test_the_quotes_of_word_in_toml_are_told(enough: Places, quotes: str) -> None:
    (line,) = enough.toml(ENOUGH.replace('"xoxb-from-toml"', quotes)).mistakes()

    assert line.startswith("PKGSTATUS_CONFIG names a file that is not valid TOML: look at line 3, column 13")
    assert "its quotes are typographic, TOML takes \" and ' only." in line


def test_a_password_with_the_quotes_of_word_is_no_slip_of_toml(enough: Places) -> None:
    (line,) = enough.toml(
        ENOUGH.replace("sqlite:///site.db", "Driver={x};Server=y;PWD=“”").replace("= [", "= [[")
    ).mistakes()

    assert "typographic" not in line


def test_a_password_that_was_never_utf_8_is_said(enough: Places) -> None:
    (line,) = enough.environment(STORE=os.fsdecode(f"{ADDRESS};PWD=Zürich".encode("latin-1"))).mistakes()

    assert line.startswith("PKGSTATUS_STORE is not UTF-8 text.")
