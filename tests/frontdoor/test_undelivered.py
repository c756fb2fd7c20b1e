"""Cards and digests that Slack does not take: nobody is left without a word, and what waits comes by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.cli.demo_history import write_history
from bot.demo.launch import DIGEST, digest_settings
from tests.builders import nal_path
from tests.frontdoor.audit_trail import audit_messages
from tests.frontdoor.check_command import check
from tests.frontdoor.message_content import block_types, buttons, visible_text
from tests.frontdoor.resets import (
    APPROVALS,
    APPROVE,
    FAST_TIMING,
    WHY,
    approve,
    ask_for,
    card_of,
    direct,
    entered,
    entries,
    form,
    fresh_id,
    id_of,
    ids,
    options,
    post_as_the_app,
    press,
    refusals,
    submit,
    vote_buttons,
    wait_for_form,
)
from tests.frontdoor.sites import change
from tests.frontdoor.test_health import Pages
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness import Json

CHANNEL = "C0APPROVALS"
WITHDRAW_OWN = "request_withdraw_own"
FOR_EVER = 10_000
LONG = 100
"""Seconds: longer than the longest pause between two tries."""


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    """Yield a harness without a bot."""
    with Harness(tmp_path, timing=FAST_TIMING) as harness:
        yield harness


def asked(harness: Harness, text: str) -> str:
    """Ask for a reset whose card does not come; return the request's id."""
    known = set(ids(harness))
    form(harness, "ada", text)
    assert submit(harness, "ada")["errors"] == {}
    return harness.wait_for(lambda: next(iter(set(ids(harness)) - known), None))


def cards(harness: Harness) -> list[Json]:
    """Return every message in the approvals channel."""
    return [message for message in harness.messages(APPROVALS, "grace") if not message["ephemeral"]]


@pytest.mark.parametrize(
    ("error", "times", "kind"),
    [
        ("invalid_blocks", 1, "table"),
        ("msg_blocks_too_long", 2, "section"),
        ("msg_too_long", 3, "section"),
        ("a_refusal_that_slack_invents_tomorrow", 3, "section"),
    ],
)
def test_a_card_that_slack_refuses_comes_in_a_simpler_form_with_its_buttons(
    harness: Harness, error: str, times: int, kind: str
) -> None:
    harness.start_bot()
    harness.faults("chat.postMessage", channel=CHANNEL, error=error, times=times)

    card = ask_for(harness, "PS100112 dp:LON-DP0*")

    assert "data_table" not in block_types(card)
    assert kind in block_types(card)
    assert vote_buttons(card) == {"Approve", "Reject", "Withdraw"}
    for said in ("LON-DP01", "7 (3) → 0 (2)", "<@U000000ADA>", id_of(card), "2 different approvers"):
        assert said in visible_text(card)
    assert len(cards(harness)) == 1
    approve(harness, card, "grace", "linus")
    card_of(harness, id_of(card), "applied")


def test_a_card_that_slack_takes_in_no_form_leaves_nobody_in_the_dark_and_comes_by_itself(harness: Harness) -> None:
    harness.start_bot(health__address="127.0.0.1:0")
    pages = Pages(harness)
    harness.faults("chat.postMessage", channel=CHANNEL, error="invalid_blocks", times=6)
    request_id = asked(harness, "PS100112 dp:LON-DP01")

    message = direct(harness, "ada", "invalid_blocks")
    assert request_id in message["text"]
    assert "Withdraw" in buttons(message)
    harness.wait_for(lambda: any(request_id in each and "invalid_blocks" in each for each in waiting(pages)))
    assert pages.get("/readyz")[0] == 200
    samples = pages.samples()
    assert samples['pkgstatus_messages_refused{kind="card"}'] == 1
    assert samples['pkgstatus_messages_waiting{kind="card"}'] == 1

    card = card_of(harness, request_id)

    harness.wait_for(lambda: "Approve" in buttons(card_of(harness, request_id)))
    assert vote_buttons(card_of(harness, request_id)) == {"Approve", "Reject", "Withdraw"}
    assert card["channel"] == CHANNEL
    direct(harness, "ada", "waits for 2 approvals")
    harness.wait_for(lambda: not waiting(pages))


