"""The answer to a package ID: drawn as committed, and taken by Slack whatever a database holds.

Set PKGSTATUS_TEST_RECORD=1 to write the snapshots anew; then read the difference before it is committed.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.demo.workspace.blocks.surfaces import message_reasons
from bot.domain.command import WORDS, Filter, Show, parse
from bot.domain.distribution_message import DistributionMessage
from bot.domain.drift_classes import DriftClass
from bot.domain.lookup_result import AnswersBySite
from bot.domain.package import JobAction, JobState, Row, SiteCode, Status
from bot.views import drift_classes, version_table
from bot.views.block_kit import MESSAGE_BLOCKS, MESSAGE_TEXT, Message
from bot.views.tables import Form
from tests.builders import (
    KEY,
    ago,
    answer,
    dp_row,
    job,
    kept,
    nal_path,
    package,
    points,
    site_row,
    story,
    table,
)
from tests.views.strategies import answers

SNAPSHOTS = Path(__file__).parent / "snapshots"
FORMS = list(Form)

SCENES = {
    "story": lambda form: version_table.draw(kept(story()), form),
    "story_filtered": lambda form: version_table.draw(
        kept(story(), Filter(frozenset({DriftClass.DP_BEHIND}), frozenset({"PS1"})), "PS100112 behind site:PS1"), form
    ),
    "strange_names": lambda form: version_table.draw(
        kept(
            table(
                site_row("P02", server_path='CM02 "Süd" & <Nord>'),
                dp_row(server_path=nal_path("ＤＰ_01*.contoso.com")),
                dp_row(server_path="=cmd|'/c calc'!A1", status_number=None, held_version=None, updated_at=None),
                of=package(name="R&D *Tools* <beta> `x`", source_site=SiteCode("OLD"), type_number=512),
                unread=("DistributionPoints", "DistributionJobs"),
            )
        ),
        form,
    ),
    "second_page": lambda form: version_table.draw(kept(table(site_row(), *points(250))), form, 120),
    "nothing_to_show": lambda form: version_table.draw(
        kept(table(of=package(source_version=None, changed_at=None))), form
    ),
}


def buttons(message: Message) -> dict[str, str]:
    """Return the value of each button by its action."""
    return {
        button["action_id"]: button["value"]
        for block in message.blocks
        if block["type"] == "actions"
        for button in block["elements"]
    }


def start_of(message: Message, action: str) -> int:
    """Return the first row of the page to which a button leads."""
    read = version_table.parse_button_value(buttons(message)[action])
    assert read is not None
    return read[1]


def words(message: Message) -> str:
    """Return everything that a message says."""
    return json.dumps(message.blocks, ensure_ascii=False)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scene", SCENES)
def test_an_answer_looks_as_committed(scene: str, form: Form) -> None:
    message = SCENES[scene](form)
    drawn = {"text": message.text, "blocks": list(message.blocks)}
    file = SNAPSHOTS / f"{scene}.{form}.json"
    if os.environ.get("PKGSTATUS_TEST_RECORD"):
        file.write_text(json.dumps(drawn, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    assert drawn == json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scene", SCENES)
def test_slack_takes_what_is_committed(scene: str, form: Form) -> None:
    assert message_reasons(list(SCENES[scene](form).blocks)) == []


@settings(max_examples=80, deadline=None)
@given(answers(), st.sampled_from(FORMS), st.integers(0, 300))
def test_slack_takes_every_answer_whatever_the_database_holds(kept_answer: Any, form: Form, start: int) -> None:
    message = version_table.draw(kept_answer, form, start)

    assert message_reasons(list(message.blocks)) == []
    assert len(message.blocks) <= MESSAGE_BLOCKS
    assert 0 < len(message.text) <= MESSAGE_TEXT
    assert not set(message.text) & set("<>*_~`\n")


@settings(max_examples=80, deadline=None)
@given(answers(), st.sampled_from(FORMS))
def test_nothing_from_a_database_mentions_anybody(kept_answer: Any, form: Form) -> None:
    message = version_table.draw(kept_answer, form)
    formatted = [
        text["text"]
        for block in message.blocks
        for text in (block.get("text"), *block.get("elements", []))
        if text and text["type"] == "mrkdwn"
    ]

    assert [text.count("<") for text in formatted if "<" in text] == [1]
    assert "<@U0ADA>" in formatted[-1]


def test_the_site_that_a_leftover_site_row_names_is_harmless() -> None:
    leftover = site_row("P02", held_version=7, dp_known=False, moved_to=SiteCode("<!"))
    message = version_table.draw(kept(table(site_row(), leftover)), Form.DATA_TABLE)

    assert "<!" not in json.dumps(message.blocks)


@pytest.mark.parametrize("form", FORMS)
def test_next_and_previous_visit_every_row_once(form: Form) -> None:
    answer = kept(table(site_row(), *points(1000)))
    pages = [version_table.draw(answer, form)]
    while version_table.NEXT_ACTION in buttons(pages[-1]):
        pages.append(version_table.draw(answer, form, start_of(pages[-1], version_table.NEXT_ACTION)))
    back = [version_table.draw(answer, form, start_of(page, version_table.PREVIOUS_ACTION)) for page in pages[1:]]

    seen = [server for page in pages for server in re.findall(r"DP\d{4}", words(page))]

    assert seen == [f"DP{number:04}" for number in range(1, 1001)]
    assert back == pages[:-1]


def test_a_page_is_found_again_when_the_form_changed_in_between() -> None:
    answer = kept(table(site_row(), *points(250, server_path="x" * 4)))
    second = start_of(version_table.draw(answer, Form.DATA_TABLE), version_table.NEXT_ACTION)

    assert (second, "rows 100-198 of 250" in words(version_table.draw(answer, Form.TABLE, second))) == (100, True)


def test_one_page_has_neither_previous_nor_next() -> None:
    message = version_table.draw(kept(table(site_row(), *points(40))), Form.DATA_TABLE)

    assert set(buttons(message)) == {version_table.CSV_ACTION}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("site:XYZ", "No row of this package is at site XYZ; its rows are at P02 and PS1."),
        ("dp:LON*", "No distribution point of this package is called `LON*`; 12 others."),
        ("dp:LON* failed", "No distribution point of this package is called `LON*`; 12 others."),
        ("dp:NYC", "is called `NYC`; 12 others. Did you mean `dp:NYC*`?"),
        ("dp:NYC-DP0 dp:LON1", "is called `NYC-DP0` or `LON1`; 12 others. Did you mean `dp:NYC-DP0*`?"),
        ("dp:NCY-DP01", "is called `NCY-DP01`; 12 others. Did you mean `dp:NYC-DP01`"),
        ("dp:LON* site:XYZ", "`LON*`; 12 others. No row of this package is at site XYZ; its rows are at P02 and PS1."),
        ("site:P02 failed", "`site:P02` has 3 rows, none of them `failed`; 1 row elsewhere."),
        ("dp:BOS-DP01 failed", "`dp:BOS-DP01` has 1 row, none of them `failed`; 1 row elsewhere."),
        ("site:P02 dp:NYC*", "`dp:NYC*` has 3 rows, none of them at site P02."),
        ("site:P02 dp:NYC* failed", "`dp:NYC*` has 3 rows, none of them at site P02."),
        ("dp:CM01", "No distribution point matches `dp:CM01`, only site servers do; 12 others."),
        ("in-flight dp:NYC-DP01", "`dp:NYC-DP01` has 1 row, none of them `in-flight`; 1 row elsewhere."),
        ("dp:NYC-DP01 site:PS1 ahead failed", "`site:PS1 dp:NYC-DP01` has 1 row, none of them `failed` or `ahead`"),
    ],
)
def test_a_filter_that_matches_nothing_says_which_part_did_not(typed: str, sentence: str) -> None:
    asked = parse(f"PS100112 {typed}")
    assert isinstance(asked, Show)

    message = version_table.draw(kept(story(), asked.filter, asked.text), Form.DATA_TABLE)

    assert sentence in words(message)


def test_a_class_that_no_row_has_is_named_with_the_number_of_rows() -> None:
    message = version_table.draw(kept(table(site_row(), *points(3)), Filter(WORDS["problems"])), Form.DATA_TABLE)

    assert "No distribution point is `problems`; there are 3." in words(message)


def test_a_class_that_no_row_has_is_named_beside_the_place_that_has_rows() -> None:
    asked = Filter(WORDS["failed"], frozenset({"P02"}))
    message = version_table.draw(kept(table(site_row(), site_row("P02"), *points(3, "P02")), asked), Form.DATA_TABLE)

    assert "`site:P02` has 3 rows, none of them `failed`, nor is any other distribution point." in words(message)


def test_a_filter_that_matches_no_site_server_of_a_package_without_distribution_points_says_so() -> None:
    message = version_table.draw(kept(table(site_row()), Filter(servers=("LON*",))), Form.DATA_TABLE)

    assert "No site server of this package is called `LON*`; 1 other." in words(message)


def test_a_part_that_matches_nothing_is_named_also_where_others_match() -> None:
    asked = Filter(sites=frozenset({"PS1", "XYZ"}), servers=("NYC-DP01", "NYC-DP99"))
    message = version_table.draw(kept(story(), asked), Form.DATA_TABLE)

    assert "is called `NYC-DP99`; 12 others." in words(message)
    assert "is at site XYZ; its rows are at P02 and PS1." in words(message)


def test_the_counts_are_of_all_rows_and_not_only_of_those_shown() -> None:
    message = version_table.draw(kept(story(), Filter(frozenset({DriftClass.FAILED}))), Form.DATA_TABLE)

    assert "🔴 *1* failed   🟠 *4* site behind   🟡 *1* DP behind" in words(message)


def test_many_site_servers_are_counted_and_not_listed() -> None:
    sites = [site_row(f"S{n:02}") for n in range(20)]

    assert "… and 8 more site servers" in words(version_table.draw(kept(table(*sites)), Form.DATA_TABLE))


def test_a_site_without_a_row_says_so() -> None:
    message = version_table.draw(kept(table(dp_row(site="P02"))), Form.DATA_TABLE)

    assert "*P02* has no row of its own: site behind" in words(message)


def test_a_package_that_is_nowhere_says_so() -> None:
    assert "This package is on no distribution point." in words(version_table.draw(kept(table()), Form.DATA_TABLE))


def test_every_class_has_its_mark_and_every_problem_its_advice() -> None:
    assert set(drift_classes.MARKS) == set(DriftClass)
    assert set(drift_classes.ADVICE) == set(DriftClass) - {DriftClass.IN_SYNC}


def test_advice_is_given_for_the_classes_that_are_there_and_for_no_others() -> None:
    failed = dp_row(status_number=Status.FAILED)
    drawn = words(version_table.draw(kept(table(site_row(), failed)), Form.DATA_TABLE))

    assert drift_classes.ADVICE[DriftClass.FAILED] in drawn
    assert not [
        kind for kind in drift_classes.ADVICE if kind is not DriftClass.FAILED and drift_classes.ADVICE[kind] in drawn
    ]


def reported(host: str, number: int, *parts: str, hours: int = 2, **changes: Any) -> Row:
    """Return a DP's row that is behind, with a message."""
    row = dp_row(host, **({"held_version": 7} | changes))
    return replace(row, message=DistributionMessage(number, 4, ago(hours=hours), (row.server_path, *parts)))


