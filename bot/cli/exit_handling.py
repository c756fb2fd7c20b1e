"""How commands end: each failure with its sentence on standard error and its exit code (bot/exit_codes.py)."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

from bot.exit_codes import Exit
from bot.settings import InvalidSettings
from bot.usecases.ports.store import StoreError
from bot.views import replies

if TYPE_CHECKING:
    from collections.abc import Iterator


def exit_with(code: Exit, *lines: str) -> NoReturn:
    """Print lines to standard error and end the program."""
    for line in lines:
        click.echo(line, err=True)
    sys.exit(code)


@contextmanager
def exits_on_unusable_installation() -> Iterator[None]:
    """End a command with Exit.NOT_DONE when the settings are wrong or the store fails, at whatever point."""
    try:
        yield
    except InvalidSettings as error:
        exit_with(Exit.NOT_DONE, *error.lines)
    except StoreError as error:
        exit_with(Exit.NOT_DONE, replies.store_error_text(error.kind, error.detail))


class ExitCodeGroup(click.Group):
    """A group whose commands end with a code of Exit; click itself ends some failures with 1, which is Exit.WRONG."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        """Parse the arguments; --help and --version end here."""
        with _exit_codes():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _exit_codes(ctx):
            return super().invoke(ctx)


@contextmanager
def _exit_codes(ctx: click.Context | None = None) -> Iterator[None]:
    """End the program on any failure with the code that stands for it, after a sentence or a traceback."""
    _refuse_writes_to_closed_output()
    try:
        yield
    except click.exceptions.Exit:
        raise
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.NOT_DONE)
    except (KeyboardInterrupt, click.Abort):
        exit_with(Exit.INTERRUPTED, "Interrupted.")
    except BrokenPipeError:
        _discard_output()
        sys.exit(Exit.UNREAD)
    except Exception as error:  # noqa: BLE001 - its number says that nobody expected it
        # A service that ends as not done is not started again.
        if isinstance(error, OSError) and not (ctx and ctx.invoked_subcommand == "run"):
            _discard_output()
            subject = error.filename or "The output"
            exit_with(Exit.NOT_DONE, f"{subject} cannot be used: {error.strerror or error}.")
        sys.excepthook(type(error), error, error.__traceback__)  # where logs are printed, without secrets
        sys.exit(Exit.FAULT)


def _refuse_writes_to_closed_output() -> None:
    """Make writes fail to a standard output that was closed at the start, which click would drop in silence.

    Standard error, if it was closed, goes to the null device instead.
    """
    if sys.stdout is None:
        null = os.open(os.devnull, os.O_RDONLY)
        if null != 1:
            os.dup2(null, 1)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as we run
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 SIM115 - for as long as we run


def _discard_output() -> None:
    """Send what is still buffered to the null device: Python would try again at its end, and end with 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
