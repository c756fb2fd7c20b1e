"""Every short answer in words: help, refusals, faults, hits of a search. One sentence that says what to do instead.

Texts only; who sees them and how they travel is decided in slack/.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.domain.command import (
    MOST_PACKAGES,
    WORDS,
    BadFilter,
    DriftNow,
    Filter,
    Find,
    Freeze,
    History,
    ListRequests,
    NoPackage,
    NoReason,
    NotForDrift,
    NotForHistory,
    NothingToFind,
    Show,
    Unfreeze,
    UnknownWord,
    lacking,
    parse,
    read_filter,
)
from bot.domain.package import PACKAGE_ID, SITE_CODE_LENGTH, SiteCode
from bot.domain.package_id import BadId, IdFault
from bot.domain.quantity import all_of, plural, quantity
from bot.domain.refusal import Reason, Refusal
from bot.domain.site_error_kind import SiteErrorKind
from bot.domain.suggestions import nearest
from bot.domain.typed_text import is_named
from bot.views.block_kit import Block, Message, actions, button, context, escape, moment, section

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.domain.command import Misunderstanding, Query
    from bot.domain.drift_classes import Drift
    from bot.domain.lookup_result import Answer, Hit, SearchResult, SiteUnavailable, UnknownPackage

SHOW_ACTION = "status_show"
MOST_HITS = 20
MOST_NEAR = 3
_QUOTED_CHARACTERS = 60
_COPIED_CHARACTERS = 300

HELP = """*`/pkgstatus` shows which version of a package every distribution point holds.*
• `/pkgstatus PS100112` – the version table of a package
• `/pkgstatus PS100112 behind` – only some rows: {words}
• `/pkgstatus PS100112 site:P02 dp:NYC*` – only a site, only some servers; filters can be combined
• `/pkgstatus find boot image` – packages by name
• `/pkgstatus drift site:PS1` – what has drifted now, at all sites or at one
• `/pkgstatus requests` – reset requests, open ones first
• `/pkgstatus history PS100112` – what was requested for a package
• `/pkgstatus freeze REASON`, `/pkgstatus unfreeze` – approvers stop all resets, and let them go on
• `/pkgstatus help` – this text"""

BUSY = "I am busy with many other questions right now. Please try again in a minute."
STOPPING = "I am just restarting. Please try again in a minute."
STORE_UNAVAILABLE = "I cannot write my records right now, so I did nothing. Please try again in a few minutes."
STORE_UNAVAILABLE_QUEUED = (
    "I cannot write my records right now. What you asked is kept and will be done as soon as I can."
)
INTERNAL_ERROR = (
    "Something went wrong on my side and nothing was changed. Please try again; if it stays, give an admin `{ref}`."
)
INTERRUPTED = "This came to nothing before I was interrupted: {why}. Please do it again if you still want it."
CSV_SENT = "I have sent you the CSV in a direct message."

_SITE_ERROR_TEXTS = {
    SiteErrorKind.DAMAGED: "The site database of {site} is damaged, or no database at all. Please tell the bot's admin",
    SiteErrorKind.UNREACHABLE: "The site database of {site} cannot be reached now. Please try again in a few minutes",
    SiteErrorKind.CERTIFICATE: "I do not trust the certificate of {site}'s database server. "
    "Please tell the bot's admin",
    SiteErrorKind.LOGIN: "The site database of {site} refused my login. Please tell the bot's admin",
    SiteErrorKind.PERMISSION: "I am not allowed to read the package tables of {site}. Please tell the bot's admin",
    SiteErrorKind.SCHEMA: "The database of {site} lacks a table that every site has. Please tell the bot's admin",
    SiteErrorKind.TIMEOUT: "The site database of {site} took too long to answer. Please try again in a few minutes",
    SiteErrorKind.LOCKED: "Somebody holds the package tables of {site} locked. Please try again in a minute",
    SiteErrorKind.DEADLOCK: "The site database of {site} was too busy to answer. Please try again in a minute",
    SiteErrorKind.READ_ONLY: "The database of {site} can only be read from here. Please tell the bot's admin",
    SiteErrorKind.WRONG_DATABASE: "My settings name a wrong database for {site}. Please tell the bot's admin",
    SiteErrorKind.DRIVER: "The driver for the database of {site} is not installed. Please tell the bot's admin",
    SiteErrorKind.OTHER: "The site database of {site} gave an error. Please try again, or tell the bot's admin",
}

_REFUSAL_TEXTS = {
    Reason.OTHER_WORKSPACE: "Only members of the workspace that installed me can use me; ask a colleague there.",
    Reason.OTHER_APP: "That belongs to another Slack app, so I did nothing. Please run `/pkgstatus` again.",
    Reason.ORG_WIDE: "I am installed for your whole organisation here, and I only work in one workspace: the bot's "
    "admin has to install me to that workspace.",
    Reason.DEACTIVATED: "Your Slack account is deactivated here, so I cannot answer you.",
    Reason.BOT: "I answer people, not bots; ask a person to do it.",
    Reason.GUEST: "Guests cannot use this; ask a full member of the workspace to do it for you.",
    Reason.NOT_A_VIEWER: "You are not on the list of people who may read package versions; ask the bot's admin to add "
    "you to its viewers.",
    Reason.CANNOT_LOOK_UP: "Slack could not tell me who you are just now, so I did not answer. Please try again in a "
    "minute.",
    Reason.SNAPSHOT_GONE: "That table is more than 30 minutes old and I no longer have it. Ask again for a fresh one.",
    Reason.NOT_A_REQUESTER: "You are not on the list of people who may request resets; ask the bot's admin to add you.",
    Reason.NOT_AN_APPROVER: "You are not an approver, so I did nothing; the cards name those who are.",
    Reason.NOT_REQUESTER: "Only the person who made this request can withdraw it; an approver can reject it.",
    Reason.OWN_REQUEST: "You made this request, so somebody else has to decide; you can withdraw it.",
    Reason.VOTED_ALREADY: "You have approved this already; a second, different person is needed.",
    Reason.OTHER_PLAN: "This button does not belong to the plan on the card, so nothing was counted. Use the newest.",
    Reason.DECIDED_ALREADY: "This request is decided already; the card says how.",
    Reason.WITHDRAWN: "This request was withdrawn, so it cannot be voted on any more.",
    Reason.EXPIRED: "This request has expired, so it cannot be voted on any more. Request the reset again.",
    Reason.STALE_PLAN: "The rows changed since this was requested, so it cannot be voted on any more. Request again.",
    Reason.FROZEN: "Resets are frozen at the moment; an approver can lift that with `/pkgstatus unfreeze`.",
    Reason.OTHER_POLICY: (
        "Another bot on the same store has other settings for resets (who approves, limits or backup table), so resets"
        " are paused until both have the same or one is stopped."
    ),
    Reason.AUDIT_BEHIND: "The audit channel is too far behind, so resets are paused until it has caught up.",
    Reason.FOREIGN_CARD: "This is not the request's newest card, so nothing was counted. Use the newest card{link}.",
    Reason.CARD_UNRECORDED: "This card was posted this very moment and is not in my records yet, so nothing "
    "was counted. Please press again in a few seconds.",
    Reason.CARD_CHANGED: "The card had just changed when you pressed, so nothing was counted. Look at it again, then "
    "press.",
    Reason.CARD_ALTERED: "The card did not read as I draw it, so nothing was counted: somebody may have changed "
    "its words, if it was not a change of my settings. I draw it anew; read it again before you press, and tell the "
    "bot's admin. `/pkgstatus freeze` stops all resets.",
    Reason.CARD_NOT_SENT: "Slack did not tell me what the card showed when you pressed, so nothing was counted. Press "
    "again, on the card in the approvals channel.",
    Reason.ROWS_WITHHELD: "Your press came without the rows of the card, so nothing was counted: Slack did not give "
    "them back, or somebody took them off; if you saw none, tell the bot's admin. I draw the card anew with its rows "
    "as text; read it again, then press.",
    Reason.NOT_OUR_RECORD: "I did not record this request as it now reads, or it is from before an update or a new "
    "app-level token, so nothing was counted. Please ask for the reset again.",
    Reason.UNKNOWN_REQUEST: "I do not know this request, so nothing was done.",
    Reason.WRONG_STAGE: "That is not possible at this stage of the request; the card says where it stands.",
    Reason.ROWS_CHANGED: "The rows have changed since you opened the form. Run `/pkgstatus` again and choose anew.",
    Reason.NOTHING_TO_RESET: "No row of this package may be reset here now; the table says why. {detail}",
    Reason.SOURCE_BEHIND: "Nothing of this package is reset: the source site itself has not taken its source version, "
    "so there is nothing newer to send. Open distmgr.log there and check the source path.",
    Reason.NO_WRITER: "Resets are not set up for this site; ask the bot's admin for a login that may write.",
    Reason.WRONG_DATABASE: "My settings name the wrong database, so I asked nobody to vote. Tell the bot's admin: "
    "{detail}.",
    Reason.JOBS_UNREADABLE: "I cannot read this site's distribution jobs, so I cannot tell whether the reset is being "
    "acted on already. The DBA has to run deploy/sql/reader.sqlserver.sql before it can be undone.",
    Reason.JOB_STARTED: "A distribution job of this package has started, so the values from before the reset are no "
    "longer true. Wait for it, then look again with `/pkgstatus`.",
    Reason.TOO_FEW_APPROVERS: "Fewer than two people could approve this now, so I did not take the request.",
    Reason.CHANNEL_SHARED: "The approvals channel is shared with another workspace, so I take no requests there."
    "{cardless}",
    Reason.CHANNEL_ARCHIVED: "The approvals channel is archived, so I cannot take requests; ask the bot's admin."
    "{cardless}",
    Reason.CHANNEL_WITHOUT_BOT: "I am not in the approvals channel, so I cannot take requests; invite me there."
    "{cardless}",
    Reason.LIST_UNREADABLE: "Slack did not tell me who is on the list for this, so I did nothing. Please try again.",
    Reason.NO_BACKUP_TABLE: "The backup table is missing or not as it must be, so I asked nobody to vote; the DBA "
    "has to run deploy/sql/backup_table.sqlserver.sql.",
    Reason.NO_WRITE_RIGHT: "My login may not make a reset, so I asked nobody to vote; the DBA has to run "
    "deploy/sql/backup_table.sqlserver.sql and deploy/sql/writer.sqlserver.sql.",
    Reason.NOT_OPENED: "Slack did not open the form, and nothing was changed. Please press the button again; "
    "if it stays so, tell the bot's admin.",
    Reason.TRIGGER_LATE: "Slack closed the window before I could open the form. Please press the button again.",
    Reason.WAITED: "I was away for too long to still do this. Please do it again, unless the card says it is done.",
    Reason.BUSY: BUSY,
    Reason.STOPPING: STOPPING,
    Reason.UNKNOWN_BUTTON: "I do not know that button any more. Please run `/pkgstatus` again.",
}


_OPEN_WITHOUT_CARD = (
    "Open for this package, without a card until that is mended: `{detail}`. Its requester can withdraw it with "
    "`/pkgstatus requests`."
)
MISSING_FILTER_PARTS = {
    "dp": "the name of a distribution point right behind the colon",
    "site": "a site code right behind the colon",
}
"""What a filter of that kind needs that was typed without it."""
_EXAMPLES = {"dp": "dp:NYC*", "site": "site:P02"}


def text_message(text: str) -> Message:
    """Return a message of one text."""
    return Message(text, (section(text),))


def help_text() -> Message:
    """Explain the command."""
    return text_message(HELP.format(words=_filter_words()))


def progress_text(query: Query | Misunderstanding) -> str | None:
    """Return what to say while a question is being answered, or None when the answer is immediate."""
    match query:
        case Show():
            return f"Looking up {query.package_id} …"
        case Find():
            return f"Looking for “{escape(' '.join(query.words), _QUOTED_CHARACTERS)}” …"
        case DriftNow():
            return "Looking up what has drifted …"
        case ListRequests():
            return "Looking up the requests …"
        case History():
            return f"Looking up the requests for {' and '.join(query.package_ids)} …"
        case Freeze() | Unfreeze():
            return "Looking up who may do that …"
    return None


def misunderstood(problem: Misunderstanding) -> Message:
    """Say what was wrong with the typed text and what to type instead, with a button for each likely reading."""
    match problem:
        case BadId():
            return _with_suggestions(_bad_id(problem), problem.meant)
        case BadFilter():
            return _with_suggestions(_bad_filter(problem), problem.meant)
        case UnknownWord():
            text = f"I do not know “{_quoted(problem.text)}”. `/pkgstatus help` says what I know."
            is_filter = isinstance(read_filter(problem.text), Filter)
            return _with_suggestions("The package ID comes first." if is_filter else text, problem.meant)
        case NoPackage():
            example = f"PS100112 {problem.rest}" if problem.rest else "history PS100112"
            return _with_suggestions(f"Tell me which package, like {_typed(example)}.", problem.meant)
        case NothingToFind():
            return text_message("Tell me what to find, like `/pkgstatus find boot image`.")
        case NoReason():
            return text_message("Say why, like `/pkgstatus freeze site update tonight`.")
        case NotForDrift() | NotForHistory():
            return _with_suggestions(_wrong_argument_text(problem), problem.meant)


def _wrong_argument_text(problem: NotForDrift | NotForHistory) -> str:
    said = _quoted(problem.text)
    if isinstance(problem, NotForHistory):
        return (
            f"I do not take “{said}” there. After `history` I take up to {MOST_PACKAGES} package IDs and nothing else."
        )
    is_cut = lacking(problem.text) == "site"
    text = f"“{said}” needs {MISSING_FILTER_PARTS['site']}." if is_cut else f"I do not know “{said}” after `drift`."
    return f"{text} Use `/pkgstatus drift`, or `/pkgstatus drift site:PS1` for one site."


def _with_suggestions(text: str, meant: Sequence[str]) -> Message:
    """Add what may have been meant: in words, and on buttons but for what stops or frees all resets."""
    if not meant:
        return text_message(text)
    text = f"{text} Did you mean {_listed(map(_typed, meant))}?"
    offered = [each for each in meant if not isinstance(parse(each), Freeze | Unfreeze)]
    return Message(text, (section(text), *(actions(button(_caption(each), SHOW_ACTION, each)) for each in offered)))


def _typed(query: str) -> str:
    """Spell a reading as one would type it; a package ID stands for itself."""
    return f"`{query}`" if _is_id(query) else _code(f"/pkgstatus {query}")


def _is_id(query: str) -> bool:
    return PACKAGE_ID.fullmatch(query) is not None


def _caption(query: str) -> str:
    return f"Show {query}" if isinstance(parse(query), Show) else query[:1].upper() + query[1:]


def _quoted(text: str) -> str:
    return escape(text, _QUOTED_CHARACTERS)


def unmatched(row_filter: Filter, drift: Drift) -> list[str]:
    """Say of each server and each site of a filter that has no row at all that it has none, and what there is."""
    every = (*drift.sites, *drift.dps)
    said = []
    lost = [name for name in row_filter.servers if not Filter(servers=(name,)).keep(every)]
    if lost:
        kind = "distribution point" if drift.dps else "site server"
        others = quantity(len(drift.dps) or len(drift.sites), "other")
        near = _suggested_servers(lost, [verdict.row.server for verdict in every])
        meant = f" Did you mean {near}?" if near else ""
        said.append(f"No {kind} of this package is called {_listed(map(_code, lost))}; {others}.{meant}")
    absent = sorted(site for site in row_filter.sites if not Filter(sites=frozenset({site})).keep(every))
    if absent:
        there = _listed(sorted({verdict.row.site_code for verdict in every}), "and")
        said.append(f"No row of this package is at site {_listed(absent)}; its rows are at {there}.")
    return said


def nothing_matches(row_filter: Filter, drift: Drift) -> str:
    """Say why a filter keeps no distribution point (no site server, where there are no others): which part did not."""
    every = drift.dps or drift.sites
    kind = "distribution point" if drift.dps else "site server"
    missing = unmatched(row_filter, drift)
    place = replace(row_filter, classes=frozenset())
    if missing and not place.keep((*drift.sites, *drift.dps)):
        return " ".join(missing)
    words = [f"`{word}`" for word in row_filter.words]
    there, alike = len(place.keep(every)), len(Filter(row_filter.classes).keep(every))
    if not there:  # each is there, but not together, or only as a site server
        elsewhere = Filter(servers=row_filter.servers).keep(every) if row_filter.servers else ()
        if elsewhere and row_filter.sites:
            servers, count = _listed(_code(f"dp:{name}") for name in row_filter.servers), len(elsewhere)
            return f"{servers} has {quantity(count, 'row')}, none of them at site {_listed(sorted(row_filter.sites))}."
        return f"No {kind} matches {_place(place)}, only site servers do; {quantity(len(every), 'other')}."
    if place == Filter():
        return f"No {kind} is {_listed(words)}; there {plural(len(every), 'is')} {len(every):,}."
    others = f"; {quantity(alike, 'row')} elsewhere" if alike else f", nor is any other {kind}"
    return f"{_place(place)} has {quantity(there, 'row')}, none of them {_listed(words)}{others}."


def _place(row_filter: Filter) -> str:
    sites = [f"site:{site}" for site in sorted(row_filter.sites)]
    return _code(" ".join([*sites, *(f"dp:{name}" for name in row_filter.servers)]))


def _suggested_servers(lost: Sequence[str], servers: Sequence[str]) -> str:
    """Return filters that would find something where names found nothing: the beginning of names, or like ones."""
    hosts = [server.partition(".")[0] for server in servers]
    begun = [f"dp:{name}*" for name in lost if any(is_named(host, f"{name}*") for host in hosts)]
    near = [f"dp:{host}" for name in lost for host in nearest(name.partition(".")[0], hosts, MOST_NEAR)]
    return _listed(map(_code, dict.fromkeys(begun or near)))


def _listed(words: Iterable[str], last: str = "or") -> str:
    *before, final = list(words) or [""]
    return f"{', '.join(before)} {last} {final}" if before else final


def _code(text: str) -> str:
    """Return a text as code that can be copied: inside it, Slack formats nothing but its own signs."""
    return f"`{escape(text, _COPIED_CHARACTERS).replace('∗', '*').replace('＿', '_')}`"


def refusal_message(refusal: Refusal, freeze: str = "") -> Message:
    """Say why nothing was done; a freeze in words says who, when and why."""
    link = f": <{refusal.link}|open it>" if refusal.link else ""
    detail = escape(refusal.detail, 600) if refusal.detail else ""
    cardless = f" {_OPEN_WITHOUT_CARD.format(detail=detail)}" if refusal.detail else ""
    text = _REFUSAL_TEXTS[refusal.reason].format(detail=detail, link=link, cardless=cardless).rstrip()
    return text_message(f"{text} {freeze}" if refusal.reason is Reason.FROZEN and freeze else text)


def snapshot_gone(query: str) -> Message:
    """Say that a snapshot is gone, with a button that asks again."""
    text = _REFUSAL_TEXTS[Reason.SNAPSHOT_GONE]
    return Message(text, (section(text), actions(button("Run again", SHOW_ACTION, query))))


def store_error_text(error: str, detail: str) -> str:
    """Say to an admin that the bot's own database cannot be used."""
    return f"The bot's own database (PKGSTATUS_STORE) cannot be used: {error}. {detail}"


