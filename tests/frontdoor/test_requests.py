"""The story of a reset from the workspace to the database and back: asked, voted on, applied, watched, undone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.demo.sample.distribution_manager import step
from tests.frontdoor.message_content import buttons, column, visible_text
from tests.frontdoor.resets import (
    AGAIN,
    APPROVALS,
    AUDIT,
    FAST_TIMING,
    PLAN,
    REQUEST,
    UNDO,
    WHY,
    WITHDRAW,
    apply,
    approve,
    ask_for,
    backups,
    card_of,
    chosen,
    direct,
    entered,
    entries,
    form,
    fresh_id,
    id_of,
    ids,
    in_thread,
    options,
    post_as_the_app,
    press,
    refusals,
    reject,
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
    from pathlib import Path

    from tests.harness import Json

BEFORE, AFTER = (7, 3), (0, 2)


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Yield a harness with a bot; each test asks for rows of its own."""
    with Harness(tmp_path_factory.mktemp("harness"), timing=FAST_TIMING) as harness:
        harness.start_bot()
        yield harness


@pytest.fixture
def fresh_harness(tmp_path: Path) -> Iterator[Harness]:
    """Yield a harness without a bot."""
    with Harness(tmp_path, timing=FAST_TIMING) as harness:
        yield harness


def test_the_whole_story(fresh_harness: Harness) -> None:
    harness = fresh_harness
    harness.start_bot(watch__first_look="1s")
    before = site_rows(harness.site, "PS100112")

    view = form(harness, "ada", "PS100112")
    offered = options(view)
    assert "UPDATE dbo.PkgStatus SET SourceVersion = 0, Status = 2 WHERE ID" in visible_text(view)
    assert len(offered) == 20
    assert chosen(view) == offered, "all rows are chosen at first"
    values = [option["value"] for option in offered if "NYC" not in option["text"]["text"]]
    assert submit(harness, "ada", rows=values, ticket="INC-42")["errors"] == {}
    request_id = fresh_id(harness, set())
    card = card_of(harness, request_id)
    for part in ("waiting for votes", WHY, "INC-42", "<@U000000ADA>", "2 different approvers, not the requester"):
        assert part in visible_text(card)
    assert "<!subteam^S0APPROVERS>" in visible_text(card)
    assert len(column(card, "Server")) == 19
    assert vote_buttons(card) == {"Approve", "Reject", "Withdraw"}
    assert "19 rows" in str(buttons(card)["Approve"]["confirm"])
    assert (
        f"/archives/C0APPROVALS/p{card['ts'].replace('.', '')}"
        in direct(harness, "ada", "waits for 2 approvals")["text"]
    )

    assert press(harness, "ada", card).startswith("You made this request")
    assert "1 of 2" in press(harness, "grace", card)
    assert site_rows(harness.site, "PS100112") == before, "one approval changes nothing"
    assert "will be applied now" in press(harness, "linus", card)

    card = card_of(harness, request_id, "19 of 19 rows changed, each with its backup")
    assert vote_buttons(card) == set()
    assert [f"✅ <@{user}> approved" in visible_text(card) for user in ("U00000GRACE", "U00000LINUS")] == [True, True]
    after = site_rows(harness.site, "PS100112")
    changed = {server for server, reads in after.items() if reads != before[server]}
    assert {after[server] for server in changed} == {AFTER}
    assert len(changed) == 19
    assert after["NYC-DP03"] == BEFORE, "it was taken out"
    kept = backups(harness.site)
    assert [(request, number) for request, number, *_ in kept] == [(request_id, n) for n in range(1, 20)]
    assert {server: (version, status) for _, _, server, version, status in kept} == {s: before[s] for s in changed}
    told = visible_text(in_thread(harness, card, "Next step"))
    assert "Invoke-CMContentRedistribution -InputObject (Get-CMPackage -Id 'PS100112' -Fast)" in told
    assert "CM02.contoso.com" not in told, "never to the DP on the site server"

    harness.wait_for(lambda: bring_back(harness))
    assert "19 of 19 back at 13" in visible_text(card_of(harness, request_id, "🟢 done"))
    direct(harness, "ada", "is done")

    assert press(harness, "margaret", card_of(harness, request_id, "🟢 done"), UNDO).startswith("Nothing to undo")
    assert ids(harness) == [request_id]
    told = "\n".join(message["text"] for message in harness.messages(AUDIT, "grace"))
    assert [told.index(word) for word in (" requested", " quorum reached", " applying", " converged")] == sorted(
        told.index(word) for word in (" requested", " quorum reached", " applying", " converged")
    )


def bring_back(harness: Harness) -> bool:
    """Let the sample site do a round of its work; tell whether every row is back."""
    step(harness.site, datetime.now(UTC))
    return AFTER not in site_rows(harness.site, "PS100112").values()


