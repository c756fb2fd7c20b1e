"""What people see and can do on the page: messages, people, threads, live updates."""

from playwright.sync_api import Page, expect
from slack_sdk import WebClient

from tests.demo.page.conftest import OpenPage
from tests.demo.workspace.driver import Control, RunningApp

OPS = "C0SCCMOPS"
HOSTILE = "<script>window.hacked = true</script>"


def act_as(page: Page, name: str) -> None:
    page.get_by_role("button", name="Act as somebody else").click()
    page.get_by_role("menuitemradio", name=name).click()


def test_an_ephemeral_message_is_seen_by_its_reader_only(open_page: OpenPage, web: WebClient) -> None:
    web.chat_postEphemeral(channel=OPS, user="U000000ADA", text="6 of 12 are behind")
    web.chat_postMessage(channel=OPS, text="digest")

    ada, grace = open_page("ada"), open_page("grace")

    expect(ada.get_by_text("6 of 12 are behind")).to_be_visible()
    expect(ada.get_by_text("Only visible to you")).to_be_visible()
    expect(grace.get_by_text("digest")).to_be_visible()
    expect(grace.get_by_text("6 of 12 are behind")).to_have_count(0)


def test_switching_person_changes_what_is_seen(open_page: OpenPage, web: WebClient) -> None:
    web.chat_postEphemeral(channel=OPS, user="U000000ADA", text="only for Ada")
    web.chat_postMessage(channel=OPS, text="for everybody")
    page = open_page("ada")
    expect(page.get_by_text("only for Ada")).to_be_visible()

    act_as(page, "Gus Guest")

    expect(page.get_by_text("for everybody")).to_be_visible()
    expect(page.get_by_text("only for Ada")).to_have_count(0)
    expect(page.get_by_role("link", name="sccm-ops")).to_be_visible()
    expect(page.get_by_role("link", name="sccm-approvals")).to_have_count(0)
    assert "as=gus" in page.url


def test_guests_and_people_of_another_workspace_are_marked(open_page: OpenPage) -> None:
    page = open_page("ada")

    page.get_by_role("button", name="Act as somebody else").click()

    expect(page.get_by_role("menuitemradio", name="Gus Guest")).to_contain_text("Guest")
    expect(page.get_by_role("menuitemradio", name="Olga Olsen")).to_contain_text("Other workspace")
    expect(page.get_by_role("menuitemradio", name="Ada Lovelace")).not_to_contain_text("workspace")


def test_a_hostile_name_is_shown_as_text(open_page: OpenPage, control: Control, web: WebClient) -> None:
    control.do("person", id="U000000GUS", name=HOSTILE)
    control.do("say", user="gus", channel=OPS, text=f"{HOSTILE} <img src=x onerror='window.hacked=true'>")
    cell = {"type": "raw_text", "text": HOSTILE}
    web.chat_postMessage(channel=OPS, text="table", blocks=[{"type": "table", "rows": [[cell], [cell]]}])
    web.chat_postMessage(channel=OPS, text="by <@U000000GUS>: <javascript:window.hacked=true|press me>")

    page = open_page("ada")

    expect(page.locator(".author").first).to_have_text(HOSTILE)
    expect(page.locator(".message").first).to_contain_text("<img src=x")
    expect(page.get_by_role("cell", name=HOSTILE)).to_be_visible()
    expect(page.locator(".mention")).to_have_text(f"@{HOSTILE}")
    expect(page.get_by_role("link", name="press me")).to_have_count(0)
    assert page.evaluate("window.hacked") is None


def test_mrkdwn_is_drawn_with_names_links_and_emoji(open_page: OpenPage, web: WebClient) -> None:
    text = "*bold* _slanted_ ~gone~ `code` :tada: <@U00000GRACE> <#C0APPROVALS> <https://contoso.com/a|runbook>"
    text += " <https://contoso.slack.com/team/U000000ADA|@Ada>"
    web.chat_postMessage(channel=OPS, text=f"{text} a &lt; b &amp;amp; snake_case_name 2*3*4\n> quoted")

    message = open_page("ada").locator(".message .text")

    expect(message.locator("strong")).to_have_text("bold")
    expect(message.locator("em")).to_have_text("slanted")
    expect(message.locator("s")).to_have_text("gone")
    expect(message.locator("code")).to_have_text("code")
    expect(message.locator("blockquote")).to_have_text("quoted")
    expect(message.locator(".mention")).to_have_text(["@Grace Hopper", "#sccm-approvals"])
    expect(message.locator(".person")).to_have_text("@Ada")
    expect(message.get_by_role("img", name="tada")).to_have_text("🎉")
    expect(message.get_by_role("link", name="runbook")).to_have_attribute("href", "https://contoso.com/a")
    expect(message).to_contain_text("a < b &amp; snake_case_name 2*3*4")


