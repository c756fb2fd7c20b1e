"""What is written for the compiler; what it makes of that, `python -m tests.slack_types` sees at every run of CI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests import payloads
from tests.slack_types.judging import HEAD, MISSING, constants, distinct, errors, read

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CHART = {"type": "data_visualization", "title": "x", "chart": {}}
DIVIDER = {"type": "divider"}


def section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def test_of_a_log_is_kept_what_the_app_brought_and_the_workspace_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payloads, "_KEPT", set())
    home = {"type": "home", "blocks": [DIVIDER]}
    log = [
        {"method": "chat.postMessage", "ok": True, "args": {"channel": "C1", "blocks": json.dumps([section("form")])}},
        {"method": "chat.update", "ok": True, "args": {"blocks": [section("JSON")]}},
        {"method": "chat.update", "ok": False, "args": {"blocks": [section("refused")]}},
        {"kind": "response_url", "ok": True, "args": {"text": "words alone"}},
        {"kind": "response_url", "ok": True, "args": {"blocks": [section("answer")]}},
        {"method": "views.publish", "ok": True, "args": {"view": home}},
        {"kind": "envelope", "ok": True, "payload": {"view": {"type": "modal", "id": "V1"}}},
        {"kind": "ack", "ok": True, "payload": {"response_action": "update", "view": {"type": "modal"}}},
        {"kind": "ack", "ok": True},
        {"kind": "connected", "ok": True, "connections": 1},
    ]

    payloads.keep(log, str(tmp_path))
    payloads.keep(log, str(tmp_path))

    (file,) = tmp_path.iterdir()
    kept = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [document.pop("from") for document in kept] == [
        "tests/slack_types/test_judging.py::test_of_a_log_is_kept_what_the_app_brought_and_the_workspace_accepted"
    ] * len(kept)
    assert kept == [
        {"blocks": [section("form")]},
        {"blocks": [section("JSON")]},
        {"blocks": [section("answer")]},
        {"view": home},
        {"view": {"type": "modal"}},
    ]


def test_messages_and_views_are_read_as_what_they_are() -> None:
    modal = {"type": "modal", "blocks": [DIVIDER]}

    found = read({"view": modal}, "a") + read(modal, "b") + read({"text": "x", "blocks": [DIVIDER]}, "c")

    assert [(each.kind, each.source) for each in found] == [("modal", "a"), ("modal", "b"), ("blocks", "c")]
    assert read({"text": "words alone"}, "d") == []


def test_payloads_that_differ_in_words_alone_are_judged_once_and_every_other_difference_again() -> None:
    verbose = section("x") | {"expand": True}
    told = [section("one"), section("two"), section("one") | {"text": {"type": "plain_text", "text": "x"}}, verbose]

    found = distinct(payload for block in told for payload in read({"blocks": [block]}, "a"))

    assert [each.content for each in found] == [[section("x")], [told[2]], [verbose]]


def test_a_word_where_slack_wants_none_keeps_its_kind() -> None:
    cells = [{"type": "raw_number", "value": value} for value in (7, "7", True, None, {"text": "seven"})]

    (found,) = distinct(read({"blocks": [{"type": "data_table", "rows": [cells]}]}, "a"))

    assert [cell["value"] for cell in found.content[0]["rows"][0]] == [1, "x", True, None, {"text": "x"}]


def test_only_a_block_whose_type_is_missing_is_left_out() -> None:
    home = {"type": "home", "blocks": [CHART, DIVIDER]}

    found = distinct(read({"blocks": [CHART, DIVIDER]}, "a") + read(home, "b"))

    assert CHART["type"] in MISSING
    assert [each.content for each in found] == [[DIVIDER], {"type": "home", "blocks": [DIVIDER]}]


def test_what_the_compiler_says_finds_its_payload() -> None:
    first = HEAD.count("\n") + 1
    assert (
        constants([("blocks", [DIVIDER])]).splitlines()[first - 1] == 'export const n1: blocks = [{"type": "divider"}];'
    )
    printed = (
        f"payloads.ts({first + 2},9): error TS2353: no such field\n"
        f"  Another line of the same error\n"
        f"payloads.ts({first + 2},40): error TS2322: and more\n"
        f"wrong.ts({first},1): error TS2322: as it should be\n"
    )

    assert errors(printed, "payloads") == {2: "TS2353: no such field\n  Another line of the same error"}
    assert errors(printed, "wrong") == {0: "TS2322: as it should be"}
