"""Say what is wrong with a setting in one line: its name, what it is for, an example.

pydantic's own report is never printed whole: it can hold the value, and the value can be a secret.
"""

from __future__ import annotations

import json
import types
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from bot.domain.suggestions import nearest
from bot.settings.model import AT, PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo

_OURS = "value_error"
"""The type of a mistake that a check of our own found, which says it in our words."""
_TABLE = "must be a table, in braces where it is written as JSON"
_LIST = "must be a list in brackets, with a comma between its values and each text in quotes"


class InvalidSettings(Exception):
    """The settings cannot be used; `lines` says why, one mistake each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def of_values(model: type[BaseModel], error: ValidationError) -> Iterator[str]:
    """Say each wrong or missing value."""
    for fault in error.errors(include_input=False, include_url=False):
        location = [str(part) for part in fault["loc"] if part != "[key]"]
        if fault["type"] == "extra_forbidden":
            yield _in_another_form(model, location) or unknown(model, _name(location))
        elif fault["type"] == "missing":
            yield from (
                f"{_name(lacking)} is missing.{_purpose(model, lacking)}" for lacking in _lacking(model, location)
            )
        else:
            if fault["type"] == AT:
                location += fault["ctx"][AT]
            is_ours = fault["type"] in {AT, _OURS}
            said = fault["msg"].removeprefix("Value error, ") if is_ours else wanted(model, location)
            yield f"{_name(location)} {said}.{_purpose(model, location)}"


def of_text(model: type[BaseModel], name: str, text: str) -> str | None:
    """Say what is wrong with a text before it is read as a value: it is empty, or is to be JSON and is none."""
    location = name.removeprefix(PREFIX).lower().split("__")
    kind = _annotation(model, location)
    if kind is None:
        return None
    if not text:
        return f"{name} is empty: give it a value or leave it out.{_purpose(model, location)}"
    if not _is_nested(kind):
        return None
    try:
        json.loads(text, object_pairs_hook=_once)
    except _TwiceError as twice:
        return f"{name} names {twice} twice: leave one out.{_purpose(model, location)}"
    except (ValueError, RecursionError):
        return f"{name} is not valid JSON{_slip(text)}.{_purpose(model, location)}"
    return None


class _TwiceError(Exception):
    """A key stands twice in one object of JSON, where the last would silently win."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key.upper() for key, _ in pairs]
    for key, _ in pairs:
        if keys.count(key.upper()) > 1:
            raise _TwiceError(key)
    return dict(pairs)


def _slip(text: str) -> str:
    """Name the slip that is likely the cause, without a word of the value."""
    if any(quote in text for quote in "“”„‘’"):
        return ': its quotes are typographic, JSON takes " only'
    if text[0] not in "[{":
        return ": a list stands in brackets and a table in braces, with each text in double quotes"
    if "\\" in text:
        return ": a \\ in it is written \\\\"
    if "'" in text and '"' not in text:
        return ": it takes double quotes only"
    return ""


def wanted(model: type[BaseModel], location: list[str]) -> str:
    """Say what belongs at a place of the settings, as half a sentence."""
    kind, field = _annotation(model, location), _field(model, location)
    origin = get_origin(kind)
    if origin is Literal:
        *most, last = map(str, get_args(kind))
        return f"must be {', '.join(most)} or {last}"
    if origin is dict:
        return "must be a table with at least one entry"
    if origin in (frozenset, tuple):
        return _LIST
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"{_TABLE}: {', '.join(kind.model_fields)}"
    if kind is bool:
        return "must be true or false"
    if kind is int and field is not None:
        bounds = {name: getattr(part, name) for part in field.metadata for name in ("ge", "le") if hasattr(part, name)}
        return f"must be a whole number from {bounds.get('ge', 0)} to {bounds.get('le', 'any')}"
    return (
        "must be a duration like 30s, 15min, 4h or 1d" if kind is timedelta else "must be a text, in quotes in a file"
    )


def unknown(model: type[BaseModel], name: str) -> str:
    """Say that there is no such setting, and which one was probably meant."""
    meant = _meant(model, name.removeprefix(PREFIX).lower())
    return f"{name} is no setting.{f' Did you mean {PREFIX}{meant.upper()}?' if meant else ''}"


def _in_another_form(model: type[BaseModel], location: list[str]) -> str | None:
    """Say how a file names what stands there as the environment names it."""
    if is_known(model, _name(location)) and location[-1] != location[-1].lower():
        return f"{_name(location)} is written {location[-1]}: in the settings file it is {location[-1].lower()}."
    name = f"{PREFIX}{location[-1].upper().removeprefix(PREFIX)}"
    *sections, key = name.removeprefix(PREFIX).lower().split("__")
    if len(location) > 1 or location[-1].lower() == key or not is_known(model, name):
        return None
    under = f" under [{'.'.join(sections)}]" if sections else ""
    return f"{name} stands in the settings file as in the environment: there it is {key}{under}."


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
    return next(iter(nearest(name, names)), None)


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


def _annotation(model: type[BaseModel], location: list[str]) -> Any:
    """Return the type of what stands at a place: a section, a setting, an entry of a table or an item of a list."""
    kind: Any = model
    for part in location:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(part)
            kind = _plain(field.annotation) if field else None
        elif get_origin(kind) is dict:
            kind = _plain(get_args(kind)[1])
        elif get_origin(kind) in (frozenset, tuple):
            kind = _plain(get_args(kind)[0])
    return kind


def _plain(kind: Any) -> Any:
    """Take off what says that a value may be missing, and what only checks it."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return _plain(next(each for each in get_args(kind) if each is not type(None)))
    return kind


def _is_nested(kind: Any) -> bool:
    return get_origin(kind) in (dict, frozenset, tuple) or (isinstance(kind, type) and issubclass(kind, BaseModel))
