"""Settings from the environment, a secrets folder and a TOML file, checked at start."""

from bot.settings.loading import Settings, load
from bot.settings.mistakes import SettingsWrong
from bot.settings.model import Approvers, People

__all__ = ["Approvers", "People", "Settings", "SettingsWrong", "load"]
