"""`pkgstatus-bot check`: a good installation is green, and each thing an installer gets wrong has its line and cure."""

from __future__ import annotations

import json
import shlex
import signal
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from bot.demo.launch import manifest_path
from bot.demo.workspace.server import RunningWorkspace
from bot.views.charts import ChartForm
from bot.views.sample_blocks import samples
from bot.views.tables import Form
from tests.bot_process import CHECKOUT, BotProcess
from tests.frontdoor.audit_trail import store_path
from tests.frontdoor.check_command import check, page
from tests.frontdoor.sites import change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness import Harness

SECRET = "hunter2-and-a-half"  # noqa: S105 - it only has to stay out of what is printed
PRIVATE = {"PKGSTATUS_CHANNELS__DIGEST": "C0SCCMAUDIT"}
"""The demo's own channel for digests is shared outside, which is worth a warning."""


def test_a_good_installation_is_green_whether_or_not_its_bot_has_run(fresh_harness: Harness, tmp_path: Path) -> None:
    before = check(fresh_harness.settings | PRIVATE, tmp_path)
    fresh_harness.start_bot()
    fresh_harness.ask("ada", "PS100112")
    after = check(fresh_harness.settings | PRIVATE, tmp_path)

    assert (before.code, before.marked("wrong", "warning", "cannot tell")) == (0, {})
    assert (after.code, after.marked("wrong", "warning", "cannot tell")) == (0, {})
    good = after.marked("good")
    assert good["bot token"] == "accepted: pkgstatus in Contoso (T0CONTOSO)"
    assert good["scopes"] == "exactly those of manifest.yml"
    everything = len(dict(samples(tuple(Form), tuple(ChartForm))))
    assert good["messages"] == f"Slack would take {everything} of {everything} shapes"
    assert good["approvals C0APPROVALS"] == "#sccm-approvals: the bot is in it"
    assert good["votes"] == "3 people could vote today"
    assert good["PS1 writer"] == "SQLite has no logins whose rights could be too wide"
    assert good["ledger"].startswith("the chain holds: ")


def test_the_page_groups_its_lines_counts_them_and_shows_no_secret(harness: Harness, tmp_path: Path) -> None:
    code, printed = page(harness.settings, tmp_path)

    assert code == 0
    lines = printed.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")][:-1] == [
        "Settings",
        "Slack",
        "Channels",
        "People",
        "Site databases",
        "The bot's own database",
        "Digests",
    ]
    assert "  ✓ PKGSTATUS_CHANNELS__AUDIT: C0SCCMAUDIT, from the environment" in lines
    assert "  ✓ PKGSTATUS_SLACK__BOT_TOKEN: (not shown), from the environment" in lines
    assert "  ! digest C0SCCMOPS: #sccm-ops is shared with another workspace, whose people read along" in lines
    assert "      → Set PKGSTATUS_CHANNELS__DIGEST to a channel that is not shared." in lines
    assert lines[-1].startswith("Nothing is wrong: ")
    for secret in (harness.workspace.bot_token, harness.workspace.app_token, str(harness.site)):
        assert secret not in printed


def test_the_next_runs_of_each_digest_are_shown_as_the_clocks_of_its_zone_will(
    harness: Harness, tmp_path: Path
) -> None:
    zone = ZoneInfo("Pacific/Auckland")
    digest = {"name": "morning", "cron": "30 7 * * mon,wed", "timezone": zone.key, "channel": "C0SCCMAUDIT"}

    good = check(harness.settings, tmp_path, digests=json.dumps([digest])).marked("good")
    today = datetime.now(zone)

    days = [today + timedelta(days=more) for more in range(22)]
    due = [day.replace(hour=7, minute=30) for day in days if day.weekday() in {0, 2}]
    runs = ", ".join(f"{at:%a %Y-%m-%d %H:%M}" for at in [at for at in due if at > today][:3])
    assert good["morning"] == f"next {runs} (Pacific/Auckland), into C0SCCMAUDIT"


