"""Small checks that combine into the shape of any Block Kit object.

A check takes a value and its JSON pointer and yields reasons; a value without reasons is accepted.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Check = Callable[[Any, str], Iterator[str]]
Fields = Mapping[str, Check]


def reason(sentence: str, pointer: str) -> str:
    """Return a reason as Slack words it."""
    return f"{sentence} [json-pointer:{pointer}]"


def text(longest: int, shortest: int = 1) -> Check:
    """Accept a string within these lengths."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield reason("must provide a string", at)
        elif len(value) > longest:
            yield reason(f"must be less than {longest + 1} characters", at)
        elif len(value) < shortest:
            yield reason(f"must be more than {shortest - 1} characters", at)

    return check


def whole(lowest: int, highest: int | None = None) -> Check:
    """Accept a whole number within these bounds."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield reason("must be an integer", at)
        elif value < lowest or (highest is not None and value > highest):
            yield reason(f"must be between {lowest} and {highest}", at)

    return check


def number(value: Any, at: str) -> Iterator[str]:
    """Accept any number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield reason("must be a number", at)


def boolean(value: Any, at: str) -> Iterator[str]:
    """Accept true or false."""
    if not isinstance(value, bool):
        yield reason("must be a boolean", at)


def anything(value: Any, at: str) -> Iterator[str]:
    """Accept every value but null."""
    if value is None:
        yield reason("must not be null", at)


def one_of(*choices: str) -> Check:
    """Accept one of these strings."""

    def check(value: Any, at: str) -> Iterator[str]:
        if value not in choices:
            yield reason(f"must be one of {', '.join(choices)}", at)

    return check


def items(check_item: Check, most: int, fewest: int = 1) -> Check:
    """Accept a list of this many accepted items."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield reason("must be an array", at)
            return
        if len(value) > most:
            yield reason(f"no more than {most} items allowed", at)
        if len(value) < fewest:
            yield reason(f"no fewer than {fewest} items allowed", at)
        for position, item in enumerate(value):
            yield from check_item(item, f"{at}/{position}")

    return check


def shape(required: Fields, optional: Fields | None = None, *rules: Check) -> Check:
    """Accept an object with these fields and no others that also keeps the rules; `type` is always welcome."""
    known = {"type": anything, **required, **(optional or {})}

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield reason("must be an object", at)
            return
        yield from (reason(f"missing required field: {name}", at) for name in required if name not in value)
        yield from (reason(f"invalid additional property: {name}", at) for name in value if name not in known)
        for name in [name for name in value if name in known]:
            yield from known[name](value[name], f"{at}/{name}")
        for rule in rules:
            yield from rule(value, at)

    return check


def kinds(checks: Mapping[str, Check]) -> Check:
    """Accept an object whose `type` is one of these, checked as that type."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield reason("must be an object", at)
        elif "type" not in value:
            yield reason("missing required field: type", at)
        elif not isinstance(value["type"], str) or value["type"] not in checks:
            yield reason(f"unsupported type: {value['type']}", f"{at}/type")
        else:
            yield from checks[value["type"]](value, at)

    return check


def any_of(*names: str) -> Check:
    """Demand at least one of these fields."""

    def rule(value: Any, at: str) -> Iterator[str]:
        if not any(value.get(name) for name in names):
            yield reason(f"must have one of {', '.join(names)}", at)

    return rule


def only_one_of(*names: str) -> Check:
    """Demand exactly one of these fields."""

    def rule(value: Any, at: str) -> Iterator[str]:
        if sum(1 for name in names if value.get(name) is not None) != 1:
            yield reason(f"must have exactly one of {', '.join(names)}", at)

    return rule


def unique(field: str, within: Callable[[Any], list[Any]]) -> Check:
    """Demand that no two of the parts share this field."""

    def rule(value: Any, at: str) -> Iterator[str]:
        seen: set[str] = set()
        for part in within(value):
            name = part.get(field) if isinstance(part, dict) else None
            if isinstance(name, str) and name in seen:
                yield reason(f"`{field}` {name!r} already exists", at)
            seen.update([name] if isinstance(name, str) else [])

    return rule