def test_messages_arrive_and_change_without_a_reload(open_page: OpenPage, web: WebClient) -> None:
    page = open_page("ada")
    expect(page.get_by_text("No messages here yet.")).to_be_visible()

    posted = web.chat_postMessage(channel=OPS, text="6 are behind")
    expect(page.locator(".message").get_by_text("6 are behind")).to_be_visible()
    expect(page.locator("#announcer")).to_contain_text("6 are behind")
    web.chat_update(channel=OPS, ts=str(posted["ts"]), text="all in sync")

    expect(page.get_by_text("all in sync (edited)")).to_be_visible()
    expect(page.get_by_text("No messages here yet.")).to_have_count(0)


def test_reading_further_up_is_not_disturbed_by_a_new_message(open_page: OpenPage, web: WebClient) -> None:
    for number in range(12):
        web.chat_postMessage(channel=OPS, text=f"message {number}\n\n\n\n\nend")
    page = open_page("ada")
    scroller = page.get_by_role("region", name="Messages")
    expect(page.get_by_text("message 11")).to_be_in_viewport()
    scroller.evaluate("node => { node.scrollTop = 0 }")
    expect(page.get_by_text("message 0")).to_be_in_viewport()

    web.chat_postMessage(channel=OPS, text="the newest")

    page.get_by_role("button", name="New messages").click(trial=True)
    assert scroller.evaluate("node => node.scrollTop") == 0
    page.get_by_role("button", name="New messages").click()
    expect(page.locator(".message").get_by_text("the newest")).to_be_in_viewport()


def test_a_long_channel_shows_its_latest_messages_and_earlier_ones_on_request(
    open_page: OpenPage, control: Control
) -> None:
    for number in range(160):
        control.do("say", user="ada", channel=OPS, text=f"line {number}.")
    page = open_page("grace")
    expect(page.get_by_text("line 159.")).to_be_in_viewport()
    expect(page.get_by_text("line 9.", exact=True)).to_have_count(0)

    page.get_by_role("button", name="Earlier messages").click()

    expect(page.get_by_text("line 0.", exact=True)).to_be_attached()
    expect(page.get_by_role("button", name="Earlier messages")).to_be_hidden()


def test_a_message_elsewhere_marks_its_channel_as_unread(open_page: OpenPage, web: WebClient) -> None:
    page = open_page("ada")
    channel = page.get_by_role("link", name="sccm-approvals")
    expect(page.get_by_text("No messages here yet.")).to_be_visible()

    web.chat_postMessage(channel="C0APPROVALS", text="a request waits")
    expect(channel).to_contain_text("new messages")
    channel.click()

    expect(page.get_by_text("a request waits")).to_be_visible()
    expect(page.locator(".unread:visible")).to_have_count(0)


def test_a_thread_opens_beside_the_channel_and_takes_replies(open_page: OpenPage, web: WebClient) -> None:
    parent = str(web.chat_postMessage(channel=OPS, text="digest")["ts"])
    web.chat_postMessage(channel=OPS, text="details", thread_ts=parent)
    page = open_page("ada")

    page.get_by_role("button", name="1 reply").click()
    thread = page.get_by_role("complementary", name="Thread")
    expect(thread.get_by_text("details")).to_be_visible()
    page.keyboard.type("thank you")
    page.keyboard.press("Enter")

    expect(thread.get_by_text("thank you")).to_be_visible()
    expect(page.get_by_role("button", name="2 replies")).to_be_visible()
    page.keyboard.press("Escape")
    expect(thread).to_be_hidden()


def test_a_file_is_a_card_that_downloads(open_page: OpenPage, web: WebClient) -> None:
    web.files_upload_v2(channel=OPS, filename="PS100112.csv", title="All rows", content="dp,held\nDP01,7\n")
    page = open_page("ada")

    with page.expect_download() as started:
        page.get_by_role("link", name="PS100112.csv").click()

    assert started.value.suggested_filename == "PS100112.csv"
    assert started.value.path().read_text() == "dp,held\nDP01,7\n"


def test_the_header_says_whether_the_bot_is_connected(open_page: OpenPage, app: RunningApp) -> None:
    page = open_page("ada")
    expect(page.get_by_text("Bot not connected")).to_be_visible()

    app.connect()

    expect(page.get_by_text("Bot connected")).to_be_visible()


def test_a_permalink_leads_to_its_message(open_page: OpenPage, control: Control, web: WebClient) -> None:
    posted = web.chat_postMessage(channel="C0APPROVALS", text="the first card")
    for number in range(30):
        web.chat_postMessage(channel="C0APPROVALS", text=f"card {number}\n\n\nend")
    page = open_page("ada")

    page.goto(f"{control.url}/archives/C0APPROVALS/p{str(posted['ts']).replace('.', '')}")

    expect(page.get_by_text("the first card")).to_be_in_viewport()