def test_a_row_that_is_not_in_sync_carries_its_newest_message_and_what_can_be_done_is_said_once() -> None:
    rows = (reported("NYC-DP01", 2391), reported("NYC-DP02", 2391), reported("SEA-DP01", 2324, "0x80070070", hours=48))
    drawn = words(version_table.draw(kept(table(site_row(), *rows)), Form.DATA_TABLE))

    assert drawn.count("the DP cannot be reached (2391), 2 h ago") == 2
    assert "• NYC-DP01, NYC-DP02: *the DP cannot be reached (2391)*, 2 h ago. Next: check the network" in drawn
    assert "• SEA-DP01: *the content share could not be reached or made (2324)* · 0x80070070, 2 d ago. Next: " in drawn
    assert drawn.count("*What Distribution Manager said last*") == 1


@pytest.mark.parametrize("number", [2330, 2357, 9999, 2398])
def test_what_needs_nobody_stands_in_its_row_only(number: int) -> None:
    state = 1 if number == 9999 else 2
    row = replace(dp_row(held_version=7), message=DistributionMessage(number, state, ago(hours=2)))
    drawn = words(version_table.draw(kept(table(site_row(), row)), Form.DATA_TABLE))

    assert f"{number}" in drawn
    assert "What Distribution Manager said last" not in drawn


