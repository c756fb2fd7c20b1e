"""Logs as events: for people on a terminal, as JSON elsewhere, every line of one question under one reference.

Tokens and passwords are taken out of the finished line, so nothing that any library logs can carry one out.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

_SECRETS = re.compile(
    r"""(?ix) (xox[a-z]-|xapp-)[\w-]+ | ((?:pwd|password|accesstoken)\s*=\s*)(?:\{(?:[^}]|\}\})*\}|[^;"'\n]*)
    | (/services/|/commands/|/actions/|/response/|[?&]ticket=)[\w/%.=-]+"""
)


def configure(level: str, *, as_json: bool) -> None:
    """Send structlog's and the standard library's logs to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(default=str) if as_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    final = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, redacted]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=final))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("slack_bolt", "slack_sdk", "apscheduler"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def redacted(_logger: WrappedLogger, _name: str, line: str | EventDict | Any) -> str:
    """Take every token, password and answer address out of a finished line."""
    return _SECRETS.sub(lambda match: f"{match[1] or match[2] or match[3]}***", str(line))
