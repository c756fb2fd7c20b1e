"""The answer to `/pkgstatus PACKAGEID`: what the package is, how many rows are where, the table, and what to do next.

Also the same rows as a spreadsheet. Order: problems first, site servers apart from distribution points.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.distribution_message import MessageKind
from bot.domain.drift_classes import DriftClass, Verdict
from bot.domain.lookup_result import SnapshotKey
from bot.domain.package import JobAction, JobState, known_moment, status_name
from bot.domain.plan import RowsAllowed, refusals, resettable
from bot.domain.quantity import all_of, quantity
from bot.views import distribution_messages, replies
from bot.views.block_kit import Block, Message, actions, age, button, context, escape, header, moment, plain, section
from bot.views.drift_classes import MARKS, advice
from bot.views.replies import nothing_matches, unmatched
from bot.views.tables import Form, Page, Table, paginate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.domain.distribution_message import DistributionMessage
    from bot.domain.lookup_result import Answer, AnswersBySite, StoredAnswer
    from bot.domain.package import Job, Package

PREVIOUS_ACTION = "status_previous"
NEXT_ACTION = "status_next"
CSV_ACTION = "status_csv"
REQUEST_ACTION = "status_request"

HEADER = ("Server", "Class", "Site", "Hop", "Held", "Expected", "Behind", "Status", "Updated (site clock)", "For")
SERVER_CHARACTERS = 64
QUIET = frozenset({DriftClass.IN_SYNC, DriftClass.EXEMPT, DriftClass.IN_FLIGHT, DriftClass.NOT_SERVED})
SITES_IN_VIEW = 12
ROWS_IN_SHORT = 5
ROWS_IN_ADVICE = 3
OTHER_SITE = (
    "↔️ *two sites*: a row names one site, the list of distribution points another. It is judged by the copy of the "
    "site that its DP belongs to, and never reset."
)
MOST_CAUSES = 4
_NEEDS_SOMEBODY = {MessageKind.FAILED, MessageKind.WAITS}
MOST_JOBS = 1
"""How many jobs of one row are spelled out: a cell is short."""
_SENDING = {JobAction.UPDATE, JobAction.ADD}
_JOB_ACTIONS: dict[int | None, str] = {
    JobAction.DELETE: "removal",
    JobAction.VALIDATE: "validation",
    JobAction.CANCEL: "cancel",
}
_NBSP = "\N{NO-BREAK SPACE}"
"""A line of a site is about as long as a message is wide: no unit should stand alone on the next."""
_LEAST_DIFFERENCE = timedelta(hours=1)
_OTHER_CELLS = 75
"""The most characters that hop, status, update and class can need together."""


@dataclass(frozen=True, slots=True)
class ResetContext:
    """What the answer depends on besides its rows: which rows may be reset, and a freeze in words, if there is one."""

    rows: RowsAllowed = RowsAllowed.ANY
    freeze: str = ""


def draw(stored: StoredAnswer, form: Form, start: int = 0, resets: ResetContext | None = None) -> Message:
    """Draw the page that holds row `start` of an answer."""
    resets = resets or ResetContext()
    answer = stored.answer
    drift = answer.drift
    dps = answer.filter.keep(drift.dps)
    sites = answer.filter.keep(drift.sites)
    pages = paginate((_width(verdict, answer.read_at) for verdict in dps), form)
    page = next((page for page in pages if page.start <= start < page.stop), pages[0] if pages else Page(0, 0))
    blocks = [
        header(f"{drift.package.id} · {drift.package.name}"),
        context(_identity(drift.package, answer)),
        section(_verdict_line(answer)),
        *_source(answer),
        *_unavailable_sites(answer),
        *_site_lines(sites, answer),
        *_table(answer, dps, page, form),
        *_next_steps(answer),
        *_causes(dps, answer.read_at),
        *([context(f"🧊 {resets.freeze}")] if resets.freeze else []),
        *_reset_blocked(answer, resets),
        *_buttons(stored, pages, page, can_reset=not _reset_blocked(answer, resets)),
        context(_small_print(answer)),
    ]
    return Message(_summary(answer), tuple(blocks))


def table_row(verdict: Verdict, answer: Answer) -> tuple[str | int | None, ...]:
    """One row of the table, in the order of HEADER."""
    row = verdict.row
    return (
        plain(row.server, SERVER_CHARACTERS),
        f"{MARKS[verdict.drift_class]} {verdict.drift_class}",
        site_of(verdict),
        verdict.hop,
        row.held_version,
        verdict.expected_version,
        verdict.versions_behind,
        _status(verdict, answer.read_at),
        None if verdict.missing else _updated(row.updated_at),
        _out_of_sync_for(verdict, answer) or None,
    )


def site_of(verdict: Verdict) -> str:
    """Name the site of a row; where its DP belongs to another one, both."""
    row = verdict.row
    return f"{row.site_code}, DP of {plain(row.other_site, 3)}" if row.other_site else row.site_code


def notes(verdict: Verdict, read_at: datetime) -> tuple[str, ...]:
    """Say what class and status do not: what is left over or has not arrived, stuck jobs, the newest message."""
    row = verdict.row
    left_over = f"leftover of {row.site_code}, its DP is at {plain(row.moved_to, 3)} now" if row.moved_to else ""
    unconfirmed = ("not received yet" if row.is_site else "not installed yet") if verdict.is_unconfirmed else ""
    jobs = [_job_words(job, verdict.expected_version, read_at) for job in verdict.idle_jobs[:MOST_JOBS]]
    uncounted = len(verdict.idle_jobs) - MOST_JOBS
    more = [quantity(uncounted, "more job")] if uncounted > 0 else []
    message = _newest(verdict)
    news = f"{distribution_messages.said(message)}, {distribution_messages.when(message, read_at)}" if message else ""
    return tuple(filter(None, (left_over, unconfirmed, *jobs, *more, news)))


def _newest(verdict: Verdict) -> DistributionMessage | None:
    """Return the newest message of a row that something is the matter with; of others it tells nothing new."""
    return None if verdict.drift_class is DriftClass.IN_SYNC else verdict.row.message


def _job_words(job: Job, expected: int | None, read_at: datetime) -> str:
    """Say of an open job that is no evidence of movement what it is, and how long it has stood."""
    queued, moved = known_moment(job.created_at) or job.moved_at, job.moved_at
    if job.action not in _SENDING:
        kind = f"{_JOB_ACTIONS.get(job.action, 'unknown')} job"
    elif job.state == JobState.SUSPENDED:
        kind = "suspended job"
    elif job.version != expected:
        kind = f"job for version {'unknown' if job.version is None else job.version}"
    else:
        kind = "stuck job"
    since = f"queued {age(read_at - queued)} ago" if queued and queued <= read_at else "of unknown age"
    has_moved = moved and queued and moved - queued >= _LEAST_DIFFERENCE and moved <= read_at
    return f"{kind}, {since}" + (f", last moved {age(read_at - moved)} ago" if moved and has_moved else "")


def _status(verdict: Verdict, read_at: datetime) -> str:
    status = "no row" if verdict.missing else status_name(verdict.row.status_number)
    return "; ".join([status, *notes(verdict, read_at)])


def class_counts(answer: Answer) -> str:
    """Say how many rows are in each class."""
    counts = answer.drift.counts
    return ", ".join(f"{counts[kind]} {kind}" for kind in DriftClass if counts[kind]) or "on no distribution point"


def _width(verdict: Verdict, read_at: datetime) -> int:
    row = verdict.row
    others = f"{row.held_version}{verdict.expected_version}{verdict.versions_behind}{site_of(verdict)}"
    said = sum(len(note) + 2 for note in notes(verdict, read_at))
    return min(len(row.server), SERVER_CHARACTERS) + len(others) + said + _OTHER_CELLS


def _updated(updated_at: datetime | None) -> str:
    if updated_at is None:
        return "unknown"
    return moment(updated_at) if known_moment(updated_at) else "never"


def _out_of_sync_for(verdict: Verdict, answer: Answer) -> str:
    """Say how long a row has not been in sync, as digests do; nothing for a row that is, or whose age is unknown."""
    since = answer.since.get(verdict.row.key)
    return age(answer.read_at - since) if since and since < answer.read_at else ""


def _identity(package: Package, answer: Answer) -> str:
    version = "unknown" if package.source_version is None else package.source_version
    parts = [
        package.type_name,
        f"source site *{escape(package.source_site or 'unknown')}*",
        f"source version *{version}*",
    ]
    if known_moment(package.changed_at) and package.changed_at:
        parts.append(f"changed {moment(package.changed_at)} ({age(answer.read_at - package.changed_at)} ago)")
    return " · ".join(parts)


def _verdict_line(answer: Answer) -> str:
    counts = answer.drift.counts
    if not counts:
        return "This package is on no distribution point."
    return "   ".join(f"{MARKS[kind]} *{counts[kind]}* {kind}" for kind in DriftClass if counts[kind])


def _source(answer: Answer) -> list[Block]:
    """Say first what holds up all the rest."""
    package = answer.drift.package
    if not answer.drift.source_behind:
        return []
    stored = package.stored_version
    holds = f" (it stores {stored})" if stored is not None and stored != package.source_version else ""
    return [
        section(
            f"{MARKS[DriftClass.SOURCE_BEHIND]} *The source site {escape(package.source_site or '')} itself has not "
            f"taken version {package.source_version}*{holds}: open distmgr.log there and check the source path: is it "
            "reachable, readable, complete? All rows below that version wait for it, and nothing of this package is "
            "reset."
        )
    ]


def _unavailable_sites(answer: Answer) -> list[Block]:
    """Say which sites could not be asked and what that means, and which others have a package with this ID."""
    lines = [
        f"{replies.site_unavailable_text(each)} It is the source site of this package: the source version may "
        "be newer than shown, so nothing here is certain to be in sync."
        if each.site == answer.drift.package.source_site
        else f"{replies.site_unavailable_text(each)} Whether it has a package of its own with this ID is not known."
        for each in answer.away
    ]
    lines += [replies.also_at(answer, other) for other in answer.others]
    return [section("\n".join(lines))] if lines else []


def draw_all_sites(found: AnswersBySite) -> Message:
    """Show what each site says of an ID that packages of several hierarchies have, with the way to each table."""
    sites = " and ".join(escape(answer.site) for answer in found.answers)
    text = f"{found.package_id} is a package of its own at {sites}"
    asked = found.answers[0].query.partition(" ")[2]
    lines = " ".join(f"{answer.site}: {_summary(answer)}" for answer in found.answers)
    blocks = [
        header(f"{found.package_id} · {quantity(len(found.answers), 'package')}"),
        section(f"{text}. Add `site:{found.answers[0].site}` to ask only one."),
        *(block for answer in found.answers for block in _of_site(answer)),
        *(
            section(f"{replies.site_unavailable_text(each)} Whether it has one too is not known.")
            for each in found.away
        ),
        context(
            f"Read at {moment(found.answers[0].read_at)} UTC for <@{found.answers[0].asker}>"
            + (f" · filter `{escape(asked)}`" if asked else "")
        ),
    ]
    return Message(f"{text}. {lines}", tuple(blocks))


def _of_site(answer: Answer) -> list[Block]:
    """One site's answer in short: its counts, its worst rows, and a button for its table."""
    package = answer.drift.package
    rows = answer.filter.keep((*answer.drift.sites, *answer.drift.dps))
    worst = [verdict for verdict in rows if verdict.drift_class not in QUIET]
    title = f"*{escape(answer.site)}* · {escape(package.name, 100)}"
    lines = [title, _identity(package, answer), _verdict_line(answer)]
    lines += [f"• {_short_line(verdict)}" for verdict in worst[:ROWS_IN_SHORT]]
    if len(worst) > ROWS_IN_SHORT:
        lines.append(f"… and {len(worst) - ROWS_IN_SHORT:,} more")
    missing = unmatched(answer.filter, answer.drift) if rows else [nothing_matches(answer.filter, answer.drift)]
    lines += missing if answer.drift.counts else []
    value = f"{answer.site} {answer.query}"
    show = button(f"Show {answer.site}", replies.SHOW_ACTION, value, label=f"Show {package.id} at {answer.site}")
    return [section("\n".join(lines), show)]