def test_each_setting_is_shown_with_the_source_that_won(harness: Harness, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "slack__bot_token").write_text(harness.workspace.bot_token)
    (tmp_path / "bot.toml").write_text('[drift]\ngrace = "6h"\n[channels]\naudit = "C0OTHER"\n')
    places = {"secrets": str(tmp_path / "secrets"), "config": str(tmp_path / "bot.toml")}

    good = check(harness.settings, tmp_path, slack__bot_token=None, **places).marked("good")

    assert good["PKGSTATUS_SLACK__BOT_TOKEN"] == "(not shown), from PKGSTATUS_SECRETS"  # noqa: S105 - a sentence
    assert good["PKGSTATUS_DRIFT__GRACE"] == "6h, from PKGSTATUS_CONFIG"
    assert good["PKGSTATUS_CHANNELS__AUDIT"] == "C0SCCMAUDIT, from the environment"


def test_what_is_right_is_looked_at_even_when_other_settings_are_wrong(harness: Harness, tmp_path: Path) -> None:
    wrong = {"slack__bot_token": f"xapp-{SECRET}", "drift__grace": "soon", "channels__adit": "C0X"}

    checked = check(harness.settings, tmp_path, **wrong)

    assert checked.code == 1
    assert checked.wrong["PKGSTATUS_SLACK__BOT_TOKEN"].startswith("must begin with xoxb-; this is an app-level token")
    assert checked.wrong["PKGSTATUS_DRIFT__GRACE"].startswith("is not a duration like 30s, 15min, 4h or 1d.")
    assert checked.wrong["PKGSTATUS_CHANNELS__ADIT"].startswith("is no setting. Did you mean")
    assert checked.marked("cannot tell")["not looked at"].startswith("because of what is wrong with PKGSTATUS_")
    assert "readable" in json.dumps(checked.marked("good"))
    assert SECRET not in json.dumps(checked.findings)


@pytest.mark.parametrize(
    ("setting", "subject", "cure"),
    [
        ("slack__bot_token", "bot token", "PKGSTATUS_SLACK__BOT_TOKEN"),
        ("slack__app_token", "app token", "connections:write"),
    ],
)
def test_a_token_that_slack_refuses(harness: Harness, tmp_path: Path, setting: str, subject: str, cure: str) -> None:
    token = {setting: ("xoxb-" if "bot" in setting else "xapp-") + SECRET}

    checked = check(harness.settings, tmp_path, **token)

    assert checked.code == 1
    assert checked.wrong == {subject: "Slack refused it: invalid_auth"}
    assert cure in checked.cure(subject)
    assert SECRET not in json.dumps(checked.findings)


def test_a_slack_that_cannot_be_reached(harness: Harness, tmp_path: Path) -> None:
    checked = check(harness.settings, tmp_path, slack__api_url="http://127.0.0.1:9/api/")

    assert checked.code == 1
    assert checked.wrong["bot token"] == "Slack cannot be reached: Connection refused"
    assert "PKGSTATUS_SLACK__API_URL" in checked.cure("bot token")


@pytest.mark.parametrize("path", ["/", "/api/v2/"])
def test_an_address_where_no_web_api_answers(harness: Harness, tmp_path: Path, path: str) -> None:
    checked = check(harness.settings, tmp_path, slack__api_url=f"{harness.workspace.url}{path}")

    assert checked.code == 1
    assert checked.wrong["bot token"] == "no Web API of Slack answers there: HTTP status 404"
    assert checked.cure("bot token").startswith("Let PKGSTATUS_SLACK__API_URL name the Web API itself: Slack's is ")


@pytest.mark.parametrize(
    ("error", "mark", "said"),
    [
        ("invalid_blocks", "warning", "Slack would refuse it: invalid_blocks"),
        ("unknown_method", "cannot tell", "Slack looked at none: unknown_method"),
        ("internal_error", "cannot tell", "Slack looked at none: internal_error"),
    ],
)
def test_blocks_that_slack_refuses_are_told_from_blocks_it_did_not_look_at(
    fresh_harness: Harness, tmp_path: Path, error: str, mark: str, said: str
) -> None:
    fresh_harness.faults("blocks.validate", error=error, times=100)

    found = check(fresh_harness.settings, tmp_path).marked(mark)

    assert said in " ".join(found.values())


