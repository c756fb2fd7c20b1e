"""Where settings come from.

Each comes from the first of these that has it:

1. the environment: `PKGSTATUS_SLACK__BOT_TOKEN`, with `__` between levels, lists and tables as JSON;
2. the secrets folder that `PKGSTATUS_SECRETS` names: a file `slack__bot_token` holds that setting;
3. the TOML file that `PKGSTATUS_CONFIG` names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from bot.settings import mistakes
from bot.settings.model import PREFIX, Sections

if TYPE_CHECKING:
    from collections.abc import Iterable

CONFIG = f"{PREFIX}CONFIG"
SECRETS = f"{PREFIX}SECRETS"
TESTS = f"{PREFIX}TEST_"
"""Names that begin so belong to the test suites."""


class Settings(Sections, BaseSettings):
    """All settings of the bot."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings passes all four
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """State the order of the sources."""
        return tuple(sources(settings_cls))


def sources(settings: type[BaseSettings]) -> Iterable[PydanticBaseSettingsSource]:
    """Return the sources that are there, the strongest first."""
    yield EnvSettingsSource(settings)
    if folder := os.environ.get(SECRETS):
        yield NestedSecretsSettingsSource(
            SecretsSettingsSource(settings), secrets_dir=folder, secrets_prefix="", secrets_nested_delimiter="__"
        )
    if file := os.environ.get(CONFIG):
        yield TomlConfigSettingsSource(settings, toml_file=file)


def load() -> Settings:
    """Load and check everything. Raises SettingsWrong with one line for each mistake."""
    unreadable = list(_unreadable_places())
    if unreadable:
        raise mistakes.SettingsWrong(unreadable)
    misnamed = [mistakes.unknown(Settings, name) for name in _given_names() if not mistakes.is_known(Settings, name)]
    try:
        settings = Settings()
    except ValidationError as error:
        # A misspelt name below a section is met twice: by name and by value.
        lines = dict.fromkeys([*misnamed, *mistakes.of_values(Settings, error)])
        raise mistakes.SettingsWrong(list(lines)) from None
    except SettingsError as error:
        raise mistakes.SettingsWrong([*misnamed, mistakes.of_json(Settings, error)]) from None
    if misnamed:
        raise mistakes.SettingsWrong(misnamed)
    return settings


def _unreadable_places() -> Iterable[str]:
    """A file or folder that is named but not there would be passed over in silence."""
    file, folder = os.environ.get(CONFIG), os.environ.get(SECRETS)
    if folder and not Path(folder).is_dir():
        yield f"{SECRETS} names a folder that does not exist."
    elif folder:
        yield from _unreadable_secrets(Path(folder))
    if file:
        import tomllib  # noqa: PLC0415 - most installations have no such file

        try:
            tomllib.loads(Path(file).read_text(encoding="utf-8"))
        except OSError as error:
            yield f"{CONFIG} names a settings file that cannot be read: {error.strerror}."
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            yield f"{CONFIG} names a file that is not valid TOML: {error}."


def _unreadable_secrets(folder: Path) -> Iterable[str]:
    """Name what in the secrets folder would be passed over in silence, or end in a traceback."""
    for path in sorted(path for path in folder.iterdir() if not path.name.startswith(".")):
        if path.is_dir():
            yield f"{SECRETS} holds a folder {path.name}; only files in the folder itself are read."
            continue
        try:
            path.read_text(encoding="utf-8")
        except OSError as error:
            yield f"{PREFIX}{path.name.upper()} cannot be read from the secrets folder: {error.strerror}."
        except UnicodeDecodeError:
            yield f"{PREFIX}{path.name.upper()} cannot be read from the secrets folder: it is not UTF-8 text."


def _given_names() -> Iterable[str]:
    """Names in the environment and in the secrets folder, which pydantic-settings passes over when it knows none."""
    for name in os.environ:
        upper = name.upper()
        if upper.startswith(PREFIX) and not upper.startswith(TESTS) and upper not in {CONFIG, SECRETS}:
            yield upper
    if folder := os.environ.get(SECRETS):
        files = (path.name for path in Path(folder).iterdir() if path.is_file())
        yield from (f"{PREFIX}{name.upper()}" for name in sorted(files) if not name.startswith("."))
