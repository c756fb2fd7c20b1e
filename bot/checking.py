"""The installer's command: `check` looks at everything that can be wrong with an installation and changes nothing."""

from __future__ import annotations

import sys

import click

from bot import logs
from bot.domain.finding import Mark
from bot.exits import TABLE, Exit
from bot.settings.origins import look
from bot.views import checkup as views
from bot.wiring.checkup import checkup


@click.command(epilog=TABLE)
@click.option("--json", "wants_json", is_flag=True, help="Print the findings for a program.")
def check(*, wants_json: bool) -> None:
    """Look at settings, Slack, people and databases; exit 1 when something is wrong."""
    logs.configure(
        "critical", as_json=False
    )  # what goes wrong is on the page; a library's word beside it only confuses
    findings = list(checkup(look()))
    if wants_json:
        click.echo(views.as_json(findings))
    else:
        for line in views.page(findings, coloured=sys.stdout.isatty()):
            click.echo(line)
    if any(finding.mark is Mark.WRONG for finding in findings):
        sys.exit(Exit.WRONG)