def waiting(pages: Pages) -> list[str]:
    found: list[str] = pages.readiness()["waiting"]
    return found


@pytest.mark.parametrize("error", ["not_in_channel", "is_archived", "restricted_action", "missing_scope"])
def test_a_channel_that_does_not_take_the_card_is_told_found_and_can_be_waited_out_or_withdrawn(
    harness: Harness, tmp_path: Path, error: str
) -> None:
    harness.start_bot()
    harness.faults("chat.postMessage", channel=CHANNEL, error=error, times=FOR_EVER)
    first, second = asked(harness, "PS100112 dp:LON-DP01"), asked(harness, "PS100112 dp:LON-DP02")

    for request_id in (first, second):
        assert error in direct(harness, "ada", f"request `{request_id}`")["text"]
    listed = harness.ask("ada", "requests")
    assert visible_text(listed).count(error) == 2
    assert "Withdraw" not in buttons(harness.ask("grace", "requests"))
    harness.do("open_home", user="ada")
    home = harness.wait_for(lambda: harness.query("home", user="ada")["view"])
    assert error in visible_text(home)
    found = check(harness.settings, tmp_path)
    assert found.code == 1
    assert error in found.wrong[f"card {first}"]

    form(harness, "ada", "PS100112 dp:LON-DP01")
    submit(harness, "ada")
    again = direct(harness, "ada", "in another open request already")
    assert first in again["text"]
    assert error in again["text"]
    harness.click("ada", again, WITHDRAW_OWN)
    direct(harness, "ada", "is withdrawn")
    harness.do("faults", clear=True)

    card = harness.wait_for(lambda: next(iter(cards(harness)), None), LONG)
    assert id_of(card) == second, "the request that was withdrawn gets no card any more"


def test_a_request_without_a_card_is_withdrawn_from_the_list_and_from_home(harness: Harness) -> None:
    harness.start_bot()
    harness.faults("chat.postMessage", channel=CHANNEL, error="not_in_channel", times=FOR_EVER)
    first, second = asked(harness, "PS100112 dp:LON-DP01"), asked(harness, "PS100112 dp:LON-DP02")
    listed = harness.ask("ada", "requests")
    harness.click("ada", listed, WITHDRAW_OWN, pressed(listed, first))
    ended(harness, first)
    harness.do("open_home", user="ada")

    view = harness.wait_for(lambda: with_button(harness.query("home", user="ada")["view"], second))
    harness.do("click", user="ada", view_id=view["id"], action_id=WITHDRAW_OWN, value=pressed(view, second))

    ended(harness, second)


def test_who_asks_again_while_the_channel_is_archived_hears_which_request_waits_and_what_to_do(
    harness: Harness,
) -> None:
    harness.start_bot()
    harness.faults("chat.postMessage", channel=CHANNEL, error="is_archived", times=FOR_EVER)
    request_id = asked(harness, "PS100112 dp:LON-DP01")
    harness.do("channel", id=CHANNEL, is_archived=True)

    table = harness.ask("ada", "PS100112 dp:LON-DP01")
    harness.click("ada", table, "status_request")

    view = harness.wait_for(lambda: with_button(top_view(harness), request_id))
    assert "archived" in visible_text(view)
    assert "/pkgstatus requests" in visible_text(view)


def top_view(harness: Harness) -> Json | None:
    """Return the window that Ada has open."""
    views = harness.query("views", user="ada")["views"]
    return dict(views[-1]) if views else None


def pressed(place: Json, request_id: str) -> str:
    """Return the value of the button that withdraws a request."""
    (value,) = {
        block["accessory"]["value"]
        for block in place["blocks"]
        if block.get("accessory", {}).get("action_id") == WITHDRAW_OWN and request_id in block["accessory"]["value"]
    }
    return str(value)


def with_button(view: Json | None, request_id: str) -> Json | None:
    """Return a Home that has the button that withdraws a request."""
    return view if view and request_id in json.dumps(view["blocks"]) else None