def test_a_form_is_checked_before_anything_is_asked(harness: Harness) -> None:
    view = form(harness, "ada", "PS100112 dp:LON-DP01")
    row = [option["value"] for option in options(view)]

    assert "at least 10 characters" in submit(harness, "ada", "too short", rows=row)["errors"]["reason"]
    assert "at least 10 characters" in submit(harness, "ada", "   blank    ", rows=row)["errors"]["reason"]
    assert submit(harness, "ada", WHY, rows=[])["errors"]["rows"]
    assert [entry for entry in entries(harness, "requested") if WHY in str(entry.facts)] == []


def test_rows_that_changed_since_the_form_was_opened_are_not_asked_for(harness: Harness) -> None:
    known = ids(harness)
    form(harness, "ada", "PS100112 dp:LON-DP02")
    change(
        harness.site, "UPDATE PkgStatus SET SourceVersion = 13 WHERE ID = 'PS100112' AND PkgServer LIKE '%LON-DP02%'"
    )

    submit(harness, "ada")

    direct(harness, "ada", "The rows have changed since you opened the form")
    assert ids(harness) == known


def test_a_second_open_request_on_a_row_is_refused_with_a_link_to_the_first(harness: Harness) -> None:
    card = ask_for(harness, "PS100112 dp:LON-DP03")
    form(harness, "margaret", "PS100112 dp:LON-DP0*")
    submit(harness, "margaret")

    told = direct(harness, "margaret", "in another open request already")["text"]

    assert f"/archives/C0APPROVALS/p{card['ts'].replace('.', '')}|its card>" in told
    assert ("U0MARGARET", f"held by request {id_of(card)}") in refusals(harness)
    press(harness, "ada", card, WITHDRAW)


def test_a_withdrawn_request_says_so_and_can_no_longer_be_voted_on(harness: Harness) -> None:
    card = ask_for(harness, "PS100112 dp:LON-DP04")
    assert press(harness, "grace", card, WITHDRAW).startswith("Only the person who made this request")

    assert "is withdrawn" in press(harness, "ada", card, WITHDRAW)

    final = card_of(harness, id_of(card), "⚪ withdrawn")
    assert "Withdrawn by <@U000000ADA>" in visible_text(final)
    assert vote_buttons(final) == set()
    revive(harness, card)
    assert press(harness, "grace", card).startswith("This request was withdrawn")
    assert press(harness, "ada", card, WITHDRAW).startswith("This request was withdrawn")
    assert site_rows(harness.site, "PS100112")["LON-DP04"] == BEFORE


def test_a_rejected_request_says_why_and_the_requester_is_told(harness: Harness) -> None:
    card = ask_for(harness, "PS100112 dp:LON-DP05")
    approve(harness, card, "linus")

    assert "at least 10 characters" in reject(harness, "grace", card, "no")["errors"]["reason"]
    assert submit(harness, "grace", "not *during* the <!channel> rollout")["errors"] == {}

    told = direct(harness, "ada", "was rejected by <@U00000GRACE>")["text"]
    assert "<!channel>" not in told
    final = card_of(harness, id_of(card), "⛔ Rejected by <@U00000GRACE>")
    assert vote_buttons(final) == set()
    assert "<!channel>" not in visible_text(final)
    revive(harness, card)
    assert press(harness, "margaret", card).startswith("This request is decided already")


def test_a_deleted_card_is_posted_anew_and_only_the_new_one_counts(harness: Harness) -> None:
    card = ask_for(harness, "PS100112 dp:MUC-DP01")
    post_as_the_app(harness, "chat.delete", channel="C0APPROVALS", ts=card["ts"])

    harness.command("grace", "freeze to have the cards drawn again")
    anew = harness.wait_for(lambda: newer(harness, card))
    harness.command("grace", "unfreeze")

    assert vote_buttons(anew) == {"Approve", "Reject", "Withdraw"}
    harness.wait_for(lambda: "🧊" not in visible_text(card_of(harness, id_of(card))))
    approve(harness, anew, "grace")
    press(harness, "ada", anew, WITHDRAW)


def newer(harness: Harness, card: Json) -> Json | None:
    """Return the card of the same request that was posted later."""
    found = (
        card_of(harness, id_of(card))
        if any(id_of(card) in visible_text(m) for m in harness.messages(APPROVALS, "grace"))
        else card
    )
    return found if found["ts"] > card["ts"] else None


