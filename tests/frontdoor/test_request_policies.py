"""What settings and circumstances decide about requests: time, numbers, brakes, and whether the bot starts at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.message_content import visible_text
from tests.frontdoor.resets import (
    APPROVALS,
    FAST_TIMING,
    REQUEST,
    UNDO,
    apply,
    approve,
    ask_for,
    backups,
    card_of,
    direct,
    form,
    id_of,
    ids,
    in_thread,
    options,
    press,
    refusals,
    revive,
    site_rows,
    submit,
    vote_buttons,
    wait_for_form,
)
from tests.frontdoor.sites import change
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness import Json


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Yield a harness whose bot waits for nothing long."""
    with Harness(tmp_path_factory.mktemp("hasty"), timing=FAST_TIMING) as harness:
        harness.start_bot(approvals__expire_after="12s", watch__first_look="1s", watch__stall_after="2s")
        yield harness


def test_bots_with_different_rules_on_one_store_apply_nothing_and_say_so(fresh_harness: Harness) -> None:
    first = fresh_harness.start_bot()
    fresh_harness.start_bot(reset__max_rows=7)

    fresh_harness.wait_for(lambda: "has other settings for resets" in refused_form(fresh_harness))
    first.stop()

    assert ask_for(fresh_harness, "PS100112 dp:BOS-DP02*")


def refused_form(harness: Harness) -> str:
    """Ask for the form of a reset and return what it says."""
    return visible_text(form(harness, "ada", "PS100112 dp:BOS-DP02*"))


def test_a_request_reminds_once_at_half_time_and_expires(hasty: Harness) -> None:
    card = ask_for(hasty, "PS100112 dp:LON-DP01")
    approve(hasty, card, "grace")

    reminder = in_thread(hasty, card, "1 more approval needed until")
    assert "<!subteam^S0APPROVERS>" in visible_text(reminder)
    direct(hasty, "ada", "expired before two people had decided")
    final = card_of(hasty, id_of(card), "⚪ expired")
    assert vote_buttons(final) == set()
    revive(hasty, card)
    assert press(hasty, "linus", card).startswith("This request has expired")
    thread = hasty.messages(APPROVALS, "grace", card["ts"])
    assert sum("more approval" in visible_text(message) for message in thread) == 1
    assert site_rows(hasty.site, "PS100112")["LON-DP01"] == (7, 3)


