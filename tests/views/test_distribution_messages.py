"""Distribution messages in our words: each documented number has some, any other is shown as that number."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.domain.distribution_message import _BY_NUMBER, DistributionMessage, MessageKind
from bot.views.distribution_messages import cure, parts, said, when
from tests.builders import NOW, ago, nal_path

SERVER = "NYC-DP01.contoso.com"


@pytest.mark.parametrize("number", [number for number in _BY_NUMBER if number != 4400])
def test_every_known_number_of_a_dp_has_words(number: int) -> None:
    message = DistributionMessage(number)

    assert said(message).endswith(f" ({number})")
    assert bool(cure(message)) == (message.kind in {MessageKind.FAILED, MessageKind.WAITS} or number == 2372)


@pytest.mark.parametrize(
    ("number", "words"),
    [(9999, "message 9999"), (-1, "message -1"), (0, "message 0"), (None, "a message without a number")],
)
def test_an_unknown_number_is_shown_as_such(number: int | None, words: str) -> None:
    assert said(DistributionMessage(number)) == words
    assert cure(DistributionMessage(number)) == ""


@pytest.mark.parametrize(
    ("strings", "words"),
    [
        ((), ""),
        ((nal_path(SERVER, "PS1"),), ""),  # the row says that already
        ((SERVER.upper(), r"\\NYC-DP01\SMSPKGD$"), r"\\NYC-DP01\SMSPKGD$"),
        (("0x80070070", "0x80070070", "disk full"), "0x80070070, disk full"),
        (("a", "b", "c", "d"), "a, b, c"),
        (("x" * 200,), "x" * 79 + "…"),
        (("two\nlines",), "two lines"),
    ],
)
def test_the_strings_of_a_message_add_what_the_row_does_not_show(strings: tuple[str, ...], words: str) -> None:
    assert parts(DistributionMessage(2324, 4, NOW, strings), SERVER) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (ago(hours=2), "2 h ago"),
        (None, "of unknown age"),
        (datetime(1980, 1, 1, tzinfo=UTC), "of unknown age"),
        (ago(hours=-3), "of unknown age"),  # the site's clock, of a zone that is not documented
    ],
)
def test_a_message_says_its_age(at: datetime | None, words: str) -> None:
    assert when(DistributionMessage(2391, 4, at), NOW) == words
