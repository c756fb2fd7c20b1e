"""The installer's command: `check` looks at everything that can be wrong with an installation and changes nothing."""

from __future__ import annotations

import sys

import click

from bot import logs
from bot.app.check import run_checks
from bot.domain.check_finding import Severity
from bot.exit_codes import TABLE, Exit
from bot.settings.sources import report
from bot.views import check_report as views


@click.command(epilog=TABLE)
@click.option("--json", "wants_json", is_flag=True, help="Print the findings for a program.")
def check(*, wants_json: bool) -> None:
    """Look at settings, Slack, people and databases; exit 1 when something is wrong."""
    logs.configure(
        "critical", as_json=False
    )  # what goes wrong is on the page; a library's word beside it only confuses
    findings = list(run_checks(report()))
    if wants_json:
        click.echo(views.as_json(findings))
    else:
        for line in views.page(findings, coloured=sys.stdout.isatty()):
            click.echo(line)
    if any(finding.mark is Severity.WRONG for finding in findings):
        sys.exit(Exit.WRONG)
