"""Short answers: each says what is wrong and what to do instead, and none lets foreign text act."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.demo.workspace.blocks.surfaces import message_reasons
from bot.domain.command import (
    WORDS,
    BadFilter,
    Find,
    Help,
    NoPackage,
    NotForDrift,
    NotForHistory,
    NothingToFind,
    Query,
    Show,
    UnknownWord,
    parse,
)
from bot.domain.lookup_result import Hit, SearchResult, SiteUnavailable, UnknownPackage
from bot.domain.package import Package, PackageId, SiteCode
from bot.domain.package_id import BadId
from bot.domain.refusal import Reason, Refusal
from bot.domain.site_error_kind import SiteErrorKind
from bot.views import replies
from tests.builders import answer, package, story
from tests.views.strategies import FOREIGN, PACKAGES

if TYPE_CHECKING:
    from bot.views.block_kit import Message


def said(message: Message) -> str:
    """Return everything that a message says in blocks."""
    return json.dumps(message.blocks, ensure_ascii=False)


def is_taken(message: Message) -> bool:
    """Return whether Slack takes a message and its text says something."""
    return bool(message.text) and message_reasons(list(message.blocks)) == []


@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_has_its_sentence(reason: Reason) -> None:
    message = replies.refusal_message(Refusal(reason))

    assert is_taken(message)
    assert message.text.endswith(".")


@pytest.mark.parametrize("trouble", SiteErrorKind)
def test_every_trouble_names_the_site_and_the_reference(trouble: SiteErrorKind) -> None:
    message = replies.site_error("PS<1>", trouble, "ab12cd34")

    assert is_taken(message)
    assert "PS&lt;1&gt;" in message.text
    assert message.text.endswith("(`ab12cd34`).")


def test_every_trouble_has_a_sentence_of_its_own() -> None:
    sentences = {replies.site_error("PS1", trouble, "ab12cd34").text for trouble in SiteErrorKind}

    assert len(sentences) == len(SiteErrorKind)


def test_help_names_every_filter_word() -> None:
    message = replies.help_text()

    assert is_taken(message)
    assert all(f"`{word}`" in message.text for word in WORDS)


@pytest.mark.parametrize(
    "line", [line for line in replies.HELP.splitlines() if line.startswith("• ")], ids=lambda line: line.split("`")[1]
)
def test_every_line_of_help_is_an_example_that_works(line: str) -> None:
    command, _, text = line.split("`")[1].partition(" ")

    assert command == "/pkgstatus"
    assert isinstance(parse(text), Query)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("PS10011", "“PS10011” has 7 characters, a package ID has 8."),
        ("PS100-12", "“PS100-12” has - where that cannot be."),
        ("PS1O0112", "“PS1O0112” has the letter O among its digits. Did you mean `PS100112`?"),
        ("PS100112 behnd", "I do not know the filter “behnd”."),
        (
            "dp:",
            "“dp:” needs the name of a distribution point right behind the colon, like `/pkgstatus PS100112 dp:NYC*`.",
        ),
        ("PS100112 dp:", "“dp:” needs the name of a distribution point right behind the colon, like `/pkgstatus PS100"),
        ("site:", "“site:” needs a site code right behind the colon, like `/pkgstatus PS100112 site:P02`."),
        (
            "drift site:",
            "“site:” needs a site code right behind the colon. Use `/pkgstatus drift`, or `/pkgstatus dr",
        ),
        ("behind PS100112", "The package ID comes first. Did you mean `/pkgstatus PS100112 behind`?"),
        (r"\\NYC-DP01\SMS_DP$", "Tell me which package, like `/pkgstatus PS100112 dp:NYC-DP01`."),
        ("find", "Tell me what to find, like `/pkgstatus find boot image`."),
        ("history", "Tell me which package, like `/pkgstatus history PS100112`."),
        (
            "history PS100112 behind",
            "I do not take “behind” there. After `history` I take up to 5 package IDs and nothing",
        ),
        ("drift PS1", "I do not know “PS1” after `drift`. Use `/pkgstatus drift`, or `/pkgstatus drift site:PS1`"),
    ],
)
def test_a_misunderstanding_is_answered_with_what_to_type_instead(text: str, sentence: str) -> None:
    problem = parse(text)
    assert isinstance(
        problem, BadId | BadFilter | NoPackage | NothingToFind | NotForDrift | NotForHistory | UnknownWord
    )

    message = replies.misunderstood(problem)

    assert message.text.startswith(sentence)
    assert is_taken(message)


def test_a_likely_slip_offers_a_button_that_asks_for_the_right_one() -> None:
    problem = parse("PS1O0112")
    assert isinstance(problem, BadId)

    (button,) = replies.misunderstood(problem).blocks[1]["elements"]

    assert (button["action_id"], button["value"]) == (replies.SHOW_ACTION, "PS100112")


@settings(max_examples=150, deadline=None)
@given(FOREIGN)
def test_nothing_that_is_typed_can_act_in_the_answer(typed: str) -> None:
    for text in (typed, f"PS100112 {typed}", f"PS1O01{typed}"[:8]):
        query = parse(text)
        if isinstance(query, BadId | BadFilter | NothingToFind):
            message = replies.misunderstood(query)
            assert is_taken(message)
            assert "<" not in said(message)
            assert not message.text.count("`") % 2


@given(FOREIGN)
def test_the_note_of_an_acknowledgement_is_harmless_too(typed: str) -> None:
    query = parse(f"find {typed}")

    if isinstance(query, Find):
        assert not set(replies.progress_text(query) or "") & set("<>*_~`\n")


def test_a_question_is_announced_and_help_is_not() -> None:
    show = parse("ps100112 failed")
    assert isinstance(show, Show)

    assert replies.progress_text(show) == "Looking up PS100112 …"
    assert replies.progress_text(Help()) is None


@settings(max_examples=80, deadline=None)
@given(st.lists(PACKAGES, max_size=25), st.lists(FOREIGN, min_size=1, max_size=5))
def test_slack_takes_every_list_of_hits(packages: list[Package], words: list[str]) -> None:
    message = replies.search_results(SearchResult(tuple(words), tuple(Hit(each, SiteCode("PS1")) for each in packages)))

    assert is_taken(message)
    assert "<" not in said(message)


def test_a_package_id_of_a_database_is_escaped_like_all_its_text() -> None:
    strange = Hit(package("<!here>"), SiteCode("PS1"))

    for message in (
        replies.search_results(SearchResult(("x",), (strange,))),
        replies.unknown_package(UnknownPackage(PackageId("PS100112"), (SiteCode("PS1"),), (strange,))),
    ):
        shown = [block["text"]["text"] for block in message.blocks]
        assert "<" not in "".join(shown)


def test_hits_have_a_button_each_and_a_long_list_says_that_it_is_cut() -> None:
    packages = [package(f"PS1{n:05X}", name=f"Tool {n}") for n in range(30)]

    message = replies.search_results(SearchResult(("tool",), tuple(Hit(each, SiteCode("PS1")) for each in packages)))

    shown = [block["accessory"]["value"] for block in message.blocks if "accessory" in block]
    assert shown == [found.id for found in packages[: replies.MOST_HITS]]
    assert "30 packages" in message.text
    assert "The first 20 are shown." in said(message)


@pytest.mark.parametrize(("count", "text"), [(1, "1 package with “boot”"), (2, "2 packages with “boot”")])
def test_hits_are_counted(count: int, text: str) -> None:
    assert replies.search_results(SearchResult(("boot",), (Hit(package(), SiteCode("PS1")),) * count)).text == text


def test_no_hit_says_what_to_try() -> None:
    assert replies.search_results(SearchResult(("nothing",), ())).text.endswith("Try fewer or shorter words.")


def test_an_unknown_package_names_the_sites_and_offers_what_is_near() -> None:
    near = (Hit(package("PS100111", name="Boot image (arm64)"), SiteCode("OLD")),)
    message = replies.unknown_package(UnknownPackage(PackageId("PS100119"), (SiteCode("PS1"), SiteCode("OLD")), near))

    assert message.text == "No package PS100119 at PS1, OLD."
    assert "Boot image (arm64)" in said(message)
    assert message.blocks[1]["accessory"]["value"] == "OLD PS100111"
    assert "site OLD" in said(message)


def test_an_unknown_package_is_no_fact_while_a_site_is_away() -> None:
    away = (SiteUnavailable(SiteCode("P02"), SiteErrorKind.UNREACHABLE),)
    message = replies.unknown_package(UnknownPackage(PackageId("P0200001"), (SiteCode("PS1"),), (), away), "1234abcd")

    assert message.text.startswith("The site database of P02 cannot be reached now. ")
    assert "It may know P0200001; PS1 does not." in message.text
    assert "`1234abcd`" in message.text
    assert "No package" not in message.text


def test_a_search_says_which_site_it_could_not_ask() -> None:
    away = (SiteUnavailable(SiteCode("P02"), SiteErrorKind.TIMEOUT),)
    some = replies.search_results(SearchResult(("boot",), (Hit(package(), SiteCode("PS1")),), (SiteCode("PS1"),), away))
    none = replies.search_results(SearchResult(("boot",), (), (SiteCode("PS1"),), away))

    for message in (some, none):
        assert "⚠️ The site database of P02 took too long to answer." in said(message)
        assert "What it has is missing here." in message.text
    assert none.text.startswith("No package has “boot” in its name at PS1. ")
    assert some.blocks[2]["accessory"]["value"] == "PS1 PS100112"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("PS100112", (None, "PS100112")),
        ("PS100112 behind", (None, "PS100112 behind")),
        ("P02 PS100112 behind", ("P02", "PS100112 behind")),
        ("P02", (None, "P02")),
        ("", (None, "")),
    ],
)
def test_the_question_of_a_button_comes_with_its_site_or_from_an_older_version(
    value: str, read: tuple[str | None, str]
) -> None:
    assert replies.parse_button_query(value) == read


def test_an_unknown_package_without_anything_near_points_to_find() -> None:
    message = replies.unknown_package(UnknownPackage(PackageId("ZZZ00000"), (SiteCode("PS1"),), ()))

    assert "`/pkgstatus find WORDS`" in message.text


def test_a_table_that_is_gone_can_be_asked_for_again() -> None:
    message = replies.snapshot_gone("PS100112 behind")

    assert message.blocks[1]["elements"][0]["value"] == "PS100112 behind"
    assert is_taken(message)


def test_the_csv_is_announced_with_its_rows_and_moment() -> None:
    assert replies.csv_note(answer(story())).text == "All 14 rows of PS100112 as they were at 2026-03-09 07:30 UTC."


def test_a_csv_that_slack_refuses_says_why() -> None:
    assert "(not＿in＿channel)" in replies.csv_failed("not_in_channel").text
