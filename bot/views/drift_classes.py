"""The drift classes for people: a mark to find them by, and what to do about each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.drift_classes import Barrier, DriftClass
from bot.domain.package import Status

if TYPE_CHECKING:
    from bot.domain.drift_classes import Drift, Verdict

MARKS = {
    DriftClass.SOURCE_BEHIND: "⛔",
    DriftClass.FAILED: "🔴",
    DriftClass.SITE_BEHIND: "🟠",
    DriftClass.DP_BEHIND: "🟡",
    DriftClass.NEVER_RECEIVED: "🟤",
    DriftClass.AHEAD: "🟣",
    DriftClass.AMBIGUOUS: "⚠️",
    DriftClass.UNKNOWN: "❔",
    DriftClass.ORPHAN: "👻",
    DriftClass.RESET: "🔄",
    DriftClass.IN_FLIGHT: "🔵",
    DriftClass.REMOVING: "🗑️",
    DriftClass.NOT_SERVED: "💤",
    DriftClass.EXEMPT: "⚪",
    DriftClass.IN_SYNC: "🟢",
}

_CLEAR_UP = (
    "In the console, remove it from the package's Content Locations if it is listed there; a row that stays after that "
    "harms nothing and is for Microsoft's support to delete, not for you by hand."
)
ADVICE = {
    DriftClass.SOURCE_BEHIND: "the source site itself has not taken the version, so nothing below it can and no reset "
    "helps. Open distmgr.log there and check the source path: is it reachable, readable, complete?",
    DriftClass.FAILED: "open distmgr.log and smsdpprov.log for the reason, then Redistribute the package to that DP.",
    DriftClass.SITE_BEHIND: "the site server itself lacks the version. Check sender.log and despool.log; if nothing is "
    "on its way, reset the *site row*, then Redistribute to one DP of that site (not the one on the site server).",
    DriftClass.DP_BEHIND: "its site has the version, the DP does not. Redistribute the package to that DP.",
    DriftClass.NEVER_RECEIVED: "no row, or version 0: nothing ever arrived. Redistribute the package to that DP.",
    DriftClass.AHEAD: "holds a newer version than the source: a restored site or a lagging copy. Never reset; "
    "update the distribution points so that the source version passes it.",
    DriftClass.AMBIGUOUS: "the site has two rows for the same copy. Nothing is changed here; have it looked at.",
    DriftClass.UNKNOWN: "a value is empty, or none that Microsoft documents: of the row, of its site's row, or the "
    "source version. Shown as it is, never counted as fine.",
    DriftClass.ORPHAN: "a leftover row: the site's list of distribution points has no such one any more. Nothing is "
    f"sent there, and it is never reset. {_CLEAR_UP} If the server shall have the package, make it a distribution "
    "point again and Distribute the package to it.",
    DriftClass.RESET: "was reset and waits for Distribution Manager; it moves after a Redistribute.",
    DriftClass.IN_FLIGHT: "changed lately, or a distribution job is moving. Wait.",
    DriftClass.REMOVING: "the content is being removed from there.",
    DriftClass.NOT_SERVED: "no distribution point of that site is targeted, so nothing is sent there. A leftover row: "
    "nothing to do, and never reset.",
    DriftClass.EXEMPT: "this package has no content to distribute, so nothing can drift.",
}

_REDISTRIBUTE = "Redistribute to one DP of that site (not the one on the site server)"
ADVICE_SOURCE_SITE = (
    "that is the source site's own copy: no reset and no Redistribute brings it. Open distmgr.log there and check the "
    "source path, then update the distribution points."
)
ADVICE_NO_ROW = f"a site without a row was never sent the package, and there is nothing to reset. {_REDISTRIBUTE}."
ADVICE_ALREADY_RESET = (
    f"the site row reads version 0 and Received already, so another reset changes nothing. {_REDISTRIBUTE}."
)
ADVICE_FAILED_SITE = (
    "the site's own copy failed. Check distmgr.log, sender.log and despool.log; if nothing is on its way, reset the "
    f"*site row*, then {_REDISTRIBUTE}."
)
ADVICE_FAILED_REMOVAL = (
    "the content could not be removed from that DP: open distmgr.log and smsdpprov.log for the reason, then remove it "
    "again. Redistribute only if it shall stay."
)
ADVICE_MOVED_DP = (
    "a leftover row under the former place of a distribution point that is listed elsewhere now, see its status. "
    "Nothing is sent for this row, and it is never reset. If the DP shall have the package, Distribute it to the DP "
    f"where it is now. {_CLEAR_UP}"
)
ADVICE_WAIT_FOR_SOURCE = "the source site comes first, see above; then look again."
ADVICE_WAIT_FOR_SITE = "what these DPs wait for is the row of their site: see what is said of it."


def advice(drift: Drift) -> dict[tuple[DriftClass, str], list[Verdict]]:
    """Say what to do about the rows of each class, with the rows that it is said of, in the order of the classes."""
    found: dict[tuple[DriftClass, str], list[Verdict]] = {}
    for verdict in (*drift.sites, *drift.dps):
        if text := _advice_of(verdict, drift):
            found.setdefault((verdict.drift_class, text), []).append(verdict)
    order = list(DriftClass)
    return dict(sorted(found.items(), key=lambda item: order.index(item[0][0])))


def _advice_of(verdict: Verdict, drift: Drift) -> str:
    kind, row = verdict.drift_class, verdict.row
    if kind is DriftClass.FAILED and drift.source_behind:
        return ADVICE_WAIT_FOR_SOURCE
    if kind is DriftClass.FAILED and row.status_number == Status.REMOVE_FAILED:
        return ADVICE_FAILED_REMOVAL
    if kind in {DriftClass.FAILED, DriftClass.SITE_BEHIND} and row.is_site:
        return _advice_of_site(verdict, drift)
    if kind is DriftClass.SITE_BEHIND:
        is_said = any(each.drift_class is DriftClass.SITE_BEHIND for each in drift.sites)
        return "" if is_said else ADVICE_WAIT_FOR_SITE
    return ADVICE_MOVED_DP if kind is DriftClass.ORPHAN and row.moved_to else ADVICE.get(kind, "")


def _advice_of_site(verdict: Verdict, drift: Drift) -> str:
    source = drift.package.source_site
    if source and verdict.row.site_code.casefold() == source.casefold():
        return ADVICE_SOURCE_SITE
    if verdict.missing:
        return ADVICE_NO_ROW
    if verdict.barrier is Barrier.RESET_ALREADY:
        return ADVICE_ALREADY_RESET
    return ADVICE_FAILED_SITE if verdict.drift_class is DriftClass.FAILED else ADVICE[DriftClass.SITE_BEHIND]