def test_the_message_of_a_row_in_sync_is_not_shown() -> None:
    row = replace(dp_row(), message=DistributionMessage(2391, 4, ago(hours=2)))

    assert "2391" not in words(version_table.draw(kept(table(site_row(), row)), Form.DATA_TABLE))


def test_many_messages_are_counted_beyond_the_first() -> None:
    rows = [reported(f"NYC-DP{n:02}", 2324, f"error {n}") for n in range(9)]

    assert "… and 5 more messages: each stands in its row." in words(
        version_table.draw(kept(table(site_row(), *rows)), Form.DATA_TABLE)
    )


@pytest.mark.parametrize("form", Form)
def test_the_strings_of_a_message_are_harmless_whatever_they_hold(form: Form) -> None:
    row = reported("NYC-DP01", 2324, "<!channel> *bold* <https://contoso.example|here>", "\x00\u202e" * 40, "x" * 3000)
    message = version_table.draw(kept(table(site_row(), row)), form)

    assert message_reasons(list(message.blocks)) == []
    assert "<!channel>" not in json.dumps(message.blocks)


def test_the_answer_names_the_moment_the_site_the_asker_and_what_was_not_readable() -> None:
    elsewhere = package(source_site=SiteCode("OLD"))
    drawn = words(version_table.draw(kept(table(of=elsewhere, unread=("DistributionJobs",))), Form.DATA_TABLE))

    for part in (
        "Read at 2026-03-09 07:30 UTC from site PS1",
        "<@U0ADA>",
        "source site OLD is not connected here",
        "not readable here: DistributionJobs",
    ):
        assert part in drawn


