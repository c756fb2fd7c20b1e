"""A workspace, a connected app and a real browser in front of them.

Without a Chromium on the machine these tests are skipped and say so; the browser never fetches one.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect, sync_playwright
from slack_sdk import WebClient

from bot.demo.workspace.server import RunningWorkspace
from bot.demo.workspace.timing import Timing
from tests.demo.workspace.driver import Control, RunningApp
from tests.waiting import TIMEOUT_SECONDS

MANIFEST = Path(__file__).parents[3] / "manifest.yml"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
QUICK = Timing(acknowledge_s=12.0, server_ping_s=0.1, post_interval_s=0.0)
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Module by module, because a running Playwright keeps the thread's event loop busy."""
    expect.set_options(timeout=TIMEOUT_SECONDS * 1000)
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[RunningWorkspace]:
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    manifest["features"]["app_home"] |= {"home_tab_enabled": True, "messages_tab_read_only_enabled": False}
    path = tmp_path / "manifest.yml"
    path.write_text(yaml.safe_dump(manifest), encoding="utf-8")
    with RunningWorkspace(manifest=path, timing=QUICK) as running:
        yield running


@pytest.fixture
def control(workspace: RunningWorkspace) -> Control:
    return Control(workspace)


@pytest.fixture
def web(workspace: RunningWorkspace) -> WebClient:
    return WebClient(token=workspace.bot_token, base_url=workspace.api_url)


@pytest.fixture
def app(workspace: RunningWorkspace) -> Iterator[RunningApp]:
    """An app that has no listeners yet; connect it when it has."""
    app = RunningApp(workspace)
    yield app
    app.close()


@pytest.fixture
def open_page(browser: Browser, workspace: RunningWorkspace) -> Iterator[OpenPage]:
    """Open a channel as somebody; an error on the page fails the test."""
    contexts, errors = [], []

    def open_as(person: str, channel: str = "C0SCCMOPS", width: int = 1200, **settings: str) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, **settings)  # type: ignore[arg-type]  # color_scheme is a Literal
        context.set_default_timeout(TIMEOUT_SECONDS * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{workspace.url}/#channel={channel}&as={person}")
        expect(page.locator("h1")).not_to_be_empty()
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert errors == []
