"""The newcomer's command: `demo` plays the bot in a local Slack workspace, without Slack and without a site."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bot import logs
from bot.cli.demo_database import NotASite, own_site
from bot.cli.demo_history import write_history
from bot.cli.exit_handling import exit_with
from bot.exit_codes import TABLE, Exit


@click.command(epilog=TABLE)
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
        exit_with(Exit.NOT_DONE, "The demo needs more than the bot: pip install 'pkgstatus-bot[demo]'")

    if site is None:
        sys.exit(run_demo(port=port, rows=rows, browser=browser, tour=tour, env_file=env_file, history=write_history))
    try:
        own = own_site(site, site_code)
    except NotASite as error:
        exit_with(Exit.NOT_DONE, str(error))
    first = f"Type /pkgstatus {own.package or 'help'} in #sccm-ops."
    advice = tuple(filter(None, (own.notice, first)))
    sys.exit(run_demo(port=port, browser=browser, env_file=env_file, own_database=OwnDatabase(own.settings, advice)))