def test_people_of_whom_slack_says_nothing_are_no_reason_to_name_more(fresh_harness: Harness, tmp_path: Path) -> None:
    fresh_harness.faults("users.info", error="missing_scope", times=100)

    checked = check(fresh_harness.settings, tmp_path)

    assert checked.wrong["votes"].startswith("0 people could vote today, two must; U00000GRACE may not: cannot look up")
    assert "users:read" in checked.cure("votes")


def test_a_list_is_shown_as_it_is_typed(harness: Harness, tmp_path: Path) -> None:
    good = check(harness.settings, tmp_path).marked("good")

    assert good["PKGSTATUS_APPROVERS__GROUPS"] == '["S0APPROVERS"], from the environment'


def test_a_folder_in_the_place_of_a_site_is_cured_at_its_path(harness: Harness, tmp_path: Path) -> None:
    checked = check(harness.settings, tmp_path, sites=json.dumps({"PS1": {"database": f"sqlite:///{tmp_path}"}}))

    assert checked.wrong["PS1 reader"] == f"unreachable: {tmp_path} is a folder or a device, no SQLite file"
    assert checked.cure("PS1 reader").startswith("Check the path in PKGSTATUS_SITES__PS1__DATABASE: ")


def test_an_id_that_nobody_has(harness: Harness, tmp_path: Path) -> None:
    lists = {"approvers__users": '["U0NOBODY"]', "viewers__users": '["U0NOTHERE", "U000000ADA"]'}

    checked = check(harness.settings, tmp_path, **lists)

    assert checked.wrong == {"approvers U0NOBODY": "nobody has this id", "viewers U0NOTHERE": "nobody has this id"}
    assert checked.cure("viewers U0NOTHERE").startswith("Copy the member ID from the person's profile")


def test_what_nobody_may_overlook_of_the_way_to_a_database(harness: Harness, tmp_path: Path) -> None:
    trusting = "Driver={ODBC Driver 18 for SQL Server};Server=cm01;TrustServerCertificate=yes"
    loose = "Driver=FreeTDS;Server=db01.invalid;Database=pkgstatus"
    sites = json.dumps({"PS1": {"database": "DSN=nowhere", "writer": trusting}})

    checked = check(harness.settings, tmp_path, sites=sites, store=loose, unencrypted_databases="true")

    assert checked.marked("cannot tell")["PS1 link"].startswith("what it asks for stands in a file of ODBC")
    assert checked.marked("warning")["PS1 writer's link"].startswith("it trusts any certificate")
    assert checked.marked("warning")["store's link"].startswith("it may go unencrypted to another machine, as the ")


def test_digests_among_the_approvals_are_worth_a_warning(harness: Harness, tmp_path: Path) -> None:
    checked = check(harness.settings, tmp_path, channels__digest="C0APPROVALS")

    assert checked.marked("warning")["digest C0APPROVALS"].startswith("#sccm-approvals is for approvals too")


