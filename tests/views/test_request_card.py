"""The card of a request: each stage says where it stands, what happened, and has just the buttons that it may have."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.demo.workspace.blocks.surfaces import message_reasons, view_reasons
from bot.domain.approval import Claim, Finish, MarkInDoubt, Watched
from bot.domain.plan import Action, statement
from bot.domain.request import Stage
from bot.views import request_card
from bot.views.block_kit import MESSAGE_BLOCKS
from bot.views.request_texts import freeze_text
from bot.views.tables import Form
from tests.builders import NOW
from tests.fakes import GRACE, LINUS, MARGARET
from tests.requests import after, approve, asked, plan, plan_row, reached, site_plan_row
from tests.views.scenes import words
from tests.views.strategies import FOREIGN, PATHS

if TYPE_CHECKING:
    from bot.domain.request import Request
    from bot.views.block_kit import Message

ACTING = ("<!", "<@U0ADA>", "<https://evil", "*bold*", "\u202e", "\u2066")
CODE = re.compile(r"```[^`]*```")
"""Slack formats nothing between these."""
VOTERS = f"<@{GRACE.id}>, <@{LINUS.id}>"
VOTES = ["Approve", "Reject", "Withdraw"]
AGAIN, UNDO, PLAN = "Request again …", "Undo …", "Show plan"
APPLIED = "7:31 UTC: 2 of 2 rows changed, each with its backup."
STAGES = {
    Stage.PENDING: ("🟡 waiting for votes, 0 of 2", "*Votes* none yet", [*VOTES, PLAN]),
    Stage.APPROVED: ("🔵 approved, about to be applied", f"✅ <@{LINUS.id}> approved", [PLAN]),
    Stage.APPLYING: ("🔵 being applied", "not known yet", [PLAN]),
    Stage.APPLIED: ("🔄 applied, waiting for the rows to come back", APPLIED, [UNDO, PLAN]),
    Stage.CONVERGED: ("🟢 done, all rows are back", "2 of 2 back at 13", [UNDO, PLAN]),
    Stage.ABANDONED: ("⚫ abandoned, not all rows came back", "Not all seen back within 14 days", [UNDO, PLAN]),
    Stage.STALLED: ("🟠 stalled", "open distmgr.log at the source site", [UNDO, PLAN]),
    Stage.UNDONE: ("⚪ undone", "Undone by request `fedcba9876543210`", [PLAN]),
    Stage.FAILED: ("🔴 failed, nothing was changed", "the site database said: deadlock", [AGAIN, PLAN]),
    Stage.REJECTED: ("⛔ rejected", f"Rejected by <@{GRACE.id}>", [PLAN]),
    Stage.WITHDRAWN: ("⚪ withdrawn", "Withdrawn by <@U000000ADA>", [PLAN]),
    Stage.EXPIRED: ("⚪ expired", "Nobody decided in time", [AGAIN, PLAN]),
    Stage.STALE: ("⚪ outdated, nothing was changed", "version 13, status 3 instead of", [AGAIN, PLAN]),
}


def draw(request: Request, freeze: str = "", form: Form = Form.DATA_TABLE) -> Message:
    return request_card.draw(request, VOTERS, freeze, form)


def buttons(message: Message) -> list[str]:
    (block,) = [block for block in message.blocks if block["type"] == "actions"]
    return [element["text"]["text"] for element in block["elements"]]


def cells(message: Message) -> list[list[str]]:
    (table,) = [block for block in message.blocks if block["type"] == "data_table"]
    return [[cell["text"] for cell in row] for row in table["rows"]]


def test_every_stage_is_here() -> None:
    assert set(STAGES) == set(Stage)


@pytest.mark.parametrize("stage", STAGES)
def test_a_card_says_where_it_stands_what_happened_and_has_its_buttons(stage: Stage) -> None:
    headline, told, pressed = STAGES[stage]

    card = draw(reached(stage))

    assert card.text == f"Reset of PS100112 at PS1: 2 rows. {headline}."
    assert card.blocks[1]["text"]["text"].startswith(f"*{headline}*")
    assert told in words(card)
    assert buttons(card) == pressed
    assert ("*May approve*" in words(card)) is (stage is Stage.PENDING)
    assert "2 different approvers, not the requester" in words(card)


@pytest.mark.parametrize(
    ("stage", "outcome"),
    [
        (Stage.PENDING, None),
        (Stage.APPROVED, None),
        (Stage.APPLYING, "not known yet"),
        (Stage.APPLIED, "changed"),
        (Stage.FAILED, "unchanged"),
        (Stage.REJECTED, "unchanged"),
    ],
)
def test_each_row_has_its_outcome_as_soon_as_there_is_one(stage: Stage, outcome: str | None) -> None:
    header, *rows = cells(draw(reached(stage)))

    changes = {row[0]: row[1:3] for row in rows}

    assert header[:2] == ["Server", "Version (status)"]
    assert ("Outcome" in header) is (outcome is not None)
    assert changes == {
        "CM02.contoso.com": ["7 (2) → 0 (2)", outcome or "site behind"],
        "NYC-DP03.contoso.com": ["7 (3) → 0 (2)", outcome or "DP behind"],
    }


def test_votes_so_far_are_counted_and_named() -> None:
    card = draw(after(asked(), approve(GRACE.id, asked())))

    assert "waiting for votes, 1 of 2" in card.text
    assert f"✅ <@{GRACE.id}> approved 2026-03-09 07:31 UTC" in words(card)


def test_the_bar_grows_with_the_rows_that_are_back() -> None:
    rows = [plan_row(f"NYC-DP{number:02}") for number in range(4)]
    request = after(reached(Stage.APPLIED, plan=plan(*rows)), Watched(frozenset({1})))

    assert "`█████░░░░░░░░░░░░░░░` 1 of 4 back at 13" in words(draw(request))


def test_a_doubt_is_in_the_headline() -> None:
    card = draw(after(reached(Stage.APPLYING), MarkInDoubt("the site database does not say (unreachable)")))

    assert "❔ not known yet whether it was applied" in card.text
    assert "does not say (unreachable). Nothing is tried again by itself." in words(card)


def test_an_undo_names_what_it_takes_back_and_cannot_be_undone_itself() -> None:
    back = plan(*(row.reversed() for row in (site_plan_row(), plan_row())), action=Action.UNDO)

    request = asked(plan=back, undoes="fedcba9876543210")
    votes = [approve(GRACE.id, request), approve(LINUS.id, request)]

    card = draw(after(request, *votes, Claim(), Finish()))

    assert card.text == "Undo of PS100112 at PS1: 2 rows. 🟢 done, the rows read as before the reset."
    assert "*Takes back* request `fedcba9876543210`" in words(card)
    assert buttons(card) == [PLAN]
    assert cells(card)[1][1] == "0 (2) → 7 (2)"


def test_a_freeze_says_who_when_and_why_right_below_the_headline() -> None:
    card = draw(asked(), freeze_text(MARGARET.id, NOW, "site <update> tonight"))

    assert card.blocks[2]["text"]["text"] == (
        f"🧊 Resets are frozen since 2026-03-09 07:30 UTC by <@{MARGARET.id}>: site &lt;update&gt; tonight"
    )


def test_the_plan_names_each_row_above_its_exact_statement() -> None:
    (_, code) = request_card.plan_modal(asked())["blocks"]

    lines = code["elements"][0]["elements"][0]["text"].splitlines()

    assert lines[::2] == ["-- 1. CM02.contoso.com: 7 (2) → 0 (2)", "-- 2. NYC-DP03.contoso.com: 7 (3) → 0 (2)"]
    assert lines[1::2] == [statement(row, asked().plan.package_id) for row in asked().plan.rows]


@pytest.mark.parametrize("form", Form)
def test_slack_takes_the_largest_card_and_its_plan(form: Form) -> None:
    largest = plan(*(plan_row(f"{'W' * 200}{number}") for number in range(100)), warnings=("W" * 900,) * 12)
    request = asked(plan=largest, reason="&" * 3000, ticket="<" * 150)

    card = draw(request, "", form)

    assert message_reasons(list(card.blocks)) == []
    assert len(card.blocks) <= MESSAGE_BLOCKS
    assert "The first 60 of 100 rows" in words(card)
    assert view_reasons(request_card.plan_modal(request)) == []


@settings(max_examples=60, deadline=None)
@given(
    stage=st.sampled_from(Stage), name=FOREIGN, reason=FOREIGN, ticket=FOREIGN, path=PATHS, form=st.sampled_from(Form)
)
def test_slack_takes_every_card_and_foreign_words_stay_words(stage: Stage, **texts: Any) -> None:
    strange = replace(plan(plan_row(server_path=texts["path"])), package_name=texts["name"])

    card = draw(reached(stage, plan=strange, reason=texts["reason"], ticket=texts["ticket"]), form=texts["form"])

    assert message_reasons(list(card.blocks)) == []
    said = "".join(CODE.sub("", text) for block in card.blocks for text in mrkdwn(block))
    assert [part for part in ACTING if part in said] == []


@settings(max_examples=60, deadline=None)
@given(stage=st.sampled_from(Stage), name=FOREIGN, reason=FOREIGN, ticket=FOREIGN, path=PATHS)
def test_slack_takes_every_plain_card_too(stage: Stage, **texts: Any) -> None:
    strange = replace(plan(plan_row(server_path=texts["path"])), package_name=texts["name"])
    request = reached(stage, plan=strange, reason=texts["reason"], ticket=texts["ticket"])

    for card in (request_card.draw_plain(request, ""), request_card.draw_replaced(request, "")):
        assert message_reasons(list(card.blocks)) == []
        said = "".join(CODE.sub("", text) for block in card.blocks for text in mrkdwn(block))
        assert [part for part in ACTING if part in said] == []


def test_a_plain_card_of_many_rows_is_short_and_names_the_way_to_all_of_them() -> None:
    many = plan(*(plan_row(server_path=f"DP{number:03}.contoso.com") for number in range(100)))

    card = request_card.draw_plain(asked(plan=many, reason="x" * 3000), "")

    assert len(card.blocks[0]["text"]["text"]) < 3_000
    assert "more: press Show plan" in words(card)
    assert "Show plan" in {element["text"]["text"] for element in card.blocks[-1]["elements"]}


def test_a_new_card_is_posted_without_buttons_and_says_how_to_tell_the_true_one() -> None:
    card = draw(asked())

    opening = request_card.draw_without_buttons(card)

    assert opening.text == card.text
    assert "actions" not in {block["type"] for block in opening.blocks}
    assert "votes count on its newest card" in words(opening)


def mrkdwn(block: dict[str, Any]) -> list[str]:
    """Return every text of a block that Slack would format."""
    texts = [block.get("text"), *block.get("elements", ())]
    return [text["text"] for text in texts if isinstance(text, dict) and text.get("type") == "mrkdwn"]
