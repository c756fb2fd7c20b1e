"""The operator's command: `digest --preview NAME` prints a digest as it would be now, `digest --now NAME` posts it.

Both say what the last scans saw; neither asks a site anything, and the periods of the digest stay as they are.
"""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from bot import logs
from bot.app.drift import DriftParts
from bot.app.existing_store import ends_in_a_sentence, existing_store
from bot.app.resets import RequestParts
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
@ends_in_a_sentence()
def digest(preview: str | None, now: str | None) -> None:
    """Look at a digest of the settings, or post it, without waiting for its time."""
    name = preview or now
    if name is None or (preview and now):
        raise click.UsageError("Say --preview NAME to read a digest here, or --now NAME to post it.")
    settings = load()
    logs.configure("warning", as_json=False, secrets=secrets_of(settings))
    store = existing_store(settings, f"digest-{secrets.token_hex(4)}")
    _answer(_drift(settings, store), name, posts=now is not None)


def _answer(drift: DriftParts, name: str, *, posts: bool) -> None:
    plan = _plan(drift, name)
    if posts:
        drift.publisher.post_now(plan)
        click.echo(f"Digest {name} waits to be posted in {plan.channel}: a running bot does that at once.")
        return
    found = drift.publisher.preview(plan)
    for line in plain_text.lines(drawing.draw(found, drift.around(found), as_chart=False)):
        click.echo(line)


def _plan(drift: DriftParts, name: str) -> PlannedDigest:
    plans = drift.publisher.plans
    if name not in plans:
        known = f"has {', '.join(plans)}" if plans else "names none"
        _end(f"There is no digest “{name}”: PKGSTATUS_DIGESTS {known}.")
    return plans[name]


def _drift(settings: Settings, store: Store) -> DriftParts:
    requests = RequestParts(settings, store, {}, {}, create_client(settings), Installation(""))
    return DriftParts(settings, store, AuditLog(store.ledger), requests, "@{}".format)


def _end(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(Exit.NOT_DONE)
