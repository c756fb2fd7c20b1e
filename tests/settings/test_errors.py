"""A wrong setting is said in one line that names it, what it is for and an example, and never its value."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any, get_args

import pytest
from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from bot.settings import InvalidSettings, Settings
from bot.settings.errors import known_names, of_values
from bot.settings.model import Sections
from tests.settings.conftest import ENOUGH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from tests.settings.conftest import Places

MARKER = "hunter2"
case = pytest.param
DIGEST = '\n[[digests]]\nname = "x"\ncron = "0 8 * * *"\ntimezone = "UTC"\n'
NO_SITES = ENOUGH.partition("[sites")[0]


def leaves(model: type[BaseModel], name: str = "PKGSTATUS") -> Iterator[tuple[str, FieldInfo]]:
    """Return every setting with its full name, those inside tables and lists included."""
    for part, field in model.model_fields.items():
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        inner = next((kind for kind in kinds if hasattr(kind, "model_fields")), None)
        if inner is None or inner is not field.annotation:
            yield f"{name}.{part}", field
        if inner is not None:
            yield from leaves(inner, f"{name}.{part}")


LEAVES = list(leaves(Sections))


@pytest.mark.parametrize(("name", "field"), LEAVES, ids=[name for name, _ in LEAVES])
def test_every_setting_says_what_it_is_for(name: str, field: FieldInfo) -> None:
    assert field.description, name
    assert not field.description.endswith(".")


def test_without_any_setting_each_one_that_is_needed_gets_a_line_with_its_purpose(nowhere: Places) -> None:
    lines = nowhere.mistakes()

    assert {line.split(" ")[0] for line in lines} == {
        "PKGSTATUS_SLACK__BOT_TOKEN",
        "PKGSTATUS_SLACK__APP_TOKEN",
        "PKGSTATUS_CHANNELS__APPROVALS",
        "PKGSTATUS_CHANNELS__AUDIT",
        "PKGSTATUS_SITES",
        "PKGSTATUS_APPROVERS",
    }
    assert all(" is missing. It is " in line and ". Example: " in line for line in lines)


WRONG = {
    "SLACK__BOT_TOKEN": "xapp-1",
    "SLACK__APP_TOKEN": "xoxb-1",
    "SLACK__API_URL": "slack.com",
    "SITES__PS1__DATABASE": "site.db",
    "STORE": "",
    "CHANNELS__AUDIT": "#sccm-audit",
    "VIEWERS__USERS": '"U012AB3CD"',
    "APPROVERS__GROUPS": '{"S012AB3CD": 1}',
    "APPROVALS__REQUESTER_COUNTS": "maybe",
    "APPROVALS__EXPIRE_AFTER": "four hours",
    "DRIFT__GRACE": "4",
    "WORK__QUERY_TIMEOUT": "0s",
    "WORK__DRAIN": "999999999999999d",
    "WORK__WORKERS": "many",
    "RESET__MAX_ROWS": "0",
    "RESET__BACKUP_TABLE": "dbo.x; DROP TABLE y",
    "HEALTH__ADDRESS": "9464",
    "DIGESTS": "[1]",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_gets_one_line_with_name_purpose_and_example(enough: Places, name: str) -> None:
    (line,) = enough.environment(**{name: WRONG[name]}).mistakes()

    assert line.startswith(f"PKGSTATUS_{name}")
    assert ". It is " in line
    assert ". Example: " in line
    assert "\n" not in line
    assert "pattern" not in line


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("RESET__ROWS", "any or site"),
        ("ANSWERS__VISIBILITY", "channel or caller"),
        ("ANSWERS__TABLES", "auto, data_table, table or text"),
        ("LOGS__LEVEL", "debug, info, warning or error"),
    ],
)
def test_a_choice_names_what_there_is_to_choose(enough: Places, name: str, choices: str) -> None:
    (line,) = enough.environment(**{name: "all"}).mistakes()

    assert line.startswith(f"PKGSTATUS_{name} must be {choices}. It is ")


def test_every_mistake_is_told_at_once(enough: Places) -> None:
    lines = enough.environment(DRIFT__GRACE="x", WORK__WORKERS="x", COLOUR="red").mistakes()

    assert len(lines) == 3


@pytest.mark.parametrize(
    "number", [case("[drift]\ngrace = 4\n", id="in the file"), case("[work]\nquery_timeout = 30.5\n", id="a fraction")]
)
def test_a_duration_without_a_unit_is_not_guessed(enough: Places, number: str) -> None:
    (line,) = enough.toml((enough.folder / "settings.toml").read_text() + number).mistakes()

    assert "is not a duration like 30s, 15min, 4h or 1d" in line


@pytest.mark.parametrize(
    ("sites", "start"),
    [
        case('{"PS10": {"database": "sqlite:///x"}}', "PKGSTATUS_SITES__PS10 must be a site", id="a long site code"),
        case('{"PS1": {}}', "PKGSTATUS_SITES__PS1__DATABASE is missing. It is the site database", id="no database"),
        case('{"PS1": "sqlite:///x"}', "PKGSTATUS_SITES__PS1 must be a table", id="no table"),
        case("[]", "PKGSTATUS_SITES must be a table", id="a list"),
        case("{}", "PKGSTATUS_SITES", id="none at all"),
    ],
)
def test_a_mistake_in_the_table_of_sites_is_found(nowhere: Places, sites: str, start: str) -> None:
    (line,) = nowhere.toml(NO_SITES).environment(SITES=sites).mistakes()

    assert line.startswith(start)
    assert ". It is " in line


@pytest.mark.parametrize(
    ("name", "text"),
    [
        case("SITES", '{"PS1": {"database": ', id="a table"),
        case("VIEWERS__USERS", "U012AB3CD", id="a list inside a section"),
        case("DIGESTS", "[{", id="a list of tables"),
        case("SLACK", "xoxb-1", id="a whole section"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "secret"])
def test_what_is_not_json_is_named_with_its_purpose(enough: Places, name: str, text: str, place: str) -> None:
    if place == "secret":
        enough.secret(name.lower(), text)
    else:
        enough.environment(**{name: text})

    (line,) = enough.mistakes()

    assert line.startswith(f"PKGSTATUS_{name} is not valid JSON")
    assert ". It " in line


MISNAMED = [
    case("SLACK__BOT_TOKN", "SLACK__BOT_TOKEN", id="a letter is missing"),
    case("SLAK__BOT_TOKEN", "SLACK__BOT_TOKEN", id="a letter of the section is missing"),
    case("SLACK_BOT_TOKEN", "SLACK__BOT_TOKEN", id="a single underscore"),
    case("APPROVER__USERS", "APPROVERS__USERS", id="singular"),
    case("CHANNELS__APPROVAL", "CHANNELS__APPROVALS", id="singular inside a section"),
    case("DRIFT__GRACY", "DRIFT__GRACE", id="a wrong letter"),
    case("SITES__PS1__DATABSE", "SITES__PS1__DATABASE", id="below a site code"),
    case("SITE", "SITES", id="without a section"),
    case("COLOUR", None, id="like nothing there is"),
    case("SERVICE_HOST", None, id="what an orchestrator sets"),
]


@pytest.mark.parametrize(("name", "meant"), MISNAMED)
@pytest.mark.parametrize("place", ["environment", "secret"])
def test_a_name_that_is_no_setting_gets_one_line_and_a_suggestion(
    enough: Places, name: str, meant: str | None, place: str
) -> None:
    if place == "secret":
        enough.secret(name.lower(), "x")
    else:
        enough.environment(**{name: "x"})

    (line,) = [line for line in enough.mistakes() if "is missing" not in line]

    assert line == f"PKGSTATUS_{name} is no setting.{f' Did you mean PKGSTATUS_{meant}?' if meant else ''}"


@pytest.mark.parametrize(
    ("addition", "name", "meant"),
    [
        case('[drfit]\ngrace = "4h"\n', "DRFIT", "DRIFT", id="a section"),
        case('[drift]\ngracy = "4h"\n', "DRIFT__GRACY", "DRIFT__GRACE", id="in a section"),
        case(
            '[sites.P02]\ndatabase = "sqlite:///x"\ndatabse = "x"\n',
            "SITES__P02__DATABSE",
            "SITES__P02__DATABASE",
            id="in a table",
        ),
        case(DIGEST + 'chanel = "C012AB3CD"\n', "DIGESTS__0__CHANEL", "DIGESTS__0__CHANNEL", id="in a list"),
    ],
)
def test_a_key_of_the_file_that_is_no_setting_is_named(enough: Places, addition: str, name: str, meant: str) -> None:
    (line,) = enough.toml((enough.folder / "settings.toml").read_text() + addition).mistakes()

    assert line == f"PKGSTATUS_{name} is no setting. Did you mean PKGSTATUS_{meant}?"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            "PKGSTATUS_DRIFT__GRACE",
            (
                "PKGSTATUS_DRIFT__GRACE stands in the settings file as in the environment: there it is "
                "grace under [drift]."
            ),
        ),
        (
            "slack__api_url",
            (
                "PKGSTATUS_SLACK__API_URL stands in the settings file as in the environment: there it is "
                "api_url under [slack]."
            ),
        ),
        ("PKGSTATUS_STORE", "PKGSTATUS_STORE stands in the settings file as in the environment: there it is store."),
    ],
)
def test_a_name_of_the_environment_in_the_file_is_told_the_files_own(enough: Places, key: str, said: str) -> None:
    assert enough.toml(f'{key} = "hunter2"\n{ENOUGH}').mistakes() == [said]


@pytest.mark.parametrize("written", ["Bot_Token", "BOT_TOKEN"])
def test_a_key_in_another_case_is_told_the_right_one(enough: Places, written: str) -> None:
    lines = enough.toml(ENOUGH.replace("bot_token", written)).mistakes()

    assert [line for line in lines if "is missing" not in line] == [
        f"PKGSTATUS_SLACK__BOT_TOKEN is written {written}: in the settings file it is bot_token."
    ]


class TestAPlaceThatCannotBeRead:
    def test_a_file_that_is_not_there(self, nowhere: Places) -> None:
        (line,) = nowhere.environment(CONFIG="/nowhere/settings.toml").mistakes()

        assert line == "PKGSTATUS_CONFIG names a settings file that cannot be read: No such file or directory."

    def test_a_folder_instead_of_a_file(self, nowhere: Places) -> None:
        (line,) = nowhere.environment(CONFIG=str(nowhere.folder)).mistakes()

        assert line.startswith("PKGSTATUS_CONFIG names a settings file that cannot be read: ")

    @pytest.mark.parametrize("text", [b"[slack\n", b"a = 1\na = 2\n", b'a = "CM01\\sql"\n'])
    def test_a_file_that_is_not_toml(self, nowhere: Places, text: bytes) -> None:
        (line,) = nowhere.toml(text).mistakes()

        assert line.startswith("PKGSTATUS_CONFIG names a file that is not valid TOML: ")

    def test_a_secrets_folder_that_is_not_there(self, enough: Places) -> None:
        (line,) = enough.environment(SECRETS="/nowhere/secrets").mistakes()

        assert line == "PKGSTATUS_SECRETS names a folder that does not exist."

    def test_a_secret_that_is_not_text(self, enough: Places) -> None:
        (line,) = enough.secret("slack__bot_token", b"\xff\xfex\x00").mistakes()

        assert line.startswith("PKGSTATUS_SLACK__BOT_TOKEN")

    def test_a_secret_in_a_folder_of_its_own_is_not_passed_over(self, enough: Places) -> None:
        enough.secret("slack__app_token", "xapp-1")
        (enough.folder / "secrets" / "slack").mkdir()
        (enough.folder / "secrets" / "slack" / "bot_token").write_text("xoxb-1")

        (line,) = enough.mistakes()

        assert "slack" in line.lower()


NAMES = [*known_names(Sections), "PKGSTATUS_SLACK", "PKGSTATUS_SITES__PS1", "PKGSTATUS_SITES__PS1__DATABASE"]
VALUES = [MARKER, f'"{MARKER}"', f'["{MARKER}"]', f'{{"PS1": {{"database": "{MARKER}"}}}}', f'{{"PS1": "{MARKER}', "{}"]


def everything_said(places: Places) -> str:
    """Load the settings and return all that can be printed of the outcome."""
    try:
        settings = places.load()
    except InvalidSettings as wrong:
        return "".join(traceback.format_exception(wrong)) + repr(wrong)
    return (
        f"{settings} {settings!r} {settings.slack!r} {settings.sites!r} {settings.store!r} {settings.model_dump_json()}"
    )


@pytest.mark.parametrize("name", NAMES)
def test_no_value_is_ever_said_whatever_is_wrong_with_it(
    enough: Places, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for value in VALUES:
        with monkeypatch.context() as only_now:
            only_now.setenv(name, value)
            assert MARKER not in everything_said(enough)
    for value in VALUES:
        enough.secret(name.removeprefix("PKGSTATUS_").lower(), value)
        assert MARKER not in everything_said(enough)


def in_toml(name: str, value: Any) -> str:
    """Write a setting as a TOML file."""
    *sections, key = name.removeprefix("PKGSTATUS_").lower().split("__")
    head = f"[{'.'.join(sections)}]\n" if sections else ""
    return f"{head}{key} = {value}\n"


@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_the_file_is_ever_said_whatever_is_wrong_with_it(nowhere: Places, name: str) -> None:
    for value in (json.dumps(MARKER), f'["{MARKER}"]', f'{{ x = "{MARKER}" }}', f'"{MARKER}', MARKER, f'"""{MARKER}'):
        assert MARKER not in everything_said(nowhere.toml(in_toml(name, value)))