def _short_line(verdict: Verdict) -> str:
    row = verdict.row
    server = f"site server of {row.site_code}" if verdict.missing and row.is_site else row.server
    held = "no row" if verdict.missing else f"holds {'unknown' if row.held_version is None else row.held_version}"
    return f"{MARKS[verdict.drift_class]} {escape(server, SERVER_CHARACTERS)}: {verdict.drift_class}, {held}"


def _site_lines(sites: Sequence[Verdict], answer: Answer) -> list[Block]:
    if not sites:
        return []
    lines = [_site_line(verdict, answer) for verdict in sites[:SITES_IN_VIEW]]
    if len(sites) > SITES_IN_VIEW:
        lines.append(f"… and {quantity(len(sites) - SITES_IN_VIEW, 'more site server')}: all of them are in the CSV.")
    return [section("\n".join(["*Site servers*", *lines]))]


def _site_line(verdict: Verdict, answer: Answer) -> str:
    row = verdict.row
    mark = MARKS[verdict.drift_class]
    if verdict.missing:
        return f"{mark} *{escape(row.site_code)}* has no row of its own: {verdict.drift_class}"
    known = _out_of_sync_for(verdict, answer)
    been = " " + f"for {known}".replace(" ", _NBSP) if known else ""
    held = "unknown" if row.held_version is None else row.held_version
    behind = f", {verdict.versions_behind} behind" if (verdict.versions_behind or 0) > 0 else ""
    return (
        f"{mark} *{escape(row.site_code)}* {escape(row.server, SERVER_CHARACTERS)} holds *{held}*{behind} · "
        f"{escape(_status(verdict, answer.read_at))} · {_updated(row.updated_at)} · {verdict.drift_class}{been}"
    )


