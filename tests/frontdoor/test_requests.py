"""The story of a reset from the workspace to the database and back: asked, voted on, applied, watched, undone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.demo.sample.distribution_manager import step
from tests.frontdoor.resets import (
    AGAIN,
    APPROVALS,
    AUDIT,
    PATIENCE,
    PLAN,
    QUICK,
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
from tests.frontdoor.seen import buttons, column, words
from tests.frontdoor.sites import change
from tests.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.stage import Json

BEFORE, AFTER = (7, 3), (0, 2)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Yield a stage with a bot; each test asks for rows of its own."""
    with Stage(tmp_path_factory.mktemp("stage"), clockwork=QUICK) as stage:
        stage.start_bot()
        yield stage


@pytest.fixture
def fresh_stage(tmp_path: Path) -> Iterator[Stage]:
    """Yield a stage without a bot."""
    with Stage(tmp_path, clockwork=QUICK) as stage:
        yield stage


def test_the_whole_story(fresh_stage: Stage) -> None:
    stage = fresh_stage
    stage.start_bot(watch__first_look="1s")
    before = site_rows(stage.site, "PS100112")

    view = form(stage, "ada", "PS100112")
    offered = options(view)
    assert "UPDATE dbo.PkgStatus SET SourceVersion = 0, Status = 2 WHERE ID" in words(view)
    assert len(offered) == 20
    assert chosen(view) == offered, "all rows are chosen at first"
    values = [option["value"] for option in offered if "NYC" not in option["text"]["text"]]
    assert submit(stage, "ada", rows=values, ticket="INC-42")["errors"] == {}
    request_id = fresh_id(stage, set())
    card = card_of(stage, request_id)
    for part in ("waiting for votes", WHY, "INC-42", "<@U000000ADA>", "2 different approvers, not the requester"):
        assert part in words(card)
    assert "<!subteam^S0APPROVERS>" in words(card)
    assert len(column(card, "Server")) == 19
    assert vote_buttons(card) == {"Approve", "Reject", "Withdraw"}
    assert "19 rows" in str(buttons(card)["Approve"]["confirm"])
    assert (
        f"/archives/C0APPROVALS/p{card['ts'].replace('.', '')}" in direct(stage, "ada", "waits for 2 approvals")["text"]
    )

    assert press(stage, "ada", card).startswith("You made this request")
    assert "1 of 2" in press(stage, "grace", card)
    assert site_rows(stage.site, "PS100112") == before, "one approval changes nothing"
    assert "will be applied now" in press(stage, "linus", card)

    card = card_of(stage, request_id, "19 of 19 rows changed, each with its backup")
    assert vote_buttons(card) == set()
    assert [f"✅ <@{user}> approved" in words(card) for user in ("U00000GRACE", "U00000LINUS")] == [True, True]
    after = site_rows(stage.site, "PS100112")
    changed = {server for server, reads in after.items() if reads != before[server]}
    assert {after[server] for server in changed} == {AFTER}
    assert len(changed) == 19
    assert after["NYC-DP03"] == BEFORE, "it was taken out"
    kept = backups(stage.site)
    assert [(request, number) for request, number, *_ in kept] == [(request_id, n) for n in range(1, 20)]
    assert {server: (version, status) for _, _, server, version, status in kept} == {s: before[s] for s in changed}
    told = words(in_thread(stage, card, "Next step"))
    assert "Invoke-CMContentRedistribution -InputObject (Get-CMPackage -Id 'PS100112' -Fast)" in told
    assert "CM02.contoso.com" not in told, "never to the DP on the site server"

    stage.wait_for(lambda: bring_back(stage), PATIENCE)
    assert "19 of 19 back at 13" in words(card_of(stage, request_id, "🟢 done"))
    direct(stage, "ada", "is done")

    assert press(stage, "margaret", card_of(stage, request_id, "🟢 done"), UNDO).startswith("Nothing to undo")
    assert ids(stage) == [request_id]
    told = "\n".join(message["text"] for message in stage.messages(AUDIT, "grace"))
    assert [told.index(word) for word in (" requested", " quorum reached", " applying", " converged")] == sorted(
        told.index(word) for word in (" requested", " quorum reached", " applying", " converged")
    )


def bring_back(stage: Stage) -> bool:
    """Let the sample site do a round of its work; tell whether every row is back."""
    step(stage.site, datetime.now(UTC))
    return AFTER not in site_rows(stage.site, "PS100112").values()


