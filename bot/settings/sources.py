"""Which source gave each setting, and what can be used of settings that are wrong in part; for an installer's look.

No value is shown that the settings call a secret, and none at all before it is known to be right.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError, create_model
from pydantic_settings import SettingsError

from bot.settings.errors import InvalidSettings
from bot.settings.loading import CONFIG, SECRETS, Settings, load, sources
from bot.settings.model import PREFIX, open_links

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """A setting that somebody set: its name, who gave it, and what it says if that may be shown."""

    name: str
    source: str
    shown: str


@dataclass(frozen=True, slots=True)
class SettingsReport:
    """All settings, as far as they are right: what `lacking` names must not be asked of `settings`."""

    settings: Settings
    mistakes: tuple[str, ...]
    lacking: frozenset[str]
    origins: tuple[Origin, ...]


def report() -> SettingsReport:
    """Load what can be loaded, and say what is wrong with the rest."""
    given = dict(_given())
    try:
        settings = load()
    except InvalidSettings as wrong:
        usable = dict(_usable(_merged(reversed(given.values()))))
        _forget_open_links(usable)
        dump = (partial := Settings.model_construct(**usable)).model_dump(include=set(usable))
        lacking = frozenset(Settings.model_fields) - usable.keys()
        return SettingsReport(partial, tuple(wrong.lines), lacking, tuple(_origins(given, dump)))
    return SettingsReport(settings, (), frozenset(), tuple(_origins(given, settings.model_dump())))


def _given() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return what each source says, the strongest first; one that cannot be read says nothing here."""
    names = ["the environment", SECRETS, CONFIG]
    try:
        for name, source in zip(names, sources(Settings), strict=False):
            yield name, source()
    except (SettingsError, OSError, ValueError):
        return


def _merged(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            known = merged.get(name)
            both = isinstance(known, dict) and isinstance(value, dict)
            merged[name] = _merged([known or {}, value]) if both else value
    return merged


def _usable(raw: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Read each section by itself."""
    for name, field in Settings.model_fields.items():
        if name not in raw:
            if not field.is_required():
                yield name, field.get_default(call_default_factory=True)
            continue
        alone = create_model("Alone", value=(field.annotation or object, field))
        try:
            yield name, alone.model_validate({"value": raw[name]}).value  # type: ignore[attr-defined]  # made above
        except ValidationError:
            continue


def _forget_open_links(usable: dict[str, Any]) -> None:
    """Nobody logs in over a link that the settings as a whole refuse."""
    for name in {"sites", "store"} & usable.keys():
        if not usable.get("unencrypted_databases") and next(open_links(usable[name]), None):
            del usable[name]


def _origins(given: Mapping[str, Any], dump: Mapping[str, Any]) -> Iterator[Origin]:
    seen: set[Path] = set()
    for source, values in given.items():
        for path, value in _leaves(values):
            if path not in seen:
                seen.add(path)
                shown = _as_typed(value) if _is_harmless(dump, path) else ""
                yield Origin(f"{PREFIX}{'__'.join(path)}".upper(), source, shown)


def _as_typed(value: Any) -> str:
    """Return a value as the environment would have it: lists as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _leaves(values: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(values, dict) and values:
        for name, value in values.items():
            yield from _leaves(value, (*path, str(name).upper() if path == ("sites",) else str(name)))
    elif path:
        yield path, values


def _is_harmless(dump: Any, path: Path) -> bool:
    """Whether a value was found right, and is none that the settings keep to themselves."""
    for name in path:
        if not isinstance(dump, dict) or name not in dump:
            return False
        dump = dump[name]
    return not isinstance(dump, SecretStr)
