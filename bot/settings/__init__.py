"""Settings from the environment, a secrets folder and a TOML file, checked at start."""

from bot.settings.loading import Settings, load
from bot.settings.mistakes import SettingsWrong
from bot.settings.model import Approvers, People
from bot.settings.secrecy import secrets_of

__all__ = ["Approvers", "People", "Settings", "SettingsWrong", "load", "secrets_of"]