def site_error(site: str, kind: SiteErrorKind, reference: str) -> Message:
    """Say that a site database failed; the reference finds the admin's hint in the log."""
    return text_message(f"{_SITE_ERROR_TEXTS[kind].format(site=escape(site))} (`{reference}`).")


def site_unavailable_text(each: SiteUnavailable) -> str:
    """Say that a site could not be asked."""
    return f"⚠️ {_SITE_ERROR_TEXTS[each.trouble].format(site=escape(each.site))}."


def also_at(answer: Answer, other: SiteCode) -> str:
    """Say that another site has a package of its own with the same ID, and what to type for it."""
    return f"{escape(other)} has a package of its own with this ID: `/pkgstatus {answer.drift.package.id} site:{other}`"


def parse_button_query(value: str) -> tuple[SiteCode | None, str]:
    """Read the question of a button: the site to ask, and what to ask; buttons of older versions have no site."""
    first, _, rest = value.partition(" ")
    return (SiteCode(first), rest) if rest and len(first) == SITE_CODE_LENGTH else (None, value)


def csv_note(answer: Answer) -> Message:
    """Announce the file that follows."""
    package = answer.drift.package.id
    whole = all_of(answer.row_count, "row")
    was = "it was" if answer.row_count == 1 else "they were"
    return text_message(f"{whole[0].upper()}{whole[1:]} of {package} as {was} at {moment(answer.read_at)} UTC.")


