"""The operator's command: `digest --preview NAME` prints a digest as it would be now, `digest --now NAME` posts it.

Both say what the last scans saw; neither asks a site anything, and the periods of the digest stay as they are.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click

from bot import logs
from bot.app.drift import DriftParts
from bot.app.resets import ResetParts
from bot.cli.existing_store import existing_store
from bot.cli.exit_handling import exit_with, exits_on_unusable_installation
from bot.exit_codes import TABLE, Exit
from bot.settings import load, secrets_of
from bot.slack.web_client import create_client
from bot.usecases.access import Installation
from bot.usecases.audit.recorder import AuditLog
from bot.views import drift_digest as drawing
from bot.views import plain_text

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.factory import Store
    from bot.usecases.drift.digest_publisher import PlannedDigest


@click.command(epilog=TABLE)
@click.option("--preview", metavar="NAME", help="Print what this digest would say now; nothing is posted.")
@click.option("--now", metavar="NAME", help="Post this digest now; the next one still comes when it is due.")
@exits_on_unusable_installation()
def digest(preview: str | None, now: str | None) -> None:
    """Look at a digest of the settings, or post it, without waiting for its time."""
    name = preview or now
    if name is None or (preview and now):
        raise click.UsageError("Say --preview NAME to read a digest here, or --now NAME to post it.")
    settings = load()
    logs.configure("warning", as_json=False, secrets=secrets_of(settings))
    store = existing_store(settings, f"digest-{secrets.token_hex(4)}")
    drift = _drift_parts(settings, store)
    plan = _plan(drift, name)
    if now:
        drift.publisher.post_now(plan)
        click.echo(f"Digest {name} waits to be posted in {plan.channel}: a running bot does that at once.")
    else:
        _print(drift, plan)


def _print(drift: DriftParts, plan: PlannedDigest) -> None:
    found = drift.publisher.preview(plan)
    for line in plain_text.lines(drawing.draw(found, drift.around(found), as_chart=False)):
        click.echo(line)


def _plan(drift: DriftParts, name: str) -> PlannedDigest:
    plans = drift.publisher.plans
    if name not in plans:
        known = f"has {', '.join(plans)}" if plans else "names none"
        exit_with(Exit.NOT_DONE, f"There is no digest “{name}”: PKGSTATUS_DIGESTS {known}.")
    return plans[name]


def _drift_parts(settings: Settings, store: Store) -> DriftParts:
    resets = ResetParts(settings, store, {}, {}, create_client(settings), Installation(""))
    return DriftParts(settings, store, AuditLog(store.ledger), resets, "@{}".format)
