"""Decide how structlog's events are printed: for people on a terminal, as JSON elsewhere, and never with a secret.

An event is `log.info("answered", kind="click")`; the standard library's records, warnings and exceptions that nobody
caught take the same way. Tokens and passwords are taken out of every field, whoever logs it: by their shape, and those
of the settings by themselves, however they are spelled.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog
from structlog.dev import Column, ConsoleRenderer, KeyValueColumnFormatter, plain_traceback
from structlog.stdlib import ProcessorFormatter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from structlog.typing import EventDict, Processor

log = structlog.stdlib.get_logger(__name__)

_SECRETS = re.compile(
    r"""(?ix) (xox[a-z]-|xapp-)[\w-]+ | ((?:pwd|password|accesstoken)\s*=\s*)(?:\{(?:[^}]|\}\})*\}|[^;"'\n]*)
    | (/services/|/commands/|/actions/|/response/|/upload/v1/|[?&]ticket=)[\w/%.=-]+"""
)
_SECRET_NAMES = frozenset({"pwd", "password", "accesstoken"})
_SHORTEST = 4
"""A shorter secret is found by its shape only: every line would be full of it."""
_CHATTY = ("slack_bolt", "slack_sdk", "apscheduler")
_WHEN_LOGGED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%S.%fZ", utc=True),
]
"""Done on the thread that logs; for records of the standard library too."""

# As soon as this module is imported: structlog's own default prints to standard output, where commands write results.
structlog.configure(
    processors=[structlog.stdlib.filter_by_level, *_WHEN_LOGGED, ProcessorFormatter.wrap_for_formatter],
    wrapper_class=structlog.stdlib.BoundLogger,
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)


class Redaction:
    """A processor that takes every secret out of an event, before a renderer escapes quotes."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {spelled for secret in secrets if len(secret) >= _SHORTEST for spelled in _spellings(secret)}
        self._secrets = sorted(spellings, key=len, reverse=True)

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        """Return the event with names and texts redacted, its other values made of what JSON has."""
        return self._mapping(event)

    def _mapping(self, mapping: Any) -> dict[str, Any]:
        return {
            self._text(str(name)): "***" if str(name).lower() in _SECRET_NAMES else self._value(value)
            for name, value in mapping.items()
        }

    def _value(self, value: object) -> object:
        match value:
            case None | bool() | int() | float():
                return value
            case dict():
                return self._mapping(value)
            case list() | tuple():
                return [self._value(each) for each in value]
            case _:
                return self._text(str(value))

    def _text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return redacted(text)


def configure(level: str, *, as_json: bool, secrets: Iterable[str] = ()) -> None:
    """Send all events to standard error, also warnings and what ends a thread or the program."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=_WHEN_LOGGED,
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                Redaction(secrets),
                structlog.processors.JSONRenderer() if as_json else _console(),
            ],
        )
    )
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda end: _uncaught(end.exc_type, end.exc_value, end.exc_traceback)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


def redacted(line: str) -> str:
    """Take every token, password and answer address out of a text."""
    return _SECRETS.sub(lambda match: f"{match[1] or match[2] or match[3]}***", line)


def _console() -> ConsoleRenderer:
    """Return a renderer of moment, level, event, then the facts as name=value."""
    return ConsoleRenderer(
        columns=[
            Column("timestamp", KeyValueColumnFormatter(None, "", "", str)),
            Column("level", KeyValueColumnFormatter(None, "", "", str, width=8)),
            Column("event", KeyValueColumnFormatter(None, "", "", str, width=40)),
            Column("logger", lambda _name, _value: ""),
            Column("", KeyValueColumnFormatter("", "", "", _shown)),
        ],
        sort_keys=False,
        exception_formatter=plain_traceback,  # a richer one prints local variables
    )


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt) or error is None:
        return
    log.critical("nobody caught this", exc_info=(kind, error, trace))


def _spellings(secret: str) -> set[str]:
    """As it is, inside JSON, inside a Python literal, and inside an address."""
    return {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret, safe="")}


def _shown(fact: object) -> str:
    """Keep one event on one line, whatever somebody typed."""
    text = str(fact)
    return text if text.isprintable() and " " not in text else repr(text)
