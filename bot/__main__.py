"""The entry point of the program: it only calls the command line."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> None:
    """Run a command, those of the shell unless others are given, and end the program with its exit code."""
    try:
        from bot.cli.main import main as command_line  # noqa: PLC0415 - Ctrl-C may come while it is being loaded

        sys.exit(command_line.main(arguments, prog_name="pkgstatus-bot", standalone_mode=False))
    except KeyboardInterrupt:
        from bot.exit_codes import Exit  # noqa: PLC0415 - the same

        print("Interrupted.", file=sys.stderr)  # noqa: T201
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - Python's own code of a failure, 1, would say what nobody has looked at
        from bot.exit_codes import Exit  # noqa: PLC0415

        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(Exit.FAULT)


if __name__ == "__main__":
    main()
