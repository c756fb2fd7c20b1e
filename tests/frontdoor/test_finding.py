"""`/pkgstatus find`, help, and what is said when the typed text is not understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.message_content import SHOW, buttons, column, visible_text

if TYPE_CHECKING:
    from tests.harness import Harness


def test_find_lists_every_package_with_all_the_words_and_a_button_for_each(harness: Harness) -> None:
    answer = harness.ask("ada", "find boot image")

    assert answer["text"] == "2 packages with “boot image”"
    assert answer["ephemeral"]
    assert "*Boot image (arm64)* 2.0\nPS100111 · Boot image" in visible_text(answer)
    assert "*Boot image (x64)* 13.0\nPS100112 · Boot image" in visible_text(answer)
    assert visible_text(answer).count("Show") == 2


def test_the_button_of_a_hit_shows_its_version_table(harness: Harness) -> None:
    hits = harness.ask("ada", "find IMAGE boot")

    harness.click("ada", hits, SHOW, value="PS100112")

    assert harness.answer_to("ada")["text"].startswith("PS100112 Boot image (x64), source version 13")


def test_a_name_is_found_by_a_part_of_it_in_another_script(harness: Harness) -> None:
    assert "PS100021" in visible_text(harness.ask("ada", "find 言語"))


def test_a_name_with_signs_that_slack_would_format_is_found_and_shown_as_it_is(harness: Harness) -> None:
    assert "*R&amp;D Tools &lt;beta&gt;*" in visible_text(harness.ask("ada", "find R&D <beta>"))


def test_many_hits_are_cut_with_a_word_of_advice(harness: Harness) -> None:
    answer = harness.ask("ada", "find contoso")

    assert answer["text"] == "30 packages with “contoso”"
    assert "The first 20 are shown. Add a word to narrow it down." in visible_text(answer)


@pytest.mark.parametrize("typed", ["", "   ", "help", "HELP"])
def test_help_shows_each_form_of_the_command(harness: Harness, typed: str) -> None:
    said = harness.ask("ada", typed)["text"]

    for form in ("PS100112", "PS100112 behind", "site:P02 dp:NYC*", "find boot image", "help"):
        assert f"`/pkgstatus {form}" in said or form in said
    for word in ("behind", "failed", "ahead", "in-sync"):
        assert f"`{word}`" in said


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("PS1001", "“PS1001” has 6 characters, a package ID has 8. "),
        ("PS1001122", "“PS1001122” has 9 characters, a package ID has 8. "),
        ("PS10011X", "“PS10011X” has X where that cannot be. "),
        ("P-100112", "“P-100112” has - where that cannot be. "),
        ("PS1OO112", "“PS1OO112” has the letter O among its digits. Did you mean `PS100112`?"),
        ("PS10O1I2", "“PS10O1I2” has the letter O among its digits. Did you mean `PS100112`?"),
        ("PS100112 late", "I do not know the filter “late”. Use `behind`, "),
        ("PS100112 site:", "“site:” needs a site code right behind the colon, like `/pkgstatus PS100112 site:P02`."),
        ("dp:", "“dp:” needs the name of a distribution point right behind the colon, like "),
        ("find", "Tell me what to find, like `/pkgstatus find boot image`."),
        ("find nosuchthing", "No package has “nosuchthing” in its name. Try fewer or shorter words."),
        ("XYZ99999", "No package XYZ99999 at PS1. Search by name with `/pkgstatus find WORDS`."),
        ("PS100112 x<!here", "I do not know the filter “x&lt;!here”. "),
        ("PS100112 x<!here>x", "I do not know the filter “x!herex”. "),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_sentence_to_the_asker_alone(
    harness: Harness, typed: str, sentence: str
) -> None:
    answer = harness.ask("ada", typed)

    assert sentence in answer["text"]
    assert answer["ephemeral"]


@pytest.mark.parametrize(
    ("typed", "sentence", "offered"),
    [
        ("hlep", "I do not know “hlep”.", ["Help"]),
        ("freez site update", "Did you mean `/pkgstatus freeze site update`?", []),
        ("PS100112 bihind", "Did you mean `/pkgstatus PS100112 behind`?", ["Show PS100112 behind"]),
        ("PS100112 site=PS1", "Did you mean `/pkgstatus PS100112 site:PS1`?", ["Show PS100112 site:PS1"]),
        ("PS100112 dp NYC*", "Did you mean `/pkgstatus PS100112 dp:NYC*`?", ["Show PS100112 dp:NYC*"]),
        ("drift P02", "Did you mean `/pkgstatus drift site:P02`?", ["Drift site:P02"]),
        ("behind", "Tell me which package, like `/pkgstatus PS100112 behind`.", []),
        ("is ps100112 behind?", "Did you mean `PS100112`?", ["Show PS100112"]),
        ("behind ps100112", "The package ID comes first.", ["Show PS100112 behind"]),
        ("histroy PS100112", "I do not know “histroy”.", ["History PS100112", "Show PS100112"]),
        ("PS100111 or ps100112", "I show one package at a time.", ["Show PS100111", "Show PS100112"]),
        ("PS10011213.tar", "Did you mean `PS100112`?", ["Show PS100112"]),
        ("find boot imgae", "Did you mean `/pkgstatus find boot image`?", ["Find boot image"]),
        ("boot image", "Did you mean `/pkgstatus find boot image`?", ["Find boot image"]),
        ("🎈", "`/pkgstatus PS100112` – the version table of a package", []),
        ("::", "`/pkgstatus PS100112` – the version table of a package", []),
        ("find *", "Tell me what to find", []),
        ("PS100112 dp:XYZ*", "No distribution point of this package is called `XYZ*`; ", []),
    ],
)
def test_what_was_probably_meant_is_offered(harness: Harness, typed: str, sentence: str, offered: list[str]) -> None:
    answer = harness.ask("ada", typed)

    assert sentence in visible_text(answer)
    assert [name for name in buttons(answer) if not name.startswith("CSV")] == offered
    assert "0 characters" not in visible_text(answer)


def test_the_button_of_a_likely_reading_asks_it(harness: Harness) -> None:
    misspelt = harness.ask("ada", "find boot imgae")

    harness.click("ada", misspelt, SHOW)

    assert harness.answer_to("ada")["text"] == "2 packages with “boot image”"


@pytest.mark.parametrize(
    "typed",
    [
        r"PS100112 dp:\\NYC-DP01\SMS_DP$",
        'ps100112 dp:["Display=\\\\NYC-DP01.contoso.com\\"]MSWNET:["SMS_SITE=PS1"]\\\\NYC-DP01.contoso.com\\',
        "PS100112 dp:<http://nyc-dp01/SMS_DP_SMSPKG$/PS100112>",
        "PS100112 dp:<http://nyc-dp01.contoso.com|nyc-dp01.contoso.com>",
        "PS100112 dp:nyc–dp01",
        r"\\cm01\pkgs$\PS100112.28 dp:NYC-DP01",
    ],
)
def test_a_pasted_path_finds_its_server_and_its_package(harness: Harness, typed: str) -> None:
    answer = harness.ask("ada", typed)

    assert answer["text"].startswith("PS100112 Boot image (x64)")
    assert column(answer, "Server") == ["NYC-DP01.contoso.com"]


def test_a_slip_of_letter_and_digit_is_put_right_by_a_button(harness: Harness) -> None:
    slip = harness.ask("ada", "PS1OO112")

    assert list(buttons(slip)) == ["Show PS100112"]
    harness.click("ada", slip, SHOW)

    assert harness.answer_to("ada")["text"].startswith("PS100112 Boot image (x64)")


def test_an_unknown_package_brings_those_that_look_like_it(harness: Harness) -> None:
    answer = harness.ask("ada", "PS100113")

    assert "No package PS100113 at PS1. Did you mean:" in visible_text(answer)
    harness.click("ada", answer, SHOW, value="PS100112")
    assert harness.answer_to("ada")["text"].startswith("PS100112 Boot image (x64)")
