"""`/pkgstatus PS100112`: the version table of a package, part by part, and its filters."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.message_content import block, block_types, buttons, column, records, table_rows, visible_text
from tests.frontdoor.sites import change

if TYPE_CHECKING:
    from tests.harness import Harness, Json

HEADER = ["Server", "Class", "Site", "Hop", "Held", "Expected", "Behind", "Status", "Updated (site clock)", "For"]


@pytest.fixture(scope="module")
def answer(harness: Harness) -> Json:
    return harness.ask("ada", "PS100112")


def test_a_quick_answer_comes_alone_and_everybody_in_the_channel_sees_it(harness: Harness) -> None:
    before = len(harness.messages(user="grace"))

    assert harness.command("ada", "PS100112")["acked"]

    answer = harness.answer_to("grace")
    assert not answer["ephemeral"]
    assert harness.messages(user="grace")[before:] == harness.messages(user="ada")[before:] == [answer]


def test_the_answer_says_which_package_it_is(answer: Json) -> None:
    assert block(answer, "header")["text"]["text"] == "PS100112 · Boot image (x64)"
    identity = visible_text(block(answer, "context"))
    assert identity.startswith("Boot image · source site *PS1* · source version *13* · changed ")
    assert "(21 d ago)" in identity


def test_the_answer_counts_the_rows_of_each_class_in_one_line(answer: Json) -> None:
    assert "🔴 *1* failed   🟠 *17* site behind   🟡 *2* DP behind   🟢 *21* in sync" in visible_text(answer)


def test_a_notification_has_the_answer_in_one_sentence(answer: Json) -> None:
    assert answer["text"] == (
        "PS100112 Boot image (x64), source version 13: 1 failed, 17 site behind, 2 DP behind, 21 in sync."
    )


def test_site_servers_stand_apart_from_distribution_points_and_the_one_behind_stands_first(answer: Json) -> None:
    lines = visible_text(answer).splitlines()
    behind, in_sync = lines[lines.index("*Site servers*") + 1 :][:2]

    assert "*P02* CM02.contoso.com holds *7*, 6 behind · Received" in behind
    assert behind.endswith(" · site behind for\N{NO-BREAK SPACE}20\N{NO-BREAK SPACE}d"), (
        "since the package changed, 14 hours less"
    )
    assert "*PS1* CM01.contoso.com holds *13*" in in_sync


def test_the_table_has_one_row_for_each_distribution_point(answer: Json) -> None:
    assert table_rows(answer)[0] == HEADER
    assert len(set(column(answer, "Server"))) == len(column(answer, "Server")) == 39
    assert block(answer, "data_table")["caption"] == "Distribution points with PS100112: 39 rows"


def test_a_row_says_what_is_held_what_is_expected_and_since_when(answer: Json) -> None:
    rows = {row["Server"].partition(".")[0]: row for row in records(answer)}

    failed, from_site, from_dp, fine = (rows[name] for name in ("BOS-DP02", "LON-DP01", "NYC-DP03", "NYC-DP01"))
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d", failed.pop("Updated (site clock)"))
    assert failed == {
        "Server": "BOS-DP02.contoso.com",
        "Class": "🔴 failed",
        "Site": "PS1",
        "Hop": "DP",
        "Held": "12",
        "Expected": "13",
        "Behind": "1",
        "Status": "Failed; the DP cannot be reached (2391), 2 h ago",
        "For": "19 d",
    }
    assert (from_site["Class"], from_site["Hop"], from_site["Behind"]) == ("🟠 site behind", "site", "6")
    assert (from_dp["Class"], from_dp["Hop"], from_dp["Behind"]) == ("🟡 DP behind", "DP", "6")
    assert (fine["Class"], fine["Hop"], fine["Behind"]) == ("🟢 in sync", "–", "0")


def test_numbers_are_numbers_so_that_the_table_sorts_by_them(answer: Json) -> None:
    first = block(answer, "data_table")["rows"][1]

    assert [cell["value"] for cell in first if cell["type"] == "raw_number"] == [12, 13, 1]


def test_problem_rows_come_first_and_the_worst_of_them_at_the_top(answer: Json) -> None:
    classes = [drift_class.split(" ", 1)[1] for drift_class in column(answer, "Class")]

    assert classes == ["failed"] + ["site behind"] * 16 + ["DP behind"] * 2 + ["in sync"] * 20


def test_the_next_steps_are_named_for_the_classes_present_and_for_no_other(answer: Json) -> None:
    steps = next(text for text in visible_text(answer).split("\n*What ") if text.startswith("to do next"))
    named = [line.split("*")[1] for line in steps.splitlines() if line[:1] in "🔴🟠🟡🟣⚠❔👻🔄🔵🗑⚪"]

    assert named == ["failed", "site behind", "DP behind"]


def test_the_small_print_says_when_where_and_for_whom_it_was_read(answer: Json) -> None:
    small_print = visible_text(answer["blocks"][-1])

    assert small_print.startswith("Read at 20")
    assert "UTC from site PS1" in small_print
    assert "for <@U000000ADA>" in small_print


def test_an_answer_on_one_page_has_no_page_buttons(answer: Json) -> None:
    assert not {"◀ Previous", "Next ▶"} & set(buttons(answer))
    assert "CSV of all 41 rows" in buttons(answer)


def test_a_stuck_row_carries_the_newest_message_of_distribution_manager(harness: Harness) -> None:
    shown = json.dumps(harness.ask("ada", "PS100112")["blocks"], ensure_ascii=False)

    assert "the DP cannot be reached (2391), 2 h ago" in shown
    assert "• BOS-DP02: *the DP cannot be reached (2391)*, 2 h ago. Next: check the network and firewall" in shown
    assert "• NYC-DP03: *waits for prestaged content (2371)*, 6 d ago. Next: somebody has to extract" in shown


@pytest.mark.parametrize(
    "typed",
    ["ps100112", "  PS100112  ", "*PS100112*", "`Ps100112`", "“PS100112”", "PS100112."],
)
def test_a_package_id_is_understood_in_any_case_and_dress(harness: Harness, typed: str) -> None:
    assert harness.ask("ada", typed)["text"].startswith("PS100112 Boot image (x64)")


@pytest.mark.parametrize(
    ("typed", "servers", "sites"),
    [
        ("behind", 18, 1),
        ("failed", 1, 0),
        ("problems", 19, 1),
        ("in-sync", 20, 1),
        ("site:P02", 16, 1),
        ("site:p02 site:PS1", 39, 2),
        ("dp:NYC*", 4, 0),
        ("dp:nyc-dp03", 1, 0),
        ("behind dp:NYC* dp:SEA*", 2, 0),
        ("failed site:P02", 0, 0),
    ],
)
def test_a_filter_keeps_only_the_rows_it_names(harness: Harness, typed: str, servers: int, sites: int) -> None:
    answer = harness.ask("ada", f"PS100112 {typed}")

    assert len(table_rows(answer)[1:]) == servers
    assert sum(" holds *" in line for line in visible_text(answer).splitlines()) == sites
    assert "filter `" in visible_text(answer["blocks"][-1])
    assert "*1* failed" in visible_text(answer), "the counts are those of the whole package"


def test_a_filter_that_keeps_nothing_says_how_much_it_left_out(harness: Harness) -> None:
    answer = harness.ask("ada", "PS100112 ahead")

    assert "No distribution point is `ahead`; there are 39." in visible_text(answer)
    assert "data_table" not in block_types(answer)


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("PS10001B", "R&D Tools <beta>"),
        ("PS100010", 'Visio "Professional" Viewer'),
        ("PS100021", "日本語 言語パック"),
        ("PS100022", "Party Planner 🎉"),
        ("PS10002D", '=HYPERLINK("http://finance.contoso.com";"Finance Add-in")'),
    ],
)
def test_a_name_is_shown_as_it_is_whatever_is_in_it(harness: Harness, package: str, name: str) -> None:
    assert block(harness.ask("ada", package), "header")["text"]["text"] == f"{package} · {name}"


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("PS100042", "in flight"),
        ("PS10001B", "ahead"),
        ("PS100021", "ambiguous"),
        ("PS10002D", "unknown (42)"),
        ("PS100010", "orphan"),
        ("PS100023", "The source site PS1 itself has not taken version 11* (it stores 10)"),
        ("PS100023", "No reset is offered: the source site itself has not taken the version"),
        ("PS100051", "reset"),
        ("PS100003", "not served"),
        ("PS10000F", "never received"),
        ("PS100050", "Failed; stuck job, queued 16 d ago"),
        ("PS10001C", "removing"),
        ("PS100058", "has no row of its own: site behind"),
        ("PS100121", "this package has no content to distribute"),
        ("PS100120", "This package is on no distribution point."),
    ],
)
def test_every_kind_of_trouble_in_the_site_is_named(harness: Harness, package: str, said: str) -> None:
    assert said in visible_text(harness.ask("ada", package))


@pytest.mark.parametrize(
    ("job_age", "shown", "drift"),
    [("1d", "*1* failed", "*1 row has drifted*, "), ("60d", "*1* in flight", "*Nothing has drifted*, ")],
)
def test_how_long_a_job_may_stand_still_is_a_setting_for_lookups_and_scans(
    fresh_harness: Harness, job_age: str, shown: str, drift: str
) -> None:
    change(
        fresh_harness.site,
        "DELETE FROM PkgStatus WHERE ID <> 'PS100050' OR PkgServer LIKE '%LON-DP03%'",
        "DELETE FROM PkgServers",
    )
    fresh_harness.start_bot(drift__job_age=job_age)
    fresh_harness.wait_for(lambda: '"event": "scanned"' in fresh_harness.log() or None)

    assert shown in visible_text(fresh_harness.ask("ada", "PS100050"))
    assert drift in visible_text(fresh_harness.ask("ada", "drift"))