def csv_failed(error: str) -> Message:
    """Say that Slack did not take the file."""
    return text_message(f"Slack did not take the CSV ({escape(error)}). Please try again in a minute.")


def unknown_package(unknown: UnknownPackage, reference: str = "") -> Message:
    """Say that no site knows the package, and offer those that look like it; a site that is away may know it."""
    where = ", ".join(escape(site) for site in unknown.sites)
    text = f"No package {unknown.package_id} at {where}."
    if unknown.away:
        unavailable = " ".join(
            f"{_SITE_ERROR_TEXTS[each.trouble].format(site=escape(each.site))}." for each in unknown.away
        )
        text = f"{unavailable} It may know {unknown.package_id}; {where} does not."
        text = f"{text} An admin finds the reason under `{reference}`." if reference else text
    if not unknown.near:
        return text_message(f"{text} Search by name with `/pkgstatus find WORDS`.")
    return Message(text, (section(f"{text} Did you mean:"), *_hits(unknown.near, (*unknown.sites, *unknown.away))))


def search_results(result: SearchResult) -> Message:
    """List the hits of a search, a button each, and the sites that could not be asked."""
    words = escape(" ".join(result.words), _QUOTED_CHARACTERS)
    missing = [f"{site_unavailable_text(each)} What it has is missing here." for each in result.away]
    if not result.hits:
        where = f" at {', '.join(map(escape, result.sites))}" if missing else ""
        text = " ".join([f"No package has “{words}” in its name{where}. Try fewer or shorter words.", *missing])
        return _with_suggestions(text, (" ".join(["find", *result.meant]),) if result.meant else ())
    shown = result.hits[:MOST_HITS]
    text = f"{quantity(len(result.hits), 'package')} with “{words}”"
    blocks = [section(f"*{text}*"), *map(section, missing), *_hits(shown, (*result.sites, *result.away))]
    if len(shown) < len(result.hits):
        blocks.append(context(f"The first {len(shown)} are shown. Add a word to narrow it down."))
    return Message(" ".join([text, *missing]), tuple(blocks))


