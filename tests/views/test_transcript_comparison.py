"""An export of the channel against what was posted: Slack's own spelling is no edit, and every true edit is found."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from bot.slack.responder import payload_of
from bot.views import audit_lines
from bot.views.transcript_comparison import entries_missing_from
from tests.views.test_audit_lines import entry, many

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.domain.ledger_entry import Entry

TOLD = [
    entry({"outcome": "answered", "object": "PS100112", "detail": "👍💯ℹ️ 1️⃣ http://cm01/a & <b>"}, sequence=1),
    entry({"outcome": "refused", "object": "🚀 ops@contoso.com cm01.contoso.com", "reason": "guest"}, sequence=2),
    entry({"outcome": "done", "link": "https://contoso.slack.com/archives/C0/p1", "plan": ["x" * 500]}, sequence=3),
]
SPELLINGS = [
    ("http://cm01/a", "<http://cm01/a>"),
    ("ops@contoso.com", "<mailto:ops@contoso.com|ops@contoso.com>"),
    ("cm01.contoso.com", "<http://cm01.contoso.com|cm01.contoso.com>"),
    ("🚀", ":rocket:"),
    ("👍", ":+1:"),
    ("💯", ":100:"),
    ("ℹ️", ":information_source:"),
    ("1️⃣", ":one:"),
    ("▫️", ":white_small_square:"),
    ("⛔", ":no_entry:"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("@Ada Lovelace", "@Ada King"),
    (" → ", "  →  "),
]


def exported(entries: list[Entry]) -> dict[str, Any]:
    """Return what an export holds of the message that told these entries."""
    message: dict[str, Any] = deepcopy(payload_of(audit_lines.draw(entries, lambda _: "Ada Lovelace")))
    for number, block in enumerate(message["blocks"]):
        block["block_id"] = f"b{number}"
    return message


def changed(entries: list[Entry], old: str, new: str) -> dict[str, Any]:
    message = exported(entries)
    dumped = json.dumps(message, ensure_ascii=False)
    assert old in dumped
    changed: dict[str, Any] = json.loads(dumped.replace(old, new))
    return changed


@given(many())
def test_what_was_posted_says_what_was_posted(entries: list[Entry]) -> None:
    told = entries[: audit_lines.entries_that_fit(entries)]

    assert entries_missing_from(told, exported(told)) == []


@pytest.mark.parametrize(("ours", "slack_s"), SPELLINGS, ids=[slack_s for _, slack_s in SPELLINGS])
def test_a_spelling_that_is_slack_s_is_no_edit(ours: str, slack_s: str) -> None:
    assert entries_missing_from(TOLD, changed(TOLD, ours, slack_s)) == []


@pytest.mark.parametrize(
    "link", ["slack://user?team=T0CONTOSO&amp;id=U000000ADA", "https://contoso.enterprise.slack.com/team/U000000ADA"]
)
def test_lines_of_older_versions_and_of_other_addresses_of_the_workspace_say_the_same(link: str) -> None:
    assert entries_missing_from(TOLD, changed(TOLD, f"{audit_lines.WEB}team/U000000ADA", link)) == []


def test_a_foreign_address_that_looks_like_a_profile_is_compared_as_what_it_is() -> None:
    told = [entry({"outcome": "answered", "object": "http://cm01/team/x"}, sequence=1)]

    assert entries_missing_from(told, changed(told, "http://cm01/team/x", "<http://cm01/team/x>")) == []


@pytest.mark.parametrize("also", ["blocks", "text only"])
@pytest.mark.parametrize(
    ("old", "new", "sequences"),
    [
        ("PS100112", "PS100113", [1]),
        ("07:30:01", "07:31:01", [1]),
        ("refused: guest", "answered", [2]),
        ("http://cm01/a", "http://cm01/b", [1]),
        ("#3", "#4", [3]),
        (TOLD[1].short_hash, "0" * 8, [2]),
        ("U000000ADA", "U00000GRACE", [1, 2, 3]),
    ],
)
def test_the_lines_that_were_edited_are_named(old: str, new: str, sequences: list[int], also: str) -> None:
    message = changed(TOLD, old, new)
    if also == "text only":
        del message["blocks"]

    assert [each.sequence for each in entries_missing_from(TOLD, message)] == sequences


@pytest.mark.parametrize(
    "change",
    [
        lambda message: message["blocks"].pop(0),
        lambda message: message["blocks"].append(
            {"type": "section", "text": {"type": "mrkdwn", "text": "all is well"}}
        ),
        lambda message: message.update(blocks=[{"type": "markdown", "text": "all is well"}]),
        lambda message: message.update(text=""),
        lambda message: message.update(text=None),
        lambda message: message.update(text=message["text"].replace("\n", "")),
    ],
)
def test_lines_that_came_or_went_make_all_of_the_message_wrong(change: Callable[[dict[str, Any]], object]) -> None:
    message = exported(TOLD)
    change(message)

    assert entries_missing_from(TOLD, message) == TOLD


def test_what_the_text_had_no_room_for_is_found_in_the_blocks() -> None:
    entries = [entry({"outcome": "answered", "detail": "y" * 158 + "!"}, sequence=number) for number in range(1, 30)]
    told = entries[: audit_lines.entries_that_fit(entries)]
    message = exported(told)
    assert "!" not in message["text"]
    message["blocks"][0]["text"]["text"] = message["blocks"][0]["text"]["text"].replace("!", "?", 1)

    assert entries_missing_from(told, message) == told[:1]