def test_a_form_is_checked_before_anything_is_asked(stage: Stage) -> None:
    view = form(stage, "ada", "PS100112 dp:LON-DP01")
    row = [option["value"] for option in options(view)]

    assert "at least 10 characters" in submit(stage, "ada", "too short", rows=row)["errors"]["reason"]
    assert "at least 10 characters" in submit(stage, "ada", "   blank    ", rows=row)["errors"]["reason"]
    assert submit(stage, "ada", WHY, rows=[])["errors"]["rows"]
    assert [entry for entry in entries(stage, "requested") if WHY in str(entry.facts)] == []


def test_rows_that_changed_since_the_form_was_opened_are_not_asked_for(stage: Stage) -> None:
    known = ids(stage)
    form(stage, "ada", "PS100112 dp:LON-DP02")
    change(stage.site, "UPDATE PkgStatus SET SourceVersion = 13 WHERE ID = 'PS100112' AND PkgServer LIKE '%LON-DP02%'")

    submit(stage, "ada")

    direct(stage, "ada", "The rows have changed since you opened the form")
    assert ids(stage) == known


def test_a_second_open_request_on_a_row_is_refused_with_a_link_to_the_first(stage: Stage) -> None:
    card = ask_for(stage, "PS100112 dp:LON-DP03")
    form(stage, "margaret", "PS100112 dp:LON-DP0*")
    submit(stage, "margaret")

    told = direct(stage, "margaret", "in another open request already")["text"]

    assert f"/archives/C0APPROVALS/p{card['ts'].replace('.', '')}|its card>" in told
    assert ("U0MARGARET", f"held by request {id_of(card)}") in refusals(stage)
    press(stage, "ada", card, WITHDRAW)


def test_a_withdrawn_request_says_so_and_can_no_longer_be_voted_on(stage: Stage) -> None:
    card = ask_for(stage, "PS100112 dp:LON-DP04")
    assert press(stage, "grace", card, WITHDRAW).startswith("Only the person who made this request")

    assert "is withdrawn" in press(stage, "ada", card, WITHDRAW)

    final = card_of(stage, id_of(card), "⚪ withdrawn")
    assert "Withdrawn by <@U000000ADA>" in words(final)
    assert vote_buttons(final) == set()
    revive(stage, card)
    assert press(stage, "grace", card).startswith("This request was withdrawn")
    assert press(stage, "ada", card, WITHDRAW).startswith("This request was withdrawn")
    assert site_rows(stage.site, "PS100112")["LON-DP04"] == BEFORE


def test_a_rejected_request_says_why_and_the_requester_is_told(stage: Stage) -> None:
    card = ask_for(stage, "PS100112 dp:LON-DP05")
    approve(stage, card, "linus")

    assert "at least 10 characters" in reject(stage, "grace", card, "no")["errors"]["reason"]
    assert submit(stage, "grace", "not *during* the <!channel> rollout")["errors"] == {}

    told = direct(stage, "ada", "was rejected by <@U00000GRACE>")["text"]
    assert "<!channel>" not in told
    final = card_of(stage, id_of(card), "⛔ Rejected by <@U00000GRACE>")
    assert vote_buttons(final) == set()
    assert "<!channel>" not in words(final)
    revive(stage, card)
    assert press(stage, "margaret", card).startswith("This request is decided already")


def test_a_deleted_card_is_posted_anew_and_only_the_new_one_counts(stage: Stage) -> None:
    card = ask_for(stage, "PS100112 dp:MUC-DP01")
    post_as_the_app(stage, "chat.delete", channel="C0APPROVALS", ts=card["ts"])

    stage.command("grace", "freeze to have the cards drawn again")
    anew = stage.wait_for(lambda: newer(stage, card), PATIENCE)
    stage.command("grace", "unfreeze")

    assert vote_buttons(anew) == {"Approve", "Reject", "Withdraw"}
    stage.wait_for(lambda: "🧊" not in words(card_of(stage, id_of(card))), PATIENCE)
    approve(stage, anew, "grace")
    press(stage, "ada", anew, WITHDRAW)


def newer(stage: Stage, card: Json) -> Json | None:
    """Return the card of the same request that was posted later."""
    found = (
        card_of(stage, id_of(card))
        if any(id_of(card) in words(m) for m in stage.messages(APPROVALS, "grace"))
        else card
    )
    return found if found["ts"] > card["ts"] else None


def test_everybody_who_may_look_can_read_the_exact_plan(stage: Stage) -> None:
    card = ask_for(stage, "PS100112 dp:MUC-DP02")
    stage.click("ada", card, PLAN)
    plan = words(wait_for_form(stage, "ada"))

    assert "UPDATE dbo.PkgStatus SET SourceVersion = 0, Status = 2 WHERE ID = 'PS100112' AND Type = 2 " in plan
    assert (
        r"""PkgServer = '["Display=\\MUC-DP02.contoso.com\"]MSWNET:["SMS_SITE=P02"]\\MUC-DP02.contoso.com\'""" in plan
    )
    assert plan.count("AND SourceVersion = 7 AND Status = 3") == 1
    press(stage, "ada", card, WITHDRAW)