def ended(harness: Harness, request_id: str) -> None:
    """Wait until a request is withdrawn."""
    harness.wait_for(lambda: [e for e in entries(harness, "withdrawn") if e.stream == f"request {request_id}"])


def test_a_post_that_slack_took_and_called_failed_leaves_one_card_that_can_be_pressed(harness: Harness) -> None:
    harness.start_bot()
    harness.faults("chat.postMessage", channel=CHANNEL, status=500, after_effect=True)

    newest = ask_for(harness, "PS100112 dp:LON-DP01")

    older, newer = cards(harness)
    assert (vote_buttons(older), newer["ts"]) == (set(), newest["ts"])
    assert "not the request's card" in visible_text(older)
    approve(harness, newest, "grace", "linus")


def test_a_click_on_an_old_card_leads_to_the_newest_and_the_old_one_says_that_it_was_replaced(harness: Harness) -> None:
    harness.start_bot()
    card = ask_for(harness, "PS100112 dp:LON-DP01")
    copy = post_as_the_app(harness, "chat.postMessage", channel=CHANNEL, text="old", blocks=card["blocks"])
    old = next(message for message in cards(harness) if message["ts"] == copy["ts"])

    refusal = press(harness, "grace", old, APPROVE)

    assert f"/archives/{CHANNEL}/p{card['ts'].replace('.', '')}" in refusal
    assert ("U00000GRACE", "foreign card") in refusals(harness)
    harness.wait_for(lambda: any("was replaced" in visible_text(m) for m in cards(harness) if m["ts"] == old["ts"]))
    redrawn = next(message for message in cards(harness) if message["ts"] == old["ts"])
    assert buttons(redrawn) == {}
    assert vote_buttons(card_of(harness, id_of(card), "waiting for votes")) == {"Approve", "Reject", "Withdraw"}


def test_audit_lines_that_may_stand_there_already_say_so(harness: Harness) -> None:
    harness.start_bot()
    harness.ask("ada", "help")
    harness.wait_for(lambda: audit_messages(harness))
    harness.faults("chat.postMessage", channel="C0SCCMAUDIT", status=500, after_effect=True)
    before = len(audit_messages(harness))

    harness.ask("ada", "requests")

    first, again = harness.wait_for(lambda: found if len(found := audit_messages(harness)[before:]) >= 2 else None)[:2]
    assert "repeat" not in first["text"]
    assert [line.replace(" (possible repeat)", "") for line in again["text"].split("\n")][
        : len(first["text"].split("\n"))
    ] == first["text"].split("\n")
    assert "(possible repeat)" in again["text"].split("\n")[0]


