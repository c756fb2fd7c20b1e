"""Where settings come from.

Each comes from the first of these that has it:

1. the environment: `PKGSTATUS_SLACK__BOT_TOKEN`, with `__` between levels, lists and tables as JSON;
2. the secrets folder that `PKGSTATUS_SECRETS` names: a file `slack__bot_token` holds that setting;
3. the TOML file that `PKGSTATUS_CONFIG` names.
"""

from __future__ import annotations

import codecs
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from bot.settings import errors
from bot.settings.model import PREFIX, Sections

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONFIG = f"{PREFIX}CONFIG"
SECRETS = f"{PREFIX}SECRETS"
TESTS = f"{PREFIX}TEST_"
"""Names that begin so belong to the test suites."""
_UNSEEN = "\\s\\x00\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2064\\ufeff"
_AROUND = re.compile(f"^[{_UNSEEN}]+|[{_UNSEEN}]+$")
_OF_WORD = ("“", "”", "„", "‘", "’", "‚", "«", "»")
_QUOTES = {'""', "''", "“”", "‘’", "„“", "””", "«»", "»«", "``"}


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


class _Texts(EnvSettingsSource):
    """Settings by their full names, each a text: those of the environment, or of the secrets folder."""

    def __init__(self, settings: type[BaseSettings], texts: Mapping[str, str]) -> None:
        super().__init__(settings)
        self.env_vars = {name.lower(): text for name, text in texts.items()}

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = _cleaned(super().__call__())
        return found


def sources(settings: type[BaseSettings]) -> Iterable[PydanticBaseSettingsSource]:
    """Return the sources that are there, the strongest first, without the texts that cannot be read."""
    for texts in (_environment(), _secrets()):
        yield _Texts(settings, {name: text for name, text in texts.items() if not errors.of_text(settings, name, text)})
    if file := _place(CONFIG):
        yield InitSettingsSource(settings, init_kwargs=_cleaned(tomllib.loads(_decoded(Path(file).read_bytes()))))


def load() -> Settings:
    """Load and check everything. Raises InvalidSettings with one line for each mistake."""
    if unreadable := list(_unreadable_places()):
        raise errors.InvalidSettings(unreadable)
    texts = [*_secrets().items(), *_environment().items()]
    misnamed = [errors.unknown(Settings, name) for name, _ in texts if not errors.is_known(Settings, name)]
    misread = {name: line for name, text in texts if (line := errors.of_text(Settings, name, text))}
    wrong = [*misnamed, *misread.values()]
    try:
        settings = Settings()
    except ValidationError as error:
        # What could not be read is no more missing than what is in it, and a misspelt name is met twice.
        wrong += [line for line in errors.of_values(Settings, error) if not _is_below(line, misread)]
    except SettingsError:
        wrong.append("The settings cannot be read together: a setting is given both as a whole and in parts.")
    if wrong:
        raise errors.InvalidSettings(list(dict.fromkeys(wrong)))
    return settings


def _is_below(line: str, names: Iterable[str]) -> bool:
    setting = line.partition(" ")[0]
    return any(setting == name or setting.startswith(f"{name}__") for name in names)


def _place(name: str) -> str:
    """Return where a file or folder is said to be; empty when nothing is said."""
    return _stripped(os.environ.get(name, ""))


def _environment() -> dict[str, str]:
    """Return the settings in the environment by their names in capitals."""
    given = {name.upper(): text for name, text in os.environ.items()}
    return {
        name: _stripped(text)
        for name, text in given.items()
        if name.startswith(PREFIX) and not name.startswith(TESTS) and name not in {CONFIG, SECRETS}
    }


def _secrets() -> dict[str, str]:
    """Return the files of the secrets folder by the names of their settings."""
    folder = _place(SECRETS)
    return {_setting(path): _stripped(_decoded(path.read_bytes())) for path in _files(Path(folder))} if folder else {}


def _files(folder: Path) -> list[Path]:
    """Return what is not hidden; an orchestrator keeps the files themselves in hidden folders."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _setting(path: Path) -> str:
    return f"{PREFIX}{path.name.upper()}"


def _decoded(data: bytes) -> str:
    """Read UTF-8, with or without a byte order mark. Raises ValueError with the sentence that says what it is."""
    if coding := _wide_coding(data):
        raise ValueError(f"is written in {coding}: save it as UTF-8 (PowerShell: Set-Content -Encoding utf8)")
    if b"\0" in data:
        raise ValueError("holds NUL characters: it is no text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text: save it as UTF-8") from None


def _wide_coding(data: bytes) -> str:
    """Name the coding of two or four bytes a character that a text is in; without a mark, NULs on one side tell it."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "UTF-32"
    is_marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    is_wide = any(data[first::2].count(0) * 2 > len(data[first::2]) for first in (0, 1))
    return "UTF-16" if is_marked or is_wide else ""


def _stripped(text: str) -> str:
    """Take off what was copied along: white space, marks that nobody sees, and a pair of quotes around it all."""
    text = _AROUND.sub("", text)
    if len(text) > 1 and text[0] + text[-1] in _QUOTES:
        return _AROUND.sub("", text[1:-1])
    return text


def _cleaned(value: Any) -> Any:
    """Strip every text in a value."""
    if isinstance(value, dict):
        return {name: _cleaned(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    return _stripped(value) if isinstance(value, str) else value


def _unreadable_places() -> Iterable[str]:
    """Name a file or folder that is named but cannot be read; it would be passed over in silence."""
    if folder := _place(SECRETS):
        yield from _unreadable_secrets(Path(folder))
    if file := _place(CONFIG):
        text = ""
        try:
            tomllib.loads(text := _decoded(Path(file).read_bytes()))
        except OSError as error:
            yield f"{CONFIG} names a settings file that cannot be read: {error.strerror}."
        except tomllib.TOMLDecodeError as error:
            yield f"{CONFIG} names a file that is not valid TOML{_toml_slip(str(error), text)}."
        except ValueError as error:
            yield f"{CONFIG} names a file that {error}."


def _toml_slip(report: str, text: str) -> str:
    """Say where to look, and the likely cause: a backslash, or a quote of Word. Only numbers of the report are used."""
    numbers = re.search(r"line (\d+), column (\d+)", report)
    where = f": look at line {numbers[1]}, column {numbers[2]}" if numbers else ": something is open at its end"
    if re.search(r"escape|hex|\\\\", report, re.IGNORECASE):
        return f"{where}; for each \\ write \\\\, or put the whole value in 'single quotes'"
    if numbers and text.split("\n")[int(numbers[1]) - 1][int(numbers[2]) - 1 :].startswith(_OF_WORD):
        return f"{where}: its quotes are typographic, TOML takes \" and ' only"
    return where


def _unreadable_secrets(folder: Path) -> Iterable[str]:
    """Name what in the secrets folder would be passed over in silence, or end in a traceback."""
    try:
        found = _files(folder)
    except FileNotFoundError:
        yield f"{SECRETS} names a folder that does not exist."
        return
    except NotADirectoryError:
        yield f"{SECRETS} names a file; it must name the folder that holds a file for each secret."
        return
    except OSError as error:
        yield f"{SECRETS} names a folder that cannot be read: {error.strerror}."
        return
    for path in found:
        try:
            _decoded(path.read_bytes())
        except IsADirectoryError:
            yield f"{SECRETS} holds a folder {path.name}; only files in the folder itself are read."
        except OSError as error:
            yield f"{_setting(path)} cannot be read from the secrets folder: {error.strerror}."
        except ValueError as error:
            yield f"{_setting(path)} cannot be read from the secrets folder: it {error}."
