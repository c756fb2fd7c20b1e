"""deploy/env.example names every setting there is, with its default, and is itself a start that is understood.

Set PKGSTATUS_TEST_RECORD=1 to write it anew; then read the difference before it is committed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from bot.settings.errors import known_names
from bot.settings.model import Sections
from tests.deploy.settings_file import text

if TYPE_CHECKING:
    from tests.settings.conftest import Places

FILE = Path(__file__).parents[2] / "deploy" / "env.example"
TOKENS = {"SLACK__BOT_TOKEN": "xoxb-1", "SLACK__APP_TOKEN": "xapp-1"}


def assignments(*, commented: bool) -> dict[str, str]:
    """Return what the file sets, or all that it would set without its comment marks; names without the prefix."""
    pattern = re.compile(rf"^{'#?' if commented else ''}PKGSTATUS_(\w+)=('?)(.*)\2$", re.MULTILINE)
    return {name: value for name, _, value in pattern.findall(FILE.read_text(encoding="utf-8"))}


def test_the_file_says_what_the_settings_are() -> None:
    if os.environ.get("PKGSTATUS_TEST_RECORD"):
        FILE.write_text(text(), encoding="utf-8")

    assert FILE.read_text(encoding="utf-8") == text()


def test_it_names_every_setting_and_where_else_they_may_be() -> None:
    assert {f"PKGSTATUS_{name}" for name in assignments(commented=True)} == {
        *known_names(Sections),
        "PKGSTATUS_SECRETS",
        "PKGSTATUS_CONFIG",
    }


def test_what_it_sets_is_enough_beside_the_tokens_and_what_it_shows_is_the_default(nowhere: Places) -> None:
    enough = nowhere.environment(**assignments(commented=False), **TOKENS).load()
    shown = {name: value for name, value in assignments(commented=True).items() if name not in {"SECRETS", "CONFIG"}}
    everything = nowhere.environment(**shown | TOKENS).load()

    differing = {
        f"{section}.{name}"
        for section in Sections.model_fields
        for name in getattr(type(getattr(everything, section)), "model_fields", ())
        if getattr(getattr(everything, section), name) != getattr(getattr(enough, section), name)
    }
    assert differing == {
        "channels.digest",
        "viewers.users",
        "viewers.groups",
        "requesters.users",
        "requesters.groups",
    }
