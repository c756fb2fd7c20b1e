"""App Home: what waits for this person, how drift stands, what comes next, and how well the bot sees and tells.

Slack keeps a Home as it was published, so everything in it carries its moment.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.pending_post import PostKind
from bot.domain.quantity import plural, quantity
from bot.domain.request import Stage
from bot.views import charts, drift_digest, drift_summary, replies, request_texts
from bot.views.block_kit import Block, age, context, escape, header, moment, section
from bot.views.drift_digest import DigestExtras
from bot.views.drift_summary import local_time
from bot.views.request_card import stage_text
from bot.views.slack_errors import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.domain.digest import DriftSummary, SiteSeen
    from bot.domain.home_content import Home, HomeSnapshot, NextDigest
    from bot.domain.pending_post import PendingPost
    from bot.domain.refusal import Refusal

REQUESTS_SHOWN = 10
DIGESTS_SHOWN = 10
SITES_SHOWN = 20
MISSING_CARDS_SHOWN = 3
UNDELIVERED_SHOWN = 5
A_MOMENT = timedelta(minutes=1)


def draw(home: Home, person: Callable[[str], str]) -> Block:
    """Draw a Home; `person` names somebody by user id."""
    home_snapshot = home.home_snapshot
    extras = DigestExtras(home_snapshot.links, person)
    at = home_snapshot.summary.at
    to_vote = [drift_digest.request_line(request, extras, drift_digest.votes_text(request)) for request in home.to_vote]
    own = [drift_digest.request_line(request, extras, f": {stage_text(request)}") for request in home.own]
    blocks = [
        *([section(drift_digest.freeze_text(home_snapshot.freeze, person))] if home_snapshot.freeze else []),
        *_list("Waiting for your vote", to_vote, "Nothing waits for your vote."),
        *_list("Your open requests", own, "You have no open requests."),
        *_missing_cards(home),
        *([section(request_texts.unreadable_text(home_snapshot.lost))] if home_snapshot.lost else []),
        *_drift(home_snapshot),
        *_digests(home_snapshot.digests),
        header("What I can see and tell"),
        section("\n".join(_sites(home_snapshot))),
        section(_audit_line(home_snapshot)),
        *_undelivered(home_snapshot),
        section(f"• {_freeze_line(home_snapshot)}"),
        context("`/pkgstatus drift` shows more, `/pkgstatus PACKAGEID` a package, `/pkgstatus help` all there is."),
        context(f"As of {moment(at)} UTC: {', '.join(_last_contact(home_snapshot))}."),
    ]
    return {"type": "home", "blocks": blocks}


def draw_refusal(refusal: Refusal) -> Block:
    """Draw the Home of somebody who may not look."""
    return {"type": "home", "blocks": [header("pkgstatus"), section(replies.refusal_message(refusal).text)]}


def without_timestamp(view: Block) -> list[Block]:
    """Return what a Home says apart from its moment: two that say the same need not both be published."""
    return list(view["blocks"][:-1])


def _list(title: str, lines: Sequence[str], nothing: str) -> list[Block]:
    more = len(lines) - REQUESTS_SHOWN
    rest = [f"… and {more} more: `/pkgstatus requests`"] if more > 0 else []
    count = f" ({len(lines)})" if lines else ""
    return [header(f"{title}{count}"), section("\n".join([*lines[:REQUESTS_SHOWN], *rest]) or nothing)]


def _missing_cards(home: Home) -> Iterator[Block]:
    """Say what hinders the cards of a person's own requests; the request can be taken back here."""
    home_snapshot = home.home_snapshot
    for request in [each for each in home.own if each.id in home_snapshot.cardless][:MISSING_CARDS_SHOWN]:
        trouble = request_texts.missing_card_text(home_snapshot.cardless[request.id], home_snapshot.approvals_channel)
        name = request_texts.request_name(request)
        button = request_texts.withdraw_button(request) if request.stage is Stage.PENDING else None
        yield section(f"⚠️ {name[:1].upper()}{name[1:]}: {trouble}", button)


