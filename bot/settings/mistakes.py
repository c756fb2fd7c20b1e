"""Say what is wrong with a setting in one line: its name, what it is for, an example.

pydantic's own report is never printed whole: it can hold the value, and the value can be a secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel

from bot.domain.nearness import nearest
from bot.settings.model import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_settings import SettingsError

_FIELD_IN_QUOTES = re.compile(r'field "(\w+)"')


class SettingsWrong(Exception):
    """The settings cannot be used; `lines` says why, one mistake each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def of_values(model: type[BaseModel], error: ValidationError) -> Iterator[str]:
    """Say each wrong or missing value."""
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        location = [str(part) for part in fault["loc"] if part != "[key]"]
        if fault["type"] == "extra_forbidden":
            yield unknown(model, _name(location))
        elif fault["type"] == "missing":
            yield from (
                f"{_name(lacking)} is missing.{_purpose(model, lacking)}" for lacking in _lacking(model, location)
            )
        else:
            yield f"{_name(location)} {_said(fault['msg'])}.{_purpose(model, location)}"


def of_json(model: type[BaseModel], error: SettingsError) -> str:
    """Say that a list or table is not JSON; the error holds the field's name and nothing of its value."""
    found = _FIELD_IN_QUOTES.search(str(error))
    location = [found[1]] if found else []
    return f"{_name(location)} is not valid JSON.{_purpose(model, location)}"


def unknown(model: type[BaseModel], name: str) -> str:
    """Say that there is no such setting, and which one was probably meant."""
    meant = _meant(model, name.removeprefix(PREFIX).lower())
    return f"{name} is no setting.{f' Did you mean {PREFIX}{meant.upper()}?' if meant else ''}"


def _meant(model: type[BaseModel], name: str) -> str | None:
    """Return the whole name that looks like it, else a part that does, at the first level that lacks it."""
    whole = [known.removeprefix(PREFIX).lower() for known in known_names(model)]
    near = _near(name, whole)
    return near or _meant_part(model, name.split("__"))


def _meant_part(model: type[BaseModel] | None, location: list[str]) -> str | None:
    known: list[str] = []
    while model and location:
        field = model.model_fields.get(location[0])
        if field is None:
            near = _near(location[0], list(model.model_fields))
            return "__".join([*known, near]) if near else None
        model, step = (_model_of(field), 1) if _model_of(field) else (_item_model(field), 2)
        known, location = known + location[:step], location[step:]
    return None


def _near(name: str, names: list[str]) -> str | None:
    return next(iter(nearest(name, names, likeness=0.75)), None)


def is_known(model: type[BaseModel], name: str) -> bool:
    """Return True when a name leads to a setting; below a table of anything, any key does."""
    field = _field(model, name.removeprefix(PREFIX).lower().split("__"))
    return field is not None


def known_names(model: type[BaseModel], prefix: str = PREFIX) -> Iterator[str]:
    """Return every setting's environment name."""
    for name, field in model.model_fields.items():
        inner = _model_of(field)
        if inner is None:
            yield f"{prefix}{name}".upper()
        else:
            yield from known_names(inner, f"{prefix}{name}__")


def _name(location: list[str]) -> str:
    return PREFIX + "__".join(location).upper()


def _lacking(model: type[BaseModel], location: list[str]) -> list[list[str]]:
    """A whole level that is missing lacks each setting in it that has no default."""
    field = _field(model, location)
    inner = _model_of(field) if field else None
    if inner is None:
        return [location]
    return [[*location, name] for name, part in inner.model_fields.items() if part.is_required()] or [location]


def _said(message: str) -> str:
    message = message.removeprefix("Value error, ").removeprefix("String ").removeprefix("Input ")
    return message[:1].lower() + message[1:]


def _purpose(model: type[BaseModel], location: list[str]) -> str:
    field = _field(model, location)
    inner = _model_of(field) if field else None
    if inner is not None and field is not None and not field.description:
        return f" It holds {', '.join(known_names(inner, f'{_name(location)}__'))}."
    if field is None or not field.description:
        return ""
    example = f" Example: {field.examples[0]}" if field.examples else ""
    return f" It is {field.description}.{example}"


def _field(model: type[BaseModel], location: list[str]) -> FieldInfo | None:
    """Follow a location; the keys of a table and the places of a list are not fields and are skipped."""
    if not location:
        return None
    field = model.model_fields.get(location[0])
    if field is None or len(location) == 1:
        return field
    inner = _model_of(field)
    if inner is not None:
        return _field(inner, location[1:])
    item = _item_model(field)
    return (_field(item, location[2:]) or field) if item else field


def _model_of(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _item_model(field: FieldInfo) -> type[BaseModel] | None:
    kinds = getattr(field.annotation, "__args__", ())
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
