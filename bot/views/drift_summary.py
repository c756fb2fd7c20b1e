"""Drift as it is known at one moment, for a channel: one verdict, what changed, the history, where it gathers.

Counts come first, the rows behind them are a click away. What a site last said is shown with its age when it could not
be read since; what nobody has seen is called unknown, never fine.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.digest import DRIFTED
from bot.domain.drift_classes import DriftClass
from bot.domain.drift_history import Moved
from bot.domain.drift_summary import EVERYTHING
from bot.domain.quantity import plural, quantity
from bot.views import charts, drift_rows
from bot.views.block_kit import Block, Message, actions, age, button, context, escape, moment, section, truncate
from bot.views.drift_classes import MARKS
from bot.views.drift_rows import Pointer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, tzinfo

    from bot.domain.digest import DriftedRow, DriftSummary, RowList, SiteSeen, TopEntry
    from bot.domain.drift_summary import DriftScope
    from bot.domain.package import SiteCode

ROWS_IN_LIST = 3
TOPS = 5
PACKAGE_ACTIONS = tuple(f"drift_package_{place}" for place in range(TOPS))
"""Opens a package; buttons of one row need different ids."""
SITES_IN_VIEW = 12
_NAME_CHARACTERS = 60
_A_MOMENT = timedelta(minutes=1)
_NBSP = "\N{NO-BREAK SPACE}"
"""Lines are about as long as a message is wide: no unit should stand alone on the next."""
_HEADS = {
    Moved.NEWLY: "🆕 *{}* newly drifted",
    Moved.STILL: "⏳ *{}* still open",
    Moved.HEALED: "✅ *{}* healed",
    Moved.GONE: "🗑️ *{}* taken away: their package or server is no longer there",
}


def draw(summary: DriftSummary, scope: DriftScope, *, as_chart: bool) -> Message:
    """Answer `/pkgstatus drift`."""
    first = section(verdict(summary, scope=scope))
    blocks = [first, *body(summary, scope, as_chart=as_chart), context(last_read_text(summary))]
    return Message(plain_verdict(summary, scope=scope), tuple(blocks))


def body(summary: DriftSummary, scope: DriftScope, *, as_chart: bool) -> list[Block]:
    """Everything of a picture between its verdict and its small print."""
    return [
        *counts(summary),
        *(section(warning) for warning in warnings(summary)),
        *(context(note) for note in first_scan_notes(summary)),
        *_lists(summary, scope),
        *_history(summary, as_chart=as_chart),
        *_packages(summary.top_packages, names_site=len(summary.sites) > 1),
        *_servers(summary.top_servers),
    ]


def verdict(summary: DriftSummary, zone: tzinfo | None = None, scope: DriftScope = EVERYTHING) -> str:
    """Say in one line how things stand in a scope, with the change since the last digest."""
    mark, sentence = _sentence(summary, scope)
    return f"{mark} *{sentence}*{scope_text(scope)}{_change_text(summary, zone)}{_incomplete_suffix(summary)}"


def plain_verdict(summary: DriftSummary, zone: tzinfo | None = None, scope: DriftScope = EVERYTHING) -> str:
    """Say the same without formatting, for notifications."""
    return (
        f"{_sentence(summary, scope)[1]}{scope_text(scope)}{_change_text(summary, zone)}{_incomplete_suffix(summary)}."
    )


def first_scan_notes(summary: DriftSummary) -> Iterator[str]:
    """Say which sites were looked at for the first time after the moment from which on changes are told."""
    since = summary.since
    read = [each for each in summary.sites if each.scanned_at]
    if all(each.is_first_look for each in read):  # the verdict says so of all
        return
    late = [each for each in read if since and each.first_at and each.first_at > since]
    for site in late[:SITES_IN_VIEW]:
        at = f"{moment(site.first_at)} UTC" if site.first_at else ""
        yield f"First look at {escape(site.site)}: {at}. What had drifted there by then is not counted as new."


def warnings(summary: DriftSummary) -> Iterator[str]:
    """Say of each site that could not be read what is known of it, and how old that is."""
    troubled = [site for site in summary.sites if site.trouble or site.scanned_at is None]
    for site in troubled[:SITES_IN_VIEW]:
        yield f"⚠️ {_site_warning(site, summary.at)}"
    if len(troubled) > SITES_IN_VIEW:
        yield f"⚠️ … and {quantity(len(troubled) - SITES_IN_VIEW, 'more site')} could not be read."


def last_read_text(summary: DriftSummary) -> str:
    """Say when each site was last read through."""
    read = [f"{escape(site.site)} {moment(site.scanned_at)}" for site in summary.sites if site.scanned_at]
    more = f" and {len(read) - SITES_IN_VIEW} more" if len(read) > SITES_IN_VIEW else ""
    return f"Last read (UTC): {', '.join(read[:SITES_IN_VIEW])}{more}" if read else "No site has been read yet"


def class_counts(summary: DriftSummary) -> str:
    """Say how many rows are in each class, as the ledger keeps it."""
    counts = summary.counts
    return ", ".join(f"{counts[kind]} {kind}" for kind in DriftClass if counts.get(kind)) or "nothing drifted"


def is_known(summary: DriftSummary) -> bool:
    """Whether any site has ever been read."""
    return any(site.scanned_at for site in summary.sites)


def oldest_age_text(summary: DriftSummary) -> str:
    """Say for how long the longest open row is open; nothing when none is."""
    rows = summary.still.rows or summary.newly.rows
    return f"the oldest for {age(summary.at - rows[0].first_seen_at)}" if rows else ""


def local_time(at: datetime, zone: tzinfo | None) -> str:
    """Say when, with the zone; without one in UTC."""
    return f"{moment(at.astimezone(zone))} {at.astimezone(zone):%Z}" if zone else f"{moment(at)} UTC"


def _sentence(summary: DriftSummary, scope: DriftScope) -> tuple[str, str]:
    if not is_known(summary):
        sites = _joined(scope.sites) if scope.sites else "no site"
        return "❔", f"Drift is not known: {sites} has {'not ' if scope.sites else ''}been read yet"
    if not summary.drifted:
        return "❔" if _incomplete_suffix(summary) else MARKS[DriftClass.IN_SYNC], "Nothing has drifted"
    worst = next(kind for kind in DriftClass if kind in DRIFTED and summary.counts.get(kind))
    return MARKS[worst], f"{quantity(summary.drifted, 'row')} {plural(summary.drifted, 'has')} drifted"


def scope_text(scope: DriftScope) -> str:
    """Say what a picture is of, to stand behind a verdict; nothing when it is of everything."""
    sites = f" at {_joined(scope.sites)}" if scope.sites else ""
    packages = f" among packages like {escape(scope.packages, _NAME_CHARACTERS)}" if scope.packages else ""
    return f"{sites}{packages}"


def _joined(sites: Iterable[SiteCode]) -> str:
    return " and ".join(escape(site, 10) for site in sorted(sites))


def _change_text(summary: DriftSummary, zone: tzinfo | None) -> str:
    if not is_known(summary):
        return ""
    read = [site for site in summary.sites if site.scanned_at]
    if all(site.is_first_look for site in read):
        return ", at the first look: there is nothing to compare with yet"
    if summary.since is None:
        return ""
    since = local_time(summary.since, zone)
    if summary.since in {site.first_at for site in read}:
        since = f"the first look at {since}"
    new, healed, gone = summary.newly.count, summary.healed.count, summary.gone.count
    if not (new or healed or gone):
        return f", unchanged since {since}"
    taken = f", {gone:,} taken away" if gone else ""
    return f", {new - healed - gone:+,} since {since}: {new:,} new, {healed:,} healed{taken}"


def _incomplete_suffix(summary: DriftSummary) -> str:
    unread = [site for site in summary.sites if site.trouble or site.scanned_at is None]
    return ", as far as known" if unread and is_known(summary) else ""


def _site_warning(site: SiteSeen, at: datetime) -> str:
    if site.scanned_at is None and site.trouble is None:
        return f"*{escape(site.site)}* has not been read yet: nothing is known of it."
    why = f" ({site.trouble})" if site.trouble else ""
    tried = f" at {moment(site.tried_at)} UTC" if site.tried_at else ""
    if site.scanned_at is None:
        return f"*{escape(site.site)}* could not be read{tried}{why} and never was: nothing is known of it."
    return (
        f"*{escape(site.site)}* could not be read{tried}{why}. What is shown of it is from {moment(site.scanned_at)} "
        f"UTC, {age(at - site.scanned_at)} old."
    )


def counts(summary: DriftSummary) -> list[Block]:
    """Count the rows of each class, and apart from them those that are no drift."""
    shown = [kind for kind in DriftClass if summary.counts.get(kind)]
    drifted = "   ".join(f"{MARKS[kind]} *{summary.counts[kind]:,}* {kind}" for kind in shown if kind in DRIFTED)
    others = [f"{summary.counts[kind]:,} {kind}" for kind in shown if kind not in DRIFTED]
    return [
        *([section(drifted)] if drifted else []),
        *([context(f"Not counted as drift: {', '.join(others)}.")] if others else []),
    ]


def _lists(summary: DriftSummary, scope: DriftScope) -> Iterator[Block]:
    """A count for each list, its first rows, and a button for all of them."""
    lists = (summary.newly, summary.still, summary.healed, summary.gone)
    for which, rows in zip((Moved.NEWLY, Moved.STILL, Moved.HEALED, Moved.GONE), lists, strict=True):
        if rows.count:
            value = drift_rows.encode_pointer(Pointer(which, summary.since, scope))
            show = button(
                f"Show {rows.count:,}",
                drift_rows.SHOW_ACTION,
                value,
                label=f"Show all {which} rows",
            )
            first = _first(rows, summary.at, names_site=len(summary.sites) > 1)
            yield section("\n".join([_head(which, rows, summary.at), *first]), show)


def _head(which: Moved, listed: RowList, at: datetime) -> str:
    head = _HEADS[which].format(f"{listed.count:,}")
    is_aged = which is Moved.STILL and listed.rows
    return f"{head}, the oldest for {age(at - listed.rows[0].first_seen_at)}" if is_aged else head


def _first(listed: RowList, at: datetime, *, names_site: bool) -> list[str]:
    return [f"• {_row(row, at, names_site=names_site)}" for row in listed.rows[:ROWS_IN_LIST]]


def _row(row: DriftedRow, at: datetime, *, names_site: bool) -> str:
    where = f"{row.package_id} {escape(row.package_name, _NAME_CHARACTERS)} on {_server(row)}"
    where += f" at {row.site}" if names_site else ""
    if row.healed_at:
        return f"{where}: was {row.drift_class} for {age(row.healed_at - row.first_seen_at)}"
    held = "nothing known" if row.row.held_version is None else row.row.held_version
    is_same = row.expected_version in {None, row.row.held_version}
    source = "" if is_same else f", source {row.expected_version}"
    return f"{where}: {MARKS[row.drift_class]} {row.drift_class}, holds {held}{source}, {_since(row, at)}"


def _since(row: DriftedRow, at: datetime) -> str:
    been = at - row.first_seen_at
    return f"for {age(been)}".replace(" ", _NBSP) if been >= _A_MOMENT else "just seen"


def _server(row: DriftedRow) -> str:
    """Name a server without its domain, which every line would repeat; a site server can be a DP as well."""
    server = row.row.server
    host = server.partition(".")[0]
    name = escape(server if not host or host.isdigit() else host, _NAME_CHARACTERS)
    return f"site server {name}" if row.row.is_site else name


def _history(summary: DriftSummary, *, as_chart: bool) -> list[Block]:
    drawn = charts.draw(summary.days, as_chart=as_chart)
    gaps = charts.uncounted_days_text(summary.days)
    return [*drawn, *([context(gaps)] if drawn and gaps else [])]


def _packages(tops: Sequence[TopEntry], *, names_site: bool) -> list[Block]:
    """The way from a drifted package to its version table, and from there to a request.

    Where there are several sites each package names its own, and so does its button.
    """
    if not tops:
        return []
    shown = [(top, top.site if names_site else None) for top in tops[:TOPS]]
    lines = [
        f"• {top.package_id or ''} {escape(top.name, _NAME_CHARACTERS)}{f' at {site}' if site else ''}: "
        f"{quantity(top.count, 'row')}"
        for top, site in shown
    ]
    buttons = [
        button(
            f"{top.package_id} at {site}" if site else str(top.package_id),
            action,
            f"{top.site} {top.package_id} problems" if top.site else f"{top.package_id} problems",
            label=f"Open {top.package_id}",
        )
        for (top, site), action in zip(shown, PACKAGE_ACTIONS, strict=False)
        if top.package_id
    ]
    words = "*Most drifted packages*: open one to see its rows and to request a reset"
    return [section("\n".join([words, *lines])), *([actions(*buttons)] if buttons else [])]


def _servers(tops: Sequence[TopEntry]) -> list[Block]:
    lines = [f"• {escape(top.name, _NAME_CHARACTERS)}: {quantity(top.count, 'row')}" for top in tops[:TOPS]]
    return [section(truncate("\n".join(["*Most drifted servers*", *lines]), 3000))] if lines else []