def test_an_unknown_source_version_is_called_unknown() -> None:
    message = version_table.draw(kept(table(dp_row(), of=package(source_version=None))), Form.DATA_TABLE)

    assert "source version *unknown*" in words(message)
    assert "None" not in message.text


def test_an_age_of_a_clock_that_runs_ahead_is_nothing() -> None:
    message = version_table.draw(kept(table(dp_row(updated_at=ago(hours=-5)))), Form.DATA_TABLE)

    assert "2026-03-09 12:30" in words(message)
    assert " min" not in words(message)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("key 0 PS100112", ("key", 0, "PS100112")),
        ("key 100 PS100112 behind site:P02", ("key", 100, "PS100112 behind site:P02")),
        ("", None),
        ("key", None),
        ("key 0", None),
        ("key 0 ", None),
        ("key x PS100112", None),
        ("key -1 PS100112", None),
        ("key ² PS100112", None),
        (" 0 PS100112", None),
    ],
)
def test_a_button_value_is_read_back_or_refused(value: str, read: tuple[str, int, str] | None) -> None:
    assert version_table.parse_button_value(value) == read


@given(st.text())
def test_any_button_value_is_read_or_refused(value: str) -> None:
    assert version_table.parse_button_value(value) is None or value.count(" ") >= 2