def test_good_secrets_are_not_said_either(enough: Places) -> None:
    odbc = f"Driver={{ODBC Driver 18 for SQL Server}};Server=cm01;UID=bot;PWD={MARKER}"
    enough.environment(
        SLACK__BOT_TOKEN=f"xoxb-{MARKER}",
        SLACK__APP_TOKEN=f"xapp-{MARKER}",
        STORE=odbc,
        SITES=json.dumps({"P02": {"database": odbc}}),
    )

    assert isinstance(enough.load(), Settings)
    assert MARKER not in everything_said(enough)


def test_the_program_ends_with_the_lines_and_nothing_else(enough: Places) -> None:
    enough.environment(SLACK__BOT_TOKEN=MARKER, SLACK__APP_TOKNE=MARKER, STORE=MARKER)

    run = subprocess.run(
        [sys.executable, "-m", "bot", "run"], env=os.environ, capture_output=True, text=True, check=False
    )

    assert run.returncode == 2
    assert run.stdout == ""
    assert [line.split(" ")[0] for line in run.stderr.splitlines()] == [
        "PKGSTATUS_SLACK__APP_TOKNE",
        "PKGSTATUS_SLACK__BOT_TOKEN",
        "PKGSTATUS_STORE",
    ]
    assert MARKER not in run.stderr