def test_a_digest_is_planned_then_refused_with_slacks_reason_then_posted_with_its_link(
    harness: Harness, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    harness.settings |= digest_settings(now)
    write_history(harness.settings, tmp_path, now.replace(second=0, microsecond=0))
    harness.faults("chat.postMessage", channel="C0SCCMOPS", error="is_archived", times=3)
    harness.start_bot(health__address="127.0.0.1:0")

    def of_digest(kind: str) -> list[Json]:
        return [dict(entry.facts) for entry in entries(harness, kind) if entry.stream == f"digest {DIGEST}"]

    (refused,) = harness.wait_for(lambda: of_digest("digest refused"), LONG)
    assert refused["reason"] == "is_archived"
    posted = harness.wait_for(lambda: [facts for facts in of_digest("digest posted") if "link" in facts], LONG)
    assert "/archives/C0SCCMOPS/p" in posted[0]["link"]
    planned = [facts for facts in of_digest("digest planned") if "at" in facts]
    assert len(planned) == len(posted) == 1


def test_a_row_that_moved_while_the_form_was_open_is_told_before_anything_is_requested(harness: Harness) -> None:
    harness.start_bot()
    known = ids(harness)
    view = form(harness, "ada", "PS100112 dp:LON-DP0*")
    assert len(options(view)) > 1
    change(harness.site, "UPDATE PkgStatus SET SourceVersion = 9 WHERE ID = 'PS100112' AND PkgServer LIKE '%LON-DP02%'")

    submit(harness, "ada", "laptops do not boot\nsince *Monday* & <nobody> knows why", ticket="INC-7")

    said = direct(harness, "ada", "so nothing was requested")
    assert "LON-DP02.contoso.com: 7 (Installed) in the form, 9 (Installed) now" in said["text"]
    assert "LON-DP01" not in said["text"]
    assert ids(harness) == known
    harness.click("ada", said, "status_request")
    anew = wait_for_form(harness, "ada")
    assert any("LON-DP02" in option["text"]["text"] and ", 9," in option["text"]["text"] for option in options(anew))
    assert entered(anew) == {"reason": "laptops do not boot\nsince *Monday* & <nobody> knows why", "ticket": "INC-7"}
    submit(harness, "ada")
    fresh_id(harness, set(known))


def test_a_row_that_a_long_form_did_not_list_is_told_too_and_its_filter_narrows_what_is_compared(
    harness: Harness,
) -> None:
    change(harness.site, *many_points("PS100112", 110))
    harness.start_bot()
    known = ids(harness)
    form(harness, "ada", "PS100112 dp:ROW*")
    moved = "UPDATE PkgStatus SET SourceVersion = 9 WHERE ID = 'PS100112' AND PkgServer LIKE"
    change(harness.site, f"{moved} '%ROW-DP109%'", f"{moved} '%LON-DP02%'")

    submit(harness, "ada", filter="dp:ROW-DP100")

    said = direct(harness, "ada", "so nothing was requested")
    assert "ROW-DP109.contoso.com: 9 (Installed) now, not so in the form" in said["text"]
    assert said["text"].count("•") == 1
    assert ids(harness) == known
    harness.click("ada", said, "status_request")
    wait_for_form(harness, "ada")
    assert submit(harness, "ada", filter="dp:ROW-DP100")["errors"] == {}
    fresh_id(harness, set(known))


def many_points(package_id: str, count: int) -> list[str]:
    """Return statements that give a package so many more distribution points, all behind for long."""
    statements = []
    for number in range(count):
        path = nal_path(f"ROW-DP{number:03}.contoso.com")
        point = "INSERT INTO DistributionPoints (DPID, NALPath, SMSSiteCode, Action) VALUES"
        statements.append(f"{point} ({900_000 + number}, '{path}', 'PS1', 0)")
        row = "INSERT INTO PkgStatus (PKID, ID, Type, SiteCode, PkgServer, Status, UpdateTime, SourceVersion) VALUES"
        of_row = f"'{package_id}', 2, 'PS1', '{path}', 3, '2020-01-01 00:00:00', 7"
        statements.append(f"{row} ({900_000 + number}, {of_row})")
    return statements


@pytest.mark.parametrize("why", ["frozen", "away", "too many", "held"])
def test_a_form_that_is_refused_for_now_opens_again_with_what_was_entered(harness: Harness, why: str) -> None:
    harness.start_bot(reset__max_rows=2)
    if why == "held":
        ask_for(harness, "PS100112 dp:LON-DP01")
    view = form(harness, "ada", "PS100112 dp:LON-DP0*")
    rows = [option["value"] for option in options(view)][: 3 if why == "too many" else 2]
    away = harness.site.with_suffix(".away")
    if why == "frozen":
        harness.ask("linus", "freeze site update")
    if why == "away":
        harness.site.rename(away)

    submit(harness, "ada", WHY, rows=rows, ticket="INC-7")

    said = harness.wait_for(
        lambda: next((m for m in harness.messages("@ada", "ada") if "Open the form again" in buttons(m)), None)
    )
    if why == "frozen":
        harness.ask("linus", "unfreeze")
    if why == "away":
        away.rename(harness.site)
    harness.click("ada", said, "status_request")
    anew = wait_for_form(harness, "ada", {view["id"]})
    assert entered(anew) == {"reason": WHY, "ticket": "INC-7"}
