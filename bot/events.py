"""Say what happens as an event with facts, `log.info("answered", kind="click")`, on the standard library's logging.

How events are printed is decided in logs.py. A library for this would cost more memory and time at start than all the
rest of the bot's own code.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping

FACTS = "facts"
"""Under this name a log record carries its facts."""
REFERENCE = "ref"
"""The fact that ties everything together that one click causes: events, statements, entries, cards."""
_PYTHONS_OWN = ("exc_info", "stack_info", "stacklevel")
_bound: ContextVar[Mapping[str, object]] = ContextVar("facts of all events", default={})  # noqa: B039 - never changed


class Events(logging.LoggerAdapter[logging.Logger]):
    """A logger whose keyword arguments are the facts of an event."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Put the facts where the formatters find them."""
        own = {name: kwargs.pop(name) for name in _PYTHONS_OWN if name in kwargs}
        return msg, {**own, "extra": {FACTS: kwargs}}


def events(name: str) -> Events:
    """Return the logger of a module."""
    return Events(logging.getLogger(name))


@contextmanager
def bound(**facts: object) -> Iterator[None]:
    """Add facts to every event of this thread for as long as the block lasts; an empty one says nothing."""
    token = _bound.set({**_bound.get(), **{name: fact for name, fact in facts.items() if fact != ""}})
    try:
        yield
    finally:
        _bound.reset(token)


def reference() -> str:
    """Return the reference of the click that this thread works on; empty when no click caused it."""
    return str(_bound.get().get(REFERENCE, ""))


def facts_of(record: logging.LogRecord) -> Mapping[str, object]:
    """Return the facts of an event, whoever logged it, with those that are bound."""
    return {**getattr(record, FACTS, {}), **_bound.get()}
