"""The command line of pkgstatus-bot: the group of all commands."""

from __future__ import annotations

import click

from bot.cli.check import check
from bot.cli.demo import demo
from bot.cli.digest import digest
from bot.cli.exit_handling import ExitCodeGroup
from bot.cli.ledger import ledger
from bot.cli.run import run
from bot.exit_codes import TABLE


@click.group(
    cls=ExitCodeGroup,
    commands=[run, check, digest, ledger, demo],
    epilog=TABLE,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="pkgstatus-bot")
def main() -> None:
    """Package versions on Configuration Manager distribution points, in Slack."""