def _table(answer: Answer, dps: Sequence[Verdict], page: Page, form: Form) -> list[Block]:
    if not dps:
        is_empty = answer.drift.dps or (answer.drift.sites and not answer.filter.keep(answer.drift.sites))
        return [section(nothing_matches(answer.filter, answer.drift))] if is_empty else []
    shown = dps[page.start : page.stop]
    which = f"rows {page.start + 1}-{page.stop} of {len(dps):,}" if len(shown) < len(dps) else quantity(len(dps), "row")
    caption = f"Distribution points with {answer.drift.package.id}: {which}"
    return Table(caption, HEADER, tuple(table_row(verdict, answer) for verdict in shown)).draw(form) + [
        context(missing) for missing in unmatched(answer.filter, answer.drift)
    ]


def _next_steps(answer: Answer) -> list[Block]:
    said = {key: of for key, of in advice(answer.drift).items() if key[0] is not DriftClass.SOURCE_BEHIND}
    twice = {kind for kind, count in Counter(kind for kind, _ in said).items() if count > 1}
    lines = [
        f"{MARKS[kind]} *{kind}*{f', {_which(of)}' if kind in twice else ''}: {text}"
        for (kind, text), of in said.items()
    ]
    lines += [OTHER_SITE] if any(verdict.row.other_site for verdict in answer.drift.dps) else []
    return [section("\n".join(["*What to do next*", *lines]))] if lines else []