def test_a_button_value_leads_back_to_the_answer_and_its_question() -> None:
    message = version_table.draw(kept(story(), query="PS100112 behind dp:*"), Form.DATA_TABLE)

    assert version_table.parse_button_value(buttons(message)[version_table.CSV_ACTION]) == (
        KEY,
        0,
        "PS1 PS100112 behind dp:*",
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (dp_row(held_version=7, jobs=(job(created_at=ago(days=90), updated_at=None),)), "stuck job, queued 90 d ago"),
        (
            dp_row(held_version=7, jobs=(job(created_at=ago(days=90), updated_at=ago(days=30)),)),
            "stuck job, queued 90 d ago, last moved 30 d ago",
        ),
        (dp_row(held_version=7, jobs=(job(action=JobAction.CANCEL),)), "cancel job, queued 3 h ago"),
        (dp_row(held_version=7, jobs=(job(action=99),)), "unknown job, queued 3 h ago"),
        (dp_row(held_version=7, jobs=(job(version=7),)), "job for version 7, queued 3 h ago"),
        (dp_row(held_version=7, jobs=(job(state=JobState.SUSPENDED),)), "suspended job, queued 3 h ago"),
        (dp_row(held_version=7, jobs=(job(created_at=None, updated_at=None),)), "stuck job, of unknown age"),
        (dp_row(held_version=7, jobs=(job(version=7),) * 4), "2 h ago; 3 more jobs"),
        (dp_row(status_number=0), "None; not installed yet"),
        (dp_row(held_version=7, dp_site=SiteCode("P02")), "PS1, DP of P02"),
        (
            dp_row(dp_known=False, moved_to=SiteCode("P02")),
            "Installed; leftover of PS1, its DP is at P02 now",
        ),
        (site_row("P02", status_number=1), "Sent; not received yet"),
        (site_row("P03", held_version=7), "not served"),
        (dp_row(held_version=0, status_number=2, updated_at=ago(days=40)), "39 d"),
    ],
)
def test_what_a_class_alone_does_not_tell_is_said_beside_the_row(row: Row, said: str) -> None:
    others = (site_row(), dp_row("LON-DP01", "P02"))

    assert said in str(version_table.draw(kept(table(*others, row)), Form.TEXT).blocks)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(1980, 1, 1, tzinfo=UTC), "never"),
        (datetime(1999, 12, 31, 23, 59, tzinfo=UTC), "never"),
        (datetime(2000, 1, 1, tzinfo=UTC), "2000-01-01 00:00"),
        (None, "unknown"),
    ],
)
def test_a_date_from_before_the_product_means_never(at: datetime | None, said: str) -> None:
    read = table(site_row("P02", held_version=7, updated_at=at), dp_row("A", "P02", updated_at=at))
    found = answer(read)
    (dp,), (site,) = found.drift.dps, found.drift.sites

    assert version_table.table_row(dp, found)[version_table.HEADER.index("Updated (site clock)")] == said
    assert f" · {said} · {site.drift_class}" in words(version_table.draw(kept(read), Form.TEXT))


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(1980, 1, 1, tzinfo=UTC), ""),
        (datetime(1999, 12, 31, 23, 59, tzinfo=UTC), ""),
        (datetime(2000, 1, 1, tzinfo=UTC), " · changed 2000-01-01 00:00 ("),
        (None, ""),
    ],
)
def test_a_package_says_when_it_changed_unless_that_date_means_never(at: datetime | None, said: str) -> None:
    drawn = words(version_table.draw(kept(table(site_row(), of=package(changed_at=at))), Form.TEXT))

    assert f"source version *13*{said}" in drawn
    assert ("changed" in drawn) is bool(said)


@pytest.mark.parametrize(
    ("row", "is_said"),
    [
        (dp_row(dp_site=SiteCode("P02")), True),
        (dp_row(server_path=nal_path("NYC-DP01.contoso.com", "P02"), dp_site=None, dp_known=None), True),
        (dp_row(), False),
    ],
)
def test_two_sites_are_explained_where_a_row_names_another_than_its_dp_belongs_to(row: Row, *, is_said: bool) -> None:
    drawn = words(version_table.draw(kept(table(site_row(), site_row("P02"), row)), Form.TEXT))

    assert (version_table.OTHER_SITE in drawn) is is_said
    assert ("PS1, DP of P02" in drawn) is is_said


@pytest.mark.parametrize(("stored", "said"), [(12, "(it stores 12)"), (13, "has not taken version 13*: open")])
def test_a_source_that_is_behind_is_said_first_and_nothing_is_offered(stored: int, said: str) -> None:
    read = table(site_row(held_version=12), dp_row(held_version=7), of=package(stored_version=stored))
    drawn = str(version_table.draw(kept(read), Form.TEXT).blocks)

    assert said in drawn
    assert "distmgr.log" in drawn
    assert "No reset is offered: the source site itself has not taken the version, see above." in drawn
    assert version_table.REQUEST_ACTION not in drawn


def test_what_the_source_stores_is_said_to_be_unknown_when_it_is() -> None:
    read = table(site_row(), of=package(stored_version=None))

    assert "whether the source site itself has taken the version is not known here" in str(
        version_table.draw(kept(read), Form.TEXT).blocks
    )


@pytest.mark.parametrize("stored", [-1, 14])
def test_a_stored_version_that_tells_nothing_is_said_with_its_number(stored: int) -> None:
    drawn = str(version_table.draw(kept(table(site_row(), of=package(stored_version=stored))), Form.TEXT).blocks)

    assert f"has taken the version is not known here (it stores {stored})" in drawn


