"""The composition root: settings in, a Bot with `run` and `stop` out. The only folder that imports everyone."""

from bot.wiring.bot import Bot, PolicyRefused
from bot.wiring.parts import store_of

__all__ = ["Bot", "PolicyRefused", "store_of"]
