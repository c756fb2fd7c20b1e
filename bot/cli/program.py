"""The command line of pkgstatus-bot: `run` the bot, or `demo` it without Slack and without a site."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from bot import logs
from bot.app.bot import Bot
from bot.app.preflight import PolicyRefused, obstacles
from bot.cli.check import check
from bot.cli.demo_database import NotASite, own_site
from bot.cli.demo_history import write_history
from bot.cli.digest import digest
from bot.cli.ledger import ledger
from bot.exit_codes import TABLE, Exit
from bot.settings import InvalidSettings, load, secrets_of
from bot.slack.socket_mode import SlackAuthError
from bot.usecases.ports.store import StoreError
from bot.views import replies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from bot.settings import Settings

SWITCH_SECONDS = 0.0005
"""A tenth of Python's own: threads that draw long tables must not keep one that acknowledges waiting in between."""


class _Group(click.Group):
    """Knows how a command ends that does not end by itself: click would end some with 1, the code of what is wrong."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        """Read the words typed; --help and --version end here."""
        with _ends_with_its_code():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _ends_with_its_code(ctx):
            return super().invoke(ctx)


@contextmanager
def _ends_with_its_code(ctx: click.Context | None = None) -> Iterator[None]:
    """End the program for any failure with the code that is for it, after a sentence or a traceback."""
    _refuse_writes_to_closed_output()
    try:
        yield
    except click.exceptions.Exit:
        raise
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.NOT_DONE)
    except (KeyboardInterrupt, click.Abort):
        _end("Interrupted.", Exit.INTERRUPTED)
    except BrokenPipeError:
        _drop_output()
        sys.exit(Exit.UNREAD)
    except Exception as error:  # noqa: BLE001 - its number says that nobody expected it
        # A service that ends as not done is not started again.
        if isinstance(error, OSError) and not (ctx and ctx.invoked_subcommand == "run"):
            _drop_output()
            _end(f"{error.filename or 'The output'} cannot be used: {error.strerror or error}.", Exit.NOT_DONE)
        sys.excepthook(type(error), error, error.__traceback__)  # where logs are printed, without secrets
        sys.exit(Exit.FAULT)


def _refuse_writes_to_closed_output() -> None:
    """Let what is printed to a standard output that was closed at the start fail; click would drop it in silence.

    Nobody waits for what is said on standard error, so that goes nowhere.
    """
    if sys.stdout is None:
        nowhere = os.open(os.devnull, os.O_RDONLY)
        if nowhere != 1:
            os.dup2(nowhere, 1)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as we run
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 SIM115 - for as long as we run


def _drop_output() -> None:
    """Let what is still to be written go nowhere: Python would try again at its end, and end with 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=_Group, epilog=TABLE, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pkgstatus-bot")
def main() -> None:
    """Package versions on Configuration Manager distribution points, in Slack."""


for _command in (check, digest, ledger):
    main.add_command(_command)


@main.command(epilog=TABLE)
def run() -> None:
    """Connect to Slack and answer until SIGTERM or Ctrl-C."""
    settings = _settings()
    logs.configure(settings.logs.level, as_json=_wants_json(settings), secrets=secrets_of(settings))
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        bot = Bot(settings)
    except StoreError as error:
        _end(replies.store_trouble(error.kind, error.detail), Exit.NO_STORE)
    _stop_on_signals(bot)
    sentence, code = _until_it_ends(bot)
    if sentence:
        click.echo(sentence, err=True)
    if bot.is_working:
        os._exit(code)  # Python would wait for a worker that hangs in a database, for as long as that does
    sys.exit(code)


@main.command(epilog=TABLE)
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, show_default="a free one", help="Port of the local workspace."
)
@click.option("--rows", type=click.IntRange(1), help="Make a big sample site with about this many DP rows.")
@click.option(
    "--site",
    metavar="ADDRESS",
    help="Play on a database of your own, a copy of a site's, instead of the sample: a SQLite file, sqlite:///FILE "
    "or an ODBC string. Only an approved reset writes to it.",
)
@click.option("--site-code", metavar="CODE", default="PS1", show_default=True, help="The site code of --site.")
@click.option("--browser/--no-browser", default=True, help="Open the workspace in the browser.")
@click.option("--tour", is_flag=True, help="Play the story by itself, check every step, and end.")
@click.option(
    "--env-file", type=click.Path(dir_okay=False, path_type=Path), help="Write the bot's settings there for a shell."
)
def demo(
    port: int, rows: int | None, site: str | None, site_code: str, env_file: Path | None, *, browser: bool, tour: bool
) -> None:
    """Try the bot in a local Slack workspace with a sample site, or with a database of your own."""
    if site is not None and (rows or tour):
        raise click.UsageError("--rows and --tour are for the sample site: leave them out with --site.")
    logs.configure("warning", as_json=False)
    try:
        from bot.demo.launch import OwnDatabase, run_demo  # noqa: PLC0415 - needs the extra "demo"
    except ModuleNotFoundError as error:
        if (error.name or "bot").partition(".")[0] == "bot":
            raise
        _end("The demo needs more than the bot: pip install 'pkgstatus-bot[demo]'", Exit.NOT_DONE)

    if site is None:
        sys.exit(run_demo(port=port, rows=rows, browser=browser, tour=tour, env_file=env_file, history=write_history))
    try:
        own = own_site(site, site_code)
    except NotASite as error:
        _end(str(error), Exit.NOT_DONE)
    first = f"Type /pkgstatus {own.package or 'help'} in #sccm-ops."
    advice = tuple(filter(None, (own.notice, first)))
    sys.exit(run_demo(port=port, browser=browser, env_file=env_file, own_database=OwnDatabase(own.settings, advice)))


def _end(sentence: str, code: Exit) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(code)


def _settings() -> Settings:
    try:
        settings = load()
    except InvalidSettings as wrong:
        _refuse(wrong.lines)
    if lines := list(obstacles(settings)):
        _refuse(lines)
    return settings


def _refuse(lines: list[str]) -> NoReturn:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(Exit.NOT_DONE)


def _wants_json(settings: Settings) -> bool:
    choice = settings.logs.format
    return choice == "json" or (choice == "auto" and not sys.stderr.isatty())


def _until_it_ends(bot: Bot) -> tuple[str, Exit]:
    """Run the bot; return how it ended, and what to say of that."""
    try:
        bot.run()
    except StoreError as error:
        return replies.store_trouble(error.kind, error.detail), Exit.NO_STORE
    except PolicyRefused as refusal:
        return str(refusal), Exit.REFUSED_BY_POLICY
    except SlackAuthError as refusal:
        hint = "Check PKGSTATUS_SLACK__BOT_TOKEN and PKGSTATUS_SLACK__APP_TOKEN."
        return f"{refusal} {hint}", Exit.REFUSED_BY_SLACK
    except Exception as error:  # noqa: BLE001 - its number says that nobody expected it
        sys.excepthook(type(error), error, error.__traceback__)
        return "", Exit.FAULT
    return "", Exit.DONE


def _stop_on_signals(bot: Bot) -> None:
    """Draining takes a while and must not run inside a signal handler."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=bot.stop, name="stop").start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
