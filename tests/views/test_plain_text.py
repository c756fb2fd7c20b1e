"""A message on a terminal says what it says in Slack, without Slack's signs."""

from __future__ import annotations

import pytest

from bot.views import drift_digest, plain_text
from bot.views.block_kit import Message, actions, button, context, escape, header, preformatted, section
from tests import drifts
from tests.drifts import busy_picture


@pytest.mark.parametrize(
    ("slack", "terminal"),
    [
        ("*3 rows* have drifted", "3 rows have drifted"),
        ("Ledger head `42:9f86`", "Ledger head 42:9f86"),
        ("see <https://contoso.slack.com/p1|card>", "see card https://contoso.slack.com/p1"),
        ("by <https://contoso.slack.com/team/U1|@Ada Lovelace>", "by @Ada Lovelace"),
        (f"on {escape('R&D Tools <beta>')}", "on R&D Tools <beta>"),
        ("PKG_STATUS_2 and 2 * 3 * 4", "PKG_STATUS_2 and 2 * 3 * 4"),
    ],
)
def test_slacks_signs_are_gone_and_all_else_stays(slack: str, terminal: str) -> None:
    assert list(plain_text.lines(Message("", (section(slack),)))) == [terminal, ""]


def test_each_part_is_said_and_what_can_only_be_pressed_is_left_out() -> None:
    message = Message(
        "", (header("Digest"), actions(button("Show", "show", "1")), preformatted("▁▂▃"), context("small *print*"))
    )

    assert list(plain_text.lines(message)) == ["Digest", "======", "", "▁▂▃", "", "small print", ""]


def test_a_message_without_parts_is_its_text() -> None:
    assert list(plain_text.lines(Message("Nothing *new*."))) == ["Nothing new.", ""]


def test_a_busy_digest_has_its_counts_its_history_and_its_head() -> None:
    busy = drift_digest.draw(drifts.digest(summary=busy_picture()), as_chart=False)

    said = "\n".join(plain_text.lines(busy))

    for expected in (
        "59 rows have drifted",
        "5 newly drifted",
        "Drifted rows of the last 14 days",
        "Ledger head 4711:",
    ):
        assert expected in said
    assert "*" not in said
