"""The drift classes for people: a mark to find them by, and what to do about each."""

from __future__ import annotations

from bot.domain.drift import DriftClass

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

ADVICE = {
    DriftClass.SOURCE_BEHIND: "the source site itself has not taken the version, so nothing below it can and no reset "
    "helps. Open distmgr.log there and check the source path: is it reachable, readable, complete?",
    DriftClass.FAILED: "open distmgr.log and smsdpprov.log for the reason, then Redistribute the package to that DP.",
    DriftClass.SITE_BEHIND: "the site server itself lacks the version. Check sender.log and despool.log; if nothing is "
    "on its way, reset the *site row*, then Redistribute to one DP of that site (not the one on the site server).",
    DriftClass.DP_BEHIND: "its site has the version, the DP does not. Redistribute the package to that DP.",
    DriftClass.NEVER_RECEIVED: "the row is at version 0: nothing ever arrived. Redistribute the package to that DP.",
    DriftClass.AHEAD: "holds a newer version than the source: a restored site or a lagging copy. Never reset; "
    "update the distribution points so that the source version passes it.",
    DriftClass.AMBIGUOUS: "the site has two rows for the same copy. Nothing is changed here; have it looked at.",
    DriftClass.UNKNOWN: "a value that Microsoft does not document. Shown as it is, never counted as fine.",
    DriftClass.ORPHAN: "the distribution point is gone from the site. Nothing to distribute to.",
    DriftClass.RESET: "was reset and waits for Distribution Manager; it moves after a Redistribute.",
    DriftClass.IN_FLIGHT: "changed lately, or a distribution job is moving. Wait.",
    DriftClass.REMOVING: "the content is being removed from there.",
    DriftClass.NOT_SERVED: "no distribution point of that site is targeted, so nothing is sent there. A leftover row: "
    "nothing to do, and never reset.",
    DriftClass.EXEMPT: "this package has no content to distribute, so nothing can drift.",
}
