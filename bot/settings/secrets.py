"""What in the settings must never be printed: the tokens, and the passwords inside connection strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from bot.settings.odbc_strings import passwords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings.loading import Settings


def secrets_of(settings: Settings) -> Iterator[str]:
    """Return every token and every password."""
    for secret in _kept(settings.model_dump()):
        yield from passwords(secret) if "=" in secret else (secret,)


def _kept(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, dict):
        for each in value.values():
            yield from _kept(each)
