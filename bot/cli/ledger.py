"""The auditor's commands: `ledger verify`, `ledger export`, `ledger head`. They read the store and change nothing."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot import logs
from bot.cli.existing_store import existing_store
from bot.cli.exit_handling import exit_with, exits_on_unusable_installation
from bot.domain.ledger_entry import GENESIS, Head
from bot.domain.quantity import quantity
from bot.exit_codes import TABLE, Exit
from bot.settings import load, secrets_of
from bot.usecases.audit.channel_comparison import ChannelComparison
from bot.usecases.ports.store import StoreError
from bot.views.transcript_comparison import entries_missing_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.domain.ledger_entry import Entry
    from bot.settings import Settings
    from bot.store.factory import Store

_HEAD = re.compile("([0-9]{1,18}):([0-9a-f]{64})")
_MOMENTS = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"]
"""The last one is how an entry has it."""
COLUMNS = ("sequence", "at", "stream", "version", "kind", "actor_user", "actor_team", "facts", "previous_hash", "hash")


@click.group(epilog=TABLE)
def ledger() -> None:
    """The record of everything the bot did or refused."""


@ledger.command(epilog=TABLE)
@click.option("--head", "heads", multiple=True, metavar="SEQUENCE:HASH", help="A head that was kept elsewhere.")
@click.option("--slack-export", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR")
@exits_on_unusable_installation()
def verify(heads: tuple[str, ...], slack_export: Path | None) -> None:
    """Check the whole chain, and with an export of Slack also that the audit channel says the same."""
    settings, store = _open_store()
    found = store.ledger.verify(*map(_parsed_head, heads))
    if found:
        click.echo(found.sentence)
        sys.exit(Exit.WRONG)
    newest = store.ledger.head()
    click.echo(f"The chain holds: {quantity(newest.sequence, 'entry')}, head {newest.sequence}:{newest.hash}")
    if slack_export:
        _compare_with_export(settings, store, slack_export)


@ledger.command(epilog=TABLE)
@click.option("--since", type=click.DateTime(_MOMENTS), help="From this moment on (UTC).")
@click.option("--until", type=click.DateTime(_MOMENTS), help="Up to but without this moment (UTC).")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@exits_on_unusable_installation()
def export(since: datetime | None, until: datetime | None, form: str) -> None:
    """Print entries, oldest first, one a line; any number of them."""
    _, store = _open_store()
    # Whatever the terminal speaks: a hash is of UTF-8.
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=True)
    _write_entries(_warn_if_cut_short(store.ledger.entries(_as_utc(since), _as_utc(until))), form, out)
    out.flush()  # what cannot be written must be known before the end


def _write_entries(entries: Iterator[Entry], form: str, out: io.TextIOWrapper) -> None:
    if form == "jsonl":
        out.writelines(f"{entry.line}\n" for entry in entries)
        return
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for entry in entries:
        fields = json.loads(entry.line)
        writer.writerow([entry.facts_text if name == "facts" else fields[name] for name in COLUMNS])


@ledger.command(epilog=TABLE)
@exits_on_unusable_installation()
def head() -> None:
    """Print sequence and hash of the newest entry, to be kept elsewhere."""
    _, store = _open_store()
    newest = store.ledger.head()
    click.echo(f"{newest.sequence}:{newest.hash}")


def _open_store() -> tuple[Settings, Store]:
    settings = load()
    logs.configure("warning", as_json=False, secrets=secrets_of(settings))
    return settings, existing_store(settings, "auditor")


def _warn_if_cut_short(entries: Iterator[Entry]) -> Iterator[Entry]:
    """Yield the entries; when the store fails between two, warn that the output is not whole. Raises StoreError."""
    count = 0
    try:
        for count, entry in enumerate(entries, start=1):  # noqa: B007 - the count is printed below
            yield entry
    except StoreError:
        if count:
            click.echo(f"The export is not whole: it ends after {quantity(count, 'entry')}.", err=True)
        raise


def _parsed_head(text: str) -> Head:
    found = _HEAD.fullmatch(text.strip().lower())
    head = Head(int(found[1]), found[2]) if found else None
    if head is None or (head.sequence == GENESIS.sequence and head != GENESIS):
        raise click.BadParameter("a head looks like 42:9f86d081… with all 64 digits, as `ledger head` prints it")
    return head


def _as_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _compare_with_export(settings: Settings, store: Store, folder: Path) -> None:
    comparison = ChannelComparison(store.ledger, store.outbox, entries_missing_from)
    channel = settings.channels.audit
    messages = {message["ts"]: message for message in _exported_messages(folder, channel)}
    is_equal = True
    for finding in comparison.findings(channel, messages):
        click.echo(f"Line {finding.sequence} {finding.what}.")
        is_equal = False
    if not is_equal:
        sys.exit(Exit.WRONG)
    click.echo("The audit channel says the same.")


def _exported_messages(folder: Path, channel: str) -> Iterator[dict[str, Any]]:
    """Read a channel from a standard export: a folder named after it, one JSON file a day; or from just that folder."""
    lists = [file for kind in ("channels", "groups") if (file := folder / f"{kind}.json").is_file()]
    names = [item["name"] for file in lists for item in _read_list(file, "id", "name") if item["id"] == channel]
    days = sorted(day for name in names or ["."] for day in (folder / name).glob("????-??-??.json"))
    if not names and not days:
        exit_with(
            Exit.NOT_DONE,
            f"The export does not hold the channel {channel}. One of public channels only has no private ones.",
        )
    for day in days:
        yield from _read_list(day, "ts")


def _read_list(file: Path, *needed: str) -> list[dict[str, Any]]:
    try:
        known: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        exit_with(Exit.NOT_DONE, f"{file.name} of the export cannot be read: {error}")
    if not isinstance(known, list) or not all(_has_texts(item, needed) for item in known):
        exit_with(
            Exit.NOT_DONE,
            f"{file.name} of the export is no list of things with {' and '.join(needed)}, as Slack writes it",
        )
    return known


def _has_texts(item: object, needed: Iterable[str]) -> bool:
    return isinstance(item, dict) and all(isinstance(item.get(name), str) for name in needed)
