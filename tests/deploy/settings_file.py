"""Writes deploy/env.example from the settings themselves: what each is for, what it must be or is by default."""

from __future__ import annotations

import json
from datetime import timedelta
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from bot.settings.model import PREFIX, Sections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

HEAD = f"""\
# Every setting, each with what it is for. Those without a # must be set; behind a # stands the default, or an example
# where there is none. systemd, Compose and a shell (set -a; . ./env) read this file as it is. Lists are JSON.
# A secret is better kept in a file of its own, in the folder that {PREFIX}SECRETS names: slack__bot_token,
# slack__app_token, sites__ps1__database, sites__ps1__writer, store. What stands here wins over such a file.
#{PREFIX}SECRETS=/etc/pkgstatus-bot/secrets
# A TOML file with any of these settings; what stands here or in the secrets folder wins over it.
#{PREFIX}CONFIG=/etc/pkgstatus-bot/settings.toml
"""
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def text() -> str:
    """Return the whole file."""
    return "\n".join([HEAD, *_level(Sections, PREFIX, is_needed=False)])


def _level(model: type[BaseModel], prefix: str, *, is_needed: bool) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = _models_in(field.annotation)
        needed = field.is_required() or is_needed
        if inner and inner[0] is field.annotation:
            yield f"# --- {_first_line(inner[0])}"
            yield from _level(inner[0], f"{prefix}{name.upper()}__", is_needed=needed and not _says_which(inner[0]))
            yield ""
        else:
            yield _purpose(field, is_needed=needed)
            yield from (f"#   {key}: {part.description}" for each in inner for key, part in each.model_fields.items())
            yield _assignment(f"{prefix}{name.upper()}", field, is_needed=needed)
            yield from [""] if inner or prefix == PREFIX else []


def _purpose(field: FieldInfo, *, is_needed: bool) -> str:
    choices = [each for each in get_args(field.annotation) if isinstance(each, str)]
    offered = f" ({' | '.join(choices)})" if choices else ""
    return f"# {field.description}{offered}{' (must be set)' if is_needed and _is_secret(field) else ''}"


def _assignment(name: str, field: FieldInfo, *, is_needed: bool) -> str:
    mark = "" if is_needed and not _is_secret(field) else "#"
    return f"{mark}{name}={_quoted(_shown(field))}"


def _shown(field: FieldInfo) -> str:
    default = field.default
    if field.is_required() or default is None or isinstance(default, SecretStr) or default in (frozenset(), ()):
        return str((field.examples or [""])[0])
    if isinstance(default, timedelta):
        seconds = int(default.total_seconds())
        return next(f"{seconds // unit}{outbound}" for unit, outbound in UNITS if seconds % unit == 0)
    return json.dumps(default) if isinstance(default, bool) else str(default)


def _quoted(value: str) -> str:
    return f"'{value}'" if set(value) & set("{[ *;") else value


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that a value is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (tuple, dict, Union, UnionType):
        return [model for part in get_args(annotation) for model in _models_in(part)]
    return []


def _says_which(model: type[BaseModel]) -> bool:
    """Whether a level itself says which of its settings must be set; where it does not, any of them may be the one."""
    return any(field.is_required() for field in model.model_fields.values())


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").splitlines()[0]
