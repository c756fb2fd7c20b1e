"""Tables and charts: what the browser itself does with them."""

from playwright.sync_api import Locator, Page, Route, expect
from slack_sdk import WebClient

from tests.demo.page.conftest import OpenPage
from tests.demo.page.samples import chart, data_table, pie

OPS = "C0SCCMOPS"
PHONE = 390


def open_table(open_page: OpenPage, web: WebClient, width: int = 1200) -> Page:
    web.chat_postMessage(channel=OPS, text="versions", blocks=[data_table()])
    return open_page("ada", width=width)


def servers(page: Page) -> Locator:
    return page.locator(".data-grid tbody th")


def held(page: Page) -> Locator:
    return page.locator(".data-grid tbody td:last-child")


def test_a_data_table_shows_one_page_at_a_time(open_page: OpenPage, web: WebClient) -> None:
    page = open_table(open_page, web)
    expect(servers(page)).to_have_text([f"DP0{number}.contoso.com" for number in range(1, 6)])
    expect(page.get_by_text("1–5 of 12")).to_be_visible()

    page.get_by_role("button", name="Next page").click()
    page.get_by_role("button", name="Next page").click()

    expect(servers(page)).to_have_text(["DP11.contoso.com", "DP12.contoso.com"])
    expect(page.get_by_text("11–12 of 12")).to_be_visible()
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()


def test_a_column_of_numbers_sorts_by_value_and_back(open_page: OpenPage, web: WebClient) -> None:
    page = open_table(open_page, web)
    header = page.get_by_role("columnheader", name="Holds")

    header.get_by_role("button").click()
    expect(held(page)).to_have_text(["7", "8", "9", "10", "12"])
    expect(header).to_have_attribute("aria-sort", "ascending")
    header.get_by_role("button").click()
    expect(held(page)).to_have_text(["13"] * 5)
    expect(header).to_have_attribute("aria-sort", "descending")
    header.get_by_role("button").click()

    expect(held(page)).to_have_text(["9", "13", "7", "13", "10"])
    expect(header).to_have_attribute("aria-sort", "none")


def test_the_filter_keeps_rows_that_have_every_word(open_page: OpenPage, web: WebClient) -> None:
    page = open_table(open_page, web)
    search = page.get_by_role("searchbox", name="Filter rows")

    search.fill("p01 13")
    expect(servers(page)).to_have_text(["DP04.contoso.com", "DP07.contoso.com"])
    expect(page.get_by_text("2 (filtered from 12) rows")).to_be_visible()
    search.fill("nowhere")

    expect(page.get_by_text("No row matches.")).to_be_visible()


def test_a_table_keeps_its_page_when_a_message_arrives(open_page: OpenPage, web: WebClient) -> None:
    page = open_table(open_page, web)
    page.get_by_role("button", name="Next page").click()

    web.chat_postMessage(channel=OPS, text="the next message")
    expect(page.locator(".message").get_by_text("the next message")).to_be_visible()

    expect(page.get_by_text("6–10 of 12")).to_be_visible()


def test_a_wide_table_scrolls_inside_its_message_on_a_phone(open_page: OpenPage, web: WebClient) -> None:
    cells = [{"type": "raw_text", "text": f"a rather long cell {number}"} for number in range(8)]
    web.chat_postMessage(channel=OPS, text="wide", blocks=[{"type": "table", "rows": [cells, cells]}])
    page = open_page("ada", width=PHONE)
    box = page.get_by_role("region", name="Table")
    expect(box).to_be_visible()

    assert box.evaluate("node => node.scrollWidth > node.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE


def test_column_settings_align_cells(open_page: OpenPage, web: WebClient) -> None:
    cells = [{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": "b"}]
    settings = [{"align": "center"}, {"align": "right"}]
    table = {"type": "table", "rows": [cells, cells], "column_settings": settings}
    web.chat_postMessage(channel=OPS, text="aligned", blocks=[table])

    row = open_page("ada").get_by_role("cell")

    expect(row.nth(0)).to_have_css("text-align", "center")
    expect(row.nth(1)).to_have_css("text-align", "right")


def test_charts_have_a_text_alternative(open_page: OpenPage, web: WebClient) -> None:
    web.chat_postMessage(channel=OPS, text="charts", blocks=[chart("bar"), pie()])
    page = open_page("ada")

    expect(page.get_by_role("img", name="site behind: Mon 2, Tue 3, Wed 8. failed: Mon 1")).to_be_visible()
    expect(page.get_by_role("img", name="In sync 90, Behind 8, Failed 2")).to_be_visible()
    page.get_by_text("Show the numbers").first.click()

    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Wed"))
    expect(row.get_by_role("cell")).to_have_text(["8", "4"])


def test_each_kind_of_chart_draws_its_marks(open_page: OpenPage, web: WebClient) -> None:
    for kind in ("line", "area", "bar"):
        web.chat_postMessage(channel=OPS, text=kind, blocks=[chart(kind)])
    page = open_page("ada")

    expect(page.locator(".chart-line .plot .point")).to_have_count(6)
    expect(page.locator(".chart-line .plot .area")).to_have_count(0)
    expect(page.locator(".chart-area .plot .area")).to_have_count(2)
    expect(page.locator(".chart-bar .plot .fill")).to_have_count(6)
    expect(page.locator(".chart-bar .legend")).to_have_text("site behindfailed")
    expect(page.locator(".chart-bar .axis-name")).to_have_text("DayRows")


def test_a_block_that_is_not_known_is_named(open_page: OpenPage, web: WebClient) -> None:
    web.chat_postMessage(channel=OPS, text="strange", blocks=[{"type": "divider"}])
    page = open_page("ada", channel="C0APPROVALS")

    def with_a_hologram(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"divider"', '"hologram"'))

    page.route("**/control/messages*", with_a_hologram)
    page.get_by_role("link", name="sccm-ops").click()

    expect(page.get_by_text("This page does not draw hologram yet.")).to_be_visible()
    page.unroute_all(behavior="wait")  # the page asks again and again: none of that may outlive the page