def test_a_reset_that_nothing_comes_back_from_is_called_stalled_with_the_log_to_open_next(hasty: Harness) -> None:
    card = apply(hasty, ask_for(hasty, "PS100112 dp:LON-DP02"))

    stalled = card_of(hasty, id_of(card), "🟠 stalled")
    assert "Open distmgr.log at the source site" in visible_text(stalled)
    assert "0 of 1 row is back" in direct(hasty, "ada", "is stalled")["text"]
    change(hasty.site, "UPDATE PkgStatus SET SourceVersion = 13, Status = 3 WHERE SourceVersion = 0")
    card_of(hasty, id_of(card), "🟢 done")


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Yield a harness whose requesters count, and whose audit channel must not be behind."""
    with Harness(tmp_path_factory.mktemp("lenient"), timing=FAST_TIMING) as harness:
        harness.start_bot(approvals__requester_counts="true", audit__max_lag="6s", reset__max_rows="2")
        yield harness


def test_a_requester_who_counts_is_one_of_two_and_the_card_says_so(lenient: Harness) -> None:
    card = ask_for(lenient, "PS100112 dp:LON-DP01", "margaret")
    assert "2 different approvers, one of them may be the requester" in visible_text(card)

    approve(lenient, card, "margaret")
    assert press(lenient, "margaret", card).startswith("You have approved this already")
    assert backups(lenient.site) == []
    approve(lenient, card, "linus")

    assert "1 of 1 row changed" in visible_text(card_of(lenient, id_of(card), "changed, each"))
    assert [row[:2] for row in backups(lenient.site)] == [(id_of(card), 1)]


def test_more_rows_than_the_setting_allows_are_refused(lenient: Harness) -> None:
    known = ids(lenient)
    view = form(lenient, "ada", "PS100112 dp:MUC*")
    assert "at most 2 at once" in visible_text(view) + str(view["blocks"])
    submit(lenient, "ada", rows=[option["value"] for option in options(view)])

    direct(lenient, "ada", "4 rows are too many for one request; at most 2")
    assert ids(lenient) == known


def test_without_its_backup_table_nobody_is_asked_to_vote_and_the_dba_is_told_what_to_run(lenient: Harness) -> None:
    known = ids(lenient)
    change(lenient.site, "ALTER TABLE PkgStatus_BU RENAME TO away")
    table = lenient.ask("ada", "PS100112 dp:LON-DP04")
    lenient.click("ada", table, REQUEST)

    told = visible_text(wait_for_form(lenient, "ada"))

    change(lenient.site, "ALTER TABLE away RENAME TO PkgStatus_BU")
    assert "deploy/sql/backup_table.sqlserver.sql" in told
    assert ("U000000ADA", "no backup table") in refusals(lenient)
    assert ids(lenient) == known


def test_nothing_is_undone_where_it_cannot_be_read_whether_a_job_has_started(lenient: Harness) -> None:
    card = apply(lenient, ask_for(lenient, "PS100112 dp:MUC-DP01"))
    known = ids(lenient)
    change(lenient.site, "ALTER TABLE DistributionJobs RENAME TO away")
    lenient.wait_for(lambda: "not readable here: DistributionJobs" in visible_text(lenient.ask("ada", "PS100112")))

    told = press(lenient, "ada", card, UNDO)

    change(lenient.site, "ALTER TABLE away RENAME TO DistributionJobs")
    assert told.startswith("I cannot read this site's distribution jobs")
    assert ids(lenient) == known


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"is_ext_shared": True}, "The approvals channel is shared with another workspace"),
        ({"is_pending_ext_shared": True}, "The approvals channel is shared with another workspace"),
        ({"is_archived": True}, "The approvals channel is archived"),
        ({"members": ["U000000ADA", "U00000GRACE"]}, "I am not in the approvals channel"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_a_channel_that_is_not_fit_for_votes_ends_the_start_and_takes_no_requests(
    lenient: Harness, changes: Json, sentence: str
) -> None:
    fit: Json = {"members": ["U000000ADA", "U00000GRACE", "U00000LINUS", "U0MARGARET", "U0PKGBOT"]}
    fit |= {"is_ext_shared": False, "is_pending_ext_shared": False, "is_archived": False}
    lenient.do("channel", id="sccm-approvals", **changes)
    try:
        table = lenient.ask("ada", "PS100112 dp:LON-DP05")
        lenient.click("ada", table, REQUEST)
        assert sentence in visible_text(wait_for_form(lenient, "ada"))
        lenient.do("close", user="ada", all=True)
        bot = lenient.start_bot(connected=False)
        assert bot.wait() == 5
        assert any(line.startswith(sentence) for line in bot.log().splitlines())
    finally:
        lenient.do("channel", id="sccm-approvals", **fit)
        lenient.bots[:] = lenient.bots[:1]


@pytest.mark.parametrize(
    ("overrides", "code", "sentence"),
    [
        ({"approvers__groups": [], "approvers__users": ["U00000GRACE"]}, 2, "PKGSTATUS_APPROVERS names fewer than two"),
        ({"approvers__groups": [], "approvers__users": ["U00000GRACE", "U000000GUS"]}, 5, "1 person could approve"),
        ({"approvers__groups": [], "approvers__users": ["U00000GRACE", "U000000OLGA"]}, 5, "1 person could approve"),
        ({"approvers__groups": [], "approvers__users": ["U00000GRACE", "U0PKGBOT"]}, 5, "1 person could approve"),
        ({"approvers__groups": ["S0NOBODY"]}, 5, "Slack does not say who the approvers are"),
    ],
)
def test_the_bot_does_not_start_where_two_people_can_never_approve(
    lenient: Harness, overrides: Json, code: int, sentence: str
) -> None:
    try:
        given: Json = {name: json.dumps(value) for name, value in overrides.items()}
        bot = lenient.start_bot(connected=False, **given)

        assert bot.wait() == code
        assert sentence in bot.log()
    finally:
        lenient.bots[:] = lenient.bots[:1]


def test_a_group_that_became_too_small_takes_no_more_requests(lenient: Harness) -> None:
    lenient.do("group", id="S0APPROVERS", users=["U00000GRACE"])
    table = lenient.ask("ada", "PS100112 dp:LON-DP05")
    lenient.click("ada", table, REQUEST)

    assert "Fewer than two people could approve this" in visible_text(wait_for_form(lenient, "ada"))

    lenient.do("group", id="S0APPROVERS", users=["U00000GRACE", "U00000LINUS", "U0MARGARET"])
    assert ("U000000ADA", "too few approvers") in refusals(lenient)


def test_nobody_votes_while_the_audit_channel_is_behind(lenient: Harness) -> None:
    card = ask_for(lenient, "PS100112 dp:LON-DP03")
    lenient.faults("chat.postMessage", error="internal_error", times=1000)

    told = lenient.wait_for(lambda: behind(lenient, card))

    assert told.startswith("The audit channel is too far behind")
    assert refusals(lenient)[-1] == ("U00000GRACE", "audit behind")
    lenient.do("faults", clear=True)
    lenient.wait_for(lambda: behind(lenient, card) is None)


def behind(harness: Harness, card: Json) -> str | None:
    """Press as Grace, who has voted before if the channel was not behind yet; return the refusal for the lag."""
    told = press(harness, "grace", card)
    return told if "too far behind" in told else None
