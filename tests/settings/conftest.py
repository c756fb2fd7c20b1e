"""Places where settings may come from: the environment, a secrets folder and a TOML file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from bot.settings import InvalidSettings, Settings, load

if TYPE_CHECKING:
    from pathlib import Path

ENOUGH = """
[slack]
bot_token = "xoxb-from-toml"
app_token = "xapp-from-toml"
[channels]
approvals = "C0APPROVALS"
audit = "C0AUDIT"
[approvers]
groups = ["S012AB3CD"]
[sites.PS1]
database = "sqlite:///site.db"
"""


@dataclass
class Places:
    """Puts settings into their sources and loads them."""

    monkeypatch: pytest.MonkeyPatch
    folder: Path

    def environment(self, **values: str) -> Places:
        """Set variables; names come without the prefix."""
        for name, value in values.items():
            self.monkeypatch.setenv(f"PKGSTATUS_{name}", value)
        return self

    def toml(self, text: str | bytes) -> Places:
        """Write the settings file."""
        file = self.folder / "settings.toml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.environment(CONFIG=str(file))

    def secret(self, name: str, content: str | bytes) -> Places:
        """Write one file of the secrets folder."""
        folder = self.folder / "secrets"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.environment(SECRETS=str(folder))

    def load(self) -> Settings:
        """Load the settings as the program does at its start."""
        return load()

    def mistakes(self) -> list[str]:
        """Return the lines that say why the settings cannot be used."""
        with pytest.raises(InvalidSettings) as wrong:
            load()
        assert str(wrong.value) == "\n".join(wrong.value.lines)
        assert wrong.value.__cause__ is None
        return wrong.value.lines


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Places:
    """Return places without any setting."""
    for name in [name for name in os.environ if name.upper().startswith("PKGSTATUS_")]:
        monkeypatch.delenv(name)
    return Places(monkeypatch, tmp_path)


@pytest.fixture
def enough(nowhere: Places) -> Places:
    """Return places whose TOML file holds the least that the bot needs."""
    return nowhere.toml(ENOUGH)
