"""Print events: for people on a terminal, as JSON elsewhere, every line of one question under one reference.

Tokens and passwords are taken out of the finished line, so nothing that any library logs can carry one out.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

from bot.events import facts_of

_SECRETS = re.compile(
    r"""(?ix) (xox[a-z]-|xapp-)[\w-]+ | ((?:pwd|password|accesstoken)\s*=\s*)(?:\{(?:[^}]|\}\})*\}|[^;"'\n]*)
    | (/services/|/commands/|/actions/|/response/|[?&]ticket=)[\w/%.=-]+"""
)
_CHATTY = ("slack_bolt", "slack_sdk", "apscheduler")


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line, without secrets."""
        head = {
            "timestamp": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        trace = {"exception": self.formatException(record.exc_info)} if record.exc_info else {}
        return redacted(json.dumps({**facts_of(record), **head, **trace}, default=str))


class ConsoleLines(logging.Formatter):
    """Moment, level, event, then its facts as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line, without secrets."""
        facts = " ".join(f"{name}={_shown(value)}" for name, value in facts_of(record).items())
        line = f"{_moment(record)} {record.levelname.lower():<8} {record.getMessage():<40} {facts}".rstrip()
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return redacted(line + trace)


def configure(level: str, *, as_json: bool) -> None:
    """Send all events to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if as_json else ConsoleLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


def redacted(line: str) -> str:
    """Take every token, password and answer address out of a finished line."""
    return _SECRETS.sub(lambda match: f"{match[1] or match[2] or match[3]}***", line)


def _shown(value: object) -> str:
    """Keep one event on one line, whatever somebody typed."""
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
