"""The page without a mouse, and for eyes that need contrast."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from slack_bolt import Ack, Respond
from slack_sdk import WebClient

from tests.demo.page.conftest import OpenPage
from tests.demo.page.samples import card, chart, data_table
from tests.demo.workspace.driver import RunningApp, section

OPS = "C0SCCMOPS"
CONTRAST = Path(__file__).with_name("contrast.js")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus; a page that traps or skips it fails."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab never reached {selector}")


def on_command(ack: Ack, respond: Respond, command: dict[str, Any]) -> None:
    ack()
    respond(text=f"you asked for {command['text']}", blocks=[section(f"you asked for {command['text']}")])


def test_a_command_needs_nothing_but_the_keyboard(open_page: OpenPage, app: RunningApp) -> None:
    app.bolt.command("/pkgstatus")(on_command)
    app.connect()
    page = open_page("ada")
    composer = page.get_by_role("combobox", name="Message #sccm-ops")
    expect(composer).to_be_visible()

    tab_to(page, "textarea.composer-entry")
    page.keyboard.type("/pk")
    expect(page.get_by_role("option", name="/pkgstatus")).to_be_visible()
    page.keyboard.press("Tab")
    expect(composer).to_have_value("/pkgstatus ")
    page.keyboard.type("PS100112")
    page.keyboard.press("Enter")

    expect(page.locator(".message").get_by_text("you asked for PS100112")).to_be_visible()
    expect(page.get_by_text("/pkgstatus acknowledged in")).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(composer).to_have_value("/pkgstatus PS100112")
    page.keyboard.press("ArrowDown")
    expect(composer).to_have_value("")


def test_a_command_that_fails_says_so(open_page: OpenPage) -> None:
    page = open_page("ada")
    composer = page.get_by_role("combobox", name="Message #sccm-ops")

    composer.fill("/pkgstatus PS100112")
    composer.press("Enter")
    expect(page.get_by_text("/pkgstatus failed: the bot did not respond")).to_be_visible()
    composer.fill("/other thing")
    composer.press("Enter")

    expect(page.get_by_text("/other is not a command of this workspace.")).to_be_visible()


def test_people_are_switched_with_arrows(open_page: OpenPage) -> None:
    page = open_page("ada")
    expect(page.get_by_role("button", name="now Ada Lovelace")).to_be_visible()
    tab_to(page, ".person-button")

    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitemradio", name="Ada Lovelace")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".person-button")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="now Grace Hopper")).to_be_focused()


def test_escape_declines_a_confirm_dialog_and_gives_the_focus_back(open_page: OpenPage, web: WebClient) -> None:
    web.chat_postMessage(channel=OPS, text="card", blocks=card())
    page = open_page("grace")
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    tab_to(page, "[data-action-id=approve]")

    page.keyboard.press("Enter")
    expect(page.get_by_role("alertdialog")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("alertdialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Approve")).to_be_focused()


def test_the_sidebar_folds_into_a_drawer_on_a_phone(open_page: OpenPage) -> None:
    page = open_page("ada", width=390)
    expect(page.get_by_role("link", name="sccm-approvals")).to_be_hidden()

    page.get_by_role("button", name="Open sidebar").click()
    page.get_by_role("link", name="sccm-approvals").click()

    expect(page.get_by_role("heading", name="sccm-approvals")).to_be_visible()
    expect(page.get_by_role("link", name="sccm-audit")).to_be_hidden()


def test_the_chosen_colours_are_remembered(open_page: OpenPage) -> None:
    page = open_page("ada", color_scheme="light")
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")

    page.get_by_role("button", name="Colours: follows the system").click()
    page.get_by_role("button", name="Colours: light").click()
    page.reload()

    expect(page.get_by_role("button", name="Colours: dark")).to_be_visible()
    expect(page.locator("body")).not_to_have_css("background-color", "rgb(255, 255, 255)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_has_enough_contrast(open_page: OpenPage, web: WebClient, scheme: str) -> None:
    web.chat_postMessage(channel=OPS, text="`code` <@U00000GRACE> <https://contoso.com|link>\n> quote")
    web.chat_postMessage(channel=OPS, text="blocks", blocks=[*card(), data_table(), chart()])
    web.chat_postEphemeral(channel=OPS, user="U000000OLGA", text="only for Olga")
    page = open_page("olga", color_scheme=scheme)
    expect(page.get_by_text("only for Olga")).to_be_visible()

    page.get_by_role("button", name="Act as somebody else").click()

    assert page.evaluate(CONTRAST.read_text(encoding="utf-8")) == []