def _causes(dps: Sequence[Verdict], read_at: datetime) -> list[Block]:
    """Say what Distribution Manager reported last of rows that need somebody: what, of which DPs, and what to do."""
    rows: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in dps:
        message = _newest(verdict)
        if message and message.kind in _NEEDS_SOMEBODY:
            more = distribution_messages.parts(message, verdict.row.server)
            rows.setdefault((distribution_messages.said(message), more), []).append(verdict)
    causes = sorted(rows.items(), key=lambda cause: -len(cause[1]))
    lines = [_cause(said, more, verdicts, read_at) for (said, more), verdicts in causes[:MOST_CAUSES]]
    if len(causes) > MOST_CAUSES:
        lines.append(f"… and {quantity(len(causes) - MOST_CAUSES, 'more message')}: each stands in its row.")
    return [section("\n".join(["*What Distribution Manager said last*", *lines]))] if lines else []


def _cause(said: str, more: str, verdicts: Sequence[Verdict], read_at: datetime) -> str:
    newest = [message for verdict in verdicts if (message := verdict.row.message)]
    cure = distribution_messages.cure(newest[0])
    ages = {distribution_messages.when(message, read_at) for message in newest}
    when = ages.pop() if len(ages) == 1 else "at different times"
    return (
        f"• {_which(verdicts)}: *{escape(said)}*{f' · {escape(more)}' if more else ''}, {when}."
        f"{f' Next: {cure}.' if cure else ''}"
    )


