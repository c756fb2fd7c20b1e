"""Blocks that frame, list and style: each is drawn as what it is."""

from playwright.sync_api import expect
from slack_sdk import WebClient

from tests.demo.page.conftest import OpenPage
from tests.demo.page.samples import Json, named_button, number_cell, text_cell
from tests.demo.workspace.driver import plain, section

OPS = "C0SCCMOPS"


def words(text: str, **style: bool) -> Json:
    return {"type": "text", "text": text} | ({"style": style} if style else {})


def rich(*elements: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(elements)}


def test_rich_text_has_styles_lists_people_and_code(open_page: OpenPage, web: WebClient) -> None:
    person: Json = {"type": "user", "user_id": "U00000GRACE"}
    channel: Json = {"type": "channel", "channel_id": "C0SCCMAUDIT"}
    link: Json = {"type": "link", "url": "https://contoso.com/runbook", "text": "runbook"}
    steps: Json = {"type": "rich_text_list", "style": "ordered", "elements": [rich(words("one")), rich(words("two"))]}
    code: Json = {"type": "rich_text_preformatted", "elements": [words("SELECT 1")]}
    quote: Json = {"type": "rich_text_quote", "elements": [words("as seen")]}
    first = rich(words("bold", bold=True), words("gone", strike=True), person, channel, link)
    blocks = [{"type": "rich_text", "elements": [first, steps, code, quote]}]
    web.chat_postMessage(channel=OPS, text="rich", blocks=blocks)

    text = open_page("ada").locator(".rich-text")

    expect(text.locator("strong")).to_have_text("bold")
    expect(text.locator("s")).to_have_text("gone")
    expect(text.locator(".mention")).to_have_text(["@Grace Hopper", "#sccm-audit"])
    expect(text.get_by_role("link", name="runbook")).to_have_attribute("rel", "noopener noreferrer")
    expect(text.get_by_role("listitem")).to_have_text(["one", "two"])
    expect(text.locator("pre")).to_have_text("SELECT 1")
    expect(text.locator("blockquote")).to_have_text("as seen")


def test_markdown_is_drawn_without_its_marks(open_page: OpenPage, web: WebClient) -> None:
    text = "## What drifted\n\n- **PS100112**\n- two\n\n| DP | held |\n|---|---|\n| DP01 | 7 |\n\n<b>not html</b>"
    web.chat_postMessage(channel=OPS, text="markdown", blocks=[{"type": "markdown", "text": text}])

    block = open_page("ada").locator(".markdown")

    expect(block.get_by_role("heading", name="What drifted")).to_be_visible()
    expect(block.get_by_role("listitem")).to_have_text(["PS100112", "two"])
    expect(block.locator("strong")).to_have_text("PS100112")
    expect(block.get_by_role("cell")).to_have_text(["DP01", "7"])
    expect(block).to_contain_text("<b>not html</b>")


def test_a_container_folds_and_a_card_has_its_buttons(open_page: OpenPage, web: WebClient) -> None:
    fold = {"is_collapsible": True, "default_collapsed": True}
    container: Json = {"type": "container", "title": plain("The rule"), "child_blocks": [section("Two people.")]}
    card: Json = {"type": "card", "title": plain("R-0002"), "actions": [named_button("Open", "open")]}
    web.chat_postMessage(channel=OPS, text="boxes", blocks=[container | fold, card])
    page = open_page("ada")
    expect(page.get_by_text("Two people.")).to_be_hidden()

    page.get_by_text("The rule").click()

    expect(page.get_by_text("Two people.")).to_be_visible()
    expect(page.locator(".card")).to_contain_text("R-0002")
    expect(page.locator(".card").get_by_role("button", name="Open")).to_be_visible()


def test_fields_context_and_dates_read_as_words(open_page: OpenPage, web: WebClient) -> None:
    field = {"type": "mrkdwn", "text": "*Reason*\nstuck"}
    date = {"type": "mrkdwn", "text": "Read <!date^1700000000^{date_short}|before> by <!subteam^S0X|@approvers>"}
    blocks = [{"type": "section", "fields": [field]}, {"type": "context", "elements": [date]}]
    web.chat_postMessage(channel=OPS, text="fields", blocks=blocks)

    page = open_page("ada")

    expect(page.locator(".fact")).to_have_text("Reasonstuck")
    expect(page.locator(".context")).to_contain_text("14 Nov 2023 by @approvers")
    expect(page.locator(".context time")).to_have_attribute("title", "before")


def test_a_column_that_is_not_all_numbers_sorts_as_words_like_slack(open_page: OpenPage, web: WebClient) -> None:
    rows = [[text_cell("Held")], [number_cell(9)], [text_cell("–")], [number_cell(13)]]
    table = {"type": "data_table", "caption": "Mixed", "rows": rows}
    web.chat_postMessage(channel=OPS, text="mixed", blocks=[table])
    page = open_page("ada")

    page.get_by_role("columnheader", name="Held").get_by_role("button").click()

    expect(page.get_by_role("cell")).to_have_text(["–", "13", "9"])