def _hits(hits: Sequence[Hit], sites: Sequence[object]) -> list[Block]:
    return [_hit(hit, names_site=len(sites) > 1) for hit in hits]


def _hit(hit: Hit, *, names_site: bool) -> Block:
    """Draw a hit; where there are several sites it names its own, and so does its button."""
    package = hit.package
    version = f" {escape(package.version, 40)}" if package.version else ""
    where = f" · site {escape(hit.site)}" if names_site else ""
    text = f"*{escape(package.name, 200)}*{version}\n{escape(package.id)} · {package.type_name}{where}"
    value = f"{hit.site} {package.id}" if names_site else package.id
    return section(text, button("Show", SHOW_ACTION, value, label=f"Show {package.id}"))


def _bad_filter(problem: BadFilter) -> str:
    shown, lacks = f"“{_quoted(problem.text)}”", lacking(problem.text)
    if sum(map(_is_id, problem.meant)) > 1:
        return "I show one package at a time."
    if lacks:
        return f"{shown} needs {MISSING_FILTER_PARTS[lacks]}, like `/pkgstatus PS100112 {_EXAMPLES[lacks]}`."
    return f"I do not know the filter {shown}. Use {_filter_words()}, `site:P02` or `dp:NYC*`."


def _bad_id(problem: BadId) -> str:
    shown = _quoted(problem.text)
    shape = "A package ID is a site code of 3 letters or digits and 5 digits 0-9 A-F, like `PS100112`"
    match problem.fault:
        case IdFault.LENGTH:
            count = quantity(int(problem.detail), "character")
            search = "" if problem.meant else f" To search by name: `/pkgstatus find {shown}`."
            return f"“{shown}” has {count}, a package ID has 8. {shape}.{search}"
        case IdFault.CHARACTERS:
            return f"“{shown}” has {escape(problem.detail)} where that cannot be. {shape}."
        case IdFault.LOOKALIKE:
            return f"“{shown}” has the letter {problem.detail} among its digits."


def _filter_words() -> str:
    return ", ".join(f"`{word}`" for word in WORDS)