@pytest.fixture
def other_workspace(harness: Harness, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Yield the settings of an app that was installed with fewer and with other scopes."""
    manifest = tmp_path / "manifest.yml"
    text = manifest_path().read_text(encoding="utf-8")
    manifest.write_text(text.replace("- files:write", "- users:read.email").replace("- usergroups:read", "- im:write"))
    with RunningWorkspace(manifest=manifest) as workspace:
        yield harness.settings | {"PKGSTATUS_SLACK__API_URL": workspace.api_url}


def test_scopes_that_are_missing_or_too_many(other_workspace: dict[str, str], tmp_path: Path) -> None:
    checked = check(other_workspace, tmp_path)

    assert checked.code == 1
    assert checked.wrong["scope files:write"] == "not granted, but needed for the CSV of a table"
    assert "scope usergroups:read" in checked.wrong
    assert checked.marked("warning")["scopes"] == "more are granted than the bot uses: im:write, users:read.email"
    assert "manifest.yml" in checked.cure("scope files:write")


@pytest.mark.parametrize(
    ("changed", "sentence", "cure"),
    [
        ({"members": []}, "the bot is not in #sccm-approvals", "/invite @pkgstatus"),
        ({"is_ext_shared": True}, "#sccm-approvals is shared with another workspace", "channel that is not shared"),
        ({"is_pending_ext_shared": True}, "#sccm-approvals is shared with another workspace", "not shared"),
        ({"is_archived": True}, "#sccm-approvals is archived", "Unarchive it"),
        ({"is_private": True, "members": []}, "there is no such channel that the bot can see", "/invite @pkgstatus"),
    ],
    ids=["without the bot", "shared", "soon shared", "archived", "private and without the bot"],
)
def test_a_channel_that_is_not_fit(
    fresh_harness: Harness, tmp_path: Path, changed: dict[str, object], sentence: str, cure: str
) -> None:
    fresh_harness.do("channel", id="C0APPROVALS", **changed)

    checked = check(fresh_harness.settings, tmp_path)

    assert checked.code == 1
    assert list(checked.wrong) == ["approvals C0APPROVALS"]
    assert checked.wrong["approvals C0APPROVALS"].startswith(sentence)
    assert cure in checked.cure("approvals C0APPROVALS")


def test_a_channel_that_does_not_exist(harness: Harness, tmp_path: Path) -> None:
    checked = check(harness.settings, tmp_path, channels__audit="C0NOWHERE")

    assert checked.wrong == {"audit C0NOWHERE": "there is no such channel that the bot can see"}
    assert "PKGSTATUS_CHANNELS__AUDIT" in checked.cure("audit C0NOWHERE")


def test_an_approver_group_that_is_empty_or_unknown(fresh_harness: Harness, tmp_path: Path) -> None:
    fresh_harness.do("group", id="S0APPROVERS", users=[])

    empty = check(fresh_harness.settings, tmp_path)
    unknown = check(fresh_harness.settings, tmp_path, approvers__groups='["S0NOWHERE"]')

    assert (empty.code, unknown.code) == (1, 1)
    assert empty.wrong["approvers group S0APPROVERS"] == "nobody is in it"
    assert unknown.wrong["approvers group S0NOWHERE"] == "Slack does not say who is in it: no_such_subteam"


def test_too_few_people_who_could_vote_today(fresh_harness: Harness, tmp_path: Path) -> None:
    fresh_harness.do("person", id="linus", is_restricted=True)
    two = check(fresh_harness.settings, tmp_path)
    fresh_harness.do("person", id="grace", deleted=True)
    one = check(fresh_harness.settings, tmp_path)

    assert two.code == 0
    assert two.marked("warning")["votes"].startswith("only 2 people could vote today, so neither may ask or be away")
    assert "U00000LINUS may not: guest" in two.marked("warning")["votes"]
    assert one.code == 1
    assert one.wrong["votes"].startswith("1 person could vote today, two must")


def test_a_database_that_is_no_site(harness: Harness, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    sites = {"PS1": {"database": f"sqlite:///{tmp_path}/empty.db"}, "P02": {"database": f"sqlite:///{tmp_path}/no.db"}}

    checked = check(harness.settings, tmp_path, sites=json.dumps(sites))

    assert checked.code == 1
    assert checked.wrong["PS1 reader"].startswith("schema: no such table: dbo.v_Package")
    assert "PKGSTATUS_SITES__PS1__DATABASE names a site database" in checked.cure("PS1 reader")
    assert checked.wrong["P02 reader"] == f"unreachable: there is no file {tmp_path}/no.db"
    assert checked.cure("P02 reader") == (
        "Check the path in PKGSTATUS_SITES__P02__DATABASE: an absolute one begins with four slashes, like "
        "sqlite:////srv/site.db."
    )


def test_an_odbc_driver_that_is_not_there(harness: Harness, tmp_path: Path) -> None:
    pytest.importorskip("pyodbc")
    address = f"Driver={{No Such Driver}};Server=cm01;Database=CM_PS1;Uid=bot;Pwd={SECRET}"

    checked = check(harness.settings, tmp_path, sites=json.dumps({"PS1": {"database": address}}))

    assert checked.wrong["PS1 reader"].startswith("driver: ")
    assert "odbcinst -q -d" in checked.cure("PS1 reader")
    assert SECRET not in json.dumps(checked.findings)


def test_a_missing_backup_table_is_wrong_with_a_writer_and_a_warning_for_who_only_reads(
    fresh_harness: Harness, tmp_path: Path
) -> None:
    change(fresh_harness.site, "DROP TABLE PkgStatus_BU", "DROP TABLE DistributionJobs")
    address = f"sqlite:///{fresh_harness.site}"
    sites = {
        "PS1": {"database": address, "writer": f"sqlite:///{fresh_harness.site.parent}/./{fresh_harness.site.name}"}
    }

    only_reading = check(fresh_harness.settings, tmp_path)
    writing = check(fresh_harness.settings, tmp_path, sites=json.dumps(sites))

    assert only_reading.code == 0
    warning = only_reading.marked("warning")
    assert warning["PS1 writer"] == "no resets here: schema: no such table: dbo.PkgStatus_BU"
    assert warning["PS1 reader"] == "not readable: DistributionJobs; answers will say so"
    assert writing.code == 1
    assert writing.wrong == {"PS1 writer": "schema: no such table: dbo.PkgStatus_BU"}
    assert "deploy/sql" in writing.cure("PS1 writer")


def test_a_store_of_a_newer_program_and_one_that_lags_behind(fresh_harness: Harness, tmp_path: Path) -> None:
    fresh_harness.start_bot()
    fresh_harness.stop_bot()
    change(Path(store_path(fresh_harness)), "UPDATE store_version SET version = 99")
    newer = check(fresh_harness.settings, tmp_path)
    change(Path(store_path(fresh_harness)), "UPDATE store_version SET version = 1")
    older = check(fresh_harness.settings, tmp_path)

    assert newer.code == 1
    assert newer.wrong["store"].startswith("newer than this program: the store is at version 99")
    assert older.code == 0
    assert older.marked("warning")["store"].startswith("SQLite: version 1; the next start brings it to ")


def test_a_chain_that_was_broken(fresh_harness: Harness, tmp_path: Path) -> None:
    fresh_harness.start_bot()
    fresh_harness.ask("ada", "PS100112")
    fresh_harness.stop_bot()
    change(Path(store_path(fresh_harness)), "UPDATE ledger_entry SET actor_user = 'U0MALLORY' WHERE sequence = 2")

    checked = check(fresh_harness.settings, tmp_path)

    assert checked.code == 1
    assert "2" in checked.wrong["ledger"]
    assert "compare it with a copy" in checked.cure("ledger")


def test_a_store_where_there_is_no_place_for_it_and_asking_makes_none(harness: Harness, tmp_path: Path) -> None:
    nowhere = check(harness.settings, tmp_path, store=f"sqlite:///{tmp_path}/nowhere/store.db")
    fresh = check(harness.settings, tmp_path, store=f"sqlite:///{tmp_path}/fresh.db")

    assert nowhere.wrong == {"store": f"unreachable: there is no folder {tmp_path}/nowhere"}
    assert fresh.marked("good")["store"] == "SQLite: not made yet; the first start makes it"
    assert not (tmp_path / "fresh.db").exists()


def test_the_readme_leads_to_a_green_check_beside_the_running_demo(fresh_harness: Harness, tmp_path: Path) -> None:
    file = tmp_path / "demo.env"
    demo = BotProcess({}, tmp_path, ("-m", "bot", "demo", "--no-browser", "--env-file", str(file)))
    fresh_harness.wait_for(lambda: "Ctrl-C ends the demo" in demo.log())
    said = (CHECKOUT / "README.md").read_text(encoding="utf-8").partition("<!-- check -->\n```sh\n")[2]
    words = shlex.split(file.read_text(encoding="utf-8").replace("export ", ""))

    checked = check(dict(word.split("=", 1) for word in words), tmp_path)

    assert said.startswith(". ./demo.env && .venv/bin/pkgstatus-bot check\n")
    assert (checked.code, checked.wrong, checked.marked("cannot tell")) == (0, {}, {})
    assert file.stat().st_mode & 0o077 == 0
    demo.process.send_signal(signal.SIGINT)
    assert demo.wait() == 0
