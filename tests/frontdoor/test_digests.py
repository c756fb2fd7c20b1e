"""Digests and drift through a real bot, with two weeks behind it: what is posted, what is behind its buttons."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.cli.demo_history import write_history
from bot.demo.launch import DIGEST, digest_settings
from tests.bot_process import CHECKOUT
from tests.frontdoor.message_content import block, block_types, buttons, column, visible_text
from tests.frontdoor.resets import ask_for, entries, wait_for_form
from tests.frontdoor.resets import press as vote
from tests.harness import OPS, Harness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness import Json

VERDICT = re.compile(r"⛔ \*106 rows have drifted\*, -3 since .* UTC: 2 new, 5 healed")
NEWLY, STILL = "Show 2", "Show 104"
CHART, BARS = "data_visualization", "rich_text"


@pytest.fixture(scope="module")
def ops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Yield a harness whose bot has been there for two weeks and has a digest due."""
    folder, now = tmp_path_factory.mktemp("ops"), datetime.now(UTC)
    with Harness(folder) as harness:
        harness.settings |= digest_settings(now)
        write_history(harness.settings, folder, now.replace(second=0, microsecond=0))
        harness.start_bot()
        yield harness


def posted(harness: Harness, place: int = 0) -> Json:
    """Return a digest in the channel, by default the first."""

    def found() -> Json | None:
        digests = [message for message in harness.messages() if message["text"].startswith(f"Digest {DIGEST}")]
        return digests[place] if len(digests) > place else None

    return harness.wait_for(found)


def press(harness: Harness, user: str, message: Json, name: str) -> Json:
    """Press a button by what is written on it and return the answer."""
    button = buttons(message)[name]
    harness.click(user, message, button["action_id"], button["value"])
    return harness.answer_to(user)


def seen_by(harness: Harness, user: str, message: Json) -> Json:
    """Return a message as somebody sees it now; nothing if they do not."""
    return next((each for each in harness.messages(OPS, user) if each["ts"] == message["ts"]), {})


def command(harness: Harness, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `pkgstatus-bot digest` beside the bot."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PKGSTATUS_")}
    program = [sys.executable, "-m", "bot", "digest", *arguments]
    return subprocess.run(
        program, env=inherited | harness.settings, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )


def test_a_digest_that_is_due_says_what_changed_since_the_last_one_and_draws_the_history(ops: Harness) -> None:
    digest = posted(ops)

    said = visible_text(digest)
    assert VERDICT.search(said)
    for expected in (
        "*2* newly drifted",
        "*104* still open, the oldest for ",
        "*5* healed",
        "Most drifted servers",
    ):
        assert expected in said
    # Older than the two weeks of scans: what the first of them found is as old as its row says.
    assert int(re.findall(r"still open, the oldest for (\d+) d", said)[0]) > 14
    assert len(block(digest, CHART)["chart"]["axis_config"]["categories"]) == 14
    assert re.search(r"Audit trail up to date · Ledger head `\d+:[0-9a-f]{64}`", said)


def test_the_rows_behind_a_count_are_for_the_askers_eyes_and_have_pages(ops: Harness) -> None:
    rows = press(ops, "linus", posted(ops), STILL)
    assert rows["ephemeral"]
    assert len(column(rows, "Package")) == 50

    ops.click("linus", rows, "drift_next")

    ops.wait_for(lambda: "rows 51-100" in visible_text(seen_by(ops, "linus", rows)) or None)
    assert seen_by(ops, "ada", rows) == {}


def test_a_package_opens_for_the_askers_eyes_and_leads_to_a_request(ops: Harness) -> None:
    table = press(ops, "ada", posted(ops), "PS100112")
    assert table["ephemeral"]
    assert "17 site behind" in visible_text(table).replace("*", "")

    ops.click("ada", table, "status_request")

    assert "PS100112" in visible_text(wait_for_form(ops, "ada"))


def test_a_guest_is_refused_what_is_behind_the_buttons(ops: Harness) -> None:
    refusal = press(ops, "gus", posted(ops), NEWLY)

    assert "Guests cannot use this" in refusal["text"]