def test_a_plan_whose_rows_changed_between_the_votes_is_outdated_and_can_be_asked_for_again(stage: Stage) -> None:
    card = ask_for(stage, "PS100112 dp:MUC-DP03")
    approve(stage, card, "grace")
    change(stage.site, "UPDATE PkgStatus SET SourceVersion = 8 WHERE ID = 'PS100112' AND PkgServer LIKE '%MUC-DP03%'")

    approve(stage, card, "linus")

    direct(stage, "ada", "is outdated")
    stale = card_of(stage, id_of(card), "⚪ outdated")
    assert vote_buttons(stale) == set()
    assert "version 8, status 3 instead of 7, 3" in words(stale)
    assert site_rows(stage.site, "PS100112")["MUC-DP03"] == (8, 3)
    stage.click("ada", stale, AGAIN)
    again = wait_for_form(stage, "ada")
    assert [option["text"]["text"] for option in chosen(again)] == ["MUC-DP03.contoso.com (DP P02, 8, site behind)"]
    assert entered(again) == {"reason": WHY, "ticket": ""}
    stage.do("close", user="ada", all=True)
    revive(stage, card)
    assert press(stage, "margaret", card).startswith("The rows changed since this was requested")


def test_a_site_that_cannot_be_read_at_the_apply_ends_it_with_that_reason_and_one_button(stage: Stage) -> None:
    card = ask_for(stage, "PS100112 dp:SEA-DP02")
    approve(stage, card, "grace")
    change(stage.site, "ALTER TABLE PkgStatus RENAME TO away")

    approve(stage, card, "linus")

    failed = card_of(stage, id_of(card), "🔴 failed")
    change(stage.site, "ALTER TABLE away RENAME TO PkgStatus")
    assert "the site database could not be read: schema" in words(failed)
    assert "could not be read" in direct(stage, "ada", "could not be applied")["text"]
    assert set(buttons(failed)) == {"Request again …", "Show plan"}
    assert site_rows(stage.site, "PS100112")["SEA-DP02"] == BEFORE
    stage.click("ada", failed, AGAIN)
    assert "SEA-DP02" in chosen(wait_for_form(stage, "ada"))[0]["text"]["text"]
    stage.do("close", user="ada", all=True)


def test_a_card_that_is_not_recorded_yet_says_so_to_who_is_quicker(stage: Stage) -> None:
    known = set(ids(stage))
    form(stage, "ada", "PS100112 dp:SEA-DP02")
    stage.faults("chat.getPermalink", delay_s=15)
    submit(stage, "ada")
    request_id = stage.wait_for(lambda: next(iter(set(ids(stage)) - known), None), PATIENCE)
    card = stage.wait_for(lambda: next((c for c in [card_of(stage, request_id)] if vote_buttons(c)), None), PATIENCE)

    assert press(stage, "grace", card).startswith("This card was posted this very moment")

    assert refusals(stage)[-1] == ("U00000GRACE", "card not recorded yet")
    fresh_id(stage, known)
    approve(stage, card, "grace")
    press(stage, "ada", card, WITHDRAW)


def test_a_freeze_stops_asking_and_voting_says_who_and_why_and_is_on_every_open_card(stage: Stage) -> None:
    card = ask_for(stage, "PS100112 dp:MUC-DP04")
    assert stage.ask("ada", "freeze because I can")["text"].startswith("You are not an approver")
    assert stage.ask("grace", "freeze")["text"].startswith("Say why")
    assert stage.ask("grace", "freeze site update <!here>")["text"].startswith("Resets are frozen")

    refused = press(stage, "linus", card)

    assert refused.startswith("Resets are frozen at the moment")
    assert "by <@U00000GRACE>: site update" in refused
    assert "<!here>" not in refused
    assert ("U00000LINUS", "frozen") in refusals(stage)
    assert "by <@U00000GRACE>: site update" in words(card_of(stage, id_of(card), "🧊"))
    table = stage.ask("ada", "PS100112 dp:ZRH-DP01")
    assert "by <@U00000GRACE>: site update" in words(table)
    if "Request reset …" in buttons(table):
        stage.click("ada", table, REQUEST)
        assert "Resets are frozen" in words(wait_for_form(stage, "ada"))
        stage.do("close", user="ada", all=True)
    assert stage.ask("linus", "unfreeze")["text"].startswith("Resets may go on")
    assert stage.ask("linus", "unfreeze")["text"].startswith("Resets are not frozen")
    stage.wait_for(lambda: "🧊" not in words(card_of(stage, id_of(card))), PATIENCE)
    press(stage, "ada", card, WITHDRAW)


