"""What the app was allowed when it was installed: commands, scopes, events, interactivity, home tab.

Read once from manifest.yml; the workspace refuses everything the file does not grant.
"""

from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.demo.workspace.failure import Failure


@dataclass(frozen=True)
class Command:
    """A slash command as the manifest names it."""

    command: str
    description: str
    usage_hint: str


@dataclass(frozen=True)
class Manifest:
    """The parts of the manifest that Slack enforces while the app runs."""

    commands: tuple[Command, ...]
    scopes: frozenset[str]
    events: frozenset[str]
    is_interactive: bool
    has_home_tab: bool
    has_messages_tab: bool
    is_messages_tab_read_only: bool
    has_socket_mode: bool

    def require(self, alternatives: tuple[str, ...]) -> None:
        """Raise `missing_scope` unless one of the scopes was granted (or none is needed)."""
        if alternatives and not self.scopes.intersection(alternatives):
            needed, provided = ",".join(alternatives), ",".join(sorted(self.scopes))
            raise Failure("missing_scope", needed=needed, provided=provided)


def read_manifest(path: Path) -> Manifest:
    """Return what the file grants; absent parts are Slack's defaults."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    features, settings = document.get("features", {}), document.get("settings", {})
    home = features.get("app_home", {})
    scopes = document.get("oauth_config", {}).get("scopes", {})
    commands = features.get("slash_commands", [])
    return Manifest(
        commands=tuple(Command(c["command"], c.get("description", ""), c.get("usage_hint", "")) for c in commands),
        scopes=frozenset(scopes.get("bot", [])),
        events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", [])),
        is_interactive=settings.get("interactivity", {}).get("is_enabled", False),
        has_home_tab=home.get("home_tab_enabled", False),
        has_messages_tab=home.get("messages_tab_enabled", True),
        is_messages_tab_read_only=home.get("messages_tab_read_only_enabled", False),
        has_socket_mode=settings.get("socket_mode_enabled", False),
    )
