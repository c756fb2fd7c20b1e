"""Settings of their own for what is deployed."""

from tests.settings.conftest import nowhere

__all__ = ["nowhere"]
