"""Foreign text is made harmless, and blocks keep to Slack's limits."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views import block_kit
from tests.builders import NOW
from tests.views.strategies import FOREIGN, INJECTIONS

TEXTS = FOREIGN | st.text()


@given(TEXTS, st.integers(1, 200))
def test_a_plain_text_is_one_visible_line_within_its_limit(text: str, limit: int) -> None:
    shown = block_kit.plain(text, limit)

    assert 1 <= len(shown) <= limit
    assert shown.strip()
    assert len(shown.splitlines()) == 1
    assert not [char for char in shown if unicodedata.category(char) in {"Cc", "Cs", "Co", "Zl", "Zp"}]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\ufeff")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Boot image (x64)", "Boot image (x64)"),
        ("  O'Reilly  ", "O'Reilly"),
        ("日本語 🎉", "日本語 🎉"),
        ("👩‍👧", "👩‍👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\nb", "a b"),
        ("a\r\nb\tc", "a b c"),
        ("a\u2028b", "a b"),
        ("a\x00b", "a�b"),
        ("a\u202eb", "a�b"),
        ("", "–"),
        (" \t\n ", "–"),
        (7, "7"),
        ("x" * 11, "xxxxxxxxx…"),
        ("x" * 10, "xxxxxxxxxx"),
    ],
)
def test_a_plain_text_reads(text: object, shown: str) -> None:
    assert block_kit.plain(text, 10 if text != "Boot image (x64)" else 100) == shown


def test_a_lone_surrogate_does_not_get_through() -> None:
    block_kit.plain("a\ud800b").encode()


@given(TEXTS)
def test_an_escaped_text_can_neither_mention_nor_link_nor_format(text: str) -> None:
    shown = block_kit.escape(text)

    assert not set(shown) & set("<>*_~`\n")
    assert re.sub("&(amp|lt|gt);", "", shown).count("&") == 0


@pytest.mark.parametrize("text", INJECTIONS)
def test_an_escaped_text_still_reads_like_the_original(text: str) -> None:
    back = block_kit.escape(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

    assert back == block_kit.plain(text).translate(str.maketrans("*_~`", "∗＿∼ˋ"))


def test_our_texts_are_not_searched_for_addresses_and_names() -> None:
    """Without `verbatim` Slack turns `@here`, `#channel` and addresses of a plain text into mentions and links."""
    for text in (block_kit.section("x")["text"], block_kit.context("x")["elements"][0]):
        assert text.get("verbatim") is True


@given(TEXTS.filter(bool))
def test_blocks_keep_to_their_limits(text: str) -> None:
    button = block_kit.button(text, "act", "value", label=text)

    assert len(block_kit.header(text)["text"]["text"]) <= 150
    assert len(block_kit.section(text)["text"]["text"]) <= 3000
    assert len(block_kit.context(text)["elements"][0]["text"]) <= 3000
    assert len(button["text"]["text"]) <= 75
    assert len(button["accessibility_label"]) <= 75


def test_a_section_takes_an_accessory() -> None:
    button = block_kit.button("Show", "act", "value")

    assert block_kit.section("x", button)["accessory"] == button
    assert "accessory" not in block_kit.section("x")
    assert "accessibility_label" not in button


@pytest.mark.parametrize(
    ("delta", "said"),
    [
        (timedelta(seconds=-5), "0 min"),
        (timedelta(days=-400), "0 min"),
        (timedelta(0), "0 min"),
        (timedelta(seconds=59), "0 min"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(hours=48), "2 d"),
        (timedelta(days=22), "22 d"),
        (timedelta(days=900), "900 d"),
    ],
)
def test_an_age_is_said_in_one_unit(delta: timedelta, said: str) -> None:
    assert block_kit.age(delta) == said


def test_a_moment_is_said_to_the_minute() -> None:
    assert block_kit.moment(NOW) == "2026-03-09 07:30"