def _undelivered(home_snapshot: HomeSnapshot) -> list[Block]:
    lines = [
        f"• ⚠️ {_post_name(each)} waits since {moment(each.since)} UTC to be posted in <#{each.channel}>: "
        f"{_post_error(each)}"
        for each in home_snapshot.undelivered[:UNDELIVERED_SHOWN]
    ]
    more = len(home_snapshot.undelivered) - len(lines)
    lines += [f"• … and {more} more"] if more else []
    return [section("\n".join(lines))] if lines else []


def _post_name(waiting: PendingPost) -> str:
    return (
        f"The card of request `{escape(waiting.name)}`"
        if waiting.what is PostKind.CARD
        else f"Digest *{escape(waiting.name)}*"
    )


def _post_error(waiting: PendingPost) -> str:
    return f"Slack says {explain(waiting.reason)}" if waiting.reason else "Slack has not taken it so far"


def _drift(home_snapshot: HomeSnapshot) -> list[Block]:
    summary = home_snapshot.summary
    return [
        header("Drift now"),
        section(drift_summary.verdict(summary)),
        *drift_summary.counts(summary),
        *_trend(summary),
    ]


def _trend(summary: DriftSummary) -> list[Block]:
    trend = charts.trend(summary.days)
    if not trend:
        return []
    gaps = f" `{charts.UNCOUNTED}` is a day without a scan." if charts.UNCOUNTED in trend else ""
    return [section(f"`{trend}`"), context(f"All drifted rows: {charts.trend_text(summary.days)}.{gaps}")]


def _digests(digests: Sequence[NextDigest]) -> list[Block]:
    lines = [
        f"• {escape(each.name)} on {each.due_at:%A} {local_time(each.due_at, each.due_at.tzinfo)} in <#{each.channel}>"
        for each in digests[:DIGESTS_SHOWN]
    ]
    return [header("Next digests"), section("\n".join(lines) or "No digest is planned.")]


def _sites(home_snapshot: HomeSnapshot) -> Iterator[str]:
    sites = home_snapshot.summary.sites
    yield from (f"• {_site_line(site)}" for site in sites[:SITES_SHOWN])
    if len(sites) > SITES_SHOWN:
        yield f"• … and {quantity(len(sites) - SITES_SHOWN, 'more site')}"


def _site_line(site: SiteSeen) -> str:
    name = f"Site *{escape(site.site)}*"
    last = f"last read {moment(site.scanned_at)} UTC" if site.scanned_at else "never read: nothing is known of it"
    if site.trouble is None:
        return f"{name}: {last}"
    tried = f" at {moment(site.tried_at)} UTC" if site.tried_at else ""
    return f"⚠️ {name} could not be read{tried} ({site.trouble}); {last}"


def _freeze_line(home_snapshot: HomeSnapshot) -> str:
    return "🧊 Resets are frozen, see above" if home_snapshot.freeze else "Resets are not frozen"


def _last_contact(home_snapshot: HomeSnapshot) -> Iterator[str]:
    """Say how long ago each place was last reached: all that grows older by itself stands in this one line."""
    at, trail = home_snapshot.summary.at, home_snapshot.trail
    for site in home_snapshot.summary.sites[:SITES_SHOWN]:
        read = f"last read {_ago(at - site.scanned_at)}" if site.scanned_at else "never read"
        yield f"{escape(site.site)} {read}"
    told = f"last told {_ago(at - trail.delivered_at)}" if trail.delivered_at else "not told anything yet"
    yield f"audit channel {told}"


def _ago(been: timedelta) -> str:
    return f"{age(been)} ago" if been >= A_MOMENT else "just now"


def _audit_line(home_snapshot: HomeSnapshot) -> str:
    channel, trail = f"<#{home_snapshot.audit_channel}>", home_snapshot.trail
    if not drift_digest.is_audit_behind(trail, home_snapshot.summary.at) or trail.oldest_unsent_at is None:
        return f"• Audit channel {channel}: everything is told"
    unsent = f"{quantity(trail.unsent, 'entry')} {plural(trail.unsent, 'is')} not told yet"
    return f"• ⚠️ Audit channel {channel}: {unsent}, the oldest from {moment(trail.oldest_unsent_at)} UTC"
