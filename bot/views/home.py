"""App Home: what waits for this person, how drift stands, what comes next, and how well the bot sees and tells.

Slack keeps a Home as it was published, so everything in it carries its moment.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.quantity import plural, quantity
from bot.domain.request import Stage
from bot.domain.waiting import What
from bot.views import charts, digest, drift, replies, request_words
from bot.views.digest import Around
from bot.views.drift import clock
from bot.views.kit import Block, age, context, escape, header, moment, section
from bot.views.request_card import standing
from bot.views.slack_errors import explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.domain.digest import Picture, SiteSeen
    from bot.domain.home import Glance, Home, NextDigest
    from bot.domain.refusal import Refusal
    from bot.domain.waiting import Waiting

REQUESTS_SHOWN = 10
DIGESTS_SHOWN = 10
SITES_SHOWN = 20
CARDLESS_SHOWN = 3
UNDELIVERED_SHOWN = 5
A_MOMENT = timedelta(minutes=1)


def draw(home: Home, person: Callable[[str], str]) -> Block:
    """Draw a Home; `person` names somebody by user id."""
    glance = home.glance
    around = Around(glance.links, person)
    at = glance.picture.at
    to_vote = [digest.line_of(request, around, digest.waits(request)) for request in home.to_vote]
    own = [digest.line_of(request, around, f": {standing(request)}") for request in home.own]
    blocks = [
        *([section(digest.frozen(glance.freeze, person))] if glance.freeze else []),
        *_list("Waiting for your vote", to_vote, "Nothing waits for your vote."),
        *_list("Your open requests", own, "You have no open requests."),
        *_cardless(home),
        *([section(request_words.lost(glance.lost))] if glance.lost else []),
        *_drift(glance),
        *_digests(glance.digests),
        header("What I can see and tell"),
        section("\n".join(_sites(glance))),
        section(_audit(glance)),
        *_undelivered(glance),
        section(f"• {_freeze(glance)}"),
        context("`/pkgstatus drift` shows more, `/pkgstatus PACKAGEID` a package, `/pkgstatus help` all there is."),
        context(f"As of {moment(at)} UTC: {', '.join(_reached(glance))}."),
    ]
    return {"type": "home", "blocks": blocks}


def refused(refusal: Refusal) -> Block:
    """Draw the Home of somebody who may not look."""
    return {"type": "home", "blocks": [header("pkgstatus"), section(replies.refused(refusal).text)]}


def says(view: Block) -> list[Block]:
    """Return what a Home says apart from its moment: two that say the same need not both be published."""
    return list(view["blocks"][:-1])


def _list(title: str, lines: Sequence[str], nothing: str) -> list[Block]:
    more = len(lines) - REQUESTS_SHOWN
    rest = [f"… and {more} more: `/pkgstatus requests`"] if more > 0 else []
    count = f" ({len(lines)})" if lines else ""
    return [header(f"{title}{count}"), section("\n".join([*lines[:REQUESTS_SHOWN], *rest]) or nothing)]


def _cardless(home: Home) -> Iterator[Block]:
    """Say what hinders the cards of a person's own requests; the request can be taken back here."""
    glance = home.glance
    for request in [each for each in home.own if each.id in glance.cardless][:CARDLESS_SHOWN]:
        trouble = request_words.without_card(glance.cardless[request.id], glance.approvals_channel)
        name = request_words.name_of(request)
        button = request_words.withdraw(request) if request.stage is Stage.PENDING else None
        yield section(f"⚠️ {name[:1].upper()}{name[1:]}: {trouble}", button)


def _undelivered(glance: Glance) -> list[Block]:
    lines = [
        f"• ⚠️ {_named(each)} waits since {moment(each.since)} UTC to be posted in <#{each.channel}>: {_why(each)}"
        for each in glance.undelivered[:UNDELIVERED_SHOWN]
    ]
    more = len(glance.undelivered) - len(lines)
    lines += [f"• … and {more} more"] if more else []
    return [section("\n".join(lines))] if lines else []


def _named(waiting: Waiting) -> str:
    return (
        f"The card of request `{escape(waiting.name)}`"
        if waiting.what is What.CARD
        else f"Digest *{escape(waiting.name)}*"
    )


def _why(waiting: Waiting) -> str:
    return f"Slack says {explained(waiting.reason)}" if waiting.reason else "Slack has not taken it so far"


def _drift(glance: Glance) -> list[Block]:
    picture = glance.picture
    return [header("Drift now"), section(drift.verdict(picture)), *drift.counts(picture), *_trend(picture)]


def _trend(picture: Picture) -> list[Block]:
    trend = charts.trend(picture.days)
    if not trend:
        return []
    gaps = f" `{charts.UNCOUNTED}` is a day without a scan." if charts.UNCOUNTED in trend else ""
    return [section(f"`{trend}`"), context(f"All drifted rows: {charts.span(picture.days)}.{gaps}")]


def _digests(digests: Sequence[NextDigest]) -> list[Block]:
    lines = [
        f"• {escape(each.name)} on {each.due_at:%A} {clock(each.due_at, each.due_at.tzinfo)} in <#{each.channel}>"
        for each in digests[:DIGESTS_SHOWN]
    ]
    return [header("Next digests"), section("\n".join(lines) or "No digest is planned.")]


def _sites(glance: Glance) -> Iterator[str]:
    sites = glance.picture.sites
    yield from (f"• {_site(site)}" for site in sites[:SITES_SHOWN])
    if len(sites) > SITES_SHOWN:
        yield f"• … and {quantity(len(sites) - SITES_SHOWN, 'more site')}"


def _site(site: SiteSeen) -> str:
    name = f"Site *{escape(site.site)}*"
    last = f"last read {moment(site.scanned_at)} UTC" if site.scanned_at else "never read: nothing is known of it"
    if site.trouble is None:
        return f"{name}: {last}"
    tried = f" at {moment(site.tried_at)} UTC" if site.tried_at else ""
    return f"⚠️ {name} could not be read{tried} ({site.trouble}); {last}"


def _freeze(glance: Glance) -> str:
    return "🧊 Resets are frozen, see above" if glance.freeze else "Resets are not frozen"


def _reached(glance: Glance) -> Iterator[str]:
    """Say how long ago each place was last reached: all that grows older by itself stands in this one line."""
    at, trail = glance.picture.at, glance.trail
    for site in glance.picture.sites[:SITES_SHOWN]:
        read = f"last read {_ago(at - site.scanned_at)}" if site.scanned_at else "never read"
        yield f"{escape(site.site)} {read}"
    told = f"last told {_ago(at - trail.told_at)}" if trail.told_at else "not told anything yet"
    yield f"audit channel {told}"


def _ago(been: timedelta) -> str:
    return f"{age(been)} ago" if been >= A_MOMENT else "just now"


def _audit(glance: Glance) -> str:
    channel, trail = f"<#{glance.audit_channel}>", glance.trail
    if not digest.is_behind(trail, glance.picture.at) or trail.oldest_untold_at is None:
        return f"• Audit channel {channel}: everything is told"
    untold = f"{quantity(trail.untold, 'entry')} {plural(trail.untold, 'is')} not told yet"
    return f"• ⚠️ Audit channel {channel}: {untold}, the oldest from {moment(trail.oldest_untold_at)} UTC"