LONDON = dp_row("LON-DP01", "P02", held_version=7)
OLD_RESET: dict[str, Any] = {"held_version": 0, "status_number": Status.RECEIVED}


@pytest.mark.parametrize(
    ("rows", "said", "absent"),
    [
        ((site_row(), LONDON), drift_classes.ADVICE_NO_ROW, "reset the *site row*"),
        (
            (site_row(), LONDON, site_row("P02", **OLD_RESET)),
            drift_classes.ADVICE_ALREADY_RESET,
            "reset the *site row*",
        ),
        ((site_row(), LONDON, site_row("P02", status_number=5)), drift_classes.ADVICE_FAILED_SITE, "to that DP"),
        ((site_row(status_number=5), dp_row(held_version=7)), drift_classes.ADVICE_SOURCE_SITE, "to that DP"),
        ((dp_row(held_version=7),), drift_classes.ADVICE_SOURCE_SITE, "reset the *site row*"),
        ((site_row(), dp_row(status_number=8)), drift_classes.ADVICE_FAILED_REMOVAL, "then Redistribute the package"),
        ((site_row(), dp_row(dp_known=False)), "make it a distribution point again", "former place"),
        (
            (site_row(), dp_row(dp_known=False)),
            "remove it from the package's Content Locations",
            version_table.REQUEST_ACTION,
        ),
        (
            (site_row(), dp_row(held_version=7, dp_known=False, moved_to=SiteCode("P02"))),
            drift_classes.ADVICE_MOVED_DP,
            version_table.REQUEST_ACTION,
        ),
    ],
)
def test_advice_is_what_can_be_done_about_just_these_rows(rows: tuple[Row, ...], said: str, absent: str) -> None:
    drawn = str(version_table.draw(kept(table(*rows)), Form.TEXT).blocks)

    assert said in drawn
    assert absent not in drawn


def test_rows_of_one_class_that_need_different_things_are_named() -> None:
    rows = (site_row(), LONDON, dp_row("OSL-DP01", "P03", held_version=7), site_row("P03", held_version=7))
    drawn = str(version_table.draw(kept(table(*rows)), Form.TEXT).blocks)

    assert f"*site behind*, site P02: {drift_classes.ADVICE_NO_ROW}" in drawn
    assert f"*site behind*, site P03: {drift_classes.ADVICE[DriftClass.SITE_BEHIND]}" in drawn


def test_nothing_below_a_source_that_is_behind_is_to_be_redistributed() -> None:
    read = table(site_row(held_version=12), dp_row(held_version=7, status_number=5), of=package(stored_version=12))
    drawn = str(version_table.draw(kept(read), Form.TEXT).blocks)

    assert drift_classes.ADVICE_WAIT_FOR_SOURCE in drawn
    assert "Redistribute" not in drawn
    assert drawn.count("check the source path") == 1


def test_a_package_without_a_source_site_is_not_sent_to_it() -> None:
    drawn = str(
        version_table.draw(
            kept(table(site_row("P02", held_version=7), LONDON, of=package(source_site=None))), Form.TEXT
        ).blocks
    )

    assert "the package names no source site" in drawn


def test_each_of_several_packages_says_what_a_filter_does_not_match() -> None:
    asked = Filter(servers=("ZRH*",))
    answers = (
        answer(table(site_row(), dp_row()), asked, "PS100112 dp:ZRH*"),
        answer(table(site_row("XY2"), dp_row("ZRH-DP01", "XY2")), asked, "PS100112 dp:ZRH*", site="XY2"),
    )
    here, there = str(version_table.draw_all_sites(AnswersBySite(answers[0].drift.package.id, answers)).blocks).split(
        "*XY2* "
    )

    assert "No distribution point of this package is called `ZRH*`" in here
    assert "is called" not in there
    assert "filter `dp:ZRH∗`" in there


def test_why_nothing_is_offered_is_said_in_its_own_words() -> None:
    drawn = str(version_table.draw(kept(table(site_row(), site_row("P02", held_version=7))), Form.TEXT).blocks)

    assert "No reset is offered: no distribution point of its site is targeted" in drawn
