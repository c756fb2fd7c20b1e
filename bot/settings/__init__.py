"""Settings from the environment, a secrets folder and a TOML file, checked at start."""

from bot.settings.errors import InvalidSettings
from bot.settings.loading import Settings, load
from bot.settings.model import Approvers, People
from bot.settings.secrets import secrets_of

__all__ = ["Approvers", "InvalidSettings", "People", "Settings", "load", "secrets_of"]
