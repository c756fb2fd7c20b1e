"""Print events: for people on a terminal, as JSON elsewhere, every line of one question under one reference.

Tokens and passwords are taken out of everything that is printed, whoever logs it: by their shape, and those of the
settings by themselves, however they are spelled. What nobody caught is printed in the same way.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from bot.events import events, facts_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

log = events(__name__)

_SECRETS = re.compile(
    r"""(?ix) (xox[a-z]-|xapp-)[\w-]+ | ((?:pwd|password|accesstoken)\s*=\s*)(?:\{(?:[^}]|\}\})*\}|[^;"'\n]*)
    | (/services/|/commands/|/actions/|/response/|/upload/v1/|[?&]ticket=)[\w/%.=-]+"""
)
_SHORTEST = 4
"""A shorter secret is found by its shape only: every line would be full of it."""
_CHATTY = ("slack_bolt", "slack_sdk", "apscheduler")


class _Lines(logging.Formatter):
    """Knows what must not be printed."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        spellings = {spelled for secret in secrets if len(secret) >= _SHORTEST for spelled in _spellings(secret)}
        self._secrets = sorted(spellings, key=len, reverse=True)

    def redacted(self, text: str) -> str:
        """Take every secret out of a text."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return redacted(text)

    def trace(self, record: logging.LogRecord) -> str:
        """Return the traceback of an event, if it has one."""
        return self.formatException(record.exc_info) if record.exc_info else ""


class JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line, without secrets."""
        head = {
            "timestamp": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        trace = {"exception": self.trace(record)} if record.exc_info else {}
        return json.dumps(self._clean({**facts_of(record), **head, **trace}))

    def _clean(self, value: object) -> object:
        """Redact before quotes are escaped: a line stays JSON whatever is taken out of it."""
        match value:
            case None | bool() | int() | float():
                return value
            case dict():
                return {str(name): self._clean(each) for name, each in value.items()}
            case list() | tuple():
                return [self._clean(each) for each in value]
            case _:
                return self.redacted(str(value))


class ConsoleLines(_Lines):
    """Moment, level, event, then its facts as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line, without secrets."""
        facts = " ".join(f"{name}={_shown(self.redacted(str(value)))}" for name, value in facts_of(record).items())
        line = f"{_moment(record)} {record.levelname.lower():<8} {record.getMessage():<40} {facts}".rstrip()
        return self.redacted("\n".join(filter(None, [line, self.trace(record)])))


def configure(level: str, *, as_json: bool, secrets: Iterable[str] = ()) -> None:
    """Send all events to standard error, also warnings and what ends a thread or the program."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(secrets) if as_json else ConsoleLines(secrets))
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda end: _uncaught(end.exc_type, end.exc_value, end.exc_traceback)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


def redacted(line: str) -> str:
    """Take every token, password and answer address out of a finished line."""
    return _SECRETS.sub(lambda match: f"{match[1] or match[2] or match[3]}***", line)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt) or error is None:
        return
    log.critical("nobody caught this", exc_info=(kind, error, trace))


def _spellings(secret: str) -> set[str]:
    """As it is, inside JSON, inside a Python literal, and inside an address."""
    return {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret, safe="")}


def _shown(text: str) -> str:
    """Keep one event on one line, whatever somebody typed."""
    return text if text.isprintable() and " " not in text else repr(text)


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
