"""The newest distribution messages for people: what was said, by whom it can be cured, and how old it is.

The sentences of the product stand only in its Windows libraries, so each number is told in words of our own; a number
that is not listed is shown as that number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.domain.package import known_moment, parse_nal_path
from bot.views.block_kit import age, plain

if TYPE_CHECKING:
    from datetime import datetime

    from bot.domain.distribution_message import DistributionMessage

PART_CHARACTERS = 80
MOST_PARTS = 3


class _Words(NamedTuple):
    said: str
    cure: str = ""


_WORDS: dict[int, _Words] = {
    2300: _Words("Distribution Manager is processing the package"),
    2301: _Words("processed"),
    2302: _Words(
        "Distribution Manager could not process the package",
        "distmgr.log at the source site: is the source path there, readable, and is there room on the disk?",
    ),
    2303: _Words("refreshed"),
    2311: _Words("queued for the DP"),
    2323: _Words(
        "the network connection to the DP could not be set up",
        "check name resolution, the account and the firewall to the DP; distmgr.log says more",
    ),
    2324: _Words(
        "the content share could not be reached or made",
        "check the rights on the share and the free space of the DP; distmgr.log says more",
    ),
    2330: _Words("arrived"),
    2333: _Words("being sent to the site"),
    2342: _Words("sending has begun"),
    2354: _Words(
        "the status file of the content is not valid", "redistribute to that DP; SMSDPProv.log on the DP says more"
    ),
    2357: _Words("handed to the transfer manager"),
    2370: _Words("the DP role could not be installed", "distmgr.log, and IIS and the rights on the DP"),
    2371: _Words("waits for prestaged content", "somebody has to extract the prestaged file on that DP"),
    2372: _Words("waits for the content", "the DP or site that it comes from first"),
    2376: _Words("a snapshot was made"),
    2380: _Words("a content check is running"),
    2381: _Words("a content check is queued"),
    2382: _Words("the hash of the content is wrong", "redistribute to that DP"),
    2383: _Words("the content check failed", "redistribute to that DP"),
    2384: _Words("checked and right"),
    2385: _Words("files of the content are missing", "redistribute to that DP"),
    2391: _Words("the DP cannot be reached", "check the network and firewall to the DP and its computer account"),
    2397: _Words("details are still to come"),
    2398: _Words("no status was found"),
    8200: _Words("the transfer is under way"),
    8203: _Words("the transfer to the DP failed", "PkgXferMgr.log; for a pull DP, its own PullDP.log"),
    8204: _Words("being sent"),
    8210: _Words("the transfer is under way"),
    8211: _Words("the queue of the pull DP is full", "PkgXferMgr.log, and PullDP.log on that DP"),
    8212: _Words("the pull DP finds no source", "its source DPs must hold the version first"),
}


def said(message: DistributionMessage) -> str:
    """Say a message in our words, with its number: `the DP cannot be reached (2391)`, or `message 9999`."""
    if message.number is None:
        return "a message without a number"
    words = _WORDS.get(message.number)
    return f"{words.said} ({message.number})" if words else f"message {message.number}"


def cure(message: DistributionMessage) -> str:
    """Say what to look at next; empty where the number does not tell."""
    words = _WORDS.get(message.number or 0)
    return words.cure if words else ""


def parts(message: DistributionMessage, server: str) -> str:
    """Say what the insertion strings add, of what the row does not show already; empty when that is nothing."""
    named = [parse_nal_path(part) or part for part in message.parts]
    news = [part for part in dict.fromkeys(named) if part.casefold() != server.casefold()]
    return ", ".join(plain(part, PART_CHARACTERS) for part in news[:MOST_PARTS])


def when(message: DistributionMessage, read_at: datetime) -> str:
    """Say how old a message is."""
    at = known_moment(message.at)
    return f"{age(read_at - at)} ago" if at and at <= read_at else "of unknown age"