def test_everybody_who_may_look_can_read_the_exact_plan(harness: Harness) -> None:
    card = ask_for(harness, "PS100112 dp:MUC-DP02")
    harness.click("ada", card, PLAN)
    plan = visible_text(wait_for_form(harness, "ada"))

    assert "UPDATE dbo.PkgStatus SET SourceVersion = 0, Status = 2 WHERE ID = 'PS100112' AND Type = 2 " in plan
    assert (
        r"""PkgServer = '["Display=\\MUC-DP02.contoso.com\"]MSWNET:["SMS_SITE=P02"]\\MUC-DP02.contoso.com\'""" in plan
    )
    assert plan.count("AND SourceVersion = 7 AND Status = 3") == 1
    press(harness, "ada", card, WITHDRAW)


def test_a_plan_whose_rows_changed_between_the_votes_is_outdated_and_can_be_asked_for_again(harness: Harness) -> None:
    card = ask_for(harness, "PS100112 dp:MUC-DP03")
    approve(harness, card, "grace")
    change(harness.site, "UPDATE PkgStatus SET SourceVersion = 8 WHERE ID = 'PS100112' AND PkgServer LIKE '%MUC-DP03%'")

    approve(harness, card, "linus")

    direct(harness, "ada", "is outdated")
    stale = card_of(harness, id_of(card), "⚪ outdated")
    assert vote_buttons(stale) == set()
    assert "version 8, status 3 instead of 7, 3" in visible_text(stale)
    assert site_rows(harness.site, "PS100112")["MUC-DP03"] == (8, 3)
    harness.click("ada", stale, AGAIN)
    again = wait_for_form(harness, "ada")
    assert [option["text"]["text"] for option in chosen(again)] == ["MUC-DP03.contoso.com (DP P02, 8, site behind)"]
    assert entered(again) == {"reason": WHY, "ticket": ""}
    harness.do("close", user="ada", all=True)
    revive(harness, card)
    assert press(harness, "margaret", card).startswith("The rows changed since this was requested")


def test_a_site_that_cannot_be_read_at_the_apply_ends_it_with_that_reason_and_one_button(harness: Harness) -> None:
    card = ask_for(harness, "PS100112 dp:SEA-DP02")
    approve(harness, card, "grace")
    change(harness.site, "ALTER TABLE PkgStatus RENAME TO away")

    approve(harness, card, "linus")

    failed = card_of(harness, id_of(card), "🔴 failed")
    change(harness.site, "ALTER TABLE away RENAME TO PkgStatus")
    assert "the site database could not be read: schema" in visible_text(failed)
    assert "could not be read" in direct(harness, "ada", "could not be applied")["text"]
    assert set(buttons(failed)) == {"Request again …", "Show plan"}
    assert site_rows(harness.site, "PS100112")["SEA-DP02"] == BEFORE
    harness.click("ada", failed, AGAIN)
    assert "SEA-DP02" in chosen(wait_for_form(harness, "ada"))[0]["text"]["text"]
    harness.do("close", user="ada", all=True)


def test_a_card_that_is_not_recorded_yet_says_so_to_who_is_quicker(harness: Harness) -> None:
    known = set(ids(harness))
    form(harness, "ada", "PS100112 dp:SEA-DP02")
    harness.faults("chat.getPermalink", delay_s=15)
    submit(harness, "ada")
    request_id = harness.wait_for(lambda: next(iter(set(ids(harness)) - known), None))
    card = harness.wait_for(lambda: next((c for c in [card_of(harness, request_id)] if vote_buttons(c)), None))

    assert press(harness, "grace", card).startswith("This card was posted this very moment")

    assert refusals(harness)[-1] == ("U00000GRACE", "card not recorded yet")
    fresh_id(harness, known)
    approve(harness, card, "grace")
    press(harness, "ada", card, WITHDRAW)


def test_a_freeze_stops_asking_and_voting_says_who_and_why_and_is_on_every_open_card(harness: Harness) -> None:
    card = ask_for(harness, "PS100112 dp:MUC-DP04")
    assert harness.ask("ada", "freeze because I can")["text"].startswith("You are not an approver")
    assert harness.ask("grace", "freeze")["text"].startswith("Say why")
    assert harness.ask("grace", "freeze site update <!here>")["text"].startswith("Resets are frozen")

    refused = press(harness, "linus", card)

    assert refused.startswith("Resets are frozen at the moment")
    assert "by <@U00000GRACE>: site update" in refused
    assert "<!here>" not in refused
    assert ("U00000LINUS", "frozen") in refusals(harness)
    assert "by <@U00000GRACE>: site update" in visible_text(card_of(harness, id_of(card), "🧊"))
    table = harness.ask("ada", "PS100112 dp:ZRH-DP01")
    assert "by <@U00000GRACE>: site update" in visible_text(table)
    if "Request reset …" in buttons(table):
        harness.click("ada", table, REQUEST)
        assert "Resets are frozen" in visible_text(wait_for_form(harness, "ada"))
        harness.do("close", user="ada", all=True)
    assert harness.ask("linus", "unfreeze")["text"].startswith("Resets may go on")
    assert harness.ask("linus", "unfreeze")["text"].startswith("Resets are not frozen")
    harness.wait_for(lambda: "🧊" not in visible_text(card_of(harness, id_of(card))))
    press(harness, "ada", card, WITHDRAW)