def test_an_applied_reset_is_undone_by_the_same_rule_and_only_where_rows_still_read_so(stage: Stage) -> None:
    card = apply(stage, ask_for(stage, "PS100112 dp:ZRH*"))
    back = "UPDATE PkgStatus SET SourceVersion = 13, Status = 3 WHERE ID = 'PS100112' AND PkgServer LIKE '%ZRH-DP02%'"
    change(stage.site, back)
    known = set(ids(stage))

    stage.click("margaret", card, UNDO)
    undo = card_of(stage, fresh_id(stage, known))

    assert f"Undo of request {id_of(card)}; left alone: ZRH-DP02.contoso.com: version 13, status 3" in words(undo)
    assert column(undo, "Server") == ["ZRH-DP01.contoso.com", "ZRH-DP03.contoso.com"]
    assert press(stage, "margaret", undo).startswith("You made this request")
    apply(stage, undo)
    rows = site_rows(stage.site, "PS100112")
    assert (rows["ZRH-DP01"], rows["ZRH-DP02"], rows["ZRH-DP03"]) == (BEFORE, (13, 3), BEFORE)
    assert f"Undone by request `{id_of(undo)}`" in words(card_of(stage, id_of(card), "⚪ undone"))
    assert [row[1:] for row in backups(stage.site) if row[0] == id_of(undo)] == [
        (1, "ZRH-DP01", 0, 2),
        (2, "ZRH-DP03", 0, 2),
    ]


def test_an_undo_writes_over_nothing_that_came_behind_its_reset(stage: Stage) -> None:
    card = apply(stage, ask_for(stage, "PS100112 dp:ZRH-DP01"))
    known = set(ids(stage))
    stage.click("margaret", card, UNDO)
    undo = card_of(stage, fresh_id(stage, known))
    of_it = "WHERE ID = 'PS100112' AND PkgServer LIKE '%ZRH-DP01%'"
    change(
        stage.site,
        f"UPDATE PkgStatus SET SourceVersion = 13, Status = 3, UpdateTime = '2027-01-01 08:00:00' {of_it}",
        f"UPDATE PkgStatus SET SourceVersion = 0, Status = 2 {of_it}",
    )

    approve(stage, undo, "grace", "linus")

    told = words(card_of(stage, id_of(undo), "nothing was changed"))
    assert "ZRH-DP01.contoso.com: its UpdateTime reads 2027-01-01 08:00:00 and not " in told
    assert "`/pkgstatus PS100112` shows how the rows read now" in told
    refused = press(stage, "margaret", card_of(stage, id_of(card)), UNDO)
    assert refused.startswith("Nothing to undo")
    assert "ZRH-DP01.contoso.com: its UpdateTime reads 2027-01-01 08:00:00 and not " in refused
    assert site_rows(stage.site, "PS100112")["ZRH-DP01"] == AFTER
    assert id_of(undo) not in {row[0] for row in backups(stage.site)}


def test_requests_and_history_list_open_ones_first(stage: Stage) -> None:
    done = ask_for(stage, "PS100050 dp:PAR-DP02")
    press(stage, "ada", done, WITHDRAW)
    waiting = ask_for(stage, "PS100050 dp:LON-DP03", "linus")

    listed = words(stage.ask("ada", "requests"))
    history = words(stage.ask("ada", "history PS100050"))

    assert listed.index(id_of(waiting)) < listed.index(id_of(done))
    assert history.index(id_of(waiting)) < history.index(id_of(done))
    assert "by <@U00000LINUS>" in history
    assert "PS100112" not in history
    assert "none" in stage.ask("ada", "history PS100002")["text"]
    both = words(stage.ask("ada", "history PS100002 PS100050"))
    assert "Requests for PS100050 (none for PS100002)" in both
    assert id_of(done) in both
    other = ask_for(stage, "PS100112 dp:LON-DP01")
    press(stage, "ada", other, WITHDRAW)
    both = words(stage.ask("ada", "history PS100050 PS100112"))
    assert "Requests for PS100050 and PS100112" in both
    assert {id_of(done), id_of(other)} <= set(both.replace("`", " ").split())
    assert stage.ask("gus", "requests")["text"].startswith("Guests")
    press(stage, "linus", waiting, WITHDRAW)
