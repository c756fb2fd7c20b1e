"""The command of the service: `run` starts the bot and ends when it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from bot import logs
from bot.app.bot import Bot
from bot.app.preflight import PolicyRefused, obstacles
from bot.cli.exit_handling import exit_with
from bot.exit_codes import TABLE, Exit
from bot.settings import InvalidSettings, load, secrets_of
from bot.slack.socket_mode import SlackAuthError
from bot.usecases.ports.store import StoreError
from bot.views import replies

if TYPE_CHECKING:
    from types import FrameType

    from bot.settings import Settings

SWITCH_SECONDS = 0.0005
"""A tenth of Python's own: threads that draw long tables must not keep one that acknowledges waiting in between."""


@click.command(epilog=TABLE)
def run() -> None:
    """Connect to Slack and answer until SIGTERM or Ctrl-C."""
    settings = _usable_settings()
    logs.configure(settings.logs.level, as_json=_wants_json(settings), secrets=secrets_of(settings))
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        bot = Bot(settings)
    except StoreError as error:
        exit_with(Exit.NO_STORE, replies.store_error_text(error.kind, error.detail))
    _stop_on_signals(bot)
    sentence, code = _run_to_the_end(bot)
    if sentence:
        click.echo(sentence, err=True)
    if bot.is_working:
        os._exit(code)  # Python would wait for a worker that hangs in a database, for as long as that does
    sys.exit(code)


def _usable_settings() -> Settings:
    try:
        settings = load()
    except InvalidSettings as error:
        exit_with(Exit.NOT_DONE, *error.lines)
    if lines := list(obstacles(settings)):
        exit_with(Exit.NOT_DONE, *lines)
    return settings


def _wants_json(settings: Settings) -> bool:
    choice = settings.logs.format
    return choice == "json" or (choice == "auto" and not sys.stderr.isatty())


def _stop_on_signals(bot: Bot) -> None:
    """Stop the bot on SIGTERM and Ctrl-C, from a thread: draining takes a while and must not block a signal handler."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=bot.stop, name="stop").start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _run_to_the_end(bot: Bot) -> tuple[str, Exit]:
    """Run the bot; return a sentence on why it ended, empty when it was stopped, and the exit code."""
    try:
        bot.run()
    except StoreError as error:
        return replies.store_error_text(error.kind, error.detail), Exit.NO_STORE
    except PolicyRefused as refusal:
        return str(refusal), Exit.REFUSED_BY_POLICY
    except SlackAuthError as refusal:
        hint = "Check PKGSTATUS_SLACK__BOT_TOKEN and PKGSTATUS_SLACK__APP_TOKEN."
        return f"{refusal} {hint}", Exit.REFUSED_BY_SLACK
    except Exception as error:  # noqa: BLE001 - its number says that nobody expected it
        sys.excepthook(type(error), error, error.__traceback__)
        return "", Exit.FAULT
    return "", Exit.DONE