PLACES = """slack slack.bot_token slack.api_url channels channels.audit channels.digest sites sites.PS1
sites.PS1.database sites.PS1.writer store viewers viewers.users viewers.users.0 approvers.groups.1
approvals.requester_counts approvals.expire_after reset.rows reset.max_rows reset.backup_table digests digests.0
digests.0.cron digests.0.channel digests.0.sites digests.0.sites.0 digests.0.packages work.workers work.drain
health.address logs.level unencrypted_databases"""
THEIRS = "Input should be a valid frozenset with at least 1 item after validation"


@pytest.mark.parametrize("kind", sorted({*get_args(core_schema.ErrorType), "one_of_a_later_release"} - {"value_error"}))
def test_no_sentence_of_a_library_is_said_whatever_it_finds_wrong(kind: str) -> None:
    for place in PLACES.split():
        fault = InitErrorDetails(type=PydanticCustomError(kind, THEIRS), loc=tuple(place.split(".")), input=MARKER)

        lines = list(of_values(Settings, ValidationError.from_exception_data("Settings", [fault])))

        assert len(lines) == 1 or kind == "missing"
        for line in lines:
            assert line.startswith(f"PKGSTATUS_{place.upper().replace('.', '__')}")
            for words in ("should", "valid", "frozenset", "validation", "item", "dictionary", "tuple", MARKER):
                assert words not in line.partition(". It ")[0].partition(" Did you mean")[0]


REAL = ["[1]", "[[1]]", "{}", '{"x": 1}', "7", "-7", "1.5", "nan", "null", "true", "x", "9" * 5000, "[null]", "[{}]"]


@pytest.mark.parametrize("name", [*known_names(Sections), "PKGSTATUS_SLACK", "PKGSTATUS_SITES__PS1"])
def test_nor_is_one_said_of_any_value_that_can_be_typed(
    enough: Places, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for value in REAL:
        with monkeypatch.context() as only_now:
            only_now.setenv(name, value)
            lines: list[str] = []
            try:
                enough.load()
            except InvalidSettings as wrong:
                lines = wrong.lines
        said = "\n".join(lines)
        for words in ("Input should", "a valid ", "frozenset", "after validation", "unable to parse", "Value error"):
            assert words not in said