def test_anybody_may_ask_for_the_same_picture_now(ops: Harness) -> None:
    posted(ops)
    everything, one_site = ops.ask("ada", "drift"), ops.ask("grace", "drift site:ps1")

    assert "*106 rows have drifted*, " in visible_text(everything)
    assert "*106 rows have drifted* at PS1, " in visible_text(one_site)
    for answer in (everything, one_site):
        assert not answer["ephemeral"]
        assert CHART in block_types(answer)


def test_a_site_that_is_not_read_is_named_with_those_that_are(ops: Harness) -> None:
    answer = ops.ask("ada", "drift site:P02")

    assert answer["ephemeral"]
    assert answer["text"].startswith("I read no database of P02, only of PS1; rows of a secondary site are in")


def test_a_home_shows_drift_with_its_trend_and_what_comes_next(ops: Harness) -> None:
    posted(ops)
    ops.do("open_home", user="margaret")

    view = ops.wait_for(lambda: ops.query("home", user="margaret")["view"])

    said = visible_text({"blocks": view["blocks"]})
    assert "*106 rows have drifted*" in said
    assert re.search(r"`[▁▂▃▄▅▆▇█]{14}`", said)
    assert re.search(rf"• {DIGEST} on \w+day .* UTC in <#C0SCCMOPS>", said)
    assert re.search(r"PS1 last read (just now|\d+ min ago), audit channel last told (just now|\d+ min ago)", said)


def test_the_command_line_prints_a_digest_and_posts_one_beside_its_periods(ops: Harness) -> None:
    posted(ops)

    preview = command(ops, "--preview", DIGEST)
    assert (preview.returncode, preview.stderr) == (0, "")
    assert "106 rows have drifted, unchanged since" in preview.stdout

    assert command(ops, "--now", DIGEST).returncode == 0

    assert "106 rows have drifted, unchanged since" in posted(ops, place=1)["text"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--preview", "noon"], f"There is no digest “noon”: PKGSTATUS_DIGESTS has {DIGEST}."),
        ([], "Say --preview NAME to read a digest here, or --now NAME to post it."),
        (["--preview", DIGEST, "--now", DIGEST], "Say --preview NAME to read a digest here, or --now NAME to post it."),
    ],
)
def test_a_wrong_command_line_is_answered_with_what_to_type(ops: Harness, arguments: list[str], sentence: str) -> None:
    wrong = command(ops, *arguments)

    assert wrong.returncode == 2
    assert sentence in wrong.stderr


def test_a_chart_that_slack_refuses_comes_as_bars(ops: Harness) -> None:
    ops.faults("response_url", status=400, error="invalid_blocks", times=1)

    answer = ops.ask("ada", "drift")

    assert CHART not in block_types(answer)
    assert "Drifted rows of the last 14 days" in visible_text({"blocks": [block(answer, BARS)]})


def test_the_first_digest_of_a_week_says_how_votes_went_and_what_became_of_requests(fresh_harness: Harness) -> None:
    fresh_harness.settings |= digest_settings(datetime.now(UTC))
    fresh_harness.start_bot()
    card = ask_for(fresh_harness, "PS100112 dp:NYC-DP03")
    for approver in ("grace", "linus"):
        vote(fresh_harness, approver, card)
    fresh_harness.wait_for(lambda: entries(fresh_harness, "applied"))

    said = command(fresh_harness, "--preview", DIGEST).stdout

    assert re.search(r"How votes went in the last 28 days, over 1 approved request\n", said)
    assert re.search(r"• 2 votes within 30 s of the card, the quickest after \d+ s: @\w+, @\w+\n", said)
    assert re.search(
        r"Requests since the last digest: 1\n• Reset of PS100112 \(1 rows? at PS1\) by @U000000ADA: ", said
    )


def test_a_site_that_cannot_be_read_is_unknown_and_said_to_be(fresh_harness: Harness) -> None:
    fresh_harness.settings |= digest_settings(datetime.now(UTC))
    fresh_harness.start_bot(sites={"PS1": {"database": "sqlite:////nowhere/site.db"}})
    fresh_harness.wait_for(lambda: "cannot scan" in fresh_harness.log() or None)

    said = visible_text(fresh_harness.ask("ada", "drift"))

    assert "❔ *Drift is not known: no site has been read yet*" in said
    assert re.search(r"\*PS1\* could not be read at .* UTC \(.*\) and never was: nothing is known of it\.", said)
    assert "0 rows" not in said
