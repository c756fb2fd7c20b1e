"""Buttons, confirm dialogs, menus and modals, against a real app that answers."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from slack_bolt import Ack
from slack_sdk import WebClient

from tests.demo.page.conftest import OpenPage
from tests.demo.page.samples import card, data_table, named_button, options, request_form
from tests.demo.workspace.driver import Control, RunningApp, actions, plain, section
from tests.waiting import wait_until

OPS = "C0SCCMOPS"
TOO_SHORT = "Please say a little more."


def clicks(app: RunningApp, *action_ids: str) -> list[dict[str, Any]]:
    """Acknowledge these actions and return the growing list of what came."""
    seen: list[dict[str, Any]] = []

    def on_action(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        seen.append(body["actions"][0])

    for action_id in action_ids:
        app.bolt.action(action_id)(on_action)
    return seen


def sent(control: Control, kind: str) -> list[dict[str, Any]]:
    """Return the payloads of this kind that the workspace gave out."""
    payloads = [entry["payload"] for entry in control.log("envelope")]
    return [payload for payload in payloads if payload.get("type") == kind]


def on_form_opened(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
    ack()
    client.views_open(trigger_id=body["trigger_id"], view=request_form())


def on_plan_asked(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
    ack()
    plan = {"type": "modal", "title": plain("Plan"), "blocks": [section("Row by row.")]}
    client.views_push(trigger_id=body["trigger_id"], view=plan)


def on_form_sent(ack: Ack, view: dict[str, Any]) -> None:
    entered = view["state"]["values"]
    if len(entered["reason"]["text"]["value"]) > len("short"):
        ack()
    else:
        ack(response_action="errors", errors={"reason": TOO_SHORT})


@pytest.fixture
def form(open_page: OpenPage, web: WebClient, app: RunningApp) -> Page:
    app.bolt.action("open")(on_form_opened)
    app.bolt.action("plan")(on_plan_asked)
    app.bolt.view("request")(on_form_sent)
    app.connect()
    web.chat_postMessage(channel=OPS, text="card", blocks=[actions(named_button("Request a reset", "open"))])
    page = open_page("ada")
    page.get_by_role("button", name="Request a reset").click()
    expect(page.get_by_role("dialog", name="Reset")).to_be_visible()
    return page


def test_a_confirm_dialog_asks_before_clicking(open_page: OpenPage, web: WebClient, app: RunningApp) -> None:
    seen = clicks(app, "approve")
    app.connect()
    web.chat_postMessage(channel=OPS, text="card", blocks=card())
    page = open_page("grace")
    approve = page.get_by_role("button", name="Approve")

    approve.click()
    dialog = page.get_by_role("alertdialog", name="Approve this reset?")
    expect(dialog).to_contain_text("Three rows change at once.")
    expect(dialog.get_by_role("button", name="Not yet")).to_be_focused()
    dialog.get_by_role("button", name="Not yet").click()
    expect(dialog).to_be_hidden()
    assert sent(app.control, "block_actions") == []
    approve.click()
    dialog.get_by_role("button", name="Yes, approve").click()

    assert wait_until(lambda: seen)[0]["value"] == "1"
    assert len(sent(app.control, "block_actions")) == 1


def test_a_click_that_is_not_answered_is_reported(open_page: OpenPage, web: WebClient) -> None:
    web.chat_postMessage(channel=OPS, text="card", blocks=[actions(named_button("Details", "details"))])
    page = open_page("grace")

    page.get_by_role("button", name="Details").click()

    expect(page.locator("#notices")).to_contain_text("The bot did not answer the click in time.")


def test_selects_and_overflow_menus_send_the_chosen_option(
    open_page: OpenPage, web: WebClient, app: RunningApp
) -> None:
    seen = clicks(app, "site", "more")
    app.connect()
    select = {
        "type": "static_select",
        "action_id": "site",
        "options": options("P01", "P02"),
        "placeholder": plain("Site"),
    }
    overflow = {"type": "overflow", "action_id": "more", "options": options("Withdraw", "Copy")}
    web.chat_postMessage(channel=OPS, text="card", blocks=[actions(select, overflow)])
    page = open_page("ada")

    page.get_by_role("combobox", name="Site").select_option("P02")
    wait_until(lambda: len(seen) == 1)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Withdraw").click()
    wait_until(lambda: len(seen) == 2)

    assert [action["selected_option"]["value"] for action in seen] == ["p02", "withdraw"]


def test_a_modal_shows_field_errors_and_keeps_what_was_entered(form: Page) -> None:
    dialog = form.get_by_role("dialog", name="Reset")
    dialog.get_by_label("Reason").fill("short")
    dialog.get_by_label("Second").check()

    dialog.get_by_role("button", name="Send").click()

    expect(dialog.get_by_text(TOO_SHORT)).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_be_focused()
    expect(dialog.get_by_label("Reason")).to_have_accessible_description(TOO_SHORT)
    expect(dialog.get_by_label("Reason")).to_have_value("short")
    expect(dialog.get_by_label("Second")).to_be_checked()


def test_a_required_field_left_empty_is_named_before_anything_is_sent(form: Page, control: Control) -> None:
    form.get_by_role("dialog").get_by_role("button", name="Send").click()

    expect(form.get_by_text("Please fill in this field.")).to_have_count(1)
    expect(form.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    assert sent(control, "view_submission") == []
    form.get_by_label("Reason").fill("stuck since Friday")
    form.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(form.get_by_role("dialog")).to_have_count(0)
    assert len(sent(control, "view_submission")) == 1


def test_every_kind_of_field_arrives_at_the_app(form: Page, control: Control) -> None:
    form.get_by_label("Reason").fill("stuck since Friday\nsecond line")
    form.get_by_label("Kind").select_option("Stuck")
    form.get_by_label("First").check()
    form.get_by_label("Third").check()
    form.get_by_label("Everybody").check()
    form.get_by_label("Later").check()

    form.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(form.get_by_role("dialog")).to_have_count(0)

    (submission,) = sent(control, "view_submission")
    entered = submission["view"]["state"]["values"]
    assert entered["reason"]["text"]["value"] == "stuck since Friday\nsecond line"
    assert entered["kind"]["kind"]["selected_option"]["value"] == "stuck"
    assert [option["value"] for option in entered["rows"]["rows"]["selected_options"]] == ["first", "third"]
    assert [option["value"] for option in entered["tell"]["tell"]["selected_options"]] == ["everybody"]
    assert entered["when"]["when"]["selected_option"]["value"] == "later"


def test_a_stacked_modal_leads_back_to_what_was_entered_below(form: Page) -> None:
    form.get_by_label("Reason").fill("half a sentence")

    form.get_by_role("button", name="Show the plan").click()
    expect(form.get_by_role("dialog", name="Plan")).to_contain_text("Row by row.")
    form.keyboard.press("Escape")

    expect(form.get_by_role("dialog", name="Reset")).to_be_visible()
    expect(form.get_by_label("Reason")).to_have_value("half a sentence")


def test_escape_closes_a_modal_for_the_workspace_too(form: Page, control: Control) -> None:
    form.keyboard.press("Escape")

    expect(form.get_by_role("dialog")).to_have_count(0)
    assert control.query("views", user="ada")["views"] == []


def test_home_shows_what_the_bot_published_for_the_person(open_page: OpenPage, web: WebClient) -> None:
    web.views_publish(user_id="U000000ADA", view={"type": "home", "blocks": [data_table()]})

    expect(open_page("ada", channel="home").get_by_text("PS100112 on 12 distribution points")).to_be_visible()
    expect(open_page("grace", channel="home").get_by_text("has not published")).to_be_visible()
