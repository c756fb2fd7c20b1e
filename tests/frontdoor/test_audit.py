"""Every action leaves an entry before its answer leaves, and the audit channel tells them all, in order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.audit_trail import (
    AUDIT,
    assert_audit_trail_complete,
    audit_messages,
    entries,
    lines,
    lines_of,
    newest_sequence,
    store_path,
    wait_until_delivered,
)
from tests.frontdoor.message_content import CSV, NEXT, visible_text
from tests.frontdoor.sites import locked
from tests.harness import Harness

if TYPE_CHECKING:
    from tests.frontdoor.audit_trail import Recorded
    from tests.harness import Json

ANSWER = "PS100112 Boot image (x64), source version 13: "
FACTS = "audit_facts"
IDS = {"ada": "U000000ADA", "grace": "U00000GRACE", "gus": "U000000GUS", "olga": "U000000OLGA"}
MENTION = re.compile(r"<[@!#][^>]*>")
PERSON = re.compile(r"<http://127\.0\.0\.1:\d+/team/(\w+)\|@[^<>]+>")


@pytest.mark.parametrize(
    ("user", "typed", "kind", "outcome", "reason"),
    [
        ("ada", "PS100112", "looked up", "answered", ""),
        ("ada", "ps100112 behind site:P02", "looked up", "answered", ""),
        ("ada", "PS1FFFFF", "looked up", "refused", "unknown package"),
        ("ada", "PS100112 purple", "asked", "refused", "unknown filter"),
        ("ada", "nonsense", "asked", "refused", "bad ID"),
        ("ada", "find boot image", "searched", "answered", ""),
        ("ada", "find", "asked", "refused", "nothing to find"),
        ("ada", "help", "asked for help", "answered", ""),
        ("ada", "requests", "listed requests", "answered", ""),
        ("ada", "history PS100112", "read the history", "answered", ""),
        ("grace", "freeze", "asked", "refused", "no reason"),
        ("ada", "freeze it", "freeze", "refused", "not an approver"),
        ("ada", "unfreeze", "unfreeze", "refused", "not an approver"),
        ("gus", "PS100112", "looked up", "refused", "guest"),
        ("gus", "find boot image", "searched", "refused", "guest"),
        ("gus", "requests", "listed requests", "refused", "guest"),
        ("olga", "PS100112", "/pkgstatus", "refused", "other workspace"),
    ],
)
def test_a_command_is_recorded_with_who_and_outcome(
    harness: Harness, user: str, typed: str, kind: str, outcome: str, reason: str
) -> None:
    before = newest_sequence(harness)

    harness.command(user, typed, force=True)
    harness.answer_to(user)

    (entry,) = entries(harness, before)
    assert (entry.kind, entry.facts["outcome"]) == (kind, outcome)
    assert entry.facts.get("reason", "").startswith(reason)
    assert entry.user == IDS[user]
    assert entry.team == ("T0FABRIKAM" if user == "olga" else "T0CONTOSO")


def test_turned_pages_and_exports_are_recorded(harness: Harness) -> None:
    answer = harness.ask("ada", "PS100112")
    before = newest_sequence(harness)

    harness.click("ada", answer, CSV)
    harness.answer_to("ada")
    harness.click("gus", answer, CSV)
    harness.answer_to("gus")

    done, refused = entries(harness, before)
    assert done.in_short == ("exported CSV", "answered", "")
    assert (done.facts["object"], done.facts["detail"]) == ("PS100112", "41 rows")
    assert refused.in_short == ("exported CSV", "refused", "guest")


def test_a_table_with_pages_leaves_an_entry_for_each_turn(tmp_path: Path) -> None:
    with Harness(tmp_path, rows=1000) as harness:
        harness.start_bot()
        answer = harness.ask("ada", "BIG00001")
        before = newest_sequence(harness)

        harness.click("ada", answer, NEXT)

        turned = harness.wait_for(lambda: entries(harness, before))
        assert turned[0].in_short == ("turned a page", "answered", "")
        assert turned[0].facts["detail"].startswith("from row ")


def test_an_entry_is_there_before_its_answer(harness: Harness) -> None:
    before = newest_sequence(harness)
    harness.faults("response_url", delay_s=1.5)

    harness.command("ada", "PS100112")

    (entry,) = harness.wait_for(lambda: entries(harness, before))
    assert entry.kind == "looked up"
    assert harness.answers() == []
    assert harness.answer_to("ada")["text"].startswith(ANSWER)


def test_the_channel_tells_every_entry_in_order_and_names_who_acted_without_pinging_them(harness: Harness) -> None:
    harness.ask("ada", "PS100112")
    recorded = wait_until_delivered(harness)

    assert lines(harness) == lines_of(recorded), "no line is repeated while nothing goes wrong"
    for message in audit_messages(harness):
        shown = visible_text({"blocks": message["blocks"]})
        assert not MENTION.search(message["text"] + shown)
        by_number = {entry.sequence: entry for entry in recorded}
        for line in shown.split("\n"):
            entry = by_number[int(re.findall(r"`#(\d+)`", line)[0])] if "`#" in line else None
            assert PERSON.findall(line) == ([entry.user] if entry and entry.user else [])
    assert "|@Ada Lovelace> looked up PS100112" in str([message["blocks"] for message in audit_messages(harness)])


def test_a_refusal_looks_different_from_a_deed(harness: Harness) -> None:
    before = newest_sequence(harness)
    harness.ask("ada", "help")
    harness.ask("ada", "nonsense")
    harness.ask("ada", "PS100112")
    wait_until_delivered(harness)

    shown = "\n".join(visible_text({"blocks": message["blocks"]}) for message in audit_messages(harness)).split("\n")
    marks = {line.split("`#")[1].split("`")[0]: line[0] for line in shown if "`#" in line}
    helped, refused, answered = (marks[str(before + number)] for number in (1, 2, 3))
    assert helped == answered != refused


def test_long_facts_are_behind_a_button_and_reading_them_is_recorded(harness: Harness) -> None:
    why = "storage maintenance & <more> " * 10
    harness.ask("grace", f"freeze {why}")
    harness.ask("grace", "unfreeze")
    froze = next(entry for entry in entries(harness) if entry.kind == "froze resets")
    wait_until_delivered(harness)
    message = next(message for message in audit_messages(harness) if FACTS in str(message["blocks"]))
    before = newest_sequence(harness)

    harness.click("linus", message, FACTS, value=str(froze.sequence))

    assert froze.hash in visible_text(whisper(harness, "linus"))
    assert entries(harness, before)[0].in_short == ("read an entry", "answered", "")


def test_a_guest_of_the_audit_channel_may_not_read_facts(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    fresh_harness.do("channel", id="C0SCCMAUDIT", members=["U0PKGBOT", IDS["gus"], IDS["ada"]])
    fresh_harness.ask("grace", f"freeze {'why ' * 120}")
    wait_until_delivered(fresh_harness)
    message = next(message for message in audit_messages(fresh_harness) if FACTS in str(message["blocks"]))
    before = newest_sequence(fresh_harness)

    fresh_harness.click("gus", message, FACTS)

    assert "Guests cannot use this" in whisper(fresh_harness, "gus")["text"]
    assert entries(fresh_harness, before)[0].in_short == ("read an entry", "refused", "guest")


def test_facts_too_long_for_a_message_come_as_a_file_and_a_failing_upload_is_said(harness: Harness) -> None:
    harness.ask("grace", "freeze " + "x" * 200 + " y" * 900)
    harness.ask("grace", "unfreeze")
    froze = [entry for entry in entries(harness) if entry.kind == "froze resets"][-1]
    wait_until_delivered(harness)
    message = [message for message in audit_messages(harness) if FACTS in str(message["blocks"])][-1]

    harness.click("linus", message, FACTS, value=str(froze.sequence))
    (file,) = harness.wait_for(lambda: harness.query("files", user="linus")["files"])
    assert file["name"] == f"entry-{froze.sequence}.json"
    assert froze.facts["reason_given"] in file["text"]

    harness.faults("files.getUploadURLExternal", error="internal_error")
    harness.click("linus", message, FACTS, value=str(froze.sequence))
    assert whisper(harness, "linus")["text"]


def test_start_and_stop_are_recorded_with_a_fingerprint_that_changes_with_the_settings_only(
    fresh_harness: Harness,
) -> None:
    many = [f"U0APPROVER{number}" for number in range(8)]
    for users in (many, many[::-1], many[:-1]):
        fresh_harness.start_bot(approvers__users=[*users, "U00000GRACE", "U00000LINUS"])
        assert fresh_harness.stop_bot() == 0

    recorded = [entry for entry in entries(fresh_harness) if entry.kind in {"started", "stopped"}]
    assert [entry.kind for entry in recorded] == ["started", "stopped"] * 3
    assert {(entry.user, entry.team) for entry in recorded} == {("", "")}
    first, same, other = (entry.facts["settings"] for entry in recorded if entry.kind == "started")
    assert first == same != other


def test_no_secret_is_in_the_store_or_in_the_channel(fresh_harness: Harness) -> None:
    secrets = [fresh_harness.workspace.bot_token, fresh_harness.workspace.app_token, str(fresh_harness.site)]
    fresh_harness.start_bot()
    fresh_harness.ask("ada", "PS100112")
    wait_until_delivered(fresh_harness)
    fresh_harness.stop_bot()

    kept = b"".join(path.read_bytes() for path in Path(store_path(fresh_harness)).parent.glob("store.db*")).decode(
        errors="replace"
    )
    assert "PS100112" in kept
    shown = str(fresh_harness.messages(AUDIT))
    assert [secret for secret in secrets if secret in kept or secret in shown] == []


def test_a_lost_connection_and_its_return_are_recorded(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    before = newest_sequence(fresh_harness)
    fresh_harness.socket("refuse")
    fresh_harness.socket("drop")
    (lost,) = fresh_harness.wait_for(lambda: entries(fresh_harness, before))
    fresh_harness.socket("accept")

    back = fresh_harness.wait_for(lambda: entries(fresh_harness, lost.sequence))

    assert [lost.kind, back[0].kind] == ["connection lost", "connection back"]
    assert_audit_trail_complete(fresh_harness)


def test_a_site_database_that_fails_and_comes_back_is_recorded_once_each(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    before = newest_sequence(fresh_harness)
    away = fresh_harness.site.rename(fresh_harness.site.with_name("away.db"))
    fresh_harness.ask("ada", "PS100112")
    fresh_harness.ask("ada", "PS100112")
    away.rename(fresh_harness.site)
    fresh_harness.ask("ada", "PS100112")

    # The first scan may fall into the outage too, and records that for itself.
    recorded = [entry for entry in entries(fresh_harness, before) if entry.kind != "scan failed"]

    assert [entry.kind for entry in recorded] == [
        "site database failed",
        "/pkgstatus",
        "/pkgstatus",
        "site database back",
        "looked up",
    ]
    assert [entry.facts["outcome"] for entry in recorded[1:3]] == ["failed"] * 2
    assert "PS1" in recorded[0].facts["detail"]


def test_who_was_sent_away_by_a_busy_bot_is_recorded(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(work__workers=1, work__waiting=0)
    before = newest_sequence(fresh_harness)

    with locked(fresh_harness.site):
        fresh_harness.command("ada", "PS100112")
        busy = fresh_harness.wait_for(lambda: fresh_harness.command("grace", "PS100112")["response"])

    assert "busy" in busy["text"]
    refused = [entry for entry in entries(fresh_harness, before) if entry.facts["outcome"] == "refused"]
    assert {(entry.user, entry.facts["reason"]) for entry in refused} == {(IDS["grace"], "busy")}


def test_what_is_delivered_twice_is_recorded_once(harness: Harness) -> None:
    before, repeated = newest_sequence(harness), harness.log().count("delivered again")
    harness.ask("ada", "PS100112")
    harness.socket("redeliver_last")
    harness.wait_for(lambda: harness.log().count("delivered again") > repeated)
    harness.ask("ada", "help")

    assert kinds(entries(harness, before)) == ["looked up", "asked for help"]


def test_the_channel_tells_everything_in_order_through_a_row_of_failures(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    fresh_harness.faults("chat.postMessage", status=429, retry_after=2)
    fresh_harness.faults("chat.postMessage", error="channel_not_found")
    fresh_harness.faults("chat.postMessage", status=500, after_effect=True)
    for number in range(8):
        fresh_harness.ask("ada", f"PS10011{number}")

    assert_audit_trail_complete(fresh_harness)
    assert fresh_harness.log().count("not delivered; trying again") == 3
    repeated = [line for line in set(lines(fresh_harness)) if lines(fresh_harness).count(line) == 2]
    assert repeated, "what arrived although Slack said it failed comes again"


def test_an_archived_audit_channel_is_told_to_the_admin_and_caught_up_with_when_it_is_back(
    fresh_harness: Harness,
) -> None:
    fresh_harness.start_bot()
    fresh_harness.do("channel", id="C0SCCMAUDIT", is_archived=True)
    shown = lines(fresh_harness)
    fresh_harness.ask("ada", "PS100112")
    fresh_harness.ask("grace", "nonsense")
    fresh_harness.wait_for(lambda: '"is_archived"' in fresh_harness.log())
    assert lines(fresh_harness) == shown

    fresh_harness.do("channel", id="C0SCCMAUDIT", is_archived=False)

    assert_audit_trail_complete(fresh_harness)


def test_a_trail_that_was_behind_at_a_stop_is_told_after_the_next_start(fresh_harness: Harness) -> None:
    fresh_harness.faults("chat.postMessage", status=503, times=1000)
    fresh_harness.start_bot()
    for number in range(5):
        fresh_harness.ask("ada", f"PS10011{number}")
    fresh_harness.stop_bot()
    assert lines(fresh_harness) == []

    fresh_harness.do("faults", clear=True)
    fresh_harness.start_bot()

    assert_audit_trail_complete(fresh_harness)
    assert kinds(entries(fresh_harness))[-2:] == ["stopped", "started"]


def test_an_answer_that_can_go_nowhere_now_comes_by_direct_message_when_slack_is_back(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    fresh_harness.faults("response_url", status=404, error="expired_url")
    fresh_harness.faults("chat.postMessage", status=503, times=1000)
    before = newest_sequence(fresh_harness)

    fresh_harness.command("linus", "PS100112")
    fresh_harness.wait_for(lambda: "answered by direct message" in kinds(entries(fresh_harness, before)))
    fresh_harness.do("faults", clear=True)

    answer = fresh_harness.wait_for(lambda: fresh_harness.answers("linus", "@linus"))[0]
    assert answer["text"].startswith(ANSWER)
    assert fresh_harness.answers("linus") == []
    assert_audit_trail_complete(fresh_harness)


def whisper(harness: Harness, user: str) -> Json:
    """Return what only this person was told in the audit channel since their click."""
    return harness.wait_for(lambda: next((m for m in harness.answers(user, AUDIT) if m["ephemeral"]), None))


def kinds(recorded: list[Recorded]) -> list[str]:
    return [entry.kind for entry in recorded]