def _which(verdicts: Sequence[Verdict]) -> str:
    """Name a few rows: site servers by their site, others by their host."""
    names = [
        f"site {verdict.row.site_code}" if verdict.row.is_site else verdict.row.server.partition(".")[0]
        for verdict in verdicts
    ]
    more = len(names) - ROWS_IN_ADVICE
    return escape(", ".join(names[:ROWS_IN_ADVICE]), 120) + (f" and {more:,} more" if more > 0 else "")


def _reset_blocked(answer: Answer, resets: ResetContext) -> list[Block]:
    """Say why no reset is offered; nothing when one is."""
    if answer.drift.package.source_site is None:
        cure = "ConfigMgr's Content Ownership Tool gives it one"
        return [context(f"No reset is offered: the package names no source site; {cure}.")]
    if answer.drift.package.source_site != answer.site:
        return [context("No reset from here: it must be made at the package's source site.")]
    if answer.drift.source_behind:
        return [context("No reset is offered: the source site itself has not taken the version, see above.")]
    shown = answer.filter.keep((*answer.drift.sites, *answer.drift.dps))
    if answer.filter.keep(resettable(answer.drift, resets.rows)):
        return []
    if why := refusals(shown, resets.rows):
        return [context(f"No reset is offered: {'; '.join(why)}.")]
    troubled = any(verdict.drift_class not in QUIET for verdict in (*answer.drift.sites, *answer.drift.dps))
    only = "site rows that are" if resets.rows is RowsAllowed.SITE else "rows that are"
    return [context(f"No reset is offered: only {only} behind or failed can be reset.")] if troubled else []


def _buttons(stored: StoredAnswer, pages: list[Page], page: Page, *, can_reset: bool) -> list[Block]:
    number = pages.index(page) if page in pages else 0
    buttons = []
    if number > 0:
        buttons.append(
            button("◀ Previous", PREVIOUS_ACTION, _button_value(stored, pages[number - 1].start), label="Previous page")
        )
    if number + 1 < len(pages):
        buttons.append(button("Next ▶", NEXT_ACTION, _button_value(stored, pages[number + 1].start), label="Next page"))
    rows = stored.answer.row_count
    if can_reset and stored.answer.filter.keep(resettable(stored.answer.drift, RowsAllowed.ANY)):
        buttons.append(button("Request reset …", REQUEST_ACTION, f"{stored.answer.site} {stored.answer.query}"))
    if rows:
        buttons.append(button(f"CSV of {all_of(rows, 'row')}", CSV_ACTION, _button_value(stored, page.start)))
    return [actions(*buttons)] if buttons else []


def _button_value(stored: StoredAnswer, start: int) -> str:
    """Key of the snapshot, first row, and the site and question to ask again when the snapshot is gone."""
    return f"{stored.key} {start} {stored.answer.site} {stored.answer.query}"


def parse_button_value(value: str) -> tuple[SnapshotKey, int, str] | None:
    """Read a button's value back; None when it is not one of ours.

    The question comes with its site as `replies.read_question` takes it; buttons of older versions have no site.
    """
    key, _, rest = value.partition(" ")
    start, _, query = rest.partition(" ")
    return (SnapshotKey(key), int(start), query) if key and query and start.isascii() and start.isdigit() else None


def _small_print(answer: Answer) -> str:
    parts = [f"Read at {moment(answer.read_at)} UTC from site {answer.site}", f"for <@{answer.asker}>"]
    if answer.query != answer.drift.package.id:
        parts.append(f"filter `{escape(answer.query.partition(' ')[2])}`")
    source = answer.drift.package.source_site
    if source and source != answer.site and source not in {each.site for each in answer.away}:
        parts.append(f"source site {escape(source)} is not connected here, so its version may be newer")
    if answer.drift.source_unknown and source == answer.site:
        stored = answer.drift.package.stored_version
        stores = "" if stored is None else f" (it stores {stored})"
        parts.append(f"whether the source site itself has taken the version is not known here{stores}")
    if answer.drift.unread:
        parts.append(f"not readable here: {escape(', '.join(answer.drift.unread))}")
    return " · ".join(parts)


def _summary(answer: Answer) -> str:
    """The answer in one line, for notifications and screen readers."""
    package = answer.drift.package
    version = "unknown" if package.source_version is None else package.source_version
    return f"{package.id} {escape(package.name, 100)}, source version {version}: {class_counts(answer)}."
