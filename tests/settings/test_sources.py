"""Each setting comes from the first of environment, secrets folder and TOML file that has it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.settings.errors import known_names
from bot.settings.model import Sections

if TYPE_CHECKING:
    from pydantic import SecretStr

    from tests.settings.conftest import Places

RELIED_ON = """SLACK__BOT_TOKEN SLACK__APP_TOKEN SLACK__API_URL CHANNELS__APPROVALS CHANNELS__AUDIT CHANNELS__DIGEST
SITES STORE APPROVERS__USERS APPROVERS__GROUPS REQUESTERS__USERS REQUESTERS__GROUPS VIEWERS__USERS VIEWERS__GROUPS
APPROVALS__REQUESTER_COUNTS APPROVALS__EXPIRE_AFTER RESET__ROWS RESET__MAX_ROWS RESET__BACKUP_TABLE DRIFT__GRACE
DIGESTS"""


def said(secret: SecretStr) -> str:
    return secret.get_secret_value()


def test_the_names_that_others_rely_on_are_there() -> None:
    assert {f"PKGSTATUS_{name}" for name in RELIED_ON.split()} <= set(known_names(Sections))


def test_a_toml_file_is_enough(enough: Places) -> None:
    settings = enough.load()

    assert said(settings.slack.bot_token) == "xoxb-from-toml"
    assert said(settings.sites["PS1"].database) == "sqlite:///site.db"


def test_the_environment_is_enough(nowhere: Places) -> None:
    nowhere.environment(
        SLACK='{"bot_token": "xoxb-1", "app_token": "xapp-1"}',
        CHANNELS__APPROVALS="C0APPROVALS",
        CHANNELS__AUDIT="C0AUDIT",
        APPROVERS='{"users": ["U012AB3CD", "U012AB3CE"]}',
        SITES='{"PS1": {"database": "sqlite:///1.db"}, "p02": {"database": "sqlite:///2.db"}}',
        VIEWERS__USERS='["U012AB3CD"]',
        DRIFT__GRACE="90min",
    )

    settings = nowhere.load()

    assert {code: said(site.database) for code, site in settings.sites.items()} == {
        "PS1": "sqlite:///1.db",
        "P02": "sqlite:///2.db",
    }
    assert settings.viewers.users == {"U012AB3CD"}
    assert settings.drift.grace == timedelta(minutes=90)


def test_a_secrets_folder_is_enough(nowhere: Places) -> None:
    nowhere.secret("slack__bot_token", "xoxb-1\n").secret("slack__app_token", "xapp-1\n")
    nowhere.secret("channels__approvals", "C0APPROVALS").secret("channels__audit", "C0AUDIT")
    nowhere.secret("approvers__groups", '["S012AB3CD"]')
    nowhere.secret("sites", '{"PS1": {"database": "sqlite:///1.db"}}\n')

    assert said(nowhere.load().slack.bot_token) == "xoxb-1"


def test_the_environment_wins_over_the_secrets_folder_and_that_over_the_file(enough: Places) -> None:
    assert said(enough.load().slack.bot_token) == "xoxb-from-toml"

    enough.secret("slack__bot_token", "xoxb-from-secrets")
    assert said(enough.load().slack.bot_token) == "xoxb-from-secrets"

    enough.environment(SLACK='{"bot_token": "xoxb-from-environment"}')
    assert said(enough.load().slack.bot_token) == "xoxb-from-environment"
    assert said(enough.load().slack.app_token) == "xapp-from-toml"


def test_the_same_order_holds_for_the_database_of_a_site(enough: Places) -> None:
    enough.secret("sites__ps1__database", "sqlite:///secrets.db")
    assert said(enough.load().sites["PS1"].database) == "sqlite:///secrets.db"

    enough.environment(SITES__PS1__DATABASE="sqlite:///environment.db")
    assert said(enough.load().sites["PS1"].database) == "sqlite:///environment.db"
    assert list(enough.load().sites) == ["PS1"]


def test_the_parts_of_one_site_may_come_from_several_sources(enough: Places) -> None:
    enough.environment(SITES__PS1__WRITER="sqlite:///writer.db")

    site = enough.load().sites["PS1"]

    assert site.writer is not None
    assert (said(site.database), said(site.writer)) == ("sqlite:///site.db", "sqlite:///writer.db")


def test_sites_of_several_sources_stand_side_by_side(enough: Places) -> None:
    enough.environment(SITES='{"P02": {"database": "sqlite:///2.db"}}')

    assert set(enough.load().sites) == {"PS1", "P02"}


@pytest.mark.parametrize("hidden", ["..data", "..2026_03_09", ".gitkeep"])
def test_hidden_files_in_the_secrets_folder_are_passed_over(enough: Places, hidden: str) -> None:
    assert said(enough.secret(hidden, "xoxb-old").load().slack.bot_token) == "xoxb-from-toml"


def test_names_of_the_test_suites_are_no_settings(enough: Places) -> None:
    assert enough.environment(TEST_SITE_ODBC="Driver=x").load()


@pytest.mark.parametrize(
    ("text", "duration"),
    [("30s", {"seconds": 30}), ("15min", {"minutes": 15}), (" 4 h ", {"hours": 4}), ("1d", {"days": 1})],
)
def test_a_duration_is_a_number_and_a_unit(enough: Places, text: str, duration: dict[str, int]) -> None:
    assert enough.environment(DRIFT__GRACE=text).load().drift.grace == timedelta(**duration)