def test_an_applied_reset_is_undone_by_the_same_rule_and_only_where_rows_still_read_so(harness: Harness) -> None:
    card = apply(harness, ask_for(harness, "PS100112 dp:ZRH*"))
    back = "UPDATE PkgStatus SET SourceVersion = 13, Status = 3 WHERE ID = 'PS100112' AND PkgServer LIKE '%ZRH-DP02%'"
    change(harness.site, back)
    known = set(ids(harness))

    harness.click("margaret", card, UNDO)
    undo = card_of(harness, fresh_id(harness, known))

    assert f"Undo of request {id_of(card)}; left alone: ZRH-DP02.contoso.com: version 13, status 3" in visible_text(
        undo
    )
    assert column(undo, "Server") == ["ZRH-DP01.contoso.com", "ZRH-DP03.contoso.com"]
    assert press(harness, "margaret", undo).startswith("You made this request")
    apply(harness, undo)
    rows = site_rows(harness.site, "PS100112")
    assert (rows["ZRH-DP01"], rows["ZRH-DP02"], rows["ZRH-DP03"]) == (BEFORE, (13, 3), BEFORE)
    assert f"Undone by request `{id_of(undo)}`" in visible_text(card_of(harness, id_of(card), "⚪ undone"))
    assert [row[1:] for row in backups(harness.site) if row[0] == id_of(undo)] == [
        (1, "ZRH-DP01", 0, 2),
        (2, "ZRH-DP03", 0, 2),
    ]


def test_an_undo_writes_over_nothing_that_came_behind_its_reset(harness: Harness) -> None:
    card = apply(harness, ask_for(harness, "PS100112 dp:ZRH-DP01"))
    known = set(ids(harness))
    harness.click("margaret", card, UNDO)
    undo = card_of(harness, fresh_id(harness, known))
    of_it = "WHERE ID = 'PS100112' AND PkgServer LIKE '%ZRH-DP01%'"
    change(
        harness.site,
        f"UPDATE PkgStatus SET SourceVersion = 13, Status = 3, UpdateTime = '2027-01-01 08:00:00' {of_it}",
        f"UPDATE PkgStatus SET SourceVersion = 0, Status = 2 {of_it}",
    )

    approve(harness, undo, "grace", "linus")

    told = visible_text(card_of(harness, id_of(undo), "nothing was changed"))
    assert "ZRH-DP01.contoso.com: its UpdateTime reads 2027-01-01 08:00:00 and not " in told
    assert "`/pkgstatus PS100112` shows how the rows read now" in told
    refused = press(harness, "margaret", card_of(harness, id_of(card)), UNDO)
    assert refused.startswith("Nothing to undo")
    assert "ZRH-DP01.contoso.com: its UpdateTime reads 2027-01-01 08:00:00 and not " in refused
    assert site_rows(harness.site, "PS100112")["ZRH-DP01"] == AFTER
    assert id_of(undo) not in {row[0] for row in backups(harness.site)}


def test_requests_and_history_list_open_ones_first(harness: Harness) -> None:
    done = ask_for(harness, "PS100050 dp:PAR-DP02")
    press(harness, "ada", done, WITHDRAW)
    waiting = ask_for(harness, "PS100050 dp:LON-DP03", "linus")

    listed = visible_text(harness.ask("ada", "requests"))
    history = visible_text(harness.ask("ada", "history PS100050"))

    assert listed.index(id_of(waiting)) < listed.index(id_of(done))
    assert history.index(id_of(waiting)) < history.index(id_of(done))
    assert "by <@U00000LINUS>" in history
    assert "PS100112" not in history
    assert "none" in harness.ask("ada", "history PS100002")["text"]
    both = visible_text(harness.ask("ada", "history PS100002 PS100050"))
    assert "Requests for PS100050 (none for PS100002)" in both
    assert id_of(done) in both
    other = ask_for(harness, "PS100112 dp:LON-DP01")
    press(harness, "ada", other, WITHDRAW)
    both = visible_text(harness.ask("ada", "history PS100050 PS100112"))
    assert "Requests for PS100050 and PS100112" in both
    assert {id_of(done), id_of(other)} <= set(both.replace("`", " ").split())
    assert harness.ask("gus", "requests")["text"].startswith("Guests")
    press(harness, "linus", waiting, WITHDRAW)
