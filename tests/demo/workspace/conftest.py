"""A workspace per test, with quick clocks and a manifest that grants everything, and apps that go away with it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk import WebClient

from bot.demo.workspace.server import RunningWorkspace
from bot.demo.workspace.timing import Timing
from tests.demo.workspace.driver import Control, RunningApp
from tests.demo.workspace.form import FormApp, views
from tests.waiting import wait_until

SCOPES = ["commands", "chat:write", "files:write", "users:read", "usergroups:read", "channels:read"]
QUICK = Timing(
    acknowledge_s=12.0,
    linger_s=0.0,
    redeliver_after_s=(0.0, 0.1),
    server_ping_s=0.05,
    warning_s=0.2,
    closing_s=0.5,
    post_interval_s=0.0,
)
StartWorkspace = Callable[..., RunningWorkspace]
StartApp = Callable[..., RunningApp]


def manifest(path: Path, **changes: Any) -> Path:
    """Write a manifest that grants everything, but for the changes."""
    granted: dict[str, Any] = {
        "home": True,
        "messages": True,
        "read_only": False,
        "interactive": True,
        "events": ["app_home_opened", "app_mention", "message.channels", "message.im"],
        "scopes": SCOPES,
        "socket_mode": True,
    } | changes
    home = {"home_tab_enabled": granted["home"], "messages_tab_enabled": granted["messages"]}
    document = {
        "features": {
            "app_home": home | {"messages_tab_read_only_enabled": granted["read_only"]},
            "slash_commands": [{"command": "/pkgstatus", "description": "versions", "usage_hint": "[id]"}],
        },
        "oauth_config": {"scopes": {"bot": granted["scopes"]}},
        "settings": {
            "interactivity": {"is_enabled": granted["interactive"]},
            "event_subscriptions": {"bot_events": granted["events"]},
            "socket_mode_enabled": granted["socket_mode"],
        },
    }
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture
def start_workspace(tmp_path: Path) -> Iterator[StartWorkspace]:
    running: list[RunningWorkspace] = []

    def start(timing: dict[str, Any] | None = None, **changes: Any) -> RunningWorkspace:
        path = manifest(tmp_path / f"manifest-{len(running)}.yml", **changes)
        workspace = RunningWorkspace(manifest=path, timing=replace(QUICK, **(timing or {})))
        running.append(workspace.__enter__())
        return workspace

    yield start
    for workspace in running:
        workspace.__exit__(None, None, None)


@pytest.fixture
def workspace(start_workspace: StartWorkspace) -> RunningWorkspace:
    return start_workspace()


@pytest.fixture
def control(workspace: RunningWorkspace) -> Control:
    return Control(workspace)


@pytest.fixture
def web(workspace: RunningWorkspace) -> WebClient:
    return WebClient(token=workspace.bot_token, base_url=workspace.api_url)


@pytest.fixture
def start_app(workspace: RunningWorkspace) -> Iterator[StartApp]:
    started: list[RunningApp] = []

    def start(listen: Callable[[RunningApp], None] | None = None, into: RunningWorkspace | None = None) -> RunningApp:
        app = RunningApp(into or workspace)
        started.append(app)
        if listen is not None:
            listen(app)
        app.connect()
        return app

    yield start
    for app in started:
        app.close()


@pytest.fixture
def form(start_app: StartApp, control: Control) -> FormApp:
    form = FormApp()
    start_app(form.listen)
    control.command()
    wait_until(lambda: views(control))
    return form
